/* What the tests of the guide channel share. After cmocka.h. */
#ifndef CT_TESTS_CHAN_GUIDE_HELP_H
#define CT_TESTS_CHAN_GUIDE_HELP_H

#include "base/clock.h"
#include "chan/chan_guide_private.h"
#include "crowd.h"

static inline struct ct_chan_guide *make(size_t element_size, size_t capacity)
{
        struct ct_chan_guide *c;

        assert_int_equal(ct_chan_guide_new(&c, element_size, capacity), 0);
        return c;
}

static inline struct ct_chan_guide *ints(size_t capacity)
{
        return make(sizeof(int), capacity);
}

static inline void put(struct ct_chan_guide *c, int v)
{
        ct_chan_guide_send(c, &v);
}

static inline int get(struct ct_chan_guide *c)
{
        int v = -1;

        return ct_chan_guide_recv(c, &v) ? v : -1;
}

/* Threads that wait to receive (or send): on the condition, or in the queue of a rendezvous. */
static inline size_t waiting(struct ct_chan_guide *c, bool to_send)
{
        size_t n;

        pthread_mutex_lock(&c->lock);
        n = to_send ? c->sending : c->receiving;
        for (struct ct_chan_guide_case *k = to_send ? c->senders.head : c->receivers.head; k;
             k = k->next_)
                n++;
        pthread_mutex_unlock(&c->lock);
        return n;
}

struct one {
        struct ct_chan_guide *c;
        ct_atomic_u32 returned;
        int plain; /* written without a lock: the channel must order it */
};

static inline void send_seven(void *ctx, unsigned index)
{
        struct one *o = ctx;

        (void)index;
        put(o->c, 7);
        ct_store_u32_release(&o->returned, 1);
}

static inline void receive_seven(void *ctx, unsigned index)
{
        struct one *o = ctx;

        (void)index;
        CROWD_CHECK(get(o->c) == 7);
        ct_store_u32_release(&o->returned, 1);
}

#endif
