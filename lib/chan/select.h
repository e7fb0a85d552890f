/*
 * select: does exactly one of several sends and receives, whichever can go first.
 *
 *      struct ct_select_case cases[] = {
 *              {.op = CT_SELECT_RECV, .chan = jobs, .out = &job},
 *              {.op = CT_SELECT_RECV, .chan = ct_context_done(ctx)},
 *      };
 *      switch (ct_select(cases, 2)) { case 0: ... }
 *
 * Among several cases that are ready the choice is uniformly random. The same channel may stand in
 * several cases, also as sender and receiver; a select never meets itself. A NULL channel's case is
 * never ready. A send case on a closed channel is ready, and panics when chosen (also when the
 * close comes while the select waits, as in Go).
 *
 * Blocks on: the parker, with one waiter for all cases. Two selects that meet on the same channels,
 *      in whatever order they name them, do not deadlock.
 * Wakes, order, memory, units: as the send or receive that it does (chan.h).
 * Ownership: the array is the select's while it runs, and may be used again afterwards. Up to
 *      CT_SELECT_ON_STACK cases need no memory but the stack; more allocate.
 * Failure: -ENOMEM, less than CT_SELECT_NONE, where many cases find no memory; misuse panics.
 *
 * Source: Go's select (runtime/select.go) as an algorithm; own code.
 */
#ifndef CT_CHAN_SELECT_H
#define CT_CHAN_SELECT_H

#include "base/clock.h"
#include "chan/chan.h"

enum ct_select_op { CT_SELECT_RECV, CT_SELECT_SEND };

/* What a select returns beside an index. */
enum {
        CT_SELECT_NONE = -1 /* no case was ready (Go's default), or none by the deadline */
};

#define CT_SELECT_ON_STACK 16

struct ct_select_case {
        enum ct_select_op op;
        bool open; /* the answer of a receive that was done: true a value, false closed and drained
                    */
        struct ct_chan *chan;
        const void *value; /* to send */
        void *out;         /* to receive into; may be NULL: the value is dropped */
};

/* Waits until one case is done: its index, or -ENOMEM. With no channel to wait for it panics. */
int ct_select(struct ct_select_case *cases, size_t n);

/* One that is ready now, else CT_SELECT_NONE. */
int ct_try_select(struct ct_select_case *cases, size_t n);

/* One that is ready by the deadline, else CT_SELECT_NONE; with no channels it sleeps. */
int ct_select_until(struct ct_select_case *cases, size_t n, int64_t deadline);

#endif
