#include "limiter/limiter.h"

struct limiter {
        struct ct_guide_per_user l;
};

/* Idle after a second, and at least a time in which every bucket fills up. */
static int limiter_open(struct limiter *x, const struct params *p, int64_t now_ns)
{
        return ct_guide_per_user_init(&x->l, (double)p->value[P_RATE_PER_S], p->value[P_BURST],
                                      CT_NS_PER_S + limiter_window_ns(p), now_ns);
}

static void limiter_close(struct limiter *x)
{
        ct_guide_per_user_fini(&x->l);
}

static inline bool limiter_allow(struct limiter *x, int64_t now_ns, unsigned user)
{
        return ct_guide_per_user_allow(&x->l, limiter_user(user), now_ns);
}

static double limiter_memory(struct limiter *x)
{
        return (double)ct_guide_per_user_memory(&x->l);
}

static int limiter_start(struct limiter *x)
{
        (void)x;
        return 0;
}

static int limiter_wait(struct limiter *x)
{
        return ct_guide_per_user_wait_until(&x->l, limiter_user(0), CT_FOREVER);
}

static bool limiter_grant(struct limiter *x, int64_t now_ns, int64_t *time_ns)
{
        *time_ns = now_ns;
        return ct_guide_per_user_allow(&x->l, limiter_user(0), now_ns);
}

static uint64_t limiter_most(const struct params *p, int64_t elapsed_ns)
{
        return (uint64_t)p->value[P_BURST] + limiter_earned(p, elapsed_ns);
}

/* One user's: a token bucket. */
static bool limiter_burst_ok(double ratio, const struct params *p)
{
        (void)p;
        return ratio <= 2;
}

#define CONTESTANT limiter_guide_per_user
#define NAME "guide_per_user"
#define SOURCE "The Complete Guide to Go Concurrency Patterns: per-user rate limiting"
#define CAPS CAP_PARKS
#define HAS_USERS
#include "limiter/loop.h"
