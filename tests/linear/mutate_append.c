/*
 * Wrong histories out of right ones: an operation is added behind all others, when what is in the
 * channels is known, with an outcome that it cannot have.
 */
#include "mutate.h"

/* One more operation after everything else; NULL: no room. */
static struct op *append(struct history *h)
{
        struct facts f = facts_of(h);
        struct op *o;

        if (h->n == MOST_OPS)
                return NULL;
        o = &h->op[h->n++];
        *o = (struct op){.outcome = OUT_DONE, .invoked = f.last, .returned = f.last + 1};
        return o;
}

static struct op *append_case(struct history *h, bool send, unsigned chan)
{
        struct op *o = append(h);

        if (!o)
                return NULL;
        o->cases = 1;
        o->alternative[0] = (struct alternative){send, (uint8_t)chan, NO_VALUE};
        return o;
}

static bool append_failed_try(struct history *h, bool send, unsigned chan)
{
        struct op *o = append_case(h, send, chan);

        if (!o)
                return false;
        o->mode = MODE_TRY;
        o->outcome = OUT_NOTHING;
        return true;
}

static bool append_stuck(struct history *h, bool send, unsigned chan)
{
        struct op *o = append_case(h, send, chan);

        if (!o)
                return false;
        o->outcome = OUT_PENDING;
        o->returned = NEVER;
        h->ending = END_STUCK;
        return true;
}

/* All have returned: what is in a channel is known. */
static bool settled(const struct history *h, struct facts *f)
{
        *f = facts_of(h);
        return h->ending == END_ALL && !f->pending;
}

static bool closed_channel(const struct facts *f, struct ct_rng *r, unsigned *chan)
{
        *chan = (unsigned)ct_rng_below(r, CHANNELS);
        return f->closes[*chan] > 0;
}

bool mutate_sent_after_close(struct history *h, struct ct_rng *r)
{
        struct facts f = facts_of(h);
        unsigned chan;

        return closed_channel(&f, r, &chan) && append_case(h, true, chan);
}

static bool open_channel(const struct history *h, const struct facts *f, struct ct_rng *r,
                         unsigned *chan)
{
        *chan = (unsigned)ct_rng_below(r, h->channels);
        return !f->closes[*chan];
}

static unsigned inside(const struct facts *f, unsigned chan)
{
        return f->sent[chan] - f->received[chan];
}

/* More sends have returned than there is room for, and nobody receives. */
bool mutate_overfull(struct history *h, struct ct_rng *r)
{
        struct facts f;
        unsigned chan, n;

        if (!settled(h, &f) || !open_channel(h, &f, r, &chan))
                return false;
        n = h->capacity[chan] - inside(&f, chan) + 1;
        for (unsigned i = 0; i < n; i++) {
                struct op *o = append_case(h, true, chan);

                if (!o)
                        return false;
                o->mode = i + 1 == n ? MODE_TRY : MODE_WAIT;
                o->alternative[0].value = (uint8_t)(NO_VALUE - i);
        }
        return true;
}

bool mutate_try_fails_on_value(struct history *h, struct ct_rng *r)
{
        unsigned chan = (unsigned)ct_rng_below(r, h->channels);
        struct facts f;

        return settled(h, &f) && inside(&f, chan) && append_failed_try(h, false, chan);
}

bool mutate_try_fails_on_room(struct history *h, struct ct_rng *r)
{
        struct facts f;
        unsigned chan;

        return settled(h, &f) && open_channel(h, &f, r, &chan) &&
               inside(&f, chan) < h->capacity[chan] && append_failed_try(h, true, chan);
}

bool mutate_wrong_length(struct history *h, struct ct_rng *r)
{
        unsigned chan = (unsigned)ct_rng_below(r, h->channels);
        struct facts f;
        struct op *o;

        if (!settled(h, &f) || !(o = append(h)))
                return false;
        o->what = OP_LEN;
        o->chan = (uint8_t)chan;
        o->length = (uint8_t)(inside(&f, chan) ? inside(&f, chan) - 1 : 1);
        return true;
}

/* It waits for ever though there is a value. */
bool mutate_receiver_forgotten(struct history *h, struct ct_rng *r)
{
        unsigned chan = (unsigned)ct_rng_below(r, h->channels);
        struct facts f;

        return settled(h, &f) && inside(&f, chan) && append_stuck(h, false, chan);
}

bool mutate_sender_forgotten(struct history *h, struct ct_rng *r)
{
        struct facts f;
        unsigned chan;

        return settled(h, &f) && open_channel(h, &f, r, &chan) &&
               inside(&f, chan) < h->capacity[chan] && append_stuck(h, true, chan);
}

bool mutate_try_fails_on_closed(struct history *h, struct ct_rng *r)
{
        struct facts f = facts_of(h);
        unsigned chan;

        return closed_channel(&f, r, &chan) && append_failed_try(h, false, chan);
}

bool mutate_closed_twice(struct history *h, struct ct_rng *r)
{
        struct facts f = facts_of(h);
        struct op *o;
        unsigned chan;

        if (!closed_channel(&f, r, &chan) || !(o = append(h)))
                return false;
        o->what = OP_CLOSE;
        o->chan = (uint8_t)chan;
        return true;
}

/* A send panics on a channel that nobody has closed. */
bool mutate_panic_for_nothing(struct history *h, struct ct_rng *r)
{
        struct facts f;
        unsigned chan;

        if (!settled(h, &f) || !open_channel(h, &f, r, &chan) || !append_stuck(h, true, chan))
                return false;
        h->ending = END_PANIC;
        return true;
}

/* It waits for ever on a closed channel. */
bool mutate_close_forgets_receiver(struct history *h, struct ct_rng *r)
{
        struct facts f;
        unsigned chan;

        return settled(h, &f) && closed_channel(&f, r, &chan) && append_stuck(h, false, chan);
}

/* Closed, but not drained. */
bool mutate_closed_too_early(struct history *h, struct ct_rng *r)
{
        struct facts f;
        unsigned chan;

        return settled(h, &f) && closed_channel(&f, r, &chan) && inside(&f, chan) &&
               append_case(h, false, chan);
}

/* Sender and receiver of one rendezvous wait for ever. */
bool mutate_pair_forgotten(struct history *h, struct ct_rng *r)
{
        struct facts f;
        unsigned chan;

        return settled(h, &f) && open_channel(h, &f, r, &chan) && !h->capacity[chan] &&
               append_stuck(h, true, chan) && append_stuck(h, false, chan);
}
