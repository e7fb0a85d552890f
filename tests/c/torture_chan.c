/*
 * torture_chan [--messages N] [--exec thread|task] [--kind NAME] [--fair-ms N]: N messages in all,
 * over every kind of channel, capacity, number of producers and consumers, and manner of sending
 * and receiving; chan_storm.h judges. Then four producers and four consumers for N ms at capacities
 * 64 and 1024: the smallest share of a worker, of what it would have if all had the same.
 *
 * Fails when a message was lost, doubled, torn or out of order, or when somebody starved: less than
 * a tenth of its share in each of three runs, each twice as long as the last. Half a share is the
 * claim, but a busy machine may take a worker's CPU away for most of a short run.
 */
#include "chan_storm.h"
#include "stress.h"
#include "watchdog.h"

/* What share of all messages goes where: threads that block pay the kernel for each of them. */
struct part {
        const char *kind;
        enum manner manner;
        size_t capacity, bytes;
        unsigned producers, consumers, channels;
        unsigned by_threads, by_tasks; /* per 10,000 */
        bool one_cpu;
};

static const struct part PARTS[] = {
        {"chan", PLAIN, 1024, 8, 1, 1, 1, 1700, 1300, false},
        {"chan", PLAIN, 1024, 8, 4, 4, 1, 1700, 1000, false},
        {"chan", PLAIN, 64, 8, 1, 1, 1, 1000, 1000, false},
        {"chan", PLAIN, 64, 8, 4, 4, 1, 600, 500, false},
        {"chan", PLAIN, 64, 8, 1, 4, 1, 200, 500, false},
        {"chan", PLAIN, 64, 8, 4, 1, 1, 200, 500, false},
        {"chan", PLAIN, 1024, 64, 4, 4, 1, 300, 300, false},
        {"chan", PLAIN, 64, 256, 2, 2, 1, 100, 200, false},
        {"chan", PLAIN, 0, 8, 1, 1, 1, 5, 200, false},
        {"chan", PLAIN, 0, 8, 4, 4, 1, 5, 200, false},
        {"chan", PLAIN, 1, 8, 1, 1, 1, 10, 200, false},
        {"chan", PLAIN, 1, 8, 4, 4, 1, 10, 200, false},
        {"chan", PLAIN, 2, 64, 3, 2, 1, 10, 100, false},
        {"chan", PLAIN, 8, 8, 4, 4, 1, 20, 200, false},
        {"chan", PLAIN, 64, 8, 8, 8, 1, 100, 200, false},
        {"chan", PLAIN, 0, 8, 8, 8, 1, 3, 50, false},
        {"chan", TIMED, 0, 8, 4, 4, 1, 3, 5, false},
        {"chan", TIMED, 2, 8, 4, 4, 1, 5, 10, false},
        {"chan", TIMED, 64, 8, 1, 1, 1, 20, 20, false},
        {"chan", TRYING, 1, 8, 4, 4, 1, 10, 10, false},
        {"chan", TRYING, 16, 8, 4, 4, 1, 20, 20, false},
        {"chan", SELECTING, 0, 8, 4, 4, 4, 3, 30, false},
        {"chan", SELECTING, 8, 8, 4, 4, 4, 10, 50, false},
        {"chan", MIXED, 0, 8, 4, 4, 2, 2, 5, false},
        {"chan", MIXED, 3, 8, 4, 4, 3, 5, 10, false},
        {"chan", MIXED, 64, 8, 8, 8, 4, 5, 10, false},
        {"chan", PLAIN, 64, 8, 2, 2, 1, 400, 400, true},
        {"chan", PLAIN, 0, 8, 2, 2, 1, 10, 100, true},
        {"chan", MIXED, 2, 8, 4, 4, 2, 5, 10, true},
        {"chan_spsc", PLAIN, 1024, 8, 1, 1, 1, 2100, 1000, false},
        {"chan_spsc", PLAIN, 64, 8, 1, 1, 1, 1000, 1000, false},
        {"chan_spsc", PLAIN, 1, 8, 1, 1, 1, 10, 100, false},
        {"chan_spsc", PLAIN, 7, 64, 1, 1, 1, 50, 100, false},
        {"chan_spsc", TIMED, 3, 8, 1, 1, 1, 5, 10, false},
        {"chan_spsc", TRYING, 3, 8, 1, 1, 1, 20, 20, false},
        {"chan_spsc", SELECTING, 4, 8, 1, 1, 3, 10, 50, false},
        {"chan_spsc", MIXED, 2, 8, 1, 1, 2, 5, 10, false},
        {"chan_spsc", PLAIN, 64, 8, 1, 1, 1, 400, 400, true},
};

