/* X(id): the machine family's contestants, in the order of --list. */
#define MACHINE_CONTESTANTS(X)                                                                     \
        X(null)                                                                                    \
        X(load_store)                                                                              \
        X(atomic_add)                                                                              \
        X(cas)                                                                                     \
        X(exchange)                                                                                \
        X(fence)                                                                                   \
        X(clock)                                                                                   \
        X(tsc)                                                                                     \
        X(pause)                                                                                   \
        X(sched_yield)                                                                             \
        X(hop)                                                                                     \
        X(futex_wake)                                                                              \
        X(thread_create)                                                                           \
        X(sleep)                                                                                   \
        X(frequency)
