#include "harness/roles.h"

#include <math.h>

struct share {
        unsigned workers;
        double sum, squares, least, most;
};

static void add(struct share *s, double n)
{
        s->least = s->workers && s->least < n ? s->least : n;
        s->most = n > s->most ? n : s->most;
        s->sum += n;
        s->squares += n * n;
        s->workers++;
}

void roles_count(const struct family *f, unsigned workload, const struct params *p,
                 unsigned threads, unsigned pus, double (*count)(const void *of, unsigned index),
                 const void *of, struct measurement *m)
{
        struct share role[MAX_ROLES] = {{0}};

        for (unsigned i = 0; i < threads; i++)
                add(&role[roles_of(f, workload, p, i, threads, pus)], count(of, i));
        if (!(role[0].sum > 0))
                return;
        m->ops = role[0].sum;
#ifdef CT_PLANT_roles_count_everybody
        m->ops += role[1].sum;
#endif
        for (int r = 0; r < MAX_ROLES; r++) {
                const struct share *s = &role[r];

                if (!(s->sum > 0))
                        continue;
                m->fairness_jain =
                        fmin(m->fairness_jain, s->sum * s->sum / (s->workers * s->squares));
                m->fairness_min_max = fmin(m->fairness_min_max, s->least / s->most);
        }
}
