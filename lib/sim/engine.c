/*
 * Tasks and switching.
 *
 * A task runs until a scheduling point at which the chooser names another; then it jumps there
 * directly. The explorer's own context runs only between schedules: it is jumped to when all tasks
 * have ended or one of them has failed, and the stacks of the others are then simply forgotten.
 *
 * Spinning: a task that pauses has looked and found nothing, so it does not run again before some
 * other task has changed memory or woken somebody. That keeps the search finite and loses nothing:
 * an endless spin would do the same again, and a spin within a budget (ct_spin_start) has the
 * choice not to begin. Where all that could run have paused, time passes, twice as much each time,
 * so that a spin with a deadline ends; if that does not help either, nobody ever gets on. Likewise
 * for polling: a task that has timed out MAX_POLLS times while all others stood still waits for one
 * of them to change something, as long as one can.
 */
#include "sim/engine.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

typedef struct {
        void *context;
        void *data;
} transfer;

/* Boost.Context's, whose header is C++. */
transfer jump_fcontext(void *to, void *data);
void *make_fcontext(void *stack_top, size_t size, void (*entry)(transfer));

struct engine sim = {.current = &sim.main};
static jmp_buf check_failed;
static bool in_check;

static void switch_to(struct task *next)
{
        struct task *self = sim.current;
        transfer t;

        sim.current = next;
        t = jump_fcontext(next->context, self);
        ((struct task *)t.data)->context = t.context;
}

void sim_fail(enum sim_verdict v, const char *format, ...)
{
        va_list ap;

        if (sim.verdict == SIM_OK) {
                sim.verdict = v;
                va_start(ap, format);
                vsnprintf(sim.message, sizeof sim.message, format, ap);
                va_end(ap);
        }
        if (sim_inside())
                switch_to(&sim.main); /* for good */
        if (in_check)
                longjmp(check_failed, 1);
}

uint64_t sim_offset(const void *p)
{
        const char *c = p;

        /* Memory of the simulation is where it was last time; the rest moves with the program. */
        return c >= sim.region && c < sim.end ? (uint64_t)(c - sim.region)
                                              : (uint64_t)(c - sim.module);
}

void sim_touch(const void *p)
{
        const char *c = p;

        if (c < sim.arena || c >= sim.end)
                return;
        if (c < sim.stacks) {
                if (!heap_live(p))
                        sim_fail(SIM_USE_AFTER_FREE, "task %u uses memory that was freed",
                                 sim.current->number);
                return;
        }
        struct task *owner = &sim.task[(size_t)(c - sim.stacks) / STACK_BYTES];

        if (owner != sim.current && (owner->state == DONE || c < (const char *)owner->context))
                sim_fail(SIM_USE_AFTER_FREE,
                         "task %u uses a variable of a function of task %u that has returned",
                         sim.current->number, owner->number);
}

static void run_on(bool current_can_run)
{
        struct task *next = choose_next(current_can_run);

        if (!next) {
                report_deadlock(); /* fails */
                return;
        }
        if (next == sim.current)
                return;
        sim_mix(next->number * 4 + next->cause);
        switch_to(next);
}

void sim_point(const char *what, const void *p, const void *called_from)
{
        struct task *self = sim.current;

        if (++sim.steps > MAX_STEPS)
                sim_fail(SIM_LIVELOCK, "no end after %u steps", MAX_STEPS);
        self->called_from = called_from;
        run_on(true);
        sim_mix(sim_offset(p) << 3 | self->number);
        if (__builtin_expect(sim.trace, 0))
                report_step(what, p, called_from);
}

void sim_block(enum state state, const void *on, int64_t deadline)
{
        struct task *self = sim.current;

        memory_drain(self);
        self->state = state;
        self->on = on;
        self->deadline = deadline;
        self->queued_at = sim.steps;
        if (sim.trace)
                report_step("waits", on, self->called_from);
        run_on(false);
}

void sim_wake(struct task *t)
{
        t->state = READY;
        t->cause = RUN;
        sim_changed();
}

void ct_sim_pause_(void)
{
        struct task *self = sim.current;

        if (!sim_inside())
                return;
        if (++sim.steps > MAX_STEPS)
                sim_fail(SIM_LIVELOCK, "no end after %u steps", MAX_STEPS);
        if (self->buffered)
                sim_point("pauses", sim.region, __builtin_return_address(0));
        memory_drain(self);
        self->called_from = __builtin_return_address(0);
        self->yielded = true;
        self->yielded_at = sim.changes;
        run_on(false);
        self->yielded = false;
}

static void entry(transfer t)
{
        struct task *from = t.data, *self = sim.current;

        from->context = t.context;
        sim.program->task(sim.region, self->number);
        if (self->buffered) /* others may run before its last stores are seen */
                sim_point("ends", sim.region, __builtin_return_address(0));
        memory_drain(self);
        self->state = DONE;
        for (unsigned i = 0; i < sim.tasks; i++)
                if (sim.task[i].state != DONE)
                        run_on(false); /* does not come back */
        switch_to(&sim.main);
}

