/*
 * The search: depth first over the orders in which the events may have happened, each step one
 * event that nothing unordered stands before and that the sequential key allows now.
 *
 * Source: Wing and Gong, "Testing and Verifying Concurrent Objects" (1993); a configuration (which
 * events have happened, the key's state) that has failed once is not tried again: Lowe, "Testing
 * for Linearizability" (2017).
 *
 * What changes nothing is taken at once where it is possible: were it possible later too, it could
 * as well have happened now. An eviction is put where it is first noticed, for the same reason.
 */
#include "cache_history.h"

#include <stdlib.h>

#define SLOTS (1u << 12)
#define MOST_KEPT (SLOTS / 4 * 3) /* above that the search forgets, and is only slower */

struct state {
        uint8_t value; /* CACHE_MISS: absent, and expires is 0 */
        int32_t expires;
};

struct slot {
        uint64_t generation, done;
        struct state state;
};

struct cache_checker {
        const struct cache_history *h;
        uint64_t before[CACHE_MOST_EVENTS]; /* what returned before this one was invoked */
        uint64_t all;
        uint64_t generation, nodes;
        unsigned kept;
        struct slot slot[SLOTS];
};

struct cache_checker *cache_checker_new(void)
{
        return calloc(1, sizeof(struct cache_checker));
}

void cache_checker_free(struct cache_checker *c)
{
        free(c);
}

uint64_t cache_checker_nodes(const struct cache_checker *c)
{
        return c->nodes;
}

/* True where the configuration has been tried before. */
static bool tried(struct cache_checker *c, uint64_t done, struct state s)
{
        uint64_t h = (done ^ (uint64_t)s.value << 32 ^ (uint64_t)(uint32_t)s.expires << 40) *
                     UINT64_C(0x9e3779b97f4a7c15);

        for (h >>= 40;; h++) {
                struct slot *slot = &c->slot[h % SLOTS];

                if (slot->generation != c->generation) {
                        if (c->kept == MOST_KEPT)
                                return false;
                        *slot = (struct slot){c->generation, done, s};
                        c->kept++;
                        return false;
                }
                if (slot->done == done && slot->state.value == s.value &&
                    slot->state.expires == s.expires)
                        return true;
        }
}

/* ---- the sequential key ---- */

static bool may_hit(const struct cache_event *e, struct state s)
{
        return s.value != CACHE_MISS && e->clock_from < s.expires;
}

static bool may_miss(const struct cache_event *e, struct state s)
{
        return s.value == CACHE_MISS || e->clock_to >= s.expires;
}

/* Possible, and the state stays as it is, now and whenever else it is possible. */
static bool observes(const struct cache_event *e, struct state s)
{
        switch ((enum cache_what)e->what) {
        case CACHE_LOOK:
                return e->value == CACHE_MISS ? may_miss(e, s)
                                              : e->value == s.value && may_hit(e, s);
        case CACHE_DELETE:
                return !e->found && may_miss(e, s);
        case CACHE_ERASE: /* later it may find something */
        case CACHE_SET:
                break;
        }
        return false;
}

/* Possible, and then the key is absent. */
static bool removes(const struct cache_history *h, const struct cache_event *e, struct state s)
{
        switch ((enum cache_what)e->what) {
        case CACHE_DELETE:
                return e->found ? may_hit(e, s) : h->may_evict;
        case CACHE_LOOK:
                return e->value == CACHE_MISS && h->may_evict;
        case CACHE_ERASE:
                return true;
        case CACHE_SET:
                break;
        }
        return false;
}

/* ---- the search ---- */

static bool search(struct cache_checker *c, uint64_t done, struct state s);

static bool is_next(const struct cache_checker *c, uint64_t done, unsigned i)
{
        return !(done >> i & 1) && !(c->before[i] & ~done);
}

static bool do_event(struct cache_checker *c, uint64_t done, struct state s, unsigned i)
{
        const struct cache_event *e = &c->h->event[i];

        done |= UINT64_C(1) << i;
        if (e->what != CACHE_SET)
                return removes(c->h, e, s) && search(c, done, (struct state){CACHE_MISS, 0});
        for (int32_t clock = e->clock_from; clock <= e->clock_to; clock++) {
                if (search(c, done, (struct state){e->value, cache_expires(clock, e)}))
                        return true;
                if (!e->ttl)
                        return false;
        }
        return false;
}

/* With all that can happen now and changes nothing. */
static uint64_t with_observers(const struct cache_checker *c, uint64_t done, struct state s)
{
        uint64_t before;

        do {
                before = done;
                for (unsigned i = 0; i < c->h->n; i++)
                        if (is_next(c, done, i) && observes(&c->h->event[i], s))
                                done |= UINT64_C(1) << i;
        } while (done != before);
        return done;
}

static bool search(struct cache_checker *c, uint64_t done, struct state s)
{
        c->nodes++;
        done = with_observers(c, done, s);
        if (done == c->all)
                return true;
        if (tried(c, done, s))
                return false;
        for (unsigned i = 0; i < c->h->n; i++)
                if (is_next(c, done, i) && do_event(c, done, s, i))
                        return true;
        return false;
}

bool cache_checker_accepts(struct cache_checker *c, const struct cache_history *h)
{
        c->h = h;
        c->generation++;
        c->kept = 0;
        c->all = h->n == CACHE_MOST_EVENTS ? UINT64_MAX : (UINT64_C(1) << h->n) - 1;
        for (unsigned i = 0; i < h->n; i++) {
                c->before[i] = 0;
                for (unsigned k = 0; k < h->n; k++)
                        if (k != i && cache_precedes(&h->event[k], &h->event[i]))
                                c->before[i] |= UINT64_C(1) << k;
        }
        return search(c, 0, (struct state){CACHE_MISS, 0});
}
