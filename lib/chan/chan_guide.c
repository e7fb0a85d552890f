/*
 * Source: the monitor of every textbook; the rules are Go's (see the header).
 *
 * Invariants, with the lock free:
 *   count <= capacity; values stand at ring[first .. first + count) modulo capacity.
 *   A thread goes to wait on not_empty only at count = 0, on not_full only at count = capacity;
 *   every put signals one of the former, every take one of the latter: no wake-up is lost. A
 *   thread whose deadline passes while it is being signalled looks once more before it gives up,
 *   so it cannot take a signal with it.
 *   Cases of a select on a ring are told of every change and look again; cases on a rendezvous are
 *   done for them by the thread that comes to meet them, and that thread claims them first.
 *
 * Tempting and wrong: a rendezvous as a ring of one. The send then returns while nobody has the
 * value, and the two sides are not synchronised with each other. Also wrong: one slot and the two
 * shared conditions: a receiver that comes after the send has returned can take the value meant for
 * the one that was waiting. So whoever waits on a rendezvous waits on a condition of its own, and
 * the value is handed to that very thread (select_guide.c).
 */
#include "chan/chan_guide.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/panic.h"
#include "chan/chan_guide_private.h"

static const char object[] = "channel";

/* ---- conditions ---- */

void ct_chan_guide_cond_init_(pthread_cond_t *cond)
{
        pthread_condattr_t attr;

        pthread_condattr_init(&attr);
        pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
        pthread_cond_init(cond, &attr);
        pthread_condattr_destroy(&attr);
}

bool ct_chan_guide_cond_wait_(pthread_cond_t *cond, pthread_mutex_t *lock, int64_t deadline_ns)
{
        struct timespec until;

        if (deadline_ns == CT_FOREVER) {
                pthread_cond_wait(cond, lock);
                return true;
        }
        until = ct_timespec(deadline_ns);
        return pthread_cond_timedwait(cond, lock, &until) != ETIMEDOUT;
}

/* ---- making ---- */

int ct_chan_guide_new(struct ct_chan_guide **out, size_t element_size, size_t capacity)
{
        struct ct_chan_guide *c;
        size_t bytes;

        *out = NULL;
#ifdef CT_PLANT_chan_guide_send_returns_early
        capacity = capacity ? capacity : 1;
#endif
        if (__builtin_mul_overflow(element_size, capacity, &bytes))
                return -EOVERFLOW;
        c = calloc(1, sizeof *c);
        if (!c)
                return -ENOMEM;
        if (bytes && !(c->ring = malloc(bytes))) {
                free(c);
                return -ENOMEM;
        }
        c->element_size = element_size;
        c->capacity = capacity;
        pthread_mutex_init(&c->lock, NULL);
        ct_chan_guide_cond_init_(&c->not_full);
        ct_chan_guide_cond_init_(&c->not_empty);
        *out = c;
        return 0;
}

void ct_chan_guide_free(struct ct_chan_guide *c)
{
        bool waited_on;

        if (!c)
                return;
        pthread_mutex_lock(&c->lock); /* the last to wake us may still be inside */
        waited_on = c->sending || c->receiving || c->senders.head || c->receivers.head;
        pthread_mutex_unlock(&c->lock);
        if (waited_on)
                ct_panic(object, c, "freed while somebody waits on it");
        pthread_cond_destroy(&c->not_empty);
        pthread_cond_destroy(&c->not_full);
        pthread_mutex_destroy(&c->lock);
        free(c->ring);
        free(c);
}

/* ---- the operations, locked ---- */

static void *slot(struct ct_chan_guide *c, size_t i)
{
#ifdef CT_PLANT_chan_guide_wrap_order
        /* the value before the seam trades places with the one behind it */
        size_t at = c->first + i >= c->capacity ? (c->capacity - 1) - (c->first + i - c->capacity)
                                                : c->first + i;
#else
        /* the distance to the seam first: first + i may not fit */
        size_t at = i < c->capacity - c->first ? c->first + i : i - (c->capacity - c->first);
#endif

        return c->ring + at * c->element_size;
}

static void copy(const struct ct_chan_guide *c, void *to, const void *from)
{
        if (c->element_size && to)
                memcpy(to, from, c->element_size);
}

bool ct_chan_guide_put_(struct ct_chan_guide *c, const void *value)
{
        if (c->closed) {
                pthread_mutex_unlock(&c->lock);
                ct_panic(object, c, "send on closed channel");
        }
        if (c->capacity == 0)
                return ct_chan_guide_meet_(c, &c->receivers, value, NULL);
        if (c->count == c->capacity)
                return false;
        if (c->element_size)
                copy(c, slot(c, c->count), value);
        c->count++;
        /* Signalled with the lock held: a receiver may free the channel as soon as it has the
         * value. */
        if (c->receiving)
                pthread_cond_signal(&c->not_empty);
        ct_chan_guide_poke_(&c->receivers);
        return true;
}

