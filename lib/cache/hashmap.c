#include "cache/hashmap.h"

#include <errno.h>
#include <stdlib.h>

/*
 * Invariants, between calls:
 *   an entry with hash h stands in bucket[h & mask] and nowhere else;
 *   no two entries have equal keys;
 *   n and bytes count exactly the entries that the buckets hold.
 */

enum { MIN_BUCKETS = 8 };

int ct_hashmap_init(struct ct_hashmap *m, uint64_t seed, size_t expected)
{
        size_t buckets = MIN_BUCKETS;

        while (buckets < expected && buckets <= SIZE_MAX / 2)
                buckets *= 2;
        *m = (struct ct_hashmap){.mask = buckets - 1, .seed = seed};
        m->bucket = calloc(buckets, sizeof(struct ct_hashmap_entry *));
        return m->bucket ? 0 : -ENOMEM;
}

void ct_hashmap_clear(struct ct_hashmap *m)
{
        for (size_t i = 0; m->n && i <= m->mask; i++) {
                while (m->bucket[i]) {
                        struct ct_hashmap_entry *e = m->bucket[i];

                        m->bucket[i] = e->next;
                        free(e);
                        m->n--;
                }
        }
        m->bytes = 0;
}

void ct_hashmap_destroy(struct ct_hashmap *m)
{
        ct_hashmap_clear(m);
        free(m->bucket);
        m->bucket = NULL;
}

/* The pointer that leads to the key's entry, or the NULL at the end of its bucket. */
static struct ct_hashmap_entry **link_to(const struct ct_hashmap *m, uint64_t hash, const void *key,
                                         size_t size)
{
        struct ct_hashmap_entry **at = &m->bucket[hash & m->mask];

        while (*at && ((*at)->hash != hash || (*at)->key_size != size ||
                       (size && memcmp(ct_hashmap_key(*at), key, size) != 0)))
                at = &(*at)->next;
        return at;
}

static struct ct_hashmap_entry *make_entry(uint64_t hash, const void *key, size_t key_size,
                                           const void *value, size_t value_size)
{
        size_t room = (value_size + 7) / 8 * 8;
        struct ct_hashmap_entry *e = malloc(sizeof *e + room + key_size);

        if (!e)
                return NULL;
        *e = (struct ct_hashmap_entry){.hash = hash,
                                       .key_size = (uint32_t)key_size,
                                       .value_size = (uint32_t)value_size,
                                       .value_room = room};
        if (value_size)
                memcpy(e->bytes, value, value_size);
        if (key_size)
                memcpy((char *)e->bytes + room, key, key_size);
        return e;
}

static int grow(struct ct_hashmap *m)
{
        size_t buckets = (m->mask + 1) * 2;
        struct ct_hashmap_entry **bucket = calloc(buckets, sizeof(struct ct_hashmap_entry *));

        if (!bucket)
                return -ENOMEM;
        for (size_t i = 0; i <= m->mask; i++) {
                while (m->bucket[i]) {
                        struct ct_hashmap_entry *e = m->bucket[i];
#ifdef CT_PLANT_cache_growth_other_bits
                        size_t to = (e->hash >> 1) & (buckets - 1);
#else
                        size_t to = e->hash & (buckets - 1);
#endif

                        m->bucket[i] = e->next;
                        e->next = bucket[to];
                        bucket[to] = e;
                }
        }
        free(m->bucket);
        m->bucket = bucket;
        m->mask = buckets - 1;
        return 0;
}

static void replace(struct ct_hashmap *m, struct ct_hashmap_entry **at, struct ct_hashmap_entry *e)
{
        struct ct_hashmap_entry *old = *at;

        m->bytes += (size_t)e->value_size - old->value_size;
        e->next = old->next;
        *at = e;
        free(old);
}

static int insert(struct ct_hashmap *m, struct ct_hashmap_entry *e)
{
        /* Growth comes before the entry is linked: if it fails, nothing has happened. */
        if (m->n > m->mask && grow(m))
                return -ENOMEM;
        e->next = m->bucket[e->hash & m->mask];
        m->bucket[e->hash & m->mask] = e;
        m->n++;
        m->bytes += (size_t)e->key_size + e->value_size;
        return 0;
}

int ct_hashmap_put(struct ct_hashmap *m, uint64_t hash, const void *key, size_t key_size,
                   const void *value, size_t value_size)
{
        struct ct_hashmap_entry **at, *e;

        if (key_size > UINT32_MAX || value_size > UINT32_MAX)
                return -E2BIG;
        at = link_to(m, hash, key, key_size);
        e = *at;
        if (e && value_size <= e->value_room) {
                m->bytes += value_size - e->value_size;
                if (value_size)
                        memcpy(e->bytes, value, value_size);
                e->value_size = (uint32_t)value_size;
                return 0;
        }
        e = make_entry(hash, key, key_size, value, value_size);
        if (!e)
                return -ENOMEM;
        if (*at) {
                replace(m, at, e);
                return 0;
        }
        if (insert(m, e)) {
                free(e);
                return -ENOMEM;
        }
        return 0;
}

bool ct_hashmap_remove(struct ct_hashmap *m, uint64_t hash, const void *key, size_t size)
{
        struct ct_hashmap_entry **at = link_to(m, hash, key, size), *e = *at;

        if (!e)
                return false;
#ifdef CT_PLANT_cache_delete_leaves_entry
        if (e->next)
                return true;
#endif
        *at = e->next;
        m->n--;
        m->bytes -= (size_t)e->key_size + e->value_size;
        free(e);
        return true;
}

struct ct_hashmap_entry *ct_hashmap_next(const struct ct_hashmap *m, struct ct_hashmap_walk *w)
{
        if (w->entry)
                w->entry = w->entry->next;
        while (!w->entry && w->bucket <= m->mask)
                w->entry = m->bucket[w->bucket++];
        return w->entry;
}
