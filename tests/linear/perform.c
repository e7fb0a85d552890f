/*
 * The counter of moments is read before an operation and added to behind it. The addition is a full
 * barrier: what an operation stored is seen before the operation counts as returned, as it would be
 * by whoever else is told of its end.
 */
#include "perform.h"

#include "base/clock.h"
#include "chan/select.h"

#include <errno.h>

bool stage_open(struct stage *s, struct history *h)
{
        *s = (struct stage){.history = h};
        for (unsigned i = 0; i < h->channels; i++)
                if ((h->spsc[i] ? ct_chan_new_spsc : ct_chan_new)(&s->chan[i], sizeof(int),
                                                                  h->capacity[i]))
                        return false;
        return true;
}

void stage_close(struct stage *s)
{
        for (unsigned i = 0; i < CHANNELS; i++)
                ct_chan_free(s->chan[i]);
}

/* An outcome that a channel should never have is written down as one that is wrong. */
static uint8_t received(int value, bool open)
{
        if (!open)
                return value ? NO_VALUE : 0;
        return value > 0 && value < NO_VALUE ? (uint8_t)value : NO_VALUE;
}

static enum outcome outcome_of(int r)
{
        return r ? OUT_NOTHING : OUT_DONE;
}

static void send_one(struct stage *s, struct op *o)
{
        struct ct_chan *c = s->chan[o->alternative[0].chan];
        int value = o->alternative[0].value;

        switch (o->mode) {
        case MODE_WAIT:
                ct_chan_send(c, &value);
                o->outcome = OUT_DONE;
                break;
        case MODE_TRY:
                o->outcome = outcome_of(!ct_chan_try_send(c, &value));
                break;
        case MODE_UNTIL:
                o->outcome =
                        outcome_of(ct_chan_send_until(c, &value, ct_deadline_after(s->timeout_ns)));
                break;
        }
}

static void receive_one(struct stage *s, struct op *o)
{
        struct ct_chan *c = s->chan[o->alternative[0].chan];
        enum outcome outcome = OUT_DONE;
        bool open = false;
        int value = -1;

        switch (o->mode) {
        case MODE_WAIT:
                open = ct_chan_recv(c, &value);
                break;
        case MODE_TRY:
                outcome = outcome_of(!ct_chan_try_recv(c, &value, &open));
                break;
        case MODE_UNTIL:
                outcome = outcome_of(
                        ct_chan_recv_until(c, &value, &open, ct_deadline_after(s->timeout_ns)));
                break;
        }
        o->open = open;
        o->value = received(value, open);
        if (outcome == OUT_NOTHING && (value != -1 || open)) { /* has touched *out */
                outcome = OUT_DONE;
                o->open = true;
                o->value = NO_VALUE;
        }
        o->outcome = outcome;
}

static void select_one(struct stage *s, struct op *o)
{
        struct ct_select_case cases[CASES];
        int values[CASES], i = 0;

        for (unsigned k = 0; k < o->cases; k++) {
                const struct alternative *a = &o->alternative[k];

                values[k] = a->send ? a->value : -1;
                cases[k] = (struct ct_select_case){
                        .op = a->send ? CT_SELECT_SEND : CT_SELECT_RECV,
                        .chan = s->chan[a->chan],
                        .value = &values[k],
                        .out = &values[k],
                };
        }
        switch (o->mode) {
        case MODE_WAIT:
                i = ct_select(cases, o->cases);
                break;
        case MODE_TRY:
                i = ct_try_select(cases, o->cases);
                break;
        case MODE_UNTIL:
                i = ct_select_until(cases, o->cases, ct_deadline_after(s->timeout_ns));
                break;
        }
        o->fired = i < 0 ? 0 : (uint8_t)i;
        o->open = i >= 0 && cases[i].open;
        o->value = received(values[o->fired], o->open);
        o->outcome = i == CT_SELECT_NONE ? OUT_NOTHING : OUT_DONE;
}

static void do_op(struct stage *s, struct op *o)
{
        if (o->what == OP_CLOSE) {
                ct_chan_close(s->chan[o->chan]);
                o->outcome = OUT_DONE;
        } else if (o->what == OP_LEN) {
                size_t n = ct_chan_len(s->chan[o->chan]);

                o->length = n > MOST_CAPACITY ? UINT8_MAX : (uint8_t)n;
                o->outcome = OUT_DONE;
        } else if (o->select) {
                select_one(s, o);
        } else if (o->alternative[0].send) {
                send_one(s, o);
        } else {
                receive_one(s, o);
        }
}

void perform(struct stage *s, unsigned task)
{
        for (unsigned i = 0; i < s->history->n; i++) {
                struct op *o = &s->history->op[i];

                if (o->task != task)
                        continue;
                o->invoked = ct_load_u32_acquire(&s->moment); /* pairs with the addition below */
                do_op(s, o);
                o->returned = ct_add_u32_acq_rel(&s->moment, 1) + 1; /* pairs with the load above */
        }
}
