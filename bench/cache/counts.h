/*
 * Per-key counters as a contestant of get_set: COUNTERS is their struct's name and their functions'
 * prefix, COUNTERS_INIT(c, keys) makes empty ones for these keys. The file has CONTESTANT, NAME,
 * SOURCE and CAPS as well. No include guard: one file, one contestant.
 */
#include "cache/workload.h"

#define COUNTERS_PASTE_(name, op) name##op
#define COUNTERS_PASTE(name, op) COUNTERS_PASTE_(name, op)
#define OP(op) COUNTERS_PASTE(COUNTERS, op)

/* A get reads the key's count, a set adds 1 to it. Present keys have a count of at least 1. */
struct cache {
        struct cache_window window;
        struct COUNTERS *counters;
};

/* Filled once, found with exactly `total` by the next window. */
static struct {
        struct COUNTERS counters;
        bool full;
        int64_t keys;
        uint64_t total;
} kept;

/* The value is the count. */
static inline int cache_get(struct cache *c, const struct cache_key *key, cache_draw draw,
                            uint64_t *value, size_t bytes)
{
        (void)draw;
        (void)bytes;
        *value = OP(_get)(c->counters, key->text, key->size);
        return *value > 0;
}

static inline int cache_set(struct cache *c, const struct cache_key *key, cache_draw draw,
                            const uint64_t *value, size_t bytes)
{
        (void)draw;
        (void)value;
        (void)bytes;
        return OP(_add)(c->counters, key->text, key->size, 1);
}

static void empty(void)
{
        if (kept.full)
                OP(_destroy)(&kept.counters);
        kept.full = false;
}

static int fill(const struct cache_keys *keys)
{
        int rc = COUNTERS_INIT(&kept.counters, keys);

        if (rc)
                return rc;
        kept.full = true;
        kept.keys = keys->n;
        kept.total = 0;
        for (uint32_t key = 0; key < keys->n && !rc; key++) {
                if (keys->absent[key])
                        continue;
                rc = OP(_add)(&kept.counters, keys->key[key].text, keys->key[key].size, 1);
                kept.total++;
        }
        return rc;
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct cache *c = self;
        int rc = cache_keys_prepare(p, threads, &c->window.keys);

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
                uint64_t count = OP(_get)(c->counters, keys->key[key].text, keys->key[key].size);

                total += count;
                if ((count == 0) != keys->absent[key])
                        rc = -EBADMSG;
        }
        kept.total += c->window.tally.sets;
        if (total != kept.total)
                rc = -EBADMSG;
        if (rc)
                empty(); /* the next window gets a fresh one */
        return rc;
}

#define HASH "ct_hash"
/* What a count must be at this moment nobody can say; their sum is looked at in the end. */
#define VALUE_RIGHT(value, bytes, key) ((void)(value), (void)(bytes), (void)(key), true)
#define INIT init
#define CHECK check
#include "cache/loop.h"
