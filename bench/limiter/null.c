#include "limiter/limiter.h"

/* allow: the loop and the clock, which every limiter pays too. wait: sleeping until the next time
   of a fixed schedule, which is the best that a limiter can do by sleeping. */
struct limiter {
        int64_t interval_ns, next_ns;
};

static int limiter_open(struct limiter *l, const struct params *p, int64_t now_ns)
{
        l->interval_ns = CT_NS_PER_S / p->value[P_RATE_PER_S];
        l->next_ns = now_ns;
        return 0;
}

static void limiter_close(struct limiter *l)
{
        (void)l;
}

static inline bool limiter_allow(struct limiter *l, int64_t now_ns, unsigned user)
{
        (void)l;
        (void)user;
        __asm__ __volatile__("" ::"r"(now_ns) : "memory"); /* the time is wanted */
        return true;
}

static double limiter_memory(struct limiter *l)
{
        (void)l;
        return NAN;
}

static int limiter_start(struct limiter *l)
{
        (void)l;
        return 0;
}

static int limiter_wait(struct limiter *l)
{
        ct_sleep_until(l->next_ns);
        l->next_ns += l->interval_ns;
        return 0;
}

/* It limits nothing, so there is nothing it could break. */
static uint64_t limiter_most(const struct params *p, int64_t elapsed_ns)
{
        (void)p;
        (void)elapsed_ns;
        return UINT64_MAX / MAX_USERS;
}

#define CONTESTANT limiter_null
#define NAME "null"
#define SOURCE "the loop and its clock; sleeping on a fixed schedule"
#define CAPS CAP_FLOOR
#define HAS_USERS
#define FLOOR_ONLY
#include "limiter/loop.h"
