/*
 * Single flight.
 *
 * Source: the contract of Go's golang.org/x/sync/singleflight; own code.
 *
 * A flight is a load under way: on its leader's stack, in a list of its key's bucket. Whoever finds
 * one for its key joins it, which is to put a node of its own into the flight's queue and park.
 * When the loader is back, the leader takes the waiters out of the queue, sets the value and
 * answers them. Then it ends the flight, and tells those who joined meanwhile to look for
 * themselves.
 *
 * Invariants, whenever the guard is open:
 *      no two flights of a list are for one key;
 *      a flight in a list has a leader that will end it;
 *      a waiter that is queued is in the queue of a flight in the list.
 * So a waiter that finds itself queued when its time is up takes itself out and is gone; one that
 * does not is owed an answer, which is on its way, and waits for it: its buffer is the leader's.
 *
 * Exactly one load per miss: a leader looks into the cache again before it loads, since a flight
 * may have ended between its caller's get and here. That look is after it has entered the list, and
 * a flight ends after its value is in the cache, so of two leaders the later one finds the value.
 *
 * Tempting wrong versions: to look again first and enter the list then; the earlier flight can end
 * in between. To end the flight before the value is set: whoever comes in between loads anew. To
 * answer all who have joined by the flight's end with its value: who came after the set may have
 * come after a delete as well, and gets what was deleted before it began. Those who joined before
 * the set may take it for their own, right after the set.
 */
#include "cache/flight.h"

#include "base/panic.h"
#include "base/waitlist.h"
#include "cache/cache_private.h"
#include "flow/guarded.h"
#include "sync/wake.h"

#define LOOK_AGAIN 1 /* as an answer */

struct ct_flight_ {
        struct ct_flight_ *next;
        const struct ct_flight_call_ *call; /* the leader's */
        uint64_t leader;
        struct ct_waitlist waiters;
};

struct waiter {
        struct ct_wait_node node; /* first */
        const struct ct_flight_call_ *call;
        struct ct_flight_ *flight; /* as long as the node is queued */
        int answer;
};

/* What the loader gives, and whether it came back at all. */
struct loaded {
        const struct ct_flight_call_ *call;
        const void *value;
        size_t size;
        int64_t ttl_ns;
};

/* The calling context's number, for comparison with others of this kind only: a thread's id would
   be a system call. */
static uint64_t caller(void)
{
        const struct ct_parker_ops *ops = ct_parker_ops_self();

        return ops == &ct_parker_thread_ops ? (uintptr_t)&ct_parker_self_ : ops->self();
}

static bool same_key(const struct ct_flight_call_ *a, const struct ct_flight_call_ *b)
{
        return a->hash == b->hash && a->key_size == b->key_size &&
               (!a->key_size || !memcmp(a->key, b->key, a->key_size));
}

static unsigned bucket_of(const struct ct_flight_call_ *call)
{
        return (unsigned)(call->hash >> 32) % CT_FLIGHT_BUCKETS_;
}

/* ---- waiters ---- */

/* True: the caller has joined a flight; it is false where it now leads one, which is `own`. */
static bool join(struct ct_flights_ *f, struct ct_flight_ *own, struct waiter *w)
{
        unsigned b = bucket_of(own->call);
        struct ct_flight_ *other;
        bool itself = false;

        ct_guard_lock(&f->bucket[b].guard);
        for (other = f->bucket[b].first; other; other = other->next)
                if (same_key(other->call, own->call))
                        break;
        if (!other) {
                own->next = f->bucket[b].first;
                f->bucket[b].first = own;
        } else if (other->leader == own->leader) {
                itself = true;
        } else {
                w->flight = other;
                ct_waitlist_push_back(&other->waiters, &w->node);
        }
        ct_guard_unlock(&f->bucket[b].guard);
        /* The other flight may have ended by now, and its leader's stack be another's. */
        if (itself)
                ct_panic(own->call->object, own->call->cache, "a loader loads its own key");
        return other;
}

/* The flight's answer, or -ETIMEDOUT. */
static int wait(struct ct_flights_ *f, struct waiter *w)
{
        unsigned b = bucket_of(w->call);
        bool queued;

        if (!ct_park_until(&w->node.waiter, w->call->deadline_ns, CT_PARK_SPIN))
                return w->answer;
        ct_guard_lock(&f->bucket[b].guard);
        queued = w->node.queued;
#ifndef CT_PLANT_cache_flight_timed_out_stays
        if (queued)
                ct_waitlist_remove(&w->flight->waiters, &w->node);
#endif
        ct_guard_unlock(&f->bucket[b].guard);
        if (queued)
                return -ETIMEDOUT;
        ct_park(&w->node.waiter);
        return w->answer;
}

