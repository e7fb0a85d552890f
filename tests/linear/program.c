/* Random programs: 3 or 4 tasks, 3 to 8 operations each, on one or two channels. */
#include "history.h"

#include <string.h>

enum closing { CLOSE_NEVER, CLOSE_BY_SENDER, CLOSE_ANYWHERE };

struct maker {
        struct program *p;
        struct ct_rng *r;
        unsigned wait, timed; /* of 100 operations; the others are tries */
        unsigned selects;
        enum closing closing[CHANNELS];
        unsigned closer[CHANNELS]; /* the only sender, where it is the one that closes */
        unsigned sender[CHANNELS], receiver[CHANNELS]; /* of an spsc channel */
        bool closed[CHANNELS];                         /* by what has been planned so far */
        uint8_t value;
};

static unsigned below(struct maker *m, unsigned n)
{
        return (unsigned)ct_rng_below(m->r, n);
}

static bool chance(struct maker *m, unsigned percent)
{
        return below(m, 100) < percent;
}

static bool may_send(const struct maker *m, unsigned task, unsigned chan)
{
        if (m->p->plan.spsc[chan] && m->sender[chan] != task)
                return false;
        return m->closing[chan] != CLOSE_BY_SENDER || (m->closer[chan] == task && !m->closed[chan]);
}

static bool may_receive(const struct maker *m, unsigned task, unsigned chan)
{
        return !m->p->plan.spsc[chan] || m->receiver[chan] == task;
}

static bool make_case(struct maker *m, struct op *o, unsigned task)
{
        unsigned chan = below(m, m->p->plan.channels);
        bool send = chance(m, 50);

        if (send ? !may_send(m, task, chan) : !may_receive(m, task, chan))
                return false;
        o->alternative[o->cases++] =
                (struct alternative){send, (uint8_t)chan, send ? ++m->value : 0};
        return true;
}

static enum mode make_mode(struct maker *m)
{
        unsigned x = below(m, 100);

        return x < m->wait ? MODE_WAIT : x < m->wait + m->timed ? MODE_UNTIL : MODE_TRY;
}

static bool make_close(struct maker *m, struct op *o, unsigned task, bool last)
{
        unsigned chan = below(m, m->p->plan.channels);

        if (m->closing[chan] == CLOSE_ANYWHERE
                    ? !chance(m, 10)
                    : m->closing[chan] == CLOSE_NEVER || m->closer[chan] != task ||
                              m->closed[chan] || !(last || chance(m, 20)))
                return false;
        o->what = OP_CLOSE;
        o->chan = (uint8_t)chan;
        m->closed[chan] = true;
        return true;
}

static void make_op(struct maker *m, unsigned task, bool last)
{
        struct history *h = &m->p->plan;
        struct op *o = &h->op[h->n++];

        *o = (struct op){.task = (uint8_t)task, .invoked = NEVER, .returned = NEVER};
        if (make_close(m, o, task, last))
                return;
        if (!chance(m, 6)) {
                unsigned wanted = 1;

                o->mode = make_mode(m);
                o->select = chance(m, m->selects);
                if (o->select)
                        wanted += chance(m, 80);
                for (unsigned i = 0; i < 8 && o->cases < wanted; i++)
                        make_case(m, o, task);
                if (o->cases)
                        return;
        }
        o->select = false;
        o->what = OP_LEN;
        o->chan = (uint8_t)below(m, h->channels);
}

static void make_channel(struct maker *m, unsigned chan)
{
        static const uint8_t capacities[] = {0, 0, 0, 1, 1, 1, 2, 2, 3};
        struct history *h = &m->p->plan;
        unsigned x = below(m, 100);

        h->capacity[chan] = capacities[below(m, sizeof capacities)];
        h->spsc[chan] = h->capacity[chan] && chance(m, 30);
        m->sender[chan] = below(m, m->p->tasks);
        m->receiver[chan] = (m->sender[chan] + 1 + below(m, m->p->tasks - 1)) % m->p->tasks;
        m->closer[chan] = m->sender[chan];
        m->closing[chan] = x < 50                   ? CLOSE_NEVER
                           : x < 85 || m->p->polite ? CLOSE_BY_SENDER
                                                    : CLOSE_ANYWHERE;
}

void program_generate(struct program *p, struct ct_rng *r, bool polite)
{
        static const struct {
                unsigned wait, timed;
        } tempers[] = {{0, 80}, {15, 60}, {40, 40}, {70, 20}};
        struct maker m = {.p = p, .r = r};
        unsigned temper = polite ? 0 : below(&m, 4);

        memset(p, 0, sizeof *p);
        p->polite = polite;
        p->tasks = 3 + below(&m, 2);
        p->plan.channels = 1 + chance(&m, 40);
        m.wait = tempers[temper].wait;
        m.timed = tempers[temper].timed;
        m.selects = p->plan.channels > 1 ? 60 : chance(&m, 50) ? 20 : 0;
        for (unsigned i = 0; i < p->plan.channels; i++)
                make_channel(&m, i);
        for (unsigned task = 0; task < p->tasks; task++) {
                unsigned ops = 3 + below(&m, TASK_OPS - 2);

                for (unsigned i = 0; i < ops; i++)
                        make_op(&m, task, i + 1 == ops);
        }
}
