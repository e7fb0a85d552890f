/* X(id): the sync family's contestants, in the order of --list. */
#define SYNC_CONTESTANTS(X)                                                                        \
        X(null_waitgroup)                                                                          \
        X(null_round)                                                                              \
        X(null_once)                                                                               \
        X(null_cond)                                                                               \
        X(null_semaphore)                                                                          \
        X(null_objpool)                                                                            \
        X(null_map)                                                                                \
        X(null_value)                                                                              \
        X(ref_waitgroup)                                                                           \
        X(ref_round)                                                                               \
        X(ref_once)                                                                                \
        X(ref_cond)                                                                                \
        X(ref_semaphore)                                                                           \
        X(ref_semaphore_weighted)                                                                  \
        X(ref_objpool)                                                                             \
        X(ref_map)                                                                                 \
        X(ref_value)                                                                               \
        X(waitgroup)                                                                               \
        X(waitgroup_round)                                                                         \
        X(latch)                                                                                   \
        X(barrier)                                                                                 \
        X(once)                                                                                    \
        X(cond)                                                                                    \
        X(semaphore)                                                                               \
        X(objpool)                                                                                 \
        X(mutex_map)                                                                               \
        X(rwmutex_map)                                                                             \
        X(mutex_value)                                                                             \
        X(rwmutex_value)                                                                           \
        X(map)                                                                                     \
        X(value)
