/*
 * Queues, counts, and the policies of one queue. Everything here runs under the caller's lock; only
 * the marks are written by others at the same time.
 *
 * A mark that races with the hand may be lost or outlive it by a turn: an entry is evicted one turn
 * early or late, no more. Since readers can set marks as fast as the hand clears them, a search
 * gives every node at most as many chances as a mark can count, then takes what is under the hand.
 * Alone, no search gets that far.
 */
#include "cache/policy_private.h"

#include <string.h>

static size_t bound(size_t n)
{
        return n ? n : SIZE_MAX;
}

int ct_policy_init_(struct ct_policy_ *p, enum ct_cache_policy kind, size_t max_entries,
                    size_t max_bytes)
{
        bool bounded = max_entries || max_bytes;

        if ((unsigned)kind >= CT_CACHE_POLICIES || bounded == (kind == CT_CACHE_KEEP))
                return -EINVAL;
        *p = (struct ct_policy_){
                .kind = kind, .max_entries = bound(max_entries), .max_bytes = bound(max_bytes)};
        return kind == CT_CACHE_S3FIFO ? ct_s3fifo_init_(p) : 0;
}

void ct_policy_fini_(struct ct_policy_ *p)
{
        ct_cache_ghosts_free_(p->ghosts);
        p->ghosts = NULL;
}

bool ct_policy_admits_(const struct ct_policy_ *p, size_t bytes)
{
        return bytes <= p->max_bytes;
}

void ct_cache_queue_push_(struct ct_policy_ *p, uint32_t queue, struct ct_cache_node_ *n)
{
        struct ct_cache_queue_ *q = &p->queue[queue];

        n->queue = queue;
        n->prev = NULL;
        n->next = q->head;
        if (q->head)
                q->head->prev = n;
        else
                q->tail = n;
        q->head = n;
        q->entries++;
        q->bytes += n->bytes;
}

void ct_cache_queue_take_(struct ct_policy_ *p, struct ct_cache_node_ *n)
{
        struct ct_cache_queue_ *q = &p->queue[n->queue];

#ifndef CT_PLANT_policy_hand_stays
        if (p->hand == n)
                p->hand = n->prev;
#endif
        *(n->prev ? &n->prev->next : &q->head) = n->next;
        *(n->next ? &n->next->prev : &q->tail) = n->prev;
        q->entries--;
        q->bytes -= n->bytes;
}

static bool used(struct ct_cache_node_ *n)
{
        return ct_load_u32_relaxed(&n->mark) != 0;
}

/* The oldest that was not used; those that were go to the head. */
static struct ct_cache_node_ *clock_victim(struct ct_policy_ *p, const struct ct_cache_node_ *keep)
{
        struct ct_cache_queue_ *q = &p->queue[CT_QUEUE_ONE];
        size_t chances = q->entries;
        struct ct_cache_node_ *n;

        while (n = ct_cache_queue_oldest_(q, keep), used(n) && chances) {
                chances--;
#ifndef CT_PLANT_policy_clock_never_clears
                ct_store_u32_relaxed(&n->mark, 0);
#endif
                ct_cache_queue_take_(p, n);
                ct_cache_queue_push_(p, CT_QUEUE_ONE, n);
        }
        return n;
}

/* The first from the hand towards newer ones that was not used, from the oldest on again behind the
   newest. The hand is left at the victim: taking it out of the queue moves it on. */
static struct ct_cache_node_ *sieve_victim(struct ct_policy_ *p, const struct ct_cache_node_ *keep)
{
        struct ct_cache_queue_ *q = &p->queue[CT_QUEUE_ONE];
        size_t chances = q->entries;
        struct ct_cache_node_ *n = p->hand ? p->hand : q->tail;

        while (n == keep || (used(n) && chances)) {
                if (n != keep) {
                        chances--;
                        ct_store_u32_relaxed(&n->mark, 0);
                }
                n = n->prev ? n->prev : q->tail;
        }
#ifndef CT_PLANT_policy_hand_restarts
        p->hand = n;
#endif
        return n;
}

