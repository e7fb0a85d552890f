#include "task/tasks.h"

/* The loop itself: what remains is its own cost, which every other contestant pays too. */
static uint64_t run(void *self, struct worker *w, uint64_t n)
{
        (void)self;
        (void)w;
        for (uint64_t i = 0; i < n; i++)
                __asm__ __volatile__("" ::: "memory");
        return n;
}

extern const struct contestant task_null;
const struct contestant task_null = {
        .name = "null",
        .source = "the measured loop without an operation",
        .caps = CAP_FLOOR,
        .size = 1,
        .align = 1,
        .run = {[SPAWN_JOIN] = run, [GO_DETACHED] = run, [YIELD] = run, [PING_PONG] = run},
        .check = task_check_effects,
};
