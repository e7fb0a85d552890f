/*
 * The table: an open one, of words. A slot is the address of an entry and 16 bits of its hash. An
 * entry stands at the slot that the hash's low bits name, its home, or in the first free one after
 * it.
 *
 * Invariants, whenever the owner's lock is free:
 *      every entry is in the table once, and in the policy;
 *      between an entry's home and its slot no slot is free: a search may stop at a free one;
 *      at least one slot is free: a search ends.
 *
 * The tempting wrong version deletes by freeing the slot: what stands behind it with a home at or
 * before it is not found any more. So those that may are moved up, see unplace.
 *
 * Three layouts were tried, with 90,000 keys of 10 bytes in 256 stores, on Zen 4. A find without a
 * lock: this one 40 ns, chains through the entries (hashmap.c) 42, groups of seven slots with all
 * tags compared at once and a count of those that passed (F14) 60: at the same memory a find looks
 * at two groups as often as at one, and comparing eight tags costs more instructions than the two
 * slots of an average search. Whole gets and sets, nine to one, at 1 and 2 threads: this one 55 and
 * 29 ns, groups 66 and 39. Chains need a pointer in each entry, which makes a small one a block of
 * 64 bytes instead of 48.
 *
 * Source: linear probing with deletion, Knuth, TAOCP volume 3, 6.4, algorithms L and R; own code.
 */
#include "cache/store.h"

#include "base/hash.h"

#include <stdlib.h>

enum { MIN_LOG2 = 3, MAX_LOG2 = 59 }; /* of the slots; more than the most: no memory */

static bool bounded(const struct ct_store_ *s)
{
        return s->policy.kind != CT_CACHE_KEEP;
}

/* An entry without a node does not keep its hash: only a growing table needs it. */
static uint64_t hash_of(const struct ct_store_ *s, const struct ct_cache_entry_ *e)
{
        return bounded(s) ? ct_entry_node_(e)->hash
                          : ct_hash(ct_entry_key_(e), e->key_size, s->seed);
}

/* ---- the table ---- */

/* Entries before the table grows: three quarters. */
static size_t fits(unsigned log2)
{
        return ((size_t)1 << log2) / 4 * 3;
}

/* 0 without memory. */
static uint64_t table_new(unsigned log2)
{
        size_t bytes = sizeof(uint64_t) << log2;
        void *slots = log2 > MAX_LOG2 ? NULL : aligned_alloc(CT_STORE_ALIGN_, bytes);

        if (!slots)
                return 0;
        memset(slots, 0, bytes);
        return (uintptr_t)slots | log2;
}

static void table_use(struct ct_store_ *s, uint64_t table)
{
        ct_store_u64_relaxed(&s->table, table);
        s->fits = fits((unsigned)(table & CT_STORE_LOG2_));
}

static void place(uint64_t table, uint64_t hash, struct ct_cache_entry_ *e)
{
        uint64_t *slots = ct_store_slots_(table);
        size_t mask = ct_store_mask_(table), at = hash & mask;

        while (slots[at])
                at = (at + 1) & mask;
        slots[at] = hash >> CT_STORE_TAG_ << CT_STORE_TAG_ | (uintptr_t)e;
}

/* Where an entry that is there stands, by its address. */
static size_t slot_of(uint64_t table, uint64_t hash, const struct ct_cache_entry_ *e)
{
        const uint64_t *slots = ct_store_slots_(table);
        size_t mask = ct_store_mask_(table), at = hash & mask;

        while (ct_store_entry_(slots[at]) != e)
                at = (at + 1) & mask;
        return at;
}

/* The hole moves down as long as somebody behind it may move up: to a slot not before its home. */
static void unplace(struct ct_store_ *s, uint64_t hash, struct ct_cache_entry_ *e)
{
        uint64_t table = ct_load_u64_relaxed(&s->table), *slots = ct_store_slots_(table);
        size_t mask = ct_store_mask_(table), hole = slot_of(table, hash, e);

#ifdef CT_PLANT_cache_store_hole_left
        slots[hole] = 0;
        return;
#endif
        for (size_t at = (hole + 1) & mask; slots[at]; at = (at + 1) & mask) {
                size_t home = hash_of(s, ct_store_entry_(slots[at])) & mask;

                if (((at - home) & mask) >= ((at - hole) & mask)) {
                        slots[hole] = slots[at];
                        hole = at;
                }
        }
        slots[hole] = 0;
}

/* Calls visit for every entry. It may remove that one, and is then called for the one that has
   moved into its place; some that were visited at the table's start may be visited again at its
   end. */
