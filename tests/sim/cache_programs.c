/* What every program about caches does, and what must hold. */
#include "cache_programs.h"

#include "flow/guarded.h"
#include "sync/reclaim.h"

#include <errno.h>

#define PLAIN __attribute__((no_sanitize_thread, noinline))

enum { MOST_WORDS = 20 };

static PLAIN void count(unsigned *n)
{
        ++*n;
}

/* ---- steps ---- */

struct caller {
        struct cache_state *s;
        const struct cache_ops *ops;
        union cache_any *cache;
        unsigned self;
        struct ct_cache_pin pin;
        uint8_t pinned, pinned_key; /* the version; 0: nothing is pinned */
};

/* Whoever knows that a set has ended has been told so somehow, which brings its stores with it: one
   of them may be late otherwise. */
static void ended(struct caller *c, struct cache_event e)
{
        ct_add_u32_acq_rel(&c->s->told[c->self], 1);
        cache_event_end(&c->s->history, e);
}

static void saw(struct caller *c, struct cache_event e, uint8_t key, uint8_t version)
{
        e.kind = CACHE_SAW;
        e.key = key;
        e.version = version;
        cache_event_end(&c->s->history, e);
        if (c->self < CACHE_TASKS) /* not at the end, when all is quiet */
                sim_saw(version);
}

/* A get has ended; the same holds for what it has counted, where somebody asks. */
static void get_ended(struct caller *c)
{
        if (c->s->asked)
                ct_add_u32_acq_rel(&c->s->told[c->self], 1);
        count(&c->s->gets_ended);
}

static void told(struct caller *c, uint8_t version)
{
        count(version ? &c->s->hits : &c->s->misses);
        get_ended(c);
}

static void step_get(struct caller *c, const struct cache_step *p)
{
        uint64_t value[MOST_WORDS];
        char key = (char)('a' + p->key);
        struct cache_event e;
        uint8_t version = CACHE_ABSENT;
        size_t size = 0;
        int r;

        sim_at("get");
        count(&c->s->gets);
        e = cache_event_begin(&c->s->history);
        r = c->ops->get(c->cache, &key, 1, value, sizeof value, &size);
        SIM_CHECK(r == 0 || r == -ENOENT);
        if (!r)
                version = cache_version(value, size, p->key);
        saw(c, e, p->key, version);
        told(c, version);
}

static void step_set(struct caller *c, const struct cache_step *p)
{
        uint64_t value[MOST_WORDS];
        unsigned words = p->words ? p->words : c->s->script->words ? c->s->script->words : 2;
        char key = (char)('a' + p->key);
        int64_t ttl = p->ns ? p->ns : c->s->script->options.ttl_ns;
        struct cache_event e;
        int r;

        cache_fill(value, words, p->key, p->version);
        sim_at("set");
        e = cache_event_begin(&c->s->history);
        r = c->ops->set_for(c->cache, &key, 1, value, words * 8, ttl);
        SIM_CHECK(r == 0);
        e.kind = CACHE_SET;
        e.key = p->key;
        e.version = p->version;
        e.ttl = ttl;
        ended(c, e);
}

static void step_delete(struct caller *c, const struct cache_step *p)
{
        char key = (char)('a' + p->key);
        struct cache_event e;

        sim_at("delete");
        e = cache_event_begin(&c->s->history);
        e.version = c->ops->delete (c->cache, &key, 1);
        e.kind = CACHE_DELETED;
        e.key = p->key;
        ended(c, e);
}

static void step_pin(struct caller *c, const struct cache_step *p)
{
        char key = (char)('a' + p->key);
        struct cache_event e;
        int r;

        sim_at("pin");
        count(&c->s->gets);
        e = cache_event_begin(&c->s->history);
        r = c->ops->pin(c->cache, &key, 1, &c->pin);
        SIM_CHECK(r == 0 || r == -ENOENT);
        c->pinned = r ? CACHE_ABSENT : cache_version(c->pin.value, c->pin.size, p->key);
        c->pinned_key = p->key;
        saw(c, e, p->key, c->pinned);
        told(c, c->pinned);
}

static void step_unpin(struct caller *c, const struct cache_step *p)
{
        (void)p;
        if (!c->pinned)
                return;
        SIM_CHECK(cache_version(c->pin.value, c->pin.size, c->pinned_key) == c->pinned);
        sim_at("unpin");
        c->ops->unpin(c->cache, &c->pin);
        c->pinned = 0;
}

/* ---- loads ---- */

static PLAIN uint8_t begin_loading(struct cache_loading *l)
{
        l->ran = true;
        l->state->loads++;
        SIM_CHECK(l->state->under_way[l->key]++ == 0);
        return (uint8_t)(CACHE_LOADED + l->state->loads - 1);
}

