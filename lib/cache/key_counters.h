/*
 * Per-key counters: a concurrent map whose values are atomic counts. Adding to a key that exists
 * takes no lock and waits for nobody.
 *
 *      struct ct_key_counters c;
 *      ct_key_counters_init(&c, 0);
 *      ct_key_counters_add(&c, "user:7", 6, 1);
 *
 * Blocks on: adds to keys that exist, get, keys and snapshot never, whatever the others do. A
 *      key's first add, a delete and an add that meets one take a short internal lock of the map;
 *      the add whose key makes the map grow waits as map.h says, and who removes a key as
 *      ct_retire does at its bound.
 * Wakes: nobody.
 * Order: counts order nothing else: an add is relaxed. The operations on one key form one order
 *      that fits real time; adds are never lost. Counts wrap at 2^63, so adding -1 takes 1 away.
 * Who may call: any thread or task, all functions but init and destroy. Not from signal handlers.
 * Ownership: the caller's storage, between init and destroy at a fixed address. Keys are copied in.
 *      destroy needs that nobody is inside. Zero bytes are NOT valid counters. What delete took out
 *      is freed as reclaim.h says.
 * Failure: 0 or -errno. A failed call changes nothing: -ENOMEM; -E2BIG, a key of 4 GiB or more.
 *      Misuse panics, as map.h says: use before init.
 * Units: counts.
 * Cost: an add or a get is a lookup in the map, a further line for the count, and an atomic add.
 *      A key costs 32 bytes beside the map's entry.
 *
 * Source: "Go Concurrency Patterns: A Practical Walkthrough" (UserCounters, CounterDumper), as a
 * contract; cache/counters.h has it as the guide wrote it. Own code. What differs from there:
 * counts have 63 bits, and a snapshot's keys need not belong to one moment either.
 */
#ifndef CT_CACHE_KEY_COUNTERS_H
#define CT_CACHE_KEY_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cache/snapshot.h"
#include "flow/errgroup.h"
#include "sync/cond.h"
#include "sync/map.h"
#include "sync/mutex.h"

struct ct_key_counters {
        struct ct_map map; /* private; key_counters.c explains */
};

/* Of the hash: a seed of 0 draws one; another makes counters that are the same in every run. 0,
   -ENOMEM, or -errno of getrandom. */
int ct_key_counters_init(struct ct_key_counters *c, uint64_t seed);
void ct_key_counters_destroy(struct ct_key_counters *c);

/* Adds to the key's count; a key that is not there yet starts at 0. */
int ct_key_counters_add(struct ct_key_counters *c, const void *key, size_t key_size, uint64_t n);

/* The key's count; 0 for a key that is not there. */
uint64_t ct_key_counters_get(struct ct_key_counters *c, const void *key, size_t key_size);

/* Forgets the key: true if it was there. *last (may be NULL) is its final count: an add either is
   in it or starts the key anew. */
bool ct_key_counters_delete(struct ct_key_counters *c, const void *key, size_t key_size,
                            uint64_t *last);

/* How many keys there are; exact where none come or go. */
size_t ct_key_counters_keys(struct ct_key_counters *c);

/* The keys with a uint64_t as value, while others go on. A key that is there all the time is in it
   once, one that comes or goes meanwhile once or not at all; each count is one that its key had
   during the call. The caller frees *out with ct_snapshot_free(); -ENOMEM leaves it empty. */
int ct_key_counters_snapshot(struct ct_key_counters *c, struct ct_snapshot *out);

/*
 * A context that takes a snapshot every interval and shows it to `dump`, until it is stopped.
 *
 * Ticks are interval, 2 x interval ... after start; those that pass while a dump runs are dropped,
 * as by Go's ticker. `dump` runs in that context, holds no lock, may park, may use the counters,
 * must not call stop. `snapshot` is NULL when there was no memory for one, and valid only during
 * the call.
 */
struct ct_key_dumper {
        struct ct_key_counters *counters;
        int64_t interval_ns;
        int64_t tick_ns; /* the one that is dumped or waited for; the dumper's context's */
        void (*dump)(void *ctx, const struct ct_snapshot *snapshot);
        void *ctx;
        struct ct_errgroup group; /* of that one context */
        struct ct_mutex lock;
        struct ct_cond cancel;
        bool cancelled; /* protected by lock */
};

/* As a task of the runtime that runs, or as a thread. 0, -EINVAL (no interval), -ENOMEM or -EAGAIN
   (no context to be had). */
int ct_key_dumper_start(struct ct_key_dumper *d, enum ct_spawn spawn,
                        struct ct_key_counters *counters, int64_t interval_ns,
                        void (*dump)(void *ctx, const struct ct_snapshot *snapshot), void *ctx);

/* Cancels and waits, through the parker: not for the next tick, only for a dump that is running.
   Once, by any one thread or task; afterwards the dumper may be started anew. */
void ct_key_dumper_stop(struct ct_key_dumper *d);

#endif
