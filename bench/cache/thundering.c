#include "cache/guide.h"
#include "cache/workload.h"

/* No get_or_load: whoever misses computes and sets, and so do all the others who miss meanwhile. A
   value that is older than the clock counts as missing, as where a time of expiry is kept in it. */
struct table {
        struct ct_guide_mutex_cache cache;
};

#define STAMPEDE_ONE 0
#include "cache/stampede.h"

static int stampede_open(struct stampede *s)
{
        return ct_guide_mutex_cache_init(&s->table.cache, &(struct ct_cache_options){.seed = 1});
}

static void stampede_close(struct stampede *s)
{
        ct_guide_mutex_cache_destroy(&s->table.cache);
}

static int stampede_get(struct stampede *s, struct worker *w)
{
        struct cache_worker *l = w->local;
        size_t size;
        int rc = ct_guide_mutex_cache_get(&s->table.cache, stampede_key, sizeof stampede_key,
                                          l->value, STAMPEDE_BYTES, &size);

        if (rc && rc != -ENOENT)
                return rc;
        if (!rc && cache_value_stamp(l->value[0]) >= ct_load_u64_acquire(&s->clock))
                return 0;
        stampede_load(s, w, l->value);
        return ct_guide_mutex_cache_set(&s->table.cache, stampede_key, sizeof stampede_key,
                                        l->value, STAMPEDE_BYTES);
}

static bool stampede_count(struct stampede *s, struct cache_counts *counts, uint64_t *loads)
{
        (void)s;
        (void)counts;
        (void)loads;
        return false;
}

static int worker_begin(void *self, struct worker *w)
{
        return cache_worker_begin(self, w);
}

static void worker_end(void *self, struct worker *w)
{
        cache_worker_end(self, w);
}

extern const struct contestant cache_thundering;
const struct contestant cache_thundering = {
        .name = "thundering",
        .source =
                "the guides' cache under a Mutex, without single flight: get, else compute and set",
        .caps = CAP_PARKS | CAP_THREADS_ONLY,
        .word = "ct_hash",
        .size = sizeof(struct stampede),
        .align = CT_CACHE_PAIR,
        .init = init_stampede,
        .run = {[CACHE_STAMPEDE] = run_stampede},
        .check = check_stampede,
        .fini = fini_stampede,
        .worker_init = worker_begin,
        .worker_fini = worker_end,
};
