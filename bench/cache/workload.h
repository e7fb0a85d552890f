/*
 * The cache family: n threads get and set string keys of one cache.
 *
 * Nine keys in ten are in the cache; the tenth never is. Gets draw from all keys, sets from those
 * that are in it, so the share of hits stays what it was at the start, however long a window lasts,
 * and is known exactly: every get of a present key must hit, every other must miss. With skew, the
 * key of popularity rank r is drawn in proportion to 1 / r^0.99; which key has which rank is a
 * fixed shuffle, and every tenth rank is absent.
 *
 * Filling a cache takes far longer than a window, so each contestant keeps its full cache from
 * window to window (in a block's process); sets only replace, so each window finds the same keys.
 *
 * Adding a contestant: one line in contestants.h, and one file that defines CONTESTANT, NAME,
 * SOURCE and CAPS. A cache with the operations of lib/cache/cache.h defines TABLE as well and
 * includes cache/table.h; anything else has what cache/loop.h asks for and includes that.
 */
#ifndef CT_BENCH_CACHE_H
#define CT_BENCH_CACHE_H

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/hash.h"
#include "harness/contestant.h"

enum { CACHE_GET_SET };
enum { P_READ_PCT, P_SKEW, P_SHARDS, P_KEYS };
enum { M_HIT_RATIO };

enum { KEY_SIZE = 16, KEYS = 100000, MAX_KEYS = 1 << 20, ABSENT_EVERY = 10 };

/* What a key is mapped to: whose value it is, when it was written, and both again, so that a value
   of another key and one that is torn are seen at once. */
struct cache_value {
        uint64_t key, stamp, both;
};

static inline struct cache_value cache_value_of(uint32_t key, uint64_t stamp)
{
        return (struct cache_value){key, stamp, ct_hash_u64(stamp, key)};
}

static inline bool cache_value_right(const struct cache_value *v, uint32_t key)
{
        return v->key == key && v->both == ct_hash_u64(v->stamp, v->key);
}

/* One prepared operation: the key's number, whether to set it, whether it is in the cache. */
typedef uint32_t cache_draw;
enum { DRAW_SET = 1u << 30, DRAW_PRESENT = 1u << 29, DRAW_KEY = MAX_KEYS - 1 };
enum { CACHE_DRAWS = 1 << 16 };

/* What is the same for all windows of a process: keys, their ranks, how to draw one. */
struct cache_keys {
        int64_t n, skew;        /* what it was made for */
        char (*text)[KEY_SIZE]; /* by key number */
        uint32_t *of_rank;      /* key number by rank */
        unsigned char *absent;  /* by key number */
        uint32_t *alias;        /* by rank, see keys.c */
        uint64_t *threshold;    /* likewise */
};

/* The keys for these parameters: made on the first call, kept. Not thread-safe: from init(). 0,
   -ENOMEM or -EINVAL. */
int cache_keys_prepare(const struct params *p, const struct cache_keys **keys);

/* Fills CACHE_DRAWS operations. */
void cache_keys_draw(const struct cache_keys *k, int64_t read_pct, struct ct_rng *rng,
                     cache_draw *draws);

/* What a worker has done, exactly. */
struct cache_tally {
        uint64_t gets, hits, sets, wrong;
};

/* A worker's local. */
struct cache_worker {
        CT_ALIGN_PAIR const struct cache_keys *keys;
        cache_draw *draws;
        struct cache_tally tally;
        uint64_t stamp; /* different in every value that is set */
};

/* The beginning of every contestant's storage. */
struct cache_window {
        const struct cache_keys *keys;
        ct_atomic_u64 gets, hits, sets, wrong; /* all workers', once they have ended */
        uint64_t hits_before, misses_before;   /* the cache's own, when the window began */
};

int cache_worker_begin(const struct cache_window *, struct worker *);
void cache_worker_end(struct cache_window *, struct worker *);

/* The part of the oracle that all share: no wrong answer, gets and sets make up all operations.
   Fills the metrics. */
int cache_check_window(const struct cache_window *, const struct totals *, double *metrics);

#endif
