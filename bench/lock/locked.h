/*
 * The lock family's measured loops and the descriptor: included once by each contestant's file, so
 * that its operations are inlined. No include guard: one file, one contestant. C and C++: nothing
 * of <stdatomic.h>, casts from void pointers written out.
 *
 * A contestant's file defines LOCK_TYPE, LOCK(l, node), UNLOCK(l, node); for a readers-writer lock
 * RLOCK(l, node) and RUNLOCK(l, node), and ALSO_MUTEX if it is what its users take as a mutex too;
 * LOCK_INIT(l) (0 or an errno value) and LOCK_FINI(l) where
 * zero bytes are no lock; WORKER_INIT(l, w) (0 or -errno) and WORKER_FINI(l, w) where each thread
 * has to tell the lock that it comes and goes; NODE_TYPE where the caller brings a queue node.
 */

#if defined RLOCK && !defined ALSO_MUTEX
#define IS_MUTEX 0
#else
#define IS_MUTEX 1
#endif
#ifndef RLOCK
#define RLOCK LOCK
#define RUNLOCK UNLOCK
#endif
#ifndef NODE_TYPE
#define NODE_TYPE char
#endif
#ifndef WORKER_INIT
#define WORKER_INIT(l, w) 0
#define WORKER_FINI(l, w) ((void)0)
#endif
#ifdef FLOOR /* each worker has a value of its own: nothing to hand over */
#define VALUE(box, local) (local)->value
#define IS_HANDED_OVER 0
#else
#define VALUE(box, local) (box)->value
#define IS_HANDED_OVER IS_MUTEX
#endif

struct lockbox {
        CT_ALIGN_PAIR LOCK_TYPE lock;
        uint64_t value[LOCK_WORDS]; /* beside its lock, as in a Go struct */
        uint64_t owner, left_at;    /* handover: the last owner (index + 1) and when it left */
        CT_ALIGN_PAIR struct lock_tally tally;
};

/* The first half of the words before the work, the second after it: whoever comes in between sees
   it. The clobber keeps the compiler from putting the halves together. */
static inline void write_value(uint64_t *value, uint64_t hold)
{
        for (int i = 0; i < LOCK_WORDS / 2; i++)
                value[i]++;
        __asm__ __volatile__("" ::: "memory");
        work_spin(hold);
        __asm__ __volatile__("" ::: "memory");
        for (int i = LOCK_WORDS / 2; i < LOCK_WORDS; i++)
                value[i]++;
}

static inline uint64_t read_is_torn(const uint64_t *value, uint64_t hold)
{
        uint64_t differ = 0, first = value[0];

        for (int i = 1; i < LOCK_WORDS / 2; i++)
                differ |= value[i] ^ first;
        __asm__ __volatile__("" ::: "memory");
        work_spin(hold);
        __asm__ __volatile__("" ::: "memory");
        for (int i = LOCK_WORDS / 2; i < LOCK_WORDS; i++)
                differ |= value[i] ^ first;
        return differ != 0;
}

static uint64_t run_rwmutex(void *self, struct worker *w, uint64_t n)
{
        struct lockbox *b = (struct lockbox *)self;
        struct lock_worker *l = (struct lock_worker *)w->local;
        uint64_t cursor = w->cursor, hold = w->hold_turns, think = w->think_turns;
        uint64_t writes = 0, torn = 0;

        (void)b;
        for (uint64_t i = 0; i < n; i++) {
                __attribute__((unused)) NODE_TYPE node;

                if (w->draws[cursor++ % DRAWS]) {
                        LOCK(&b->lock, &node);
                        write_value(VALUE(b, l), hold);
                        UNLOCK(&b->lock, &node);
                        writes++;
                } else {
                        RLOCK(&b->lock, &node);
                        torn += read_is_torn(VALUE(b, l), hold);
                        RUNLOCK(&b->lock, &node);
                }
                work_spin(think);
        }
        w->cursor = cursor;
        l->torn += torn;
        return writes;
}

#if IS_MUTEX
static uint64_t run_mutex(void *self, struct worker *w, uint64_t n)
{
        struct lockbox *b = (struct lockbox *)self;
        struct lock_worker *l = (struct lock_worker *)w->local;
        uint64_t hold = w->hold_turns, think = w->think_turns;

        (void)b;
        (void)l;
        for (uint64_t i = 0; i < n; i++) {
                __attribute__((unused)) NODE_TYPE node;

                LOCK(&b->lock, &node);
                write_value(VALUE(b, l), hold);
                UNLOCK(&b->lock, &node);
                work_spin(think);
        }
        return n;
}
#endif

#if IS_HANDED_OVER
/* The only loop here with a clock in it: what it measures lies between two threads. It is read
   inside the section, so each hand-over includes one reading; what was seen is recorded outside. */
static uint64_t run_handover(void *self, struct worker *w, uint64_t n)
{
        struct lockbox *b = (struct lockbox *)self;
        struct lock_worker *l = (struct lock_worker *)w->local;
        uint64_t hold = w->hold_turns, think = w->think_turns, me = w->index + 1;
        bool tsc = l->tsc;

        for (uint64_t i = 0; i < n; i++) {
                __attribute__((unused)) NODE_TYPE node;
                uint64_t now, before, left_at;

                LOCK(&b->lock, &node);
                now = lock_stamp(tsc);
                before = b->owner;
                left_at = b->left_at;
                b->owner = me;
                write_value(VALUE(b, l), hold);
                b->left_at = lock_stamp(tsc);
                UNLOCK(&b->lock, &node);
                if (before && before != me) {
                        l->handovers++;
                        ct_histogram_record(&l->handover, now > left_at ? now - left_at : 0);
                }
                work_spin(think);
        }
        return n;
}
#define RUN_HANDOVER run_handover
#else
#define RUN_HANDOVER NULL
#endif

#ifdef LOCK_INIT
static int init(void *self, const struct params *p, unsigned threads)
{
        (void)p;
        (void)threads;
        return -LOCK_INIT(&((struct lockbox *)self)->lock);
}

static void fini(void *self)
{
        LOCK_FINI(&((struct lockbox *)self)->lock);
}
#endif

static int worker_begin(void *self, struct worker *w)
{
        struct lockbox *b = (struct lockbox *)self;
        int rc = WORKER_INIT(&b->lock, w);

        (void)b;
        if (rc)
                return rc;
        rc = lock_worker_begin(w);
        if (rc)
                WORKER_FINI(&b->lock, w);
        return rc;
}

static void worker_end(void *self, struct worker *w)
{
        struct lockbox *b = (struct lockbox *)self;

        lock_worker_end(&b->tally, w);
        WORKER_FINI(&b->lock, w);
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        const struct lockbox *b = (const struct lockbox *)self;

        return lock_check(b->value, &b->tally, t, metrics);
}

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .size = sizeof(struct lockbox),
        .align = CT_CACHE_PAIR,
#ifdef LOCK_INIT
        .init = init,
#endif
/* In the order of the workloads' enum: C++ has no designators for arrays. */
#if IS_MUTEX
        .run = {run_mutex, run_rwmutex, RUN_HANDOVER},
#else
        .run = {NULL, run_rwmutex, RUN_HANDOVER},
#endif
        .check = check,
#ifdef LOCK_INIT
        .fini = fini,
#endif
        .worker_init = worker_begin,
        .worker_fini = worker_end,
};
