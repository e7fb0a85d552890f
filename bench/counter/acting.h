/* A counter that one thread owns: messages say what to do with it. A contestant's file defines
   INCREMENT(actor, message, reply) and MAILBOX, the mailbox's capacity. The owner's thread is not
   one of the workers and not bound: it runs on any CPU that the process may use, as Go's scheduler
   would place a goroutine; with a worker on every CPU it shares one with a worker. */

#include "flow/actor_guide.h"

struct message {
        bool increment;
        uint64_t hold; /* turns of work inside the owner, which is the critical section here */
};

struct counter {
        struct ct_actor_guide *actor;
        uint64_t value; /* the owner's */
};

static void handle(void *state, const void *message, void *reply)
{
        struct counter *c = state;
        const struct message *m = message;

        c->value += m->increment;
        work_spin(m->hold);
        if (reply)
                *(uint64_t *)reply = c->value;
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct counter *c = self;
        struct ct_actor_guide_config config = {.handle = handle,
                                               .state = c,
                                               .message_size = sizeof(struct message),
                                               .reply_size = sizeof(uint64_t),
                                               .mailbox = MAILBOX};

        (void)p;
        (void)threads;
        return ct_actor_guide_start(&c->actor, &config);
}

static void fini(void *self)
{
        ct_actor_guide_stop(((struct counter *)self)->actor);
}

static inline void counter_inc(struct counter *c, struct worker *w, uint64_t hold)
{
        struct message m = {.increment = true, .hold = hold};
        uint64_t value = 0;

        (void)w;
        INCREMENT(c->actor, &m, &value);
        __asm__ __volatile__("" ::"r"(value));
}

/* Without memory for a request nothing is read, and nothing can be said here: 0 is then also the
   answer to the oracle, which says no. */
static uint64_t ask(struct ct_actor_guide *actor, const struct message *m)
{
        uint64_t value = 0;

        ct_actor_guide_ask(actor, m, &value);
        return value;
}

static inline uint64_t counter_read(struct counter *c, struct worker *w, uint64_t hold)
{
        struct message m = {.hold = hold};

        (void)w;
        return ask(c->actor, &m);
}

/* Asked for, so that it comes after every update still in the mailbox. */
static uint64_t counter_value(const struct counter *c, const struct totals *t)
{
        struct message m = {0};

        (void)t;
        return ask(c->actor, &m);
}

#define INIT init
#define FINI fini

#include "counter/loop.h"
