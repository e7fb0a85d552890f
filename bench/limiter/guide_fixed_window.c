#include "limiter/limiter.h"

struct limiter {
        struct ct_guide_fixed_window l;
};

static int limiter_open(struct limiter *x, const struct params *p, int64_t now_ns)
{
        return ct_guide_fixed_window_init(&x->l, p->value[P_BURST], limiter_window_ns(p), now_ns);
}

static void limiter_close(struct limiter *x)
{
        ct_guide_fixed_window_fini(&x->l);
}

static inline bool limiter_allow(struct limiter *x, int64_t now_ns, unsigned user)
{
        (void)user;
        return ct_guide_fixed_window_allow(&x->l, now_ns);
}

static double limiter_memory(struct limiter *x)
{
        return sizeof x->l;
}

static int limiter_start(struct limiter *x)
{
        (void)x;
        return 0;
}

static int limiter_wait(struct limiter *x)
{
        return ct_guide_fixed_window_wait_until(&x->l, CT_FOREVER);
}

static bool limiter_grant(struct limiter *x, int64_t now_ns, int64_t *time_ns)
{
        *time_ns = now_ns;
        return ct_guide_fixed_window_allow(&x->l, now_ns);
}

static uint64_t limiter_most(const struct params *p, int64_t elapsed_ns)
{
        return (uint64_t)(p->value[P_BURST] * (elapsed_ns / limiter_window_ns(p) + 1));
}

/* Twice the limit at most, and the adversary gets it. */
static bool limiter_burst_ok(double ratio, const struct params *p)
{
        return p->value[P_ADVERSARY] ? ratio == 2 : ratio <= 2;
}

#define CONTESTANT limiter_guide_fixed_window
#define NAME "guide_fixed_window"
#define SOURCE "The Complete Guide to Go Concurrency Patterns: strategy 1, fixed window"
#define CAPS CAP_PARKS
#include "limiter/loop.h"
