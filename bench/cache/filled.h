/*
 * A full cache whose values are got and replaced: struct cache, and kept_init() and kept_check()
 * for the descriptor. No include guard: one file, one contestant. C and C++. For what the file has,
 * see kept.h.
 */

#ifndef VALUE_RIGHT
#define VALUE_RIGHT(value, bytes, key) cache_value_right(value, bytes, key)
#endif

#include "cache/kept_table.h"

struct cache {
        struct cache_window window;
        struct table *table;
        struct kept *kept;
        struct cache_counts before;
        uint64_t locks_before, contended_before;
};

static inline int cache_get(struct cache *c, const struct cache_key *key, cache_draw draw,
                            uint64_t *value, size_t bytes)
{
        return table_get(c->table, key, draw, value, bytes);
}

static inline int cache_set(struct cache *c, const struct cache_key *key, cache_draw draw,
                            const uint64_t *value, size_t bytes)
{
        return table_set(c->table, key, draw, value, bytes);
}

static int fill_table(struct kept *kept, const struct cache_keys *keys, size_t bytes)
{
        uint64_t value[MAX_VALUE_BYTES / 8];
        int rc = 0;

        for (uint32_t key = 0; key < keys->n && !rc; key++) {
                if (keys->absent[key])
                        continue;
                cache_value_fill(value, bytes, key, 0);
                rc = table_set(&kept->table, &keys->key[key], key, value, bytes);
                kept->entries++;
        }
        return rc;
}

/* It only ever has values replaced, so each window finds the same keys. */
static int fill(struct kept *kept, const struct cache_keys *keys, const struct params *p)
{
        struct cache_setup setup = kept_setup(kept, keys, p);
        struct cache_memory before;
        int rc;

#ifdef TABLE_FREE_WAITING
        TABLE_FREE_WAITING();
#endif
        before = cache_memory_now();
        rc = table_init(&kept->table, &setup);
        if (rc)
                return rc;
        kept->full = true;
        rc = fill_table(kept, keys, setup.value_bytes);
#ifdef TABLE_FREE_WAITING
        TABLE_FREE_WAITING();
#endif
        kept->bytes_per_entry = cache_bytes_per_entry(&before, kept->entries);
        return rc;
}

static void count(struct cache *c, struct cache_counts *counts, uint64_t *locks,
                  uint64_t *contended)
{
        (void)c;
        *counts = (struct cache_counts){0, 0, 0, 0};
        *locks = *contended = 0;
#ifdef TABLE_COUNTS
        TABLE_COUNTS(c->table, counts);
#endif
#ifdef TABLE_CONTENTION
        TABLE_CONTENTION(c->table, locks, contended);
#endif
}

static int kept_init(void *self, const struct params *p, unsigned threads)
{
        struct cache *c = (struct cache *)self;
        int rc = cache_keys_prepare(p, threads, &c->window.keys);

        if (rc)
                return rc;
        c->kept = kept_for(p);
        if (!c->kept->full)
                rc = fill(c->kept, c->window.keys, p);
        if (rc) {
                drop_kept(c->kept);
                return rc;
        }
        kept_used(c->kept);
        c->table = &c->kept->table;
        count(c, &c->before, &c->locks_before, &c->contended_before);
        return 0;
}

/* Every 97th key as the window has left it: there or not, and whole. */
static bool keys_right(struct cache *c)
{
        const struct cache_keys *keys = c->window.keys;
        size_t bytes = (size_t)c->kept->value_bytes;
        uint64_t value[MAX_VALUE_BYTES / 8];

        for (uint32_t key = 0; key < keys->n; key += 97) {
                int found = cache_get(c, &keys->key[key], key, value, bytes);

                if (found != !keys->absent[key] || (found == 1 && !VALUE_RIGHT(value, bytes, key)))
                        return false;
        }
        return true;
}

static int kept_check(const void *self, const struct totals *t, double *metrics)
{
        struct cache c = *(const struct cache *)self;
        struct cache_counts after;
        uint64_t locks, contended;
        int rc = cache_check_window(&c.window, t, metrics);

        count(&c, &after, &locks, &contended);
        metrics[M_BYTES_PER_ENTRY] = c.kept->bytes_per_entry;
        metrics[M_CONTENDED_PCT] =
                cache_pct(contended - c.contended_before, locks - c.locks_before);
#ifdef TABLE_COUNTS
        if (after.hits - c.before.hits != c.window.tally.hits ||
            after.misses - c.before.misses != c.window.tally.gets - c.window.tally.hits ||
            after.entries != c.kept->entries)
                rc = -EBADMSG;
#endif
        if (!keys_right(&c))
                rc = -EBADMSG;
        if (rc)
                drop_kept(c.kept); /* the next window gets a fresh one */
        return rc;
}
