/* A ring of Concurrency Kit, by ENQUEUE and DEQUEUE of one of its kinds. It never waits: whoever
   finds it full or empty looks again. No include guard: one file, one kind. */
#include <ck_ring.h>
#include <stdlib.h>

#include "channel/channel.h"

#include "peers/channel/end_mark.h"
#include "peers/peer.h"

struct ring {
        CT_ALIGN_PAIR ck_ring_t ring;
        CT_ALIGN_PAIR ck_ring_buffer_t slot[];
};

/* Its size is a power of two, and one slot of it stays free: at most `capacity` values fit, for 1
   exactly so many. */
static int ring_new(struct ring **out, size_t capacity)
{
        unsigned size = 2;

        while ((size_t)size * 2 <= capacity)
                size *= 2;
        *out = aligned_alloc(CT_CACHE_PAIR,
                             sizeof **out + (size * sizeof *(*out)->slot / CT_CACHE_PAIR + 1) *
                                                    CT_CACHE_PAIR);
        if (!*out)
                return -ENOMEM;
        ck_ring_init(&(*out)->ring, size);
        return 0;
}

static inline void ring_send(struct ring *r, uint64_t value)
{
        while (!ENQUEUE(&r->ring, r->slot, (const void *)(uintptr_t)value))
                ck_pr_stall();
}

static inline bool ring_recv(struct ring *r, uint64_t *out)
{
        void *v;

        while (!DEQUEUE(&r->ring, r->slot, &v))
                ck_pr_stall();
        if ((uintptr_t)v == END_MARK) {
                ring_send(r, END_MARK);
                return false;
        }
        *out = (uintptr_t)v;
        return true;
}

#define RING_CAPS (CAP_BASELINE | CAP_THREADS_ONLY | CAP_SPINS | CAP_BUFFERED | CAP_WORDS)
#define CHAN_TYPE struct ring *
#define CHAN_NEW(c, bytes, capacity) ((void)(bytes), ring_new(&(c), capacity))
#define CHAN_FREE(c) free(c)
#define SEND(c, value) ring_send(c, *(value))
#define RECV(c, out) ring_recv(c, out)
#define CLOSE(c) ring_send(c, END_MARK)
#include "channel/loop.h"
