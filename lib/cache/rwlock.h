/*
 * pthread_rwlock with Go's preference: a waiting writer stops new readers. Private to lib/cache.
 */
#ifndef CT_CACHE_RWLOCK_H
#define CT_CACHE_RWLOCK_H

#include <pthread.h>

#include "base/panic.h"

/* glibc's default kind lets new readers pass a waiting writer, for ever if they overlap. 0 or
   -errno. */
static inline int ct_cache_rwlock_init_(pthread_rwlock_t *lock)
{
        pthread_rwlockattr_t attr;
        int rc = pthread_rwlockattr_init(&attr);

        if (rc)
                return -rc;
#ifdef __GLIBC__
        pthread_rwlockattr_setkind_np(&attr, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
#endif
        rc = pthread_rwlock_init(lock, &attr);
        pthread_rwlockattr_destroy(&attr);
        return -rc;
}

static inline void ct_cache_read_lock_(pthread_rwlock_t *lock)
{
        int rc = pthread_rwlock_rdlock(lock);

        if (rc) /* as many readers as its counter holds, or a reader that holds it for writing */
                ct_panic("cache", lock, "pthread_rwlock_rdlock: error %d", rc);
}

#endif
