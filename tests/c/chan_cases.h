/*
 * The channel contract as a table of cases, which test_chan_contract.c runs: each case for every
 * kind of channel and every capacity that it applies to, with threads and with tasks, in each
 * placement. Where a placement wants more contexts than a case has, several copies of the case run
 * at once, each on channels of its own.
 */
#ifndef CT_TESTS_CHAN_CASES_H
#define CT_TESTS_CHAN_CASES_H

#include "chan_kinds.h"
#include "contexts.h"

#define SCENE_CONTEXTS 8

/* The capacities at which a case is run. */
enum { AT_0 = 1, AT_1 = 2, AT_3 = 4, AT_64 = 8, BUFFERED = AT_1 | AT_3 | AT_64, ANY = 15 };

struct scene {
        const struct chan_kind *kind;
        size_t capacity;
        unsigned contexts;
        struct ct_chan *c, *d; /* of ints, with that capacity; freed after the case */
        struct ct_chan *chain[SCENE_CONTEXTS]; /* the case's own */
        ct_atomic_u32 step;                    /* what the contexts tell each other */
        ct_atomic_u32 met, count;
        unsigned meetings[SCENE_CONTEXTS]; /* of each context */
        int plain;                         /* ordered by the channel only */
        int got[SCENE_CONTEXTS];
};

struct chan_case {
        const char *name;
        unsigned contexts;
        void (*body)(struct scene *s, unsigned me);
        unsigned at;
        bool many; /* several send or receive at once: not for kinds that forbid it */
};

struct chan_cases {
        const char *name;
        const struct chan_case *cases;
        size_t n;
};

#define CHAN_CASES(group, table)                                                                   \
        const struct chan_cases group = {#group, table, sizeof table / sizeof *table}

extern const struct chan_cases chan_ring_cases, chan_wait_cases, chan_close_cases, chan_until_cases,
        chan_order_cases, select_now_cases, select_wait_cases, select_until_cases;

extern ct_atomic_u32 case_failures;
extern const char *case_where;

#define CASE_CHECK(condition)                                                                      \
        do {                                                                                       \
                if (!(condition) && ct_add_u32_relaxed(&case_failures, 1) < 5)                     \
                        fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, case_where,         \
                                #condition);                                                       \
        } while (0)

/* One context says what the others wait for. */
static inline void say(struct scene *s, uint32_t step)
{
        ct_store_u32_release(&s->step, step); /* pairs with heard */
}

static inline bool heard(struct scene *s, uint32_t step)
{
        return ct_load_u32_acquire(&s->step) >= step; /* pairs with say */
}

/* All contexts of the case meet here. */
static inline void meet(struct scene *s, unsigned me)
{
        uint32_t all = ++s->meetings[me] * s->contexts;

        ct_add_u32_acq_rel(&s->met, 1);
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->met) >= all);
}

static inline void until_queued(struct ct_chan *c, enum side side, size_t n)
{
        CONTEXT_UNTIL(queued(c, side) == n);
}

/* 0, 1, 2 ... until it is full. */
static inline void fill(struct ct_chan *c)
{
        for (int i = 0; i < (int)ct_chan_cap(c); i++)
                CASE_CHECK(try_put(c, i));
}

/* Nobody waits, nothing is in it. */
static inline void check_idle(struct ct_chan *c)
{
        CASE_CHECK(ct_chan_len(c) == 0);
        CASE_CHECK(queued(c, TO_RECEIVE) == 0);
        CASE_CHECK(queued(c, TO_SEND) == 0);
}

#endif
