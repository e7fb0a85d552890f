/* A counter that an actor of lib/flow owns. A contestant's file defines KIND, CAPACITY and
   INCREMENT(actor, message); the owner, where the kind has one, is what the workers are: a thread
   that is not bound, or a task. */

#include "flow/actor.h"
#include "task/task.h"

struct message {
        uint64_t increment;
        uint64_t hold;  /* turns of work inside the owner, which is the critical section here */
        uint64_t value; /* the reply */
};

struct counter {
        struct ct_actor *actor;
        CT_ALIGN_PAIR uint64_t value; /* the owner's */
};

static void handle(void *state, void *message)
{
        struct counter *c = state;
        struct message *m = message;

        c->value += m->increment;
        work_spin(m->hold);
        m->value = c->value;
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct counter *c = self;
        struct ct_actor_config config = {.kind = KIND,
                                         .owner = ct_runtime_info().carriers ? CT_ACTOR_TASK
                                                                             : CT_ACTOR_THREAD,
                                         .handle = handle,
                                         .state = c,
                                         .message_size = sizeof(struct message),
                                         .capacity = CAPACITY};

        (void)p;
        (void)threads;
        return ct_actor_start(&c->actor, &config);
}

static void fini(void *self)
{
        struct counter *c = self;

        ct_actor_stop(c->actor);
        ct_actor_free(c->actor);
}

static inline void counter_inc(struct counter *c, struct worker *w, uint64_t hold)
{
        struct message m; /* the reply is written by who handles it */

        (void)w;
        m.increment = 1;
        m.hold = hold;
        /* Without memory for a message nothing is counted, and the oracle says so. */
        (void)INCREMENT(c->actor, &m);
        __asm__ __volatile__("" ::"r"(m.value));
}

static inline uint64_t counter_read(struct counter *c, struct worker *w, uint64_t hold)
{
        struct message m = {.hold = hold};

        (void)w;
        (void)ct_actor_ask(c->actor, &m);
        return m.value;
}

/* Asked for, so that it comes after every update still in the mailbox. */
static uint64_t counter_value(const struct counter *c, const struct totals *t)
{
        struct message m = {0};

        (void)t;
        (void)ct_actor_ask(c->actor, &m);
        return m.value;
}

#define INIT init
#define FINI fini

#include "counter/loop.h"
