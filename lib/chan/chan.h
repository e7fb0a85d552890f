/*
 * ct_chan: Go's channel. One type, one contract, for any element size and capacity.
 *
 *      struct ct_chan *c;
 *      int r = ct_chan_new(&c, sizeof(struct job), 64);
 *      ct_chan_send(c, &job);                          // one context
 *      while (ct_chan_recv(c, &job)) ...               // another, until closed and drained
 *      ct_chan_close(c);
 *      ct_chan_free(c);
 *
 * Values are `element_size` bytes each (0: a signal without a value) and are copied in and out;
 * pointers to them may be NULL where that size is 0. Capacity 0 is a rendezvous: a send returns
 * only when a receiver has the value.
 *
 * Blocks on: the parker. A send waits for room or for a receiver, a receive for a value, a sender
 *      or the close.
 * Wakes: a send at most one receiver, a receive at most one sender, in the order in which they came
 *      to wait; close wakes all of them. A waiter is woken with its operation done.
 * Order: values leave in the order in which they entered; what one sender sends is received in
 *      that order. Nobody passes a waiter of its own side.
 * Memory: what a sender wrote before the send, the receiver of that value reads after the receive.
 *      The k-th receive happens before the (k + capacity)-th send completes; on a rendezvous that
 *      is the send whose value it took. What was written before the close is read after a receive
 *      that reports it.
 * Closing: receivers drain what is buffered, then get "closed" at once and for ever.
 * Misuse panics and names the channel: send on a closed channel (also when it is closed while the
 *      send waits, as in Go), second close, close of NULL, freeing one that somebody waits on.
 * NULL is Go's nil channel: try_ fails, _until times out, select never finds it ready, len and cap
 *      are 0. A plain send or receive would wait for ever: Go's run time reports that as a
 *      deadlock, this panics.
 * Who may call: any thread or task, unless the channel was declared for fewer; the same channel
 *      may be used by both at once. Not from signal handlers.
 * Units: deadlines are absolute ct_now_ns() times, CT_FOREVER for none; one that has passed tries
 *      once.
 *
 * Source: Go's channel (runtime/chan.go) as an algorithm; own code. What differs is said in chan.c.
 */
#ifndef CT_CHAN_CHAN_H
#define CT_CHAN_CHAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_chan;

/* Makes an open, empty channel. 0; -EOVERFLOW if capacity x element_size does not fit in a size_t;
   -ENOMEM. On failure *out is NULL. */
int ct_chan_new(struct ct_chan **out, size_t element_size, size_t capacity);

/*
 * The same for a channel that at most one context sends to and at most one receives from at any
 * time; who they are may change with a happens-before between the old and the new one. close, len
 * and cap are anybody's; select and everything else work as ever. Capacity is at least 1
 * (-EINVAL for 0). A second sender or receiver at the same time is undefined; a CT_CHECKED build
 * panics where one comes while another waits. It is a promise only: inside it is the same channel,
 * since a lock-free ring was slower (threads 33 against 20 ns a message).
 */
int ct_chan_new_spsc(struct ct_chan **out, size_t element_size, size_t capacity);

/* The caller is the last to know the channel. What is still in it is dropped. NULL is fine. */
void ct_chan_free(struct ct_chan *c);

void ct_chan_send(struct ct_chan *c, const void *value);

/* True: sent. False: that would have had to wait. */
bool ct_chan_try_send(struct ct_chan *c, const void *value);

/* 0, or -ETIMEDOUT: nothing was sent. */
int ct_chan_send_until(struct ct_chan *c, const void *value, int64_t deadline);

/* True: a value. False: closed and drained, and *out is zeroed. `out` may be NULL: the value is
   dropped. */
bool ct_chan_recv(struct ct_chan *c, void *out);

/* True if the receive took place: *open (may be NULL) says whether it got a value or "closed".
   False: it would have had to wait; *out and *open are as they were. */
bool ct_chan_try_recv(struct ct_chan *c, void *out, bool *open);

/* 0: the receive took place, as above; or -ETIMEDOUT: it did not. */
int ct_chan_recv_until(struct ct_chan *c, void *out, bool *open, int64_t deadline);

void ct_chan_close(struct ct_chan *c);

/* Values buffered, and how many can be: both 0 on a rendezvous. The former is old when it arrives.
 */
size_t ct_chan_len(const struct ct_chan *c);
size_t ct_chan_cap(const struct ct_chan *c);

/*
 * Directions: handles that the compiler keeps apart, to be passed by value where only one end is to
 * be used. As in Go, whoever sends may close.
 */
struct ct_sender {
        struct ct_chan *chan;
};

struct ct_receiver {
        struct ct_chan *chan;
};

static inline struct ct_sender ct_chan_sender(struct ct_chan *c)
{
        return (struct ct_sender){c};
}

static inline struct ct_receiver ct_chan_receiver(struct ct_chan *c)
{
        return (struct ct_receiver){c};
}

static inline void ct_sender_send(struct ct_sender s, const void *value)
{
        ct_chan_send(s.chan, value);
}

static inline bool ct_sender_try_send(struct ct_sender s, const void *value)
{
        return ct_chan_try_send(s.chan, value);
}

static inline int ct_sender_send_until(struct ct_sender s, const void *value, int64_t deadline)
{
        return ct_chan_send_until(s.chan, value, deadline);
}

static inline void ct_sender_close(struct ct_sender s)
{
        ct_chan_close(s.chan);
}

static inline bool ct_receiver_recv(struct ct_receiver r, void *out)
{
        return ct_chan_recv(r.chan, out);
}

static inline bool ct_receiver_try_recv(struct ct_receiver r, void *out, bool *open)
{
        return ct_chan_try_recv(r.chan, out, open);
}

static inline int ct_receiver_recv_until(struct ct_receiver r, void *out, bool *open,
                                         int64_t deadline)
{
        return ct_chan_recv_until(r.chan, out, open, deadline);
}

#endif
