#include <glib.h>

#include "cache/workload.h"

#include "peers/peer.h"

/* Key and value in one piece, which the table frees. */
struct entry {
        struct cache_key key;
        unsigned char value[];
};

struct table {
        CT_ALIGN_PAIR GMutex lock;
        CT_ALIGN_PAIR GHashTable *entries;
};

static int table_init(struct table *t, const struct cache_setup *s)
{
        (void)s;
        g_mutex_init(&t->lock);
        t->entries = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free);
        return 0;
}

static void table_destroy(struct table *t)
{
        g_hash_table_destroy(t->entries);
        g_mutex_clear(&t->lock);
}

static inline int table_get(struct table *t, const struct cache_key *key, cache_draw draw,
                            void *out, size_t bytes)
{
        struct entry *found;

        (void)draw;
        g_mutex_lock(&t->lock);
        found = g_hash_table_lookup(t->entries, key->text);
        if (found)
                memcpy(out, found->value, bytes);
        g_mutex_unlock(&t->lock);
        return found != NULL;
}

static inline int table_set(struct table *t, const struct cache_key *key, cache_draw draw,
                            const void *from, size_t bytes)
{
        struct entry *e;

        (void)draw;
        g_mutex_lock(&t->lock);
        e = g_hash_table_lookup(t->entries, key->text);
        if (!e) {
                e = malloc(sizeof *e + bytes);
                if (!e) {
                        g_mutex_unlock(&t->lock);
                        return -ENOMEM;
                }
                e->key = *key;
                g_hash_table_insert(t->entries, e->key.text, e);
        }
        memcpy(e->value, from, bytes);
        g_mutex_unlock(&t->lock);
        return 0;
}

#define CONTESTANT cache_glib_hash
#define NAME "glib:GHashTable"
#define SOURCE "GLib " PEER_VERSION_glib " GHashTable under a GMutex"
#define CAPS (CAP_BASELINE | CAP_THREADS_ONLY | CAP_PARKS)
#define HASH "glib_str_hash"
#include "cache/kept.h"
