#include "limiter/limiter.h"

struct limiter {
        struct ct_guide_ticker l;
};

static int limiter_open(struct limiter *x, const struct params *p, int64_t now_ns)
{
        return ct_guide_ticker_init(&x->l, p->value[P_RATE_PER_S], p->value[P_BURST], now_ns);
}

static void limiter_close(struct limiter *x)
{
        ct_guide_ticker_fini(&x->l);
}

static inline bool limiter_allow(struct limiter *x, int64_t now_ns, unsigned user)
{
        (void)user;
        return ct_guide_ticker_allow(&x->l, now_ns);
}

static double limiter_memory(struct limiter *x)
{
        return sizeof x->l;
}

/* With its thread, which ticks by the real clock. */
static int limiter_start(struct limiter *x)
{
        return ct_guide_ticker_start(&x->l);
}

static int limiter_wait(struct limiter *x)
{
        return ct_guide_ticker_wait_until(&x->l, CT_FOREVER);
}

static bool limiter_grant(struct limiter *x, int64_t now_ns, int64_t *time_ns)
{
        *time_ns = now_ns;
        return ct_guide_ticker_allow(&x->l, now_ns);
}

static uint64_t limiter_most(const struct params *p, int64_t elapsed_ns)
{
        return (uint64_t)(elapsed_ns / (CT_NS_PER_S / p->value[P_RATE_PER_S]));
}

/* A full store, and a tick each interval while it empties. */
static bool limiter_burst_ok(double ratio, const struct params *p)
{
        (void)p;
        return ratio <= 2;
}

#define CONTESTANT limiter_guide_ticker
#define NAME "guide_ticker"
#define SOURCE "The Complete Guide to Go Concurrency Patterns: channel-based rate limiter"
#define CAPS CAP_PARKS
#include "limiter/loop.h"
