/* Bounded caches and entries with a time: never more than there is room for, nothing after its
   time. */
#include "cache_programs.h"

#define TWO_ENTRIES(p) .options = {.policy = CT_CACHE_##p, .max_entries = 2}
#define TTL(t) .options = {.ttl_ns = t}

enum {
        BYTES = 2 * (CT_CACHE_ENTRY_BYTES + 1 + 16) + 16
}; /* two short values and half a long one */

CACHE_SCRIPT(evicts, .ops = &cache_concurrent, TWO_ENTRIES(SIEVE), .first = {SET(A, 1), SET(B, 2)},
             .task = {{GET(A), GET(B), GET(A)}, {SET(C, 3), SET(D, 4), GET(C)}})
CACHE_SCRIPT(evicts_s3fifo, .ops = &cache_concurrent, TWO_ENTRIES(S3FIFO),
             .first = {SET(A, 1), SET(B, 2)}, .task = {{GET(A), GET(B)}, {SET(C, 3), SET(A, 4)}})
CACHE_SCRIPT(evicts_pinned, .ops = &cache_concurrent, TWO_ENTRIES(SIEVE),
             .first = {SET(A, 1), SET(B, 2)},
             .task = {{PIN(A), UNPIN, GET(A)}, {SET(C, 3), SET(D, 4)}})
CACHE_SCRIPT(evicts_set, .ops = &cache_concurrent, TWO_ENTRIES(FIFO),
             .first = {SET(A, 1), SET(B, 2)}, .task = {{SET(A, 3), GET(A)}, {SET(C, 4), GET(A)}})
CACHE_SCRIPT(evicts_for_two, .ops = &cache_concurrent, TWO_ENTRIES(CLOCK),
             .first = {SET(A, 1), SET(B, 2)}, .task = {{SET(C, 3)}, {SET(D, 4), STATS}})
CACHE_SCRIPT(lru_tries, .ops = &cache_concurrent, TWO_ENTRIES(LRU), .first = {SET(A, 1), SET(B, 2)},
             .task = {{GET(A), GET(B)}, {SET(C, 3), GET(A)}})
CACHE_SCRIPT(bytes, .ops = &cache_concurrent,
             .options = {.policy = CT_CACHE_SIEVE, .max_bytes = BYTES},
             .first = {SET(A, 1), SET(B, 2)},
             .task = {{GET(A), STATS, GET(B)}, {SET_WORDS(A, 3, 3), SET_WORDS(C, 4, 8)}})
CACHE_SCRIPT(expires, .ops = &cache_concurrent, TTL(100), .first = {SET(A, 1)},
             .task = {{GET(A), PASS(60), GET(A)}, {PASS(60), SET(A, 2), GET(A)}})
CACHE_SCRIPT(expires_removed, .ops = &cache_concurrent, TTL(100), .first = {SET(A, 1), SET(B, 2)},
             .task = {{EXPIRE, GET(A)}, {PASS(100), SET(A, 3), GET(A), GET(B)}})
CACHE_SCRIPT(expires_revived, .ops = &cache_concurrent, TTL(100), .first = {SET(A, 1)},
             .task = {{SET_FOR(A, 2, 300), GET(A)}, {PASS(100), EXPIRE, GET(A)}})
CACHE_SCRIPT(expires_met, .ops = &cache_concurrent, TTL(100), .first = {SET(A, 1)},
             .task = {{PASS(100), GET(A)}, {GET(A), SET_FOR(A, 2, 200), GET(A)}})

/* What is found has expired by the time that the clock is asked, but is no longer what is there. */
#define OVERTAKEN                                                                                  \
        .first = {SET(A, 1)}, .task = {{GET(A), DELETE(A)}, {PASS(60), SET(A, 2), PASS(60), GET(A)}}
CACHE_SCRIPT(overtaken, .ops = &cache_concurrent, TTL(100), OVERTAKEN)
CACHE_SCRIPT(sharded_overtaken, .ops = &cache_sharded, .options = {.ttl_ns = 100, .shards = 1},
             OVERTAKEN)