static void use_cpus(const cpu_set_t *set)
{
        if (sched_setaffinity(0, sizeof *set, set))
                contexts_failed("sched_setaffinity", errno);
        ct_parker_set_cpus((unsigned)CPU_COUNT(set));
}

static const struct chan_kind *find_kind(const char *name)
{
        FOR_EACH_KIND(k)
        {
                if (!strcmp(k->name, name))
                        return k;
        }
        return NULL;
}

/* Messages conserved; 0 if the oracle objects. */
static uint64_t run_part(const struct part *p, enum exec exec, uint64_t messages)
{
        struct storm *s = aligned_alloc(128, (sizeof *s + 127) / 128 * 128);
        cpu_set_t all, one;
        int64_t start, ns;
        uint64_t got;

        if (!s || sched_getaffinity(0, sizeof all, &all))
                contexts_failed("run_part", errno);
        CPU_ZERO(&one);
        CPU_SET(crew_cpu(0, 1), &one);
        memset(s, 0, sizeof *s);
        s->kind = find_kind(p->kind);
        s->manner = p->manner;
        s->capacity = p->capacity;
        s->bytes = p->bytes;
        s->producers = p->producers;
        s->consumers = p->consumers;
        s->channels = p->channels;
        s->each = messages / p->producers + 1;
        if (p->one_cpu)
                use_cpus(&one);
        watchdog_start(NULL);
        start = ct_now_ns();
        got = storm_run(s, exec);
        ns = ct_now_ns() - start;
        watchdog_stop(NULL);
        if (p->one_cpu)
                use_cpus(&all);
        printf("%-9s %-7s %-6s capacity %4zu  %2u:%-2u  %u channel%s %3zu bytes%s %9llu messages "
               "%8.1f ns each, %llu in vain%s\n",
               p->kind, EXEC_NAMES[exec], MANNERS[p->manner], p->capacity, p->producers,
               p->consumers, p->channels, p->channels > 1 ? "s" : " ", p->bytes,
               p->one_cpu ? ", one CPU" : "", (unsigned long long)got,
               (double)ns / (double)(p->producers * s->each),
               (unsigned long long)ct_load_u64_relaxed(&s->misses), got ? "" : "  WRONG");
        fflush(stdout);
        free(s);
        return got;
}

/* ---- shares ---- */

#define SIDE 4

struct shares {
        struct ct_chan *c;
        int64_t ns;
        ct_atomic_u32 arrived, sending;
        ct_atomic_u64 end; /* 0 until all are there */
        uint64_t turns[2 * SIDE][16];
};

/* In the window only: what is drained after it is nobody's merit. */
static void shares_body(void *shared, unsigned index)
{
        struct shares *s = shared;
        uint64_t n = 0, in_time = 0, v = index;
        int64_t end;

        if (ct_add_u32_relaxed(&s->arrived, 1) == 2 * SIDE - 1)
                ct_store_u64_relaxed(&s->end, (uint64_t)ct_deadline_after(s->ns));
        CONTEXT_UNTIL(ct_load_u64_relaxed(&s->end));
        end = (int64_t)ct_load_u64_relaxed(&s->end);
        if (index < SIDE) {
                do {
                        for (int i = 0; i < 64; i++)
                                ct_chan_send(s->c, &v);
                        n += 64;
                        ct_checkpoint();
                } while (ct_now_ns() < end);
                in_time = n;
                if (ct_sub_u32_acq_rel(&s->sending, 1) == 1)
                        ct_chan_close(s->c);
        } else {
                while (ct_chan_recv(s->c, &v)) {
                        if (++n % 64)
                                continue;
                        if (ct_now_ns() < end)
                                in_time = n;
                        ct_checkpoint();
                }
        }
        s->turns[index][0] = in_time;
}