static PLAIN void end_loading(struct cache_loading *l, uint8_t version)
{
        l->state->under_way[l->key]--;
        l->version = version;
}

static int load(void *context, const void *key, size_t key_size, const void **value, size_t *size,
                int64_t *ttl)
{
        struct cache_loading *l = context;
        uint8_t version = begin_loading(l);

        SIM_CHECK(key_size == 1 && *(const char *)key == 'a' + l->key);
        SIM_CHECK(*ttl == l->state->script->options.ttl_ns);
        sim_step();
        end_loading(l, l->how == CACHE_LOAD_FAILS || l->how == CACHE_LOAD_BREAKS ? 0 : version);
        if (l->how == CACHE_LOAD_FAILS)
                return -EIO;
        if (l->how == CACHE_LOAD_BREAKS)
                ct_task_fail("no value");
        cache_fill(l->value, 2, l->key, version);
        *value = l->value;
        *size = l->state->script->words == 1 ? 8 : 16;
        return 0;
}

static PLAIN struct cache_loading *start_loading(struct caller *c, const struct cache_step *p)
{
        struct cache_loading *l = &c->s->loading[c->self];

        l->state = c->s;
        l->key = p->key;
        l->how = p->kind;
        l->version = 0;
        l->ran = false;
        return l;
}

static PLAIN bool was_led(const struct cache_loading *l, uint8_t *version)
{
        *version = l->version;
        return l->ran;
}

static void led(struct caller *c, struct cache_event e, const struct cache_step *p, uint8_t version)
{
        e.kind = CACHE_SET;
        e.key = p->key;
        e.version = version;
        e.ttl = c->s->script->options.ttl_ns;
        ended(c, e);
        sim_saw(SAW_LED);
}

static void step_load(struct caller *c, const struct cache_step *p)
{
        uint64_t value[MOST_WORDS];
        struct cache_loading *l = start_loading(c, p);
        struct ct_cache_loader loader = {.load = load, .context = l};
        int64_t deadline =
                p->kind == CACHE_LOAD_TIMED ? ct_deadline_after(SIM_TIMEOUT_NS) : CT_FOREVER;
        char key = (char)('a' + p->key);
        struct cache_event e;
        uint8_t gave;
        size_t size = 0;
        bool ran;
        int r;

        sim_at("get_or_load");
        count(&c->s->gets);
        e = cache_event_begin(&c->s->history);
        r = c->ops->load(c->cache, &key, 1, &loader, deadline, value, sizeof value, &size);
        get_ended(c);
        ran = was_led(l, &gave);
        if (r == -ETIMEDOUT) {
                SIM_CHECK(p->kind == CACHE_LOAD_TIMED && !ran);
                sim_saw(SAW_TIMED_OUT);
        } else if (r) {
                SIM_CHECK(r == -EIO || r == -ECANCELED);
                SIM_CHECK(!ran || r == (p->kind == CACHE_LOAD_FAILS ? -EIO : -ECANCELED));
                sim_saw(SAW_FAILED);
        } else if (ran) {
                SIM_CHECK(gave && cache_version(value, size, p->key) == gave);
                led(c, e, p, gave);
        } else {
                saw(c, e, p->key, cache_version(value, size, p->key));
                sim_saw(SAW_JOINED);
        }
}

/* ---- all of it at once ---- */

static void one_of_all(struct cache_event *e, const struct ct_snapshot_entry *i)
{
        unsigned key = (unsigned)*(const char *)i->key - 'a';

        SIM_CHECK(i->key_size == 1 && key < CACHE_KEYS && !e->all[key]);
        e->all[key] = cache_version(i->value, i->value_size, key);
}

static void step_snapshot(struct caller *c, const struct cache_step *p)
{
        struct ct_snapshot_entry i = {0};
        struct ct_snapshot all;
        struct cache_event e;

        (void)p;
        sim_at("snapshot");
        e = cache_event_begin(&c->s->history);
        SIM_CHECK(c->ops->snapshot(c->cache, &all) == 0);
        while (ct_snapshot_next(&all, &i))
                one_of_all(&e, &i);
        ct_snapshot_free(&all);
        if (c->ops->whole_snapshots) {
                e.kind = CACHE_SAW_ALL;
                cache_event_end(&c->s->history, e);
                return;
        }
        for (uint8_t k = 0; k < CACHE_KEYS; k++)
                saw(c, e, k, e.all[k]);
}

static void step_clear(struct caller *c, const struct cache_step *p)
{
        struct cache_event e;

        (void)p;
        sim_at("clear");
        e = cache_event_begin(&c->s->history);
        c->ops->clear(c->cache);
        e.kind = CACHE_CLEARED;
        for (e.key = 0; e.key < CACHE_KEYS; e.key++)
                ended(c, e);
}

