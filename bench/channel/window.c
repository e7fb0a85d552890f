/* What all contestants share around their loops: roles, locals, the oracle. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/parker.h"
#include "channel/channel.h"
#include "task/task.h"

/* ---- what the parameters say ---- */

unsigned channel_workload(const struct params *p)
{
        if (p->value[P_CASES] >= 0)
                return CHANNEL_SELECT;
        if (p->value[P_WAITERS] >= 0)
                return CHANNEL_CLOSE_WAKE;
        if (p->value[P_RATE_PER_S] >= 0)
                return CHANNEL_OPEN_LOOP;
        return p->value[P_PRODUCERS] >= 0 ? CHANNEL_STREAM : CHANNEL_PINGPONG;
}

unsigned channel_count(const struct params *p)
{
        switch (channel_workload(p)) {
        case CHANNEL_SELECT:
                return (unsigned)p->value[P_CASES];
        case CHANNEL_PINGPONG:
        case CHANNEL_CLOSE_WAKE: /* this round's and the next one's */
                return 2;
        default:
                return 1;
        }
}

size_t channel_bytes(const struct params *p)
{
        return p->value[P_ELEMENT_BYTES] > 0 ? (size_t)p->value[P_ELEMENT_BYTES] : sizeof(uint64_t);
}

size_t channel_capacity(const struct params *p)
{
        return p->value[P_CAPACITY] > 0 ? (size_t)p->value[P_CAPACITY] : 0;
}

/* Worker i's place when those of the first CPU are counted first, then the second's, and so on. */
static unsigned place_by_cpu(unsigned i, unsigned threads, unsigned pus)
{
#ifdef CT_PLANT_channel_senders_on_one_cpu
        return i;
#endif
        unsigned cpu = i % pus, extra = threads % pus;

        return cpu * (threads / pus) + (cpu < extra ? cpu : extra) + i / pus;
}

unsigned channel_role(unsigned workload, const struct params *p, unsigned index, unsigned threads,
                      unsigned pus)
{
        uint64_t senders;

        switch (workload) {
        case CHANNEL_PINGPONG:
        case CHANNEL_SELECT:
                return index ? CHANNEL_SENDER : CHANNEL_RECEIVER;
        case CHANNEL_CLOSE_WAKE:
                return index ? CHANNEL_RECEIVER : CHANNEL_SENDER;
        default:
                senders = (uint64_t)p->value[P_PRODUCERS];
                return place_by_cpu(index, threads, pus) * senders % threads < senders
                               ? CHANNEL_SENDER
                               : CHANNEL_RECEIVER;
        }
}

/* ---- what all workers share ---- */

int channel_shared_begin(struct channel_shared *s, const struct params *p, unsigned threads)
{
        unsigned workload = channel_workload(p);
        int64_t producers = p->value[P_PRODUCERS], consumers = p->value[P_CONSUMERS];
        bool streams = workload == CHANNEL_STREAM || workload == CHANNEL_OPEN_LOOP;

        if (streams && (producers < 1 || consumers < 1 || producers + consumers != threads))
                return -EINVAL;
        s->senders_left = streams ? (uint64_t)producers : 1;
        s->ids = workload == CHANNEL_SELECT ? (uint64_t)p->value[P_CASES] : threads;
        s->from = calloc(s->ids, sizeof *s->from);
        s->sent = calloc(s->ids, sizeof *s->sent);
        s->begin = calloc(threads, sizeof *s->begin);
        s->least[0] = s->least[1] = UINT64_MAX;
        return s->from && s->sent && s->begin ? 0 : -ENOMEM;
}

void channel_shared_end(struct channel_shared *s)
{
        free(s->from);
        free(s->sent);
        free(s->begin);
}

/* ---- one worker ---- */

/* Asked once: CPUID leaves a virtual machine, and the TSC's rate takes 10 ms to find. */
static pthread_once_t clock_known = PTHREAD_ONCE_INIT;
static bool tsc;
static double ns_per_stamp;

static void know_clock(void)
{
        tsc = ct_tsc_invariant();
        ns_per_stamp = tsc ? 1e9 / ct_tsc_hz() : 1;
}

void channel_yield(void)
{
        ct_parker_ops_self()->yield();
}

void channel_sleep_until(int64_t deadline)
{
        ct_task_sleep_until(deadline);
}

static uint64_t power_of_two(uint64_t at_least)
{
        uint64_t n = 1;

        while (n < at_least)
                n *= 2;
        return n;
}

static uint64_t first_value(uint64_t id)
{
        return (id << CHANNEL_SEQ_BITS) + 1;
}

