/*
 * What the files of the channel share. Not for users; the algorithm is described in chan.c.
 */
#ifndef CT_CHAN_CHAN_PRIVATE_H
#define CT_CHAN_CHAN_PRIVATE_H

#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/parker.h"
#include "chan/chan.h"

#include <string.h>

/* A context that waits, for one channel or for several: on its own stack. */
struct ct_chan_wait_ {
        struct ct_waiter waiter;
        ct_atomic_u32 claim;         /* a select: 0 until somebody decides its outcome */
        bool select;                 /* several nodes share this, and claim decides */
        bool ok;                     /* the outcome: a value went over; false: closed */
        struct ct_chan_node_ *fired; /* by which node */
};

/* Its place in one queue of one channel. */
struct ct_chan_node_ {
        struct ct_chan_node_ *next, *prev;
        struct ct_chan_wait_ *wait;
        void *value; /* to copy from, or to; may be NULL */
        bool queued;
};

struct ct_chan_queue_ {
        struct ct_chan_node_ *head, *tail;
};

/* Rings from here on are filled and emptied in one go. */
#define CT_CHAN_LARGE_ 16

struct ct_chan {
        CT_ALIGN_PAIR ct_atomic_u32 lock; /* of this line, and of closed; see chan_lock.c */
        ct_atomic_u32 turns;              /* how often it was given up */
        ct_atomic_u64 count; /* values in the ring; read without the lock by len only */
        size_t first, next;  /* byte offsets of the first value and of the first free slot */
        struct ct_chan_queue_ receivers, senders;

        CT_ALIGN_LINE ct_atomic_u32 closed; /* set once */
        ct_atomic_u32 brisk;                /* the lock's owner does turn after turn */
        size_t size;                        /* of an element; constant, as what follows */
        size_t capacity;
        size_t bytes; /* of the ring */
        bool spsc;
        char *ring;

        CT_ALIGN_PAIR ct_atomic_u32 pauses; /* changes when a thread goes to wait */
};

/* ---- the lock ---- */

void ct_chan_lock_slow_(struct ct_chan *c);

static inline void ct_chan_lock_(struct ct_chan *c)
{
        uint32_t open = 0;

        if (__builtin_expect(!ct_cas_u32_acquire(&c->lock, &open, 1), 0)) /* pairs with unlock */
                ct_chan_lock_slow_(c);
}

static inline void ct_chan_unlock_(struct ct_chan *c)
{
#ifndef CT_SIM /* there it would double the schedules, and pace means nothing */
        ct_store_u32_relaxed(&c->turns, ct_load_u32_relaxed(&c->turns) + 1);
#endif
#ifdef CT_PLANT_chan_relaxed_unlock
        ct_store_u32_relaxed(&c->lock, 0);
#else
        ct_store_u32_release(&c->lock, 0); /* pairs with lock */
#endif
}

/* ---- values ---- */

static inline void ct_chan_copy_(const struct ct_chan *c, void *to, const void *from)
{
        if (c->size == 8 && to)
                memcpy(to, from, 8);
        else if (c->size && to)
                memcpy(to, from, c->size);
}

static inline void ct_chan_zero_(const struct ct_chan *c, void *out)
{
        if (c->size && out)
                memset(out, 0, c->size);
}

/* ---- queues, under the lock ---- */

static inline void ct_chan_enqueue_(struct ct_chan_queue_ *q, struct ct_chan_node_ *n)
{
        n->next = NULL;
        n->prev = q->tail;
        n->queued = true;
        if (q->tail)
                q->tail->next = n;
        else
                q->head = n;
        q->tail = n;
}

static inline void ct_chan_dequeue_(struct ct_chan_queue_ *q, struct ct_chan_node_ *n)
{
        if (n->prev)
                n->prev->next = n->next;
        else
                q->head = n->next;
        if (n->next)
                n->next->prev = n->prev;
        else
                q->tail = n->prev;
        n->queued = false;
}

/* Takes the longest waiting one out whose outcome is the caller's to decide. A select that another
   channel has decided leaves the queue as well: it would go soon. */
static inline struct ct_chan_wait_ *ct_chan_pick_(struct ct_chan_queue_ *q, void **value)
{
        struct ct_chan_node_ *n;

        while ((n = q->head)) {
                struct ct_chan_wait_ *w = n->wait;
                uint32_t open = 0;

                ct_chan_dequeue_(q, n);
                /* Relaxed: the waiter itself reads what is done for it after its park. */
                if (w->select && !ct_cas_u32_relaxed(&w->claim, &open, 1))
#ifdef CT_PLANT_select_fires_twice
                        open = 0;
#else
                        continue;
#endif
                w->fired = n;
                *value = n->value;
                return w;
        }
        return NULL;
}

/* One attempt, under the lock. Whom to unpark after the unlock goes to *wake. */
enum ct_chan_result_ { CT_CHAN_WAIT_, CT_CHAN_DONE_, CT_CHAN_CLOSED_ };

enum ct_chan_result_ ct_chan_put_(struct ct_chan *c, const void *value,
                                  struct ct_chan_wait_ **wake);
enum ct_chan_result_ ct_chan_take_(struct ct_chan *c, void *out, struct ct_chan_wait_ **wake);

static inline void ct_chan_wake_(struct ct_chan_wait_ *w)
{
        if (w)
                ct_unpark(&w->waiter);
}

/* Queues, under the lock, which it leaves; 0 once the operation is done, w->ok says how; or
   -ETIMEDOUT. */
int ct_chan_wait_in_(struct ct_chan *c, struct ct_chan_queue_ *q, struct ct_chan_wait_ *w,
                     void *value, int64_t deadline);

/* Whoever is about to wait does better to let others run and to try once more. */
bool ct_chan_lets_others_first_(const struct ct_chan *c);

/* The end of an operation: gives the lock up, wakes whoever's operation was done with it. The
   channel may be gone after the unlock, and the waiter after the unpark. */
#define CT_CHAN_BREATHE_ 65536
void ct_chan_breathe_(void);

static inline void ct_chan_leave_(struct ct_chan *c, struct ct_chan_wait_ *wake)
{
#ifdef CT_SIM
        uint32_t turn = 1;
#else
        uint32_t turn = ct_load_u32_relaxed(&c->turns);
#endif

        ct_chan_unlock_(c);
        ct_chan_wake_(wake);
        if (__builtin_expect(turn % CT_CHAN_BREATHE_ == 0, 0))
                ct_chan_breathe_();
}

_Noreturn void ct_chan_panic_closed_(const struct ct_chan *c);

/* With CT_CHECKED, before w joins a queue: panics where another context of that side waits on a
   channel that was declared for one. */
void ct_chan_check_alone_(const struct ct_chan *c, const struct ct_chan_queue_ *q,
                          const struct ct_chan_wait_ *w);

/* Sleeps until the deadline; panics where there is none. */
void ct_chan_nobody_(const char *object, const void *address, const char *what, int64_t deadline);

/* How many stand in the queue of one side now; for tests. */
size_t ct_chan_waiting_(struct ct_chan *c, bool to_send);

#endif
