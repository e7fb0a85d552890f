#include "harness/roles.h"
#include "harness/window_private.h"

#include <math.h>

void window_oracle(struct window *w, struct measurement *m)
{
        const struct contestant *c = w->spec->contestant;
        struct totals totals = {.threads = w->executor->workers, .params = w->spec->params};

        for (unsigned i = 0; i < totals.threads; i++) {
                totals.ops += w->slot[i].ops;
                totals.effects += w->slot[i].effects;
        }
#ifdef CT_PLANT_window_skips_oracle
        m->error = 0;
#else
        m->error = c->check ? c->check(w->storage, &totals, m->own) : 0;
#endif
        m->verified = m->error == 0;
        if (!m->verified && (c->caps & CAP_LOSSY)) {
                m->flags |= ROW_LOSSY;
                m->error = 0;
        } else if (!m->verified) {
                m->flags |= ROW_FAILED | ROW_WRONG;
        }
        if (c->fini)
                c->fini(w->storage);
}

static double counted(const void *of, unsigned i)
{
        const struct slot *slot = &((const struct window *)of)->slot[i];

        return (double)(slot->counted_to - slot->counted_from);
}

void window_rates(struct window *w, struct measurement *m)
{
        unsigned threads = w->executor->workers;
        int64_t first = INT64_MAX, last = INT64_MIN;
        double span;

        for (unsigned i = 0; i < threads; i++) {
                const struct slot *slot = &w->slot[i];

                first = slot->start_ns < first ? slot->start_ns : first;
                last = slot->start_ns > last ? slot->start_ns : last;
        }
        m->start_skew_ns = (double)(last - first);
        if (!executor_oversubscribed(w->executor))
                w->began_ns = first;
        if (last < w->began_ns)
                last = w->began_ns;
        /* On a busy machine a worker may first run when the window is over. */
        span = (double)(w->began_ns < w->ended_ns ? w->ended_ns - w->began_ns : w->spec->window_ns);
        m->window_ns = span;
        m->overlap_ratio = last < w->ended_ns ? (double)(w->ended_ns - last) / span : 0;
        roles_count(w->family, w->spec->workload, w->spec->params, threads, w->executor->pus,
                    counted, w, m);
        if (!w->spec->sample_every && m->ops > 0) {
                m->ops_per_s = m->ops * 1e9 / span;
                m->ns_per_op = span / m->ops;
        }
}

void window_latencies(struct window *w, struct measurement *m)
{
        struct ct_histogram *all = w->slot[0].latency;

        for (unsigned i = 1; i < w->executor->workers; i++)
                ct_histogram_merge(all, w->slot[i].latency);
        if (!ct_histogram_count(all) && !w->spec->sample_every)
                return;
        m->latency_samples = (double)ct_histogram_count(all);
        m->clock_ns = w->clock_ns;
        if (!ct_histogram_count(all))
                return;
        m->latency_p50_ns = (double)ct_histogram_quantile(all, 0.5);
        m->latency_p99_ns = (double)ct_histogram_quantile(all, 0.99);
        m->latency_p999_ns = (double)ct_histogram_quantile(all, 0.999);
        m->latency_max_ns = (double)ct_histogram_max(all);
}

/* Of the threads that ran the workers: their own ones, or the carriers below them. */
static void thread_usage(const struct window *w, struct measurement *m,
                         struct ct_noise_input *noise)
{
        unsigned threads = w->n_carriers ? w->n_carriers : w->executor->workers;
        int64_t run_delay = 0;
        bool has_migrations = true;

