/*
 * Full caches that a contestant keeps from window to window: several, because a block's windows go
 * to and fro between parameters. No include guard: one file, one contestant. C and C++. The file
 * has struct table and table_destroy(t).
 */

/* What an entry takes beside its value, at most: for the budget. */
enum { CACHE_ENTRY_MOST = 128, KEPT = 10 };

struct kept {
        struct cache_keep keep; /* first: what empty_kept() is called with */
        struct table table;
        bool full;
        int64_t keys, skew, shards, value_bytes, capacity; /* what it was filled for */
        uint64_t entries;                                  /* when it had been filled */
        double bytes_per_entry;
        uint64_t turn;
};

static struct kept kept_tables[KEPT];
static uint64_t kept_turn;

static void empty_kept(struct cache_keep *keep)
{
        struct kept *kept = (struct kept *)(void *)keep;

        if (kept->full)
                table_destroy(&kept->table);
        kept->full = false;
}

static void drop_kept(struct kept *kept)
{
        empty_kept(&kept->keep);
        cache_keep_remove(&kept->keep);
}

/* An unbounded cache has all keys in it, however they are drawn. */
static bool is_for(const struct kept *k, const struct params *p)
{
        return k->full && k->keys == p->value[P_KEYS] && k->shards == p->value[P_SHARDS] &&
               k->value_bytes == p->value[P_VALUE_BYTES] && k->capacity == p->value[P_CAPACITY] &&
               (k->capacity <= 0 || k->skew == p->value[P_SKEW]);
}

/* The one for these parameters, or else the one that was used longest ago, emptied. */
static struct kept *kept_for(const struct params *p)
{
        struct kept *oldest = kept_tables;

        for (struct kept *k = kept_tables; k < kept_tables + KEPT; k++) {
                if (is_for(k, p))
                        return k;
                if (k->turn < oldest->turn)
                        oldest = k;
        }
        drop_kept(oldest);
        return oldest;
}

/* Room for it, and what is to be made. */
static struct cache_setup kept_setup(struct kept *kept, const struct cache_keys *keys,
                                     const struct params *p)
{
        struct cache_setup s = {(size_t)p->value[P_KEYS], 0, 0, 0, keys};

        s.value_bytes = (size_t)p->value[P_VALUE_BYTES];
        s.shards = p->value[P_SHARDS] > 0 ? (unsigned)p->value[P_SHARDS] : 0;
        if (p->value[P_CAPACITY] > 0)
                s.expected = s.capacity = (size_t)p->value[P_CAPACITY];
        kept->keep.empty = empty_kept;
        kept->keep.bytes = s.expected * (s.value_bytes + CACHE_ENTRY_MOST);
        kept->keys = p->value[P_KEYS];
        kept->skew = p->value[P_SKEW];
        kept->shards = p->value[P_SHARDS];
        kept->value_bytes = p->value[P_VALUE_BYTES];
        kept->capacity = p->value[P_CAPACITY];
        kept->entries = 0;
        cache_keep_room(kept->keep.bytes);
        return s;
}

static void kept_used(struct kept *kept)
{
        kept->turn = ++kept_turn;
        cache_keep_add(&kept->keep);
}
