/*
 * Counters without a lock (patterns A1 and A2).
 *
 * None of them blocks or wakes anybody; all may be called by any thread; zero bytes are a valid
 * counter at 0; overflow wraps. Sources: C11 atomics; the sharded one is the idea of LongAdder
 * (Lea) with one cell per thread instead of a growing table.
 *
 *   ct_counter_add          one read-modify-write, sequentially consistent (Go's atomic.AddUint64)
 *   ct_counter_add_relaxed  the same, atomicity only: no cheaper on x86-64, cheaper on arm64
 *   ct_counter_add_cas      a compare-and-swap loop: what people write before they know fetch-add
 *   ct_counter_add_racy     load, add, store: LOSES UPDATES, to show that it does. Never use it. It
 * is a lost-update race and not a data race: C11 gives the latter no meaning.
 */
#ifndef CT_SYNC_COUNTER_H
#define CT_SYNC_COUNTER_H

#include "base/atomic.h"
#include "base/cacheline.h"

/* Alone on its pair of lines. */
struct ct_counter {
        CT_ALIGN_PAIR ct_atomic_u64 value;
};

static inline void ct_counter_add(struct ct_counter *c, uint64_t n)
{
#ifdef CT_PLANT_counter_add_not_atomic
        ct_store_u64_relaxed(&c->value, ct_load_u64_relaxed(&c->value) + n);
#else
        ct_add_u64_seq(&c->value, n);
#endif
}

static inline void ct_counter_add_relaxed(struct ct_counter *c, uint64_t n)
{
        ct_add_u64_relaxed(&c->value, n);
}

static inline void ct_counter_add_cas(struct ct_counter *c, uint64_t n)
{
        uint64_t old = ct_load_u64_relaxed(&c->value);

#ifdef CT_PLANT_counter_cas_ignores_failure
        ct_cas_u64_seq(&c->value, &old, old + n);
#else
        while (!ct_cas_weak_u64_seq(&c->value, &old, old + n))
                ;
#endif
}

static inline void ct_counter_add_racy(struct ct_counter *c, uint64_t n)
{
        ct_store_u64_relaxed(&c->value, ct_load_u64_relaxed(&c->value) + n);
}

static inline uint64_t ct_counter_load(const struct ct_counter *c)
{
        return ct_load_u64_seq(&c->value);
}

/*
 * One padded cell per shard: adds to different shards never share a line. A shard may be used by
 * several threads at once (it is atomic), but is meant for one. The sum is exact once the adds it
 * should include happened before it; during adds it is some value between the sums at its start and
 * its end (no moment need exist at which the counter had that value).
 */
struct ct_sharded_counter {
        struct ct_counter *shard; /* owned by the caller */
        unsigned shards;
};

static inline void ct_sharded_counter_add(struct ct_sharded_counter *c, unsigned shard, uint64_t n)
{
#ifdef CT_PLANT_counter_sharded_shares_a_cell
        ct_counter_add_racy(&c->shard[shard & 0], n);
#else
        ct_add_u64_relaxed(&c->shard[shard].value, n);
#endif
}

static inline uint64_t ct_sharded_counter_sum(const struct ct_sharded_counter *c)
{
        uint64_t sum = 0;

        for (unsigned i = 0; i < c->shards; i++)
                sum += ct_load_u64_relaxed(&c->shard[i].value);
        return sum;
}

#endif
