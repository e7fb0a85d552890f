/*
 * The sync family: what else Go's sync package has, each in the loop that its users know.
 *
 *      waitgroup        n workers tell one group of p_batch jobs, by one call or one each, and
 *                       that they are done
 *      round            everybody arrives and waits for everybody
 *      once             the n-th call, when all has been done long ago
 *      once_stampede    everybody comes to the same new once at the same time
 *      cond_signal      a turn goes round: each wakes the next by a signal, waits for its own
 *      cond_broadcast   the last to arrive wakes all the others
 *      semaphore        acquire one of p_permits, hold, release
 *      semaphore_weighted   the same with one to three permits at a time
 *      objpool          put the oldest of p_batch objects, get another
 *      map              loads and stores of keys that are all there
 *      value            a configuration of several words, read all the time, replaced now and then
 *
 * A contestant takes part in one workload; `null` and `ref` (what a C programmer would take today)
 * are in all of them. Each workload is a text, sync/loop_*.h: the measured loop, the oracle and
 * the descriptor, in C and C++ (no <stdatomic.h>, casts written out).
 *
 * Adding a contestant: one line in contestants.h, and one file that defines CONTESTANT, NAME,
 * SOURCE, CAPS and what the workload's text asks for, and includes that text.
 */
#ifndef CT_BENCH_SYNC_H
#define CT_BENCH_SYNC_H

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cacheline.h"
#include "harness/contestant.h"
#include "harness/work.h"

enum {
        SYNC_WAITGROUP,
        SYNC_ROUND,
        SYNC_ONCE,
        SYNC_ONCE_STAMPEDE,
        SYNC_COND_SIGNAL,
        SYNC_COND_BROADCAST,
        SYNC_SEMAPHORE,
        SYNC_SEMAPHORE_WEIGHTED,
        SYNC_OBJPOOL,
        SYNC_MAP,
        SYNC_VALUE,
        SYNC_WORKLOADS
};

/* The place of a workload's function in .run, since C++ has no designators for arrays. */
#define RUN_WAITGROUP(f)                                                                           \
        {                                                                                          \
                f                                                                                  \
        }
#define RUN_ROUND(f)                                                                               \
        {                                                                                          \
                NULL, f                                                                            \
        }
#define RUN_ONCE(f, stampede)                                                                      \
        {                                                                                          \
                NULL, NULL, f, stampede                                                            \
        }
#define RUN_COND(ring, broadcast)                                                                  \
        {                                                                                          \
                NULL, NULL, NULL, NULL, ring, broadcast                                            \
        }
#define RUN_SEMAPHORE(one, weighted)                                                               \
        {                                                                                          \
                NULL, NULL, NULL, NULL, NULL, NULL, one, weighted                                  \
        }
#define RUN_OBJPOOL(f)                                                                             \
        {                                                                                          \
                NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, f                                  \
        }
#define RUN_MAP(f)                                                                                 \
        {                                                                                          \
                NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, f                            \
        }
#define RUN_VALUE(f)                                                                               \
        {                                                                                          \
                NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, f                      \
        }

enum { P_READ_PCT, P_HOLD_NS, P_SAMPLE_EVERY, P_BATCH, P_CALLS, P_PERMITS, P_BYTES, P_KEYS };

enum { HEAVIEST = 3, CONFIG_WORDS = 8 };

/* What several workers write and one reads when all is over, or seldom: plain words, by builtins
   that both languages have. */
static inline uint64_t word_load(const uint64_t *p)
{
        return __atomic_load_n(p, __ATOMIC_RELAXED);
}

static inline void word_store(uint64_t *p, uint64_t v)
{
        __atomic_store_n(p, v, __ATOMIC_RELAXED);
}

static inline uint64_t word_add(uint64_t *p, uint64_t v)
{
        return __atomic_fetch_add(p, v, __ATOMIC_RELAXED) + v;
}

static inline void word_sub(uint64_t *p, uint64_t v)
{
        __atomic_fetch_sub(p, v, __ATOMIC_RELAXED);
}

/*
 * Where the workers of a window meet, whatever the contestant: nobody passes before all are there.
 * Between two meetings one worker may change what all use. Closed by the first worker that leaves;
 * then nobody waits any more, and pass says false, except to those whom the last meeting let go.
 * Zero bytes are an open gate.
 */
struct sync_gate {
        CT_ALIGN_PAIR uint64_t arrived;
        CT_ALIGN_PAIR uint64_t meetings, closed;
};

/* A worker's local, in the workloads that have no other. */
struct sync_worker {
        CT_ALIGN_PAIR uint64_t number; /* rounds, stamps, places: what the loop counts */
        bool over;
};

#ifdef __cplusplus
extern "C" {
#endif

/* Spins with yields to whatever else this place could run. */
bool sync_gate_pass(struct sync_gate *, unsigned workers);
void sync_gate_close(struct sync_gate *);

int sync_worker_begin(void *self, struct worker *);
void sync_worker_end(void *self, struct worker *);

#ifdef __cplusplus
}
#endif

#endif
