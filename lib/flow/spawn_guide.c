/* Source: see the header. A wait group (a count under a mutex, a condition) beside the semaphore.
 */
#include "flow/spawn_guide.h"

#include <stdlib.h>

#include "base/panic.h"
#include "flow/thread_start.h"

struct ct_spawn_guide {
        struct ct_chan_guide *tokens; /* NULL: no limit */
        pthread_mutex_t lock;         /* protects everything below it */
        pthread_cond_t idle;
        uint64_t running;
        struct ct_spawn_guide_stats stats;
};

struct spawned {
        struct ct_spawn_guide *owner;
        ct_pool_guide_job *job;
        void *arg;
};

int ct_spawn_guide_new(struct ct_spawn_guide **out, size_t limit)
{
        struct ct_spawn_guide *s = calloc(1, sizeof *s);

        *out = NULL;
        if (!s)
                return -ENOMEM;
        if (limit && ct_chan_guide_new(&s->tokens, 0, limit)) {
                free(s);
                return -ENOMEM;
        }
        pthread_mutex_init(&s->lock, NULL);
        pthread_cond_init(&s->idle, NULL);
        *out = s;
        return 0;
}

/* Its last act on *s is to unlock: after that, wait may return and s be freed. The token goes back
   under the same lock as the count goes down, so the limit holds for the count too. */
static void leave(struct ct_spawn_guide *s, bool ran, int error)
{
        pthread_mutex_lock(&s->lock);
        if (s->tokens)
                ct_chan_guide_recv(s->tokens, NULL); /* ours is in there: never waits */
        s->stats.submitted -= !ran;
        s->stats.done += ran && error == 0;
        s->stats.failed += ran && error != 0;
        if (ran && error && !s->stats.first_error)
                s->stats.first_error = error;
        if (--s->running == 0)
                pthread_cond_broadcast(&s->idle);
        pthread_mutex_unlock(&s->lock);
}

static void *job_main(void *arg)
{
        struct spawned own = *(struct spawned *)arg;

        free(arg);
        leave(own.owner, true, own.job(own.arg, NULL));
        return NULL;
}

/* With a token in hand, where there are any. */
static int start(struct ct_spawn_guide *s, ct_pool_guide_job *job, void *arg)
{
        struct spawned *own = malloc(sizeof *own);
        int rc = own ? 0 : -ENOMEM;

        pthread_mutex_lock(&s->lock);
        s->stats.submitted++;
        if (++s->running > s->stats.most)
                s->stats.most = s->running;
        pthread_mutex_unlock(&s->lock);
        if (!rc) {
                *own = (struct spawned){.owner = s, .job = job, .arg = arg};
                rc = ct_thread_start_(NULL, job_main, own);
        }
        if (rc) {
                free(own);
                leave(s, false, 0);
        }
        return rc;
}

int ct_spawn_guide_submit(struct ct_spawn_guide *s, ct_pool_guide_job *job, void *arg)
{
        if (s->tokens)
                ct_chan_guide_send(s->tokens, NULL);
        return start(s, job, arg);
}

int ct_spawn_guide_try_submit(struct ct_spawn_guide *s, ct_pool_guide_job *job, void *arg)
{
        if (s->tokens && !ct_chan_guide_try_send(s->tokens, NULL))
                return CT_POOL_QUEUE_FULL;
        return start(s, job, arg);
}

void ct_spawn_guide_wait(struct ct_spawn_guide *s)
{
        pthread_mutex_lock(&s->lock);
        while (s->running)
                pthread_cond_wait(&s->idle, &s->lock);
        pthread_mutex_unlock(&s->lock);
}

void ct_spawn_guide_stats(struct ct_spawn_guide *s, struct ct_spawn_guide_stats *out)
{
        pthread_mutex_lock(&s->lock);
        *out = s->stats;
        pthread_mutex_unlock(&s->lock);
}

void ct_spawn_guide_free(struct ct_spawn_guide *s)
{
        bool busy;

        if (!s)
                return;
        pthread_mutex_lock(&s->lock); /* the last job may still be inside */
        busy = s->running != 0;
        pthread_mutex_unlock(&s->lock);
        if (busy)
                ct_panic("thread per job", s, "freed while jobs run");
        ct_chan_guide_free(s->tokens);
        pthread_cond_destroy(&s->idle);
        pthread_mutex_destroy(&s->lock);
        free(s);
}
