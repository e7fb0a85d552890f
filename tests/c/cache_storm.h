/*
 * Storms over a cache: contexts that do everything to it at once, and an oracle.
 *
 * Some keys have an owner, the only one to set and delete them. It knows what they must have, as if
 * it were alone, and publishes which of its values are gone: what was overwritten or deleted before
 * another's get began must not come out of it. The other keys anybody sets, deletes and loads.
 *
 * Wrong is: a value that is torn, of another key, of no set, or gone; an owned key that has lost
 * its value for no reason; an expired value that is found, or one that is missing before its time;
 * a pinned value that changes; two loaders of a key at once; entries or bytes above the capacity
 * at any look; statistics that do not add up at the end. Between operations nothing here orders
 * memory but what an owner publishes, so that the oracle does not do the cache's work for it.
 */
#ifndef CT_TESTS_CACHE_STORM_H
#define CT_TESTS_CACHE_STORM_H

#include "sync/reclaim.h"

#include "cache_storm_oracle.h"
#include "contexts.h"

/* ---- operations ---- */

static inline void storm_get(struct storm *s, unsigned self, uint64_t key)
{
        struct storm_context *me = &s->context[self];
        uint64_t v[STORM_VALUE / 8], word = 0, floor = storm_floor(s, key);
        size_t size = 0, room = ct_rng_below(&me->rng, 64) ? sizeof v : 20, n;
        int64_t from = storm_clock(&s->clock);
        char bytes[STORM_KEY];
        int rc;

        n = storm_key(bytes, key);
        rc = s->kind->get(&s->cache, bytes, n, v, room, &size);
        me->gets++;
        me->hits += rc != -ENOENT;
        if (rc == 0)
                word = storm_judge(s, key, floor, v, size);
        else if (rc == -ENOBUFS ? size <= room : rc != -ENOENT)
                storm_wrong(s, "get", key, (uint64_t)-rc);
        if (rc != -ENOBUFS && storm_owner(s, key) == self)
                storm_judge_own(s, key, word, from, storm_clock(&s->clock));
}

static inline void storm_set(struct storm *s, unsigned self, uint64_t key)
{
        struct storm_context *me = &s->context[self];
        uint64_t v[STORM_VALUE / 8], sequence = ct_load_u64_relaxed(&me->written) + 1;
        struct storm_key *k = &s->key[key];
        int64_t ttl = s->options.ttl_ns, from = storm_clock(&s->clock);
        uint64_t word = storm_word(key, self, sequence);
        size_t size = storm_value(v, word), n;
        char bytes[STORM_KEY];
        int rc;

        ct_store_u64_relaxed(&me->written, sequence);
        n = storm_key(bytes, key);
        if (ttl && ct_rng_below(&me->rng, 2)) {
                ttl = (int64_t)ct_rng_below(&me->rng, 20);
                rc = s->kind->set_for(&s->cache, bytes, n, v, size, ttl);
        } else {
                rc = s->kind->set(&s->cache, bytes, n, v, size);
        }
        if (rc != (n + size + CT_CACHE_ENTRY_BYTES > s->share ? -EFBIG : 0))
                storm_wrong(s, "set", key, (uint64_t)-rc);
        if (rc || storm_owner(s, key) != self)
                return;
        k->word = word;
        k->not_before = ttl ? from + ttl : INT64_MAX;
        k->not_after = ttl ? storm_clock(&s->clock) + ttl : INT64_MAX;
        storm_publish(s, key, sequence);
}

static inline void storm_delete(struct storm *s, unsigned self, uint64_t key)
{
        int64_t from = storm_clock(&s->clock);
        struct storm_key *k = &s->key[key];
        char bytes[STORM_KEY];
        bool found;

        found = s->kind->delete (&s->cache, bytes, storm_key(bytes, key));
        if (storm_owner(s, key) != self)
                return;
        if (found && !k->word)
                storm_wrong(s, "deleted, but nobody had set it", key, 0);
        storm_judge_own(s, key, found ? k->word : 0, from, storm_clock(&s->clock));
        k->word = 0;
        storm_publish(s, key, ct_load_u64_relaxed(&s->context[self].written) + 1);
}

static inline void storm_let_go(struct storm *s, struct storm_pin *p)
{
        if (storm_read(p->pin.value, p->pin.size, p->key) != p->word)
                storm_wrong(s, "changed while it was pinned", p->key, p->word);
        s->kind->unpin(&s->cache, &p->pin);
}

