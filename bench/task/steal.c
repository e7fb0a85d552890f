/* From waking a task to its first instruction on another carrier, while the waker's is busy. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/pause.h"
#include "harness/histogram.h"
#include "task/task.h"
#include "task/tasks.h"

/* Whoever is not taken by then is let run by the waker itself: not stolen. */
static const int64_t patience_ns = CT_NS_PER_MS;

struct stealing {
        CT_ALIGN_PAIR struct ct_waiter waiter; /* the loot's */
        bool quit;
        ct_atomic_u64 waits;  /* how often the loot has been about to park */
        ct_atomic_u64 ran_at; /* ns; 0 until it runs */
        CT_ALIGN_PAIR int64_t idle_ns;
        int64_t window_ns;
        uint64_t rounds, stolen;
        struct measurement *m;
        struct ct_histogram latency;
};

static int loot(void *arg)
{
        struct stealing *s = arg;

        ct_waiter_init(&s->waiter);
        for (;;) {
                ct_add_u64_release(&s->waits, 1); /* pairs with let_park() */
                ct_park(&s->waiter);
                if (s->quit)
                        return 0;
                ct_store_u64_release(&s->ran_at, (uint64_t)ct_now_ns());
        }
}

static void busy_until(int64_t until)
{
        while (ct_now_ns() < until)
                ct_pause();
}

/* It runs its last instructions before the park on another carrier, or here. */
static void let_park(struct stealing *s, uint64_t round)
{
        while (ct_load_u64_acquire(&s->waits) < round)
                ct_yield();
        busy_until(ct_now_ns() + 2 * CT_NS_PER_US + s->idle_ns);
}

static void one_round(struct stealing *s)
{
        int64_t start, ran;
        bool stolen = true;

        let_park(s, ++s->rounds);
        ct_store_u64_relaxed(&s->ran_at, 0); /* the wake publishes it */
        start = ct_now_ns();
        ct_unpark(&s->waiter);
        while (!(ran = (int64_t)ct_load_u64_acquire(&s->ran_at))) {
                ct_pause();
                if (ct_now_ns() - start < patience_ns)
                        continue;
                stolen = false;
                ct_yield();
        }
        if (!stolen)
                return;
        s->stolen++;
        ct_histogram_record(&s->latency, ran > start ? (uint64_t)(ran - start) : 0);
}

static int in_runtime(void *arg)
{
        struct stealing *s = arg;
        struct ct_task_handle h;
        int64_t start = ct_now_ns();
        int rc = ct_task_start(&h, loot, s);

        if (rc)
                return rc;
        do
                one_round(s);
        while (ct_now_ns() - start < s->window_ns || s->rounds < 50);
        let_park(s, s->rounds + 1);
        s->quit = true;
        ct_unpark(&s->waiter);
        rc = ct_task_join(&h);
        s->m->window_ns = (double)(ct_now_ns() - start);
        s->m->own[M_STOLEN_PCT] = 100.0 * (double)s->stolen / (double)s->rounds;
        s->m->verified = ct_load_u64_relaxed(&s->waits) == s->rounds + 1;
        if (s->stolen)
                task_latencies(&s->latency, s->m);
        return rc;
}

int task_measure_steal(const struct topology *t, const struct params *p, int64_t window_ns,
                       struct measurement *m)
{
        struct stealing *s = aligned_alloc(CT_CACHE_PAIR, sizeof *s);
        int rc;

        if (!s)
                return -ENOMEM;
        *s = (struct stealing){.idle_ns = p->value[P_CARRIER_IDLE_US] * CT_NS_PER_US,
                               .window_ns = window_ns,
                               .m = m};
        ct_histogram_reset(&s->latency);
        rc = task_in_runtime(t, 0, in_runtime, s);
        free(s);
        return rc;
}
