/*
 * Measures the crew that the includer has defined as `static const struct crew crew`: the loop of
 * submitters, with direct calls, and a measure function for each workload. No include guard: one
 * file, one contestant. C and C++.
 */
#include "base/clock.h"
#include "pool/pool.h"

static void submit_jobs(struct submitter *s)
{
        enum { BETWEEN_LOOKS = 16 }; /* at the clock */

        do {
                for (int i = 0; i < BETWEEN_LOOKS && !s->rc; i++) {
                        s->rc = crew.submit(s->self, pool_count_job,
                                            (void *)(uintptr_t)(s->first + s->n));
                        s->n += !s->rc;
                }
                pool_checkpoint();
        } while (!s->rc && ct_now_ns() < s->until_ns);
}

static inline int overhead(const struct topology *t, const struct params *p, int64_t window_ns,
                           struct measurement *m)
{
        return pool_overhead(&crew, submit_jobs, t, p, window_ns, m);
}

#define POOL_MEASURE(name, how, workload)                                                          \
        static inline int name(const struct topology *t, const struct params *p,                   \
                               int64_t window_ns, struct measurement *m)                           \
        {                                                                                          \
                return how(&crew, workload, t, p, window_ns, m);                                   \
        }
POOL_MEASURE(sizing, pool_sizing, SIZING)
POOL_MEASURE(sizing_socket, pool_sizing, SIZING_SOCKET)
POOL_MEASURE(quota, pool_sizing, QUOTA)
POOL_MEASURE(queue, pool_open_loop, QUEUE)
POOL_MEASURE(overload_120, pool_open_loop, OVERLOAD_120)
POOL_MEASURE(overload_200, pool_open_loop, OVERLOAD_200)
POOL_MEASURE(balance_equal, pool_balance, BALANCE_EQUAL)
POOL_MEASURE(balance_pareto, pool_balance, BALANCE_PARETO)
POOL_MEASURE(balance_elephant, pool_balance, BALANCE_ELEPHANT)
POOL_MEASURE(memory, pool_memory, MEMORY)
#undef POOL_MEASURE

/* Parts of a descriptor's .measure, C only. */
#define POOL_FLOOD [OVERHEAD] = overhead
#define POOL_OPEN_LOOP [QUEUE] = queue, [OVERLOAD_120] = overload_120, [OVERLOAD_200] = overload_200
#define POOL_BALANCE                                                                               \
        [BALANCE_EQUAL] = balance_equal, [BALANCE_PARETO] = balance_pareto,                        \
        [BALANCE_ELEPHANT] = balance_elephant
#define POOL_SIZING [SIZING] = sizing, [SIZING_SOCKET] = sizing_socket, [QUOTA] = quota
