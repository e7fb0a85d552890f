/*
 * ct_map's writers, and how it grows. map.c explains both.
 */
#include "sync/map.h"

#include "sync/map_table.h"

#include <errno.h>
#include <stdlib.h>

#ifdef CT_SIM
enum { LARGE_LOG2 = 0 };
#else
enum { LARGE_LOG2 = 10 }; /* from this size on tables grow by doubling, before that fourfold */
#endif

typedef struct ct_map_node_ node_t;
typedef struct ct_map_key_ lookup_t;

static uint64_t hash_of(const struct ct_map *m, const node_t *n)
{
        return m->kind == CT_MAP_U64 ? ct_hash_u64(n->id, m->seed) : n->id;
}

/* ---- growing ---- */

/* Whether the shard should grow, by the caller then. With the guard. */
static bool wants_to_grow(struct ct_map *m, unsigned shard)
{
        struct ct_map_shard_ *s = &m->shard[shard];
        uint64_t t = ct_load_u64_relaxed(&m->table[shard]);

        if (s->growing || ct_load_u64_relaxed(&s->count) <= ct_map_buckets_(t) || ct_reading_here())
                return false;
        s->growing = true;
        return true;
}

/* Threads all entries into the new table as well. */
static void thread_all(const struct ct_map *m, uint64_t from, uint64_t to)
{
        for (size_t b = 0; b < ct_map_buckets_(from); b++) {
                node_t *n = ct_load_ptr_relaxed(ct_map_bucket_(from, b)), *next;

                for (; n; n = next) {
                        ct_atomic_ptr *head = ct_map_bucket_(to, hash_of(m, n));

                        next = ct_load_ptr_relaxed(&n->next[ct_map_odd_(from)]);
#ifdef CT_PLANT_map_growth_loses_a_key
                        if (!next && b == ct_map_buckets_(from) - 1)
                                return;
#endif
                        /* relaxed: nobody reads these before the new table's word is out */
                        ct_store_ptr_relaxed(&n->next[ct_map_odd_(to)], ct_load_ptr_relaxed(head));
                        ct_store_ptr_relaxed(head, n);
                }
        }
}

static void grow(struct ct_map *m, unsigned shard)
{
        struct ct_map_shard_ *s = &m->shard[shard];
        uint64_t from = ct_load_u64_relaxed(&m->table[shard]); /* only the grower changes it */
        unsigned log2 = (unsigned)(from & CT_MAP_LOG2_);
        uint64_t to = ct_map_table_new_(log2 + (log2 < LARGE_LOG2 ? 2 : 1), !ct_map_odd_(from));

        /* Nobody may still be following the links of the table before `from`. */
#ifndef CT_PLANT_map_growth_skips_grace
        if (to && s->grown)
                ct_synchronize();
#endif
#ifdef CT_PLANT_map_growth_outside_guard
        thread_all(m, from, to);
#endif
        ct_guard_lock(&s->guard);
        if (to) {
#ifndef CT_PLANT_map_growth_outside_guard
                thread_all(m, from, to);
#endif
                ct_store_u64_release(&m->table[shard], to); /* pairs with the readers' acquires */
                s->grown = true;
        }
        s->growing = false;
        ct_guard_unlock(&s->guard);
        if (to)
                ct_map_table_retire_(from);
}

/* ---- writers ---- */

static node_t *make_node(const lookup_t *k, uint64_t value)
{
        node_t *n;

        n = malloc(k->bytes ? sizeof *n + k->len : CT_MAP_U64_NODE_BYTES);
        if (!n)
                return NULL;
        ct_store_u64_relaxed(&n->value, value);
        n->id = k->id;
        if (k->bytes) {
                n->len = k->len;
                memcpy(n->bytes, k->bytes, k->len);
        }
        return n;
}

static void free_node(struct ct_retired *r)
{
        free((char *)r - offsetof(node_t, retired));
}

/* What a writer found under the guard of its key's shard. */
struct found {
        struct ct_map_shard_ *shard;
        uint64_t table;
        unsigned index;
        ct_atomic_ptr *link; /* to node, or the chain's last when there is none */
        node_t *node;
};

static struct found lock_and_find(struct ct_map *m, const lookup_t *k)
{
        struct found f = {.index = ct_map_shard_of_(k->hash)};

        f.shard = &m->shard[f.index];
        ct_guard_lock(&f.shard->guard);
        f.table = ct_load_u64_relaxed(&m->table[f.index]);
        f.link = ct_map_bucket_(f.table, k->hash);
        while ((f.node = ct_load_ptr_relaxed(f.link)) && !ct_map_is_(f.node, k))
                f.link = &f.node->next[ct_map_odd_(f.table)];
        return f;
}

static void unlock(const struct found *f)
{
        ct_guard_unlock(&f->shard->guard);
}

/* Adds the entry and opens the guard. */
static void add_and_unlock(struct ct_map *m, const struct found *f, const lookup_t *k, node_t *n)
{
        ct_atomic_ptr *head = ct_map_bucket_(f->table, k->hash);
        uint64_t count = ct_load_u64_relaxed(&f->shard->count);
        bool grows;

        ct_store_ptr_relaxed(&n->next[ct_map_odd_(f->table)], ct_load_ptr_relaxed(head));
        ct_store_ptr_release(head, n); /* pairs with the readers' acquires */
        ct_store_u64_relaxed(&f->shard->count, count + 1);
        grows = wants_to_grow(m, f->index);
        unlock(f);
        if (grows)
                grow(m, f->index);
}

