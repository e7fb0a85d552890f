/*
 * What the files of the stealing pool share. Not for users; the algorithm is in pool_stealing.c,
 * who sleeps and who is woken in pool_stealing_idle.c.
 */
#ifndef CT_FLOW_POOL_STEALING_H
#define CT_FLOW_POOL_STEALING_H

#include "flow/deque.h"
#include "flow/injector.h"
#include "flow/pool_private.h"

/* What a worker takes from the injector, or steals, at once. */
#ifdef CT_SIM
#define CT_STEALING_HANDFUL_ 2
#else
#define CT_STEALING_HANDFUL_ 32
#endif

struct ct_stealing_;

struct ct_stealing_worker_ {
        struct ct_deque deque;
        /* Its own, or written by it alone. */
        CT_ALIGN_PAIR ct_atomic_u64 taken; /* jobs that take has handed out */
        ct_atomic_u64 accepted;            /* jobs that went into the deque from outside */
        ct_atomic_u32 inside;              /* it is about to accept one */
        bool searching;                    /* counted in `searching` */
        bool present;                      /* counted in `awake` or asleep; it has called take */
        uint64_t seen;                     /* see ct_injector_take */
        struct ct_rng rng;
        struct ct_stealing_ *pool;
        const struct ct_parker_ops *ops; /* with the next: who it is */
        void *context;
        /* How long its jobs take. */
        uint64_t mark_taken, slow_takes, brief; /* jobs in a row that were short */
        int64_t mark_time;                      /* 0: no measurement is under way */
        int64_t job_ns;                         /* 0: not known yet */
        /* Under the guard. */
        CT_ALIGN_PAIR struct ct_waiter waiter;
        struct ct_stealing_worker_ *next; /* among those that sleep */
        bool asleep;
        bool watches;        /* the worker's own while it sleeps: it was made the watchman */
        uint64_t seen_taken; /* by the watchman */
};

struct ct_stealing_ {
        struct ct_injector injector;
        CT_ALIGN_PAIR ct_atomic_u32 bell;    /* who brings work must come and wake somebody */
        ct_atomic_u32 brief;                 /* jobs are shorter than a wake-up */
        ct_atomic_u32 awake;                 /* workers that neither sleep nor have ended */
        CT_ALIGN_PAIR struct ct_guard guard; /* of what follows, and of changes to the above */
        unsigned searching;
        struct ct_stealing_worker_ *sleepers; /* the last to fall asleep comes first */
        struct ct_stealing_worker_ *watchman; /* not among them */
        unsigned quiet;                       /* its naps since anybody was awake */
        CT_ALIGN_PAIR uint64_t serial;        /* constant, as what follows */
        unsigned workers;
        struct ct_stealing_worker_ worker[];
};

/* ---- pool_stealing_idle.c ---- */

/* Jobs that somebody could take are in the injector or in some deque. */
bool ct_stealing_work_in_sight_(struct ct_stealing_ *s);

/* The bell rang for whoever brought work: wakes one worker, if one is needed. */
void ct_stealing_wake_(struct ct_stealing_ *s);

/* The worker has come, for its first job. */
void ct_stealing_come_(struct ct_stealing_worker_ *w);
void ct_stealing_leave_(struct ct_stealing_worker_ *w);

/* It has found nothing: true if it may burn CPU while it looks for something. */
bool ct_stealing_start_search_(struct ct_stealing_worker_ *w);

/* It has found something after that; others may be needed too. */
void ct_stealing_end_search_(struct ct_stealing_worker_ *w);

/* Sleeps until there may be something; it then searches. */
void ct_stealing_sleep_(struct ct_stealing_worker_ *w);

void ct_stealing_wake_all_(struct ct_stealing_ *s);

/* Jobs turn out to be shorter than a wake-up, or longer. */
void ct_stealing_set_brief_(struct ct_stealing_ *s, bool brief);

/* Around what a worker runs between two visits to the injector: how long do its jobs take? */
void ct_stealing_start_measurement_(struct ct_stealing_worker_ *w);
void ct_stealing_end_measurement_(struct ct_stealing_worker_ *w);

static inline void ct_stealing_ring_(struct ct_stealing_ *s)
{
        if (__builtin_expect(ct_load_u32_seq(&s->bell), 0)) /* pairs with set_bell */
                ct_stealing_wake_(s);
}

#endif
