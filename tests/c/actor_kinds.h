/*
 * The kinds of actors as a table, and a state that checks what it is told: for the tests that hold
 * for all of them.
 */
#ifndef CT_TESTS_ACTOR_KINDS_H
#define CT_TESTS_ACTOR_KINDS_H

#include "flow/actor.h"
#include "sync/semaphore.h"

#include "both.h"

struct actor_case {
        const char *name;
        enum ct_actor_kind kind;
        size_t capacity;
};

static const struct actor_case ACTOR_CASES[] = {
        {"unbuffered", CT_ACTOR_UNBUFFERED, 0},  {"buffered, 1", CT_ACTOR_BUFFERED, 1},
        {"buffered, 64", CT_ACTOR_BUFFERED, 64}, {"batched, 0", CT_ACTOR_BATCHED, 0},
        {"batched, 64", CT_ACTOR_BATCHED, 64},   {"combining", CT_ACTOR_COMBINING, 0},
};

#define FOR_EACH_ACTOR(c)                                                                          \
        for (const struct actor_case *c = ACTOR_CASES;                                             \
             c < ACTOR_CASES + sizeof ACTOR_CASES / sizeof *ACTOR_CASES; c++)

enum { ACTOR_SENDERS = 32 };

struct message {
        unsigned sender;
        uint32_t seq;
        uint64_t reply;
};

#define REPLY(m) ((m)->seq * UINT64_C(1000) + (m)->sender + 7)

/* What the owner has; nothing in it is atomic but what tests look at meanwhile. */
struct ledger {
        uint64_t handled, sum, late_sum;
        uint32_t last[ACTOR_SENDERS];
        bool disorder;
        struct ct_semaphore *gate; /* each message takes a permit; NULL: none needed */
        ct_atomic_u32 begun;
};

static void ledger_handle(void *state, void *message)
{
        struct ledger *l = state;
        struct message *m = message;

        ct_add_u32_acq_rel(&l->begun, 1);
        if (l->gate)
                ct_semaphore_acquire(l->gate, 1);
        l->disorder = l->disorder || m->seq <= l->last[m->sender];
        l->last[m->sender] = m->seq;
        l->handled++;
        l->sum += m->seq;
        m->reply = REPLY(m);
}

static void ledger_late(void *state, void *message)
{
        struct message *m = message;

        ((struct ledger *)state)->late_sum += m->reply == REPLY(m) ? m->seq : 1000000;
}

/* Tasks need a runtime for as long as the actor lives. */
static inline struct ct_actor *actor_begin(void **state, const struct actor_case *c,
                                           struct ledger *l)
{
        bool tasks = both_exec(state) == EXEC_TASK;
        struct ct_actor_config config = {.kind = c->kind,
                                         .owner = tasks ? CT_ACTOR_TASK : CT_ACTOR_THREAD,
                                         .handle = ledger_handle,
                                         .late = ledger_late,
                                         .state = l,
                                         .message_size = sizeof(struct message),
                                         .capacity = c->capacity};
        struct ct_actor *a;

        if (tasks)
                assert_int_equal(ct_runtime_start(NULL), 0);
        assert_int_equal(ct_actor_start(&a, &config), 0);
        return a;
}

static inline void actor_end(void **state, struct ct_actor *a)
{
        ct_actor_stop(a);
        ct_actor_free(a);
        if (both_exec(state) == EXEC_TASK)
                assert_int_equal(ct_runtime_stop(), 0);
}

#endif
