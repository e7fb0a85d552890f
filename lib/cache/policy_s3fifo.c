/*
 * S3-FIFO. Source: Yang, Zhang, Qiu, Yue and Vinayak, "FIFO queues are all you need for cache
 * eviction" (SOSP 2023), algorithm 1; own code. New entries come into the small queue, which has a
 * tenth of the room. At its end those that were used SMALL_USES times go over into the main queue,
 * with their mark cleared; the others are evicted and remembered by their hash. Who comes back
 * while remembered goes into the main queue at once. There the oldest goes round again as often as
 * its mark says, and one less each time.
 *
 * Room is made at the end of the small queue while that has its share, else at the main queue's.
 */
#include "cache/policy_private.h"

enum { SMALL_SHARE = 10, SMALL_USES = 2 };

static bool has_its_share(const struct ct_policy_ *p, bool by_bytes)
{
        const struct ct_cache_queue_ *small = &p->queue[CT_QUEUE_SMALL];

#ifdef CT_PLANT_policy_share_by_entries
        by_bytes = false;
#endif
        if (by_bytes)
                return small->bytes >= p->max_bytes / SMALL_SHARE;
        return small->entries >= p->max_entries / SMALL_SHARE;
}

/* As many as the main queue's share. */
static size_t remembered(size_t entries)
{
        return entries - entries / SMALL_SHARE;
}

int ct_s3fifo_init_(struct ct_policy_ *p)
{
        size_t most = remembered(p->max_entries);

        /* Bytes do not tell how many entries there will be. */
        p->ghosts = ct_cache_ghosts_new_(p->max_bytes == SIZE_MAX ? most : 0, most);
        return p->ghosts ? 0 : -ENOMEM;
}

static struct ct_cache_node_ *from_small(struct ct_policy_ *p, const struct ct_cache_node_ *keep)
{
        struct ct_cache_queue_ *small = &p->queue[CT_QUEUE_SMALL];
        struct ct_cache_node_ *n;

        while ((n = ct_cache_queue_oldest_(small, keep))) {
                if (ct_load_u32_relaxed(&n->mark) < SMALL_USES) {
                        ct_cache_ghosts_add_(p->ghosts, n->hash, remembered(p->entries));
                        return n;
                }
#ifndef CT_PLANT_policy_promoted_keeps_mark
                ct_store_u32_relaxed(&n->mark, 0);
#endif
                ct_cache_queue_take_(p, n);
                ct_cache_queue_push_(p, CT_QUEUE_MAIN, n);
        }
        return NULL;
}

static struct ct_cache_node_ *from_main(struct ct_policy_ *p, const struct ct_cache_node_ *keep)
{
        struct ct_cache_queue_ *main = &p->queue[CT_QUEUE_MAIN];
        size_t chances = main->entries * CT_CACHE_MARK_MOST_;
        struct ct_cache_node_ *n;
        uint32_t mark;

        while ((n = ct_cache_queue_oldest_(main, keep))) {
                mark = ct_load_u32_relaxed(&n->mark);
                if (!mark || !chances)
                        return n;
                chances--;
                ct_store_u32_relaxed(&n->mark, mark - 1);
                ct_cache_queue_take_(p, n);
                ct_cache_queue_push_(p, CT_QUEUE_MAIN, n);
        }
        return NULL;
}

struct ct_cache_node_ *ct_s3fifo_victim_(struct ct_policy_ *p, const struct ct_cache_node_ *keep,
                                         bool by_bytes)
{
        struct ct_cache_node_ *n = has_its_share(p, by_bytes) ? from_small(p, keep) : NULL;

        if (!n)
                n = from_main(p, keep);
        if (!n)
                n = from_small(p, keep);
        return n ? n : from_main(p, keep); /* where those of the small queue have gone */
}

void ct_s3fifo_insert_(struct ct_policy_ *p, struct ct_cache_node_ *n)
{
        bool again = ct_cache_ghosts_take_(p->ghosts, n->hash);

        ct_cache_queue_push_(p, again ? CT_QUEUE_MAIN : CT_QUEUE_SMALL, n);
}
