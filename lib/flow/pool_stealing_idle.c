/*
 * The stealing pool's workers without work: who sleeps, and who is woken for what.
 *
 * Source: Go's wakep and the spinning Ms (runtime/proc.go) for the protocol, own code; the watchman
 * is own.
 *
 * A worker runs jobs, searches (looks for some, spinning or yielding for a bounded time) or sleeps.
 * Jobs are long, or brief: shorter than a wake-up, as the workers measure (pool_stealing.c).
 *
 * While they are long, there is always one that searches, or the bell is set, or nobody sleeps.
 * Whoever brings work and hears the bell wakes one, which searches; whoever searches and finds
 * clears the way for the next: if there is more work in sight, it wakes one. So a burst wakes as
 * many as it needs, one by one, and a trickle no more than one.
 *
 * While they are brief, more workers than there are CPUs, or than there is work for, only take the
 * CPU from each other and from who submits. Then the bell is set only while nobody at all is awake;
 * whoever is awake looks again before it sleeps. One that is too many sleeps without a search.
 *
 * What if that was wrong, and a brief job turns out to wait for another, that is in the queue
 * behind it? One of the sleepers is the watchman: it naps, and looks whether each of those that are
 * awake goes on. If one does not, although there is work, it takes jobs for long again and starts
 * to search. When all sleep for some naps it does so too, and sleeps for good.
 *
 * Invariants, whenever the guard is open: `awake`, `searching` and the list say the same as the
 * workers' own flags; the bell is set as wanted() says.
 *
 * Sleepers and bringers. A worker that goes to sleep, or ends its search, sets the bell, then looks
 * for work; whoever brings work puts it in sight, then looks at the bell. Both the deque and the
 * injector see to it that one of the two sees the other. Where the bell was not to be set, somebody
 * else is awake who will do this in its turn.
 *
 * The tempting wrong version looks for work, then goes to sleep.
 */
#include "flow/pool_stealing.h"

#include "base/parker.h"

#define BRIEF_NS 500
#define LONG_NS 2000
#define BRIEF_JOBS 128   /* so many in a row, before they count as brief */
#define MEASURE_EVERY 32 /* handfuls of brief jobs: a look at the clock costs 40 ns */

#define NAP_NS (2 * CT_NS_PER_MS)
#define QUIET_NAPS 8

/* ---- under the guard ---- */

static bool somebody_sleeps(const struct ct_stealing_ *s)
{
        return s->sleepers || s->watchman;
}

static bool wanted(const struct ct_stealing_ *s)
{
        if (!somebody_sleeps(s) || s->searching)
                return false;
        return !ct_load_u32_relaxed(&s->brief) || !ct_load_u32_relaxed(&s->awake);
}

static bool set_bell(struct ct_stealing_ *s)
{
        uint32_t bell = wanted(s);

        if (bell != ct_load_u32_relaxed(&s->bell))
                (void)ct_exchange_u32_seq(&s->bell, bell); /* pairs with ct_stealing_ring_ */
        return bell;
}

static void add_awake(struct ct_stealing_ *s, unsigned n)
{
        ct_store_u32_relaxed(&s->awake, ct_load_u32_relaxed(&s->awake) + n);
}

/* From the list, and from sleep to search. */
static void rouse(struct ct_stealing_ *s, struct ct_stealing_worker_ *w)
{
        struct ct_stealing_worker_ **link = &s->sleepers;

        if (s->watchman == w) {
                s->watchman = NULL;
        } else {
                while (*link != w)
                        link = &(*link)->next;
                *link = w->next;
        }
        w->asleep = false;
        w->searching = true;
        s->searching++;
        add_awake(s, 1);
}

/* The caller owes it an unpark. */
static struct ct_stealing_worker_ *pop(struct ct_stealing_ *s)
{
        struct ct_stealing_worker_ *w = s->sleepers ? s->sleepers : s->watchman;

        if (w)
                rouse(s, w);
        return w;
}

static void stop_searching(struct ct_stealing_worker_ *w)
{
        w->pool->searching -= w->searching;
        w->searching = false;
}

