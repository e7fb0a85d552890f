#include <pthread.h>

#include "sync/sync.h"

/* pthread_once's function has no argument: it finds it here. */
static _Thread_local struct {
        void (*fn)(void *);
        void *arg;
} call;

static void call_it(void)
{
        call.fn(call.arg);
}

static inline void once_do(pthread_once_t *o, void (*fn)(void *), void *arg)
{
        call.fn = fn;
        call.arg = arg;
        pthread_once(o, call_it);
}

static const pthread_once_t fresh = PTHREAD_ONCE_INIT;

#define CONTESTANT sync_ref_once
#define NAME "ref"
#define SOURCE "pthread_once of this libc"
#define CAPS (CAP_BASELINE | CAP_PARKS | CAP_THREADS_ONLY)
#define ONCE_TYPE pthread_once_t
#define ONCE_INIT(o) (*(o) = fresh)
#define ONCE_DO(o, fn, arg) once_do(o, fn, arg)
#include "sync/loop_once.h"
