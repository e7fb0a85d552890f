#include "harness/team.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomic.h"
#include "base/cacheline.h"
#include "base/clock.h"
#include "base/futex.h"
#include "base/panic.h"
#include "harness/hop.h"
#include "harness/placement.h"
#include "harness/topology.h"

enum { STACK_SIGNAL = SIGUSR1 };

struct member {
        CT_ALIGN_PAIR sem_t wake;
        struct team *team;
        unsigned index;
        struct pu pu;
        pthread_t thread;
        int tid, bind_result;
        ct_atomic_u32 busy; /* released and not finished */
};

struct team {
        unsigned threads, members, started, pus;
        bool bind, quit;
        const struct topology *topology;
        team_job *job;
        void *ctx;
        ct_atomic_u32 unfinished; /* released threads; a futex word for the owner */
        struct member *member;
};

/* The dump goes from handler to handler; only one member prints at a time. */
static sem_t dumped;

static void on_stack_signal(int sig)
{
        int saved = errno;

        (void)sig;
        ct_print_stack(STDERR_FILENO);
        sem_post(&dumped);
        errno = saved;
}

static void install_stack_handler(void)
{
        struct sigaction sa = {.sa_handler = on_stack_signal, .sa_flags = SA_RESTART};

        ct_print_stack_prepare();
        sem_init(&dumped, 0, 0);
        sigaction(STACK_SIGNAL, &sa, NULL);
}

/* Release: what the job wrote is the owner's once it has seen 0 in team_wait(). */
static void finish(struct team *t)
{
        if (ct_sub_u32_acq_rel(&t->unfinished, 1) == 1)
                ct_futex_wake(&t->unfinished, 1);
}

static void *member_main(void *arg)
{
        struct member *m = arg;
        struct team *t = m->team;

        m->tid = gettid();
        m->bind_result = t->bind ? topology_bind_self(t->topology, &m->pu) : 0;
        finish(t);
        for (;;) {
                while (sem_wait(&m->wake))
                        ;
                if (t->quit)
                        return NULL;
                t->job(t->ctx, m->index);
                ct_store_u32_release(&m->busy, 0); /* pairs with team_dump()'s look */
                finish(t);
        }
}

static int start_member(struct team *t, char *why, size_t why_size)
{
        struct member *m = &t->member[t->started];
        int rc;

        m->team = t;
        m->index = t->started;
        sem_init(&m->wake, 0, 0);
        ct_store_u32_relaxed(&t->unfinished, 1);
        rc = -pthread_create(&m->thread, NULL, member_main, m);
        if (rc) {
                snprintf(why, why_size, "cannot start thread %u of %u: %s", t->started + 1,
                         t->members, strerror(-rc));
                return rc;
        }
        t->started++;
        team_wait(t, CT_FOREVER); /* its binding is known */
        if (m->bind_result)
                snprintf(why, why_size, "cannot bind to CPU %d: %s", m->pu.os_index,
                         strerror(-m->bind_result));
        return m->bind_result;
}

/* One PU per member; the extra member of a team of one stands on the second PU of the same policy.
 */
static int place_members(struct team *t, const char *policy, char *why, size_t why_size)
{
        struct placement plan;
        struct pu_counts distinct;
        int rc = placement_plan(t->topology, policy, t->members, &plan, why, why_size);

        if (rc)
                return rc;
        for (unsigned i = 0; i < t->members; i++)
                t->member[i].pu = plan.pu[i];
        t->bind = plan.bind;
        distinct = plan.distinct;
        if (plan.bind)
                rc = pus_count(plan.pu, t->threads, &distinct);
        t->pus = (unsigned)distinct.pus;
        placement_free(&plan);
        return rc;
}

int team_start(struct team **out, const struct topology *topology, const char *placement,
               unsigned threads, char *why, size_t why_size)
{
        struct team *t = calloc(1, sizeof *t);
        int rc = -ENOMEM;

        *out = NULL;
        if (!t)
                return rc;
        t->topology = topology;
        t->threads = threads;
        t->members = threads > 1 ? threads : 2;
        t->member = aligned_alloc(CT_CACHE_PAIR, t->members * sizeof *t->member);
        if (!t->member) {
                free(t);
                return rc;
        }
        memset(t->member, 0, t->members * sizeof *t->member);
        install_stack_handler();
        rc = place_members(t, placement, why, why_size);
        while (t->started < t->members && !rc)
                rc = start_member(t, why, why_size);
        if (rc) {
                team_stop(t);
                return rc;
        }
        *out = t;
        return 0;
}

unsigned team_threads(const struct team *t)
{
        return t->threads;
}

unsigned team_pus(const struct team *t)
{
        return t->pus;
}

bool team_pinned(const struct team *t)
{
        return t->bind;
}

bool team_oversubscribed(const struct team *t)
{
        return t->threads > t->pus;
}

int team_cpu(const struct team *t, unsigned index)
{
        return t->bind ? t->member[index].pu.os_index : -1;
}

static bool different_pus(const struct team *t, unsigned a, unsigned b)
{
        return t->bind && t->member[a].pu.os_index != t->member[b].pu.os_index;
}

bool team_has_pair(const struct team *t)
{
        return t->members > 1 && different_pus(t, 0, 1);
}

