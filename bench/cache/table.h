/* A cache with the operations of lib/cache/cache.h: TABLE is its struct's name and their prefix. */

#include "cache/cache.h"

#define TABLE_PASTE_(name, op) name##op
#define TABLE_PASTE(name, op) TABLE_PASTE_(name, op)
#define OP(op) TABLE_PASTE(TABLE, op)

/* Filled once, found unchanged by the next window: it only ever replaces values. */
struct kept {
        struct TABLE table;
        bool full;
        int64_t keys, shards; /* what it was filled for */
        uint64_t entries;
};

struct cache {
        struct cache_window window;
        struct TABLE *table;
        struct kept *kept;
};

/* Several, because a block's windows go to and fro between numbers of shards. */
static struct kept kept_tables[16];

static struct kept *kept_for(int64_t shards)
{
        unsigned slot = 0;

        while (slot < 15 && shards >> slot > 0)
                slot++;
        return &kept_tables[slot];
}

static inline int cache_get(struct cache *c, const char *text, cache_draw draw)
{
        struct cache_value v;
        size_t size;
        int rc = OP(_get)(c->table, text, KEY_SIZE, &v, sizeof v, &size);

        if (rc)
                return rc == -ENOENT ? 0 : -1;
        return size == sizeof v && cache_value_right(&v, draw & DRAW_KEY) ? 1 : -1;
}

static inline int cache_set(struct cache *c, const char *text, cache_draw draw, uint64_t stamp)
{
        struct cache_value v = cache_value_of(draw & DRAW_KEY, stamp);

        return OP(_set)(c->table, text, KEY_SIZE, &v, sizeof v);
}

static int fill(struct kept *kept, const struct cache_keys *keys, int64_t shards)
{
        struct ct_cache_options o = {.seed = 1, .expected = (size_t)keys->n};
        int rc;

        o.shards = shards > 0 ? (unsigned)shards : 0;
        rc = OP(_init)(&kept->table, &o);
        if (rc)
                return rc;
        kept->full = true;
        kept->keys = keys->n;
        kept->shards = shards;
        kept->entries = 0;
        for (uint32_t key = 0; key < keys->n; key++) {
                struct cache_value v = cache_value_of(key, 0);

                if (keys->absent[key])
                        continue;
                rc = OP(_set)(&kept->table, keys->text[key], KEY_SIZE, &v, sizeof v);
                if (rc)
                        return rc;
                kept->entries++;
        }
        return 0;
}

static void empty(struct kept *kept)
{
        if (kept->full)
                OP(_destroy)(&kept->table);
        kept->full = false;
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct cache *c = self;
        struct ct_cache_stats stats;
        struct kept *kept = kept_for(p->value[P_SHARDS]);
        int rc = cache_keys_prepare(p, &c->window.keys);

        (void)threads;
        if (rc)
                return rc;
        if (!kept->full || kept->keys != p->value[P_KEYS] || kept->shards != p->value[P_SHARDS]) {
                empty(kept);
                rc = fill(kept, c->window.keys, p->value[P_SHARDS]);
                if (rc) {
                        empty(kept);
                        return rc;
                }
        }
        c->kept = kept;
        c->table = &kept->table;
        OP(_stats)(c->table, &stats);
        c->window.hits_before = stats.hits;
        c->window.misses_before = stats.misses;
        return 0;
}

/* Every 97th key as the window has left it: there or not, and whole. */
static bool keys_right(struct cache *c)
{
        const struct cache_keys *keys = c->window.keys;

        for (uint32_t key = 0; key < keys->n; key += 97)
                if (cache_get(c, keys->text[key], key) != !keys->absent[key])
                        return false;
        return true;
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        struct cache c = *(const struct cache *)self;
        uint64_t hits = ct_load_u64_relaxed(&c.window.hits);
        uint64_t misses = ct_load_u64_relaxed(&c.window.gets) - hits;
        struct ct_cache_stats stats;
        int rc = cache_check_window(&c.window, t, metrics);

        OP(_stats)(c.table, &stats);
        if (stats.hits - c.window.hits_before != hits ||
            stats.misses - c.window.misses_before != misses || stats.entries != c.kept->entries ||
            !keys_right(&c))
                rc = -EBADMSG;
        if (rc)
                empty(c.kept); /* the next window gets a fresh one */
        return rc;
}

#define INIT init
#define CHECK check
#include "cache/loop.h"
