/*
 * The parker's spin budget: what it is, and how it is measured.
 *
 * All numbers are plain relaxed words: they are advice, and a thread that reads a mixture of old
 * and new ones spins a little too long or too short once.
 */
#include "base/parker.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PAUSES 256      /* measured at once: 5 to 40 us */
#define WAKES 48        /* measured wake-ups; the median counts */
#define WAKE_LEAST 1000 /* ns */
#define WAKE_MOST 100000
#define CREDIT_FULL 256
#define CREDIT_LEAST 8

/* Two that wait for each other in turn, each with too little credit to outlast the other's wake-up,
   would go on sleeping for ever: once in so many failures a spin has the full budget again. */
#define PROBE_EVERY 32

static ct_atomic_u32 cpus;     /* 0 until first use */
static ct_atomic_u32 pause_ps; /* one pause, in ps so that a short one does not round to 0 */
static ct_atomic_u32 wake_ns;
static ct_atomic_u32 measured;

/* This thread's share of the budget, in 1/256: halved by a spin that failed, doubled by one that
   paid. Per thread, because it follows how crowded the thread's CPU is. */
static _Thread_local uint32_t credit = CREDIT_FULL;
static _Thread_local uint32_t vain; /* spins that failed */

static unsigned count_cpus(void)
{
        cpu_set_t set;

        /* The main thread's mask: the caller may be pinned to one CPU beside others on theirs. */
        if (sched_getaffinity(getpid(), sizeof set, &set))
                return 1;
        return (unsigned)CPU_COUNT(&set);
}

static uint32_t measure_pause_ps(void)
{
        int64_t best = INT64_MAX;

        for (int round = 0; round < 5; round++) {
                int64_t start = ct_now_ns(), took;

                for (int i = 0; i < PAUSES; i++)
                        ct_pause();
                took = ct_now_ns() - start;
                if (took < best) /* an interruption only ever makes it longer */
                        best = took;
        }
        best = best * 1000 / PAUSES;
        return best > 0 ? (uint32_t)best : 1;
}

/* First use; two threads may both get here, and both write the same within the measuring error. */
static void init(void)
{
        ct_store_u32_relaxed(&pause_ps, measure_pause_ps());
        if (!ct_load_u32_relaxed(&measured))
                ct_store_u32_relaxed(&wake_ns, CT_PARKER_DEFAULT_WAKE_NS);
        ct_store_u32_release(&cpus, count_cpus()); /* last; pairs with ct_parker_cpus */
}

unsigned ct_parker_cpus(void)
{
        unsigned n = ct_load_u32_acquire(&cpus); /* pairs with init: the other words are set */

        if (!n) {
                init();
                n = ct_load_u32_relaxed(&cpus);
        }
        return n;
}

void ct_parker_set_cpus(unsigned n)
{
        ct_parker_cpus();
        ct_store_u32_relaxed(&cpus, n ? n : 1);
}

struct ct_parker_calibration ct_parker_calibration(void)
{
        unsigned n = ct_parker_cpus();
        int64_t wake = ct_load_u32_relaxed(&wake_ns);

        return (struct ct_parker_calibration){
                .cpus = n,
                .pause_ns = ct_load_u32_relaxed(&pause_ps) / 1000.0,
                .wake_ns = wake,
                .spin_ns = n > 1 ? wake : 0,
                .measured = ct_load_u32_relaxed(&measured),
        };
}

/* ---- measuring a wake-up ---- */

struct wake_test {
        struct ct_waiter waiter; /* the sleeper's */
        ct_atomic_u32 ready;     /* the sleeper has initialised it */
        ct_atomic_u64 sent_at;   /* ns, written just before the unpark */
        int64_t took[WAKES];
        int cpu[2];
        int failed[2]; /* errno of the pinning */
};

