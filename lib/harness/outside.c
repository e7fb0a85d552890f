#include "harness/outside.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "harness/noise.h"
#include "harness/options.h"
#include "harness/placement.h"
#include "harness/roles.h"

static void (*end_program)(void);

void outside_at_end(void (*end)(void))
{
        end_program = end;
}

void outside_end(void)
{
        if (end_program)
                end_program();
        end_program = NULL;
}

struct clocks { /* of the PUs in use, before and after */
        double *before, *after;
};

static void measure_before(void *ctx, unsigned index)
{
        ((struct clocks *)ctx)->before[index] = ct_measure_mhz();
}

static void measure_after(void *ctx, unsigned index)
{
        ((struct clocks *)ctx)->after[index] = ct_measure_mhz();
}

/* The program's threads cannot be asked, so the team's are, on the same PUs. */
static int read_clocks(struct executor *e, team_job *job, struct clocks *clocks)
{
        team_release(e->team, 0, e->pus, job, clocks);
        return team_wait(e->team, ct_deadline_after(CT_NS_PER_S));
}

static void frequency(const struct executor *e, const struct clocks *c, struct measurement *m,
                      struct ct_noise_input *noise)
{
        double mhz = 0, drift = 0;

        for (unsigned i = 0; i < e->pus; i++) {
                double d = fabs(c->after[i] / c->before[i] - 1) * 100;

                mhz += (c->before[i] + c->after[i]) / 2;
                drift = d > drift ? d : drift;
        }
        m->freq_mhz = mhz / e->pus;
        m->freq_drift_pct = noise->freq_drift_pct = drift;
        noise->has_freq = true;
}

static double counted(const void *of, unsigned i)
{
        return (double)((const struct outside_worker *)of)[i].ops;
}

/* As window_rates(): the rate from the snapshot, the overlap from the starts. */
static void rates(const struct outside_spec *spec, const struct outside_answer *a,
                  struct measurement *m)
{
        int64_t last = 0;

        m->window_ns = a->window_ns;
        if (!a->has_workers) {
                if (a->total_ops > 0)
                        m->ops = a->total_ops;
        } else {
                for (unsigned i = 0; i < spec->threads; i++)
                        last = a->worker[i].start_ns > last ? a->worker[i].start_ns : last;
                m->start_skew_ns = (double)last;
                m->overlap_ratio =
                        (double)last < a->window_ns ? 1 - (double)last / a->window_ns : 0;
                roles_count(spec->family, spec->workload, spec->params, spec->threads, spec->pus,
                            counted, a->worker, m);
        }
        if (!(m->ops > 0))
                return;
        if (!spec->sample_every) {
                m->ops_per_s = m->ops * 1e9 / a->window_ns;
                m->ns_per_op = a->window_ns / m->ops;
        }
        if (!isnan(a->ns_per_op)) {
                m->ns_per_op = a->ns_per_op;
                m->ops_per_s = NAN;
        }
}

static void take_over(const struct outside_answer *a, struct measurement *m)
{
        m->voluntary_switches = a->voluntary_switches;
        m->involuntary_switches = a->involuntary_switches;
        m->latency_p50_ns = a->latency_p50_ns;
        m->latency_p99_ns = a->latency_p99_ns;
        m->latency_p999_ns = a->latency_p999_ns;
        m->latency_max_ns = a->latency_max_ns;
        m->latency_samples = a->latency_samples;
        if (!isnan(a->latency_samples))
                m->clock_ns = a->clock_ns;
        for (int i = 0; i < MAX_METRICS; i++)
                m->own[i] = a->own[i];
                /* The oracle of whatever counts: what the contestant holds is what was done to it.
                 */
#ifdef CT_PLANT_outside_believes_the_program
        m->error = a->torn > 0 ? -EBADMSG : 0;
#else
        m->error = a->value != a->effects || a->torn > 0 ? -EBADMSG : 0;
#endif
        m->verified = m->error == 0;
        if (!m->verified)
                m->flags |= ROW_FAILED | ROW_WRONG;
}

static void judge(const struct executor *e, const struct outside_spec *spec,
                  const struct ct_host_usage *before, const struct ct_host_usage *after,
                  struct ct_noise_input *noise, struct measurement *m)
{
        struct ct_host_delta host;

