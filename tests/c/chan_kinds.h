/* The kinds of ct_chan as a table, one contract, one set of tests; and channels of ints. */
#ifndef CT_TESTS_CHAN_KINDS_H
#define CT_TESTS_CHAN_KINDS_H

#include "base/clock.h"
#include "chan/chan.h"
#include "chan/chan_private.h"
#include "chan/select.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct chan_kind {
        const char *name;
        int (*make)(struct ct_chan **out, size_t element_size, size_t capacity);
        size_t least; /* capacity */
        bool many;    /* several may send, and several receive, at once */
};

static const struct chan_kind CHAN_KINDS[] = {
        {"chan", ct_chan_new, 0, true},
        {"chan_spsc", ct_chan_new_spsc, 1, false},
};

#define FOR_EACH_KIND(k)                                                                           \
        for (const struct chan_kind *k = CHAN_KINDS;                                               \
             k < CHAN_KINDS + sizeof CHAN_KINDS / sizeof *CHAN_KINDS; k++)

enum side { TO_RECEIVE, TO_SEND };

static inline struct ct_chan *make_chan(const struct chan_kind *k, size_t size, size_t capacity)
{
        struct ct_chan *c = NULL;
        int r = k->make(&c, size, capacity);

        if (r || !c) {
                fprintf(stderr, "%s of %zu x %zu: %d\n", k->name, capacity, size, r);
                abort();
        }
        return c;
}

static inline struct ct_chan *make_ints(const struct chan_kind *k, size_t capacity)
{
        return make_chan(k, sizeof(int), capacity);
}

static inline void put(struct ct_chan *c, int v)
{
        ct_chan_send(c, &v);
}

/* The value, or -1 from a closed channel. */
static inline int get(struct ct_chan *c)
{
        int v = -17;

        if (ct_chan_recv(c, &v))
                return v;
        return v == 0 ? -1 : -2; /* a closed channel gives zero */
}

static inline bool try_put(struct ct_chan *c, int v)
{
        return ct_chan_try_send(c, &v);
}

/* The value, -1 from a closed channel, or -3 where it would have had to wait. */
static inline int try_get(struct ct_chan *c)
{
        bool open = false;
        int v = -17;

        if (!ct_chan_try_recv(c, &v, &open))
                return v == -17 && !open ? -3 : -4;
        if (open)
                return v;
        return v == 0 ? -1 : -2;
}

/* How many wait on that side of the channel and will be served before whoever comes now. */
static inline size_t queued(struct ct_chan *c, enum side side)
{
        return ct_chan_waiting_(c, side == TO_SEND);
}

static inline struct ct_select_case send_case(struct ct_chan *c, const void *value)
{
        return (struct ct_select_case){.op = CT_SELECT_SEND, .chan = c, .value = value};
}

static inline struct ct_select_case recv_case(struct ct_chan *c, void *out)
{
        return (struct ct_select_case){.op = CT_SELECT_RECV, .chan = c, .out = out};
}

#endif
