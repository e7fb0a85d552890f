#include "limiter/limiter.h"

struct limiter {
        struct ct_guide_leaky l;
};

static int limiter_open(struct limiter *x, const struct params *p, int64_t now_ns)
{
        return ct_guide_leaky_init(&x->l, p->value[P_RATE_PER_S], p->value[P_BURST], now_ns);
}

static void limiter_close(struct limiter *x)
{
        ct_guide_leaky_fini(&x->l);
}

static inline bool limiter_allow(struct limiter *x, int64_t now_ns, unsigned user)
{
        (void)user;
        return ct_guide_leaky_allow(&x->l, now_ns);
}

static double limiter_memory(struct limiter *x)
{
        return sizeof x->l;
}

/* With its thread, which drains by the real clock. */
static int limiter_start(struct limiter *x)
{
        return ct_guide_leaky_start(&x->l);
}

static int limiter_wait(struct limiter *x)
{
        return ct_guide_leaky_wait_until(&x->l, CT_FOREVER);
}

/* A request takes effect when it drains: that output is what a leaky bucket limits. */
static bool limiter_grant(struct limiter *x, int64_t now_ns, int64_t *time_ns)
{
        return ct_guide_leaky_submit(&x->l, now_ns, time_ns);
}

static uint64_t limiter_most(const struct params *p, int64_t elapsed_ns)
{
        return (uint64_t)(p->value[P_BURST] + elapsed_ns / (CT_NS_PER_S / p->value[P_RATE_PER_S]));
}

static bool limiter_burst_ok(double ratio, const struct params *p)
{
        (void)p;
        return ratio <= 1;
}

#define CONTESTANT limiter_guide_leaky
#define NAME "guide_leaky"
#define SOURCE "The Complete Guide to Go Concurrency Patterns: strategy 4, leaky bucket"
#define CAPS (CAP_PARKS | CAP_FIFO)
#include "limiter/loop.h"
