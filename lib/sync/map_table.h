/* Inside of ct_map: entries, and the tables that hold them. Not for users; map.c explains. */
#ifndef CT_SYNC_MAP_TABLE_H
#define CT_SYNC_MAP_TABLE_H

#include "base/hash.h"
#include "sync/map.h"
#include "sync/reclaim.h"

#include <string.h>

struct ct_map_node_ {
        ct_atomic_ptr next[2]; /* in tables of even and odd generation */
        ct_atomic_u64 value;
        uint64_t id; /* the key, or the hash of the key's bytes */
        struct ct_retired retired;
        /* CT_MAP_BYTES only */
        size_t len;
        unsigned char bytes[];
};

#define CT_MAP_U64_NODE_BYTES offsetof(struct ct_map_node_, len)

struct ct_map_key_ {
        uint64_t hash, id;
        const void *bytes; /* NULL: a number */
        size_t len;
};

/* A table is an array of buckets, each the head of a chain. Its word has everything a reader needs:
   the array's address, the generation's parity and the number of buckets. */
enum {
        CT_MAP_LOG2_ = 31,       /* of the number of buckets */
        CT_MAP_ODD_ = 32,        /* generation */
        CT_MAP_TABLE_ALIGN_ = 64 /* leaves that many bits free */
};

/* The word of a new, empty table; 0 without memory. */
uint64_t ct_map_table_new_(unsigned log2, unsigned odd);
void ct_map_table_free_(uint64_t table);   /* nobody has seen it, or nobody is left */
void ct_map_table_retire_(uint64_t table); /* readers may be in it */

static inline size_t ct_map_buckets_(uint64_t table)
{
        return (size_t)1 << (table & CT_MAP_LOG2_);
}

static inline unsigned ct_map_odd_(uint64_t table)
{
        return table & CT_MAP_ODD_ ? 1 : 0;
}

static inline ct_atomic_ptr *ct_map_bucket_(uint64_t table, uint64_t hash)
{
        ct_atomic_ptr *array =
                (ct_atomic_ptr *)(uintptr_t)(table & ~(uint64_t)(CT_MAP_TABLE_ALIGN_ - 1));

        return &array[hash & (ct_map_buckets_(table) - 1)];
}

/* The bucket comes from the hash's low bits, the shard from its high ones. */
static inline unsigned ct_map_shard_of_(uint64_t hash)
{
        return (unsigned)(hash >> 32) % CT_MAP_SHARDS;
}

static inline bool ct_map_is_(const struct ct_map_node_ *n, const struct ct_map_key_ *k)
{
        return n->id == k->id &&
               (!k->bytes || (n->len == k->len && !memcmp(n->bytes, k->bytes, k->len)));
}

/* ---- keys ---- */

_Noreturn void ct_map_kind_panic_(const struct ct_map *m);

static inline struct ct_map_key_ ct_map_number_(const struct ct_map *m, uint64_t key)
{
        if (__builtin_expect(m->kind != CT_MAP_U64, 0))
                ct_map_kind_panic_(m);
        return (struct ct_map_key_){.hash = ct_hash_u64(key, m->seed), .id = key};
}

static inline struct ct_map_key_ ct_map_string_(const struct ct_map *m, const void *key, size_t len)
{
        uint64_t hash;

        if (__builtin_expect(m->kind != CT_MAP_BYTES, 0))
                ct_map_kind_panic_(m);
        hash = ct_hash(key, len, m->seed);
        return (struct ct_map_key_){.hash = hash, .id = hash, .bytes = key ? key : "", .len = len};
}

/* Whatever the others do; no lock. */
bool ct_map_find_(const struct ct_map *m, const struct ct_map_key_ *k, uint64_t *value);

#endif
