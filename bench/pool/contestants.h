/* X(id): the pool family's contestants, in the order of --list. */
#define POOL_CONTESTANTS(X)                                                                        \
        X(null)                                                                                    \
        X(guide)                                                                                   \
        X(ref)                                                                                     \
        X(channel)                                                                                 \
        X(stealing)                                                                                \
        X(fixed)                                                                                   \
        X(dynamic)                                                                                 \
        X(priority)                                                                                \
        X(unbounded)                                                                               \
        X(semaphore)