int channel_party_begin(struct channel_shared *s, struct worker *w)
{
        struct channel_party *p = aligned_alloc(CT_CACHE_PAIR, sizeof *p);
        uint64_t known = power_of_two(s->ids);
        const int64_t *param = w->params->value;

        if (!p)
                return -ENOMEM;
        memset(p, 0, sizeof *p);
        p->from = aligned_alloc(CT_CACHE_PAIR,
                                (known * sizeof *p->from / CT_CACHE_PAIR + 1) * CT_CACHE_PAIR);
        p->all = calloc(1, sizeof *p->all);
        if (!p->from || !p->all) {
                free(p->from);
                free(p->all);
                free(p);
                return -ENOMEM;
        }
        memset(p->from, 0, known * sizeof *p->from);
        p->mask = known - 1;
        p->last_word = channel_bytes(w->params) / sizeof(uint64_t) - 1;
        for (unsigned i = 0; i < CHANNEL_MOST; i++)
                p->next[i] = first_value(param[P_CASES] >= 0 ? i : w->index);
        pthread_once(&clock_known, know_clock);
        p->tsc = tsc;
        p->ns_per_stamp = ns_per_stamp;
        if (param[P_RATE_PER_S] > 0)
                p->step = 1e9 / (double)param[P_RATE_PER_S] / ns_per_stamp *
                          (double)param[P_PRODUCERS];
        p->gives_way = ct_in_task() || w->threads > ct_parker_cpus();
        w->local = p;
        return 0;
}

/* What it has sent or received; for waiters and the closer of close_wake, rounds. */
static uint64_t tally(struct channel_shared *s, const struct channel_party *p,
                      const struct worker *w)
{
        bool selects = w->params->value[P_CASES] >= 0;
        uint64_t n = 0, sent = 0;

        for (uint64_t id = 0; id < s->ids; id++) {
                n += p->from[id].count;
                s->from[id].count += p->from[id].count;
                s->from[id].squares += p->from[id].squares;
        }
        for (uint64_t i = 0; i < (selects ? s->ids : 1); i++) {
                uint64_t id = selects ? i : w->index, here = p->next[i] - first_value(id);

                s->sent[id] += here;
                sent += here;
        }
        if (w->params->value[P_WAITERS] >= 0)
                return p->rounds;
        return w->role == CHANNEL_SENDER ? sent : n;
}

void channel_party_end(struct channel_shared *s, struct worker *w)
{
        static pthread_mutex_t merging = PTHREAD_MUTEX_INITIALIZER;
        struct channel_party *p = w->local;
        unsigned r = w->role;
        uint64_t n;

        pthread_mutex_lock(&merging);
        n = tally(s, p, w);
        s->done[r] += n;
        s->least[r] = n < s->least[r] ? n : s->least[r];
        s->workers[r]++;
        s->blocked[r] += p->blocked;
        s->tried |= p->tried;
        s->wrong |= p->wrong;
        ct_histogram_merge(&s->all, p->all);
        pthread_mutex_unlock(&merging);
        free(p->from);
        free(p->all);
        free(p);
        w->local = NULL;
}

/* ---- the oracle ---- */

/* Sum of the squares of `count` whole numbers from `first` on, modulo 2^64. */
static uint64_t squares_from(uint64_t first, uint64_t count)
{
        unsigned __int128 n = count, of_ones, of_squares;

        if (!count)
                return 0;
        of_ones = n * (n - 1) / 2;
        of_squares = (n - 1) * n * (2 * n - 1) / 6;
        return count * first * first + 2 * first * (uint64_t)of_ones + (uint64_t)of_squares;
}

static bool is_what_was_sent(const struct channel_from *f, uint64_t id, uint64_t sent)
{
#ifdef CT_PLANT_channel_oracle_only_counts
        return f->count == sent;
#endif
        return f->count == sent && f->squares == squares_from(first_value(id), sent);
}

static double share(const struct channel_shared *s, unsigned role)
{
        return s->done[role]
                       ? (double)s->least[role] * (double)s->workers[role] / (double)s->done[role]
                       : NAN;
}

static double blocked_pct(const struct channel_shared *s, unsigned role)
{
        return s->done[role] ? 100 * (double)s->blocked[role] / (double)s->done[role] : NAN;
}

static void fill(const struct channel_shared *s, unsigned workload, double *metrics)
{
        if (s->workers[CHANNEL_SENDER] > 1)
                metrics[M_SENDER_LEAST_SHARE] = share(s, CHANNEL_SENDER);
        if (s->workers[CHANNEL_RECEIVER] > 1)
                metrics[M_RECEIVER_LEAST_SHARE] = share(s, CHANNEL_RECEIVER);
        if (workload == CHANNEL_CLOSE_WAKE && ct_histogram_count(&s->all)) {
                metrics[M_WAKE_ALL_P50_NS] = (double)ct_histogram_quantile(&s->all, 0.5);
                metrics[M_WAKE_ALL_P99_NS] = (double)ct_histogram_quantile(&s->all, 0.99);
        }
}

int channel_check(const struct channel_shared *s, const struct totals *t, double *metrics)
{
        unsigned workload = channel_workload(t->params);

        fill(s, workload, metrics);
        if (s->tried) {
                metrics[M_BLOCKED_SEND_PCT] = blocked_pct(s, CHANNEL_SENDER);
                metrics[M_BLOCKED_RECV_PCT] = blocked_pct(s, CHANNEL_RECEIVER);
        }
        if (s->wrong)
                return -EBADMSG;
        if (workload == CHANNEL_CLOSE_WAKE) /* every close has woken every waiter */
                return s->done[CHANNEL_RECEIVER] ==
                                       s->done[CHANNEL_SENDER] * s->workers[CHANNEL_RECEIVER]
                               ? 0
                               : -EBADMSG;
        for (uint64_t id = 0; id < s->ids; id++)
                if (!is_what_was_sent(&s->from[id], id, s->sent[id]))
                        return -EBADMSG;
        return 0;
}
