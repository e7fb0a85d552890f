/* A plain counter under a lock. A contestant's file defines LOCK_TYPE, LOCK(l, node), UNLOCK(l,
   node), and for readers-writer locks RLOCK and RUNLOCK; NODE_TYPE where the caller brings a queue
   node; LOCK_INIT(l) (0 or an errno value) and LOCK_FINI(l) where zero bytes are no lock;
   WORKER_INIT(l, w) (0 or -errno) and WORKER_FINI(l, w) where the lock knows its threads. */

#ifndef RLOCK
#define RLOCK LOCK
#define RUNLOCK UNLOCK
#endif
#ifndef NODE_TYPE
#define NODE_TYPE char
#endif

struct counter {
        CT_ALIGN_PAIR LOCK_TYPE lock;
        uint64_t value; /* beside its lock, as in a Go struct */
};

static inline void counter_inc(struct counter *c, struct worker *w, uint64_t hold)
{
        __attribute__((unused)) NODE_TYPE node;

        (void)w;
        LOCK(&c->lock, &node);
        c->value++;
        work_spin(hold);
        UNLOCK(&c->lock, &node);
}

static inline uint64_t counter_read(struct counter *c, struct worker *w, uint64_t hold)
{
        __attribute__((unused)) NODE_TYPE node;
        uint64_t value;

        (void)w;
        RLOCK(&c->lock, &node);
        value = c->value;
        work_spin(hold);
        RUNLOCK(&c->lock, &node);
        return value;
}

static uint64_t counter_value(const struct counter *c, const struct totals *t)
{
        (void)t;
        return c->value;
}

#ifdef LOCK_INIT
static int init(void *self, const struct params *p, unsigned threads)
{
        (void)p;
        (void)threads;
        return -LOCK_INIT(&((struct counter *)self)->lock);
}

static void fini(void *self)
{
        LOCK_FINI(&((struct counter *)self)->lock);
}

#define INIT init
#define FINI fini
#endif

#ifdef WORKER_INIT
static int begin_worker(void *self, struct worker *w)
{
        (void)w;
        return WORKER_INIT(&((struct counter *)self)->lock, w);
}

static void end_worker(void *self, struct worker *w)
{
        (void)w;
        WORKER_FINI(&((struct counter *)self)->lock, w);
}

#define BEGIN_WORKER begin_worker
#define END_WORKER end_worker
#endif

#include "counter/loop.h"