static void each(const struct ct_store_ *s, bool (*visit)(void *context, struct ct_cache_entry_ *e),
                 void *context)
{
        uint64_t table = ct_load_u64_relaxed(&s->table);
        const uint64_t *slots = ct_store_slots_(table);

        for (size_t at = 0; at <= ct_store_mask_(table); at++)
                while (slots[at] && visit(context, ct_store_entry_(slots[at])))
                        ;
}

struct growth {
        const struct ct_store_ *store;
        uint64_t table;
};

static bool place_again(void *context, struct ct_cache_entry_ *e)
{
        struct growth *g = context;

        place(g->table, hash_of(g->store, e), e);
        return false;
}

/* Room in the table for one more. Where it cannot grow, it fills up. */
static int reserve(struct ct_store_ *s)
{
        uint64_t old = ct_load_u64_relaxed(&s->table);
        struct growth grown = {.store = s};

        if (s->policy.entries < s->fits || s->policy.entries >= s->policy.max_entries)
                return 0;
        grown.table = table_new((unsigned)(old & CT_STORE_LOG2_) + 1);
        if (!grown.table)
                return s->policy.entries < ct_store_mask_(old) ? 0 : -ENOMEM;
        each(s, place_again, &grown);
        table_use(s, grown.table);
        free(ct_store_slots_(old));
        return 0;
}

int ct_store_init_(struct ct_store_ *s, uint64_t seed, enum ct_cache_policy policy,
                   size_t max_entries, size_t max_bytes, size_t expected)
{
        unsigned log2 = MIN_LOG2;
        uint64_t table;
        int rc;

        while (log2 <= MAX_LOG2 && fits(log2) < expected)
                log2++;
        *s = (struct ct_store_){.seed = seed};
        rc = ct_policy_init_(&s->policy, policy, max_entries, max_bytes);
        if (rc)
                return rc;
        table = table_new(log2);
        if (!table) {
                ct_policy_fini_(&s->policy);
                return -ENOMEM;
        }
        table_use(s, table);
        return 0;
}

static bool collect(void *garbage, struct ct_cache_entry_ *e)
{
        ct_garbage_add_(garbage, e);
        return false;
}

void ct_store_fini_(struct ct_store_ *s)
{
        struct ct_cache_garbage_ garbage = {0};

        each(s, collect, &garbage);
        ct_garbage_free_(&garbage);
        ct_policy_fini_(&s->policy);
        free(ct_store_slots_(ct_load_u64_relaxed(&s->table)));
}

/* ---- entries come and go ---- */

/* The policy has let go of it. */
static void evict(struct ct_store_ *s, const struct ct_cache_time_ *t,
                  struct ct_cache_node_ *victim, struct ct_cache_garbage_ *garbage)
{
        struct ct_cache_entry_ *e = ct_entry_of_(victim);

        unplace(s, victim->hash, e);
        if (ct_cache_expired_(t, e->expires))
                s->expired++;
        else
                s->evicted++;
        ct_garbage_add_(garbage, e);
}

bool ct_store_overwrite_(struct ct_store_ *s, const struct ct_cache_time_ *t, uint64_t hash,
                         const void *key, size_t key_size, const void *value, size_t value_size,
                         int64_t expires)
{
        struct ct_cache_entry_ *e = ct_store_find_(s, hash, key, key_size);

        if (!e || e->value_size != value_size || !ct_entry_unpinned_(e))
                return false;
        if (ct_cache_expired_(t, e->expires))
                s->expired++;
        e->expires = expires;
        ct_cache_copy_(ct_entry_value_(e), value, value_size);
        if (bounded(s))
                ct_policy_touch_(&s->policy, ct_entry_node_(e));
        return true;
}

static void replace(struct ct_store_ *s, const struct ct_cache_time_ *t, uint64_t hash,
                    struct ct_cache_entry_ *was, struct ct_cache_entry_ *now,
                    struct ct_cache_garbage_ *garbage)
{
        struct ct_cache_node_ *victim, *node = ct_entry_node_(was);
        uint64_t table = ct_load_u64_relaxed(&s->table), *slot;

        while (bounded(s) &&
               (victim = ct_policy_victim_for_(&s->policy, node, ct_entry_charge_(now))))
                evict(s, t, victim, garbage);
        slot = &ct_store_slots_(table)[slot_of(table, hash, was)];
        *slot = *slot - (uintptr_t)was + (uintptr_t)now; /* the hash and so the tag are the same */
        if (bounded(s))
                ct_policy_replace_(&s->policy, node, ct_entry_node_(now));
        else
                s->policy.bytes += ct_entry_charge_(now) - ct_entry_charge_(was);
        if (ct_cache_expired_(t, was->expires))
                s->expired++;
        ct_garbage_add_(garbage, was);
}

