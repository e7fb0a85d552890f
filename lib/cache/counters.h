/*
 * Per-key counters as the guides have them: a map under a readers-writer lock whose values are
 * atomic, so that adding to a key that exists needs no more than the read lock.
 *
 *      struct ct_guide_counters c;
 *      ct_guide_counters_init(&c, &(struct ct_counters_options){.seed = seed});
 *      ct_guide_counters_add(&c, "user:7", 6, 1);
 *
 * Blocks on: the lock; the allocator, which the first add of a key and snapshot call under it. No
 *      deadline form exists. A waiting writer stops new readers, as in Go (glibc; elsewhere it is
 *      up to the libc).
 * Wakes: whom the lock wakes.
 * Order: counts order nothing else: an add is relaxed. Adds to one key are never lost; they wrap.
 * Who may call: any thread, all functions but init and destroy. Not from signal handlers.
 * Ownership: the caller's storage, between init and destroy at a fixed address. Keys are copied in.
 *      destroy needs that nobody is inside. Zero bytes are NOT valid counters.
 * Failure: 0 or -errno. A failed call changes nothing: -ENOMEM; -E2BIG, a key of 4 GiB or more.
 * Units: counts.
 *
 * Source: "Go Concurrency Patterns: A Practical Walkthrough" (UserCounters, CounterDumper). Own
 * code. One thing differs: the guide adds after it has let go of the lock, and the garbage
 * collector keeps the counter alive; here the add is under the read lock.
 */
#ifndef CT_CACHE_COUNTERS_H
#define CT_CACHE_COUNTERS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomic.h"
#include "cache/hashmap.h"
#include "cache/snapshot.h"

struct ct_counters_options {
        uint64_t seed;   /* of the hash: keep it secret where keys come from strangers */
        size_t expected; /* keys to make room for at once */
};

struct ct_guide_counters {
        pthread_rwlock_t lock; /* protects the map, not the counts in it */
        struct ct_hashmap map;
};

int ct_guide_counters_init(struct ct_guide_counters *c, const struct ct_counters_options *options);
void ct_guide_counters_destroy(struct ct_guide_counters *c);

/* Adds to the key's count; a key that is not there yet starts at 0. */
int ct_guide_counters_add(struct ct_guide_counters *c, const void *key, size_t key_size,
                          uint64_t n);

/* The key's count; 0 for a key that is not there. */
uint64_t ct_guide_counters_get(struct ct_guide_counters *c, const void *key, size_t key_size);

/* Forgets the key: true if it was there. *last (may be NULL) is its final count: an add either is
   in it or starts the key anew. */
bool ct_guide_counters_delete(struct ct_guide_counters *c, const void *key, size_t key_size,
                              uint64_t *last);

size_t ct_guide_counters_keys(struct ct_guide_counters *c);

/* All keys, as at one moment, with a uint64_t as value: each count is one that its key had during
   the call; adds go on meanwhile, so counts of different keys need not belong to one moment. The
   caller frees *out with ct_snapshot_free(); -ENOMEM leaves it empty. */
int ct_guide_counters_snapshot(struct ct_guide_counters *c, struct ct_snapshot *out);

/*
 * A thread that takes a snapshot every interval and shows it to `dump`, until it is stopped.
 *
 * Ticks are interval, 2 x interval ... after start; those that pass while a dump runs are dropped,
 * as by Go's ticker. `dump` runs on that thread, holds no lock, may use the counters, must not call
 * stop. `snapshot` is NULL when there was no memory for one, and valid only during the call.
 */
struct ct_guide_dumper {
        struct ct_guide_counters *counters;
        int64_t interval_ns;
        void (*dump)(void *ctx, const struct ct_snapshot *snapshot);
        void *ctx;
        pthread_t thread;
        pthread_mutex_t lock;
        pthread_cond_t cancel;
        bool cancelled; /* protected by lock */
};

/* 0 or -errno: -EINVAL (no interval), -EAGAIN (no thread to be had). */
int ct_guide_dumper_start(struct ct_guide_dumper *d, struct ct_guide_counters *counters,
                          int64_t interval_ns,
                          void (*dump)(void *ctx, const struct ct_snapshot *snapshot), void *ctx);

/* Cancels and waits for the thread: it does not wait for the next tick, only for a dump that is
   running. Once, by one thread; afterwards the dumper may be started anew. */
void ct_guide_dumper_stop(struct ct_guide_dumper *d);

#endif
