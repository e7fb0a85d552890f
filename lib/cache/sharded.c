#include "cache/sharded.h"

#include <stdlib.h>

#include "base/hash.h"

/*
 * Invariant whenever a shard's mutex is free: its hits + misses = the gets and pins that it had.
 *
 * All shards' bodies are in shards_body.h; here is how one is locked, and what is counted for it.
 *
 * With mutex_asym.h, whose unlock is a plain store, in the place of ct_mutex, nothing came of it:
 * 256 shards, 90 % gets, 1, 2 and 8 threads on 2 CPUs were within the noise of each other, for a
 * shard that is a line longer.
 */

_Static_assert(offsetof(struct ct_sharded_cache_shard_, store.table) + sizeof(uint64_t) ==
                       CT_CACHE_LINE,
               "one line for a hit");

#define SHARDS_(op) ct_sharded_cache_##op
#define CACHE_ ct_sharded_cache
#define SHARD_ ct_sharded_cache_shard_

static const char object[] = "ct_sharded_cache";

static int begin_looks(struct CACHE_ *c, const struct ct_cache_options *o)
{
        (void)c, (void)o;
        return 0;
}

static void end_looks(struct CACHE_ *c)
{
        (void)c;
}

static inline void look_lock(struct SHARD_ *s)
{
        if (__builtin_expect(!ct_mutex_try_lock(&s->lock), 0)) {
                ct_mutex_lock(&s->lock);
                s->contended++;
        }
}

static inline void look_unlock(struct SHARD_ *s)
{
        ct_mutex_unlock(&s->lock);
}

static inline void note_other(struct SHARD_ *s)
{
        s->others++;
}

static inline void change_lock(struct SHARD_ *s)
{
        look_lock(s);
        note_other(s);
}

static inline void change_unlock(struct SHARD_ *s)
{
        look_unlock(s);
}

static inline void used(struct CACHE_ *c, struct SHARD_ *s, struct ct_cache_entry_ *e)
{
        if (c->policy != CT_CACHE_KEEP) /* asked of the cache: the shard's is in another line */
                ct_policy_touch_(&s->store.policy, ct_entry_node_(e));
}

static inline void count_look(struct CACHE_ *c, struct SHARD_ *s, const struct ct_cache_entry_ *hit)
{
        (void)c;
        *(hit ? &s->hits : &s->misses) += 1;
}

static void stats_of_shard(const struct SHARD_ *s, struct ct_cache_stats *out)
{
        out->hits += s->hits;
        out->misses += s->misses;
}

static void stats_of_looks(const struct CACHE_ *c, struct ct_cache_stats *out)
{
        (void)c, (void)out;
}

#include "cache/shards_body.h"

void ct_sharded_cache_contention(struct ct_sharded_cache *c, uint64_t *locks, uint64_t *contended)
{
        ct_cache_need_(object, c, c, "cache");
        *locks = *contended = 0;
        for (unsigned i = 0; i < c->shards; i++) {
                struct SHARD_ *s = &c->shard[i];

                look_lock(s);
                *locks += s->hits + s->misses + s->others;
                *contended += s->contended;
                look_unlock(s);
        }
}
