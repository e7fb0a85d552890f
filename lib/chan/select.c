/*
 * ct_select: under the locks of all its channels at once, one case that is ready is done, or a node
 * per case joins the queues.
 *
 * Source: Go's select (runtime/select.go), as an algorithm; own code.
 *
 * Locks are taken in the order of the channels' addresses, each once, so two selects cannot wait
 * for each other. Among the ready cases one is drawn, instead of trying all of them in a random
 * order: the same chances, one draw.
 *
 * `claim` decides the outcome once and for all: whoever finds a node of the select in a queue,
 * under that channel's lock only, may serve it if it turns claim from 0 to 1; the select itself
 * claims when its time is up. The nodes of the other cases stay queued until the select has come
 * back and taken them out; whoever meets one of them passes on. A select that looks for a partner
 * has no nodes in any queue yet, so its two sides never meet.
 *
 * The tempting wrong versions. To return once the claim is lost or won: nodes on this stack are
 * still in queues. To take the claim that a time-out has lost for a time-out: a value is gone. To
 * try the cases one lock after the other and then report that none was ready: a value that moves
 * from an unseen channel to a seen one makes that untrue.
 */
#include "chan/select.h"

#include "base/rng.h"
#include "chan/chan_private.h"

#ifdef CT_SIM
#include "base/sim.h"
#endif

#include <errno.h>
#include <stdlib.h>

static const char object[] = "ct_select";

/* What a select knows beside its cases. */
struct work {
        struct ct_select_case *cases;
        size_t n;
        struct ct_chan **locks; /* the channels, by address, each once */
        size_t channels;
        size_t *ready;
        struct ct_chan_node_ *nodes;
        struct ct_chan_wait_ wait;
};

struct memory {
        struct ct_chan *locks[CT_SELECT_ON_STACK];
        size_t ready[CT_SELECT_ON_STACK];
        struct ct_chan_node_ nodes[CT_SELECT_ON_STACK];
};

/* ---- chance ---- */

#ifdef CT_SIM
static size_t draw(size_t n)
{
        return ct_sim_choose_((unsigned)n);
}
#else
/* The thread's, not inlined: the caller may come back from a park on another thread. */
__attribute__((noinline)) static size_t draw(size_t n)
{
        static _Thread_local struct ct_rng rng;

        if (!(rng.s[0] | rng.s[1] | rng.s[2] | rng.s[3]))
                ct_rng_seed(&rng, (uint64_t)ct_now_ns() ^ (uint64_t)(uintptr_t)&rng);
        return ct_rng_below(&rng, n);
}
#endif

/* ---- locks ---- */

static void sort_channels(struct work *s)
{
        s->channels = 0;
        for (size_t i = 0; i < s->n; i++) {
                struct ct_chan *c = s->cases[i].chan;
                size_t at = s->channels;

                if (!c)
                        continue;
#ifndef CT_PLANT_select_lock_order
                while (at && s->locks[at - 1] > c)
                        at--;
#endif
                if (at && s->locks[at - 1] == c)
                        continue;
                for (size_t k = s->channels; k > at; k--)
                        s->locks[k] = s->locks[k - 1];
                s->locks[at] = c;
                s->channels++;
        }
}

static void lock_all(const struct work *s)
{
        for (size_t i = 0; i < s->channels; i++)
                ct_chan_lock_(s->locks[i]);
}

static void unlock_all(const struct work *s)
{
        for (size_t i = s->channels; i--;)
                ct_chan_unlock_(s->locks[i]);
}

/* ---- the cases, under all locks ---- */

static bool somebody(const struct ct_chan_queue_ *q)
{
        for (const struct ct_chan_node_ *n = q->head; n; n = n->next)
                if (!n->wait->select || !ct_load_u32_relaxed(&n->wait->claim))
                        return true;
        return false;
}

static bool is_ready(const struct ct_select_case *k)
{
        const struct ct_chan *c = k->chan;

        if (!c)
                return false;
        if (k->op == CT_SELECT_SEND)
                return ct_load_u32_relaxed(&c->closed) ||
                       ct_load_u64_relaxed(&c->count) < c->capacity || somebody(&c->receivers);
        return ct_load_u64_relaxed(&c->count) || ct_load_u32_relaxed(&c->closed) ||
               somebody(&c->senders);
}

/* Does one of those that are ready; its index or CT_SELECT_NONE. A select that waits on two of
   these channels may be claimed through a third, hence the loop. */
static int do_one(struct work *s, struct ct_chan_wait_ **wake, bool *panics)
{
        for (;;) {
                size_t n = 0, i;
                struct ct_select_case *k;
                enum ct_chan_result_ r;

                for (i = 0; i < s->n; i++)
                        if (is_ready(&s->cases[i]))
                                s->ready[n++] = i;
                if (!n)
                        return CT_SELECT_NONE;
#ifdef CT_PLANT_select_first_case
                i = s->ready[draw(1)];
#else
                i = s->ready[n > 1 ? draw(n) : 0];
#endif
                k = &s->cases[i];
                if (k->op == CT_SELECT_SEND) {
                        r = ct_chan_put_(k->chan, k->value, wake);
                        *panics = r == CT_CHAN_CLOSED_;
                } else {
                        r = ct_chan_take_(k->chan, k->out, wake);
                        k->open = r == CT_CHAN_DONE_;
                }
                if (r != CT_CHAN_WAIT_)
                        return (int)i;
        }
}

