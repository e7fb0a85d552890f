/*
 * The cache family: n threads or tasks use one cache with string keys, "user:7".
 *
 * get_set: gets and sets, unbounded. Nine keys in ten are in the cache; the tenth never is. Gets
 *   draw from all keys, sets from those that are in it, so the share of hits stays what it was at
 *   the start, however long a window lasts, and is known exactly: every get of a present key must
 *   hit, every other must miss. With skew, the key of popularity rank r is drawn in proportion to
 *   1 / r^(p_skew / 100); which key has which rank is a fixed shuffle, and every tenth rank is
 *   absent. A hit's value is copied out and looked at, all of it (value.h).
 *
 * aside: cache-aside. Gets from a cache of p_capacity entries; what is not there is computed, which
 *   takes p_hold_ns, and set. All keys may come.
 *
 * stampede: all ask for the same key by get_or_load. After every STAMPEDE_GETS gets of the first
 *   worker a clock is put forward and the value expires. Loading computes for p_hold_ns.
 *   loads_per_expiry counts loads, the first included, over expiries, the first absence included.
 *   `thundering` gets, and on a miss computes and sets, each for himself.
 *
 * section_inside, section_outside: gets and sets of a map under a lock; what is set is computed
 *   for p_hold_ns, by whoever holds the lock, or before he takes it.
 *
 * trace_*: see trace_run.h.
 *
 * Preparing takes longer than a window. Keys, and 2^20 draws for each worker, are kept in the
 * block's process; a contestant keeps its full cache from window to window: sets only replace, so
 * each window finds the same keys. What all keep together is bounded (keep.c).
 *
 * bytes_per_entry: by how much memory grew while the cache was filled, over the entries: what
 * malloc has given out, its own overhead included, and resident pages that are not malloc's. Key
 * and value are part of it. Measured once for each cache.
 *
 * There is no `ref`: a chained table under a pthread mutex, which a C programmer would take today,
 * is guide_mutex.
 *
 * Adding a contestant: one line in contestants.h, and one file that defines CONTESTANT, NAME,
 * SOURCE, CAPS and HASH. A cache with the operations of lib/cache/cache.h defines TABLE as well and
 * includes cache/table.h; another library's has what kept.h asks for and includes that; anything
 * else, loop.h.
 */
#ifndef CT_BENCH_CACHE_H
#define CT_BENCH_CACHE_H

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/cacheline.h"
#include "cache/value.h"
#include "harness/contestant.h"

enum {
        CACHE_GET_SET,
        CACHE_ASIDE,
        CACHE_STAMPEDE,
        CACHE_SECTION_INSIDE,
        CACHE_SECTION_OUTSIDE,
        CACHE_TRACE_ZIPF,
        CACHE_TRACE_SCAN,
        CACHE_TRACE_LOOP,
        CACHE_TRACE_SHIFT,
        CACHE_TRACE_RECENCY,
        CACHE_TRACE_FILE
};
enum { P_READ_PCT, P_SKEW, P_SHARDS, P_KEYS, P_VALUE_BYTES, P_CAPACITY, P_HOLD_NS, P_SAMPLE_EVERY };
enum { M_HIT_RATIO, M_BYTES_PER_ENTRY, M_LOADS_PER_EXPIRY, M_CONTENDED_PCT, M_EVICTED_PCT };

enum {
        KEY_ROOM = 15,
        USUAL_KEYS = 100000,
        MANY_KEYS = 4000000,
        MAX_KEYS = 1 << VALUE_KEY_BITS,
        ABSENT_EVERY = 10,
        USUAL_BYTES = 8
};

/* Four in a cache line. */
struct cache_key {
        char text[KEY_ROOM]; /* not terminated */
        unsigned char size;
};

/* One prepared operation: the key's number, whether to set it, whether it is in the cache. */
typedef uint32_t cache_draw;
enum { DRAW_SET = 1 << 30, DRAW_PRESENT = 1 << 29, DRAW_KEY = MAX_KEYS - 1 };

/* Draws of a worker, a power of two. 4 MiB for each; with more than 64 workers fewer, so that they
   stay below 256 MiB together. */
enum { CACHE_DRAWS = 1 << 20, CACHE_DRAWS_LEAST = 1 << 12 };

