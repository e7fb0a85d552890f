#include "limiter/limiter.h"

struct limiter {
        struct ct_guide_token_bucket l;
};

static int limiter_open(struct limiter *x, const struct params *p, int64_t now_ns)
{
        return ct_guide_token_bucket_init(&x->l, (double)p->value[P_RATE_PER_S], p->value[P_BURST],
                                          now_ns);
}

static void limiter_close(struct limiter *x)
{
        ct_guide_token_bucket_fini(&x->l);
}

static inline bool limiter_allow(struct limiter *x, int64_t now_ns, unsigned user)
{
        (void)user;
        return ct_guide_token_bucket_allow(&x->l, now_ns);
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
        return ct_guide_token_bucket_wait_until(&x->l, 1, CT_FOREVER);
}

static bool limiter_grant(struct limiter *x, int64_t now_ns, int64_t *time_ns)
{
        *time_ns = now_ns;
        return ct_guide_token_bucket_allow(&x->l, now_ns);
}

static uint64_t limiter_most(const struct params *p, int64_t elapsed_ns)
{
        return (uint64_t)p->value[P_BURST] + limiter_earned(p, elapsed_ns);
}

/* burst + rate x window, the window being burst / rate. */
static bool limiter_burst_ok(double ratio, const struct params *p)
{
        (void)p;
        return ratio <= 2;
}

#define CONTESTANT limiter_guide_token_bucket
#define NAME "guide_token_bucket"
#define SOURCE "The Complete Guide to Go Concurrency Patterns: golang.org/x/time/rate"
#define CAPS CAP_PARKS
#include "limiter/loop.h"