static struct ct_chan_queue_ *queue_of(const struct ct_select_case *k)
{
        return k->op == CT_SELECT_SEND ? &k->chan->senders : &k->chan->receivers;
}

static void enqueue_all(struct work *s)
{
        ct_waiter_init(&s->wait.waiter);
        s->wait.select = true;
        s->wait.fired = NULL;
        ct_store_u32_relaxed(&s->wait.claim, 0); /* the locks publish it */
        for (size_t i = 0; i < s->n; i++) {
                struct ct_select_case *k = &s->cases[i];

                s->nodes[i].queued = false;
                if (!k->chan)
                        continue;
                s->nodes[i].wait = &s->wait;
                s->nodes[i].value = k->op == CT_SELECT_SEND ? (void *)k->value : k->out;
#ifdef CT_CHECKED
                ct_chan_check_alone_(k->chan, queue_of(k), &s->wait);
#endif
                ct_chan_enqueue_(queue_of(k), &s->nodes[i]);
        }
}

/* The outcome is decided: the nodes that are queued still leave. */
static void dequeue_all(struct work *s)
{
        for (size_t i = 0; i < s->n; i++) {
                struct ct_select_case *k = &s->cases[i];

                if (!k->chan || &s->nodes[i] == s->wait.fired)
                        continue;
                ct_chan_lock_(k->chan);
                if (s->nodes[i].queued)
                        ct_chan_dequeue_(queue_of(k), &s->nodes[i]);
                ct_chan_unlock_(k->chan);
        }
}

/* ---- the whole ---- */

static int wait_for_one(struct work *s, int64_t deadline)
{
        struct ct_select_case *k;
        size_t i;

        if (ct_park_until(&s->wait.waiter, deadline, CT_PARK_SPIN)) {
                uint32_t open = 0;

#ifdef CT_PLANT_select_timeout_eats_value
                if (!open) {
#else
                if (ct_cas_u32_relaxed(&s->wait.claim, &open, 1)) {
#endif
                        dequeue_all(s);
                        return CT_SELECT_NONE;
                }
                ct_park(&s->wait.waiter); /* decided in time: the unpark is on its way */
        }
#ifndef CT_PLANT_select_losers_stay
        dequeue_all(s);
#endif
        i = (size_t)(s->wait.fired - s->nodes);
        k = &s->cases[i];
        if (k->op == CT_SELECT_SEND && !s->wait.ok)
                ct_chan_panic_closed_(k->chan);
        if (k->op == CT_SELECT_RECV)
#ifdef CT_PLANT_select_close_is_value
                k->open = true;
#else
                k->open = s->wait.ok;
#endif
        return (int)i;
}

static int select_with(struct work *s, bool wait, int64_t deadline)
{
        struct ct_chan_wait_ *wake = NULL;
        bool panics = false;
        int i;

        sort_channels(s);
        if (!s->channels) {
                if (wait)
                        ct_chan_nobody_(object, s->cases, "select with no channels", deadline);
                return CT_SELECT_NONE;
        }
        lock_all(s);
        i = do_one(s, &wake, &panics);
        if (i == CT_SELECT_NONE && wait && (deadline == CT_FOREVER || deadline > ct_now_ns())) {
#ifdef CT_PLANT_select_joins_blindly
                unlock_all(s); /* between the look and the queues */
                lock_all(s);
#endif
                enqueue_all(s);
                unlock_all(s);
                return wait_for_one(s, deadline);
        }
        unlock_all(s);
        if (panics)
                ct_chan_panic_closed_(s->cases[i].chan);
        ct_chan_wake_(wake);
        return i;
}

static int select_any(struct ct_select_case *cases, size_t n, bool wait, int64_t deadline)
{
        struct work s = {.cases = cases, .n = n};
        struct memory m;
        void *more;
        int r;

        if (n <= CT_SELECT_ON_STACK) {
                s.locks = m.locks;
                s.ready = m.ready;
                s.nodes = m.nodes;
                return select_with(&s, wait, deadline);
        }
        if (n > INT32_MAX)
                return -ENOMEM;
        more = malloc(n * (sizeof *s.nodes + sizeof *s.locks + sizeof *s.ready));
        if (!more)
                return -ENOMEM;
        s.nodes = more;
        s.locks = (struct ct_chan **)(s.nodes + n);
        s.ready = (size_t *)(s.locks + n);
        r = select_with(&s, wait, deadline);
        free(more);
        return r;
}

int ct_select(struct ct_select_case *cases, size_t n)
{
        return select_any(cases, n, true, CT_FOREVER);
}

int ct_try_select(struct ct_select_case *cases, size_t n)
{
        return select_any(cases, n, false, 0);
}

int ct_select_until(struct ct_select_case *cases, size_t n, int64_t deadline)
{
        return select_any(cases, n, true, deadline);
}