static int pin_self(int cpu)
{
        cpu_set_t set;

        CPU_ZERO(&set);
        CPU_SET(cpu, &set);
        return pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

/* Wakes the other side once it is certainly asleep: the word says so a moment before the kernel
   does, hence the further microseconds. */
static void wake_sleeper(struct wake_test *t)
{
        int64_t asleep_at;

        while (ct_load_u32_relaxed(&t->waiter.word) != CT_WAITER_PARKED_)
                ct_pause();
        asleep_at = ct_now_ns() + 20 * CT_NS_PER_US;
        while (ct_now_ns() < asleep_at)
                ct_pause();
        ct_store_u64_relaxed(&t->sent_at, (uint64_t)ct_now_ns()); /* unpark publishes it */
        ct_unpark(&t->waiter);
}

static void *sleeper(void *arg)
{
        struct wake_test *t = arg;

        t->failed[0] = pin_self(t->cpu[0]);
        ct_waiter_init(&t->waiter);
        ct_add_u32_release(&t->ready, 1); /* pairs with give_wakes: the waiter is initialised */
        for (int i = 0; i < WAKES; i++) {
                (void)ct_park_until(&t->waiter, CT_FOREVER, CT_PARK_SLEEP);
                t->took[i] = ct_now_ns() - (int64_t)ct_load_u64_relaxed(&t->sent_at);
        }
        return NULL;
}

static void give_wakes(struct wake_test *t)
{
        while (!ct_load_u32_acquire(&t->ready)) /* pairs with sleeper */
                sched_yield();
        for (int i = 0; i < WAKES; i++)
                wake_sleeper(t);
}

static void *waker(void *arg)
{
        struct wake_test *t = arg;

        t->failed[1] = pin_self(t->cpu[1]);
        give_wakes(t);
        return NULL;
}

static int by_size(const void *a, const void *b)
{
        int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

        return (x > y) - (x < y);
}

/* The first two CPUs of the caller's mask. */
static int two_cpus(int cpu[2])
{
        cpu_set_t set;
        int n = 0;

        if (sched_getaffinity(0, sizeof set, &set))
                return -errno;
        for (int i = 0; i < CPU_SETSIZE && n < 2; i++)
                if (CPU_ISSET(i, &set))
                        cpu[n++] = i;
        return n == 2 ? 0 : -ENODEV;
}

/* A wake-up measured while something else had the CPUs must not become an endless spin. */
static uint32_t clamp_wake(int64_t ns)
{
        return ns < WAKE_LEAST ? WAKE_LEAST : ns > WAKE_MOST ? WAKE_MOST : (uint32_t)ns;
}

int ct_parker_calibrate(void)
{
        struct wake_test t = {0};
        pthread_t a, b;
        int r;

        init();
        if (ct_parker_cpus() < 2)
                return 0;
        r = two_cpus(t.cpu);
        if (r)
                return r;
        r = pthread_create(&a, NULL, sleeper, &t);
        if (r)
                return -r;
        r = pthread_create(&b, NULL, waker, &t);
        if (r)
                give_wakes(&t); /* the sleeper waits for them; what it measures is dropped */
        else
                pthread_join(b, NULL);
        pthread_join(a, NULL);
        if (r || t.failed[0] || t.failed[1])
                return -(r ? r : t.failed[0] ? t.failed[0] : t.failed[1]);
        qsort(t.took, WAKES, sizeof t.took[0], by_size);
        ct_store_u32_relaxed(&wake_ns, clamp_wake(t.took[WAKES / 2]));
        ct_store_u32_relaxed(&measured, 1);
        return 0;
}

/* ---- spinning ---- */

static uint32_t pauses_in(int64_t ns)
{
        return (uint32_t)(ns * 1000 / ct_load_u32_relaxed(&pause_ps));
}

void ct_spin_start(struct ct_spin *s, enum ct_spin_for what, int64_t deadline, uint32_t max_step_ns)
{
        int64_t budget;

        if (ct_parker_cpus() < 2 || !ct_parker_ops_self()->may_spin(what)) {
                *s = (struct ct_spin){0}; /* whoever would end the wait needs this CPU */
                return;
        }
        budget = (int64_t)ct_load_u32_relaxed(&wake_ns) * credit / CREDIT_FULL;
        if (deadline != CT_FOREVER) {
                int64_t now = ct_now_ns();
                int64_t left = deadline > now ? deadline - now : 0;

                if (left < budget)
                        budget = left;
        }
        s->left = pauses_in(budget);
        s->step = 1;
        s->max_step = pauses_in(max_step_ns);
        if (!s->max_step)
                s->max_step = 1;
}

void ct_spin_end(struct ct_spin *s, bool paid)
{
        s->left = 0;
        if (paid)
                credit = credit * 2 < CREDIT_FULL ? credit * 2 : CREDIT_FULL;
        else if (++vain % PROBE_EVERY == 0)
                credit = CREDIT_FULL;
        else
                credit = credit / 2 > CREDIT_LEAST ? credit / 2 : CREDIT_LEAST;
}

/* ---- who ---- */

/* The name is empty where the thread has ended. */
static void describe_thread(unsigned tid, char *out, size_t size)
{
        char path[64], name[32] = "";
        int fd;

        snprintf(path, sizeof path, "/proc/self/task/%u/comm", tid);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
                ssize_t n = read(fd, name, sizeof name - 1);

                name[n > 0 ? n : 0] = '\0';
                name[strcspn(name, "\n")] = '\0';
                close(fd);
        }
        snprintf(out, size, "thread %u (%s)", tid, name);
}

void ct_parker_describe(uint64_t self, char *out, size_t size)
{
        if (self & CT_SELF_TASK)
                snprintf(out, size, "task %llu", (unsigned long long)(self & ~CT_SELF_TASK));
        else
                describe_thread((unsigned)self, out, size);
}
