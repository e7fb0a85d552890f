/*
 * ct_objpool's depot.
 *
 * Source: Go's sync.Pool (victim), Bonwick and Adams (exchange in batches); own code.
 *
 * A slot's stack is touched by the slot's owner only, with plain loads and stores: a task does not
 * change its slot before it parks, and get and put do nothing with the stack after the callbacks,
 * which may park. slot.h orders one owner after the other.
 *
 * A shard of the depot is two stacks under a guard. Puts go to `fresh`; gets take from it and then
 * from `victim`. A trim frees the victims and makes victims of the fresh ones, so an object goes
 * that nobody needed between two trims.
 *
 * Invariants: every object in the pool is in exactly one place; in each shard, with its guard open,
 * fresh + victim = count <= room.
 *
 * The tempting wrong version: to look the slot up once, call make (which may park and come back on
 * another carrier), and then use the stack found before: two carriers on one stack hand one object
 * to two users.
 */
#include "sync/objpool.h"

#include "base/panic.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BATCH CT_OBJPOOL_BATCH
#define CACHES_BYTES (CT_SLOTS * sizeof(struct ct_objpool_cache_))

static void free_depot(struct ct_objpool *p)
{
        for (unsigned i = 0; i < CT_OBJPOOL_SHARDS; i++) {
                free(p->depot[i].fresh_objects);
                free(p->depot[i].victim_objects);
        }
}

static bool make_depot(struct ct_objpool *p)
{
        for (unsigned i = 0; i < CT_OBJPOOL_SHARDS; i++) {
                p->depot[i].fresh_objects = calloc(p->room, sizeof(void *));
                p->depot[i].victim_objects = calloc(p->room, sizeof(void *));
                if (!p->depot[i].fresh_objects || !p->depot[i].victim_objects)
                        return false;
        }
        return true;
}

int ct_objpool_init(struct ct_objpool *p, const struct ct_objpool_config *config)
{
        unsigned depot;

        memset(p, 0, sizeof *p);
        if (config)
                p->config = *config;
        depot = p->config.depot ? p->config.depot : CT_OBJPOOL_DEPOT;
        p->room = depot / CT_OBJPOOL_SHARDS + (depot % CT_OBJPOOL_SHARDS != 0);
        /* mapped, not allocated: pages of slots that are never used cost nothing */
        p->cache = mmap(NULL, CACHES_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                        0);
        if (p->cache == MAP_FAILED)
                return -ENOMEM;
        if (make_depot(p))
                return 0;
        free_depot(p);
        munmap(p->cache, CACHES_BYTES);
        return -ENOMEM;
}

static void give_back(struct ct_objpool *p, void *const *object, size_t n)
{
        if (p->config.free)
                for (size_t i = 0; i < n; i++)
                        p->config.free(p->config.context, object[i]);
        ct_add_u64_relaxed(&p->frees, n);
}

void ct_objpool_fini(struct ct_objpool *p)
{
        for (unsigned i = 0; i < ct_slots_used(); i++)
                give_back(p, p->cache[i].object, p->cache[i].n);
        for (unsigned i = 0; i < CT_OBJPOOL_SHARDS; i++) {
                give_back(p, p->depot[i].fresh_objects, p->depot[i].fresh);
                give_back(p, p->depot[i].victim_objects, p->depot[i].victim);
        }
        munmap(p->cache, CACHES_BYTES);
        free_depot(p);
}

/* ---- the depot ---- */

static unsigned pop(void **stack, unsigned *length, void **out, unsigned n)
{
        if (n > *length)
                n = *length;
        *length -= n;
        memcpy(out, stack + *length, n * sizeof *out);
        return n;
}

static void note_count(struct ct_objpool_depot_ *d)
{
        ct_store_u32_relaxed(&d->count, d->fresh + d->victim); /* a hint for those without guard */
}

/* Up to n objects, the most recently put last; how many there were. */
static unsigned shard_take(struct ct_objpool_depot_ *d, void **out, unsigned n)
{
        unsigned got;

        if (!ct_load_u32_relaxed(&d->count))
                return 0;
#ifndef CT_PLANT_objpool_depot_unlocked
        ct_guard_lock(&d->guard);
#endif
        got = pop(d->fresh_objects, &d->fresh, out, n);
        if (!got)
                got = pop(d->victim_objects, &d->victim, out, n);
        note_count(d);
#ifndef CT_PLANT_objpool_depot_unlocked
        ct_guard_unlock(&d->guard);
#endif
        return got;
}

/* Puts as many as there is room for; how many that was. */
static unsigned shard_put(struct ct_objpool_depot_ *d, unsigned room, void *const *object,
                          unsigned n)
{
        if (ct_load_u32_relaxed(&d->count) >= room)
                return 0;
        ct_guard_lock(&d->guard);
        room -= d->fresh + d->victim;
        if (n > room)
                n = room;
        memcpy(d->fresh_objects + d->fresh, object, n * sizeof *object);
        d->fresh += n;
        note_count(d);
        ct_guard_unlock(&d->guard);
        return n;
}

/* The own shard first; then the others, for those who only get what others put. */
static unsigned depot_take(struct ct_objpool *p, unsigned slot, void **out, unsigned n)
{
        unsigned got = 0;

        for (unsigned i = 0; !got && i < CT_OBJPOOL_SHARDS; i++)
                got = shard_take(&p->depot[(slot + i) % CT_OBJPOOL_SHARDS], out, n);
        return got;
}