/* Takes the entry out, opens the guard and retires the entry. */
static void remove_and_unlock(const struct found *f)
{
        unsigned odd = ct_map_odd_(f->table);
        uint64_t count = ct_load_u64_relaxed(&f->shard->count);

        /* release: what the next entry's add published stays published through this link */
        ct_store_ptr_release(f->link, ct_load_ptr_relaxed(&f->node->next[odd]));
#ifdef CT_PLANT_map_delete_cuts_the_chain
        ct_store_ptr_relaxed(&f->node->next[odd], NULL);
#endif
        ct_store_u64_relaxed(&f->shard->count, count - 1);
        unlock(f);
#ifdef CT_PLANT_map_entry_freed_at_once
        free_node(&f->node->retired);
#else
        ct_retire(&f->node->retired, free_node);
#endif
}

/* 1: the key was there, *seen is its value from before; 0: added; -ENOMEM. */
static int put(struct ct_map *m, const lookup_t *k, uint64_t value, bool replace, uint64_t *seen)
{
        node_t *fresh = NULL;

        for (;;) {
                struct found f = lock_and_find(m, k);

#ifdef CT_PLANT_map_adds_without_second_look
                if (fresh)
                        f.node = NULL;
#endif
                if (f.node) {
                        *seen = ct_load_u64_relaxed(&f.node->value);
                        if (replace)
                                ct_store_u64_release(&f.node->value, value); /* pairs with load */
                        unlock(&f);
                        free(fresh);
                        return 1;
                }
                if (fresh) {
                        add_and_unlock(m, &f, k, fresh);
                        return 0;
                }
                unlock(&f);
                fresh = make_node(k, value);
                if (!fresh)
                        return -ENOMEM;
        }
}

static int store(struct ct_map *m, const lookup_t *k, uint64_t value, uint64_t *old)
{
        uint64_t seen;
        int r = put(m, k, value, true, &seen);

        if (r == 1 && old)
                *old = seen;
        return r;
}

static int load_or_store(struct ct_map *m, const lookup_t *k, uint64_t value, uint64_t *actual)
{
        int r;

        if (ct_map_find_(m, k, actual))
                return 1;
        r = put(m, k, value, false, actual);
        if (r == 0)
                *actual = value;
        return r;
}

static bool take_out(struct ct_map *m, const lookup_t *k, const uint64_t *only, uint64_t *old)
{
        struct found f = lock_and_find(m, k);
        uint64_t value;

        if (!f.node) {
                unlock(&f);
                return false;
        }
        value = ct_load_u64_relaxed(&f.node->value);
        if (only && value != *only) {
                unlock(&f);
                return false;
        }
        remove_and_unlock(&f);
        if (old)
                *old = value;
        return true;
}

static bool swap(struct ct_map *m, const lookup_t *k, uint64_t old, uint64_t value)
{
        struct found f = lock_and_find(m, k);
        bool same = f.node && ct_load_u64_relaxed(&f.node->value) == old;

        if (same)
                ct_store_u64_release(&f.node->value, value); /* pairs with load */
        unlock(&f);
        return same;
}

/* ---- the two kinds of keys ---- */

int ct_map_store(struct ct_map *m, uint64_t key, uint64_t value, uint64_t *old)
{
        lookup_t k = ct_map_number_(m, key);

        return store(m, &k, value, old);
}

int ct_map_store_bytes(struct ct_map *m, const void *key, size_t len, uint64_t value, uint64_t *old)
{
        lookup_t k = ct_map_string_(m, key, len);

        return store(m, &k, value, old);
}

int ct_map_load_or_store(struct ct_map *m, uint64_t key, uint64_t value, uint64_t *actual)
{
        lookup_t k = ct_map_number_(m, key);

        return load_or_store(m, &k, value, actual);
}

int ct_map_load_or_store_bytes(struct ct_map *m, const void *key, size_t len, uint64_t value,
                               uint64_t *actual)
{
        lookup_t k = ct_map_string_(m, key, len);

        return load_or_store(m, &k, value, actual);
}

bool ct_map_delete(struct ct_map *m, uint64_t key, uint64_t *old)
{
        lookup_t k = ct_map_number_(m, key);

        return take_out(m, &k, NULL, old);
}

bool ct_map_delete_bytes(struct ct_map *m, const void *key, size_t len, uint64_t *old)
{
        lookup_t k = ct_map_string_(m, key, len);

        return take_out(m, &k, NULL, old);
}

bool ct_map_compare_and_swap(struct ct_map *m, uint64_t key, uint64_t old, uint64_t value)
{
        lookup_t k = ct_map_number_(m, key);

        return swap(m, &k, old, value);
}

bool ct_map_compare_and_swap_bytes(struct ct_map *m, const void *key, size_t len, uint64_t old,
                                   uint64_t value)
{
        lookup_t k = ct_map_string_(m, key, len);

        return swap(m, &k, old, value);
}

bool ct_map_compare_and_delete(struct ct_map *m, uint64_t key, uint64_t old)
{
        lookup_t k = ct_map_number_(m, key);

        return take_out(m, &k, &old, NULL);
}

bool ct_map_compare_and_delete_bytes(struct ct_map *m, const void *key, size_t len, uint64_t old)
{
        lookup_t k = ct_map_string_(m, key, len);

        return take_out(m, &k, &old, NULL);
}
