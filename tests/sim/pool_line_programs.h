/*
 * What the programs about the line of the priority and the dynamic pool (lib/flow/pool_line.h)
 * share, without the pool around it: every job that was accepted is taken once, in the order of the
 * law.
 *
 * Tasks that stand for workers take until the line sends them away. The last submitter to end
 * closes it. Time passes where a task says so, by a few nanoseconds.
 */
#ifndef CT_TESTS_SIM_POOL_LINE_PROGRAMS_H
#define CT_TESTS_SIM_POOL_LINE_PROGRAMS_H

#include "programs.h"

#include "flow/pool_line.h"
#include "sync/latch.h"

enum { JOBS = 8, AGING = 4 };

struct job {
        unsigned level;
        int64_t put, accepted; /* before and after its put */
        uint32_t put_at;       /* the same by `clock`: after it */
        int64_t taken;         /* after its take */
        uint32_t take_at;      /* before its take, by `clock`; 0: was not taken */
        uint32_t place;        /* in the order of takes, from 1 */
        bool ok;               /* was accepted */
};

/* What a program has besides comes after it. */
struct state {
        struct ct_pool_line_ *line;
        struct job job[JOBS];
        ct_atomic_u32 clock, places; /* events; jobs taken */
        ct_atomic_u32 submitters;    /* that have not ended */
        ct_atomic_u32 workers;       /* tasks that take */
        ct_atomic_u32 told;          /* sent away */
        uint32_t most;
        bool in_order;             /* there is one worker, so takes are in order */
        struct ct_latch *together; /* each job waits until the other has started; NULL: none does */
};

static inline uint32_t event(struct state *s)
{
        return ct_add_u32_relaxed(&s->clock, 1) + 1;
}

static inline int no_job(void *arg, void *local)
{
        (void)arg, (void)local;
        return 0;
}

/* ---- submitters ---- */

static inline enum ct_pool_status put(struct state *s, unsigned first, unsigned n, unsigned level,
                                      int64_t deadline)
{
        struct ct_pool_item items[JOBS];
        enum ct_pool_status status;
        int64_t before = ct_now_ns();
        size_t accepted;

        for (unsigned i = 0; i < n; i++)
                items[i] = (struct ct_pool_item){no_job, &s->job[first + i]};
        sim_at("put");
        status = ct_pool_line_put_(s->line, level, items, n, deadline, &accepted);
        SIM_CHECK(accepted <= n && (status == CT_POOL_OK) == (accepted == n));
        for (unsigned i = 0; i < n; i++) {
                struct job *j = &s->job[first + i];

                j->level = level;
                j->put = before;
                j->accepted = ct_now_ns();
                j->put_at = event(s);
                j->ok = i < accepted;
        }
        return status;
}

static inline void submitter_ends(struct state *s)
{
        sim_at("close");
        if (ct_sub_u32_acq_rel(&s->submitters, 1) == 1)
                ct_pool_line_close_(s->line);
}

/* ---- workers ---- */

static inline void work(struct state *s)
{
        struct ct_pool_item item;

        SIM_CHECK(ct_add_u32_relaxed(&s->workers, 1) < s->most);
        for (;;) {
                uint32_t at = event(s);
                struct job *j;

                sim_at("take");
                if (!ct_pool_line_take_(s->line, &item))
                        break;
                j = item.arg;
                SIM_CHECK(!SIM_READ(j->take_at));
                j->place = ct_add_u32_relaxed(&s->places, 1) + 1;
                j->taken = ct_now_ns();
                SIM_WRITE(j->take_at, at);
                if (s->together) {
                        ct_latch_count_down(s->together, 1);
                        sim_at("wait for the other job");
                        ct_latch_wait(s->together);
                }
                sim_advance(3);
        }
        ct_add_u32_relaxed(&s->told, 1);
        (void)ct_sub_u32_relaxed(&s->workers, 1);
        if (s->line->idle_ns)
                ct_pool_line_left_(s->line);
}

/* ---- check ---- */

static inline void check_order(const struct job *a, const struct job *b)
{
        /* What comes once a is due goes behind it. */
        if (b->put > ct_pool_due_(a->accepted, a->level, AGING))
                SIM_CHECK(a->place < b->place);
        /* A lower level that waited already goes before what was not due. */
        if (b->level < a->level && b->put_at < a->take_at &&
            a->taken < ct_pool_due_(a->put, a->level, AGING)) {
                sim_saw(1);
                SIM_CHECK(b->place < a->place);
        }
        if (b->level < a->level && b->place > a->place && b->put_at < a->take_at)
                sim_saw(0); /* the aged one has passed a lower level that waited */
        if (a->level == b->level && a->put_at < b->put_at && a->accepted < b->put)
                SIM_CHECK(a->place < b->place);
}

static inline void all_taken_once(void *state)
{
        struct state *s = state;
        uint32_t accepted = 0;

        for (int i = 0; i < JOBS; i++) {
                SIM_CHECK(s->job[i].ok == (s->job[i].take_at != 0));
                accepted += s->job[i].ok;
                for (int k = 0; s->in_order && k < JOBS; k++)
                        if (i != k && s->job[i].ok && s->job[k].ok)
                                check_order(&s->job[i], &s->job[k]);
        }
        SIM_CHECK(ct_pool_line_accepted_(s->line) == accepted);
        SIM_CHECK(!s->line->queued && !s->line->at_door && !s->line->idle.head);
        SIM_CHECK(!s->line->has_jobs && !s->line->has_door);
        if (s->line->idle_ns)
                SIM_CHECK(!s->line->staff.workers && !s->line->staff.going && !s->line->staff.idle);
        ct_pool_line_free_(s->line);
}

/* ---- setup ---- */

static inline void make(struct state *s, const struct ct_pool_config *c,
                        int (*hire)(struct ct_pool *), uint32_t submitters)
{
        SIM_CHECK(ct_pool_line_new_(&s->line, c, hire, (struct ct_pool *)s) == 0);
        ct_store_u32_relaxed(&s->submitters, submitters);
        s->most = c->workers;
}

#define LINE_PROGRAM(program, type, n, first, body, see, text)                                     \
        {                                                                                          \
                .name = program, .what = text, .tasks = n, .size = sizeof(type), .setup = first,   \
                .task = body, .check = all_taken_once, .bound = 2, .must_see = see                 \
        }

#endif
