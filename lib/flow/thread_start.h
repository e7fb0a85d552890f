/* Starts a thread for something in lib/flow. Not for users of the library. */
#ifndef CT_FLOW_THREAD_START_H
#define CT_FLOW_THREAD_START_H

#include <pthread.h>
#include <stdbool.h>

/* Joinable with *thread, or detached where `thread` is NULL. It may run on every CPU that the
   process's first thread may use, whatever the caller is bound to: as Go's scheduler would place
   it. 0 or -errno. */
int ct_thread_start_(pthread_t *thread, void *(*main)(void *), void *arg);

#endif
