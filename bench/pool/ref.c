/* What a C programmer takes today: N threads, and a ring under a mutex with two conditions. */
#include <pthread.h>
#include <stdlib.h>

#include "flow/thread_start.h"
#include "pool/pool.h"

struct task {
        pool_job *job;
        void *arg;
};

struct worker_of {
        struct ref *pool;
        pthread_t thread;
        unsigned index;
};

struct ref {
        struct crew_spec spec;
        pthread_mutex_t lock; /* protects what follows */
        pthread_cond_t filled, freed;
        size_t head, queued;
        bool closed;
        uint64_t run;
        struct task *ring; /* [spec.queue] */
        unsigned started;
        struct worker_of worker[];
};

/* The next job; false: closed and drained. */
static bool take(struct ref *r, struct task *t)
{
        bool some;

        pthread_mutex_lock(&r->lock);
        while (!r->queued && !r->closed)
                pthread_cond_wait(&r->filled, &r->lock);
        some = r->queued > 0;
        if (some) {
                *t = r->ring[r->head];
                r->head = (r->head + 1) % r->spec.queue;
                r->queued--;
                r->run++;
        }
        pthread_mutex_unlock(&r->lock);
        if (some)
                pthread_cond_signal(&r->freed);
        return some;
}

static void *work(void *arg)
{
        struct worker_of *w = arg;
        struct ref *r = w->pool;
        void *local = NULL;
        struct task t;
#if defined CT_PLANT_pool_ref_drops || defined CT_PLANT_pool_ref_doubles
        unsigned taken = 0;
#endif

        if (r->spec.worker_init && r->spec.worker_init(r->spec.ctx, w->index, &local))
                return NULL;
        while (take(r, &t)) {
#ifdef CT_PLANT_pool_ref_drops
                if (++taken % 100 == 50)
                        continue;
#endif
#ifdef CT_PLANT_pool_ref_doubles
                if (++taken % 100 == 50)
                        t.job(t.arg, local);
#endif
                t.job(t.arg, local);
        }
        if (r->spec.worker_exit)
                r->spec.worker_exit(r->spec.ctx, w->index, local);
        return NULL;
}

static bool put(struct ref *r, pool_job *job, void *arg, bool wait)
{
        bool room;

        pthread_mutex_lock(&r->lock);
        while (wait && r->queued == r->spec.queue)
                pthread_cond_wait(&r->freed, &r->lock);
        room = r->queued < r->spec.queue;
        if (room)
                r->ring[(r->head + r->queued++) % r->spec.queue] = (struct task){job, arg};
        pthread_mutex_unlock(&r->lock);
        if (room)
                pthread_cond_signal(&r->filled);
        return room;
}

static inline int submit(void *self, pool_job *job, void *arg)
{
        (void)put(self, job, arg, true);
        return 0;
}

static int try_submit(void *self, pool_job *job, void *arg)
{
        return put(self, job, arg, false) ? 0 : -EAGAIN;
}

static uint64_t finish(void *self)
{
        struct ref *r = self;

        pthread_mutex_lock(&r->lock);
        r->closed = true;
        pthread_mutex_unlock(&r->lock);
        pthread_cond_broadcast(&r->filled);
        for (unsigned i = 0; i < r->started; i++)
                pthread_join(r->worker[i].thread, NULL);
        return r->run;
}

static void release(void *self)
{
        struct ref *r = self;

        free(r->ring);
        free(r);
}

static int start(void **self, const struct crew_spec *spec)
{
        struct ref *r = calloc(1, sizeof *r + spec->workers * sizeof r->worker[0]);
        int rc = 0;

        if (r)
                r->ring = calloc(spec->queue, sizeof *r->ring);
        if (!r || !r->ring) {
                free(r);
                return -ENOMEM;
        }
        r->spec = *spec;
        pthread_mutex_init(&r->lock, NULL);
        pthread_cond_init(&r->filled, NULL);
        pthread_cond_init(&r->freed, NULL);
        for (unsigned i = 0; i < spec->workers && !rc; i++) {
                r->worker[i] = (struct worker_of){.pool = r, .index = i};
                rc = ct_thread_start_(&r->worker[i].thread, work, &r->worker[i]);
                r->started += !rc;
        }
        *self = r;
        if (!rc)
                return 0;
        finish(r);
        release(r);
        return rc;
}

static const struct crew crew = {.limited = true,
                                 .start = start,
                                 .submit = submit,
                                 .try_submit = try_submit,
                                 .finish = finish,
                                 .free = release};

#include "pool/loop.h"

extern const struct contestant pool_ref;
const struct contestant pool_ref = {
        .name = "ref",
        .source = "N threads, a ring under pthread_mutex with a condition for either end",
        .caps = CAP_PARKS | CAP_FIFO | CAP_BASELINE | CAP_BUFFERED | CAP_THREADS_ONLY,
        .measure = {POOL_FLOOD, POOL_OPEN_LOOP, POOL_BALANCE},
};