static void reset(const struct sim_program *p)
{
        sim.program = p;
        sim.tasks = p->tasks;
        sim.steps = sim.decisions = sim.changes = 0;
        sim.idle_rounds = 0;
        sim.now = CT_NS_PER_S; /* so that small times in the past can be written */
        sim.seen = 0;
        sim.calm = false;
        sim.verdict = SIM_OK;
        sim.message[0] = '\0';
        sim.current = &sim.main;
        sim.main.number = p->tasks - 1; /* so that task 0 is next in turn */
        memset(sim.region, 0, p->size);
        heap_reset();
        clocks_reset();
        for (unsigned i = 0; i < p->tasks; i++) {
                struct task *t = &sim.task[i];
                char *top = sim.stacks + (i + 1) * STACK_BYTES;

                t->context = make_fcontext(top, STACK_BYTES, entry);
                t->number = i;
                t->state = READY;
                t->cause = RUN;
                t->yielded = false;
                t->own_changes = t->polled_at = 0;
                t->polls = 0;
                t->buffered = 0;
                t->at = NULL;
                t->called_from = NULL;
                memset(&t->clock, 0, sizeof t->clock);
                t->clock.at[i] = 1;
        }
        ct_parker_self_ =
                p->park == SIM_PARK_THREAD ? &ct_parker_sim_thread_ops : &ct_parker_sim_ops;
}

static void check(const struct sim_program *p)
{
        in_check = true;
        if (!_setjmp(check_failed)) {
                if (p->check)
                        p->check(sim.region);
                if (!p->leaks && heap_blocks())
                        sim_fail(SIM_LEAK, "%u blocks of memory are left", heap_blocks());
        }
        in_check = false;
}

void sim_run(const struct sim_program *p)
{
        struct task *first;

        reset(p);
        sim.running = true;
        if (p->setup)
                p->setup(sim.region);
        first = choose_next(false);
        if (first)
                switch_to(first);
        if (sim.verdict == SIM_OK)
                check(p);
        else if (sim.verdict == SIM_PANIC && p->panic && strstr(sim.message, p->panic))
                sim.verdict = SIM_OK; /* one of the ways in which it may end */
        sim.running = false;
        globals_restore();
}

/* A bad address in a task is a verdict like others: the handler leaves for the explorer's context,
   and neither the task nor the handler's own stack is ever come back to. */
static void on_bad_address(int sig, siginfo_t *info, void *context)
{
        (void)context;
        if (!sim_inside() && !in_check) {
                signal(sig, SIG_DFL);
                return; /* and does it again */
        }
        sim_fail(SIM_CRASH, "%s %u at %s: %s at %p", in_check ? "check after task" : "task",
                 sim.current->number, sim.current->at ? sim.current->at : "?",
                 sig == SIGBUS ? "bus error" : "segmentation fault", info->si_addr);
}

static void catch_bad_addresses(void)
{
        static char stack[STACK_BYTES];
        stack_t alternative = {.ss_sp = stack, .ss_size = sizeof stack};
        struct sigaction sa = {.sa_sigaction = on_bad_address,
                               .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

        if (sigaltstack(&alternative, NULL) || sigaction(SIGSEGV, &sa, NULL) ||
            sigaction(SIGBUS, &sa, NULL)) {
                perror("sim: signals");
                abort();
        }
}

void sim_start(void)
{
        size_t size = STATE_BYTES + ARENA_BYTES + SIM_TASKS * STACK_BYTES;

        if (sim.region)
                return;
        sim.region = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (sim.region == MAP_FAILED) {
                perror("sim: mmap");
                abort();
        }
        globals_start();
        catch_bad_addresses();
        sim.arena = sim.region + STATE_BYTES;
        sim.stacks = sim.arena + ARENA_BYTES;
        sim.end = sim.region + size;
        sim.module = (const char *)&sim;
        sim.current = &sim.main;
}

/* ---- for programs ---- */

void sim_check_failed_(const char *condition, const char *file, int line)
{
        const char *slash = strrchr(file, '/');

        sim_fail(SIM_CHECK_FAILED, "%s:%d: %s", slash ? slash + 1 : file, line, condition);
}

void sim_step(void)
{
        if (sim_inside())
                sim_point("step", sim.region, __builtin_return_address(0));
}

void sim_advance(int64_t ns)
{
        sim.now += ns;
}

unsigned sim_choose(unsigned n)
{
        return choose_value(n);
}

void sim_calm(bool calm)
{
        sim.calm = calm;
}

void sim_saw(unsigned bit)
{
        sim.seen |= 1u << bit;
}

void sim_at(const char *what)
{
        sim.current->at = what;
}
