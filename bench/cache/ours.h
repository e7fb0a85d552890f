/*
 * One of ours without a bound: get_set, and stampede. After table.h. No include guard: one file,
 * one contestant.
 */

#define STAMPEDE_ONE 1
#include "cache/stampede.h"

static int64_t stampede_now(void *clock)
{
        return (int64_t)ct_load_u64_acquire((const ct_atomic_u64 *)clock);
}

static int stampede_open(struct stampede *s)
{
        struct ct_cache_options o = {
                .seed = 1, .expected = 1, .ttl_ns = 1, .now_ns = stampede_now, .clock = &s->clock};

        return OP(_init)(&s->table.cache, &o);
}

static void stampede_close(struct stampede *s)
{
        OP(_destroy)(&s->table.cache);
}

struct stampede_call {
        struct stampede *s;
        struct worker *w;
};

static int stampede_loader(void *context, const void *key, size_t key_size, const void **value,
                           size_t *size, int64_t *ttl_ns)
{
        struct stampede_call *call = context;
        struct cache_worker *l = call->w->local;

        (void)key;
        (void)key_size;
        (void)ttl_ns;
        stampede_load(call->s, call->w, l->loaded);
        *value = l->loaded;
        *size = STAMPEDE_BYTES;
        return 0;
}

static int stampede_get(struct stampede *s, struct worker *w)
{
        struct stampede_call call = {s, w};
        struct ct_cache_loader loader = {.load = stampede_loader, .context = &call};
        struct cache_worker *l = w->local;
        size_t size;
        int rc = OP(_get_or_load)(&s->table.cache, stampede_key, sizeof stampede_key, &loader,
                                  CT_FOREVER, l->value, STAMPEDE_BYTES, &size);

#ifdef CT_PLANT_cache_bench_loads_again
        if (w->cursor % 256 == 0)
                stampede_load(s, w, l->value);
#endif
        return rc || size == STAMPEDE_BYTES ? rc : -EBADMSG;
}

static bool stampede_count(struct stampede *s, struct cache_counts *counts, uint64_t *loads)
{
        struct ct_cache_stats stats;

        OP(_stats)(&s->table.cache, &stats);
        *loads = stats.loads;
        table_count(&s->table, counts);
        return true;
}

#include "cache/filled.h"

/* A stampede has no keys but one. */
static int init(void *self, const struct params *p, unsigned threads)
{
        return (p->value[P_KEYS] < 0 ? init_stampede : kept_init)(self, p, threads);
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        return (t->params->value[P_KEYS] < 0 ? check_stampede : kept_check)(self, t, metrics);
}

static void fini(void *self)
{
        const struct cache_window *w = self;

        if (!w->keys)
                fini_stampede(self);
}

union storage {
        struct cache cache;
        struct stampede stampede;
};

#define INIT init
#define CHECK check
#define FINI fini
#define STORAGE union storage
#define OTHER_RUNS [CACHE_STAMPEDE] = run_stampede
#include "cache/loop.h"
