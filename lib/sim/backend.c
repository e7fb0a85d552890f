/*
 * What lib/base is in the simulator: the parker's back-end, futexes, time, slots, spin budgets and
 * panics.
 *
 * Direct parks are one step each: the permit, the sleep and the wake of a real back-end are lib/
 * base's own business and have programs of their own, which run parker_thread.c on the futexes
 * below (SIM_PARK_THREAD).
 */
#include "base/panic.h"
#include "base/slot.h"
#include "sim/engine.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static uint32_t *word_of(struct ct_waiter *w)
{
        return (uint32_t *)(void *)&w->word;
}

static bool is_over(int64_t deadline)
{
        return deadline != CT_FOREVER && deadline <= sim.now;
}

static uint32_t here(void)
{
        return sim.program->one_place ? 0 : sim.current->number;
}

static void init(struct ct_waiter *w)
{
        *word_of(w) = CT_WAITER_EMPTY_;
        w->context = sim.current;
        w->place = here();
        if (sim_inside())
                clocks_store(&w->word, &sim.current->clock, false);
}

static int take_permit(struct ct_waiter *w)
{
        *word_of(w) = CT_WAITER_EMPTY_;
        clocks_load(&w->word, true);
        return 0;
}

static int park(struct ct_waiter *w, int64_t deadline, enum ct_park_how how)
{
        (void)how;
        sim_point("parks on", w, __builtin_return_address(0));
        memory_drain(sim.current);
        if (w->context != sim.current)
                sim_fail(SIM_CHECK_FAILED, "task %u parks on another's waiter",
                         sim.current->number);
        if (*word_of(w) == CT_WAITER_PERMIT_)
                return take_permit(w);
        if (is_over(deadline))
                return -ETIMEDOUT;
        *word_of(w) = CT_WAITER_PARKED_;
        sim_block(PARKED, w, deadline);
        if (sim.current->cause == RUN)
                return take_permit(w);
        *word_of(w) = CT_WAITER_EMPTY_;
        return -ETIMEDOUT;
}

static void unpark(struct ct_waiter *w)
{
        struct task *t;
        uint32_t before;

        sim_point("unparks", w, __builtin_return_address(0));
        sim_touch(w);
        memory_drain(sim.current);
        t = w->context;
        if (t < sim.task || t >= sim.task + sim.tasks)
                sim_fail(SIM_USE_AFTER_FREE, "task %u unparks what is no waiter",
                         sim.current->number);
        clocks_rmw(&w->word, false, true);
        before = *word_of(w);
        *word_of(w) = CT_WAITER_PERMIT_;
        if (before == CT_WAITER_PERMIT_)
                sim_fail(SIM_CHECK_FAILED, "task %u gives a waiter of task %u a second permit",
                         sim.current->number, t->number);
        sim_changed();
        if (before == CT_WAITER_PARKED_)
                sim_wake(t);
}

static bool may_spin(enum ct_spin_for what)
{
        (void)what;
        return sim.program->spins > 0;
}

static uint64_t self(void)
{
        return CT_SELF_TASK | (sim.current->number + 1);
}

const struct ct_parker_ops ct_parker_sim_ops = {
        .init = init,
        .park = park,
        .unpark = unpark,
        .here = here,
        .yield = ct_sim_pause_,
        .may_spin = may_spin,
        .self = self,
};

static int thread_park(struct ct_waiter *w, int64_t deadline, enum ct_park_how how)
{
        return ct_parker_thread_ops.park(w, deadline, how);
}

static void thread_unpark(struct ct_waiter *w)
{
        ct_parker_thread_ops.unpark(w);
}

const struct ct_parker_ops ct_parker_sim_thread_ops = {
        .init = init,
        .park = thread_park,
        .unpark = thread_unpark,
        .here = here,
        .yield = ct_sim_pause_,
        .may_spin = may_spin,
        .self = self,
};

void ct_parker_describe(uint64_t number, char *out, size_t size)
{
        snprintf(out, size, "task %llu", (unsigned long long)(number & ~CT_SELF_TASK) - 1);
}

/* ---- spinning ---- */

/* Budgets come in pauses that double, or as a primitive divides them: a few looks in all cases. */
#define SPIN_PAUSES 4u
#define SPIN_MOST 80u

unsigned ct_parker_cpus(void)
{
        return sim.program->spins ? 2 : 1;
}

void ct_spin_start(struct ct_spin *s, enum ct_spin_for what, int64_t deadline, uint32_t max_step_ns)
{
        unsigned budget = sim.program->spins * SPIN_PAUSES;

        (void)what, (void)max_step_ns;
        /* A spin that ends without a change in sight is one that did not take place: the scheduler
           keeps spinners back until something changes, so it would not show by itself. */
        if (budget && (is_over(deadline) || choose_value(2)))
                budget = 0;
        *s = (struct ct_spin){.left = budget, .step = 1, .max_step = SPIN_MOST};
}

void ct_spin_end(struct ct_spin *s, bool paid)
{
        (void)paid;
        s->left = 0;
}

/* ---- futex ---- */

int ct_sim_futex_wait_(void *word, uint32_t expected, int64_t deadline)
{
        sim_point("futex-waits on", word, __builtin_return_address(0));
        sim_touch(word);
        memory_drain(sim.current);
        if (*(volatile uint32_t *)word != expected)
                return -EAGAIN;
        if (is_over(deadline))
                return -ETIMEDOUT;
        sim_block(FUTEX, word, deadline);
        if (sim.current->cause == TIMEOUT)
                return -ETIMEDOUT;
        return sim.current->cause == SPURIOUS && (sim.steps & 1) ? -EINTR : 0;
}

int ct_sim_futex_wake_(void *word, int n)
{
        int woken = 0;

        sim_point("futex-wakes", word, __builtin_return_address(0));
        memory_drain(sim.current);
        while (woken < n) {
                struct task *first = NULL;

                for (unsigned i = 0; i < sim.tasks; i++) {
                        struct task *t = &sim.task[i];

                        if (t->state == FUTEX && t->on == word &&
                            (!first || t->queued_at < first->queued_at))
                                first = t;
                }
                if (!first)
                        break;
                sim_wake(first);
                woken++;
        }
        return woken;
}

/* ---- time and place ---- */

int64_t ct_sim_now_(void)
{
        return sim.now;
}

int64_t ct_deadline_after(int64_t ns)
{
        int64_t sum;

        if (ns <= 0)
                return sim.now;
        return __builtin_add_overflow(sim.now, ns, &sum) ? CT_FOREVER : sum;
}

void ct_sleep_until(int64_t deadline)
{
        sim_point("sleeps", sim.region, __builtin_return_address(0));
        if (!is_over(deadline))
                sim_block(ASLEEP, NULL, deadline);
}

unsigned ct_slot(void)
{
        return sim.current->number;
}

unsigned ct_slots_used(void)
{
        return sim.tasks;
}

/* ---- chance ---- */

unsigned ct_sim_choose_(unsigned n)
{
        return sim_inside() && n > 1 ? choose_value(n) : 0;
}

/* ---- panic ---- */

void ct_panic(const char *object, const void *address, const char *format, ...)
{
        char message[256];
        va_list ap;

        va_start(ap, format);
        vsnprintf(message, sizeof message, format, ap);
        va_end(ap);
        (void)address; /* differs between runs */
        sim_fail(SIM_PANIC, "%s: %s", object, message);
        fprintf(stderr, "contend: panic: %s: %s, outside of a schedule\n", object, message);
        abort();
}
