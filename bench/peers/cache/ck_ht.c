/* As it is meant: readers take no lock, but say by an epoch when they are reading; writers take
   turns under a spin lock. A value is never changed: its entry is replaced, and freed by the writer
   when nobody can be reading it any more. */
#include <ck_epoch.h>

#define ENTRY_HEAD ck_epoch_entry_t waiting;
#include "peers/cache/ck_table.h"

enum { POLL_EVERY = 64 }; /* calls that free what may be freed: it looks at all readers */

struct table {
        CT_ALIGN_PAIR ck_ht_t ht;
        CT_ALIGN_PAIR ck_spinlock_fas_t lock; /* of the writers */
};

static ck_epoch_t epoch = {.epoch = 1}; /* ck_epoch_init()'s value; for all tables */
static ck_epoch_record_t others;        /* who fills and looks after a window: one at a time */
static _Thread_local ck_epoch_record_t *mine = &others;
static _Thread_local unsigned replaced;

static void free_entry(ck_epoch_entry_t *waiting)
{
        free((char *)waiting - offsetof(struct entry, waiting));
}

/* What the table itself gives back may have readers too. */
struct block {
        ck_epoch_entry_t waiting;
        _Alignas(64) unsigned char memory[];
};

static void free_block(ck_epoch_entry_t *waiting)
{
        free(waiting);
}

static void *block_malloc(size_t size)
{
        struct block *b = aligned_alloc(64, (sizeof *b + size + 63) / 64 * 64);

        return b ? b->memory : NULL;
}

static void block_free(void *memory, size_t size, bool in_use)
{
        ck_epoch_entry_t *waiting =
                (void *)((unsigned char *)memory - offsetof(struct block, memory));

        (void)size;
        if (in_use)
                ck_epoch_call(mine, waiting, free_block);
        else
                free(waiting);
}

static struct ck_malloc memory = {.malloc = block_malloc, .free = block_free};

/* A worker's record is used again when it has left. */
static void begin(void)
{
        size_t size = (sizeof *mine + CT_CACHE_PAIR - 1) / CT_CACHE_PAIR * CT_CACHE_PAIR;

        mine = ck_epoch_recycle(&epoch, NULL);
        if (mine)
                return;
        mine = aligned_alloc(CT_CACHE_PAIR, size);
        if (!mine)
                abort();
        ck_epoch_register(&epoch, mine, NULL);
}

static void end(void)
{
        ck_epoch_barrier(mine);
        ck_epoch_unregister(mine);
        mine = &others;
}

static void free_waiting(void)
{
        if (!others.global)
                ck_epoch_register(&epoch, &others, NULL);
        ck_epoch_barrier(mine);
}

static int table_init(struct table *t, const struct cache_setup *s)
{
        free_waiting();
        ck_spinlock_fas_init(&t->lock);
        return ht_init(&t->ht, &memory, s->expected);
}

static void table_destroy(struct table *t)
{
        ht_destroy(&t->ht);
        ck_epoch_barrier(mine);
}

static inline int table_get(struct table *t, const struct cache_key *key, cache_draw draw,
                            void *out, size_t bytes)
{
        struct entry *e;

        (void)draw;
        ck_epoch_begin(mine, NULL);
        e = find(&t->ht, key);
        if (e)
                memcpy(out, e->value, bytes);
        ck_epoch_end(mine, NULL);
        return e != NULL;
}

static inline int table_set(struct table *t, const struct cache_key *key, cache_draw draw,
                            const void *from, size_t bytes)
{
        struct entry *e = entry_of(key, from, bytes), *old = NULL;
        bool done;

        (void)draw;
        if (!e)
                return -ENOMEM;
        ck_spinlock_fas_lock(&t->lock);
        done = put(&t->ht, e, &old);
        ck_spinlock_fas_unlock(&t->lock);
        if (!done) {
                free(e);
                return -ENOMEM;
        }
        if (!old)
                return 0;
        ck_epoch_call(mine, &old->waiting, free_entry);
        if (++replaced % POLL_EVERY == 0)
                ck_epoch_poll(mine);
        return 0;
}

#define WORKER_BEGIN(c) begin()
#define WORKER_END(c) end()
#define TABLE_FREE_WAITING() free_waiting()
#define CONTESTANT cache_ck_ht
#define NAME "ck:ht"
#define SOURCE                                                                                     \
        "Concurrency Kit " PEER_VERSION_ck " ck_ht: readers under ck_epoch, writers under a "      \
        "ck_spinlock_fas"
#define CAPS (CAP_BASELINE | CAP_THREADS_ONLY | CAP_SPINS)
#include "cache/kept.h"
