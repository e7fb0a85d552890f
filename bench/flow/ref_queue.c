#include "flow/ref.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

struct slot {
        struct flow_item item;
        bool full;
};

struct ref_queue {
        CT_ALIGN_PAIR pthread_mutex_t lock;
        pthread_cond_t room, value;
        bool ordered;
        unsigned senders;             /* that are not done */
        unsigned for_room, for_value; /* who waits */
        size_t slots;
        uint64_t entered, left;
        struct slot slot[];
};

int ref_thread(pthread_t *thread, void *(*main)(void *), void *arg)
{
        pthread_attr_t attr;
        cpu_set_t cpus;
        int rc;

        if (sched_getaffinity(getpid(), sizeof cpus, &cpus))
                return -errno;
        pthread_attr_init(&attr);
        rc = pthread_attr_setaffinity_np(&attr, sizeof cpus, &cpus);
        if (!rc)
                rc = pthread_create(thread, &attr, main, arg);
        pthread_attr_destroy(&attr);
        return -rc;
}

int ref_queue_new(struct ref_queue **out, size_t slots, bool ordered, unsigned senders)
{
        size_t all = sizeof(struct ref_queue) + slots * sizeof(struct slot);
        struct ref_queue *q =
                aligned_alloc(CT_CACHE_PAIR, (all / CT_CACHE_PAIR + 1) * CT_CACHE_PAIR);

        *out = q;
        if (!q)
                return -ENOMEM;
        *q = (struct ref_queue){.ordered = ordered, .senders = senders, .slots = slots};
        for (size_t i = 0; i < slots; i++)
                q->slot[i].full = false;
        pthread_mutex_init(&q->lock, NULL);
        pthread_cond_init(&q->room, NULL);
        pthread_cond_init(&q->value, NULL);
        return 0;
}

void ref_queue_free(struct ref_queue *q)
{
        if (!q)
                return;
        pthread_cond_destroy(&q->value);
        pthread_cond_destroy(&q->room);
        pthread_mutex_destroy(&q->lock);
        free(q);
}

static uint64_t place(const struct ref_queue *q, const struct flow_item *item)
{
        return q->ordered ? item->id : q->entered;
}

void ref_queue_put(struct ref_queue *q, const struct flow_item *item)
{
        struct slot *s;

        pthread_mutex_lock(&q->lock);
        q->for_room++;
        while (place(q, item) >= q->left + q->slots)
                pthread_cond_wait(&q->room, &q->lock);
        q->for_room--;
        s = &q->slot[place(q, item) % q->slots];
        q->entered++;
        *s = (struct slot){.item = *item, .full = true};
        if (q->for_value && q->slot[q->left % q->slots].full)
                pthread_cond_signal(&q->value);
        pthread_mutex_unlock(&q->lock);
}

void ref_queue_done(struct ref_queue *q)
{
        pthread_mutex_lock(&q->lock);
        if (--q->senders == 0)
                pthread_cond_broadcast(&q->value);
        pthread_mutex_unlock(&q->lock);
}

bool ref_queue_take(struct ref_queue *q, struct flow_item *out)
{
        struct slot *s;
        bool some;

        pthread_mutex_lock(&q->lock);
        q->for_value++;
        while (!q->slot[q->left % q->slots].full && q->senders)
                pthread_cond_wait(&q->value, &q->lock);
        q->for_value--;
        s = &q->slot[q->left % q->slots];
        some = s->full;
        if (some) {
                *out = s->item;
                s->full = false;
                q->left++;
        }
        if (some && q->for_room && q->ordered)
                pthread_cond_broadcast(&q->room); /* one of them has the item that fits now */
        else if (some && q->for_room)
                pthread_cond_signal(&q->room);
        pthread_mutex_unlock(&q->lock);
        return some;
}
