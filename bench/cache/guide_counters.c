#include "cache/counters.h"

#include "cache/workload.h"

/* A get reads the key's count, a set adds 1 to it. Present keys have a count of at least 1. */
struct cache {
        struct cache_window window;
        struct ct_guide_counters *counters;
};

/* Filled once, found with exactly `total` by the next window. */
static struct {
        struct ct_guide_counters counters;
        bool full;
        int64_t keys;
        uint64_t total;
} kept;

static inline int cache_get(struct cache *c, const char *text, cache_draw draw)
{
        (void)draw;
        return ct_guide_counters_get(c->counters, text, KEY_SIZE) > 0;
}

static inline int cache_set(struct cache *c, const char *text, cache_draw draw, uint64_t stamp)
{
        (void)draw;
        (void)stamp;
        return ct_guide_counters_add(c->counters, text, KEY_SIZE, 1);
}

static void empty(void)
{
        if (kept.full)
                ct_guide_counters_destroy(&kept.counters);
        kept.full = false;
}

static int fill(const struct cache_keys *keys)
{
        struct ct_counters_options o = {.seed = 1, .expected = (size_t)keys->n};
        int rc = ct_guide_counters_init(&kept.counters, &o);

        if (rc)
                return rc;
        kept.full = true;
        kept.keys = keys->n;
        kept.total = 0;
        for (uint32_t key = 0; key < keys->n && !rc; key++) {
                if (keys->absent[key])
                        continue;
                rc = ct_guide_counters_add(&kept.counters, keys->text[key], KEY_SIZE, 1);
                kept.total++;
        }
        return rc;
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct cache *c = self;
        int rc = cache_keys_prepare(p, &c->window.keys);

        (void)threads;
        if (rc)
                return rc;
        if (!kept.full || kept.keys != p->value[P_KEYS]) {
                empty();
                rc = fill(c->window.keys);
                if (rc) {
                        empty();
                        return rc;
                }
        }
        c->counters = &kept.counters;
        return 0;
}

/* No add lost, none counted twice: the sum over all keys has grown by the adds of the window. */
static int check(const void *self, const struct totals *t, double *metrics)
{
        const struct cache *c = self;
        const struct cache_keys *keys = c->window.keys;
        int rc = cache_check_window(&c->window, t, metrics);
        uint64_t total = 0;

        for (int64_t key = 0; key < keys->n; key++) {
                uint64_t count = ct_guide_counters_get(c->counters, keys->text[key], KEY_SIZE);

                total += count;
                if ((count == 0) != keys->absent[key])
                        rc = -EBADMSG;
        }
        kept.total += ct_load_u64_relaxed(&c->window.sets);
        if (total != kept.total)
                rc = -EBADMSG;
        if (rc)
                empty(); /* the next window gets a fresh one */
        return rc;
}

#define CONTESTANT cache_guide_counters
#define NAME "guide_counters"
#define SOURCE "Go Concurrency Patterns: A Practical Walkthrough: UserCounters"
#define CAPS CAP_PARKS
#define INIT init
#define CHECK check
#include "cache/loop.h"