int ct_store_put_(struct ct_store_ *s, const struct ct_cache_time_ *t, uint64_t hash,
                  struct ct_cache_entry_ *e, struct ct_cache_garbage_ *garbage)
{
        struct ct_cache_entry_ *was = ct_store_find_(s, hash, ct_entry_key_(e), e->key_size);
        struct ct_cache_node_ *victim;

        if (was) {
                replace(s, t, hash, was, e, garbage);
                return 0;
        }
        if (reserve(s)) /* before anything has happened */
                return -ENOMEM;
#ifdef CT_PLANT_cache_store_evicts_once
        if (bounded(s) && (victim = ct_policy_victim_(&s->policy, ct_entry_charge_(e))))
#else
        while (bounded(s) && (victim = ct_policy_victim_(&s->policy, ct_entry_charge_(e))))
#endif
                evict(s, t, victim, garbage);
        place(ct_load_u64_relaxed(&s->table), hash, e);
        if (bounded(s)) {
                ct_policy_insert_(&s->policy, ct_entry_node_(e));
        } else {
                s->policy.entries++;
                s->policy.bytes += ct_entry_charge_(e);
        }
        return 0;
}

static void take_out(struct ct_store_ *s, uint64_t hash, struct ct_cache_entry_ *e,
                     struct ct_cache_garbage_ *garbage)
{
        unplace(s, hash, e);
        if (bounded(s)) {
                ct_policy_remove_(&s->policy, ct_entry_node_(e));
        } else {
                s->policy.entries--;
                s->policy.bytes -= ct_entry_charge_(e);
        }
        ct_garbage_add_(garbage, e);
}

bool ct_store_delete_(struct ct_store_ *s, const struct ct_cache_time_ *t, uint64_t hash,
                      const void *key, size_t key_size, struct ct_cache_garbage_ *garbage)
{
        struct ct_cache_entry_ *e = ct_store_find_(s, hash, key, key_size);
        bool expired;

        if (!e)
                return false;
        expired = ct_cache_expired_(t, e->expires);
        s->expired += expired;
        take_out(s, hash, e, garbage);
        return !expired;
}

void ct_store_clear_(struct ct_store_ *s, struct ct_cache_garbage_ *garbage)
{
        uint64_t table = ct_load_u64_relaxed(&s->table);

        each(s, collect, garbage);
        memset(ct_store_slots_(table), 0, (ct_store_mask_(table) + 1) * sizeof(uint64_t));
        ct_policy_clear_(&s->policy);
}

/* ---- all of them ---- */

/* One moment for all entries, asked for when the first with a TTL is met. */
struct moment {
        const struct ct_cache_time_ *time;
        int64_t now;
        bool asked;
};

static bool expired_then(const struct ct_cache_entry_ *e, struct moment *m)
{
        if (e->expires == CT_CACHE_NEVER_)
                return false;
        if (!m->asked)
                m->now = ct_cache_now_(m->time);
        m->asked = true;
        return m->now >= e->expires;
}

struct expiry {
        struct ct_store_ *store;
        struct moment moment;
        size_t n;
        struct ct_cache_garbage_ *garbage;
};

static bool expire_one(void *context, struct ct_cache_entry_ *e)
{
        struct expiry *x = context;

        if (!expired_then(e, &x->moment))
                return false;
        take_out(x->store, hash_of(x->store, e), e, x->garbage);
        x->n++;
        return true;
}

size_t ct_store_expire_(struct ct_store_ *s, const struct ct_cache_time_ *t,
                        struct ct_cache_garbage_ *garbage)
{
        struct expiry x = {.store = s, .moment.time = t, .garbage = garbage};

        each(s, expire_one, &x);
        s->expired += x.n;
        return x.n;
}

struct copying {
        struct ct_snapshot *out;
        struct moment moment;
};

static bool copy_one(void *context, struct ct_cache_entry_ *e)
{
        struct copying *c = context;

        if (!expired_then(e, &c->moment))
                ct_snapshot_add_(c->out, ct_entry_key_(e), e->key_size, ct_entry_value_(e),
                                 e->value_size);
        return false;
}

int ct_store_append_(const struct ct_store_ *s, const struct ct_cache_time_ *t,
                     struct ct_snapshot *out)
{
        const struct ct_policy_ *p = &s->policy;
        struct copying c = {.out = out, .moment.time = t};

        if (ct_snapshot_room_(out, p->entries, p->bytes - p->entries * CT_CACHE_ENTRY_BYTES))
                return -ENOMEM;
        each(s, copy_one, &c);
        return 0;
}

void ct_store_add_stats_(const struct ct_store_ *s, struct ct_cache_stats *out)
{
        out->entries += s->policy.entries;
        out->bytes += s->policy.bytes;
        out->evicted += s->evicted;
        out->expired += s->expired;
}
