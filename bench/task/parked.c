/* Many that wait at the same time: what each holds in memory, and what it takes to wake them. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/parker.h"
#include "task/task.h"
#include "task/tasks.h"

struct room;

struct sleeper {
        struct ct_waiter *waiter; /* on its own stack */
        struct room *room;
        struct ct_task_handle handle;
        pthread_t thread;
};

struct room {
        uint64_t n, started;
        struct sleeper *sleeper;
        struct measurement *m;
        ct_atomic_u64 arrived;
        bool threads;
};

static int wait_in_room(void *arg)
{
        struct sleeper *s = arg;
        struct ct_waiter waiter;

        ct_waiter_init(&waiter);
        s->waiter = &waiter;
        ct_add_u64_release(&s->room->arrived, 1); /* pairs with await(): the waiter is there */
        (void)ct_park_until(&waiter, CT_FOREVER, CT_PARK_SLEEP);
        return s->waiter == &waiter;
}

static void *wait_on_thread(void *arg)
{
        return (void *)(uintptr_t)wait_in_room(arg);
}

static void await(struct room *r)
{
        while (ct_load_u64_acquire(&r->arrived) < r->started)
                ct_yield();
}

static int start_one(struct room *r, struct sleeper *s)
{
        s->room = r;
        return r->threads ? -pthread_create(&s->thread, NULL, wait_on_thread, s)
                          : ct_task_start(&s->handle, wait_in_room, s);
}

static bool join_one(const struct room *r, struct sleeper *s)
{
        void *result;

        if (!r->threads)
                return ct_task_join(&s->handle) == 1;
        return !pthread_join(s->thread, &result) && result == (void *)1;
}

/* From the inside of the runtime, or on a thread. */
static int fill_and_empty(void *arg)
{
        struct room *r = arg;
        struct measurement *m = r->m;
        double before, after;
        int64_t start, filled, emptying, end;
        uint64_t joined = 0;
        int rc = task_resident_bytes(&before), rss;

        start = ct_now_ns();
        while (r->started < r->n && !rc) {
                rc = start_one(r, &r->sleeper[r->started]);
                r->started += !rc;
        }
        await(r);
        filled = ct_now_ns();
        rss = task_resident_bytes(&after);
        emptying = ct_now_ns();
        for (uint64_t i = 0; i < r->started; i++)
                ct_unpark(r->sleeper[i].waiter);
        for (uint64_t i = 0; i < r->started; i++)
                joined += join_one(r, &r->sleeper[i]);
        end = ct_now_ns();
        if (rc || rss)
                return rc ? rc : rss;
        m->window_ns = (double)(filled - start + end - emptying);
        m->ops = (double)r->n;
        m->ns_per_op = m->window_ns / m->ops;
        m->ops_per_s = 1e9 / m->ns_per_op;
        m->own[M_BYTES_PER_TASK] = after > before ? (after - before) / m->ops : 0;
        m->own[M_SPAWN_NS_PER_TASK] = (double)(filled - start) / m->ops;
        m->own[M_WAKE_NS_PER_TASK] = (double)(end - emptying) / m->ops;
        m->verified = joined == r->n;
        return 0;
}

/* The list of the sleepers is ours, not theirs: it is in memory before the first reading. */
static int measure(const struct topology *topology, const struct params *p, struct measurement *m,
                   bool threads)
{
        struct room r = {.n = (uint64_t)p->value[P_TASKS], .m = m, .threads = threads};
        size_t size = r.n * sizeof *r.sleeper;
        int rc;

        r.sleeper = malloc(size);
        if (!r.sleeper)
                return -ENOMEM;
        memset(r.sleeper, 0xff, size);
        rc = threads ? fill_and_empty(&r) : task_in_runtime(topology, 0, fill_and_empty, &r);
        free(r.sleeper);
        return rc;
}

int task_measure_parked(const struct topology *t, const struct params *p, int64_t window_ns,
                        struct measurement *m)
{
        (void)window_ns; /* its length is a number of tasks */
        return measure(t, p, m, false);
}

int ref_measure_parked(const struct topology *t, const struct params *p, int64_t window_ns,
                       struct measurement *m)
{
        (void)window_ns;
        return measure(t, p, m, true);
}