/* What is the same for all windows of a process: keys, their ranks, how to draw one. */
struct cache_keys {
        int64_t n, skew;         /* what it was made for */
        struct cache_key *key;   /* by key number */
        uint32_t *of_rank;       /* key number by rank */
        unsigned char *absent;   /* by key number; 1 where get_set's cache does not have it */
        uint32_t *alias;         /* by rank, see keys.c */
        uint64_t *threshold;     /* likewise */
        uint64_t draws;          /* of each worker */
        cache_draw **worker;     /* by worker: made by itself, kept */
        int64_t *drawn_read_pct; /* by worker: what they were made for */
        unsigned workers;
};

#ifdef __cplusplus
extern "C" {
#endif

/* The keys for these parameters: made on the first call, kept. Not thread-safe: from init(). 0,
   -ENOMEM or -EINVAL. */
int cache_keys_prepare(const struct params *p, unsigned threads, const struct cache_keys **keys);

/* A key by the same law: for filling. */
uint32_t cache_keys_one(const struct cache_keys *k, struct ct_rng *rng);

/* The worker's operations for these parameters; by the worker itself. NULL: no memory. Without a
   share of reads all are gets. */
const cache_draw *cache_keys_draws(const struct cache_keys *k, struct worker *w);

/* What a worker has done, exactly. */
struct cache_tally {
        uint64_t gets, hits, sets, wrong;
};

/* A worker's local. */
struct cache_worker {
        CT_ALIGN_PAIR uint64_t value[MAX_VALUE_BYTES / 8]; /* copied out to, or set from */
        uint64_t loaded[MAX_VALUE_BYTES / 8];              /* by get_or_load's loader */
        const struct cache_key *key;
        const cache_draw *draws;
        uint64_t draws_mask;
        uint64_t stamp;
        struct cache_tally tally;
};

enum { FETCH_AHEAD = 4 };

/* The key of an operation to come. */
static inline void cache_fetch_ahead(const struct cache_worker *l, uint64_t cursor)
{
        __builtin_prefetch(&l->key[l->draws[(cursor + FETCH_AHEAD) & l->draws_mask] & DRAW_KEY]);
}

/* The beginning of every contestant's storage. */
struct cache_window {
        const struct cache_keys *keys;
        struct cache_tally tally; /* all workers', once they have ended */
};

int cache_worker_begin(const struct cache_window *, struct worker *);
void cache_worker_end(struct cache_window *, struct worker *);

/* Adds to what all share. */
static inline uint64_t cache_add(uint64_t *sum, uint64_t n)
{
        return __atomic_add_fetch(sum, n, __ATOMIC_RELAXED);
}

/* The part of the oracle that all share: no wrong answer, gets and sets make up all operations.
   Fills hit_ratio. */
int cache_check_window(const struct cache_window *, const struct totals *, double *metrics);

/* What a contestant is to make. */
struct cache_setup {
        size_t expected; /* entries */
        size_t capacity; /* entries; 0: unbounded */
        unsigned shards; /* 0: as it likes */
        size_t value_bytes;
        const struct cache_keys *keys;
};

/* What a cache says of itself. */
struct cache_counts {
        uint64_t hits, misses, entries, evicted;
};

/* A full cache that is kept from window to window. */
struct cache_keep {
        uint64_t bytes, turn;
        void (*empty)(struct cache_keep *); /* may be called while another contestant begins */
        struct cache_keep *next;
};

/* Before one is filled that will take so many bytes: empties those that were used longest ago until
   it fits the budget beside them. Not thread-safe: from init(). */
void cache_keep_room(uint64_t bytes);
/* It is full, or used anew. And: it is no longer. */
void cache_keep_add(struct cache_keep *);
void cache_keep_remove(struct cache_keep *);

/* Memory that the process has: given out by malloc, its overhead included, and resident beside
   malloc's. malloced is 0 where nobody knows. */
struct cache_memory {
        int64_t malloced, others;
};

struct cache_memory cache_memory_now(void);

/* By how much it has grown since, over the entries; NAN where nobody knows. */
double cache_bytes_per_entry(const struct cache_memory *since, uint64_t entries);

#ifdef __cplusplus
}
#endif

/* In percent; NAN of nothing. */
static inline double cache_pct(uint64_t part, uint64_t of)
{
        return of ? 100.0 * (double)part / (double)of : (double)NAN;
}

#endif
