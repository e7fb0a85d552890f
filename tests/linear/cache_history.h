/*
 * Histories of operations on one key of a cache, and whether a sequential cache could have answered
 * like that. Keys are checked one by one: a history of several is right if each key's is (Herlihy
 * and Wing 1990).
 *
 * Moments are a counter that goes up when an operation returns: one that returned at moment m came
 * before all that were invoked at m or later.
 *
 * The sequential key is absent, or has a value and a time at which that expires. A set gives it a
 * value; no two sets of a history have the same. A look (get, pin, snapshot) finds the value or
 * misses, a delete says whether there was one (and changes nothing if not), an erase (clear) does
 * not say. With may_evict the value
 * may go at any moment, and then it does not come back: an eviction is a delete that nobody asked
 * for. Without, a miss needs a reason.
 *
 * Time is a clock that others put forward while operations are under way: each read it some time
 * between its begin and its end, where it showed clock_from and clock_to. So a value that was set
 * with a TTL d expires at c + d for one c of these; a look that ended before that time finds it,
 * and one that began at that time or later does not.
 *
 * A get_or_load that ran its loader is two events: a look that missed, which ended before the
 * loader was called, and a set, which began after it had returned. What a waiter gets is a look
 * right behind that set.
 */
#ifndef CT_TESTS_LINEAR_CACHE_HISTORY_H
#define CT_TESTS_LINEAR_CACHE_HISTORY_H

#include "base/rng.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum {
        CACHE_CONTEXTS = 4,
        CACHE_CONTEXT_OPS = 8,
        CACHE_MOST_EVENTS = 64, /* bits of a set; a load is two */
        CACHE_MISS = 0,
        CACHE_MOST_VALUE = 120,
        CACHE_NO_VALUE = 127, /* nobody sets it */
};

#define CACHE_FOR_EVER INT32_MAX

enum cache_what { CACHE_SET, CACHE_LOOK, CACHE_DELETE, CACHE_ERASE };

struct cache_event {
        uint32_t invoked, returned;
        int32_t clock_from, clock_to;
        int32_t ttl;   /* of a set; 0: for ever */
        uint8_t what;  /* enum cache_what */
        uint8_t value; /* that was set or found; CACHE_MISS */
        bool found;    /* by a delete */
        uint8_t context;
};

struct cache_history {
        bool may_evict;
        unsigned n;
        struct cache_event event[CACHE_MOST_EVENTS];
};

static inline bool cache_precedes(const struct cache_event *a, const struct cache_event *b)
{
        return a->returned <= b->invoked;
}

/* The bounds of the time at which what a set has put in expires. */
static inline int32_t cache_expires(int32_t clock, const struct cache_event *set)
{
        return set->ttl ? clock + set->ttl : CACHE_FOR_EVER;
}

/* cache_check.c */
struct cache_checker; /* memory for one check at a time */

struct cache_checker *cache_checker_new(void);
void cache_checker_free(struct cache_checker *c);
bool cache_checker_accepts(struct cache_checker *c, const struct cache_history *h);
uint64_t cache_checker_nodes(const struct cache_checker *c); /* states looked at, all together */

/* cache_slow.c: the same question, answered by trying every order; for short histories. */
bool cache_slowly_accepts(const struct cache_history *h);

/* cache_reference.c: a history that is right since a sequential cache made it. */
struct cache_flavour {
        bool may_evict, ttl;
        unsigned contexts, most_ops; /* of a context */
};
void cache_reference_run(struct cache_history *h, struct cache_flavour f, struct ct_rng *r);

/* cache_mutate.c: turns a right history into one that no cache can have; false where it has nothing
   that mutation `kind` could change. */
extern const char *const cache_mutations[];
extern const unsigned cache_mutation_kinds;
bool cache_mutate(struct cache_history *h, unsigned kind, struct ct_rng *r);

/* cache_print.c */
void cache_history_print(FILE *f, const struct cache_history *h);

#endif