static unsigned depot_put(struct ct_objpool *p, unsigned slot, void *const *object, unsigned n)
{
        unsigned put = 0;

        for (unsigned i = 0; put < n && i < CT_OBJPOOL_SHARDS; i++)
                put += shard_put(&p->depot[(slot + i) % CT_OBJPOOL_SHARDS], p->room, object + put,
                                 n - put);
        return put;
}

/* ---- slow paths ---- */

static void *make(struct ct_objpool *p)
{
        void *object = p->config.make ? p->config.make(p->config.context) : NULL;

        if (!object)
                return NULL;
        ct_add_u64_relaxed(&p->makes, 1);
        ct_add_u64_relaxed(&p->gets, 1); /* not in the slot's count: the task may have moved */
        return object;
}

static void *get_slotless(struct ct_objpool *p)
{
        void *object;

        if (!depot_take(p, CT_SLOT_NONE, &object, 1))
                return make(p);
        ct_add_u64_relaxed(&p->gets, 1);
        return object;
}

void *ct_objpool_get_slow_(struct ct_objpool *p)
{
        unsigned slot = ct_slot();
        struct ct_objpool_cache_ *c;

        if (slot >= CT_SLOTS)
                return get_slotless(p);
        c = &p->cache[slot];
        c->n = depot_take(p, slot, c->object, BATCH);
        if (!c->n)
                return make(p);
        ct_objpool_count_(&c->gets);
        return c->object[--c->n];
}

static void put_slotless(struct ct_objpool *p, void *object)
{
        ct_add_u64_relaxed(&p->puts, 1);
        if (!depot_put(p, CT_SLOT_NONE, &object, 1))
                give_back(p, &object, 1);
}

void ct_objpool_put_slow_(struct ct_objpool *p, void *object)
{
        unsigned slot = ct_slot(), kept;
        struct ct_objpool_cache_ *c;
        void *out[BATCH];

        if (!object)
                ct_panic("ct_objpool", p, "put of NULL");
        if (slot >= CT_SLOTS) {
                put_slotless(p, object);
                return;
        }
        c = &p->cache[slot];
        ct_objpool_count_(&c->puts);
        if (c->n < CT_OBJPOOL_CACHE) {
                c->object[c->n++] = object;
                return;
        }
        if (c->object[c->n - 1] == object)
                ct_objpool_put_panic_(p, object);
        /* The coldest go. All of the slot's work is done before free is called, which may park. */
        memcpy(out, c->object, sizeof out);
        memmove(c->object, c->object + BATCH, (CT_OBJPOOL_CACHE - BATCH) * sizeof *c->object);
        c->n = CT_OBJPOOL_CACHE - BATCH;
        c->object[c->n++] = object;
        kept = depot_put(p, slot, out, BATCH);
        give_back(p, out + kept, BATCH - kept);
}

void ct_objpool_put_panic_(const struct ct_objpool *p, const void *object)
{
        ct_panic("ct_objpool", p, "object %p put twice", object);
}

void ct_objpool_check_put_(const struct ct_objpool *p, const void *object)
{
        unsigned slot = ct_slot();

        for (unsigned i = 0; slot < CT_SLOTS && i < p->cache[slot].n; i++)
                if (p->cache[slot].object[i] == object)
                        ct_objpool_put_panic_(p, object);
}

static size_t trim_shard(struct ct_objpool *p, struct ct_objpool_depot_ *d)
{
        void **empty = calloc(p->room, sizeof *empty), **old;
        unsigned n;

        if (!empty)
                return 0;
        ct_guard_lock(&d->guard);
        old = d->victim_objects;
        n = d->victim;
        d->victim_objects = d->fresh_objects;
        d->victim = d->fresh;
        d->fresh_objects = empty;
        d->fresh = 0;
        note_count(d);
        ct_guard_unlock(&d->guard);
#ifdef CT_PLANT_objpool_trim_keeps_freed
        n = d->victim;
        memcpy(old, d->victim_objects, n * sizeof *old);
#endif
        give_back(p, old, n);
        free(old);
        return n;
}

size_t ct_objpool_trim(struct ct_objpool *p)
{
        size_t n = 0;

        for (unsigned i = 0; i < CT_OBJPOOL_SHARDS; i++)
                n += trim_shard(p, &p->depot[i]);
        return n;
}

struct ct_objpool_stats ct_objpool_stats(struct ct_objpool *p)
{
        struct ct_objpool_stats s = {.gets = ct_load_u64_relaxed(&p->gets),
                                     .puts = ct_load_u64_relaxed(&p->puts),
                                     .makes = ct_load_u64_relaxed(&p->makes),
                                     .frees = ct_load_u64_relaxed(&p->frees)};

        for (unsigned i = 0; i < ct_slots_used(); i++) {
                s.gets += ct_load_u64_relaxed(&p->cache[i].gets);
                s.puts += ct_load_u64_relaxed(&p->cache[i].puts);
        }
        for (unsigned i = 0; i < CT_OBJPOOL_SHARDS; i++)
                s.depot += ct_load_u32_relaxed(&p->depot[i].count);
        return s;
}
