/*
 * Source: own code.
 *
 * Each spare task has a mailbox: NULL, a function to run, or OVER. Whoever starts something puts it
 * into the first spare task that has nothing to do; a spare task that finds its box empty parks.
 * Tasks switch only at atomic operations, so what is plain here is whole; the box's release and
 * acquire are the happens-before that a real start has.
 */
#include "spawn.h"

#include "base/panic.h"
#include "flow/guarded.h"
#include "flow/thread_start.h"
#include "sim/sim.h"
#include "task/task.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct started {
        int (*fn)(void *arg); /* one of these */
        void (*go)(void *arg);
        void *(*thread)(void *arg);
        void *arg;
        struct ct_task_handle *handle; /* or NULL */
};

struct spare {
        bool is_spare;
        ct_atomic_u32 busy, mail, asleep;
        struct started todo;
        struct ct_waiter waiter;
};

enum { EMPTY, MAIL, OVER };

static struct spare spares[SIM_TASKS];
static unsigned refuse_at, running;
static char done_mark;

_Thread_local ct_atomic_u32 ct_checkpoint_wanted_;

void ct_checkpoint_slow_(void)
{
}

bool ct_in_task(void)
{
        return true;
}

struct ct_runtime_info ct_runtime_info(void)
{
        return (struct ct_runtime_info){.carriers = 1, .threads = 1};
}

void ct_yield(void)
{
        sim_step();
}

void ct_task_sleep_until(int64_t deadline)
{
        ct_sleep_until(deadline);
}

void ct_blocking_begin(void)
{
}

void ct_blocking_end(void)
{
}

/*
 * Not looked at for races, since order comes from the box; nor put back between schedules, so
 * spawn_setup() does.
 */

#define PLAIN __attribute__((no_sanitize_thread, noinline))

PLAIN void spawn_setup(unsigned first, unsigned last)
{
        for (unsigned i = 0; i < SIM_TASKS; i++) {
                spares[i].is_spare = i >= first && i <= last;
        }
        refuse_at = running = 0;
}

static PLAIN bool is_spare(unsigned i)
{
        return spares[i].is_spare;
}

static PLAIN bool is_refused(void)
{
        return refuse_at && --refuse_at == 0;
}

static PLAIN void count_running(int change)
{
        running += (unsigned)change;
}

/* ---- */

/* NULL: there is no memory. */
static struct spare *find_spare(void)
{
        if (is_refused())
                return NULL;
        for (unsigned i = 0; i < SIM_TASKS; i++) {
                uint32_t idle = 0;

                /* acquire: pairs with run; what was in its box has been read */
                if (is_spare(i) && ct_cas_u32_acquire(&spares[i].busy, &idle, 1)) {
                        count_running(1);
                        return &spares[i];
                }
        }
        sim_check_failed_("a spare task for what is started", __FILE__, __LINE__);
        return NULL;
}

static void mail(struct spare *s, uint32_t what)
{
        ct_store_u32_release(&s->mail, what); /* pairs with spawn_spare */
        if (ct_exchange_u32_acq_rel(&s->asleep, 0))
                ct_unpark(&s->waiter);
}

static int start(struct started what)
{
        struct spare *s = find_spare();

        if (!s)
                return -ENOMEM;
        s->todo = what;
        mail(s, MAIL);
        return 0;
}

static void finish(struct ct_task_handle *h, int result)
{
        struct ct_waiter *joiner;

        if (!h)
                return;
        h->result = result;
        joiner = ct_exchange_ptr_acq_rel(&h->state, &done_mark); /* pairs with ct_task_join */
        if (joiner)
                ct_unpark(joiner);
}

static void run(struct spare *s)
{
        struct started t = s->todo;
        int result = 0;

        ct_store_u32_relaxed(&s->mail, EMPTY);
        if (t.fn)
                result = t.fn(t.arg);
        else if (t.go)
                t.go(t.arg);
        else
                t.thread(t.arg);
        count_running(-1);
        ct_store_u32_release(&s->busy, 0); /* pairs with find_spare */
        finish(t.handle, result);
}

bool spawn_spare(unsigned self)
{
        struct spare *s = &spares[self];

        if (!is_spare(self))
                return false;
        for (;;) {
                uint32_t what = ct_load_u32_acquire(&s->mail); /* pairs with mail */

                if (what == OVER)
                        return true;
                if (what == MAIL) {
                        run(s);
                        continue;
                }
                sim_at("spare");
                ct_waiter_init(&s->waiter);
                ct_exchange_u32_acq_rel(&s->asleep, 1); /* pairs with mail */
                if (ct_load_u32_acquire(&s->mail) == EMPTY ||
                    !ct_exchange_u32_acq_rel(&s->asleep, 0))
                        ct_park(&s->waiter);
        }
}

void spawn_dismiss(void)
{
        for (unsigned i = 0; i < SIM_TASKS; i++)
                if (is_spare(i))
                        mail(&spares[i], OVER);
}

PLAIN void spawn_refuse(unsigned n)
{
        refuse_at = n;
}

PLAIN unsigned spawn_running(void)
{
        return running;
}

/* ---- what it stands for ---- */

int ct_go(void (*fn)(void *arg), void *arg)
{
        return start((struct started){.go = fn, .arg = arg});
}

int ct_task_start(struct ct_task_handle *h, int (*fn)(void *arg), void *arg)
{
        ct_store_ptr_relaxed(&h->state, NULL);
        return start((struct started){.fn = fn, .arg = arg, .handle = h});
}

int ct_task_join(struct ct_task_handle *h)
{
        struct ct_waiter w;
        void *nobody = NULL;

        ct_waiter_init(&w);
        /* pairs with finish */
        if (ct_cas_ptr_acq_rel(&h->state, &nobody, &w))
                ct_park(&w);
        return h->result;
}

int ct_thread_start_(pthread_t *thread, void *(*main)(void *), void *arg)
{
        if (thread)
                return -ENOTSUP; /* nothing simulated joins threads */
        return start((struct started){.thread = main, .arg = arg});
}

/* ---- guarded calls ---- */

struct frame {
        struct frame *outer;
        jmp_buf jump;
        struct ct_failure failure;
};

static struct frame *innermost[SIM_TASKS + 1];

static struct frame **mine(void)
{
        return &innermost[ct_parker_ops_self()->self() & ~CT_SELF_TASK];
}

static __attribute__((noinline)) bool returns(struct frame *f, int (*fn)(void *arg), void *arg,
                                              int *result)
{
        if (_setjmp(f->jump))
                return false;
        *result = fn(arg);
        return true;
}

int ct_guarded(struct ct_failure *failure, int (*fn)(void *arg), void *arg)
{
        struct frame f = {.outer = *mine()};
        int result;

        *mine() = &f;
        if (!returns(&f, fn, arg, &result))
                result = f.failure.code;
        *mine() = f.outer;
        if (failure)
                *failure = f.failure;
        return result;
}

bool ct_is_guarded(void)
{
        return *mine();
}

static _Noreturn void fail(int code, const char *format, va_list args)
{
        struct frame *f = *mine();

        if (!f)
                ct_panic("ct_guarded", NULL, "failed outside of any guard");
        f->failure.code = code ? code : -ECANCELED;
        vsnprintf(f->failure.message, sizeof f->failure.message, format, args);
        _longjmp(f->jump, 1);
}

void ct_task_fail(const char *format, ...)
{
        va_list args;

        va_start(args, format);
        fail(-ECANCELED, format, args); /* no va_end: nothing comes back */
}

void ct_task_fail_code(int code, const char *format, ...)
{
        va_list args;

        va_start(args, format);
        fail(code, format, args);
}
