/*
 * Cache-aside with a bounded cache, and what else a bounded one does. After table.h. No include
 * guard: one file, one contestant.
 */

#include "cache/kept_table.h"
#include "cache/trace_cache.h"
#include "harness/work.h"

struct cache {
        struct cache_window window;
        struct table *table;
        struct kept *kept;
        struct cache_counts before;
};

enum { FILL_TIMES = 4 }; /* so many draws for each entry of the capacity, before the first window */

static uint64_t run_aside(void *self, struct worker *w, uint64_t n)
{
        struct cache *c = self;
        struct cache_worker *l = w->local;
        size_t bytes = (size_t)w->params->value[P_VALUE_BYTES];
        uint64_t cursor = w->cursor, hits = 0, sets = 0, wrong = 0;

        for (uint64_t i = 0; i < n; i++) {
                cache_draw draw = l->draws[cursor++ & l->draws_mask];
                const struct cache_key *key = &l->key[draw & DRAW_KEY];
                int found;

                cache_fetch_ahead(l, cursor);
                found = table_get(c->table, key, draw, l->value, bytes);
                if (found == 1) {
                        wrong += !cache_value_right(l->value, bytes, draw & DRAW_KEY);
                        hits++;
                        continue;
                }
                work_spin(w->hold_turns);
                cache_value_fill(l->value, bytes, draw & DRAW_KEY, ++l->stamp);
#ifdef CT_PLANT_cache_bench_forgets
                if (!(draw & 63)) {
                        sets++;
                        continue;
                }
#endif
                wrong += found < 0 || table_set(c->table, key, draw, l->value, bytes) != 0;
                sets++;
        }
        w->cursor = cursor;
        l->tally.gets += n;
        l->tally.hits += hits;
        l->tally.sets += sets;
        l->tally.wrong += wrong;
        return n;
}

static int fill(struct kept *kept, const struct cache_keys *keys, const struct params *p)
{
        struct cache_setup setup = kept_setup(kept, keys, p);
        uint64_t value[MAX_VALUE_BYTES / 8];
        struct ct_rng rng;
        int rc = table_init(&kept->table, &setup);

        if (rc)
                return rc;
        kept->full = true;
        kept->bytes_per_entry = NAN;
        ct_rng_seed(&rng, (uint64_t)keys->n);
        for (size_t i = 0; i < FILL_TIMES * setup.capacity && !rc; i++) {
                uint32_t key = cache_keys_one(keys, &rng);
                const struct cache_key *k = &keys->key[key];

                if (table_get(&kept->table, k, key, value, setup.value_bytes) == 1)
                        continue;
                cache_value_fill(value, setup.value_bytes, key, 0);
                rc = table_set(&kept->table, k, key, value, setup.value_bytes);
        }
        return rc;
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct cache *c = self;
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
        TABLE_COUNTS(c->table, &c->before);
        return 0;
}

/* What was set came in or took the place of its like, which another had set meanwhile; what came in
   is there or has been evicted. */
static bool adds_up(const struct cache *c, const struct cache_counts *after, unsigned threads)
{
        const struct cache_tally *t = &c->window.tally;
        uint64_t in = after->entries + after->evicted - c->before.entries - c->before.evicted;

        return after->hits - c->before.hits == t->hits &&
               after->misses - c->before.misses == t->gets - t->hits &&
               after->entries <= (uint64_t)c->kept->capacity &&
               (threads == 1 ? in == t->sets : in <= t->sets);
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        const struct cache *c = self;
        const struct cache_tally *tally = &c->window.tally;
        struct cache_counts after;
        int rc = 0;

        TABLE_COUNTS(c->table, &after);
        metrics[M_HIT_RATIO] =
                tally->gets ? (double)tally->hits / (double)tally->gets : (double)NAN;
        metrics[M_EVICTED_PCT] = cache_pct(after.evicted - c->before.evicted, t->ops);
        if (tally->wrong || tally->gets != t->ops || tally->gets != tally->hits + tally->sets ||
            !adds_up(c, &after, t->threads))
                rc = -EBADMSG;
        if (rc)
                drop_kept(c->kept);
        return rc;
}

static int worker_begin(void *self, struct worker *w)
{
        return cache_worker_begin(self, w);
}

static void worker_end(void *self, struct worker *w)
{
        cache_worker_end(self, w);
}

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .word = HASH,
        .size = sizeof(struct cache),
        .align = CT_CACHE_PAIR,
        .init = init,
        .run = {[CACHE_ASIDE] = run_aside},
        .measure = {TRACE_MEASURES},
        .check = check,
        .worker_init = worker_begin,
        .worker_fini = worker_end,
};
