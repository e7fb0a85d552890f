/*
 * The stealing pool. Submitters fill the injector; a worker that has nothing in its deque takes a
 * handful from it, or half of another's deque. A job that submits to its own pool puts into its
 * worker's deque, as long as there is room.
 *
 * Source: the scheduler of Cilk (Blumofe and Leiserson 1999) for deques and random victims; Go's
 * (runtime/proc.go) for the handful, the look at the injector at every 61st turn, and for who is
 * woken (pool_stealing_idle.c); own code.
 *
 * The bound. The injector holds at most `queue` jobs. What a worker has taken by the handful and
 * not started yet comes on top: at most 31 jobs for each worker. What jobs submit into deques is
 * not counted against `queue` at all: a deque holds 256, and what does not fit goes to the
 * injector.
 *
 * A handful is for jobs shorter than a wake-up, which the worker measures; of longer ones it takes
 * one at a time, so that they do not wait behind each other while workers sleep.
 *
 * Whose deque. A job finds its worker by a thread-local word that the worker leaves behind when it
 * goes to run jobs. A task may have left it on another carrier, where other tasks now find it: so
 * the word is believed only by the context that it names, and only for the pool that it names,
 * by a number that is never given twice (the worker may be long gone, and its memory too). A job
 * that comes back from a park on another carrier finds no word there and takes the injector.
 *
 * The end. close decides in the injector under its lock. A worker that accepts for its deque says
 * so first (`inside`), then looks whether the pool is closed; close says closed, then waits until
 * nobody is inside: so what is accepted is final, and in sight of whoever drains the pool. A worker
 * ends when the pool is closed and all deques and the injector are empty: what is in no deque any
 * more is in the hands of one that will run it.
 *
 * Pace. ns for each empty job, one submitter, two CPUs a line's hop of 25 ns apart, queue 1024:
 *      60   as threads, when every look of an idle worker took the submitter's lines away
 *      41   with what is constant on a line of its own
 *      21   with a look each 1 us, a worker's own notion of how far the injector is filled, and the
 *           cells fetched for writing 64 jobs ahead
 *      14   with one atomic operation for a push (injector.c) and none for a take (deque.c)
 * As tasks it is 61, 21 and 16: submitter and worker mostly share a carrier and take turns, unless
 * one of them yields, which calls a second carrier. Threads that share a CPU take 500 at queue 100
 * if each sleeps while the other works, and 25 if they yield before they sleep.
 *
 * The tempting wrong version runs what is in the deque as long as there is something: a job that
 * submits its successor keeps it filled for ever, and the injector starves.
 */
#include "flow/pool_stealing.h"

#ifdef CT_SIM
#include "base/slot.h"
#define SIMULATED 8
#endif

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define INJECTOR_EVERY 61 /* Go's number */
#define STEAL_MOST 8      /* each costs a fence of 1 us */
#define VICTIMS 8         /* looked at before a worker says that it found nothing */
#define LOOK_NS 300
#define LOOK_BRIEF_NS 1000

struct whose {
        struct ct_stealing_worker_ *worker;
        uint64_t serial; /* its pool's */
};

#ifdef CT_SIM
static struct whose heres[SIMULATED]; /* all simulated contexts share one thread */
#define here heres[ct_slot()]
#else
static _Thread_local struct whose here;
#endif

static ct_atomic_u64 serials;

/* Functions of their own: a task may be on another thread after a call that parks. */
static __attribute__((noinline)) void be_here(struct ct_stealing_worker_ *w)
{
        here.worker = w;
        here.serial = w->pool->serial;
}

static __attribute__((noinline)) void not_here(struct ct_stealing_worker_ *w)
{
        if (here.worker == w)
                here.worker = NULL;
}

static struct ct_stealing_ *kind_of(struct ct_pool *p)
{
        return p->kind;
}

static void who_am_i(const struct ct_parker_ops **ops, void **context)
{
        struct ct_waiter w;

        ct_waiter_init(&w);
        *ops = w.ops;
        *context = w.context;
}

/* The caller's own worker in this pool, if it is one of its jobs. */
static struct ct_stealing_worker_ *own_worker(const struct ct_stealing_ *s)
{
        struct ct_stealing_worker_ *w = here.worker;
        const struct ct_parker_ops *ops;
        void *context;

        if (__builtin_expect(!w, 1) || here.serial != s->serial)
                return NULL;
#ifdef CT_PLANT_pool_stealing_believes_the_word
        return w;
#endif
        who_am_i(&ops, &context);
        return w->ops == ops && w->context == context ? w : NULL;
}

/* ---- in ---- */

