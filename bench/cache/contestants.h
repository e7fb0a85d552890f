/* X(id): the cache family's contestants, in the order of --list. */
#define CACHE_CONTESTANTS(X)                                                                       \
        X(null)                                                                                    \
        X(guide_mutex)                                                                             \
        X(guide_rwmutex)                                                                           \
        X(guide_sharded)                                                                           \
        X(guide_counters)                                                                          \
        X(key_counters)                                                                            \
        X(thundering)                                                                              \
        X(sharded)                                                                                 \
        X(rw_sharded)                                                                              \
        X(syncmap)                                                                                 \
        X(concurrent)                                                                              \
        X(sharded_lru)                                                                             \
        X(sharded_s3fifo)                                                                          \
        X(rw_sharded_sieve)                                                                        \
        X(concurrent_lru)                                                                          \
        X(concurrent_sieve)                                                                        \
        X(concurrent_s3fifo)                                                                       \
        X(policy_fifo)                                                                             \
        X(policy_lru)                                                                              \
        X(policy_clock)                                                                            \
        X(policy_sieve)                                                                            \
        X(policy_s3fifo)                                                                           \
        X(policy_opt)
