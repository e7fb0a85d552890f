/*
 * Right histories without a search: a sequential key that is asked by contexts at random. Each
 * event is invoked at some moment, happens at a later one and returns at one later still, so the
 * order in which they happened is a witness that the history is right.
 */
#include "cache_history.h"

enum stage { IDLE, INVOKED, HAPPENED };

struct model {
        struct cache_history *h;
        struct cache_flavour f;
        struct ct_rng *r;
        uint8_t value, last_value; /* of the key; given out so far */
        int32_t expires, clock;
        uint32_t moment;
        enum stage stage[CACHE_CONTEXTS];
        unsigned left[CACHE_CONTEXTS]; /* events to come */
        struct cache_event *event[CACHE_CONTEXTS];
};

static unsigned below(struct model *m, unsigned n)
{
        return (unsigned)ct_rng_below(m->r, n);
}

static void invoke(struct model *m, unsigned context)
{
        struct cache_event *e = &m->h->event[m->h->n++];
        unsigned what = below(m, 100);

        *e = (struct cache_event){.invoked = m->moment,
                                  .clock_from = m->clock,
                                  .context = (uint8_t)context,
                                  .what = what < 45   ? CACHE_LOOK
                                          : what < 80 ? CACHE_SET
                                          : what < 97 ? CACHE_DELETE
                                                      : CACHE_ERASE};
        m->event[context] = e;
        m->stage[context] = INVOKED;
        m->left[context]--;
}

static void happen(struct model *m, unsigned context)
{
        struct cache_event *e = m->event[context];
        /* the clock was read somewhat earlier, perhaps */
        int32_t now = e->clock_from + (int32_t)below(m, (unsigned)(m->clock - e->clock_from) + 1);
        bool there = m->value != CACHE_MISS && now < m->expires;

        m->stage[context] = HAPPENED;
        switch ((enum cache_what)e->what) {
        case CACHE_SET:
                e->ttl = m->f.ttl && below(m, 4) ? 1 + (int32_t)below(m, 4) : 0;
                e->value = m->value = ++m->last_value;
                m->expires = cache_expires(now, e);
                break;
        case CACHE_LOOK:
                e->value = there ? m->value : CACHE_MISS;
                break;
        case CACHE_DELETE:
                e->found = there;
                if (there)
                        m->value = CACHE_MISS;
                break;
        case CACHE_ERASE:
                m->value = CACHE_MISS;
                break;
        }
}

static void give_back(struct model *m, unsigned context)
{
        struct cache_event *e = m->event[context];

        e->returned = ++m->moment;
        e->clock_to = m->clock;
        m->stage[context] = IDLE;
}

/* False if the context has no more to do. */
static bool move(struct model *m, unsigned context)
{
        switch (m->stage[context]) {
        case IDLE:
                if (!m->left[context])
                        return false;
                invoke(m, context);
                break;
        case INVOKED:
                happen(m, context);
                break;
        case HAPPENED:
                give_back(m, context);
                break;
        }
        return true;
}

void cache_reference_run(struct cache_history *h, struct cache_flavour f, struct ct_rng *r)
{
        struct model m = {.h = h, .f = f, .r = r, .clock = 10};
        unsigned at_work = f.contexts;

        h->n = 0;
        h->may_evict = f.may_evict;
        for (unsigned i = 0; i < f.contexts; i++)
                m.left[i] = 1 + below(&m, f.most_ops);
        while (at_work) {
                at_work = 0;
                for (unsigned i = 0; i < f.contexts; i++) {
                        at_work += m.stage[i] != IDLE || m.left[i];
                        if (below(&m, 2))
                                move(&m, i);
                }
                if (f.ttl && !below(&m, 4))
                        m.clock += 1 + (int32_t)below(&m, 2);
                if (f.may_evict && !below(&m, 6))
                        m.value = CACHE_MISS;
        }
}