/* ---- the leader ---- */

static int run_loader(void *arg)
{
        struct loaded *l = arg;
        const struct ct_flight_call_ *call = l->call;
        int rc = call->loader->load(call->loader->context, call->key, call->key_size, &l->value,
                                    &l->size, &l->ttl_ns);

        if (rc > 0)
                ct_panic(call->object, call->cache, "a loader returned %d", rc);
        if (!rc)
                ct_cache_need_value_(call->object, call->cache, l->value, l->size);
        return rc;
}

/* 0, or what it failed with. */
static int load(struct loaded *l)
{
        struct ct_failure failure;
        int rc = ct_guarded(&failure, run_loader, l);

        return failure.code > 0 ? -ECANCELED : rc;
}

/* Those who have joined so far, linked by `next`. */
static struct ct_wait_node *take_waiters(struct ct_flights_ *f, struct ct_flight_ *own)
{
        unsigned b = bucket_of(own->call);
        struct ct_wait_node *waiting;

        ct_guard_lock(&f->bucket[b].guard);
        waiting = ct_waitlist_take_all(&own->waiters);
        ct_guard_unlock(&f->bucket[b].guard);
        return waiting;
}

/* Nobody can join any more. Those who have, linked by `next`. */
static struct ct_wait_node *end(struct ct_flights_ *f, struct ct_flight_ *own)
{
        unsigned b = bucket_of(own->call);
        struct ct_flight_ **at = &f->bucket[b].first;
        struct ct_wait_node *waiting;

        ct_guard_lock(&f->bucket[b].guard);
        while (*at != own)
                at = &(*at)->next;
        *at = own->next;
        waiting = ct_waitlist_take_all(&own->waiters);
        ct_guard_unlock(&f->bucket[b].guard);
        return waiting;
}

/* The unpark publishes what has been written to the waiter's buffer. */
static void answer(struct ct_wait_node *n, int rc, const struct loaded *l)
{
        while (n) {
                struct waiter *w = (struct waiter *)n;

                n = n->next; /* w is gone once it is unparked */
                w->answer = rc;
                if (!rc)
                        w->answer = ct_cache_give_(l->value, l->size, w->call->value, w->call->room,
                                                   w->call->value_size);
                ct_unpark(&w->node.waiter);
        }
}

/* Sets what was loaded and gives it to all. Where it may not be cached, it has been loaded all the
   same. */
static int share(struct ct_flights_ *f, struct ct_flight_ *own, const struct loaded *l)
{
        const struct ct_flight_call_ *call = own->call;
        struct ct_wait_node *early = take_waiters(f, own);

#ifdef CT_PLANT_cache_flight_ends_before_set
        answer(end(f, own), LOOK_AGAIN, NULL);
#endif
        (void)call->put(call, l->value, l->size, l->ttl_ns);
        answer(early, 0, l);
#ifdef CT_PLANT_cache_flight_answers_late_joiners
        answer(end(f, own), 0, l);
#elif !defined(CT_PLANT_cache_flight_ends_before_set)
        answer(end(f, own), LOOK_AGAIN, NULL);
#endif
        return ct_cache_give_(l->value, l->size, call->value, call->room, call->value_size);
}

/* Loads for all. */
static int lead(struct ct_flights_ *f, struct ct_flight_ *own)
{
        const struct ct_flight_call_ *call = own->call;
        struct loaded l = {.call = call, .ttl_ns = call->ttl_ns};
        bool given;
        int rc;

#ifndef CT_PLANT_cache_leader_does_not_look_again
        rc = call->look(call);
        if (rc != -ENOENT) {
                answer(end(f, own), LOOK_AGAIN, NULL);
                return rc;
        }
#endif
        ct_add_u64_relaxed(&f->loads, 1);
        rc = load(&l);
        given = !rc;
        if (given && l.ttl_ns < 0)
                rc = -EINVAL;
        if (rc)
#ifdef CT_PLANT_cache_flight_failure_forgets
                (void)end(f, own);
#else
                answer(end(f, own), rc, NULL);
#endif
        else
                rc = share(f, own, &l);
        if (given && call->loader->done)
                call->loader->done(call->loader->context, l.value);
        return rc;
}

int ct_flight_load_(struct ct_flights_ *f, const struct ct_flight_call_ *call)
{
        struct ct_flight_ own = {.call = call, .leader = caller()};
        struct waiter w = {.call = call};
        int rc;

        for (;;) {
                ct_waiter_init(&w.node.waiter);
                if (!join(f, &own, &w))
                        return lead(f, &own);
                rc = wait(f, &w);
                if (rc != LOOK_AGAIN)
                        return rc;
                rc = call->look(call);
                if (rc != -ENOENT)
                        return rc;
        }
}
