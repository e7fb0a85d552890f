/*
 * What a C programmer writes who needs such a queue today: a ring behind a pthread mutex, a
 * condition for each side, a signal only where somebody waits. Capacity 0 is one slot whose sender
 * stays until the value has been taken.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "channel/channel.h"

struct queue {
        CT_ALIGN_PAIR pthread_mutex_t lock;
        pthread_cond_t room, value, taken;
        size_t bytes, slots, head, n;
        bool meets, closed;           /* meets: capacity 0 */
        unsigned for_room, for_value; /* who waits */
        uint64_t entered, left;       /* values so far, for those whose sender waits */
        CT_ALIGN_PAIR unsigned char ring[];
};

static int queue_new(struct queue **out, size_t bytes, size_t capacity)
{
        size_t slots = capacity ? capacity : 1, all = sizeof(struct queue) + bytes * slots;
        struct queue *q = aligned_alloc(CT_CACHE_PAIR, (all / CT_CACHE_PAIR + 1) * CT_CACHE_PAIR);

        *out = q;
        if (!q)
                return -ENOMEM;
        memset(q, 0, sizeof *q);
        q->bytes = bytes;
        q->slots = slots;
        q->meets = capacity == 0;
        pthread_mutex_init(&q->lock, NULL);
        pthread_cond_init(&q->room, NULL);
        pthread_cond_init(&q->value, NULL);
        pthread_cond_init(&q->taken, NULL);
        return 0;
}

static void queue_free(struct queue *q)
{
        pthread_cond_destroy(&q->taken);
        pthread_cond_destroy(&q->value);
        pthread_cond_destroy(&q->room);
        pthread_mutex_destroy(&q->lock);
        free(q);
}

#ifdef CT_PLANT_channel_ref_swaps
/* Two values that lie side by side. */
static void swap(unsigned char *first, size_t bytes)
{
        for (size_t i = 0; i < bytes; i++) {
                unsigned char byte = first[i];

                first[i] = first[bytes + i];
                first[bytes + i] = byte;
        }
}
#endif

static void put(struct queue *q, const void *value)
{
        size_t at = q->head + q->n, bytes = q->bytes;
        uint64_t mine = ++q->entered;

        at = at < q->slots ? at : at - q->slots;
#ifdef CT_PLANT_channel_ref_tears
        bytes -= mine % 1000 ? 0 : sizeof(uint64_t);
#endif
        memcpy(&q->ring[at * q->bytes], value, bytes);
#ifdef CT_PLANT_channel_ref_drops
        if (!q->meets && mine % 1000 == 0)
                return;
#endif
        q->n++;
        if (q->for_value)
                pthread_cond_signal(&q->value);
        while (q->meets && q->left < mine)
                pthread_cond_wait(&q->taken, &q->lock);
}

static void take(struct queue *q, void *out)
{
#ifdef CT_PLANT_channel_ref_swaps
        if (q->n > 1 && q->left % 1000 == 0 && q->head + 1 < q->slots)
                swap(&q->ring[q->head * q->bytes], q->bytes);
#endif
        memcpy(out, &q->ring[q->head * q->bytes], q->bytes);
#ifdef CT_PLANT_channel_ref_doubles
        if (!q->meets && q->left++ % 1000 == 0)
                return;
#endif
        q->head = q->head + 1 < q->slots ? q->head + 1 : 0;
        q->n--;
        q->left++;
        if (q->meets)
                pthread_cond_signal(&q->taken); /* one sender at a time has put its value there */
        if (q->for_room)
                pthread_cond_signal(&q->room);
}

static void queue_send(struct queue *q, const void *value)
{
        pthread_mutex_lock(&q->lock);
        q->for_room++;
        while (q->n == q->slots)
                pthread_cond_wait(&q->room, &q->lock);
        q->for_room--;
        put(q, value);
        pthread_mutex_unlock(&q->lock);
}

static bool queue_recv(struct queue *q, void *out)
{
        bool some;

        pthread_mutex_lock(&q->lock);
        q->for_value++;
        while (!q->n && !q->closed)
                pthread_cond_wait(&q->value, &q->lock);
        q->for_value--;
        some = q->n > 0;
        if (some)
                take(q, out);
        pthread_mutex_unlock(&q->lock);
        return some;
}

/* On a rendezvous a receiver has to be waiting that no other value is for. */
static bool queue_try_send(struct queue *q, const void *value)
{
        bool ready;

        pthread_mutex_lock(&q->lock);
        ready = q->n < q->slots && (!q->meets || q->for_value);
        if (ready)
                put(q, value);
        pthread_mutex_unlock(&q->lock);
        return ready;
}

static bool queue_try_recv(struct queue *q, void *out, bool *open)
{
        bool ready;

        pthread_mutex_lock(&q->lock);
        ready = q->n > 0 || q->closed;
        *open = q->n > 0;
        if (*open)
                take(q, out);
        pthread_mutex_unlock(&q->lock);
        return ready;
}

static void queue_close(struct queue *q)
{
        pthread_mutex_lock(&q->lock);
        q->closed = true;
        pthread_cond_broadcast(&q->value);
        pthread_mutex_unlock(&q->lock);
}

#define CONTESTANT channel_ref
#define NAME "ref"
#define SOURCE "a ring behind a pthread_mutex with a pthread_cond for each side"
#define CAPS (CAP_BASELINE | CAP_PARKS | CAP_THREADS_ONLY)
#define CHAN_TYPE struct queue *
#define CHAN_NEW(c, bytes, capacity) queue_new(&(c), bytes, capacity)
#define CHAN_FREE(c) queue_free(c)
#define SEND(c, value) queue_send(c, value)
#define RECV(c, out) queue_recv(c, out)
#define TRY_SEND(c, value) queue_try_send(c, value)
#define TRY_RECV(c, out, open) queue_try_recv(c, out, open)
#define CLOSE(c) queue_close(c)
#define WAKES_ALL
#include "channel/loop.h"
