/* A configuration under RCU, of the flavour U(name): another contract than a lock's, since readers
   may still see the old one when its replacement has returned, and it is freed later by a thread
   of the library. No include guard: one file, one flavour. */

#define URCU_INLINE_SMALL_FUNCTIONS
#include URCU_HEADER
#include <urcu/call-rcu.h>
#include <urcu/pointer.h>

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "sync/config.h"

#include "peers/peer.h"

struct generation {
        struct config config;
        struct rcu_head head;
};

struct rcu_value {
        struct generation *now;
};

static void free_generation(struct rcu_head *head)
{
        free(caa_container_of(head, struct generation, head));
}

static inline int rcu_replace(struct rcu_value *v, uint64_t number)
{
        struct generation *next = malloc(sizeof *next), *old;

        if (!next)
                return -ENOMEM;
        next->config = config_of(number);
        old = rcu_xchg_pointer(&v->now, next);
        if (old)
                U(call_rcu)(&old->head, free_generation);
        return 0;
}

static inline bool rcu_is_torn(struct rcu_value *v)
{
        bool torn;

        U(read_lock)();
        torn = config_is_torn(&rcu_dereference(v->now)->config);
        U(read_unlock)();
        QUIESCENT();
        return torn;
}

/* The library's thread would stand on the CPU of whoever needs it first, a worker's, for ever. */
static int rcu_init(struct rcu_value *v)
{
        cpu_set_t mine, all;

        if (sched_getaffinity(0, sizeof mine, &mine) ||
            sched_getaffinity(getpid(), sizeof all, &all) || sched_setaffinity(0, sizeof all, &all))
                return -errno;
        (void)U(get_default_call_rcu_data)();
        if (sched_setaffinity(0, sizeof mine, &mine))
                return -errno;
        return rcu_replace(v, 0);
}

static void rcu_fini(struct rcu_value *v)
{
        U(barrier)(); /* what was handed over is freed */
        free(v->now);
}

#define CAPS (PEER_CAPS | CAP_THREADS)
#define VALUE_TYPE struct rcu_value
#define VALUE_INIT(v) rcu_init(v)
#define VALUE_FINI(v) rcu_fini(v)
#define IS_TORN(v) rcu_is_torn(v)
#define REPLACE(v, number) rcu_replace(v, number)
#define WORKER_INIT(v, w) (U(register_thread)(), 0)
#define WORKER_FINI(v, w) U(unregister_thread)()
#include "sync/loop_value.h"
