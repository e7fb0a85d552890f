/*
 * torture_locks [--seconds N] [--contexts N] [--exec thread|task]: many contexts on few CPUs, for
 * each lock. Prints the longest wait for it and the fairness of turns; fails when a wait was longer
 * than a second of run time, or when the oracle is wrong.
 *
 * A second is a bound on the lock's own doing, not a measurement: 64 waiters at 250 us each make
 * 16 ms, and the scheduler's slices a few hundred.
 */
#include "lock_kinds.h"

#include "contexts.h"
#include "watchdog.h"

#include <errno.h>

#define CONTEXTS_MOST 256
#define WAIT_MOST_NS CT_NS_PER_S

struct turns {
        _Alignas(128) uint64_t n;
        int64_t longest_wait;
};

struct torture {
        union any_mutex m;
        union any_rwlock rw;
        const struct mutex_kind *mutex;
        const struct rwlock_kind *rwlock;
        int64_t ns;
        unsigned contexts;
        ct_atomic_u32 arrived;
        ct_atomic_u64 end; /* 0 until all are there */
        uint64_t count;    /* plain, under the lock */
        ct_atomic_u64 expected;
        struct turns of[CONTEXTS_MOST];
};

static void enter(struct torture *t, bool write)
{
        if (t->mutex)
                t->mutex->lock(&t->m);
        else
                (write ? t->rwlock->lock : t->rwlock->rlock)(&t->rw);
}

static void leave(struct torture *t, bool write)
{
        if (t->mutex)
                t->mutex->unlock(&t->m);
        else
                (write ? t->rwlock->unlock : t->rwlock->runlock)(&t->rw);
}

/* One in sixteen turns on a readers-writer lock writes. */
static void body(void *arg, unsigned index)
{
        struct torture *t = arg;
        struct turns *me = &t->of[index];
        uint64_t seen = 0, wrote = 0;
        int64_t end;

        if (ct_add_u32_relaxed(&t->arrived, 1) == t->contexts - 1)
                ct_store_u64_relaxed(&t->end, (uint64_t)ct_deadline_after(t->ns));
        CONTEXT_UNTIL(ct_load_u64_relaxed(&t->end));
        end = (int64_t)ct_load_u64_relaxed(&t->end);
        for (;;) {
                int64_t asked = ct_now_ns(), got;
                bool write = t->mutex || me->n % 16 == index % 16;

                if (asked >= end)
                        break;
                enter(t, write);
                got = ct_now_ns();
                if (write)
                        t->count++;
                else
                        seen += t->count;
                leave(t, write);
                wrote += write;
                me->n++;
                if (got - asked > me->longest_wait)
                        me->longest_wait = got - asked;
                ct_checkpoint();
        }
        __asm__ __volatile__("" ::"r"(seen));
        ct_add_u64_relaxed(&t->expected, wrote);
}

static bool torture(enum exec exec, const struct mutex_kind *m, const struct rwlock_kind *rw,
                    unsigned contexts, int64_t ns)
{
        struct torture *t = aligned_alloc(128, (sizeof *t + 127) / 128 * 128);
        uint64_t least = UINT64_MAX, most = 0, all = 0;
        int64_t longest = 0;
        bool sound;

        if (!t)
                abort();
        memset(t, 0, sizeof *t);
        t->mutex = m;
        t->rwlock = rw;
        t->ns = ns;
        t->contexts = contexts;
        contexts_run(exec, contexts, body, t);
        for (unsigned i = 0; i < contexts; i++) {
                const struct turns *c = &t->of[i];

                least = c->n < least ? c->n : least;
                most = c->n > most ? c->n : most;
                longest = c->longest_wait > longest ? c->longest_wait : longest;
                all += c->n;
        }
        sound = t->count == ct_load_u64_relaxed(&t->expected);
        printf("%-14s %-8s %3u contexts  %6.1f ns a turn  longest wait %7.2f ms  fairness min/max "
               "%.2f%s%s\n",
               m ? m->name : rw->name, EXEC_NAMES[exec], contexts,
               (double)ns / (double)(all + !all), (double)longest / 1e6,
               (double)least / (double)(most + !most), sound ? "" : "  LOST UPDATES",
               longest > WAIT_MOST_NS ? "  WAITED TOO LONG" : "");
        fflush(stdout);
        free(t);
        return sound && longest <= WAIT_MOST_NS;
}

static bool torture_all(enum exec exec, unsigned contexts, int64_t ns)
{
        bool good = true;

        FOR_EACH_MUTEX(m)
        good &= torture(exec, m, NULL, contexts, ns);
        FOR_EACH_RWLOCK(rw)
        good &= torture(exec, NULL, rw, contexts, ns);
        return good;
}

static int usage(void)
{
        fprintf(stderr, "usage: torture_locks [--seconds N] [--contexts N] [--exec thread|task]\n");
        return 2;
}

int main(int argc, char **argv)
{
        double seconds = 0.5;
        unsigned contexts = 64;
        bool by[2] = {true, true}, good = true;

        for (int i = 1; i + 1 < argc; i += 2) {
                if (!strcmp(argv[i], "--seconds"))
                        seconds = strtod(argv[i + 1], NULL);
                else if (!strcmp(argv[i], "--contexts"))
                        contexts = (unsigned)strtoul(argv[i + 1], NULL, 10);
                else if (!strcmp(argv[i], "--exec"))
                        by[strcmp(argv[i + 1], "task") == 0 ? EXEC_THREAD : EXEC_TASK] = false;
                else
                        return usage();
        }
        if (argc % 2 == 0 || seconds <= 0 || seconds > 3600 || contexts < 1 ||
            contexts > CONTEXTS_MOST)
                return usage();
        FOR_EACH_EXEC(exec)
        if (by[exec])
                good &= torture_all(exec, contexts, (int64_t)(seconds * 1e9));
        return good ? 0 : 1;
}
