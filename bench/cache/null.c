#include "cache/workload.h"

/* The loop itself: draws, the bytes of the key, and making, copying and looking at the value. What
   every other contestant pays too. */
struct cache {
        struct cache_window window;
};

static inline int cache_get(struct cache *c, const struct cache_key *key, cache_draw draw,
                            uint64_t *value, size_t bytes)
{
        struct cache_key k = *key;

        (void)c;
        __asm__ __volatile__("" ::"r"(&k) : "memory"); /* the key is wanted */
        cache_value_fill(value, bytes, draw & DRAW_KEY, draw);
        return !!(draw & DRAW_PRESENT); /* the right answer: the oracle has nothing to say */
}

static inline int cache_set(struct cache *c, const struct cache_key *key, cache_draw draw,
                            const uint64_t *value, size_t bytes)
{
        struct cache_key k = *key;

        (void)c;
        (void)draw;
        (void)bytes;
        __asm__ __volatile__("" ::"r"(&k), "r"(value) : "memory");
        return 0;
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct cache *c = self;

        return cache_keys_prepare(p, threads, &c->window.keys);
}

/* It has no cache, so its hit ratio would mean nothing. */
static int check(const void *self, const struct totals *t, double *metrics)
{
        int rc = cache_check_window(self, t, metrics);

        metrics[M_HIT_RATIO] = NAN;
        return rc;
}

#define CONTESTANT cache_null
#define NAME "null"
#define SOURCE "the measured loop, its keys and values without a cache"
#define CAPS CAP_FLOOR
#define HASH NULL
#define INIT init
#define CHECK check
#include "cache/loop.h"
