/* Worker pools as a whole: no accepted job is lost, run twice or miscounted, however submitting,
   running, cutting off and failing meet. */
#include "pool_programs.h"

#define SETUPS(name, workers, queue, others)                                                       \
        SETUP(name, channel, CT_POOL_CHANNEL, workers, queue, 3, others)                           \
        SETUP(name, stealing, CT_POOL_STEALING, workers, queue, 3, others)                         \
        SETUP(name, fixed, CT_POOL_FIXED, workers, queue, 3, others)                               \
        SETUP(name, dynamic, CT_POOL_DYNAMIC, workers, queue, 3, others)                           \
        SETUP(name, priority, CT_POOL_PRIORITY, workers, queue, 3, others)

#define SETUP(name, suffix, kind, workers, queue, tasks, others)                                   \
        static void name##_##suffix(void *state)                                                   \
        {                                                                                          \
                pool_setup(state, kind, workers, queue, tasks, others);                            \
                name(state);                                                                       \
        }

/* ---- one submits while another shuts down ---- */

static void meet(struct pool_state *s)
{
        (void)s;
}

SETUPS(meet, 1, 1, 1)
static void submit_or_end(void *state, unsigned self)
{
        struct pool_state *s = state;

        if (pool_spare(s, self))
                return;
        if (self == 0) {
                pool_begin(s);
                pool_shut_down(s);
                pool_end(s);
                return;
        }
        pool_come(s);
        pool_submit(s, 0);
        pool_submit(s, 1);
        pool_try(s, 2);
        pool_go(s);
}

/* ---- cut off ---- */

static void cut_off(void *state, unsigned self)
{
        struct pool_state *s = state;

        if (pool_spare(s, self))
                return;
        if (self == 0) {
                pool_begin(s);
                pool_submit(s, 0);
                pool_cut(s, 0);
                pool_end(s);
                return;
        }
        pool_come(s);
        pool_submit(s, 1);
        pool_go(s);
}

/* ---- a context for each job ---- */

static void spawn(struct pool_state *s)
{
        (void)s;
}

SETUP(spawn, semaphore, CT_POOL_SEMAPHORE, 1, 0, 4, 1)
SETUP(spawn, unbounded, CT_POOL_UNBOUNDED, 0, 0, 4, 1)

static void spawn_or_end(void *state, unsigned self)
{
        struct pool_state *s = state;

        if (pool_spare(s, self))
                return;
        if (self == 0) {
                pool_begin(s);
                pool_submit(s, 0);
                pool_shut_down(s);
                pool_end(s);
                return;
        }
        pool_come(s);
        pool_try(s, 1);
        pool_go(s);
}

static void spawn_or_cut(void *state, unsigned self)
{
        struct pool_state *s = state;

        if (pool_spare(s, self))
                return;
        if (self == 0) {
                pool_begin(s);
                pool_cut(s, 0);
                pool_end(s);
                return;
        }
        pool_come(s);
        pool_try(s, 1);
        pool_go(s);
}

/* ---- two workers, and a deadline that may come at any time ---- */

static void pair(struct pool_state *s)
{
        (void)s;
}

SETUP(pair, stealing, CT_POOL_STEALING, 2, 4, 3, 0)
SETUP(pair, fixed, CT_POOL_FIXED, 2, 4, 3, 0)
static void two_workers(void *state, unsigned self)
{
        struct pool_state *s = state;

        if (pool_spare(s, self))
                return;
        pool_begin(s);
        pool_submit(s, 0);
        pool_submit(s, 1);
        pool_cut(s, ct_deadline_after(SIM_TIMEOUT_NS));
        pool_end(s);
}

/* ---- jobs that submit ---- */

static void nest(struct pool_state *s)
{
        s->job[0].child = &s->job[1];
        s->job[1].child = &s->job[2];
        s->job[0].error = 5;
}

SETUPS(nest, 2, 4, 0)

static void jobs_submit(void *state, unsigned self)
{
        struct pool_state *s = state;

        if (pool_spare(s, self))
                return;
        pool_begin(s);
        pool_submit(s, 0);
        pool_submit(s, 3);
        pool_shut_down(s);
        pool_end(s);
}

/* ---- results ---- */

static void answer(struct pool_state *s)
{
        s->config.results = true;
        s->job[1].error = -7;
}

SETUP(answer, channel, CT_POOL_CHANNEL, 1, 2, 3, 1)

static void results_until_cut(void *state, unsigned self)
{
        struct pool_state *s = state;
        struct ct_pool_result r;
        struct ct_pool_stats t;

        if (pool_spare(s, self))
                return;
        if (self == 0) {
                pool_begin(s);
                pool_submit(s, 0);
                pool_submit(s, 1);
                pool_cut(s, 0);
                pool_end(s);
                return;
        }
        pool_come(s);
        sim_at("receive");
        while (ct_receiver_recv(ct_pool_results(s->pool), &r)) {
                struct pool_job *j = r.arg;

                SIM_CHECK(j->run == 1 && !j->result);
                SIM_CHECK(r.error == j->error);
                j->result = 1;
                s->received++;
        }
        ct_pool_stats(s->pool, &t);
        SIM_CHECK(s->received + t.results_dropped == t.run);
        pool_go(s);
}

/* ---- a time-out while it is full ---- */

static void gives_up(void *state, unsigned self)
{
        struct pool_state *s = state;

        if (pool_spare(s, self))
                return;
        if (self == 0) {
                pool_begin(s);
                pool_submit(s, 0);
                pool_submit_timed(s, 1);
                pool_shut_down(s);
                pool_end(s);
                return;
        }
        pool_come(s);
        pool_submit(s, 3);
        pool_go(s);
}

/* ---- the cut alone ---- */

