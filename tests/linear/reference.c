/*
 * Right histories without a search: a sequential channel that is asked by tasks at random. Each
 * operation is invoked at some moment, happens at a later one and returns at one later still, so
 * the order in which they happened is a witness that the history is right.
 */
#include "history.h"

#include <string.h>

struct model {
        struct history *h;
        struct ct_rng *r;
        unsigned length[CHANNELS];
        uint8_t values[CHANNELS][MOST_OPS * CASES];
        bool closed[CHANNELS];
        bool happened[MOST_OPS];
        uint32_t moment;
};

/* The task's operation that is under way or comes next; NULL: none is left. */
static struct op *current(struct model *m, unsigned task)
{
        for (unsigned i = 0; i < m->h->n; i++)
                if (m->h->op[i].task == task && m->h->op[i].returned == NEVER)
                        return &m->h->op[i];
        return NULL;
}

static bool *happened(struct model *m, const struct op *o)
{
        return &m->happened[o - m->h->op];
}

/* One that waits at the other end of an unbuffered channel. */
static struct op *partner(struct model *m, const struct op *o, const struct alternative *a,
                          unsigned *fired)
{
        for (unsigned i = 0; i < m->h->n; i++) {
                struct op *p = &m->h->op[i];

                if (p == o || p->invoked == NEVER || m->happened[i] || p->mode == MODE_TRY)
                        continue;
                for (unsigned b = 0; b < p->cases; b++)
                        if (p->alternative[b].chan == a->chan &&
                            p->alternative[b].send != a->send) {
                                *fired = b;
                                return p;
                        }
        }
        return NULL;
}

static void fire(struct model *m, struct op *o, unsigned a, bool open, uint8_t value)
{
        o->outcome = OUT_DONE;
        o->fired = (uint8_t)a;
        if (!o->alternative[a].send) {
                o->open = open;
                o->value = open ? value : 0;
        }
        *happened(m, o) = true;
}

enum step { STEP_NONE, STEP_DONE, STEP_PANIC };

static enum step rendezvous(struct model *m, struct op *o, unsigned a)
{
        const struct alternative *mine = &o->alternative[a];
        unsigned b;
        struct op *p;
        uint8_t value;

        p = partner(m, o, mine, &b);
        if (!p)
                return STEP_NONE;
        value = mine->send ? mine->value : p->alternative[b].value;
        fire(m, o, a, true, value);
        fire(m, p, b, true, value);
        return STEP_DONE;
}

static enum step happen_case(struct model *m, struct op *o, unsigned a)
{
        const struct alternative *k = &o->alternative[a];
        unsigned *n = &m->length[k->chan];
        uint8_t *values = m->values[k->chan], first = values[0];

        if (k->send && m->closed[k->chan])
                return STEP_PANIC;
        if (k->send && *n < m->h->capacity[k->chan]) {
                values[(*n)++] = k->value;
                fire(m, o, a, true, 0);
                return STEP_DONE;
        }
        if (!k->send && *n) {
                memmove(values, values + 1, --*n);
                fire(m, o, a, true, first);
                return STEP_DONE;
        }
        if (!k->send && m->closed[k->chan]) {
                fire(m, o, a, false, 0);
                return STEP_DONE;
        }
        return m->h->capacity[k->chan] ? STEP_NONE : rendezvous(m, o, a);
}

static enum step happen_now(struct model *m, struct op *o)
{
        unsigned from = (unsigned)ct_rng_below(m->r, CASES);

        if (o->what == OP_LEN) {
                o->length = (uint8_t)m->length[o->chan];
                fire(m, o, 0, false, 0);
                return STEP_DONE;
        }
        if (o->what == OP_CLOSE) {
                if (m->closed[o->chan])
                        return STEP_PANIC;
                m->closed[o->chan] = true;
                fire(m, o, 0, false, 0);
                return STEP_DONE;
        }
        for (unsigned i = 0; i < o->cases; i++) {
                enum step s = happen_case(m, o, (from + i) % o->cases);

                if (s != STEP_NONE)
                        return s;
        }
        return STEP_NONE;
}

static enum step happen(struct model *m, struct op *o)
{
        enum step s = happen_now(m, o);

        if (s == STEP_NONE &&
            (o->mode == MODE_TRY || (o->mode == MODE_UNTIL && ct_rng_below(m->r, 4) == 0))) {
                o->outcome = OUT_NOTHING;
                *happened(m, o) = true;
                return STEP_DONE;
        }
        return s;
}

/* Moves one task on by one of the three: invoke, happen, return. */
static enum step move(struct model *m, unsigned task)
{
        struct op *o = current(m, task);

        if (!o)
                return STEP_NONE;
        if (o->invoked == NEVER) {
                o->invoked = m->moment;
                return STEP_DONE;
        }
        if (*happened(m, o)) {
                o->returned = ++m->moment;
                return STEP_DONE;
        }
        return happen(m, o);
}

static bool times_out(const struct model *m)
{
        for (unsigned i = 0; i < m->h->n; i++)
                if (m->h->op[i].invoked != NEVER && !m->happened[i] &&
                    m->h->op[i].mode == MODE_UNTIL)
                        return true;
        return false;
}

static void unsettle(struct history *h)
{
        for (unsigned i = 0; i < h->n; i++)
                if (h->op[i].returned == NEVER) /* what it has got, nobody has seen */
                        h->op[i].outcome = OUT_PENDING;
}

void reference_run(struct history *h, const struct program *p, struct ct_rng *r)
{
        struct model m = {.h = h, .r = r};

        *h = p->plan;
        h->ending = END_ALL;
        for (;;) {
                unsigned from = (unsigned)ct_rng_below(r, p->tasks), left = 0;
                enum step s = STEP_NONE;

                for (unsigned i = 0; i < p->tasks && s == STEP_NONE; i++) {
                        s = move(&m, (from + i) % p->tasks);
                        left += current(&m, i) != NULL;
                }
                if (s == STEP_PANIC)
                        h->ending = END_PANIC;
                if (s == STEP_NONE && left && !times_out(&m))
                        h->ending = END_STUCK;
                if (h->ending != END_ALL || (s == STEP_NONE && !left))
                        break;
        }
        unsettle(h);
}
