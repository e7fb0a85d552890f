/* A ring, a thread that takes from it, and a timed wait for whatever is missing in a batch. */
#include "flow/ref.h"

#include <stdlib.h>

#include "base/clock.h"

struct ref_batcher {
        struct batching *batching;
        pthread_mutex_t lock;
        pthread_cond_t room, more;
        pthread_t thread;
        bool closed;
        size_t n, at, slots, most;
        struct batch_item *batch, slot[];
};

/* Until there is a full batch, or the first one has waited for long enough. Whether it has. */
static bool await_batch(struct ref_batcher *r, int64_t age_ns)
{
        struct timespec until;
        int rc = 0;

        while (!r->n && !r->closed)
                pthread_cond_wait(&r->more, &r->lock);
        until = ct_timespec(ct_deadline_after(age_ns));
        while (r->n < r->most && !r->closed && !rc)
                rc = pthread_cond_timedwait(&r->more, &r->lock, &until);
        return r->n < r->most && !r->closed;
}

static void *batcher_main(void *arg)
{
        struct ref_batcher *r = arg;

        for (;;) {
                size_t n;
                bool aged;

                pthread_mutex_lock(&r->lock);
                aged = await_batch(r, r->batching->age_ns);
                n = r->n < r->most ? r->n : r->most;
                for (size_t i = 0; i < n; i++)
                        r->batch[i] = r->slot[(r->at + i) % r->slots];
                r->at = (r->at + n) % r->slots;
                r->n -= n;
                pthread_cond_broadcast(&r->room);
                pthread_mutex_unlock(&r->lock);
#ifdef CT_PLANT_flow_ref_forgets_the_rest
                if (r->closed)
                        return NULL;
#endif
                if (!n)
                        return NULL;
                batching_process(r->batching, r->batch, n, aged);
        }
}

static void take_down(struct ref_batcher *r)
{
        pthread_cond_destroy(&r->more);
        pthread_cond_destroy(&r->room);
        pthread_mutex_destroy(&r->lock);
        free(r->batch);
        free(r);
}

int ref_batch_start(struct batching *b)
{
        size_t slots = (BATCHES_QUEUED + 1) * b->most;
        struct ref_batcher *r = calloc(1, sizeof *r + slots * sizeof *r->slot);
        pthread_condattr_t attr;
        int rc;

        if (!r)
                return -ENOMEM;
        r->batching = b;
        r->slots = slots;
        r->most = b->most;
        r->batch = calloc(b->most, sizeof *r->batch);
        pthread_mutex_init(&r->lock, NULL);
        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(&r->room, &attr);
        pthread_cond_init(&r->more, &attr);
        pthread_condattr_destroy(&attr);
        rc = r->batch ? ref_thread(&r->thread, batcher_main, r) : -ENOMEM;
        if (rc)
                take_down(r);
        b->own = r;
        return rc;
}

void ref_batch_add(struct batching *b, const struct batch_item *item)
{
        struct ref_batcher *r = b->own;

        pthread_mutex_lock(&r->lock);
        while (r->n == r->slots)
                pthread_cond_wait(&r->room, &r->lock);
        r->slot[(r->at + r->n++) % r->slots] = *item;
        if (r->n == 1 || r->n == r->most)
                pthread_cond_signal(&r->more);
        pthread_mutex_unlock(&r->lock);
}

void ref_batch_end(struct batching *b)
{
        struct ref_batcher *r = b->own;

        pthread_mutex_lock(&r->lock);
        r->closed = true;
        pthread_cond_signal(&r->more);
        pthread_mutex_unlock(&r->lock);
        pthread_join(r->thread, NULL);
        take_down(r);
}
