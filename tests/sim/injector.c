/*
 * ct_injector: nothing is lost, nothing is taken twice, nobody waits who need not.
 */
#include "flow/injector.h"

#include "programs.h"

#include <errno.h>
#include <string.h>

#define JOBS 4

struct state {
        struct ct_injector injector;
        struct ct_waiter sleeper;
        ct_atomic_u32 asleep, left; /* jobs that nobody has taken yet */
        int data[JOBS];             /* plain: written before the push, read by whoever got it */
        int got[JOBS];
};

static int job(void *arg, void *local)
{
        (void)arg, (void)local;
        return 0;
}

static void make(void *state, size_t capacity, uint32_t jobs)
{
        struct state *s = state;

        SIM_CHECK(ct_injector_init(&s->injector, capacity) == 0);
        ct_store_u32_relaxed(&s->left, jobs);
}

static void one_cell_two_jobs(void *state)
{
        make(state, 1, 2);
}

static void two_cells_three_jobs(void *state)
{
        make(state, 2, 3);
}

static void one_cell_one_job(void *state)
{
        make(state, 1, 1);
}

static void release(struct state *s)
{
        SIM_CHECK(ct_injector_size(&s->injector) == 0);
        SIM_CHECK(ct_load_u32_relaxed(&s->injector.waiting) == 0);
        SIM_CHECK(!s->injector.door.head);
        ct_injector_fini(&s->injector);
}

static void all_got(void *state)
{
        struct state *s = state;

        for (uint64_t i = 0; i < JOBS; i++)
                SIM_CHECK(s->got[i] == (i < ct_injector_pushed(&s->injector)));
        SIM_CHECK(ct_load_u32_relaxed(&s->left) == 0);
        release(s);
}

/* What was not accepted was not taken either. */
static void accepted_got(void *state)
{
        struct state *s = state;
        struct ct_pool_item item;
        uint64_t seen = 0, n = 0;

        while (ct_injector_take(&s->injector, &item, 1, 1, &seen))
                n++;
        for (int i = 0; i < JOBS; i++)
                n += (uint64_t)s->got[i];
        SIM_CHECK(n == ct_injector_pushed(&s->injector));
        release(s);
}

/* ---- in ---- */

/* 0, -ESHUTDOWN or -ETIMEDOUT. */
static int push_until(struct state *s, int n, int64_t deadline)
{
        struct ct_pool_item item = {job, &s->data[n]};
        bool open, again = false;

        SIM_WRITE(s->data[n], n + 1);
        for (;; again = true) {
                sim_at("push");
                if (ct_injector_push(&s->injector, &item, 1, &open))
                        return 0;
                if (!open)
                        return -ESHUTDOWN;
                sim_at("wait");
                if (ct_injector_wait(&s->injector, deadline, again))
                        return -ETIMEDOUT;
        }
}

static void push(struct state *s, int n)
{
        SIM_CHECK(push_until(s, n, CT_FOREVER) == 0);
}

/* ---- out ---- */

static void got(struct state *s, const struct ct_pool_item *item)
{
        int *data = item->arg, n = (int)(data - s->data);

        SIM_CHECK(item->job == job);
        SIM_CHECK(n >= 0 && n < JOBS);
        SIM_CHECK(SIM_READ(*data) == n + 1);
        SIM_CHECK(SIM_READ(s->got[n]) == 0);
        SIM_WRITE(s->got[n], 1);
}

static size_t take(struct state *s, size_t most, size_t sharers, uint64_t *seen)
{
        struct ct_pool_item item[JOBS];
        size_t n;

        sim_at("take");
        n = ct_injector_take(&s->injector, item, most, sharers, seen);
        for (size_t i = 0; i < n; i++)
                got(s, &item[i]);
        if (n)
                ct_sub_u32_acq_rel(&s->left, (uint32_t)n);
        return n;
}

static void take_all(struct state *s, size_t most, size_t sharers)
{
        uint64_t seen = 0;

        while (ct_load_u32_acquire(&s->left))
                if (!take(s, most, sharers, &seen))
                        ct_pause();
}

/* ---- programs ---- */

static void brings_two(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                push(s, 0);
                push(s, 1);
                return;
        }
        take_all(s, 2, 1);
}

static void brings_three(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                push(s, 0);
                push(s, 1);
                push(s, 2);
                return;
        }
        take_all(s, 2, 2);
}

