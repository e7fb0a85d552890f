#include "cache/rw_sharded.h"

#include <stdlib.h>

#include "base/hash.h"

/*
 * All shards' bodies are in shards_body.h; here is how one is locked, and what is counted for it.
 *
 * Tempting: hits and misses in the shard, as atomics. Every get would write a second word that all
 * readers of the shard share.
 */

#define SHARDS_(op) ct_rw_sharded_cache_##op
#define CACHE_ ct_rw_sharded_cache
#define SHARD_ ct_rw_sharded_cache_shard_

static const char object[] = "ct_rw_sharded_cache";

static int begin_looks(struct CACHE_ *c, const struct ct_cache_options *o)
{
        return o->policy == CT_CACHE_LRU ? -ENOTSUP : ct_cache_counts_init_(&c->counts);
}

static void end_looks(struct CACHE_ *c)
{
        ct_cache_counts_fini_(&c->counts);
}

static inline void look_lock(struct SHARD_ *s)
{
        ct_rwmutex_rlock(&s->lock);
}

static inline void look_unlock(struct SHARD_ *s)
{
        ct_rwmutex_runlock(&s->lock);
}

static inline void change_lock(struct SHARD_ *s)
{
#ifdef CT_PLANT_cache_rw_sharded_changes_shared
        ct_rwmutex_rlock(&s->lock);
        return;
#endif
        ct_rwmutex_lock(&s->lock);
}

static inline void change_unlock(struct SHARD_ *s)
{
#ifdef CT_PLANT_cache_rw_sharded_changes_shared
        ct_rwmutex_runlock(&s->lock);
        return;
#endif
        ct_rwmutex_unlock(&s->lock);
}

static inline void note_other(struct SHARD_ *s)
{
        (void)s;
}

static inline void used(struct CACHE_ *c, struct SHARD_ *s, struct ct_cache_entry_ *e)
{
        if (c->policy != CT_CACHE_KEEP) /* asked of the cache: the shard's is in another line */
                ct_policy_hit_(&s->store.policy, ct_entry_node_(e));
}

static inline void count_look(struct CACHE_ *c, struct SHARD_ *s, const struct ct_cache_entry_ *hit)
{
        (void)s;
        ct_cache_count_(&c->counts, hit ? CT_COUNT_HITS_ : CT_COUNT_MISSES_, 1);
}

static void stats_of_shard(const struct SHARD_ *s, struct ct_cache_stats *out)
{
        (void)s, (void)out;
}

static void stats_of_looks(const struct CACHE_ *c, struct ct_cache_stats *out)
{
        out->hits = ct_cache_counted_(&c->counts, CT_COUNT_HITS_);
        out->misses = ct_cache_counted_(&c->counts, CT_COUNT_MISSES_);
}

#include "cache/shards_body.h"
