/* What changes a ct_concurrent_cache under its segments' locks. concurrent.c explains. */
#include <stdlib.h>

#include "cache/concurrent_private.h"

enum { GROWTH = 2 }; /* by one over so much, at least; each time all entries are moved */

/* One operation on one segment, with its lock held from enter to leave. */
struct change {
        struct ct_concurrent_cache *c;
        unsigned segment;
        struct ct_cc_segment_ *s;
        struct ct_cc_batch_ *garbage;
        uint64_t old_table;
};

static struct change change_of(struct ct_concurrent_cache *c, unsigned segment)
{
        return (struct change){.c = c, .segment = segment, .s = &c->segment[segment]};
}

static struct change enter(struct ct_concurrent_cache *c, unsigned segment)
{
        struct change h = change_of(c, segment);

        ct_mutex_lock(&h.s->lock);
        return h;
}

static void leave(struct change *h)
{
        ct_mutex_unlock(&h->s->lock);
        ct_cc_discard_(h->garbage);
        if (h->old_table)
                ct_cc_table_retire_(h->old_table, &h->s->cells);
}

/* ---- under the lock ---- */

static uint64_t table_of(const struct change *h)
{
        return ct_cc_table_of_(h->c, h->segment);
}

static uint64_t hash_of(const struct ct_concurrent_cache *c, const struct ct_cc_entry_ *e)
{
        return ct_cc_bounded_(c) ? ct_cc_before_(e)->node.hash
                                 : ct_hash(e->key, e->key_size, c->seed);
}

static size_t charge(const struct ct_cc_entry_ *e)
{
        return ct_cache_charge_(e->key_size, ct_cc_value_size_(e));
}

static void came(struct change *h, struct ct_cc_entry_ *e)
{
        if (ct_cc_bounded_(h->c)) {
                ct_cc_before_(e)->linked = true;
        } else {
                h->s->policy.entries++;
                h->s->policy.bytes += charge(e);
        }
        h->s->timed += ct_cc_is_timed_(e);
}

/* The table has lost it, and the policy, if there is one, has or will. */
static void went(struct change *h, struct ct_cc_entry_ *e)
{
        if (ct_cc_bounded_(h->c)) {
                ct_cc_before_(e)->linked = false;
        } else {
                h->s->policy.entries--;
                h->s->policy.bytes -= charge(e);
        }
        h->s->timed -= ct_cc_is_timed_(e);
        ct_cc_throw_away_(&h->s->cells, e, &h->garbage);
}

static void unlink_entry(struct change *h, struct ct_cc_entry_ *e, uint64_t hash)
{
        ct_cc_table_remove_(table_of(h), hash, e);
        if (ct_cc_bounded_(h->c))
                ct_policy_remove_(&h->s->policy, &ct_cc_before_(e)->node);
        went(h, e);
}

static bool expire_entry(struct change *h, const struct ct_cache_time_ *time,
                         struct ct_cc_entry_ *e, uint64_t hash)
{
        if (!ct_cc_seize_expired_(time, e))
                return false;
        unlink_entry(h, e, hash);
        h->s->expired++;
        return true;
}

/* Removes what has expired in one bucket; how many. */
static size_t sweep(struct change *h, const struct ct_cache_time_ *time, size_t bucket)
{
        struct ct_cc_bucket_ *b = &ct_cc_buckets_(table_of(h))[bucket];
        size_t n = 0;

        for (unsigned i = 0; i < CT_CC_SLOTS_; i++) {
                struct ct_cc_entry_ *e = ct_load_ptr_relaxed(&b->slot[i]);

                if (e && ct_cc_is_timed_(e))
                        n += expire_entry(h, time, e, hash_of(h->c, e));
        }
        return n;
}

/* The policy's choice, which it has let go, leaves the table. */
static void evict(struct change *h, struct ct_cache_node_ *n)
{
        struct ct_cc_entry_ *e = ct_cc_entry_of_(n);

        if (ct_cc_seize_expired_(&h->c->time, e))
                h->s->expired++;
        else
                h->s->evicted++;
        ct_cc_table_remove_(table_of(h), n->hash, e);
        went(h, e);
}

/* ---- growing ---- */

static void move_all(const struct ct_concurrent_cache *c, uint64_t from, uint64_t to)
{
        for (size_t b = 0; b < ct_cc_count_(from); b++)
                for (unsigned i = 0; i < CT_CC_SLOTS_; i++) {
                        struct ct_cc_entry_ *e =
                                ct_load_ptr_relaxed(&ct_cc_buckets_(from)[b].slot[i]);

                        if (e)
                                (void)ct_cc_table_put_(to, hash_of(c, e), e); /* twice the room */
                }
}