static void unpark(struct ct_stealing_worker_ *w)
{
        if (w)
                ct_unpark(&w->waiter);
}

/* ---- waking ---- */

bool ct_stealing_work_in_sight_(struct ct_stealing_ *s)
{
        if (!ct_injector_is_quiet(&s->injector))
                return true;
        for (unsigned i = 0; i < s->workers; i++)
                if (ct_deque_size(&s->worker[i].deque))
                        return true;
        return false;
}

void ct_stealing_wake_(struct ct_stealing_ *s)
{
        struct ct_stealing_worker_ *w = NULL;

        ct_guard_lock(&s->guard);
        if (wanted(s))
                w = pop(s);
        set_bell(s);
        ct_guard_unlock(&s->guard);
        unpark(w);
}

void ct_stealing_wake_all_(struct ct_stealing_ *s)
{
        struct ct_stealing_worker_ *w;

        do {
                ct_guard_lock(&s->guard);
                w = pop(s);
                set_bell(s);
                ct_guard_unlock(&s->guard);
                unpark(w);
        } while (w);
}

void ct_stealing_set_brief_(struct ct_stealing_ *s, bool brief)
{
        struct ct_stealing_worker_ *w = NULL;

        ct_guard_lock(&s->guard);
        ct_store_u32_relaxed(&s->brief, brief);
        if (brief && s->sleepers && !s->watchman)
                w = pop(s); /* when it sleeps again, it does so as watchman */
        set_bell(s);
        ct_guard_unlock(&s->guard);
        unpark(w);
        if (!brief && ct_stealing_work_in_sight_(s))
                ct_stealing_wake_(s);
}

/* ---- how long jobs take ---- */

static void classify(struct ct_stealing_worker_ *w, uint64_t jobs, int64_t job_ns)
{
        struct ct_stealing_ *s = w->pool;
        bool brief = ct_load_u32_relaxed(&s->brief);

        w->job_ns = w->job_ns ? (w->job_ns * 3 + job_ns) / 4 : job_ns;
        w->brief = job_ns < BRIEF_NS ? w->brief + jobs : 0;
        if (!brief && w->brief >= BRIEF_JOBS)
                ct_stealing_set_brief_(s, true);
        if (brief && (job_ns > LONG_NS))
                ct_stealing_set_brief_(s, false);
}

void ct_stealing_end_measurement_(struct ct_stealing_worker_ *w)
{
        uint64_t jobs = ct_load_u64_relaxed(&w->taken) - w->mark_taken;

        if (!w->mark_time || !jobs)
                return;
        classify(w, jobs, (ct_now_ns() - w->mark_time) / (int64_t)jobs);
        w->mark_time = 0;
}

void ct_stealing_start_measurement_(struct ct_stealing_worker_ *w)
{
        if (ct_load_u32_relaxed(&w->pool->brief) && w->slow_takes++ % MEASURE_EVERY)
                return;
        w->mark_taken = ct_load_u64_relaxed(&w->taken);
        w->mark_time = ct_now_ns();
}

/* ---- a worker's own ---- */

void ct_stealing_come_(struct ct_stealing_worker_ *w)
{
        ct_waiter_init(&w->waiter);
        w->ops = w->waiter.ops;
        w->context = w->waiter.context;
        w->present = true;
        ct_guard_lock(&w->pool->guard);
        add_awake(w->pool, 1);
        ct_guard_unlock(&w->pool->guard);
}

void ct_stealing_leave_(struct ct_stealing_worker_ *w)
{
        struct ct_stealing_ *s = w->pool;

        ct_guard_lock(&s->guard);
        stop_searching(w);
        ct_store_u32_relaxed(&s->awake, ct_load_u32_relaxed(&s->awake) - 1);
        set_bell(s);
        ct_guard_unlock(&s->guard);
}

bool ct_stealing_start_search_(struct ct_stealing_worker_ *w)
{
        struct ct_stealing_ *s = w->pool;
        bool alone;

        if (w->searching) /* it was woken to do so */
                return true;
        ct_guard_lock(&s->guard);
        s->searching++;
        w->searching = true;
        alone = s->searching == 1;
        set_bell(s);
        ct_guard_unlock(&s->guard);
        return alone;
}

