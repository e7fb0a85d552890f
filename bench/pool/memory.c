#include "pool/pool.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "harness/sysfile.h"

enum { LOCALS = 4096 };

/* The hall where the jobs of one measurement wait. */
struct hall {
        struct ct_chan_guide *signal; /* closed when they may go on */
        pthread_mutex_t lock;
        pthread_cond_t arrival;
        uint64_t arrived;
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
        pthread_mutex_lock(&h->lock);
        h->arrived++;
        pthread_cond_signal(&h->arrival);
        pthread_mutex_unlock(&h->lock);
        ct_chan_guide_recv(h->signal, NULL);
        if (locals[g->number % LOCALS] != (unsigned char)g->number)
                return -EBADMSG;
        return pool_add_job(&g->number, local);
}

static void await_arrivals(struct hall *h, uint64_t n)
{
        pthread_mutex_lock(&h->lock);
        while (h->arrived < n)
                pthread_cond_wait(&h->arrival, &h->lock);
        pthread_mutex_unlock(&h->lock);
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

/* With every job waiting: the resident set, then the signal. */
static int hold(const struct crew *crew, void *self, struct hall *h, struct guest *guests,
                uint64_t n, uint64_t waiting, struct measurement *m)
{
        double before, peak;
        int64_t start, full, again, end;
        uint64_t ran;
        int rc = rss_mb(&before);

        pool_take_sum();
        start = ct_now_ns();
        for (uint64_t i = 0; i < n && !rc; i++) {
                guests[i] = (struct guest){.hall = h, .number = i + 1};
                rc = crew->submit(self, wait_job, &guests[i]);
        }
        if (!rc)
                await_arrivals(h, waiting);
        full = ct_now_ns();
        if (!rc)
                rc = rss_mb(&peak);
        again = ct_now_ns();
        ct_chan_guide_close(h->signal);
        ran = crew->finish(self);
        end = ct_now_ns();
        if (rc)
                return rc;
        m->ops = (double)n;
        m->window_ns = (double)(full - start + end - again);
        m->own[M_PEAK_RSS_MB] = peak;
        m->own[M_RSS_GROWTH_MB] = peak > before ? peak - before : 0;
        m->verified = ran == n && pool_take_sum() == n * (n + 1) / 2;
        return 0;
}

int pool_memory(const struct crew *crew, const struct params *p, struct measurement *m)
{
        uint64_t n = (uint64_t)p->value[P_JOBS], workers = (uint64_t)p->value[P_WORKERS];
        uint64_t waiting = crew->limited && workers < n ? workers : n;
        struct hall h = {.lock = PTHREAD_MUTEX_INITIALIZER, .arrival = PTHREAD_COND_INITIALIZER};
        struct guest *guests = calloc(n, sizeof *guests);
        struct pool_switches since;
        void *self = NULL;
        int rc = settle();

        if (!rc)
                rc = guests ? ct_chan_guide_new(&h.signal, 0, 0) : -ENOMEM;
        pool_switches_read(&since);
        if (!rc)
                rc = crew->start(&self, (unsigned)workers, n);
        if (!rc)
                rc = hold(crew, self, &h, guests, n, waiting, m);
        if (self)
                crew->free(self);
        ct_chan_guide_free(h.signal);
        free(guests);
        if (!rc)
                pool_finish_row(&since, m);
        return rc;
}