static struct ct_cache_node_ *pick(struct ct_policy_ *p, const struct ct_cache_node_ *keep,
                                   bool by_bytes)
{
        switch (p->kind) {
        case CT_CACHE_CLOCK:
                return clock_victim(p, keep);
        case CT_CACHE_SIEVE:
                return sieve_victim(p, keep);
        case CT_CACHE_S3FIFO:
                return ct_s3fifo_victim_(p, keep, by_bytes);
        default:
                return ct_cache_queue_oldest_(&p->queue[CT_QUEUE_ONE], keep);
        }
}

static struct ct_cache_node_ *evict(struct ct_policy_ *p, const struct ct_cache_node_ *keep,
                                    bool by_bytes)
{
        struct ct_cache_node_ *n = pick(p, keep, by_bytes);

        ct_policy_remove_(p, n);
        return n;
}

struct ct_cache_node_ *ct_policy_victim_(struct ct_policy_ *p, size_t bytes)
{
        if (p->entries >= p->max_entries)
                return evict(p, NULL, false);
        if (p->entries && p->bytes > p->max_bytes - bytes)
                return evict(p, NULL, true);
        return NULL;
}

struct ct_cache_node_ *ct_policy_victim_for_(struct ct_policy_ *p, const struct ct_cache_node_ *was,
                                             size_t bytes)
{
        if (p->entries > 1 && p->bytes - was->bytes > p->max_bytes - bytes)
                return evict(p, was, true);
        return NULL;
}

void ct_policy_insert_(struct ct_policy_ *p, struct ct_cache_node_ *n)
{
        p->entries++;
        p->bytes += n->bytes;
        ct_store_u32_relaxed(&n->mark, 0);
        if (p->kind == CT_CACHE_S3FIFO)
                ct_s3fifo_insert_(p, n);
        else if (p->kind != CT_CACHE_KEEP)
                ct_cache_queue_push_(p, CT_QUEUE_ONE, n);
}

void ct_policy_remove_(struct ct_policy_ *p, struct ct_cache_node_ *n)
{
        p->entries--;
        p->bytes -= n->bytes;
        if (p->kind != CT_CACHE_KEEP)
                ct_cache_queue_take_(p, n);
}

void ct_policy_clear_(struct ct_policy_ *p)
{
        p->entries = p->bytes = 0;
        p->hand = NULL;
        memset(p->queue, 0, sizeof p->queue);
        if (p->ghosts)
                ct_cache_ghosts_clear_(p->ghosts);
}

void ct_policy_replace_(struct ct_policy_ *p, struct ct_cache_node_ *was,
                        struct ct_cache_node_ *now)
{
        struct ct_cache_queue_ *q = &p->queue[was->queue];

        p->bytes += now->bytes - was->bytes; /* modulo SIZE_MAX + 1, as below */
        if (p->kind == CT_CACHE_KEEP)
                return;
#ifndef CT_PLANT_policy_replace_keeps_bytes
        q->bytes += now->bytes - was->bytes;
#endif
        now->prev = was->prev;
        now->next = was->next;
        now->queue = was->queue;
        *(now->prev ? &now->prev->next : &q->head) = now;
        *(now->next ? &now->next->prev : &q->tail) = now;
        if (p->hand == was)
                p->hand = now;
        ct_store_u32_relaxed(&now->mark, ct_load_u32_relaxed(&was->mark));
#ifndef CT_PLANT_policy_replace_is_no_use
        ct_policy_touch_(p, now);
#endif
}

void ct_policy_touch_(struct ct_policy_ *p, struct ct_cache_node_ *n)
{
        if (p->kind != CT_CACHE_LRU) {
                ct_policy_hit_(p, n);
        } else if (n != p->queue[CT_QUEUE_ONE].head) {
                ct_cache_queue_take_(p, n);
                ct_cache_queue_push_(p, CT_QUEUE_ONE, n);
        }
}