void ct_stealing_end_search_(struct ct_stealing_worker_ *w)
{
        struct ct_stealing_ *s = w->pool;
        bool bell;

        ct_guard_lock(&s->guard);
        stop_searching(w);
        bell = set_bell(s);
        ct_guard_unlock(&s->guard);
#ifdef CT_PLANT_pool_stealing_search_ends_silently
        bell = false;
#endif
        if (bell && ct_stealing_work_in_sight_(s))
                ct_stealing_wake_(s);
}

/* ---- sleep ---- */

static bool lie_down(struct ct_stealing_worker_ *w)
{
        struct ct_stealing_ *s = w->pool;
        bool bell;

        ct_guard_lock(&s->guard);
        stop_searching(w);
        ct_store_u32_relaxed(&s->awake, ct_load_u32_relaxed(&s->awake) - 1);
        w->asleep = true;
        w->watches = ct_load_u32_relaxed(&s->brief) && !s->watchman;
        if (w->watches) {
                s->watchman = w;
                s->quiet = 0;
        } else {
                w->next = s->sleepers;
                s->sleepers = w;
        }
        bell = set_bell(s);
        ct_guard_unlock(&s->guard);
        return bell;
}

/* False: somebody else has got it up, and its unpark is on its way. */
static bool get_up(struct ct_stealing_worker_ *w)
{
        struct ct_stealing_ *s = w->pool;
        bool asleep;

        ct_guard_lock(&s->guard);
        asleep = w->asleep;
        if (asleep) {
                rouse(s, w);
                set_bell(s);
        }
        ct_guard_unlock(&s->guard);
        return asleep;
}

/* There are jobs, but one that is awake has not taken any since the last look, or all of them
   together so few that jobs are long by now. */
static bool somebody_is_stuck(struct ct_stealing_ *s)
{
        bool queued = ct_injector_size(&s->injector), stuck = false;
        uint64_t all = 0;

#ifdef CT_PLANT_pool_stealing_watchman_blind
        return false;
#endif
        for (unsigned i = 0; i < s->workers; i++) {
                struct ct_stealing_worker_ *w = &s->worker[i];
                uint64_t taken = ct_load_u64_relaxed(&w->taken);

                if (taken == w->seen_taken && ct_deque_size(&w->deque))
                        stuck = true;
                all += taken - w->seen_taken;
                w->seen_taken = taken;
        }
        return stuck || (queued && all < NAP_NS / LONG_NS);
}

/* The watchman's nap is over. True: it sleeps on. */
static bool watch(struct ct_stealing_worker_ *w)
{
        struct ct_stealing_ *s = w->pool;
        bool on = true;

        ct_guard_lock(&s->guard);
        if (w->asleep && s->watchman == w) {
                s->quiet = ct_load_u32_relaxed(&s->awake) ? 0 : s->quiet + 1;
                if (s->quiet >= QUIET_NAPS) {
                        s->watchman = NULL;
                        w->watches = false;
                        w->next = s->sleepers;
                        s->sleepers = w;
                        ct_store_u32_relaxed(&s->brief, 0);
                } else if (somebody_is_stuck(s)) {
                        ct_store_u32_relaxed(&s->brief, 0);
                        rouse(s, w);
                        on = false;
                }
                set_bell(s);
        }
        ct_guard_unlock(&s->guard);
        return on;
}

void ct_stealing_sleep_(struct ct_stealing_worker_ *w)
{
        struct ct_stealing_ *s = w->pool;
        bool bell = lie_down(w);

#ifdef CT_PLANT_pool_stealing_sleeps_blindly
        bell = false;
#endif
        if ((bell && ct_stealing_work_in_sight_(s)) || ct_injector_is_closed(&s->injector)) {
                if (!get_up(w))
                        ct_park(&w->waiter);
                return;
        }
        for (;;) {
                int64_t until = w->watches ? ct_deadline_after(NAP_NS) : CT_FOREVER;

                if (!ct_park_until(&w->waiter, until, CT_PARK_SLEEP) || !watch(w))
                        return;
        }
}
