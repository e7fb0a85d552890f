/*
 * ct_objpool: a pool of objects for reuse; Go's sync.Pool.
 *
 *      struct ct_objpool_config c = {.make = make_buffer, .free = free_buffer};
 *      struct ct_objpool pool;
 *      ct_objpool_init(&pool, &c);
 *      struct buffer *b = ct_objpool_get(&pool);       // a used one, or a new one
 *      ... b is the caller's, in the state in which it was put or made ...
 *      ct_objpool_put(&pool, b);
 *
 * Each slot (OS thread or carrier, slot.h) has a stack of up to CT_OBJPOOL_CACHE objects of its
 * own, last in, first out: the object that comes out is the one whose lines are still warm, and
 * nothing is shared. Full and empty stacks exchange CT_OBJPOOL_BATCH objects with a depot: its
 * shard for the slot if that has room or objects, else the other shards.
 *
 * Blocks on: a short internal lock, once per CT_OBJPOOL_BATCH operations or less; on make and free.
 * Order: what was done to an object before its put happens before the get that returns it.
 * Who may call: any thread or task, and a put may come from another one than the get.
 * Ownership: what is in the pool is the pool's; init's config is copied. The pool keeps at most
 *      `depot` objects, and per slot in use CT_OBJPOOL_CACHE; a put that would exceed it frees.
 *      ct_objpool_trim lets go of what was not needed lately.
 * Failure: get returns NULL where make does, or where there is no make and no object at hand.
 *      Misuse panics: putting NULL; putting the object that was put last once more; with
 *      CT_CHECKED=1, putting any object that is still in this slot's stack. Otherwise an object
 *      that is put twice is handed to two.
 * Cost on Zen 4: get and put together 3.4 ns, in bursts of 64 3.9; malloc and free 8.6 and 13.
 *
 * Source: Go's sync.Pool for the contract, the per-P caches and the victim generation; the exchange
 * in batches is Bonwick and Adams, "Magazines and Vmem" (2001). Own code.
 */
#ifndef CT_SYNC_OBJPOOL_H
#define CT_SYNC_OBJPOOL_H

#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/guard.h"
#include "base/slot.h"

#include <stddef.h>

#ifdef CT_SIM /* small, so that short programs reach the depot */
#define CT_OBJPOOL_CACHE 2u
#define CT_OBJPOOL_SHARDS 1u
#else
#define CT_OBJPOOL_CACHE 28u
#define CT_OBJPOOL_SHARDS 8u
#endif
#define CT_OBJPOOL_BATCH (CT_OBJPOOL_CACHE / 2)
#define CT_OBJPOOL_DEPOT 1024u /* where the config says 0 */

struct ct_objpool_config {
        void *(*make)(void *context); /* NULL: get returns NULL when nothing is at hand */
        void (*free)(void *context, void *object); /* NULL: nothing to free */
        void *context;
        unsigned depot; /* most objects in the depot, rounded up to shards; 0: CT_OBJPOOL_DEPOT */
};

/* One slot's own. */
struct ct_objpool_cache_ {
        CT_ALIGN_PAIR unsigned n;
        ct_atomic_u64 gets, puts; /* written by the slot's owner only */
        void *object[CT_OBJPOOL_CACHE];
};

/* One shard of the depot. */
struct ct_objpool_depot_ {
        CT_ALIGN_PAIR struct ct_guard guard; /* protects the stacks */
        ct_atomic_u32 count;                 /* of both stacks; read without the guard */
        unsigned fresh, victim;              /* lengths */
        void **fresh_objects;                /* put since the last trim */
        void **victim_objects; /* not needed since the last trim; the next one frees them */
};

struct ct_objpool {
        struct ct_objpool_cache_ *cache; /* private, all of it; one per slot */
        struct ct_objpool_config config;
        unsigned room;                          /* objects that a shard of the depot may hold */
        ct_atomic_u64 gets, puts, makes, frees; /* by callers without a slot; made, freed by all */
        struct ct_objpool_depot_ depot[CT_OBJPOOL_SHARDS];
};

struct ct_objpool_stats {
        uint64_t gets, puts;   /* gets that returned an object; puts */
        uint64_t makes, frees; /* objects that make returned; objects given to free */
        size_t depot; /* objects in the depot now; the rest of makes - frees is in use or in
                         the slots' stacks */
};

void *ct_objpool_get_slow_(struct ct_objpool *p);
void ct_objpool_put_slow_(struct ct_objpool *p, void *object);
_Noreturn void ct_objpool_put_panic_(const struct ct_objpool *p, const void *object);
void ct_objpool_check_put_(const struct ct_objpool *p, const void *object);

/* 0, or -ENOMEM. config may be NULL. Takes address space for every slot, memory for those in use.
 */
int ct_objpool_init(struct ct_objpool *p, const struct ct_objpool_config *config);

/* The caller is the last to use p: frees what is in it. Objects in use stay their users'. */
void ct_objpool_fini(struct ct_objpool *p);

/* One more, counted by the only writer. */
static inline void ct_objpool_count_(ct_atomic_u64 *n)
{
        ct_store_u64_relaxed(n, ct_load_u64_relaxed(n) + 1);
}

/* An object: of this slot, else of the depot, else a new one. */
static inline void *ct_objpool_get(struct ct_objpool *p)
{
        unsigned slot = ct_slot();
        struct ct_objpool_cache_ *c = &p->cache[slot];

        if (__builtin_expect(slot >= CT_SLOTS || !c->n, 0))
                return ct_objpool_get_slow_(p);
        ct_objpool_count_(&c->gets);
#ifdef CT_PLANT_objpool_leaves_it_there
        return c->object[c->n - 1];
#endif
        return c->object[--c->n];
}

/* Gives an object to the pool. */
static inline void ct_objpool_put(struct ct_objpool *p, void *object)
{
        unsigned slot = ct_slot();
        struct ct_objpool_cache_ *c = &p->cache[slot];

#ifdef CT_CHECKED
        ct_objpool_check_put_(p, object);
#endif
        if (__builtin_expect(slot >= CT_SLOTS || c->n - 1 >= CT_OBJPOOL_CACHE - 1 || !object, 0)) {
                ct_objpool_put_slow_(p, object); /* no slot, empty stack, full stack, or misuse */
                return;
        }
        if (__builtin_expect(c->object[c->n - 1] == object, 0))
                ct_objpool_put_panic_(p, object);
        ct_objpool_count_(&c->puts);
        c->object[c->n++] = object;
}

/* Frees the objects that have stayed in the depot since the trim before last: call it now and then,
   where memory matters. The slots' stacks keep theirs. Returns how many were freed; where there is
   no memory for its work it lets objects stay. */
size_t ct_objpool_trim(struct ct_objpool *p);

/* Exact when nobody uses the pool; else each figure is one of some recent moment. */
struct ct_objpool_stats ct_objpool_stats(struct ct_objpool *p);

#endif
