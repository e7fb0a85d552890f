/* X(id): the cache family's contestants, in the order of --list. */
#define CACHE_CONTESTANTS(X)                                                                       \
        X(null)                                                                                    \
        X(guide_mutex)                                                                             \
        X(guide_rwmutex)                                                                           \
        X(guide_sharded)                                                                           \
        X(guide_counters)
