#include "pool/pool.h"

#include <stdint.h>
#include <sys/resource.h>

#include "base/atomic.h"
#include "base/clock.h"

static struct {
        CT_ALIGN_PAIR ct_atomic_u64 value;
} sum;

int pool_add_job(void *arg, void *local)
{
        (void)local;
        ct_add_u64_relaxed(&sum.value, *(const uint64_t *)arg);
        return 0;
}

uint64_t pool_take_sum(void)
{
        return ct_exchange_u64_relaxed(&sum.value, 0);
}

double pool_prediction(unsigned cores, int64_t wait_pct)
{
        return 100.0 * cores / (double)(100 - wait_pct);
}

/* Of the whole process: threads that have ended count too. */
void pool_switches_read(struct pool_switches *s)
{
        struct rusage u;

        getrusage(RUSAGE_SELF, &u);
        *s = (struct pool_switches){.voluntary = u.ru_nvcsw, .involuntary = u.ru_nivcsw};
}

void pool_finish_row(const struct pool_switches *since, struct measurement *m)
{
        struct pool_switches now;

        pool_switches_read(&now);
        m->voluntary_switches = (double)(now.voluntary - since->voluntary);
        m->involuntary_switches = (double)(now.involuntary - since->involuntary);
        m->flags |= ROW_UNPINNED;
        if (m->ops > 0) {
                m->ns_per_op = m->window_ns / m->ops;
                m->ops_per_s = 1e9 / m->ns_per_op;
        }
}

int pool_overhead(const struct crew *crew, const struct params *p, int64_t window_ns,
                  struct measurement *m)
{
        enum { BETWEEN_LOOKS = 16, NUMBERS = 1024 }; /* looks at the clock */
        static uint64_t number[NUMBERS];             /* the jobs' arguments, one after the other */
        struct pool_switches before;
        uint64_t n = 0, sum_submitted = 0, ran;
        int64_t start, end;
        void *self;
        int rc = crew->start(&self, (unsigned)p->value[P_WORKERS], (size_t)p->value[P_QUEUE]);

        if (rc)
                return rc;
        for (uint64_t i = 0; i < NUMBERS; i++)
                number[i] = i + 1;
        pool_take_sum();
        pool_switches_read(&before);
        start = ct_now_ns();
        do {
                for (int i = 0; i < BETWEEN_LOOKS && !rc; i++) {
                        uint64_t *next = &number[n % NUMBERS];

                        rc = crew->submit(self, pool_add_job, next);
                        sum_submitted += rc ? 0 : *next;
                        n += !rc;
                }
        } while (!rc && ct_now_ns() - start < window_ns);
        ran = crew->finish(self);
        end = ct_now_ns();
        crew->free(self);
        if (rc)
                return rc;
        m->ops = (double)n;
        m->window_ns = (double)(end - start);
        m->verified = ran == n && pool_take_sum() == sum_submitted;
        pool_finish_row(&before, m);
        return 0;
}
