/* What the contestants that measure by themselves share. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/parker.h"
#include "exec_task.h"
#include "harness/histogram.h"
#include "harness/sysfile.h"
#include "task/task.h"
#include "task/tasks.h"

/* The kernel's running counts lag by some pages for every thread; the walk does not. */
int task_resident_bytes(double *bytes)
{
        char text[4096], field[64];
        long n = ct_sysfile_read(text, sizeof text, "", "/proc/self/smaps_rollup");
        unsigned long long kb;

        if (n < 0)
                return (int)n;
        if (!ct_sysfile_field(text, "Rss", field, sizeof field) || sscanf(field, "%llu", &kb) != 1)
                return -ENODATA;
        *bytes = (double)kb * 1024;
        return 0;
}

void task_latencies(const struct ct_histogram *h, struct measurement *m)
{
        m->ops = m->latency_samples = (double)ct_histogram_count(h);
        m->ns_per_op = ct_histogram_mean(h);
        m->latency_p50_ns = (double)ct_histogram_quantile(h, 0.5);
        m->latency_p99_ns = (double)ct_histogram_quantile(h, 0.99);
        m->latency_p999_ns = (double)ct_histogram_quantile(h, 0.999);
        m->latency_max_ns = (double)ct_histogram_max(h);
}

int task_in_runtime(const struct topology *topology, unsigned carriers, int (*fn)(void *),
                    void *arg)
{
        struct ct_task_handle h;
        int rc = exec_task_runtime(topology, carriers);
        unsigned left;

        if (rc)
                return rc;
        rc = ct_task_start(&h, fn, arg);
        if (!rc)
                rc = ct_task_join(&h);
        left = ct_runtime_stop();
        return rc ? rc : left ? -EBADMSG : 0;
}

/* ---- tasks that wait with a deadline ---- */

struct armed_task {
        struct ct_waiter waiter;
        struct ct_task_handle handle;
        ct_atomic_u64 *waiting;
        int64_t deadline;
};

struct armed {
        uint64_t n;
        ct_atomic_u64 waiting;
        struct armed_task *task;
};

static int wait_armed(void *arg)
{
        struct armed_task *t = arg;

        ct_waiter_init(&t->waiter);
        ct_add_u64_release(t->waiting, 1); /* pairs with armed_start(): the waiter is ready */
        return ct_park_until(&t->waiter, t->deadline, CT_PARK_SLEEP);
}

int armed_start(struct armed **out, uint64_t n)
{
        struct armed *a = calloc(1, sizeof *a);
        int64_t deadline = ct_now_ns() + 3600 * CT_NS_PER_S;
        int rc = 0;

        if (a)
                a->task = calloc(n, sizeof *a->task);
        if (!a || !a->task) {
                free(a);
                return -ENOMEM;
        }
        for (uint64_t i = 0; i < n && !rc; i++) {
                a->task[i].waiting = &a->waiting;
                a->task[i].deadline = deadline + (int64_t)i * CT_NS_PER_US; /* none like another */
                rc = ct_task_start(&a->task[i].handle, wait_armed, &a->task[i]);
                a->n += !rc;
        }
        while (ct_load_u64_acquire(&a->waiting) < a->n) /* pairs with wait_armed() */
                ct_yield();
        if (rc)
                armed_stop(a);
        else
                *out = a;
        return rc;
}

uint64_t armed_stop(struct armed *a)
{
        uint64_t woken = 0;

        for (uint64_t i = 0; i < a->n; i++)
                ct_unpark(&a->task[i].waiter);
        for (uint64_t i = 0; i < a->n; i++)
                woken += !ct_task_join(&a->task[i].handle);
        free(a->task);
        free(a);
        return woken;
}