bool ct_chan_guide_take_(struct ct_chan_guide *c, void *out, bool *open)
{
        if (c->count) {
                if (c->element_size)
                        copy(c, out, slot(c, 0));
                c->first = c->first + 1 < c->capacity ? c->first + 1 : 0;
                c->count--;
                *open = true;
                if (c->sending)
                        pthread_cond_signal(&c->not_full);
                ct_chan_guide_poke_(&c->senders);
                return true;
        }
        if (c->closed) {
                if (c->element_size && out)
                        memset(out, 0, c->element_size);
                *open = false;
                return true;
        }
        if (c->capacity || !ct_chan_guide_meet_(c, &c->senders, NULL, out))
                return false;
        *open = true;
        return true;
}

/* ---- send ---- */

/* Alone on a rendezvous: a select of one case. */
static bool meet_until(struct ct_chan_guide_case only, bool *open, int64_t deadline_ns)
{
        if (ct_chan_guide_select_until(&only, 1, deadline_ns) == CT_CHAN_GUIDE_NONE)
                return false;
        *open = only.open;
        return true;
}

static void refuse_null(const struct ct_chan_guide *c, int64_t deadline_ns, const char *what)
{
        if (!c && deadline_ns == CT_FOREVER)
                ct_panic(object, c, "%s NULL channel would block for ever", what);
        if (!c)
                ct_sleep_until(deadline_ns);
}

bool ct_chan_guide_send_until(struct ct_chan_guide *c, const void *value, int64_t deadline_ns)
{
        bool in_time = true, sent, open;

        refuse_null(c, deadline_ns, "send on a");
        if (!c)
                return false;
        if (c->capacity == 0)
                return meet_until((struct ct_chan_guide_case){.chan = c,
                                                              .op = CT_CHAN_GUIDE_SEND,
                                                              .value = value},
                                  &open, deadline_ns);
        pthread_mutex_lock(&c->lock);
        while (!(sent = ct_chan_guide_put_(c, value)) && in_time) {
                c->sending++;
                in_time = ct_chan_guide_cond_wait_(&c->not_full, &c->lock, deadline_ns);
                c->sending--;
        }
#ifdef CT_PLANT_chan_guide_timeout_leaves_value
        sent = sent && ct_now_ns() < deadline_ns;
#endif
        pthread_mutex_unlock(&c->lock);
        return sent;
}

void ct_chan_guide_send(struct ct_chan_guide *c, const void *value)
{
        ct_chan_guide_send_until(c, value, CT_FOREVER);
}

bool ct_chan_guide_try_send(struct ct_chan_guide *c, const void *value)
{
        bool sent;

        if (!c)
                return false;
        pthread_mutex_lock(&c->lock);
        sent = ct_chan_guide_put_(c, value);
        pthread_mutex_unlock(&c->lock);
        return sent;
}

/* ---- receive ---- */

bool ct_chan_guide_recv_until(struct ct_chan_guide *c, void *out, bool *open, int64_t deadline_ns)
{
        bool in_time = true, done, unused;

        if (!open)
                open = &unused;
        refuse_null(c, deadline_ns, "receive from a");
        if (!c)
                return false;
        if (c->capacity == 0)
                return meet_until((struct ct_chan_guide_case){.chan = c,
                                                              .op = CT_CHAN_GUIDE_RECV,
                                                              .out = out},
                                  open, deadline_ns);
        pthread_mutex_lock(&c->lock);
        while (!(done = ct_chan_guide_take_(c, out, open)) && in_time) {
                c->receiving++;
                in_time = ct_chan_guide_cond_wait_(&c->not_empty, &c->lock, deadline_ns);
                c->receiving--;
        }
        pthread_mutex_unlock(&c->lock);
        return done;
}

bool ct_chan_guide_recv(struct ct_chan_guide *c, void *out)
{
        bool open = false;

        ct_chan_guide_recv_until(c, out, &open, CT_FOREVER);
        return open;
}

bool ct_chan_guide_try_recv(struct ct_chan_guide *c, void *out, bool *open)
{
        bool done, unused;

        if (!c)
                return false;
        pthread_mutex_lock(&c->lock);
        done = ct_chan_guide_take_(c, out, open ? open : &unused);
        pthread_mutex_unlock(&c->lock);
        return done;
}

/* ---- close, len, cap ---- */

void ct_chan_guide_close(struct ct_chan_guide *c)
{
        if (!c)
                ct_panic(object, c, "close of NULL channel");
        pthread_mutex_lock(&c->lock);
        if (c->closed) {
                pthread_mutex_unlock(&c->lock);
                ct_panic(object, c, "close of closed channel");
        }
        c->closed = true;
#ifdef CT_PLANT_chan_guide_close_wakes_one
        pthread_cond_signal(&c->not_empty);
#elif !defined CT_PLANT_chan_guide_close_wakes_nobody
        pthread_cond_broadcast(&c->not_empty);
#endif
        pthread_cond_broadcast(&c->not_full); /* the senders panic */
        ct_chan_guide_poke_(&c->receivers);
        ct_chan_guide_poke_(&c->senders);
        pthread_mutex_unlock(&c->lock);
}

size_t ct_chan_guide_len(struct ct_chan_guide *c)
{
        size_t n;

        if (!c)
                return 0;
        pthread_mutex_lock(&c->lock);
        n = c->count;
        pthread_mutex_unlock(&c->lock);
        return n;
}

size_t ct_chan_guide_cap(const struct ct_chan_guide *c)
{
        return c ? c->capacity : 0;
}