        noise->has_run_delay = true;
        m->voluntary_switches = m->involuntary_switches = m->migrations = 0;
        for (unsigned i = 0; i < threads; i++) {
                const struct usage_span *s = w->n_carriers ? &w->carrier[i] : &w->slot[i].usage;

                m->voluntary_switches +=
                        (double)(s->after.voluntary_switches - s->before.voluntary_switches);
                m->involuntary_switches +=
                        (double)(s->after.involuntary_switches - s->before.involuntary_switches);
                m->migrations += (double)(s->after.migrations - s->before.migrations);
                run_delay += s->after.run_delay_ns - s->before.run_delay_ns;
                /* Linux 6.18 has been seen to take some of it back: then nobody knows. */
                noise->has_run_delay &= s->after.run_delay_ns >= s->before.run_delay_ns;
                has_migrations &= s->after.has_migrations;
                noise->has_run_delay &= s->after.has_run_delay;
        }
        noise->migrations = (uint64_t)m->migrations;
        noise->involuntary_switches = (uint64_t)m->involuntary_switches;
        if (w->carrier)
                noise->own_switches = w->carrier[threads].after.voluntary_switches -
                                      w->carrier[threads].before.voluntary_switches;
        if (!has_migrations)
                m->migrations = NAN;
        if (noise->has_run_delay)
                m->run_delay_pct = noise->run_delay_pct =
                        100.0 * (double)run_delay / (m->window_ns * threads);
}

/* Two PUs may run at two frequencies: that a task has moved is no drift. */
static void frequency(const struct window *w, struct measurement *m, struct ct_noise_input *noise)
{
        unsigned with_mhz = 0;
        double mhz = 0, drift = 0;

        for (unsigned i = 0; i < w->executor->workers; i++) {
                const struct slot *s = &w->slot[i];
                double d;

                if (s->mhz_before <= 0 || s->mhz_after <= 0)
                        continue;
                d = fabs(s->mhz_after / s->mhz_before - 1) * 100;
                mhz += (s->mhz_before + s->mhz_after) / 2;
                drift = d > drift && !(w->n_carriers && s->moved) ? d : drift;
                with_mhz++;
        }
        if (!with_mhz)
                return;
        m->freq_mhz = mhz / with_mhz;
        m->freq_drift_pct = noise->freq_drift_pct = drift;
        noise->has_freq = true;
}

static void usage(struct window *w, const struct ct_host_usage *before,
                  const struct ct_host_usage *after, struct measurement *m,
                  struct ct_noise_input *noise)
{
        struct ct_host_delta host;

        thread_usage(w, m, noise);
        frequency(w, m, noise);
        ct_host_usage_between(before, after, &host);
        if (host.has_cpu_time) {
                m->steal_pct = noise->steal_pct = host.steal_pct;
                m->other_cpu_pct = noise->other_cpu_pct = host.other_cpu_pct;
        }
        if (host.has_throttled)
                m->throttled = (double)(noise->throttled = host.throttled);
}

void window_judge(struct window *w, const struct ct_host_usage *before,
                  const struct ct_host_usage *after, struct measurement *m)
{
        struct ct_noise_input input = {0}, *noise = &input;

        usage(w, before, after, m, noise);
        noise->threads = w->executor->workers;
        noise->pus = w->executor->pus;
        if (w->spec->contestant->caps & CAP_THREADS) /* being preempted by one's own is no noise */
                noise->threads = noise->pus + 1;
        noise->window_ns = m->window_ns;
        noise->overlap_ratio = m->overlap_ratio;
        noise->start_skew_ns = (uint64_t)m->start_skew_ns;
        noise->parks = w->spec->contestant->caps & CAP_PARKS;
        noise->unpinned = !team_pinned(w->executor->team);
        noise->hop_before_ns = w->spec->hop_before_ns;
        noise->hop_after_ns = team_hop(w->executor->team);
        if (noise->hop_before_ns > 0 && noise->hop_after_ns > 0) {
                m->hop_ns = noise->hop_before_ns;
                m->hop_after_ns = noise->hop_after_ns;
        }
        m->noise = ct_noise_judge(noise);
        if (isnan(m->ops)) /* not one operation: nobody ran */
                m->noise |= CT_NOISE_RUN_DELAY;
        if (executor_oversubscribed(w->executor))
                m->flags |= ROW_OVERSUBSCRIBED;
        if (!team_pinned(w->executor->team))
                m->flags |= ROW_UNPINNED;
}
