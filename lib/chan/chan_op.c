/*
 * Send and receive as their callers know them: try, wait, time out. What is done under the lock is
 * in chan.c.
 */
#include "base/panic.h"
#include "chan/chan_private.h"

#include <errno.h>

static const char object[] = "ct_chan";

/* ---- waiting ---- */

void ct_chan_nobody_(const char *name, const void *address, const char *what, int64_t deadline)
{
        struct ct_waiter w;

        if (deadline == CT_FOREVER)
                ct_panic(name, address, "%s would wait for ever", what);
        ct_waiter_init(&w);
        (void)ct_park_until(&w, deadline, CT_PARK_SLEEP); /* nobody knows w */
}

static bool has_passed(int64_t deadline)
{
        return deadline != CT_FOREVER && deadline <= ct_now_ns();
}

/* Threads that share one CPU: whoever is to fill or empty the ring does it all in one go, if it may
   run before anybody waits. Else it wakes the waiter for one value, and the kernel lets the woken
   run at once: 290 ns a message at capacity 64 instead of 40. */
bool ct_chan_lets_others_first_(const struct ct_chan *c)
{
        return c->capacity >= CT_CHAN_LARGE_ && ct_parker_cpus() == 1 &&
               ct_parker_ops_self() == &ct_parker_thread_ops;
}

void ct_chan_check_alone_(const struct ct_chan *c, const struct ct_chan_queue_ *q,
                          const struct ct_chan_wait_ *w)
{
        if (c->spsc && q->head && q->head->wait != w)
                ct_panic(object, c, "second %s on a channel that was declared for one",
                         q == &c->senders ? "sender" : "receiver");
}

int ct_chan_wait_in_(struct ct_chan *c, struct ct_chan_queue_ *q, struct ct_chan_wait_ *w,
                     void *value, int64_t deadline)
{
        struct ct_chan_node_ n = {.wait = w, .value = value};
        bool queued;

        ct_waiter_init(&w->waiter);
        w->select = false;
#ifdef CT_PLANT_chan_joins_blindly
        ct_chan_unlock_(c); /* between the attempt and the queue */
        ct_chan_lock_(c);
#endif
#ifdef CT_CHECKED
        ct_chan_check_alone_(c, q, w);
#endif
        ct_chan_enqueue_(q, &n);
        if (c->capacity >= CT_CHAN_LARGE_ && w->waiter.ops == &ct_parker_thread_ops)
                ct_store_u32_relaxed(&c->pauses, ct_load_u32_relaxed(&c->pauses) + 1);
        ct_chan_unlock_(c);
        if (ct_park_until(&w->waiter, deadline, CT_PARK_SPIN) == 0)
                return 0;
        ct_chan_lock_(c);
        queued = n.queued;
#ifndef CT_PLANT_chan_timeout_stays
        if (queued)
                ct_chan_dequeue_(q, &n);
#endif
#ifdef CT_PLANT_chan_timeout_eats_value
        queued = true;
#endif
        ct_chan_unlock_(c);
        if (queued)
                return -ETIMEDOUT;
        ct_park(&w->waiter); /* done in time: the unpark is on its way */
        return 0;
}

/* ---- send ---- */

_Noreturn void ct_chan_panic_closed_(const struct ct_chan *c)
{
        ct_panic(object, c, "send on closed channel");
}

static int send_wait(struct ct_chan *c, const void *value, int64_t deadline)
{
        struct ct_chan_wait_ self;

        if (ct_chan_wait_in_(c, &c->senders, &self, (void *)value, deadline))
                return -ETIMEDOUT;
        if (!self.ok)
                ct_chan_panic_closed_(c);
        return 0;
}

static int send_nowhere(int64_t deadline)
{
        ct_chan_nobody_(object, NULL, "send on NULL channel", deadline);
        return -ETIMEDOUT;
}

int ct_chan_send_until(struct ct_chan *c, const void *value, int64_t deadline)
{
        struct ct_chan_wait_ *wake;
        enum ct_chan_result_ r;

        if (__builtin_expect(!c, 0))
                return send_nowhere(deadline);
        for (bool first = true;; first = false) {
                ct_chan_lock_(c);
                r = ct_chan_put_(c, value, &wake);
                if (r != CT_CHAN_WAIT_ || has_passed(deadline))
                        break;
                if (!first || !ct_chan_lets_others_first_(c))
                        return send_wait(c, value, deadline);
                ct_chan_unlock_(c);
                ct_parker_thread_ops.yield();
        }
        ct_chan_leave_(c, wake);
        if (r == CT_CHAN_CLOSED_)
                ct_chan_panic_closed_(c);
        return r == CT_CHAN_DONE_ ? 0 : -ETIMEDOUT;
}

void ct_chan_send(struct ct_chan *c, const void *value)
{
        (void)ct_chan_send_until(c, value, CT_FOREVER);
}

bool ct_chan_try_send(struct ct_chan *c, const void *value)
{
        struct ct_chan_wait_ *wake;
        enum ct_chan_result_ r;

        if (!c)
                return false;
        ct_chan_lock_(c);
        r = ct_chan_put_(c, value, &wake);
        ct_chan_leave_(c, wake);
        if (r == CT_CHAN_CLOSED_)
                ct_chan_panic_closed_(c);
        return r == CT_CHAN_DONE_;
}

/* ---- receive ---- */

static int recv_wait(struct ct_chan *c, void *out, bool *open, int64_t deadline)
{
        struct ct_chan_wait_ self;

        if (ct_chan_wait_in_(c, &c->receivers, &self, out, deadline))
                return -ETIMEDOUT;
        if (open)
                *open = self.ok;
        return 0;
}

static int recv_nothing(int64_t deadline)
{
        ct_chan_nobody_(object, NULL, "receive on NULL channel", deadline);
        return -ETIMEDOUT;
}

int ct_chan_recv_until(struct ct_chan *c, void *out, bool *open, int64_t deadline)
{
        struct ct_chan_wait_ *wake;
        enum ct_chan_result_ r;

        if (__builtin_expect(!c, 0))
                return recv_nothing(deadline);
        for (bool first = true;; first = false) {
                ct_chan_lock_(c);
                r = ct_chan_take_(c, out, &wake);
                if (r != CT_CHAN_WAIT_ || has_passed(deadline))
                        break;
                if (!first || !ct_chan_lets_others_first_(c))
                        return recv_wait(c, out, open, deadline);
                ct_chan_unlock_(c);
                ct_parker_thread_ops.yield();
        }
        ct_chan_leave_(c, wake);
        if (r == CT_CHAN_WAIT_)
                return -ETIMEDOUT;
        if (open)
                *open = r == CT_CHAN_DONE_;
        return 0;
}

bool ct_chan_recv(struct ct_chan *c, void *out)
{
        bool open = false;

        (void)ct_chan_recv_until(c, out, &open, CT_FOREVER);
        return open;
}

bool ct_chan_try_recv(struct ct_chan *c, void *out, bool *open)
{
        struct ct_chan_wait_ *wake;
        enum ct_chan_result_ r;

        if (!c)
                return false;
        ct_chan_lock_(c);
        r = ct_chan_take_(c, out, &wake);
        ct_chan_leave_(c, wake);
        if (r == CT_CHAN_WAIT_)
                return false;
        if (open)
                *open = r == CT_CHAN_DONE_;
        return true;
}
