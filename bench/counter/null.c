#include "counter/counter.h"

/* The loop itself: what remains is its own cost, which every other contestant pays too. */
struct counter {
        uint64_t nothing;
};

static inline void counter_inc(struct counter *c, struct worker *w, uint64_t hold)
{
        (void)c;
        (void)w;
        work_spin(hold);
        __asm__ __volatile__("" ::: "memory"); /* keeps the loop */
}

static inline uint64_t counter_read(struct counter *c, struct worker *w, uint64_t hold)
{
        (void)c;
        (void)w;
        work_spin(hold);
        __asm__ __volatile__("" ::: "memory");
        return 0;
}

/* It counts nothing, so there is nothing that could be wrong. */
static uint64_t counter_value(const struct counter *c, const struct totals *t)
{
        (void)c;
        return t->effects;
}

#define CONTESTANT counter_null
#define NAME "null"
#define SOURCE "the measured loop without an operation"
#define CAPS (CAP_FLOOR | CAP_SECTION)
#include "counter/loop.h"
