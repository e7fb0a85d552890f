/*
 * A channel as the guides have it: a ring of values behind one mutex, with one condition for
 * those who wait for room and one for those who wait for a value; and a select over several
 * channels.
 *
 * Values are `element_size` bytes each (0 is a signal without a value) and are copied in and out;
 * pointers to them may be NULL where that size is 0. Capacity 0 is a rendezvous: a send returns
 * only when a receiver has the value. Any number of threads may send, receive, close and select
 * at once.
 *
 * Order: first in, first out; what one sender sends is received in that order. Blocked senders
 *   and receivers of a ring are woken by condition variables, so who goes first among them is the
 *   kernel's business; those of a rendezvous are served in the order of their arrival.
 * Memory: what a sender wrote before the send, the receiver reads after the receive. On a
 *   rendezvous also the other way round: what the receiver wrote before it received, the sender
 *   reads after.
 * Blocks on: the mutex, and while it waits on a condition; nothing polls. Deadlines are absolute
 *   ct_now_ns() values: one that has passed tries once, CT_FOREVER never comes. Signals and
 *   spurious wake-ups neither shorten nor extend them.
 * Wakes: a send one receiver, a receive one sender, close everybody; and each of them every
 *   select that waits for it, which then looks again.
 * Closing: receivers drain what is in the ring, then get "closed" at once and for ever. Only a
 *   side that knows that nobody will send any more may close.
 * Misuse panics and names the channel: send on a closed channel (also when it is closed while the
 *   send waits, as in Go), second close, close of NULL, freeing one that somebody waits on.
 * NULL is Go's nil channel: try_ operations fail, _until operations time out, select never finds
 *   it ready, len and cap are 0. A plain send or receive would block for ever: Go's run time
 *   reports that as a deadlock, this panics.
 *
 * Source: the channel chapters of "The Complete Guide to Go Concurrency Patterns and
 * Synchronization" and "Go Concurrency Patterns - Learning Reference"; what is not said there is
 * as the Go language and its memory model have it. The ring is the textbook monitor.
 */
#ifndef CT_CHAN_CHAN_GUIDE_H
#define CT_CHAN_CHAN_GUIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_chan_guide;

/* Makes an open, empty channel. 0; -EOVERFLOW if capacity x element_size does not fit in a size_t;
   -ENOMEM. On failure *out is NULL. */
int ct_chan_guide_new(struct ct_chan_guide **out, size_t element_size, size_t capacity);

/* The caller is the last to know the channel. What is still in it is dropped. NULL is fine. */
void ct_chan_guide_free(struct ct_chan_guide *c);

/* Blocks until there is room, or on a rendezvous until a receiver has the value. */
void ct_chan_guide_send(struct ct_chan_guide *c, const void *value);

/* True if the value was sent, at once or by the deadline. False: nothing was sent. */
bool ct_chan_guide_try_send(struct ct_chan_guide *c, const void *value);
bool ct_chan_guide_send_until(struct ct_chan_guide *c, const void *value, int64_t deadline_ns);

/* Blocks until there is a value: true; or until the channel is closed and drained: false, and *out
   is zeroed. `out` may be NULL: the value is dropped. */
bool ct_chan_guide_recv(struct ct_chan_guide *c, void *out);

/* True if the receive took place, at once or by the deadline: *open (may be NULL) says whether it
   got a value or "closed". False: neither came, *out and *open are as they were. */
bool ct_chan_guide_try_recv(struct ct_chan_guide *c, void *out, bool *open);
bool ct_chan_guide_recv_until(struct ct_chan_guide *c, void *out, bool *open, int64_t deadline_ns);

/* Wakes all who wait. */
void ct_chan_guide_close(struct ct_chan_guide *c);

/* Values in the ring, and its size: both 0 on a rendezvous. The former is old when it arrives. */
size_t ct_chan_guide_len(struct ct_chan_guide *c);
size_t ct_chan_guide_cap(const struct ct_chan_guide *c);

/* ---- select ---- */

enum ct_chan_guide_op { CT_CHAN_GUIDE_SEND, CT_CHAN_GUIDE_RECV };
enum { CT_CHAN_GUIDE_NONE = -1 }; /* no case was ready (default), or none by the deadline */

struct ct_chan_guide_party_;

/* One case; the caller fills the first four, `open` is the answer of a receive that fired. The
   array belongs to the select while it runs; afterwards it may be used again. */
struct ct_chan_guide_case {
        struct ct_chan_guide *chan; /* NULL: never ready */
        const void *value;          /* to send */
        void *out;                  /* to receive into; may be NULL */
        enum ct_chan_guide_op op;
        bool open; /* true: a value; false: closed and drained */
        /* private: the wait queue's links, and the two orders */
        bool queued_;
        struct ct_chan_guide_case *next_, *prev_;
        struct ct_chan_guide_party_ *party_;
        size_t turn_, rank_;
};

/* Does exactly one of n cases and returns its index. Among several that are ready the choice is
   uniformly random. The same channel may stand in several cases, also as both send and receive (a
   select never meets itself). Two selects that meet on a rendezvous, in whatever order they name
   their channels, do not deadlock. A send case on a closed channel is ready, and panics when
   chosen. select: waits; with no channel to wait for it panics. try_select: Go's `default`. */
int ct_chan_guide_select(struct ct_chan_guide_case *cases, size_t n);
int ct_chan_guide_try_select(struct ct_chan_guide_case *cases, size_t n);
int ct_chan_guide_select_until(struct ct_chan_guide_case *cases, size_t n, int64_t deadline_ns);

#endif