/* Room for one more: false where there is neither memory nor a free slot. */
static bool make_room(struct change *h)
{
        uint64_t from = table_of(h), to;
        size_t entries = h->s->policy.entries;

        if (ct_cc_buckets_for_(entries + 1) <= ct_cc_count_(from))
                return true;
        to = ct_cc_table_new_(&h->c->pages, ct_cc_buckets_for_(entries + entries / GROWTH + 1));
        if (!to)
                return entries < ct_cc_count_(from) * CT_CC_SLOTS_;
#ifdef CT_PLANT_concurrent_grows_in_sight
        ct_store_u64_release(&h->c->table[h->segment], to);
#endif
        move_all(h->c, from, to);
        ct_store_u64_release(&h->c->table[h->segment], to); /* pairs with lookup */
        h->old_table = from;
        return true;
}

/* ---- set ---- */

/* In the place of the key's entry. */
static void replace(struct change *h, uint64_t hash, struct ct_cc_entry_ *was,
                    struct ct_cc_entry_ *now)
{
        struct ct_cc_place_ p;

        if (ct_cc_bounded_(h->c)) {
                struct ct_cache_node_ *old = &ct_cc_before_(was)->node;
                struct ct_cache_node_ *new = &ct_cc_before_(now)->node, *victim;

                while ((victim = ct_policy_victim_for_(&h->s->policy, old, new->bytes)))
                        evict(h, victim);
                ct_policy_replace_(&h->s->policy, old, new);
        }
        came(h, now);
        p = ct_cc_table_place_(table_of(h), hash, was);
        ct_store_ptr_release(&p.bucket->slot[p.slot], now); /* pairs with find */
        went(h, was);
}

static void insert(struct change *h, uint64_t hash, struct ct_cc_entry_ *now)
{
        struct ct_cache_node_ *victim;

        if (ct_cc_bounded_(h->c)) {
#ifdef CT_PLANT_concurrent_evicts_once
                if ((victim = ct_policy_victim_(&h->s->policy, charge(now))))
#else
                while ((victim = ct_policy_victim_(&h->s->policy, charge(now))))
#endif
                        evict(h, victim);
                ct_policy_insert_(&h->s->policy, &ct_cc_before_(now)->node);
        }
        came(h, now);
        (void)ct_cc_table_put_(table_of(h), hash, now); /* make_room() came before */
}

/* `cell` is one that malloc gave before the lock was taken, or NULL. 0 or -ENOMEM. */
static int put(struct change *h, const struct ct_cc_key_ *k, const struct ct_cc_value_ *v,
               void *cell, size_t bytes)
{
        struct ct_cc_entry_ *was = ct_cc_lookup_(h->c, k->hash, k->bytes, k->size), *now;

        if (!was && !make_room(h))
                return -ENOMEM;
        if (!cell)
                cell = ct_cc_cell_new_(&h->s->cells, bytes);
        if (!cell)
                return -ENOMEM;
        now = ct_cc_entry_make_(h->c, cell, k, v);
        if (was && !expire_entry(h, &h->c->time, was, k->hash)) {
                replace(h, k->hash, was, now);
                return 0;
        }
        if (h->s->timed)
                (void)sweep(h, &h->c->time, h->s->sweep++ % ct_cc_count_(table_of(h)));
        insert(h, k->hash, now);
        return 0;
}

static int set_whole(struct ct_concurrent_cache *c, const struct ct_cc_key_ *k,
                     const struct ct_cc_value_ *v)
{
        size_t bytes = ct_cc_entry_cell_(c, k->size, v);
        void *cell = NULL;
        struct change h;
        int rc;

        if (bytes > CT_CC_CELL_MOST_) {
                cell = malloc(bytes);
                if (!cell)
                        return -ENOMEM;
        }
        h = enter(c, ct_cc_segment_of_(c, k->hash));
        rc = put(&h, k, v, cell, bytes);
        leave(&h);
        if (rc)
                free(cell);
        return rc;
}

static inline __attribute__((always_inline)) bool set_in_place(struct ct_concurrent_cache *c,
                                                               uint64_t hash, const void *key,
                                                               size_t key_size,
                                                               const struct ct_cc_value_ *v)
{
        struct ct_reading r = ct_read_begin();
        struct ct_cc_entry_ *e = ct_cc_lookup_(c, hash, key, key_size);
        bool set = e && ct_cc_set_in_place_(c, e, v);

        if (set)
                ct_cc_hit_(c, hash, e);
        ct_read_end(r);
        return set;
}

static inline __attribute__((always_inline)) int set_for(struct ct_concurrent_cache *c,
                                                         const void *key, size_t key_size,
                                                         const void *value, size_t value_size,
                                                         int64_t ttl_ns)
{
        struct ct_cc_value_ v = {value, value_size, CT_CACHE_NEVER_};
        struct ct_cc_key_ k;

        if (__builtin_expect(!key || !value, 0)) {
                ct_cache_need_key_(CT_CC_NAME_, c, key, key_size);
                ct_cache_need_value_(CT_CC_NAME_, c, value, value_size);
        }
        if (ct_cache_too_big_(key_size, value_size))
                return -E2BIG;
        k = (struct ct_cc_key_){ct_hash(key, key_size, c->seed), key, key_size};
        if (ct_cc_bounded_(c) &&
            !ct_policy_admits_(&c->segment[ct_cc_segment_of_(c, k.hash)].policy,
                               ct_cache_charge_(key_size, value_size)))
                return -EFBIG;
        if (ttl_ns)
                v.expires = ct_cache_expires_(&c->time, ttl_ns);
        if (value_size <= CT_CONCURRENT_IN_PLACE && set_in_place(c, k.hash, key, key_size, &v))
                return 0;
        return set_whole(c, &k, &v);
}

