/* All under one spin lock, readers too, so values are changed in place and nothing waits to be
   freed. */
#define ENTRY_HEAD
#include "peers/cache/ck_table.h"

struct table {
        CT_ALIGN_PAIR ck_spinlock_fas_t lock;
        CT_ALIGN_PAIR ck_ht_t ht;
};

static void *ht_malloc(size_t size)
{
        return malloc(size);
}

static void ht_free(void *memory, size_t size, bool in_use)
{
        (void)size;
        (void)in_use;
        free(memory);
}

static struct ck_malloc memory = {.malloc = ht_malloc, .free = ht_free};

static int table_init(struct table *t, const struct cache_setup *s)
{
        ck_spinlock_fas_init(&t->lock);
        return ht_init(&t->ht, &memory, s->expected);
}

static void table_destroy(struct table *t)
{
        ht_destroy(&t->ht);
}

static inline int table_get(struct table *t, const struct cache_key *key, cache_draw draw,
                            void *out, size_t bytes)
{
        struct entry *e;

        (void)draw;
        ck_spinlock_fas_lock(&t->lock);
        e = find(&t->ht, key);
        if (e)
                memcpy(out, e->value, bytes);
        ck_spinlock_fas_unlock(&t->lock);
        return e != NULL;
}

static inline int table_set(struct table *t, const struct cache_key *key, cache_draw draw,
                            const void *from, size_t bytes)
{
        struct entry *e, *old;
        int rc = 0;

        (void)draw;
        ck_spinlock_fas_lock(&t->lock);
        e = find(&t->ht, key);
        if (e) {
                memcpy(e->value, from, bytes);
        } else {
                e = entry_of(key, from, bytes);
                if (!e || !put(&t->ht, e, &old)) {
                        free(e);
                        rc = -ENOMEM;
                }
        }
        ck_spinlock_fas_unlock(&t->lock);
        return rc;
}

#define CONTESTANT cache_ck_ht_spinlock
#define NAME "ck:ht_spinlock"
#define SOURCE "Concurrency Kit " PEER_VERSION_ck " ck_ht under a ck_spinlock_fas"
#define CAPS (CAP_BASELINE | CAP_THREADS_ONLY | CAP_SPINS)
#include "cache/kept.h"
