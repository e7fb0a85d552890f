#include "cache/workload.h"

int cache_worker_begin(const struct cache_window *c, struct worker *w)
{
        struct cache_worker *l = aligned_alloc(CT_CACHE_PAIR, sizeof *l);

        if (!l)
                return -ENOMEM;
        *l = (struct cache_worker){
                .keys = c->keys,
                .draws = aligned_alloc(CT_CACHE_PAIR, CACHE_DRAWS * sizeof *l->draws),
                .stamp = (uint64_t)w->index << 48};
        if (!l->draws) {
                free(l);
                return -ENOMEM;
        }
        cache_keys_draw(l->keys, w->params->value[P_READ_PCT], &w->rng, l->draws);
        w->local = l;
        return 0;
}

void cache_worker_end(struct cache_window *c, struct worker *w)
{
        struct cache_worker *l = w->local;

        ct_add_u64_relaxed(&c->gets, l->tally.gets);
        ct_add_u64_relaxed(&c->hits, l->tally.hits);
        ct_add_u64_relaxed(&c->sets, l->tally.sets);
        ct_add_u64_relaxed(&c->wrong, l->tally.wrong);
        free(l->draws);
        free(l);
        w->local = NULL;
}

int cache_check_window(const struct cache_window *c, const struct totals *t, double *metrics)
{
        uint64_t gets = ct_load_u64_relaxed(&c->gets), hits = ct_load_u64_relaxed(&c->hits);

        if (gets)
                metrics[M_HIT_RATIO] = (double)hits / (double)gets;
        if (ct_load_u64_relaxed(&c->wrong) || gets + ct_load_u64_relaxed(&c->sets) != t->ops)
                return -EBADMSG;
        return 0;
}
