/*
 * Concurrency Kit's hash table over bytes, which one may change while others read. It maps to
 * pointers: to a struct entry with the key and the value. Its default hash is MurmurHash64A.
 */
#include <ck_ht.h>
#include <ck_spinlock.h>

#include "cache/workload.h"

#include "peers/peer.h"

struct entry {
        ENTRY_HEAD
        struct cache_key key;
        unsigned char value[];
};

static inline struct entry *find(ck_ht_t *ht, const struct cache_key *key)
{
        ck_ht_entry_t at;
        ck_ht_hash_t hash;

        ck_ht_hash(&hash, ht, key->text, key->size);
        ck_ht_entry_key_set(&at, key->text, key->size);
        return ck_ht_get_spmc(ht, hash, &at) ? ck_ht_entry_value(&at) : NULL;
}

/* By the one who may change it. *old: the entry that was there before. */
static inline bool put(ck_ht_t *ht, struct entry *e, struct entry **old)
{
        ck_ht_entry_t at;
        ck_ht_hash_t hash;

        ck_ht_hash(&hash, ht, e->key.text, e->key.size);
        ck_ht_entry_set(&at, hash, e->key.text, e->key.size, e);
        if (!ck_ht_set_spmc(ht, hash, &at))
                return false;
        *old = ck_ht_entry_empty(&at) ? NULL : ck_ht_entry_value(&at);
        return true;
}

static struct entry *entry_of(const struct cache_key *key, const void *from, size_t bytes)
{
        struct entry *e = malloc(sizeof *e + bytes);

        if (!e)
                return NULL;
        e->key = *key;
        memcpy(e->value, from, bytes);
        return e;
}

static int ht_init(ck_ht_t *ht, struct ck_malloc *memory, size_t expected)
{
        size_t slots = 1;

        while (slots < 2 * expected) /* its users leave half of them free */
                slots *= 2;
        return ck_ht_init(ht, CK_HT_MODE_BYTESTRING, NULL, memory, slots, 1) ? 0 : -ENOMEM;
}

static void ht_destroy(ck_ht_t *ht)
{
        ck_ht_iterator_t at = CK_HT_ITERATOR_INITIALIZER;
        ck_ht_entry_t *found;

        while (ck_ht_next(ht, &at, &found))
                free(ck_ht_entry_value(found));
        ck_ht_destroy(ht);
}

#define HASH "ck_murmur"
