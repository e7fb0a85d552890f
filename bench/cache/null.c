#include "cache/workload.h"

/* The loop itself: draws, and the bytes of the key. What every other contestant pays too. */
struct cache {
        struct cache_window window;
};

static inline int cache_get(struct cache *c, const char *text, cache_draw draw)
{
        uint64_t word[2];

        (void)c;
        memcpy(word, text, sizeof word);
        __asm__ __volatile__("" ::"r"(word[0] ^ word[1]) : "memory"); /* the key is wanted */
        return !!(draw &
                  DRAW_PRESENT); /* the right answer, so that the oracle has nothing to say */
}

static inline int cache_set(struct cache *c, const char *text, cache_draw draw, uint64_t stamp)
{
        struct cache_value v = cache_value_of(draw & DRAW_KEY, stamp);
        uint64_t word[2];

        (void)c;
        memcpy(word, text, sizeof word);
        __asm__ __volatile__("" ::"r"(word[0] ^ word[1] ^ v.both) : "memory");
        return 0;
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct cache *c = self;

        (void)threads;
        return cache_keys_prepare(p, &c->window.keys);
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
#define SOURCE "the measured loop and its keys without a cache"
#define CAPS CAP_FLOOR
#define INIT init
#define CHECK check
#include "cache/loop.h"
