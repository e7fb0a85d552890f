#include "harness/noise.h"

#include "base/clock.h"
#include "harness/hop.h"
#include "machine/machine.h"

enum { READINGS = 64 };

static int measure(const struct topology *t, const struct params *p, int64_t window_ns,
                   struct measurement *m)
{
        double mhz[READINGS];
        int64_t start = ct_now_ns();
        size_t n = 0;

        (void)t;
        (void)p;
        while (n < READINGS && (n < 5 || ct_now_ns() - start < window_ns))
                mhz[n++] = ct_measure_mhz();
        m->window_ns = (double)(ct_now_ns() - start);
        m->ops = (double)n;
        m->freq_mhz = median_of(mhz, n);
        m->ns_per_op = 1e3 / m->freq_mhz; /* of a cycle */
        m->verified = m->freq_mhz > 0;
        return 0;
}

extern const struct contestant machine_frequency;
const struct contestant machine_frequency = {
        .name = "frequency",
        .source = "a chain of dependent additions, one a cycle",
        .measure = {[MEASURED] = measure},
};
