#include <stdio.h>

#include "base/rng.h"
#include "limiter/limiter.h"

enum { MIN_GAPS = 20, LAW_WINDOWS = 200 };

const char *limiter_user(unsigned user)
{
        static char name[MAX_USERS][12];

        if (!name[0][0]) /* the first call comes from init, before there are workers */
                for (unsigned i = 0; i < MAX_USERS; i++)
                        snprintf(name[i], sizeof name[i], "user-%u", i);
        return name[user % MAX_USERS];
}

/* ---- wait ---- */

int64_t limiter_wait_length(const struct params *p, int64_t window_ns)
{
        int64_t least = MIN_GAPS * CT_NS_PER_S / p->value[P_RATE_PER_S];

        return 3 * window_ns > least ? 3 * window_ns : least;
}

void limiter_wait_grant(struct wait_record *r, int64_t now_ns)
{
        if (r->first_ns) {
                int64_t gap = now_ns - r->last_ns, off = gap - r->ideal_ns;

                ct_histogram_record(&r->gap, (uint64_t)gap);
                ct_histogram_record(&r->jitter, (uint64_t)(off < 0 ? -off : off));
                r->gaps++;
        } else {
                r->first_ns = now_ns;
        }
        r->last_ns = now_ns;
}

bool limiter_wait_goes_on(const struct wait_record *r, int64_t length_ns)
{
        return r->gaps < MIN_GAPS || r->last_ns - r->first_ns < length_ns;
}

void limiter_wait_result(const struct wait_record *r, struct measurement *m)
{
        double span = (double)(r->last_ns - r->first_ns), gaps = (double)r->gaps;

        m->ops = gaps;
        m->window_ns = span;
        m->ops_per_s = gaps * 1e9 / span;
        m->ns_per_op = span / gaps;
        m->own[M_RATE_ERROR_PCT] = (gaps * (double)r->ideal_ns / span - 1) * 100;
        m->own[M_GAP_JITTER_P50_NS] = (double)ct_histogram_quantile(&r->jitter, 0.5);
        m->own[M_GAP_JITTER_P99_NS] = (double)ct_histogram_quantile(&r->jitter, 0.99);
        m->own[M_GAP_P99_RATIO] =
                (double)ct_histogram_quantile(&r->gap, 0.99) / (double)r->ideal_ns;
}

/* ---- law ---- */

static int by_time(const void *a, const void *b)
{
        int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

        return (x > y) - (x < y);
}

/* Four times the rate, at independent uniform times; always the same ones. */
static size_t uniform(int64_t *time, int64_t limit, int64_t window)
{
        size_t n = (size_t)(4 * limit * LAW_WINDOWS);
        struct ct_rng rng;

        ct_rng_seed(&rng, 1);
        for (size_t i = 0; i < n; i++)
                time[i] = (int64_t)ct_rng_below(&rng, (uint64_t)(LAW_WINDOWS * window));
        qsort(time, n, sizeof *time, by_time);
        return n;
}

/*
 * In every fourth window: nobody until the last ns before its end, then as many as the limit, then
 * as many again at the boundary, and after that four times the rate until the window is over. The
 * first of these hits the window that began at 0 exactly; the silence lets every store fill up.
 */
static size_t around_the_boundary(int64_t *time, int64_t limit, int64_t window)
{
        size_t n = 0;

        for (int64_t end = window; end < LAW_WINDOWS * window; end += 4 * window) {
                for (int64_t i = 0; i < limit; i++)
                        time[n++] = end - 1;
                for (int64_t i = 0; i < limit; i++)
                        time[n++] = end;
                for (int64_t i = 1; i < 4 * limit; i++)
                        time[n++] = end + i * window / (4 * limit);
        }
        return n;
}

int64_t *limiter_arrivals(const struct params *p, size_t *n)
{
        int64_t limit = p->value[P_BURST], window = limiter_window_ns(p);
        int64_t *time = calloc((size_t)(6 * limit * LAW_WINDOWS), sizeof *time);

        if (time)
                *n = p->value[P_ADVERSARY] ? around_the_boundary(time, limit, window)
                                           : uniform(time, limit, window);
        return time;
}

void limiter_law_result(const struct params *p, const int64_t *granted, size_t n_granted,
                        size_t n_arrivals, struct measurement *m)
{
        int64_t worst = law_worst_window(granted, n_granted, limiter_window_ns(p));

        m->ops = (double)n_arrivals;
        m->own[M_ADMITTED_PCT] = 100.0 * (double)n_granted / (double)n_arrivals;
        m->own[M_BURST_RATIO] = (double)worst / (double)p->value[P_BURST];
}