void team_release(struct team *t, unsigned first, unsigned n, team_job *job, void *ctx)
{
        t->job = job;
        t->ctx = ctx;
        ct_add_u32_relaxed(&t->unfinished, n);
        for (unsigned i = first; i < first + n; i++) {
                ct_store_u32_relaxed(&t->member[i].busy, 1);
                sem_post(&t->member[i].wake);
        }
}

int team_wait(struct team *t, int64_t deadline_ns)
{
        uint32_t left;

        while ((left = ct_load_u32_acquire(&t->unfinished))) /* pairs with finish() */
                if (ct_futex_wait(&t->unfinished, left, deadline_ns) == -ETIMEDOUT)
                        return -ETIMEDOUT;
        return 0;
}

/* The handler prints; a thread that does not get to it within a second is left alone. */
static void dump_thread(int tid)
{
        struct timespec until = ct_timespec(ct_deadline_after(CT_NS_PER_S));

        if (!tgkill(getpid(), tid, STACK_SIGNAL))
                sem_clockwait(&dumped, CLOCK_MONOTONIC, &until);
}

void team_dump_thread(int tid)
{
        dprintf(STDERR_FILENO, "contend: stack of thread %d:\n", tid);
        dump_thread(tid);
}

void team_dump(struct team *t)
{
        for (unsigned i = 0; i < t->members; i++) {
                if (!ct_load_u32_acquire(&t->member[i].busy))
                        continue;
                dprintf(STDERR_FILENO, "contend: stack of worker %u (CPU %d):\n", i,
                        team_cpu(t, i));
                dump_thread(t->member[i].tid);
        }
}

void team_stop(struct team *t)
{
        if (!t)
                return;
        t->quit = true;
        for (unsigned i = 0; i < t->started; i++)
                sem_post(&t->member[i].wake);
        for (unsigned i = 0; i < t->started; i++) {
                pthread_join(t->member[i].thread, NULL);
                sem_destroy(&t->member[i].wake);
        }
        free(t->member);
        free(t);
}

/* ---- the core-to-core hop ---- */

enum { HOP_PAIRS = 8 };

static void hop_job(void *ctx, unsigned index)
{
        struct hop *h = ctx;

        if (index == h->server)
                hop_serve(h);
        else
                hop_return(h);
}

double team_hop(struct team *t)
{
        double pair_ns[HOP_PAIRS];
        unsigned pairs = 0, members = t->members < t->pus || t->pus < 2 ? t->members : t->pus;
        unsigned stride = members > HOP_PAIRS + 1 ? (members - 1) / HOP_PAIRS : 1;

        for (unsigned i = 0; i + 1 < members && pairs < HOP_PAIRS; i += stride) {
                struct hop h = {.server = i};

                if (!different_pus(t, i, i + 1))
                        continue;
                team_release(t, i, 2, hop_job, &h);
                if (team_wait(t, ct_deadline_after(10 * CT_NS_PER_S)))
                        return 0;
                pair_ns[pairs++] = hop_median(&h);
        }
        return pairs ? median_of(pair_ns, pairs) : 0;
}

/* ---- the scaling check ---- */

enum { SCALING_ADDS = 300000, SCALING_TRIES = 3 };

struct scaling {
        struct {
                CT_ALIGN_PAIR ct_atomic_u64 cell;
                int64_t took;
        } * own;
        CT_ALIGN_PAIR ct_atomic_u32 arrived;
        unsigned expected;
};

static void scaling_job(void *ctx, unsigned index)
{
        struct scaling *s = ctx;
        int64_t start;

        ct_add_u32_acq_rel(&s->arrived, 1);
        while (ct_load_u32_acquire(&s->arrived) < s->expected)
                ;
        start = ct_now_ns();
        for (int i = 0; i < SCALING_ADDS; i++)
                ct_add_u64_relaxed(&s->own[index].cell, 1);
        s->own[index].took = ct_now_ns() - start;
}

static int64_t scaling_time(struct team *t, struct scaling *s, unsigned n)
{
        int64_t slowest = 0;

        ct_store_u32_relaxed(&s->arrived, 0);
        s->expected = n;
        team_release(t, 0, n, scaling_job, s);
        if (team_wait(t, ct_deadline_after(10 * CT_NS_PER_S)))
                return 0;
        for (unsigned i = 0; i < n; i++)
                slowest = s->own[i].took > slowest ? s->own[i].took : slowest;
        return slowest;
}

static bool shares_cores(const struct team *t)
{
        for (unsigned i = 0; i < t->threads; i++)
                for (unsigned k = 0; k < i; k++)
                        if (t->member[i].pu.core == t->member[k].pu.core)
                                return true;
        return false;
}

double team_scaling(struct team *t)
{
        struct scaling s = {0};
        double best = 0;

        if (t->threads < 2 || team_oversubscribed(t) || shares_cores(t))
                return 0;
        s.own = aligned_alloc(CT_CACHE_PAIR, t->threads * sizeof *s.own);
        if (!s.own)
                return 0;
        memset(s.own, 0, t->threads * sizeof *s.own);
        for (int i = 0; i < SCALING_TRIES; i++) {
                int64_t alone = scaling_time(t, &s, 1), together = scaling_time(t, &s, t->threads);
                double ratio = together ? (double)alone / (double)together : 0;

                best = ratio > best ? ratio : best;
        }
        free(s.own);
        return best;
}
