#include "base/futex.h"

#include <sched.h>

#include "base/clock.h"
#include "harness/histogram.h"
#include "machine/machine.h"

/* One wake-up: the waiter announces itself and sleeps; after the idle time the waker stamps the
   clock and wakes it; the waiter's first act is to stamp the clock again. */
struct wake {
        CT_ALIGN_PAIR ct_atomic_u32 word;   /* the round that the waiter may start */
        CT_ALIGN_PAIR ct_atomic_u32 asleep; /* the round it is about to sleep in */
        CT_ALIGN_PAIR int64_t sent_ns;
        bool same_core;
        int64_t idle_ns;
        uint32_t rounds;
        struct ct_histogram latency;
};

static void wait_side(void *ctx)
{
        struct wake *w = ctx;

        for (uint32_t round = 1; round <= w->rounds; round++) {
                ct_store_u32_release(&w->asleep, round); /* pairs with the waker's acquire */
                while (ct_load_u32_acquire(&w->word) != round)
                        ct_futex_wait(&w->word, round - 1, CT_FOREVER);
                int64_t took = ct_now_ns() - w->sent_ns;
                ct_histogram_record(&w->latency, took > 0 ? (uint64_t)took : 0);
        }
        ct_store_u32_release(&w->asleep, w->rounds + 1);
}

static void wake_side(void *ctx)
{
        struct wake *w = ctx;

        for (uint32_t round = 1; round <= w->rounds; round++) {
                while (ct_load_u32_acquire(&w->asleep) != round)
                        if (w->same_core)
                                sched_yield();
                if (w->same_core && !w->idle_ns)
                        sched_yield(); /* lets it fall asleep */
                else if (w->same_core)
                        ct_sleep_until(ct_now_ns() + w->idle_ns);
                else
                        for (int64_t until = ct_now_ns() + w->idle_ns; ct_now_ns() < until;)
                                ;
                w->sent_ns = ct_now_ns();
                ct_store_u32_release(&w->word, round); /* publishes sent_ns too */
                ct_futex_wake(&w->word, 1);
        }
}

static int measure(const struct topology *t, const struct params *p, int64_t window_ns,
                   struct measurement *m)
{
        struct wake w = {
                .same_core = p->value[P_CPU_A] == p->value[P_CPU_B],
                .idle_ns = p->value[P_IDLE_US] * CT_NS_PER_US,
        };
        int64_t start = ct_now_ns(), rounds = window_ns * 2 / (w.idle_ns + 40 * CT_NS_PER_US);
        int rc;

        w.rounds = (uint32_t)(rounds < 50 ? 50 : rounds > 5000 ? 5000 : rounds);
        rc = run_pair(t, (int)p->value[P_CPU_A], (int)p->value[P_CPU_B], wake_side, wait_side, &w);
        if (rc)
                return rc;
        m->window_ns = (double)(ct_now_ns() - start);
        m->ops = m->latency_samples = (double)ct_histogram_count(&w.latency);
        m->ns_per_op = ct_histogram_mean(&w.latency);
        m->latency_p50_ns = (double)ct_histogram_quantile(&w.latency, 0.5);
        m->latency_p99_ns = (double)ct_histogram_quantile(&w.latency, 0.99);
        m->latency_p999_ns = (double)ct_histogram_quantile(&w.latency, 0.999);
        m->latency_max_ns = (double)ct_histogram_max(&w.latency);
        m->verified = ct_histogram_count(&w.latency) == w.rounds;
        return 0;
}

extern const struct contestant machine_futex_wake;
const struct contestant machine_futex_wake = {
        .name = "futex_wake",
        .source = "futex(2) wake to the first instruction of the waiter",
        .measure = {[SAME_CORE] = measure, [OTHER_CORE] = measure},
};