int ct_concurrent_cache_set(struct ct_concurrent_cache *c, const void *key, size_t key_size,
                            const void *value, size_t value_size)
{
        ct_cache_need_(CT_CC_NAME_, c, c, "cache");
        return set_for(c, key, key_size, value, value_size, c->time.ttl_ns);
}

int ct_concurrent_cache_set_for(struct ct_concurrent_cache *c, const void *key, size_t key_size,
                                const void *value, size_t value_size, int64_t ttl_ns)
{
        ct_cache_need_(CT_CC_NAME_, c, c, "cache");
        return ttl_ns < 0 ? -EINVAL : set_for(c, key, key_size, value, value_size, ttl_ns);
}

/* ---- delete, clear, expire ---- */

bool ct_concurrent_cache_delete(struct ct_concurrent_cache *c, const void *key, size_t key_size)
{
        struct ct_cc_key_ k = ct_cc_key_(c, key, key_size);
        struct change h = enter(c, ct_cc_segment_of_(c, k.hash));
        struct ct_cc_entry_ *e = ct_cc_lookup_(c, k.hash, key, key_size);
        bool there = e && !expire_entry(&h, &c->time, e, k.hash);

        if (there)
                unlink_entry(&h, e, k.hash);
        leave(&h);
        return there;
}

static void clear_bucket(struct change *h, struct ct_cc_bucket_ *b)
{
        ct_store_u64_relaxed(&b->tags, 0);
        for (unsigned i = 0; i < CT_CC_SLOTS_; i++) {
                struct ct_cc_entry_ *e = ct_load_ptr_relaxed(&b->slot[i]);

                ct_store_ptr_relaxed(&b->slot[i], NULL);
                if (e)
                        went(h, e);
        }
}

void ct_concurrent_cache_clear(struct ct_concurrent_cache *c)
{
        ct_cache_need_(CT_CC_NAME_, c, c, "cache");
        for (unsigned i = 0; i < c->segments; i++) {
                struct change h = enter(c, i);

                if (ct_cc_bounded_(c))
                        ct_policy_clear_(&h.s->policy);
                for (size_t b = 0; b < ct_cc_count_(table_of(&h)); b++)
                        clear_bucket(&h, &ct_cc_buckets_(table_of(&h))[b]);
                leave(&h);
        }
}

/* The same moment for all that one call looks at. */
static int64_t moment(void *now)
{
        return *(int64_t *)now;
}

size_t ct_concurrent_cache_expire(struct ct_concurrent_cache *c)
{
        int64_t now;
        struct ct_cache_time_ time = {.now_ns = moment, .clock = &now};
        size_t n = 0;

        ct_cache_need_(CT_CC_NAME_, c, c, "cache");
        for (unsigned i = 0; i < c->segments; i++) {
                struct change h = enter(c, i);

                if (h.s->timed) {
                        now = ct_cache_now_(&c->time);
                        for (size_t b = 0; b < ct_cc_count_(table_of(&h)); b++)
                                n += sweep(&h, &time, b);
                }
                leave(&h);
        }
        return n;
}

/* ---- for readers ---- */

void ct_cc_move_(struct ct_concurrent_cache *c, uint64_t hash, struct ct_cc_entry_ *e)
{
        struct ct_cc_segment_ *s = &c->segment[ct_cc_segment_of_(c, hash)];

        if (!ct_mutex_try_lock(&s->lock))
                return;
#ifndef CT_PLANT_concurrent_moves_unlinked
        if (ct_cc_before_(e)->linked)
#endif
                ct_policy_touch_(&s->policy, &ct_cc_before_(e)->node);
        ct_mutex_unlock(&s->lock);
}

void ct_cc_expel_(struct ct_concurrent_cache *c, const struct ct_cc_key_ *k)
{
        struct change h = change_of(c, ct_cc_segment_of_(c, k->hash));
        struct ct_cc_entry_ *e;

        if (!ct_mutex_try_lock(&h.s->lock))
                return;
        e = ct_cc_lookup_(c, k->hash, k->bytes, k->size);
        if (e)
                (void)expire_entry(&h, &c->time, e, k->hash);
        leave(&h);
}

void ct_cc_unpin_(struct ct_concurrent_cache *c, struct ct_cc_entry_ *e)
{
        ct_cc_entry_drop_(&c->segment[ct_cc_segment_of_(c, hash_of(c, e))].cells, e);
}
