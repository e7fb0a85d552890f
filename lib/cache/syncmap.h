/*
 * The concurrent map of lib/sync (Go's sync.Map) as a cache. The contract is cache.h's.
 *
 *      struct ct_syncmap_cache c;
 *      ct_syncmap_cache_init(&c, &(struct ct_cache_options){.ttl_ns = 60 * CT_NS_PER_S});
 *
 * Values are immutable, a set makes a new one. There is no capacity: options that ask for one are
 * -ENOTSUP; TTLs there are. It does not look at `shards` and `expected`.
 *
 * Blocks on: get and pin take no lock and wait for nobody. The rest as in sync/map.h and, where
 * many values go at once, sync/reclaim.h. The clock of the options must not park. Snapshot: entry
 * by entry while others go on; no moment need exist at which the cache was like it. A key that is
 * there from before until after the call is in it exactly once. clear and expire go entry by entry
 * as well. Statistics: each number is right for some moment during the call, once the caches' users
 * are quiet for all of them at once. Cost: a get writes no shared line. A value that was replaced
 * or deleted stays until the readers of that time are gone (reclaim.h).
 *
 * Source: Go's sync.Map, for what it is made of; own code.
 */
#ifndef CT_CACHE_SYNCMAP_H
#define CT_CACHE_SYNCMAP_H

#include "cache/cache.h"
#include "cache/cache_private.h"
#include "cache/flight.h"
#include "cache/slot_counts.h"
#include "sync/map.h"

struct ct_syncmap_cache {
        struct ct_map map; /* private, all of it; values are in syncmap_private.h */
        struct ct_cache_time_ time;
        struct ct_cache_counts_ counts;
        struct ct_flights_ flights;
};

CT_CACHE_OPERATIONS(ct_syncmap_cache)
CT_CACHE_MORE_OPERATIONS(ct_syncmap_cache)

#endif