CACHE_SCRIPT(syncmap_overtaken, .ops = &cache_syncmap, TTL(100), OVERTAKEN)

CACHE_SCRIPT(sharded_evicts, .ops = &cache_sharded,
             .options = {.policy = CT_CACHE_S3FIFO, .max_entries = 2, .shards = 1},
             .first = {SET(A, 1), SET(B, 2)},
             .task = {{GET(A), PIN(B), UNPIN}, {SET(C, 3), STATS, SET(D, 4)}})
CACHE_SCRIPT(sharded_bytes, .ops = &cache_sharded,
             .options = {.policy = CT_CACHE_SIEVE, .max_bytes = BYTES, .shards = 1},
             .first = {SET(A, 1), SET(B, 2)},
             .task = {{GET(A), STATS, GET(B)}, {SET_WORDS(C, 3, 8), GET(C)}})
CACHE_SCRIPT(rw_sharded_evicts, .ops = &cache_rw_sharded,
             .options = {.policy = CT_CACHE_SIEVE, .max_entries = 2, .shards = 1},
             .first = {SET(A, 1), SET(B, 2)}, .task = {{GET(A), GET(B)}, {SET(C, 3), GET(A)}})

#define BOTH SEEN(1) | SEEN(2)

const struct sim_program cache_bound_programs[] = {
        {CACHE_PROGRAM(evicts, 2, "gets beside evictions"), .bound = 2,
         .must_see = SEEN(0) | BOTH | SEEN(3)},
        {CACHE_PROGRAM(evicts_s3fifo, 2, "the same, two queues"), .bound = 2,
         .must_see = SEEN(0) | BOTH | SEEN(4)},
        {CACHE_PROGRAM(evicts_pinned, 2, "a pinned value is evicted"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1)},
        {CACHE_PROGRAM(evicts_set, 2, "set in place of what is evicted"), .bound = 2,
         .must_see = SEEN(0) | SEEN(3)},
        {CACHE_PROGRAM(evicts_for_two, 2, "two need room; never more than two entries"),
         .bound = 2},
        {CACHE_PROGRAM(lru_tries, 2, "hits that move entries if they can"), .bound = 2,
         .must_see = SEEN(0) | BOTH},
        {CACHE_PROGRAM(bytes, 2, "values that grow; never more bytes than may be"), .bound = 2,
         .must_see = SEEN(0) | BOTH},
        {CACHE_PROGRAM(expires, 2, "time passes beside gets and a set"), .bound = 2,
         .must_see = SEEN(0) | BOTH},
        {CACHE_PROGRAM(expires_removed, 2, "expire beside a set of what has expired"), .bound = 2,
         .must_see = SEEN(0) | SEEN(1) | SEEN(3)},
        {CACHE_PROGRAM(expires_revived, 2, "expire beside a set that began in time"), .bound = 2,
         .must_see = SEEN(0) | SEEN(2)},
        {CACHE_PROGRAM(expires_met, 2, "a get meets what has expired, a set comes"), .bound = 2,
         .must_see = SEEN(0) | BOTH},
        {CACHE_PROGRAM(overtaken, 2, "get and delete beside a set, and time passes"), .bound = 2,
         .must_see = SEEN(0) | BOTH},
        {CACHE_PROGRAM(sharded_overtaken, 2, "the same under a mutex"), .bound = 2,
         .must_see = SEEN(0) | BOTH},
        {CACHE_PROGRAM(syncmap_overtaken, 2, "the same over the concurrent map"), .bound = 2,
         .must_see = SEEN(0) | BOTH},
        {CACHE_PROGRAM(sharded_evicts, 2, "gets and pins beside evictions, under a mutex"),
         .bound = 2, .must_see = SEEN(0) | BOTH},
        {CACHE_PROGRAM(sharded_bytes, 2, "one that needs the room of two, under a mutex"),
         .bound = 2, .must_see = SEEN(0) | BOTH},
        {CACHE_PROGRAM(rw_sharded_evicts, 2, "gets that mark beside an eviction, under a rwmutex"),
         .bound = 2, .must_see = SEEN(0) | BOTH},
        {0}};
