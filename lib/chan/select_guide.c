/*
 * Select over channels, and the rendezvous, which is a select of one case.
 *
 * Source: the rules of Go's select statement; the two orders (random to look, by address to lock)
 * are those of Go's run time, as is the claim that makes exactly one case fire.
 *
 * A select locks all its channels in the order of their addresses, looks at the cases in a random
 * order and does the first that is ready. If none is, it queues every case on its channel, unlocks
 * and sleeps. It is woken in two ways:
 *   claimed  a thread met one of its cases on a rendezvous and has done it, under that channel's
 *            lock; `fired` says which. Two such threads on two channels race for `fired`: only the
 *            first does its case, the other goes on to the next in the queue.
 *   poked    a ring changed or a channel was closed: it locks all again, leaves the queues and
 *            looks once more.
 *
 * Invariants: a case is queued only while its select sleeps or is about to look; so a select that
 * looks holds all its channels' locks, is in no queue, and cannot meet itself or be claimed. A
 * party lives on its thread's stack: whoever claims or pokes it holds the lock of a channel that
 * its thread must lock before it can return.
 *
 * Tempting and wrong: to test whether a case is ready, unlock, then do it (another thread has done
 * it in between); to lock the channels in the order of the cases (two selects deadlock); to take
 * the first ready case in the order of the text (the last one starves).
 */
#include <limits.h>
#include <stdint.h>
#include <string.h>

#include "base/atomic.h"
#include "base/clock.h"
#include "base/panic.h"
#include "base/rng.h"
#include "chan/chan_guide_private.h"

/* ---- queues of cases ---- */

static void queue_add(struct waiters *q, struct ct_chan_guide_case *k)
{
        k->queued_ = true;
        k->next_ = NULL;
        k->prev_ = q->tail;
        *(q->tail ? &q->tail->next_ : &q->head) = k;
        q->tail = k;
}

static void queue_remove(struct waiters *q, struct ct_chan_guide_case *k)
{
        k->queued_ = false;
        *(k->prev_ ? &k->prev_->next_ : &q->head) = k->next_;
        *(k->next_ ? &k->next_->prev_ : &q->tail) = k->prev_;
}

/* Done for the sleeping thread, unless somebody was faster. */
static bool claim(const struct ct_chan_guide *c, struct ct_chan_guide_case *k, const void *value,
                  void *out)
{
        struct ct_chan_guide_party_ *party = k->party_;
        void *to = k->op == CT_CHAN_GUIDE_SEND ? out : k->out;
        const void *from = k->op == CT_CHAN_GUIDE_SEND ? k->value : value;
        bool won;

        pthread_mutex_lock(&party->lock);
#ifdef CT_PLANT_select_guide_two_fire
        won = true;
#else
        won = !party->fired;
#endif
        if (won) {
                if (c->element_size && to)
                        memcpy(to, from, c->element_size);
                k->open = true;
                party->fired = k;
                pthread_cond_signal(&party->wake);
        }
        pthread_mutex_unlock(&party->lock);
        return won;
}

bool ct_chan_guide_meet_(struct ct_chan_guide *c, struct waiters *q, const void *value, void *out)
{
        while (q->head) {
                struct ct_chan_guide_case *k = q->head;

                queue_remove(q, k); /* met, or met elsewhere: not to be met again */
                if (claim(c, k, value, out))
                        return true;
        }
        return false;
}

void ct_chan_guide_poke_(struct waiters *q)
{
        for (struct ct_chan_guide_case *k = q->head; k; k = k->next_) {
                pthread_mutex_lock(&k->party_->lock);
                k->party_->poked = true;
                pthread_cond_signal(&k->party_->wake);
                pthread_mutex_unlock(&k->party_->lock);
        }
}

/* ---- the two orders ---- */

static struct ct_rng *own_rng(void)
{
        static ct_atomic_u64 threads;
        static _Thread_local struct ct_rng rng;
        static _Thread_local bool seeded;

        if (!seeded) {
                ct_rng_seed(&rng, (uint64_t)ct_now_ns() ^ ct_add_u64_relaxed(&threads, 1) << 40);
                seeded = true;
        }
        return &rng;
}

/* turn_ of case i: which case to look at as the i-th. */
static void shuffle(struct ct_chan_guide_case *cases, size_t n)
{
        struct ct_rng *rng = n > 1 ? own_rng() : NULL;

        for (size_t i = 0; i < n; i++) {
#ifdef CT_PLANT_select_guide_first_case
                size_t k = rng ? i : 0;
#else
                size_t k = rng ? (size_t)ct_rng_below(rng, i + 1) : 0;
#endif

                cases[i].turn_ = i;
                cases[i].turn_ = cases[k].turn_;
                cases[k].turn_ = i;
        }
}

/* rank_ of case i: which case's channel to lock as the i-th. */
static void rank(struct ct_chan_guide_case *cases, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                size_t at = i;

                while (at &&
                       (uintptr_t)cases[cases[at - 1].rank_].chan > (uintptr_t)cases[i].chan) {
                        cases[at].rank_ = cases[at - 1].rank_;
                        at--;
                }
                cases[at].rank_ = i;
        }
}

