/* X(id): the pool family's contestants, in the order of --list. */
#define POOL_CONTESTANTS(X)                                                                        \
        X(null)                                                                                    \
        X(guide)                                                                                   \
        X(unbounded)                                                                               \
        X(semaphore)
