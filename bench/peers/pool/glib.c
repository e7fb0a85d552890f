#include <glib.h>

#include "peers/peer.h"
#include "pool/pool.h"

/* All jobs of a GThreadPool are one function. */
static void run(gpointer arg, gpointer unused)
{
        (void)unused;
        (void)pool_count_job(arg, NULL);
}

static int start(void **self, const struct crew_spec *spec)
{
        *self = g_thread_pool_new(run, NULL, (gint)spec->workers, TRUE, NULL);
        return *self ? 0 : -EAGAIN;
}

enum { LOOK = 1024, MOST = 1 << 14 };

static _Thread_local unsigned submits;

static inline int submit(void *self, pool_job *job, void *arg)
{
        if (job != pool_count_job)
                return -ENOTSUP;
        if (++submits % LOOK == 0)
                while (g_thread_pool_unprocessed(self) > MOST)
                        sched_yield();
        return g_thread_pool_push(self, arg, NULL) ? 0 : -EAGAIN;
}

static uint64_t finish(void *self)
{
        g_thread_pool_free(self, FALSE, TRUE);
        return CREW_UNCOUNTED;
}

static void release(void *self)
{
        (void)self; /* finish has freed it */
}

static const struct crew crew = {
        .limited = true, .start = start, .submit = submit, .finish = finish, .free = release};

#include "pool/loop.h"

extern const struct contestant pool_glib_threadpool;
const struct contestant pool_glib_threadpool = {
        .name = "glib:GThreadPool",
        .source = "GLib " PEER_VERSION_glib
                  " GThreadPool with threads of its own; takes jobs without an "
                  "end, so p_queue does not apply",
        .caps = CAP_PARKS | CAP_FIFO | CAP_BASELINE | CAP_UNBOUNDED | CAP_THREADS_ONLY,
        .measure = {POOL_FLOOD},
};
