/* X(id): the counter family's contestants, in the order of --list. */
#define COUNTER_CONTESTANTS(X)                                                                     \
        X(null)                                                                                    \
        X(racy)                                                                                    \
        X(atomic_add)                                                                              \
        X(atomic_add_relaxed)                                                                      \
        X(cas_loop)                                                                                \
        X(sharded)                                                                                 \
        X(slots)                                                                                   \
        X(percpu)                                                                                  \
        X(percpu_atomic)                                                                           \
        X(ref)                                                                                     \
        X(pthread_adaptive)                                                                        \
        X(pthread_spin)                                                                            \
        X(pthread_rwlock)                                                                          \
        X(ticket)                                                                                  \
        X(mcs)                                                                                     \
        X(mutex_go)                                                                                \
        X(mutex_asym)                                                                              \
        X(rwmutex_go)                                                                              \
        X(rwmutex_slots)                                                                           \
        X(actor_guide)                                                                             \
        X(actor_guide_async)                                                                       \
        X(actor_unbuffered)                                                                        \
        X(actor_buffered)                                                                          \
        X(actor_buffered_async)                                                                    \
        X(actor_batched)                                                                           \
        X(actor_batched_async)                                                                     \
        X(actor_combining)                                                                         \
        X(actor_combining_async)