static double least_share(const struct shares *s, unsigned from)
{
        uint64_t least = UINT64_MAX, all = 0;

        for (unsigned i = from; i < from + SIDE; i++) {
                least = s->turns[i][0] < least ? s->turns[i][0] : least;
                all += s->turns[i][0];
        }
        return (double)least * SIDE / (double)(all + !all);
}

/* The smallest share that a worker had of what all had on average. */
static double shares(enum exec exec, size_t capacity, int64_t ns)
{
        struct shares *s = calloc(1, sizeof *s);
        double sent, received;

        if (!s)
                contexts_failed("calloc", ENOMEM);
        s->c = make_chan(CHAN_KINDS, 8, capacity);
        s->ns = ns;
        ct_store_u32_relaxed(&s->sending, SIDE);
        watchdog_start(NULL);
        contexts_run(exec, 2 * SIDE, shares_body, s);
        watchdog_stop(NULL);
        sent = least_share(s, 0);
        received = least_share(s, SIDE);
        printf("shares    %-7s capacity %4zu  4:4  %.0f ms  smallest of a sender %.2f, of a "
               "receiver %.2f\n",
               EXEC_NAMES[exec], capacity, (double)ns / 1e6, sent, received);
        fflush(stdout);
        ct_chan_free(s->c);
        free(s);
        return sent < received ? sent : received;
}

static bool nobody_starves(enum exec exec, int64_t ns)
{
        static const size_t capacities[] = {64, 1024};
        bool good = true;

        for (size_t i = 0; i < sizeof capacities / sizeof *capacities; i++) {
                bool fed = false;

                for (int k = 0; k < 3 && !fed; k++)
                        fed = shares(exec, capacities[i], ns << k) >= 0.1;
                if (!fed)
                        printf("somebody STARVES\n");
                good &= fed;
        }
        return good;
}

static int usage(void)
{
        fprintf(stderr, "usage: torture_chan [--messages N] [--exec thread|task] "
                        "[--kind chan|chan_spsc] [--fair-ms N]\n");
        return 2;
}

int main(int argc, char **argv)
{
        double messages = 1e6, fair_ms = 0;
        bool by[2] = {true, true}, good = true;
        const char *kind = NULL;
        uint64_t all = 0;

        for (int i = 1; i + 1 < argc; i += 2) {
                if (!strcmp(argv[i], "--messages"))
                        messages = strtod(argv[i + 1], NULL);
                else if (!strcmp(argv[i], "--fair-ms"))
                        fair_ms = strtod(argv[i + 1], NULL);
                else if (!strcmp(argv[i], "--kind"))
                        kind = argv[i + 1];
                else if (!strcmp(argv[i], "--exec"))
                        by[strcmp(argv[i + 1], "task") == 0 ? EXEC_THREAD : EXEC_TASK] = false;
                else
                        return usage();
        }
        if (argc % 2 == 0 || !(messages >= 0 && messages <= 1e12) ||
            !(fair_ms >= 0 && fair_ms <= 1e6) || (kind && !find_kind(kind)))
                return usage();
        FOR_EACH_EXEC(exec)
        {
                for (size_t i = 0; by[exec] && i < sizeof PARTS / sizeof *PARTS; i++) {
                        const struct part *p = &PARTS[i];
                        double share = exec == EXEC_TASK ? p->by_tasks : p->by_threads;
                        uint64_t got;

                        if (kind && strcmp(kind, p->kind) != 0)
                                continue;
                        if (by[0] && by[1]) /* most by tasks, which take a fifth of the time */
                                share *= exec == EXEC_TASK ? 0.8 : 0.2;
                        got = run_part(p, exec, (uint64_t)(messages * share / 1e4));
                        all += got;
                        good &= got > 0;
                }
                if (by[exec] && fair_ms > 0)
                        good &= nobody_starves(exec, (int64_t)(fair_ms * 1e6));
        }
        printf("%llu messages conserved, in order\n", (unsigned long long)all);
        return good ? 0 : 1;
}