static void edge(struct pool_state *s)
{
        (void)s;
}

SETUP(edge, channel, CT_POOL_CHANNEL, 1, 2, 2, 0)

static void start_or_cut(void *state, unsigned self)
{
        struct pool_state *s = state;

        if (pool_spare(s, self))
                return;
        pool_begin(s);
        pool_submit(s, 0);
        pool_cut(s, 0);
        pool_end(s);
}

/* ---- batches ---- */

static void batch_or_end(void *state, unsigned self)
{
        struct pool_state *s = state;
        struct ct_pool_item items[2];
        enum ct_pool_status status;
        size_t accepted = 9;

        if (pool_spare(s, self))
                return;
        if (self == 0) {
                pool_begin(s);
                pool_cut(s, ct_deadline_after(SIM_TIMEOUT_NS));
                pool_end(s);
                return;
        }
        pool_come(s);
        for (unsigned i = 0; i < 2; i++)
                items[i] = (struct ct_pool_item){pool_run_job, &s->job[i]};
        sim_at("submit_batch");
        status = ct_pool_submit_batch(s->pool, items, 2, &accepted);
        SIM_CHECK(status == CT_POOL_OK || status == CT_POOL_SHUTTING_DOWN);
        SIM_CHECK((status == CT_POOL_OK) == (accepted == 2));
        if (status == CT_POOL_SHUTTING_DOWN)
                sim_saw(0);
        for (unsigned i = 0; i < accepted; i++)
                s->job[i].accepted = true;
        pool_go(s);
}

/* ---- a start that fails ---- */

static void refuse(struct pool_state *s)
{
        s->refuse_init = 2;
}

SETUP(refuse, channel, CT_POOL_CHANNEL, 2, 1, 3, 0)

static void start_fails(void *state, unsigned self)
{
        struct pool_state *s = state;

        if (pool_spare(s, self))
                return;
        SIM_CHECK(ct_pool_start(&s->pool, &s->config) == -EXDEV);
        SIM_CHECK(!s->pool);
        spawn_dismiss();
}

#define ANY(n, w, t, up, body)                                                                     \
        .name = n, .what = w, .tasks = t, .size = sizeof(struct pool_state), .setup = up,          \
        .task = body, .check = pool_check
#define EXACT(n, w, t, up, body) ANY(n, w, t, up, body), .bound = 2
#define PROGRAM(n, w, t, up, body) EXACT(n, w, t, up, body), .faults = -1, .asymmetric = true
/* Long ones: one preemption here, more in those of their parts (deque, injector, pool_line). */
#define LONG(n, w, t, up, body) ANY(n, w, t, up, body), .bound = 1, .faults = -1, .asymmetric = true

#define FOR_KIND(PROGRAM_, n, w, t, up, body, see)                                                 \
        {                                                                                          \
                PROGRAM_(n, w, t, up, body), .must_see = see                                       \
        }
#define FOR_KINDS(OWN, n, w, t, up, body, see)                                                     \
        FOR_KIND(OWN, "pool_" n "_channel", w, t, up##_channel, body, see),                        \
                FOR_KIND(OWN, "pool_" n "_fixed", w, t, up##_fixed, body, see),                    \
                FOR_KIND(LONG, "pool_" n "_dynamic", w, t, up##_dynamic, body, see),               \
                FOR_KIND(LONG, "pool_" n "_priority", w, t, up##_priority, body, see),             \
                FOR_KIND(LONG, "pool_" n "_stealing", w, t, up##_stealing, body, see)

const struct sim_program pool_programs[] = {
        FOR_KINDS(PROGRAM, "meet", "one submits, one shuts down", 3, meet, submit_or_end, 1),
        FOR_KINDS(PROGRAM, "cut", "two submit, one of them cuts off", 3, meet, cut_off, 9),
        FOR_KINDS(LONG, "nest", "jobs that submit and fail, two workers", 3, nest, jobs_submit, 0),
        FOR_KINDS(LONG, "batch", "a batch, and a deadline", 3, meet, batch_or_end, 9),
        {LONG("pool_pair_stealing", "two workers, and a deadline", 3, pair_stealing, two_workers),
         .must_see = 8},
        {LONG("pool_pair_fixed", "two workers, and a deadline", 3, pair_fixed, two_workers),
         .must_see = 8},
        {PROGRAM("pool_results", "a reader, a deadline, no room", 3, answer_channel,
                 results_until_cut)},
        {PROGRAM("pool_timed_channel", "two submit, one of them may give up", 3, meet_channel,
                 gives_up),
         .must_see = 4},
        {LONG("pool_timed_stealing", "two submit, one of them may give up", 3, meet_stealing,
              gives_up),
         .must_see = 4},
        {EXACT("pool_edge", "a job starts, the shutdown cuts off", 2, edge_channel, start_or_cut),
         .faults = 1, .asymmetric = true, .must_see = 8},
        {EXACT("pool_edge_exchange", "the same without an asymmetric fence", 2, edge_channel,
               start_or_cut),
         .faults = 1, .must_see = 8},
        {ANY("pool_spawn_semaphore", "two submit, one of them shuts down", 4, spawn_semaphore,
             spawn_or_end),
         .bound = 1, .faults = -1, .must_see = 3},
        {ANY("pool_spawn_unbounded", "two submit, one of them shuts down", 4, spawn_unbounded,
             spawn_or_end),
         .bound = 1, .faults = -1, .must_see = 1},
        {ANY("pool_spawn_cut", "one submits, one cuts off", 4, spawn_unbounded, spawn_or_cut),
         .bound = 1, .faults = -1, .must_see = 9},
        {PROGRAM("pool_start", "the second worker's init fails", 3, refuse_channel, start_fails)},
        {0}};