/* Into the caller's deque: how many, the first so many; fewer than n: it is full. */
static size_t put_here(struct ct_stealing_worker_ *w, const struct ct_pool_item *items, size_t n,
                       bool *open)
{
        size_t pushed = 0;

        (void)ct_exchange_u32_seq(&w->inside, 1); /* pairs with close_pool */
        *open = !ct_injector_is_closed(&w->pool->injector);
        while (*open && pushed < n && ct_deque_size(&w->deque) < CT_DEQUE_SIZE) {
                /* Counted before it can be taken. */
                ct_store_u64_release(&w->accepted, ct_load_u64_relaxed(&w->accepted) + 1);
                (void)ct_deque_push(&w->deque, &items[pushed++]);
        }
        ct_store_u32_release(&w->inside, 0); /* pairs with close_pool */
        return pushed;
}

static __attribute__((noinline)) enum ct_pool_status put_slow(struct ct_stealing_ *s,
                                                              const struct ct_pool_item *items,
                                                              size_t n, int64_t deadline,
                                                              size_t *accepted)
{
        struct ct_stealing_worker_ *own = own_worker(s);
        bool open = true;
        size_t done = 0;

        if (own) {
                done = put_here(own, items, n, &open);
                ct_stealing_ring_(s);
        }
        for (bool again = false; done < n && open; again = true) {
                size_t now = ct_injector_push(&s->injector, items + done, n - done, &open);

                if (now)
                        ct_stealing_ring_(s);
                done += now;
                if (done == n || !open)
                        break;
                *accepted = done;
                if (ct_pool_is_past_(deadline) ||
                    ct_injector_wait(&s->injector, deadline, again && !now))
                        return CT_POOL_TIMED_OUT;
        }
        *accepted = done;
        return done == n ? CT_POOL_OK : CT_POOL_SHUTTING_DOWN;
}

static enum ct_pool_status put(struct ct_pool *p, unsigned level, const struct ct_pool_item *items,
                               size_t n, int64_t deadline, size_t *accepted)
{
        struct ct_stealing_ *s = kind_of(p);

        (void)level;
        if (n != 1 || here.worker || !ct_injector_push_one(&s->injector, items))
                return put_slow(s, items, n, deadline, accepted);
        ct_stealing_ring_(s);
        *accepted = 1;
        return CT_POOL_OK;
}

/* ---- out ---- */

/* The first of them goes out, the others into the deque, which has room for them. */
static void keep(struct ct_stealing_worker_ *w, const struct ct_pool_item *items, size_t n,
                 struct ct_pool_item *out)
{
        *out = items[0];
        if (n > 1)
                (void)ct_deque_push_all(&w->deque, items + 1, n - 1);
}

static bool from_injector(struct ct_stealing_worker_ *w, struct ct_pool_item *out)
{
        struct ct_stealing_ *s = w->pool;
        struct ct_pool_item item[CT_STEALING_HANDFUL_];
        size_t most = ct_load_u32_relaxed(&s->brief) ? CT_STEALING_HANDFUL_ : 1;
        size_t n = ct_injector_take(&s->injector, item, most, ct_load_u32_relaxed(&s->awake),
                                    &w->seen);

        if (n)
                keep(w, item, n, out);
        return n;
}

static bool steal_from(struct ct_stealing_worker_ *w, struct ct_stealing_worker_ *victim,
                       struct ct_pool_item *out)
{
        struct ct_pool_item item[STEAL_MOST];
        size_t half = (ct_deque_size(&victim->deque) + 1) / 2, n = 0;

        if (half > STEAL_MOST)
                half = STEAL_MOST;
        while (n < half && ct_deque_steal(&victim->deque, &item[n]))
                n++;
        if (n)
                keep(w, item, n, out);
        return n;
}

static bool steal(struct ct_stealing_worker_ *w, unsigned victims, struct ct_pool_item *out)
{
        struct ct_stealing_ *s = w->pool;
        unsigned from;

        if (s->workers == 1)
                return false;
        from = (unsigned)ct_rng_below(&w->rng, s->workers);
        for (unsigned i = 0; i < victims; i++) {
                struct ct_stealing_worker_ *victim = &s->worker[(from + i) % s->workers];

                if (victim != w && steal_from(w, victim, out))
                        return true;
        }
        return false;
}

static bool find(struct ct_stealing_worker_ *w, unsigned victims, struct ct_pool_item *out)
{
        return ct_deque_take(&w->deque, out) || from_injector(w, out) || steal(w, victims, out);
}

static bool look(struct ct_stealing_worker_ *w, struct ct_pool_item *out)
{
        unsigned n = w->pool->workers;

        return find(w, n < VICTIMS ? n : VICTIMS, out);
}

