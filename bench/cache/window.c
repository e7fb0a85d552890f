#include "cache/workload.h"

int cache_worker_begin(const struct cache_window *c, struct worker *w)
{
        struct cache_worker *l = aligned_alloc(CT_CACHE_PAIR, sizeof *l);

        if (!l)
                return -ENOMEM;
        /* Workers' stamps begin far apart, so that two who set one key at a time set two values. */
        /* Workers' stamps begin far apart, so that two who set one key at a time set two values. */
        *l = (struct cache_worker){.stamp = (uint64_t)w->index << (VALUE_STAMP_BITS - 6)};
        if (c->keys) {
                l->key = c->keys->key;
                l->draws = cache_keys_draws(c->keys, w);
                l->draws_mask = c->keys->draws - 1;
                w->cursor = ct_rng_next(&w->rng); /* no two windows are the same */
        }
        if (c->keys && !l->draws) {
                free(l);
                return -ENOMEM;
        }
        w->local = l;
        return 0;
}

void cache_worker_end(struct cache_window *c, struct worker *w)
{
        struct cache_worker *l = w->local;

        cache_add(&c->tally.gets, l->tally.gets);
        cache_add(&c->tally.hits, l->tally.hits);
        cache_add(&c->tally.sets, l->tally.sets);
        cache_add(&c->tally.wrong, l->tally.wrong);
        free(l);
        w->local = NULL;
}

int cache_check_window(const struct cache_window *c, const struct totals *t, double *metrics)
{
        if (c->tally.gets)
                metrics[M_HIT_RATIO] = (double)c->tally.hits / (double)c->tally.gets;
        if (c->tally.wrong || c->tally.gets + c->tally.sets != t->ops)
                return -EBADMSG;
        return 0;
}
