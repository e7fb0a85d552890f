/* The balance measurements, see pool.h. */
#include <math.h>
#include <stdlib.h>

#include "base/cacheline.h"
#include "base/clock.h"
#include "base/rng.h"
#include "harness/work.h"
#include "pool/pool.h"
#include "sync/latch.h"

struct field;

/* One job. */
struct plot {
        struct field *field;
        uint64_t turns;
        unsigned ran;
};

/* What a worker has done, on lines of its own. In turns of work, not by a clock: that would count
   the time in which the worker was ready but had no CPU. */
struct hand {
        CT_ALIGN_PAIR uint64_t turns;
        bool entered;
};

struct field {
        struct plot *plot;
        uint64_t n;
        struct hand *hand;    /* [workers] */
        struct ct_latch gate; /* opened when all jobs are in the queue */
};

/* A dynamic pool's workers may leave and come again: what they did stays. */
static int enter(void *ctx, unsigned worker, void **local)
{
        *local = &((struct field *)ctx)->hand[worker];
        return 0;
}

static int job(void *arg, void *local)
{
        struct plot *p = arg;
        struct hand *h = local;

        if (!h->entered)
                ct_latch_wait(&p->field->gate);
        h->entered = true;
        p->ran++;
        h->turns += p->turns;
        pool_compute(p->turns);
        return 0;
}

/* Pareto's law with exponent 1.5 and mean 1, cut off at 50: from 1/3 up, half below 0.53. */
static double pareto(struct ct_rng *rng)
{
        return fmin(pow(1 - ct_rng_unit(rng), -1 / 1.5) / 3, 50);
}

/* The same lengths for every contestant and repetition; the sum is `all`. */
static void draw(struct field *f, unsigned workload, unsigned workers, double all)
{
        double sum = 0, *length = calloc(f->n, sizeof *length);
        struct ct_rng rng;

        if (!length)
                abort(); /* some kilobytes */
        ct_rng_seed(&rng, 1);
        for (uint64_t i = 0; i < f->n; i++)
                length[i] = workload == BALANCE_PARETO ? pareto(&rng) : 1;
        /* Among the first, so that the others have something to do meanwhile; L = (L + n) / 2w. */
        if (workload == BALANCE_ELEPHANT)
                length[f->n / 4] = (double)f->n / (2 * workers - 1);
        for (uint64_t i = 0; i < f->n; i++)
                sum += length[i];
        for (uint64_t i = 0; i < f->n; i++)
                f->plot[i] =
                        (struct plot){.field = f, .turns = (uint64_t)(length[i] / sum * all + 0.5)};
        free(length);
}

static bool right(const struct field *f, unsigned workers, uint64_t ran)
{
        uint64_t turns = 0, done = 0;

        for (uint64_t i = 0; i < f->n; i++) {
                if (f->plot[i].ran != 1)
                        return false;
                turns += f->plot[i].turns;
        }
        for (unsigned i = 0; i < workers; i++)
                done += f->hand[i].turns;
        return (ran == f->n || ran == CREW_UNCOUNTED) && turns == done;
}

static double busiest_ratio(const struct field *f, unsigned workers, double mean_turns)
{
        uint64_t most = 0, least = UINT64_MAX;

        for (unsigned i = 0; i < workers; i++) {
                most = f->hand[i].turns > most ? f->hand[i].turns : most;
                least = f->hand[i].turns < least ? f->hand[i].turns : least;
        }
        return (double)most / (least ? (double)least : mean_turns);
}

static int measure(const struct crew *crew, struct crew_spec *spec, struct field *f,
                   struct measurement *m)
{
        uint64_t ran;
        int64_t start;
        void *self;
        int rc = crew->start(&self, spec);

        if (rc)
                return rc;
        for (uint64_t i = 0; i < f->n && !rc; i++)
                rc = crew->submit(self, job, &f->plot[i]);
        start = ct_now_ns();
        ct_latch_count_down(&f->gate, 1);
        ran = crew->finish(self);
        m->ops = (double)f->n;
        m->window_ns = (double)(ct_now_ns() - start);
        crew->free(self);
        m->verified = right(f, spec->workers, ran);
        return rc;
}

/* As many as keep the CPUs busy for a window, and 4 for each worker at least. */
static uint64_t jobs(const struct topology *t, const struct params *p, int64_t window_ns)
{
        uint64_t n =
                (uint64_t)(window_ns / (p->value[P_COMPUTE_US] * CT_NS_PER_US)) * topology_pus(t);
        uint64_t least = 4 * (uint64_t)p->value[P_WORKERS];

        return n > least ? n : least;
}

static int balance(const struct crew *crew, unsigned workload, const struct topology *t,
                   const struct params *p, int64_t window_ns, struct measurement *m)
{
        unsigned workers = (unsigned)p->value[P_WORKERS];
        double mean = (double)work_turns(p->value[P_COMPUTE_US] * CT_NS_PER_US, pool_ns_per_turn());
        struct field f = {.n = jobs(t, p, window_ns)};
        struct crew_spec spec = {.workers = workers,
                                 .queue = f.n + workers, /* some kinds divide it */
                                 .tasks = m->exec == BY_TASKS,
                                 .worker_init = enter,
                                 .ctx = &f};
        struct pool_switches since;
        int rc = 0;

        f.plot = calloc(f.n, sizeof *f.plot);
        f.hand = aligned_alloc(CT_CACHE_PAIR, workers * sizeof *f.hand);
        if (!f.plot || !f.hand)
                rc = -ENOMEM;
        for (unsigned i = 0; i < workers && !rc; i++)
                f.hand[i] = (struct hand){0};
        ct_latch_init(&f.gate, 1);
        pool_switches_read(&since);
        if (!rc) {
                draw(&f, workload, workers, mean * (double)f.n);
                rc = measure(crew, &spec, &f, m);
                m->own[M_BUSIEST_RATIO] = busiest_ratio(&f, workers, mean);
                pool_finish_row(&since, t, workers, m);
                pool_check_pace(m);
        }
        free(f.plot);
        free(f.hand);
        return rc;
}

int pool_balance(const struct crew *crew, unsigned workload, const struct topology *t,
                 const struct params *p, int64_t window_ns, struct measurement *m)
{
        int rc = pool_stage_begin(m->exec, t), left;

        if (rc)
                return rc;
        rc = balance(crew, workload, t, p, window_ns, m);
        left = pool_stage_end(m->exec);
        return rc ? rc : left;
}
