#include "context/crew.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/clock.h"
#include "base/parker.h"
#include "task/task.h"

static const int64_t settle_ns = 100 * CT_NS_PER_US;
static const size_t stack_bytes = 64 << 10; /* ten thousand of them */

struct member {
        CT_ALIGN_PAIR struct ct_waiter waiter;
        struct crew *crew;
        unsigned index;
        pthread_t thread;
        struct ct_task_handle task;
};

struct crew {
        struct ct_waiter worker;
        bool (*wait)(void *scene, unsigned index);
        void *scene;
        unsigned n;
        bool tasks, quit;
        int64_t last_at;
        CT_ALIGN_PAIR ct_atomic_u64 waiting, back, wrong;
        struct member *member;
};

static void one_round(struct crew *c, unsigned index)
{
        bool right;

        ct_add_u64_release(&c->waiting, 1); /* pairs with crew_send() */
        right = c->wait(c->scene, index);
        if (!right)
                ct_add_u64_relaxed(&c->wrong, 1);
        if (ct_add_u64_acq_rel(&c->back, 1) + 1 < c->n) /* orders the last after all others */
                return;
        c->last_at = ct_now_ns();
        ct_unpark(&c->worker);
}

static int member_main(void *arg)
{
        struct member *m = arg;
        struct crew *c = m->crew;

        ct_waiter_init(&m->waiter);
        if (ct_add_u64_acq_rel(&c->back, 1) + 1 == c->n)
                ct_unpark(&c->worker); /* all are ready */
        for (;;) {
                (void)ct_park_until(&m->waiter, CT_FOREVER, CT_PARK_SLEEP);
                if (c->quit)
                        return 0;
                one_round(c, m->index);
        }
}

static void *member_on_thread(void *arg)
{
        (void)member_main(arg);
        return NULL;
}

static int start_thread(struct member *m)
{
        pthread_attr_t attr;
        cpu_set_t cpus;
        int rc;

        if (sched_getaffinity(getpid(), sizeof cpus, &cpus))
                return -errno;
        pthread_attr_init(&attr);
        rc = pthread_attr_setaffinity_np(&attr, sizeof cpus, &cpus);
        if (!rc)
                rc = pthread_attr_setstacksize(&attr, stack_bytes);
        if (!rc)
                rc = pthread_create(&m->thread, &attr, member_on_thread, m);
        pthread_attr_destroy(&attr);
        return -rc;
}

static void dismiss(struct crew *c, unsigned started)
{
        c->quit = true;
        for (unsigned i = 0; i < started; i++)
                ct_unpark(&c->member[i].waiter);
        for (unsigned i = 0; i < started; i++) {
                if (c->tasks)
                        (void)ct_task_join(&c->member[i].task);
                else
                        pthread_join(c->member[i].thread, NULL);
        }
        free(c->member);
        free(c);
}

int crew_start(struct crew **out, unsigned n, bool (*wait)(void *, unsigned), void *scene)
{
        struct crew *c = aligned_alloc(CT_CACHE_PAIR, sizeof *c);
        struct member *m = aligned_alloc(CT_CACHE_PAIR, n * sizeof *m);
        unsigned started = 0;
        int rc = 0;

        if (!c || !m) {
                free(c);
                free(m);
                return -ENOMEM;
        }
        *c = (struct crew){.wait = wait, .scene = scene, .tasks = ct_in_task(), .member = m};
        c->n = n;
        ct_waiter_init(&c->worker);
        for (; started < n && !rc; started += !rc) {
                m[started] = (struct member){.crew = c, .index = started};
                rc = c->tasks ? ct_task_start(&m[started].task, member_main, &m[started])
                              : start_thread(&m[started]);
        }
        if (!rc)
                ct_park(&c->worker);
        else /* each has its waiter, or will not be woken */
                while (ct_load_u64_acquire(&c->back) < started)
                        ct_yield();
        if (rc)
                dismiss(c, started);
        else
                *out = c;
        return rc;
}

void crew_send(struct crew *c)
{
        ct_store_u64_relaxed(&c->waiting, 0); /* the unparks publish both */
        ct_store_u64_relaxed(&c->back, 0);
        ct_waiter_init(&c->worker);
        for (unsigned i = 0; i < c->n; i++)
                ct_unpark(&c->member[i].waiter);
        while (ct_load_u64_acquire(&c->waiting) < c->n) /* pairs with one_round() */
                ct_yield();
        ct_task_sleep_until(ct_now_ns() + settle_ns);
}

int64_t crew_await(struct crew *c)
{
        ct_park(&c->worker);
        return ct_load_u64_relaxed(&c->wrong) ? 0 : c->last_at;
}

void crew_stop(struct crew *c)
{
        dismiss(c, c->n);
}