/* Holds some pins over other operations; now and then another context unpins one. */
static inline void storm_pin(struct storm *s, unsigned self, uint64_t key)
{
        struct storm_context *me = &s->context[self];
        uint64_t floor = storm_floor(s, key);
        char bytes[STORM_KEY];
        struct storm_pin *p;

        if (me->pins == STORM_PINS) {
                storm_let_go(s, &me->pin[--me->pins]);
                return;
        }
        p = &me->pin[me->pins];
        p->key = key;
        me->gets++;
        if (s->kind->pin(&s->cache, bytes, storm_key(bytes, key), &p->pin))
                return;
        me->hits++;
        me->pins++;
        p->word = storm_judge(s, key, floor, p->pin.value, p->pin.size);
        if (!ct_rng_below(&me->rng, 4)) {
                struct storm_pin *theirs = malloc(sizeof *theirs);

                if (!theirs)
                        return;
                *theirs = me->pin[--me->pins];
                theirs = ct_exchange_ptr_acq_rel(&s->given, theirs); /* pairs with itself */
                if (theirs)
                        storm_let_go(s, theirs);
                free(theirs);
        }
}

struct storm_load {
        struct storm *s;
        unsigned self;
        uint64_t key, v[STORM_VALUE / 8];
};

static inline int storm_loader(void *context, const void *bytes, size_t n, const void **value,
                               size_t *size, int64_t *ttl_ns)
{
        struct storm_load *l = context;
        struct storm_context *me = &l->s->context[l->self];
        uint64_t sequence = ct_load_u64_relaxed(&me->written) + 1, word;
        uint64_t what = ct_rng_below(&me->rng, 16);

        (void)bytes;
        (void)n;
        if (ct_add_u32_relaxed(&l->s->key[l->key].loading, 1))
                storm_wrong(l->s, "two loaders at once", l->key, 0);
        me->loads++;
        ct_store_u64_relaxed(&me->written, sequence);
        word = storm_word(l->key, l->self, sequence);
        *value = l->v;
        *size = storm_value(l->v, word);
        if (*ttl_ns)
                *ttl_ns = (int64_t)what;
        if (what < 4)
                ct_parker_ops_self()->yield();
        ct_sub_u32_relaxed(&l->s->key[l->key].loading, 1);
        return what == 7 ? -EIO : 0;
}

static inline void storm_get_or_load(struct storm *s, unsigned self, uint64_t key)
{
        struct storm_load l = {.s = s, .self = self, .key = key};
        struct ct_cache_loader loader = {.load = storm_loader, .context = &l};
        uint64_t v[STORM_VALUE / 8];
        char bytes[STORM_KEY];
        size_t size = 0, n = storm_key(bytes, key);
        int rc;

        if (storm_owner(s, key) != s->contexts)
                return; /* its owner would wonder */
        rc = s->kind->get_or_load(&s->cache, bytes, n, &loader, CT_FOREVER, v, sizeof v, &size);
        s->context[self].calls++;
        if (rc == 0)
                storm_judge(s, key, 0, v, size);
        else if (rc != -EIO)
                storm_wrong(s, "get_or_load", key, (uint64_t)-rc);
}

/* Checks each entry; how many there are. */
static inline uint64_t storm_snapshot(struct storm *s)
{
        struct ct_snapshot_entry e = {0};
        struct ct_snapshot all;
        uint64_t n = 0, key;

        if (s->kind->snapshot(&s->cache, &all)) {
                storm_wrong(s, "snapshot", 0, 0);
                return 0;
        }
        while (ct_snapshot_next(&all, &e)) {
                memcpy(&key, e.key, sizeof key);
                if (key >= s->keys || e.key_size != 8 + key % 17)
                        storm_wrong(s, "snapshot: no such key", key, 0);
                else
                        storm_judge(s, key, 0, e.value, e.value_size);
                n++;
        }
        if (n != all.entries)
                storm_wrong(s, "snapshot: another number of entries", n, all.entries);
        ct_snapshot_free(&all);
        return n;
}

static inline void storm_rare(struct storm *s, struct storm_context *me)
{
        switch (ct_rng_below(&me->rng, 6)) {
        case 0:
                storm_snapshot(s);
                break;
        case 1:
                if (s->clears)
                        s->kind->clear(&s->cache);
                break;
        case 2:
                if (s->kind->expire)
                        (void)s->kind->expire(&s->cache);
                break;
        default:
                storm_check_capacity(s);
        }
}

/* One of 128 changes, of a key that is the context's own or nobody's. */
static inline void storm_change(struct storm *s, unsigned self, uint64_t key, uint64_t what)
{
        struct storm_context *me = &s->context[self];

        if (what == 0 && !ct_rng_below(&me->rng, 4))
                storm_rare(s, me);
        else if (what == 1 && s->options.ttl_ns)
                ct_add_u64_release(&s->clock, 1); /* pairs with storm_clock */
        else if (what < 24 && s->kind->get_or_load)
                storm_get_or_load(s, self, key);
        else if (what < 48)
                storm_delete(s, self, key);
        else
                storm_set(s, self, key);
}

