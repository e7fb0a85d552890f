#include "context/contexts.h"

/* The loop itself: what remains is its own cost, which every other contestant pays too. */
static uint64_t run(void *self, struct worker *w, uint64_t n)
{
        (void)self;
        (void)w;
        for (uint64_t i = 0; i < n; i++)
                __asm__ __volatile__("" ::: "memory");
        return n;
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        (void)self;
        (void)metrics;
        return context_check_effects(t);
}

extern const struct contestant context_null;
const struct contestant context_null = {
        .name = "null",
        .source = "the measured loop without an operation",
        .caps = CAP_FLOOR,
        .size = 1,
        .align = 1,
        .run = {[TIMERS] = run},
        .check = check,
};
