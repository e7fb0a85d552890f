/*
 * ct_concurrent_cache: a cache whose reads take no lock and write no line that others use.
 *
 *      struct ct_concurrent_cache c;
 *      ct_concurrent_cache_init(&c, &(struct ct_cache_options){
 *              .policy = CT_CACHE_S3FIFO, .max_entries = 10000});
 *      ct_concurrent_cache_set(&c, "user:7", 6, value, value_size);
 *      ct_concurrent_cache_get(&c, "user:7", 6, buffer, sizeof buffer, &size);
 *
 * The contract is that of cache.h. It has every policy and TTL; where there is a bound, S3-FIFO is
 * the one to take: no worse than LRU but where only what was used last counts, and its hits move
 * nothing. `shards` is the number of segments, each with a table, a writers' lock and its share of
 * the capacity; 0 lets the cache choose: 64 without a bound, else so many that each holds 1000
 * entries and 1 MiB, at least one.
 *
 * Blocks on: get never, whatever the others do. (One that copies a value of more than 8 bytes while
 *      two sets of its key come to their end copies anew.) Nor pin. set of a key that is there with
 *      a value of the same size takes no lock: up to 8 bytes it is one store; up to
 *      CT_CONCURRENT_IN_PLACE, or with a TTL, it takes turns with other sets of the key, and the
 *      lock if one of them does not get on, or the entry is pinned. Every other change takes the
 *      segment's mutex, and so does each set of a larger value; small entries and tables are
 *      allocated under it. With the policy LRU, a hit takes the mutex if it is free to move the
 *      entry; if not, the hit leaves the order as it is. destroy waits for open read sections
 *      (reclaim.h) if something is still retired.
 * Who may call: nobody inside of a read section, which no wait may be in.
 * Failure: pin of a value of up to 8 bytes makes a copy: -ENOMEM. A table that cannot grow for want
 *      of memory works on, ever slower, until all its slots are taken: -ENOMEM.
 * Eviction: by the segment's policy. An entry that has expired is removed by the get that meets it,
 *      if the mutex is free, and by sets of new keys, which look at some others each; so that an
 *      unbounded cache does not keep what nobody asks for.
 * Snapshot: the keys of a segment are as at one moment; each value is one that its key had then, or
 *      that a set put in its place while the snapshot was made.
 * Statistics: entries, bytes, evicted and expired of one segment belong to one moment; hits and
 *      misses are kept for each thread, and are exact for gets that ended before.
 * Memory: an entry with a key of up to 16 and a value of up to 8 bytes takes 32, and the table 12
 *      to 18 for it; with a policy 48 more. Other values have two rooms if they are set in place.
 *      Entries of more than 256 bytes are malloc's. The rest is cut from areas, of 2 MiB from 256
 *      KiB on, in huge pages where the kernel gives them, and goes back with the cache. Unlinked
 *      entries wait in batches of up to 28, one for each segment, and are freed as reclaim.h says
 *      of a batch. 33 KiB for hits and misses, as far as threads use it.
 * Cost, sources: see concurrent.c. Own code.
 */
#ifndef CT_CACHE_CONCURRENT_H
#define CT_CACHE_CONCURRENT_H

#include "base/atomic.h"
#include "base/cacheline.h"
#include "cache/cache.h"
#include "cache/cache_private.h"
#include "cache/concurrent_memory.h"
#include "cache/flight.h"

enum { CT_CONCURRENT_IN_PLACE = 64 };

struct ct_cc_segment_;
struct ct_cc_tally_;

/* Private, all of it; concurrent.c explains. */
struct ct_concurrent_cache {
        /* Set by init: readers keep this line. */
        CT_ALIGN_PAIR uint64_t seed;
        ct_atomic_u64 *table;       /* the segments' tables, as words */
        struct ct_cc_tally_ *tally; /* by slot */
        unsigned segments;
        enum ct_cache_policy policy;
        struct ct_cache_time_ time;
        struct ct_cc_segment_ *segment;
        /* Written. */
        CT_ALIGN_PAIR struct ct_cc_pages_ pages;
        struct ct_flights_ flights;
};

CT_CACHE_OPERATIONS(ct_concurrent_cache)
CT_CACHE_MORE_OPERATIONS(ct_concurrent_cache)

/* Bytes of memory that tables and entries take, but for those of entries of more than 256 bytes,
   which are malloc's; with what is free for new ones. */
size_t ct_concurrent_cache_memory(struct ct_concurrent_cache *c);

#endif