static inline void storm_context(void *shared, unsigned self)
{
        struct storm *s = shared;
        struct storm_context *me = &s->context[self];

        ct_rng_seed(&me->rng, s->seed + self);
        for (uint64_t i = 0; i < s->ops; i++) {
                uint64_t key = ct_rng_below(&me->rng, s->keys), what = ct_rng_below(&me->rng, 128);

                if (ct_rng_below(&me->rng, 2)) /* some keys are hot */
                        key %= 8;
                if (ct_rng_below(&me->rng, 100) < s->reads)
                        what % 8 || !s->kind->pin ? storm_get(s, self, key)
                                                  : storm_pin(s, self, key);
                else
                        storm_change(s, self, storm_owner(s, key) == self ? key : key | 4, what);
        }
        while (me->pins)
                storm_let_go(s, &me->pin[--me->pins]);
}

/* ---- the whole ---- */

static inline void storm_balance(struct storm *s)
{
        uint64_t calls = 0, entries = storm_snapshot(s);
        struct ct_cache_stats stats;

        s->kind->stats(&s->cache, &stats);
        for (unsigned i = 0; i < s->contexts; i++) {
                s->gets += s->context[i].gets;
                s->hits += s->context[i].hits;
                s->loads += s->context[i].loads;
                calls += s->context[i].calls;
        }
        if (stats.hits + stats.misses != s->gets + calls || stats.hits < s->hits ||
            stats.hits > s->hits + calls)
                storm_wrong(s, "hits and misses do not add up", stats.hits, stats.misses);
        if (stats.loads != s->loads)
                storm_wrong(s, "another number of loads", stats.loads, s->loads);
        if (s->options.ttl_ns ? entries > stats.entries : entries != stats.entries)
                storm_wrong(s, "another number of entries", entries, stats.entries);
        s->evicted = stats.evicted;
        s->expired = stats.expired;
        storm_check_capacity(s);
}

/* Runs the contexts by run(shared, ...): a cache's whole life. */
static inline void storm_begin(struct storm *s)
{
        struct ct_cache_options *o = &s->options;

        o->clock = &s->clock;
        o->now_ns = storm_clock;
        s->share =
                o->max_bytes ? o->max_bytes / (o->shards ? o->shards : s->kind->shards) : SIZE_MAX;
        if (any_init_with(&s->cache, s->kind, *o)) {
                fprintf(stderr, "%s: cannot be made\n", s->kind->name);
                abort();
        }
}

static inline void storm_end(struct storm *s)
{
        struct storm_pin *left = ct_exchange_ptr_acq_rel(&s->given, NULL);

        if (left)
                storm_let_go(s, left);
        free(left);
        storm_balance(s);
        s->kind->destroy(&s->cache);
}

static inline enum ct_cache_policy storm_policy(const struct cache_kind *k, struct ct_rng *r)
{
        enum ct_cache_policy p;

        do
                p = (enum ct_cache_policy)(1 + ct_rng_below(r, CT_CACHE_POLICIES - 1));
        while (!(k->policies >> p & 1));
        return p;
}

/* Everything but the number of contexts and operations by chance. */
static inline void storm_draw(struct storm *s, const struct cache_kind *k, struct ct_rng *r)
{
        static const uint64_t keys[] = {16, 104, STORM_KEYS}; /* multiples of 8 */
        static const unsigned reads[] = {20, 50, 90};
        struct ct_cache_options o = {.shards = k->shards};

        memset((void *)s, 0, sizeof *s);
        s->kind = k;
        s->seed = ct_rng_next(r);
        s->keys = keys[ct_rng_below(r, 3)];
        s->reads = reads[ct_rng_below(r, 3)];
        s->clears = !ct_rng_below(r, 3);
        if (k->ttl && ct_rng_below(r, 2))
                o.ttl_ns = 1 + (int64_t)ct_rng_below(r, 20);
        if (k->policies && ct_rng_below(r, 3)) {
                o.policy = storm_policy(k, r);
                if (!o.shards)
                        o.shards = 1u << ct_rng_below(r, 4);
                if (ct_rng_below(r, 4))
                        o.max_entries = o.shards * (1 + ct_rng_below(r, 1 + s->keys / o.shards));
                if (!o.max_entries || !ct_rng_below(r, 3))
                        o.max_bytes = o.shards * (500 + ct_rng_below(r, 20000));
        }
        s->options = o;
}

#endif
