/* One operation in a loop on one core: what the operation itself costs. */
#include <errno.h>
#include <sched.h>

#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/clock.h"
#include "base/pause.h"
#include "machine/machine.h"

struct word {
        CT_ALIGN_PAIR ct_atomic_u64 value;
};

#define LOOP(id, STATEMENT)                                                                        \
        static uint64_t run_##id(void *self, struct worker *w, uint64_t n)                         \
        {                                                                                          \
                struct word *word = self;                                                          \
                                                                                                   \
                (void)w;                                                                           \
                (void)word;                                                                        \
                for (uint64_t i = 0; i < n; i++) {                                                 \
                        STATEMENT;                                                                 \
                }                                                                                  \
                return n;                                                                          \
        }

/* Loops that count in the word are checked; the others have no result that could be wrong. */
static int check_count(const void *self, const struct totals *t, double *metrics)
{
        const struct word *word = self;

        (void)metrics;
        return ct_load_u64_relaxed(&word->value) == t->effects ? 0 : -EBADMSG;
}

#if defined(__x86_64__)
#define FULL_FENCE "mfence"
#elif defined(__aarch64__)
#define FULL_FENCE "dmb ish"
#else
#error "machine/uncontended.c: say what a full fence is on this architecture"
#endif

static inline void cas(struct word *word)
{
        uint64_t old = ct_load_u64_relaxed(&word->value);

        ct_cas_u64_seq(&word->value, &old, old + 1);
}

LOOP(null, __asm__ __volatile__("" ::: "memory"))
LOOP(load_store, ct_store_u64_relaxed(&word->value, ct_load_u64_relaxed(&word->value) + 1))
LOOP(atomic_add, ct_add_u64_seq(&word->value, 1))
LOOP(cas, cas(word))
LOOP(exchange, ct_exchange_u64_seq(&word->value, i + 1))
LOOP(fence, __asm__ __volatile__(FULL_FENCE ::: "memory"))
LOOP(clock, __asm__ __volatile__("" ::"r"(ct_now_ns())))
LOOP(tsc, __asm__ __volatile__("" ::"r"(ct_tsc())))
LOOP(pause, ct_pause())
LOOP(sched_yield, sched_yield())

#define CONTESTANT(id, SOURCE, CAPS, CHECK)                                                        \
        extern const struct contestant machine_##id;                                               \
        const struct contestant machine_##id = {                                                   \
                .name = #id,                                                                       \
                .source = SOURCE,                                                                  \
                .caps = CAPS,                                                                      \
                .size = sizeof(struct word),                                                       \
                .align = _Alignof(struct word),                                                    \
                .run = {[UNCONTENDED] = run_##id},                                                 \
                .check = CHECK,                                                                    \
        };

CONTESTANT(null, "the measured loop without an operation", CAP_FLOOR, NULL)
CONTESTANT(load_store, "plain load, add, store", 0, check_count)
CONTESTANT(atomic_add, "sequentially consistent fetch-add", 0, check_count)
CONTESTANT(cas, "sequentially consistent compare-and-swap", 0, check_count)
CONTESTANT(exchange, "sequentially consistent exchange", 0, NULL)
CONTESTANT(fence, "the full fence instruction: " FULL_FENCE, 0, NULL)
CONTESTANT(clock, "clock_gettime(CLOCK_MONOTONIC)", 0, NULL)
CONTESTANT(tsc, "the time-stamp counter", 0, NULL)
CONTESTANT(pause, "the spin-loop hint", 0, NULL)
CONTESTANT(sched_yield, "sched_yield(2) with nobody else to run", 0, NULL)