/* Looks again and again, for as long as that may pay. */
static bool search(struct ct_stealing_worker_ *w, struct ct_pool_item *out)
{
        bool brief = ct_load_u32_relaxed(&w->pool->brief), found = false;
        struct ct_spin spin;

        ct_spin_start(&spin, CT_SPIN_FOR_EVENT, CT_FOREVER, brief ? LOOK_BRIEF_NS : LOOK_NS);
        if (brief) /* a handful comes in the meantime; more looks only slow down who brings it */
                spin.step = spin.max_step;
        while (!found && ct_spin_wait(&spin))
                found = look(w, out);
        ct_spin_end(&spin, found);
        for (unsigned n = ct_injector_yields_(); n && !found; n--) {
                ct_parker_ops_self()->yield();
                found = look(w, out);
        }
        return found;
}

/* The deque is empty, and the injector is too. */
static __attribute__((noinline)) bool wait_for_job(struct ct_stealing_worker_ *w,
                                                   struct ct_pool_item *out)
{
        struct ct_stealing_ *s = w->pool;

        not_here(w);
        for (;;) {
                bool spin = ct_stealing_start_search_(w);

                if ((spin && search(w, out)) || find(w, s->workers, out)) {
                        ct_stealing_end_search_(w);
                        return true;
                }
                if (ct_injector_is_closed(&s->injector) && !ct_stealing_work_in_sight_(s)) {
                        ct_stealing_leave_(w);
                        return false;
                }
                ct_stealing_sleep_(w);
        }
}

static __attribute__((noinline)) bool take_slow(struct ct_stealing_worker_ *w,
                                                struct ct_pool_item *out)
{
        bool found;

        if (!w->present)
                ct_stealing_come_(w);
        ct_stealing_end_measurement_(w);
        found = look(w, out) || wait_for_job(w, out);
        if (found) {
                ct_stealing_start_measurement_(w);
                be_here(w);
        }
        return found;
}

static bool take(struct ct_pool_worker_ *worker, struct ct_pool_item *out)
{
        struct ct_stealing_worker_ *w = &kind_of(worker->pool)->worker[worker->index];
        uint64_t taken = ct_load_u64_relaxed(&w->taken);
        bool found;

#ifdef CT_PLANT_pool_stealing_starves_injector
        if (false)
#else
        if (taken % INJECTOR_EVERY == INJECTOR_EVERY - 1)
#endif
                found = ct_injector_take(&w->pool->injector, out, 1, 1, &w->seen) ||
                        take_slow(w, out);
        else
                found = ct_deque_take(&w->deque, out) || take_slow(w, out);
        if (found)
                ct_store_u64_relaxed(&w->taken, taken + 1);
        return found;
}

/* ---- the pool ---- */

static int init(struct ct_pool *p)
{
        unsigned n = p->config.workers;
        size_t bytes = sizeof(struct ct_stealing_) + n * sizeof(struct ct_stealing_worker_);
        struct ct_stealing_ *s = aligned_alloc(_Alignof(struct ct_stealing_), bytes);
        int rc;

        if (!s)
                return -ENOMEM;
        memset(s, 0, bytes);
        rc = ct_injector_init(&s->injector, p->config.queue);
        if (rc) {
                free(s);
                return rc;
        }
        s->serial = ct_add_u64_relaxed(&serials, 1);
        s->workers = n;
        for (unsigned i = 0; i < n; i++) {
                ct_rng_seed(&s->worker[i].rng, p->seed + i);
                s->worker[i].pool = s;
        }
        p->kind = s;
        return 0;
}

static void fini(struct ct_pool *p)
{
        ct_injector_fini(&kind_of(p)->injector);
        free(p->kind);
}

static void close_pool(struct ct_pool *p)
{
        struct ct_stealing_ *s = kind_of(p);

        ct_injector_close(&s->injector);
        for (unsigned i = 0; i < s->workers; i++)
                while (ct_load_u32_seq(&s->worker[i].inside)) /* pairs with put_here */
                        ct_parker_ops_self()->yield();
        ct_stealing_wake_all_(s);
}

static uint64_t accepted(struct ct_pool *p)
{
        struct ct_stealing_ *s = kind_of(p);
        uint64_t n = ct_injector_pushed(&s->injector);

        for (unsigned i = 0; i < s->workers; i++)
                n += ct_load_u64_acquire(&s->worker[i].accepted); /* pairs with put_here */
        return n;
}

const struct ct_pool_ops_ ct_pool_stealing_ops_ = {
        .init = init,
        .fini = fini,
        .put = put,
        .take = take,
        .close = close_pool,
        .accepted = accepted,
};
