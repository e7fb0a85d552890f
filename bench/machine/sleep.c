#include "base/clock.h"
#include "harness/histogram.h"
#include "machine/machine.h"

static int measure(const struct topology *t, const struct params *p, int64_t window_ns,
                   struct measurement *m)
{
        int64_t length = p->value[P_SLEEP_US] * CT_NS_PER_US, start = ct_now_ns(), now;
        static struct ct_histogram late;

        (void)t;
        ct_histogram_reset(&late);
        do {
                int64_t deadline = ct_now_ns() + length;

                ct_sleep_until(deadline);
                now = ct_now_ns();
                if (now < deadline)
                        return 0; /* an early return is a broken clock: the row fails, unverified */
                ct_histogram_record(&late, (uint64_t)(now - deadline));
        } while (now - start < 2 * window_ns || ct_histogram_count(&late) < 50);
        m->window_ns = (double)(now - start);
        m->ops = m->latency_samples = (double)ct_histogram_count(&late);
        m->ns_per_op = ct_histogram_mean(&late);
        m->latency_p50_ns = (double)ct_histogram_quantile(&late, 0.5);
        m->latency_p99_ns = (double)ct_histogram_quantile(&late, 0.99);
        m->latency_p999_ns = (double)ct_histogram_quantile(&late, 0.999);
        m->latency_max_ns = (double)ct_histogram_max(&late);
        m->verified = true;
        return 0;
}

extern const struct contestant machine_sleep;
const struct contestant machine_sleep = {
        .name = "sleep",
        .source = "how late clock_nanosleep returns, default timer slack",
        .measure = {[OVERSHOOT] = measure},
};
