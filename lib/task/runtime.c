/*
 * Starting and stopping the runtime, and its threads.
 */
#include "base/panic.h"
#include "base/parker.h"
#include "task/internal.h"
#include "task/stack.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct ct_runtime_ ct_runtime_;

#define R (&ct_runtime_)

/* ---- drivers ---- */

/* From here on others may unpark it and end its slices. */
static void register_driver(struct ct_driver_ *d)
{
        ct_guard_lock(&R->guard);
        d->waiter.ops = &ct_parker_thread_ops;
        d->waiter.ops->init(&d->waiter);
        d->wanted = &ct_checkpoint_wanted_;
        d->tid = gettid();
        ct_idle_woken_locked_(d);
        ct_guard_unlock(&R->guard);
}

static void *driver_thread(void *arg)
{
        struct ct_driver_ *d = arg;
        char name[16];

        snprintf(name, sizeof name, "ct_carrier%u", d->carrier->number);
        prctl(PR_SET_NAME, name);
        prctl(PR_SET_TIMERSLACK, 1); /* else the kernel adds 50 us to each deadline */
        d->errno_at = &errno;
        d->signal_stack = ct_overflow_stack_();
        ct_switch_adopt_thread_(&d->scheduler);
        ct_driver_self_ = d;
        ct_parker_self_ = &ct_parker_task_ops;
        register_driver(d);
        ct_idle_settle_(d);
        ct_sched_drive_(d);
        ct_overflow_stack_gone_(d->signal_stack);
        ct_store_u32_release(&d->gone, 1); /* pairs with join_drivers */
        return NULL;
}

int ct_runtime_hire_(struct ct_carrier_ *c)
{
        struct ct_driver_ *d = calloc(1, sizeof *d);
        int r;

        if (!d)
                return -ENOMEM;
        d->pinned = -1;
        d->carrier = c;
        ct_guard_lock(&R->guard);
        ct_store_ptr_relaxed(&c->driver, d);
        ct_guard_unlock(&R->guard);
        r = pthread_create(&d->thread, NULL, driver_thread, d);
        if (r) {
                ct_guard_lock(&R->guard);
                ct_store_ptr_relaxed(&c->driver, NULL);
                ct_guard_unlock(&R->guard);
                free(d);
                return -r;
        }
        ct_guard_lock(&R->guard);
        d->next = R->drivers;
        R->drivers = d;
        R->threads++;
        ct_guard_unlock(&R->guard);
        return 0;
}

/* ---- start ---- */

static int setup(const struct ct_runtime_config *config)
{
        unsigned n = config->carriers ? config->carriers : ct_parker_cpus();
        int r;

        if (n > CT_CARRIERS_MAX)
                return -EINVAL;
        r = ct_stack_setup_(config->stack_bytes, config->guard);
        if (r)
                return r;
        memset(R, 0, sizeof *R);
        R->carrier = aligned_alloc(CT_CACHE_PAIR, n * sizeof *R->carrier);
        if (!R->carrier)
                return -ENOMEM;
        memset(R->carrier, 0, n * sizeof *R->carrier);
        R->carriers = n;
        for (unsigned i = 0; i < n; i++) {
                struct ct_carrier_ *c = &R->carrier[i];

                c->number = i;
                c->cpu = config->cpus ? config->cpus[i] : -1;
                ct_rng_seed(&c->rng, i + 1);
                ct_timers_init_(&c->timers);
        }
        R->monitor_waiter.ops = &ct_parker_thread_ops;
        R->monitor_waiter.ops->init(&R->monitor_waiter);
        return 0;
}

/* Until the last driver has gone. Those that exist may hire others, but only while they run. */
static void join_drivers(void)
{
        for (;;) {
                struct ct_driver_ *d;

                ct_guard_lock(&R->guard);
                d = R->drivers;
                if (d)
                        R->drivers = d->next;
                ct_guard_unlock(&R->guard);
                if (!d)
                        return;
                while (!ct_load_u32_acquire(&d->gone)) { /* pairs with driver_thread */
                        ct_guard_lock(&R->guard);
                        if (d->wanted && !ct_load_u32_relaxed(&d->gone)) {
                                ct_store_u32_release(d->wanted, 1); /* pairs with find() */
                                ct_unpark(&d->waiter);
                        }
                        ct_guard_unlock(&R->guard);
                        if (!ct_load_u32_acquire(&d->gone))
                                ct_sleep_until(ct_deadline_after(CT_NS_PER_MS / 10));
                }
                pthread_join(d->thread, NULL);
                free(d);
        }
}

static void teardown(bool monitor)
{
        ct_guard_lock(&R->guard);
        ct_store_u32_release(&R->stopping, 1); /* pairs with everybody's loop */
        if (monitor)
                ct_unpark(&R->monitor_waiter);
        ct_guard_unlock(&R->guard);
        if (monitor)
                pthread_join(R->monitor, NULL);
        join_drivers();
}

static void discard(void)
{
        ct_stack_teardown_();
        free(R->carrier);
        R->carrier = NULL;
        R->carriers = 0;
}

int ct_runtime_start(const struct ct_runtime_config *config)
{
        static const struct ct_runtime_config defaults;
        int r;

        if (ct_load_u32_acquire(&R->running))
                return -EBUSY;
        r = setup(config ? config : &defaults);
        if (r)
                return r;
        for (unsigned i = 0; i < R->carriers && !r; i++)
                r = ct_runtime_hire_(&R->carrier[i]);
        if (!r)
                r = -pthread_create(&R->monitor, NULL, ct_monitor_, NULL);
        if (!r && ct_overflow_watch_()) {
                r = -errno;
                teardown(true);
                discard();
                return r;
        }
        if (r) {
                teardown(false);
                discard();
                return r;
        }
        ct_store_u32_release(&R->running, 1);
        return 0;
}

unsigned ct_runtime_stop(void)
{
        unsigned left;

        if (!ct_load_u32_acquire(&R->running))
                ct_panic("runtime", R, "stopped, but it does not run");
        if (ct_in_task())
                ct_panic("runtime", R, "stopped by one of its own tasks");
        teardown(true);
        ct_overflow_unwatch_();
        left = ct_report_left_();
        discard();
        ct_store_u32_release(&R->running, 0);
        return left;
}

struct ct_runtime_info ct_runtime_info(void)
{
        struct ct_runtime_info info = {0};

        if (!ct_load_u32_acquire(&R->running))
                return info;
        ct_guard_lock(&R->guard);
        info.carriers = R->carriers;
        info.threads = R->threads;
        info.handovers = R->handovers;
        ct_guard_unlock(&R->guard);
        for (unsigned i = 0; i < R->carriers; i++)
                info.steals += ct_load_u64_relaxed(&R->carrier[i].steals);
        ct_stack_info_(&info);
        return info;
}

pid_t ct_runtime_carrier_tid(unsigned carrier)
{
        struct ct_driver_ *d = NULL;
        pid_t tid = 0;

        if (!ct_load_u32_acquire(&R->running) || carrier >= R->carriers)
                return 0;
        ct_guard_lock(&R->guard);
        d = ct_load_ptr_relaxed(&R->carrier[carrier].driver);
        if (d)
                tid = d->tid;
        ct_guard_unlock(&R->guard);
        return tid;
}

void ct_runtime_dump(int fd)
{
        if (ct_load_u32_acquire(&R->running))
                ct_report_waiting_(fd);
}
