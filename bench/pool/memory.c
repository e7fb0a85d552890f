/* The `memory` measurement, see pool.h. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "harness/sysfile.h"
#include "pool/pool.h"
#include "sync/latch.h"

enum { LOCALS = 4096 };

/* The hall where the jobs of one measurement wait. */
struct hall {
        struct ct_latch signal; /* opened when they may go on */
        struct ct_latch full;   /* opened by the last that is to wait */
        ct_atomic_u64 arrived;
        uint64_t waiting; /* that are to wait */
};

struct guest {
        struct hall *hall;
        uint64_t number;
};

static int wait_job(void *arg, void *local)
{
        struct guest *g = arg;
        struct hall *h = g->hall;
        unsigned char locals[LOCALS];

        memset(locals, (int)g->number, sizeof locals);
        __asm__ __volatile__("" ::"r"(locals) : "memory"); /* they are wanted */
        if (ct_add_u64_relaxed(&h->arrived, 1) + 1 == h->waiting)
                ct_latch_count_down(&h->full, 1);
        ct_latch_wait(&h->signal);
        if (locals[g->number % LOCALS] != (unsigned char)g->number)
                return -EBADMSG;
        return pool_count_job((void *)(uintptr_t)g->number, local);
}

/* By walking the page tables: the kernel's running counts lag by some pages for every thread. */
static int rss_mb(double *mb)
{
        char text[4096], field[64];
        long n = ct_sysfile_read(text, sizeof text, "", "/proc/self/smaps_rollup");
        unsigned long long kb;

        if (n < 0)
                return (int)n;
        if (!ct_sysfile_field(text, "Rss", field, sizeof field) || sscanf(field, "%llu", &kb) != 1)
                return -ENODATA;
        *mb = (double)kb / 1024;
        return 0;
}

static void *nothing(void *arg)
{
        return arg;
}

/* Leaves no stack of an earlier window behind: detached threads may still be on their way out, and
   the C library returns the stacks of those that have gone only when it frees another one. */
static int settle(void)
{
        static long own; /* threads of the process itself; a sanitizer has some */
        int64_t until = ct_deadline_after(10 * CT_NS_PER_S);
        pthread_t last;
        long threads;
        int rc;

        for (;;) {
                char text[4096], field[64];
                long n = ct_sysfile_read(text, sizeof text, "", "/proc/self/status");

                if (n < 0)
                        return (int)n;
                if (!ct_sysfile_field(text, "Threads", field, sizeof field))
                        return -ENODATA;
                threads = strtol(field, NULL, 10);
                own = own ? own : threads;
                if (threads <= own)
                        break;
                if (ct_now_ns() > until)
                        return -ETIMEDOUT;
                ct_sleep_until(ct_deadline_after(CT_NS_PER_MS));
        }
        rc = pthread_create(&last, NULL, nothing, NULL);
        if (!rc)
                pthread_join(last, NULL);
        return -rc;
}

static int submit_all(const struct crew *crew, void *self, struct hall *h, struct guest *guests,
                      uint64_t n, const struct measurement *m)
{
        for (uint64_t i = 0; i < n; i++) {
                int rc;

                guests[i] = (struct guest){.hall = h, .number = i + 1};
                rc = crew->submit(self, wait_job, &guests[i]);
                if (!rc)
                        continue;
                fprintf(stderr, "contend: pool: %s at %s %llu of %llu\n",
                        rc == -EAGAIN ? "EAGAIN" : strerror(-rc),
                        m->exec == BY_TASKS ? "task" : "thread", (unsigned long long)i + 1,
                        (unsigned long long)n);
                return rc;
        }
        return 0;
}

/* With every job waiting: the resident set, then the signal. */
static int hold(const struct crew *crew, void *self, struct hall *h, struct guest *guests,
                uint64_t n, struct measurement *m)
{
        struct pool_count expected = {0}, ran;
        double before, peak = 0;
        int64_t start, full, again;
        uint64_t said;
        int rc = rss_mb(&before);

        pool_count_take(&ran);
        start = ct_now_ns();
        if (!rc)
                rc = submit_all(crew, self, h, guests, n, m);
        if (!rc)
                ct_latch_wait(&h->full);
        full = ct_now_ns();
        if (!rc)
                rc = rss_mb(&peak);
        again = ct_now_ns();
        ct_latch_count_down(&h->signal, 1);
        said = crew->finish(self);
        m->window_ns = (double)(full - start + ct_now_ns() - again);
        m->ops = (double)n;
        m->own[M_PEAK_RSS_MB] = peak;
        m->own[M_RSS_GROWTH_MB] = peak > before ? peak - before : 0;
        pool_count_take(&ran);
        pool_count_add(&expected, 1, n);
        m->verified = said == n && pool_count_equal(&ran, &expected);
        return rc;
}

static int memory(const struct crew *crew, const struct topology *t, const struct params *p,
                  struct measurement *m)
{
        uint64_t n = (uint64_t)p->value[P_JOBS], workers = (uint64_t)p->value[P_WORKERS];
        struct crew_spec spec = {
                .workers = (unsigned)workers, .queue = n, .tasks = m->exec == BY_TASKS};
        struct hall h = {.waiting = crew->limited && workers < n ? workers : n};
        struct guest *guests = calloc(n, sizeof *guests);
        struct pool_switches since;
        void *self;
        int rc = guests ? 0 : -ENOMEM;

        ct_latch_init(&h.signal, 1);
        ct_latch_init(&h.full, 1);
        pool_switches_read(&since);
        if (!rc)
                rc = crew->start(&self, &spec);
        if (!rc) {
                rc = hold(crew, self, &h, guests, n, m);
                crew->free(self);
                pool_finish_row(&since, t, (unsigned)(crew->limited ? workers : n), m);
        }
        free(guests);
        return rc;
}

int pool_memory(const struct crew *crew, unsigned workload, const struct topology *t,
                const struct params *p, int64_t window_ns, struct measurement *m)
{
        int rc = settle(), left;

        (void)workload;
        (void)window_ns;
        if (!rc)
                rc = pool_stage_begin(m->exec, t);
        if (rc)
                return rc;
        rc = memory(crew, t, p, m);
        left = pool_stage_end(m->exec);
        return rc ? rc : left;
}
