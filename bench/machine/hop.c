#include "harness/hop.h"

#include "base/clock.h"
#include "machine/machine.h"

static void serve(void *ctx)
{
        hop_serve(ctx);
}

static void give_back(void *ctx)
{
        hop_return(ctx);
}

static int measure(const struct topology *t, const struct params *p, int64_t window_ns,
                   struct measurement *m)
{
        struct hop h = {0};
        int64_t start = ct_now_ns();
        int rc;

        (void)window_ns; /* its length is a number of round trips */
        rc = run_pair(t, (int)p->value[P_CPU_A], (int)p->value[P_CPU_B], serve, give_back, &h);
        m->window_ns = (double)(ct_now_ns() - start);
        m->ops = 2.0 * HOP_BATCHES * HOP_ROUND_TRIPS;
        m->ns_per_op = hop_median(&h);
        m->verified = rc == 0;
        return rc;
}

extern const struct contestant machine_hop;
const struct contestant machine_hop = {
        .name = "hop",
        .source = "a cache line passed between two CPUs, one way",
        .measure = {[CORE_TO_CORE] = measure},
};
