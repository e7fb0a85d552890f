#include "task/partner.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The worker is bound: the main thread knows what the process may use. */
static int next_cpu(void)
{
        cpu_set_t set;
        int here = sched_getcpu();

        if (here < 0 || sched_getaffinity(getpid(), sizeof set, &set))
                return -errno;
        for (int i = 1; i < CPU_SETSIZE; i++)
                if (CPU_ISSET((here + i) % CPU_SETSIZE, &set))
                        return (here + i) % CPU_SETSIZE;
        return -ENODEV;
}

int partner_thread(pthread_t *thread, bool across, void *(*fn)(void *), void *arg)
{
        pthread_attr_t attr;
        cpu_set_t set;
        int cpu = across ? next_cpu() : sched_getcpu(), rc;

        if (cpu < 0)
                return cpu == -1 ? -errno : cpu;
        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        pthread_attr_init(&attr);
        rc = pthread_attr_setaffinity_np(&attr, sizeof set, &set);
        if (!rc)
                rc = pthread_create(thread, &attr, fn, arg);
        pthread_attr_destroy(&attr);
        return -rc;
}

static int partner_main(void *arg)
{
        struct partner *p = arg;

        ct_waiter_init(&p->own);
        for (;;) {
                ct_unpark(&p->worker); /* the first one says: ready */
                ct_park(&p->own);
                if (p->quit)
                        return 0;
                p->answers++;
        }
}

static void *partner_on_thread(void *arg)
{
        partner_main(arg);
        return NULL;
}

int partner_start(struct partner **out, bool across)
{
        struct partner *p = aligned_alloc(CT_CACHE_PAIR, sizeof *p);
        int rc;

        if (!p)
                return -ENOMEM;
        memset(p, 0, sizeof *p);
        ct_waiter_init(&p->worker);
        p->is_task = ct_in_task();
        rc = p->is_task ? ct_task_start(&p->task, partner_main, p)
                        : partner_thread(&p->thread, across, partner_on_thread, p);
        if (rc) {
                free(p);
                return rc;
        }
        ct_park(&p->worker);
        *out = p;
        return 0;
}

void partner_stop(struct partner *p)
{
        p->quit = true;
        ct_unpark(&p->own);
        if (p->is_task)
                ct_task_join(&p->task);
        else
                pthread_join(p->thread, NULL);
        free(p);
}
