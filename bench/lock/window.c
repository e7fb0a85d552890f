#include <pthread.h>
#include <stdlib.h>

#include "lock/lock.h"

/* Asked once: CPUID leaves a virtual machine, and the TSC's rate takes 10 ms to find. */
static pthread_once_t clock_known = PTHREAD_ONCE_INIT;
static bool tsc;
static double ns_per_stamp, clock_ns;

static void know_clock(void)
{
        enum { READS = 2000 };
        uint64_t best = UINT64_MAX;

        tsc = ct_tsc_invariant();
        ns_per_stamp = tsc ? 1e9 / ct_tsc_hz() : 1;
        for (int i = 0; i < 5; i++) {
                uint64_t took, t0 = lock_stamp(tsc);

                for (int k = 0; k < READS; k++)
                        (void)lock_stamp(tsc);
                took = lock_stamp(tsc) - t0;
                best = took < best ? took : best;
        }
        clock_ns = (double)best * ns_per_stamp / READS;
}

int lock_worker_begin(struct worker *w)
{
        struct lock_worker *l = aligned_alloc(CT_CACHE_PAIR, sizeof *l);

        if (!l)
                return -ENOMEM;
        *l = (struct lock_worker){0};
        pthread_once(&clock_known, know_clock);
        l->tsc = tsc;
        w->local = l;
        return 0;
}

void lock_worker_end(struct lock_tally *all, struct worker *w)
{
        static pthread_mutex_t merging = PTHREAD_MUTEX_INITIALIZER;
        struct lock_worker *l = w->local;

        pthread_mutex_lock(&merging);
        for (int i = 0; i < LOCK_WORDS; i++)
                all->value[i] += l->value[i];
        all->torn += l->torn;
        all->handovers += l->handovers;
        ct_histogram_merge(&all->handover, &l->handover);
        pthread_mutex_unlock(&merging);
        free(l);
        w->local = NULL;
}

static double in_ns(uint64_t stamps)
{
        return (double)stamps * ns_per_stamp;
}

static void fill_handover(const struct lock_tally *all, const struct totals *t, double *metrics)
{
        const struct ct_histogram *h = &all->handover;

        if (!h->count)
                return;
        metrics[M_HANDOVER_PCT] = 100.0 * (double)all->handovers / (double)t->ops;
        metrics[M_HANDOVER_P50_NS] = in_ns(ct_histogram_quantile(h, 0.5));
        metrics[M_HANDOVER_P99_NS] = in_ns(ct_histogram_quantile(h, 0.99));
        metrics[M_HANDOVER_P999_NS] = in_ns(ct_histogram_quantile(h, 0.999));
        metrics[M_HANDOVER_MAX_NS] = in_ns(ct_histogram_max(h));
        metrics[M_HANDOVER_CLOCK_NS] = clock_ns;
}

int lock_check(const uint64_t *value, const struct lock_tally *all, const struct totals *t,
               double *metrics)
{
        fill_handover(all, t, metrics);
        if (all->torn)
                return -EBADMSG;
        for (int i = 0; i < LOCK_WORDS; i++)
                if (value[i] + all->value[i] != t->effects)
                        return -EBADMSG;
        return 0;
}
