/*
 * What the kinds of actors share: requests, and the list that they are posted to.
 *
 * A request is one message on its way. An ask's is on the asker's stack, as is its message; it is
 * done when its waiter is unparked, and gone right after. A tell's is on the heap with a copy of
 * the message, and whoever handles it frees it. An ask with a deadline has one on the heap too:
 *      PENDING  nobody has it; the asker may take it back: GONE, and whoever meets it frees it
 *      TAKEN    it is being handled, or its asker has been made the combiner; the asker may leave:
 *               LEFT
 *      DONE     handled; the unpark is on its way, and the asker frees it
 *      LEFT     the asker has gone while it was handled: its reply goes to `late`
 * The tempting wrong version handles the asker's own message: after the time-out that is some other
 * function's stack.
 */
#ifndef CT_FLOW_ACTOR_PRIVATE_H
#define CT_FLOW_ACTOR_PRIVATE_H

#include "base/atomic.h"
#include "base/parker.h"
#include "flow/actor.h"
#include "sync/latch.h"
#include "task/task.h"

#include <errno.h>
#include <pthread.h>

struct ct_actor_base_ {
        struct ct_actor face; /* first: what users hold */
        struct ct_actor_config config;
        ct_atomic_u64 late;
        ct_atomic_u64 handler; /* whose context is in the handler; kept with CT_CHECKED only */
        ct_atomic_u32 stopping, stopped;
        struct ct_latch ended; /* the owner, or the only stop that closes */
        pthread_t thread;
        struct ct_task_handle task;
};

static inline struct ct_actor_base_ *ct_actor_base_of_(struct ct_actor *a)
{
        return (struct ct_actor_base_ *)a;
}

static inline void ct_actor_base_init_(struct ct_actor_base_ *a, const struct ct_actor_ops_ *ops,
                                       const struct ct_actor_config *config)
{
        a->face.ops = ops;
        a->face.handle = config->handle;
        a->face.state = config->state;
        ct_store_u32_relaxed(&a->face.lease, CT_ACTOR_HELD_); /* published by who starts it */
        a->config = *config;
        ct_latch_init(&a->ended, 1);
}

enum ct_actor_request_kind_ {
        CT_ACTOR_ASK_,
        CT_ACTOR_TIMED_,
        CT_ACTOR_TELL_,
        CT_ACTOR_CLOSE_ /* combining's stop */
};

enum { CT_ACTOR_PENDING_, CT_ACTOR_TAKEN_, CT_ACTOR_DONE_, CT_ACTOR_GONE_, CT_ACTOR_LEFT_ };

struct ct_actor_request_ {
        struct ct_actor_request_ *next; /* in the list: the one posted before; then: after */
        void *message;
#ifdef CT_PLANT_actor_late_reply_is_written
        void *asked;
#endif
        struct ct_waiter waiter; /* an asker's */
        ct_atomic_u32 state;     /* with a deadline only */
        uint8_t kind;
        bool combiner;       /* combining: the asker is to handle what begins here */
        ct_atomic_u32 eager; /* combining: the asker is awake and would go on */
        uint32_t slot;       /* combining: the asker's */
        int64_t posted_at;   /* combining */
        _Alignas(max_align_t) unsigned char copy[]; /* on the heap only */
};

/* actor_request.c */
void ct_actor_own_handler_(struct ct_actor_base_ *a, const char *what);
void ct_actor_mark_handler_(struct ct_actor_base_ *a, bool inside);
struct ct_actor_request_ *ct_actor_request_new_(const struct ct_actor_base_ *a, const void *message,
                                                enum ct_actor_request_kind_ kind);
void ct_actor_serve_timed_(struct ct_actor_base_ *a, struct ct_actor_request_ *r);
bool ct_actor_give_up_(struct ct_actor_request_ *r, int *result);
int ct_actor_await_(struct ct_actor_base_ *a, struct ct_actor_request_ *r, void *message,
                    int64_t deadline);

/* actor_channel.c, actor_batched.c, actor_combining.c: 0 or -errno. */
int ct_actor_channel_new_(struct ct_actor_base_ **out, const struct ct_actor_config *config);
int ct_actor_batched_new_(struct ct_actor_base_ **out, const struct ct_actor_config *config);
int ct_actor_combining_new_(struct ct_actor_base_ **out, const struct ct_actor_config *config);

/* In every call: a handler that uses its own actor waits for itself. */
static inline void ct_actor_check_caller_(struct ct_actor_base_ *a, const char *what)
{
#ifdef CT_CHECKED
        ct_actor_own_handler_(a, what);
#else
        (void)a, (void)what;
#endif
}

static inline void ct_actor_handle_(struct ct_actor_base_ *a, void *message)
{
#ifdef CT_CHECKED
        ct_actor_mark_handler_(a, true);
#endif
        a->face.handle(a->face.state, message);
#ifdef CT_CHECKED
        ct_actor_mark_handler_(a, false);
#endif
}

/* ---- the list that requests are posted to: last in first, but taken as a whole and turned ---- */

/* Tags of its head. */
#define CT_ACTOR_CLOSED_ ((uintptr_t)1) /* nothing can be posted any more */
#define CT_ACTOR_ASLEEP_ ((uintptr_t)2) /* it is empty, and the owner sleeps: wake it */

static inline struct ct_actor_request_ *ct_actor_posted_(void *head)
{
        return (struct ct_actor_request_ *)((uintptr_t)head &
                                            ~(CT_ACTOR_CLOSED_ | CT_ACTOR_ASLEEP_));
}

/* False: closed. *before is what the head was. */
static inline bool ct_actor_post_(ct_atomic_ptr *head, struct ct_actor_request_ *r, void **before)
{
        void *old = ct_load_ptr_relaxed(head);

        do {
                if ((uintptr_t)old & CT_ACTOR_CLOSED_)
                        return false;
                r->next = ct_actor_posted_(old);
                /* Publishes r to whoever takes the list; acquires the sleeping owner's waiter. seq:
                   combining looks at its lease next. */
        } while (!ct_cas_weak_ptr_seq(head, &old, r));
        *before = old;
        return true;
}

/* All that was posted, the first one first; NULL if nothing. Closed stays closed. */
static inline struct ct_actor_request_ *ct_actor_take_(ct_atomic_ptr *head)
{
        struct ct_actor_request_ *list, *first = NULL;
        void *old = ct_load_ptr_relaxed(head);

        do {
                list = ct_actor_posted_(old);
                if (!list)
                        return NULL;
                /* pairs with post */
        } while (!ct_cas_weak_ptr_acquire(head, &old, (void *)((uintptr_t)old & CT_ACTOR_CLOSED_)));
#ifdef CT_PLANT_actor_last_in_first_out
        return list;
#endif
        while (list) {
                struct ct_actor_request_ *next = list->next;

                list->next = first;
                first = list;
                list = next;
        }
        return first;
}

/* From now on nothing is accepted. What the head was. */
static inline void *ct_actor_close_(ct_atomic_ptr *head)
{
        void *old = ct_load_ptr_relaxed(head), *closed;

        do {
                closed = (void *)((uintptr_t)ct_actor_posted_(old) | CT_ACTOR_CLOSED_);
        } while (!ct_cas_weak_ptr_acq_rel(head, &old, closed));
        return old;
}

#endif