        ct_host_usage_between(before, after, &host);
        if (host.has_cpu_time) {
                m->steal_pct = noise->steal_pct = host.steal_pct;
                m->other_cpu_pct = noise->other_cpu_pct = host.other_cpu_pct;
        }
        if (host.has_throttled)
                m->throttled = (double)(noise->throttled = host.throttled);
        noise->threads = e->workers;
        noise->pus = e->pus;
        if (spec->contestant->caps & CAP_THREADS) /* its runtime's own threads need CPUs too */
                noise->threads = noise->pus + 1;
        noise->window_ns = m->window_ns;
        noise->overlap_ratio = isnan(m->overlap_ratio) ? 1 : m->overlap_ratio;
        noise->start_skew_ns = isnan(m->start_skew_ns) ? 0 : (uint64_t)m->start_skew_ns;
        noise->involuntary_switches = (uint64_t)m->involuntary_switches;
        noise->parks = spec->contestant->caps & CAP_PARKS;
        noise->unpinned = !team_pinned(e->team);
        if (noise->hop_before_ns > 0 && noise->hop_after_ns > 0) {
                m->hop_ns = noise->hop_before_ns;
                m->hop_after_ns = noise->hop_after_ns;
        }
        m->noise = ct_noise_judge(noise);
        if (executor_oversubscribed(e))
                m->flags |= ROW_OVERSUBSCRIBED;
        if (!team_pinned(e->team))
                m->flags |= ROW_UNPINNED;
}

static void answer_clear(struct outside_answer *a, struct outside_worker *worker)
{
        *a = (struct outside_answer){
                .worker = worker,
                .window_ns = NAN,
                .ns_per_op = NAN,
                .total_ops = NAN,
                .latency_p50_ns = NAN,
                .latency_p99_ns = NAN,
                .latency_p999_ns = NAN,
                .latency_max_ns = NAN,
                .latency_samples = NAN,
                .clock_ns = NAN,
                .voluntary_switches = NAN,
                .involuntary_switches = NAN,
        };
        for (int i = 0; i < MAX_METRICS; i++)
                a->own[i] = NAN;
}

static int run_once(struct executor *e, const struct outside_spec *spec,
                    struct outside_worker *worker, struct clocks *clocks, double *hop_ns,
                    struct measurement *m)
{
        struct ct_noise_input noise = {.hop_before_ns = *hop_ns};
        struct ct_host_usage before, after;
        struct outside_answer answer;
        cpu_set_t cpus;
        int rc;

        measurement_clear(m);
        answer_clear(&answer, worker);
        CPU_ZERO(&cpus);
        for (unsigned i = 0; spec->cpus && i < spec->threads; i++)
                CPU_SET(spec->cpus[i], &cpus);
        if (!spec->cpus)
                sched_getaffinity(0, sizeof cpus, &cpus);
        if (read_clocks(e, measure_before, clocks))
                return -ETIMEDOUT;
        ct_host_usage_read(&before, &cpus);
        rc = spec->contestant->outside[spec->workload](spec, &answer);
        ct_host_usage_read(&after, &cpus);
        if (rc)
                return rc;
        after.process_cpu_ns += answer.cpu_ns; /* one of us, not one of the others */
        if (read_clocks(e, measure_after, clocks))
                return -ETIMEDOUT;
        rates(spec, &answer, m);
        take_over(&answer, m);
        frequency(e, clocks, m, &noise);
        noise.hop_after_ns = team_hop(e->team);
        judge(e, spec, &before, &after, &noise, m);
        if (noise.hop_after_ns > 0)
                *hop_ns = noise.hop_after_ns;
        return 0;
}

int outside_measure(struct executor *e, struct outside_spec *spec, unsigned tries, double *hop_ns,
                    struct measurement *m)
{
        struct outside_worker *worker = calloc(spec->threads, sizeof *worker);
        int *cpus = calloc(spec->threads, sizeof *cpus);
        struct clocks clocks = {calloc(e->pus, sizeof(double)), calloc(e->pus, sizeof(double))};
        struct placement plan = {0};
        char why[WHY_SIZE];
        int rc = worker && cpus && clocks.before && clocks.after
                         ? placement_plan(spec->topology, spec->placement, spec->threads, &plan,
                                          why, sizeof why)
                         : -ENOMEM;

        if (!rc) {
                for (unsigned i = 0; i < spec->threads; i++)
                        cpus[i] = plan.pu[i].os_index;
                spec->cpus = plan.bind ? cpus : NULL;
                spec->pus = e->pus;
        }
        for (unsigned try = 1; !rc && try <= tries; try++) {
                rc = run_once(e, spec, worker, &clocks, hop_ns, m);
                m->attempts = try;
                if (!m->noise || (m->flags & ROW_FAILED))
                        break;
        }
        placement_free(&plan);
        free(clocks.before);
        free(clocks.after);
        free(worker);
        free(cpus);
        return rc;
}
