#include "flow/thread_start.h"

#include <errno.h>
#include <sched.h>
#include <unistd.h>

int ct_thread_start_(pthread_t *thread, void *(*main)(void *), void *arg)
{
        pthread_attr_t attr;
        pthread_t unused;
        cpu_set_t cpus;
        int rc;

        /* A benchmark's first thread is never bound. Asked every time: a cpuset can change. */
        if (sched_getaffinity(getpid(), sizeof cpus, &cpus))
                return -errno;
        rc = pthread_attr_init(&attr);
        if (rc)
                return -rc;
        rc = pthread_attr_setaffinity_np(&attr, sizeof cpus, &cpus);
        if (!rc && !thread)
                rc = pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        if (!rc)
                rc = pthread_create(thread ? thread : &unused, &attr, main, arg);
        pthread_attr_destroy(&attr);
        return -rc;
}