static PLAIN void gets_so_far(const struct cache_state *s, unsigned *begun, unsigned *ended)
{
        *begun = s->gets;
        *ended = s->gets_ended;
}

/* The bounds hold at every moment, and nothing is counted twice. */
static void step_stats(struct caller *c, const struct cache_step *p)
{
        const struct ct_cache_options *o = &c->s->script->options;
        struct ct_cache_stats t;
        unsigned begun, ended, unused;

        (void)p;
        sim_at("stats");
        gets_so_far(c->s, &unused, &ended);
        c->ops->stats(c->cache, &t);
        gets_so_far(c->s, &begun, &unused);
        SIM_CHECK(t.hits + t.misses >= ended && t.hits + t.misses <= begun);
        SIM_CHECK(t.entries <= CACHE_KEYS && t.bytes <= CACHE_KEYS * sizeof(struct cache_state));
        SIM_CHECK(!o->max_entries || t.entries <= o->max_entries);
        SIM_CHECK(!o->max_bytes || t.bytes <= o->max_bytes);
}

static void step_expire(struct caller *c, const struct cache_step *p)
{
        (void)p;
        sim_at("expire");
        c->ops->expire(c->cache);
}

static void step_pass(struct caller *c, const struct cache_step *p)
{
        (void)c;
        sim_advance(p->ns);
}

static void (*const step[])(struct caller *, const struct cache_step *) = {
        [CACHE_GET] = step_get,         [CACHE_SET_FOR] = step_set,
        [CACHE_DELETE] = step_delete,   [CACHE_PIN] = step_pin,
        [CACHE_UNPIN] = step_unpin,     [CACHE_LOAD] = step_load,
        [CACHE_LOAD_FAILS] = step_load, [CACHE_LOAD_BREAKS] = step_load,
        [CACHE_LOAD_TIMED] = step_load, [CACHE_SNAPSHOT] = step_snapshot,
        [CACHE_CLEAR] = step_clear,     [CACHE_EXPIRE] = step_expire,
        [CACHE_STATS] = step_stats,     [CACHE_PASS] = step_pass,
};

static void take_all(struct cache_state *s, unsigned self, const struct cache_step *steps)
{
        struct caller c = {.s = s, .ops = s->script->ops, .cache = &s->cache, .self = self};

        for (unsigned i = 0; i < CACHE_STEPS && steps[i].kind; i++)
                step[steps[i].kind](&c, &steps[i]);
        step_unpin(&c, NULL);
}

/* ---- a program ---- */

void cache_setup(struct cache_state *s, const struct cache_script *script)
{
        struct ct_cache_options o = script->options;

        o.seed = o.seed ? o.seed : 42;
        s->script = script;
        for (unsigned i = 0; i < CACHE_TASKS * CACHE_STEPS; i++)
                s->asked |= script->task[i / CACHE_STEPS][i % CACHE_STEPS].kind == CACHE_STATS;
        s->history.evicts = o.policy != CT_CACHE_KEEP;
        SIM_CHECK(script->ops->init(&s->cache, &o) == 0);
        take_all(s, CACHE_TASKS, script->first);
}

void cache_task(void *state, unsigned self)
{
        struct cache_state *s = state;

        take_all(s, self, s->script->task[self]);
}

static void check_stats(struct caller *c)
{
        struct cache_state *s = c->s;
        struct ct_snapshot_entry i = {0};
        struct ct_cache_stats t;
        struct ct_snapshot all;
        uint64_t bytes = 0;

        c->ops->expire(c->cache);
        c->ops->stats(c->cache, &t);
        SIM_CHECK(t.hits + t.misses == s->gets && t.hits >= s->hits && t.misses >= s->misses);
        SIM_CHECK(t.loads == s->loads && s->loads <= s->script->loads);
        SIM_CHECK(c->ops->snapshot(c->cache, &all) == 0);
        while (ct_snapshot_next(&all, &i))
                bytes += i.key_size + i.value_size + CT_CACHE_ENTRY_BYTES;
        SIM_CHECK(t.entries == all.entries && t.bytes == bytes);
        ct_snapshot_free(&all);
}

void cache_check(void *state)
{
        struct cache_state *s = state;
        struct caller c = {.s = s, .ops = s->script->ops, .cache = &s->cache, .self = CACHE_TASKS};

        step_snapshot(&c, NULL);
        for (uint8_t k = 0; k < CACHE_KEYS; k++)
                step_get(&c, &(struct cache_step)GET(k));
        step_stats(&c, NULL);
        check_stats(&c);
        cache_history_check(&s->history);
        c.ops->destroy(c.cache);
        ct_retired_drain();
        SIM_CHECK(ct_retired_count() == 0);
}
