/*
 * Single flight: for get_or_load(), one load per missing key, however many ask for it. One table
 * for each cache, shared code for all of them. Private to lib/cache.
 *
 *      hash, check, count; then
 *      rc = get(c, ...)                        counts a hit or a miss
 *      if (rc != -ENOENT)
 *              return rc;
 *      return ct_flight_load_(&c->flights, &(struct ct_flight_call_){...});
 *
 * Blocks on: the parker, while another loads the same key: until its flight ends or the deadline.
 *      The loader runs in the caller's context, with no lock held.
 * Wakes: the end of a flight wakes all who wait for it, each with its answer in its buffer.
 * Order: what the loader did happens before whatever follows any get_or_load that returns its
 *      answer.
 * Allocates: nothing. A flight is on its leader's stack, a waiter on its own, and the leader copies
 *      the value into each waiter's buffer: so a value that the cache has no memory for still
 *      reaches everyone.
 * Misuse that panics: a loader that loads its own key; one that returns a positive number.
 *
 * Source: the contract of Go's golang.org/x/sync/singleflight; own code.
 */
#ifndef CT_CACHE_FLIGHT_H
#define CT_CACHE_FLIGHT_H

#include "base/atomic.h"
#include "base/guard.h"
#include "cache/cache.h"

#ifdef CT_SIM
#define CT_FLIGHT_BUCKETS_ 1u
#else
#define CT_FLIGHT_BUCKETS_ 64u
#endif

struct ct_flight_;

/* Zero bytes are a valid table without flights; there is nothing to free. */
struct ct_flights_ {
        struct {
                struct ct_guard guard;    /* protects the list and each flight's waiters */
                struct ct_flight_ *first; /* each under way, keys all different */
        } bucket[CT_FLIGHT_BUCKETS_];
        ct_atomic_u64 loads; /* begun; for the stats */
};

struct ct_flight_call_ {
        const char *object; /* "ct_sharded_cache": for panics */
        void *cache;
        uint64_t hash;
        const void *key;
        size_t key_size;
        const struct ct_cache_loader *loader;
        int64_t deadline_ns;
        int64_t ttl_ns; /* the cache's */
        void *value;    /* the caller's buffer */
        size_t room;
        size_t *value_size;
        /* get(), but counts nothing: 0, -ENOBUFS or -ENOENT. */
        int (*look)(const struct ct_flight_call_ *call);
        /* set_for(): 0 or -errno. */
        int (*put)(const struct ct_flight_call_ *call, const void *value, size_t size,
                   int64_t ttl_ns);
};

/* get_or_load() after a miss. 0, -ENOBUFS, -ETIMEDOUT, or what the loader failed with. */
int ct_flight_load_(struct ct_flights_ *f, const struct ct_flight_call_ *call);

static inline uint64_t ct_flight_loads_(const struct ct_flights_ *f)
{
        return ct_load_u64_relaxed(&f->loads);
}

#endif
