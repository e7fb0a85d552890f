/* X(id): the lock family's contestants, in the order of --list. */
#define LOCK_CONTESTANTS(X)                                                                        \
        X(null)                                                                                    \
        X(ref)                                                                                     \
        X(pthread_adaptive)                                                                        \
        X(pthread_spin)                                                                            \
        X(pthread_rwlock)                                                                          \
        X(ticket)                                                                                  \
        X(mcs)                                                                                     \
        X(mutex_go)                                                                                \
        X(mutex_asym)                                                                              \
        X(rwmutex_go)                                                                              \
        X(rwmutex_slots)