static void two_bring(void *state, unsigned self)
{
        struct state *s = state;

        if (self < 2)
                push(s, (int)self);
        else
                take_all(s, 2, 1);
}

static void batch(void *state, unsigned self)
{
        struct state *s = state;
        struct ct_pool_item item[3];
        size_t done = 0;
        bool open;

        if (self) {
                take_all(s, 2, 1);
                return;
        }
        for (int n = 0; n < 3; n++) {
                SIM_WRITE(s->data[n], n + 1);
                item[n] = (struct ct_pool_item){job, &s->data[n]};
        }
        while (done < 3) {
                size_t now = ct_injector_push(&s->injector, item + done, 3 - done, &open);

                done += now;
                sim_saw((unsigned)now);
                if (done < 3)
                        SIM_CHECK(ct_injector_wait(&s->injector, CT_FOREVER, !now) == 0);
        }
}

static void gives_up(void *state, unsigned self)
{
        struct state *s = state;
        uint64_t seen = 0;
        int rc;

        if (self) {
                take(s, 1, 1, &seen);
                return;
        }
        push(s, 0);
        rc = push_until(s, 1, ct_deadline_after(SIM_TIMEOUT_NS));
        SIM_CHECK(rc == 0 || rc == -ETIMEDOUT);
        sim_saw(rc == 0);
}

static void closed_meanwhile(void *state, unsigned self)
{
        struct state *s = state;
        int rc;

        if (self == 2) {
                sim_at("close");
                ct_injector_close(&s->injector);
                return;
        }
        rc = push_until(s, (int)self,
                        CT_FOREVER); /* nobody takes: one of them waits for the close */
        SIM_CHECK(rc == 0 || rc == -ESHUTDOWN);
        sim_saw(rc == 0);
}

/* The rule for whoever sleeps: say so, look, sleep; and for whoever brings: push, look. */
static void sleeps(void *state, unsigned self)
{
        struct state *s = state;
        uint64_t seen = 0;

        if (self == 0) {
                push(s, 0);
                if (ct_load_u32_seq(&s->asleep)) {
                        sim_saw(0);
                        if (ct_exchange_u32_seq(&s->asleep, 0))
                                ct_unpark(&s->sleeper);
                }
                return;
        }
        while (!take(s, 1, 1, &seen)) {
                ct_waiter_init(&s->sleeper);
                (void)ct_exchange_u32_seq(&s->asleep, 1);
                if (ct_injector_is_quiet(&s->injector)) {
                        sim_saw(1);
                        sim_at("sleep");
                        ct_park(&s->sleeper);
                } else if (!ct_exchange_u32_seq(&s->asleep, 0)) {
                        ct_park(&s->sleeper); /* woken meanwhile */
                }
        }
}

#define INJECTOR(id, text, n, setup_fn, task_fn, check_fn)                                         \
        .name = id, .what = text, .tasks = n, .size = sizeof(struct state), .setup = setup_fn,     \
        .task = task_fn, .check = check_fn

const struct sim_program injector_programs[] = {
        {INJECTOR("injector_order", "two jobs through one place", 2, one_cell_two_jobs, brings_two,
                  all_got)},
        {INJECTOR("injector_wraps", "three jobs through two places, two take", 3,
                  two_cells_three_jobs, brings_three, all_got),
         .bound = 1},
        {INJECTOR("injector_two_bring", "two bring one each through one place", 3,
                  one_cell_two_jobs, two_bring, all_got),
         .bound = 2},
        {INJECTOR("injector_batch", "a batch of three through two places", 2, two_cells_three_jobs,
                  batch, all_got),
         .must_see = 6},
        {INJECTOR("injector_gives_up", "a submitter that may give up", 2, one_cell_one_job,
                  gives_up, accepted_got),
         .must_see = 3},
        {INJECTOR("injector_close", "closed while one of two waits", 3, one_cell_one_job,
                  closed_meanwhile, accepted_got),
         .must_see = 3, .bound = 2},
        {INJECTOR("injector_sleeps", "a taker goes to sleep while a job comes", 2, one_cell_one_job,
                  sleeps, all_got),
         .must_see = 3},
        {INJECTOR("injector_sleeps_asymmetric", "the same with asymmetric fences", 2,
                  one_cell_one_job, sleeps, all_got),
         .asymmetric = true, .faults = 3, .must_see = 3},
        {0}};