static void lock_all(struct ct_chan_guide_case *cases, size_t n)
{
        struct ct_chan_guide *last = NULL; /* equal ones stand together; NULL ones first */

        for (size_t i = 0; i < n; i++) {
                struct ct_chan_guide *c = cases[cases[i].rank_].chan;

                if (c != last)
                        pthread_mutex_lock(&c->lock);
                last = c;
        }
}

static void unlock_all(struct ct_chan_guide_case *cases, size_t n)
{
        struct ct_chan_guide *last = NULL;

        for (size_t i = n; i-- > 0;) {
                struct ct_chan_guide *c = cases[cases[i].rank_].chan;

                if (c && c != last)
                        pthread_mutex_unlock(&c->lock);
                last = c;
        }
}

/* ---- looking and waiting ---- */

static bool do_case(struct ct_chan_guide_case *k)
{
        if (!k->chan)
                return false;
        if (k->op == CT_CHAN_GUIDE_SEND)
                return ct_chan_guide_put_(k->chan, k->value);
        return ct_chan_guide_take_(k->chan, k->out, &k->open);
}

static int look(struct ct_chan_guide_case *cases, size_t n)
{
        shuffle(cases, n);
        for (size_t i = 0; i < n; i++)
                if (do_case(&cases[cases[i].turn_]))
                        return (int)cases[i].turn_;
        return CT_CHAN_GUIDE_NONE;
}

static struct waiters *queue_of(struct ct_chan_guide_case *k)
{
        return k->op == CT_CHAN_GUIDE_SEND ? &k->chan->senders : &k->chan->receivers;
}

static void enqueue(struct ct_chan_guide_case *cases, size_t n, struct ct_chan_guide_party_ *party)
{
        for (size_t i = 0; i < n; i++)
                if (cases[i].chan) {
                        cases[i].party_ = party;
                        queue_add(queue_of(&cases[i]), &cases[i]);
                }
}

static void dequeue(struct ct_chan_guide_case *cases, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (cases[i].queued_)
                        queue_remove(queue_of(&cases[i]), &cases[i]);
}

/* Until claimed, poked or late; false: late. */
static bool sleep_until(struct ct_chan_guide_party_ *party, int64_t deadline_ns)
{
        bool in_time = true;

        pthread_mutex_lock(&party->lock);
        while (!party->fired && !party->poked && in_time)
                in_time = ct_chan_guide_cond_wait_(&party->wake, &party->lock, deadline_ns);
        party->poked = false;
        pthread_mutex_unlock(&party->lock);
        return in_time;
}

static int wait_for_one(struct ct_chan_guide_case *cases, size_t n, int64_t deadline_ns)
{
        struct ct_chan_guide_party_ party = {.lock = PTHREAD_MUTEX_INITIALIZER};
        int fired = CT_CHAN_GUIDE_NONE;
        bool in_time = true;

        ct_chan_guide_cond_init_(&party.wake);
        while (in_time) {
                enqueue(cases, n, &party);
                unlock_all(cases, n);
                in_time = sleep_until(&party, deadline_ns);
                lock_all(cases, n);
                dequeue(cases, n); /* from here on nobody can claim or poke */
                if (party.fired)
                        fired = (int)(party.fired - cases);
                else
                        fired = look(cases, n); /* late or not: a wake-up is never wasted */
                if (fired != CT_CHAN_GUIDE_NONE)
                        break;
        }
        unlock_all(cases, n);
        pthread_cond_destroy(&party.wake);
        pthread_mutex_destroy(&party.lock);
        return fired;
}

static int run(struct ct_chan_guide_case *cases, size_t n, bool wait, int64_t deadline_ns)
{
        bool any = false;
        int fired;

        if (n > INT_MAX)
                ct_panic("select", cases, "%zu cases are too many", n);
        for (size_t i = 0; i < n; i++) {
                cases[i].queued_ = false;
                any |= cases[i].chan != NULL;
        }
        if (!any && wait && deadline_ns == CT_FOREVER)
                ct_panic("select", cases, "no channel in it, would block for ever");
        rank(cases, n);
        lock_all(cases, n);
        fired = look(cases, n);
        if (fired == CT_CHAN_GUIDE_NONE && wait)
                return wait_for_one(cases, n, deadline_ns);
        unlock_all(cases, n);
        return fired;
}

int ct_chan_guide_select(struct ct_chan_guide_case *cases, size_t n)
{
        return run(cases, n, true, CT_FOREVER);
}

int ct_chan_guide_try_select(struct ct_chan_guide_case *cases, size_t n)
{
        return run(cases, n, false, 0);
}

int ct_chan_guide_select_until(struct ct_chan_guide_case *cases, size_t n, int64_t deadline_ns)
{
        return run(cases, n, true, deadline_ns);
}
