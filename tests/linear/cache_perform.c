/*
 * The counter of moments is read before an operation and added to behind it. The addition is a full
 * barrier: what an operation stored is seen before the operation counts as returned, as it would be
 * by whoever else is told of its end.
 */
#include "cache_perform.h"
#include "cache_together.h"

#include "base/hash.h"
#include "base/parker.h"

#include <errno.h>
#include <string.h>

struct act {
        struct cache_stage *s;
        unsigned self;
        struct cache_log *log;
        const struct cache_step *step;
        struct cache_event event;
        char key[24];
        size_t key_size;
};

/* ---- keys and values ---- */

static void make_key(struct act *a, uint64_t serial)
{
        memset(a->key, 'k', sizeof a->key);
        memcpy(a->key, &serial, sizeof serial);
        a->key_size = 8 + serial % 3 * 8;
}

static uint64_t key_serial(const struct act *a)
{
        uint64_t serial;

        memcpy(&serial, a->key, sizeof serial);
        return serial;
}

/* Which sizes the values of a key have: all the same, all small, all kinds, all large. */
static size_t size_of(uint64_t word)
{
        static const uint16_t sizes[4][8] = {{8, 8, 8, 8, 8, 8, 8, 8},
                                             {8, 8, 16, 24, 24, 40, 64, 64},
                                             {8, 64, 65, 72, 200, 9, 63, 300},
                                             {100, 100, 100, 100, 100, 100, 100, 100}};

        return sizes[ct_hash_u64(word >> 8, 1) % 4][ct_hash_u64(word, 2) % 8];
}

/* Every byte follows from the key and the value's number. */
static size_t make_value(uint64_t *v, uint64_t serial, unsigned value)
{
        uint64_t word = serial << 8 | value;
        size_t size = size_of(word);

        v[0] = word;
        for (size_t i = 1; i * 8 < size; i++)
                v[i] = ct_hash_u64(word, i);
        return size;
}

static uint8_t value_in(const struct act *a, const void *v, size_t size)
{
        uint64_t right[CACHE_ROOM / 8], word = 0;
        unsigned value;

        memcpy(&word, v, size < 8 ? size : 8);
        value = word & 0xff;
        if (!value || value > CACHE_MOST_VALUE || size > CACHE_ROOM ||
            make_value(right, key_serial(a), value) != size || memcmp(right, v, size))
                return CACHE_NO_VALUE;
        return (uint8_t)value;
}

/* ---- events ---- */

static void surprise(struct act *a, const char *what, int rc)
{
        if (ct_add_u32_relaxed(&a->s->surprises, 1) < 5)
                printf("%s: %s: %d\n", a->s->cache.kind->name, what, rc);
}

static void begin(struct act *a)
{
        a->event.context = (uint8_t)a->self;
        a->event.clock_from = (int32_t)ct_load_u64_acquire(&a->s->clock); /* pairs with advance */
        a->event.invoked = ct_load_u32_acquire(&a->s->moment);            /* pairs with end */
}

static void end(struct act *a)
{
        a->event.returned = ct_add_u32_acq_rel(&a->s->moment, 1) + 1; /* pairs with begin */
        a->event.clock_to = (int32_t)ct_load_u64_acquire(&a->s->clock);
}

static void write_down(struct act *a, enum cache_what what)
{
        a->event.what = (uint8_t)what;
        a->log->key[a->log->n] = a->step->key;
        a->log->event[a->log->n++] = a->event;
}

static void write_look(struct act *a, int rc, const void *v, size_t size)
{
        if (rc && rc != -ENOENT)
                surprise(a, "get", rc);
        a->event.value = rc ? CACHE_MISS : value_in(a, v, size);
        write_down(a, CACHE_LOOK);
}

/* ---- operations ---- */

static void do_get(struct act *a)
{
        uint64_t v[CACHE_ROOM / 8];
        size_t size = 0;
        int rc;

        begin(a);
        rc = a->s->cache.kind->get(&a->s->cache, a->key, a->key_size, v, sizeof v, &size);
        end(a);
        a->s->performer[a->self].gets++;
        write_look(a, rc, v, size);
}

static void do_set(struct act *a)
{
        uint64_t v[CACHE_ROOM / 8];
        size_t size = make_value(v, key_serial(a), a->step->value);
        const struct cache_kind *k = a->s->cache.kind;
        int rc;

        a->event.value = a->step->value;
        a->event.ttl = a->step->verb == VERB_SET_FOR ? a->step->ttl : a->s->ttl_of_set;
        begin(a);
        if (a->step->verb == VERB_SET_FOR)
                rc = k->set_for(&a->s->cache, a->key, a->key_size, v, size, a->step->ttl);
        else
                rc = k->set(&a->s->cache, a->key, a->key_size, v, size);
        end(a);
        if (rc)
                surprise(a, "set", rc);
        write_down(a, CACHE_SET);
}

static void do_delete(struct act *a)
{
        begin(a);
        a->event.found = a->s->cache.kind->delete (&a->s->cache, a->key, a->key_size);
        end(a);
        write_down(a, CACHE_DELETE);
}

/* What is pinned stays as it is, whatever happens until it is unpinned. */
static void do_pin(struct act *a)
{
        const struct cache_kind *k = a->s->cache.kind;
        struct ct_cache_pin pin;
        uint8_t value;
        int rc;

        begin(a);
        rc = k->pin(&a->s->cache, a->key, a->key_size, &pin);
        end(a);
        a->s->performer[a->self].gets++;
        write_look(a, rc, rc ? NULL : pin.value, rc ? 0 : pin.size);
        if (rc)
                return;
        value = a->event.value;
        if (a->step->parks)
                ct_parker_ops_self()->yield();
        if (value_in(a, pin.value, pin.size) != value)
                surprise(a, "a pinned value has changed", value);
        k->unpin(&a->s->cache, &pin);
}

struct loading {
        struct act *a;
        struct cache_event set;
        struct cache_load load;
        unsigned calls;
        uint64_t v[CACHE_ROOM / 8];
};

/* The look that missed ends here, and the set begins. */
static int load(void *context, const void *key, size_t key_size, const void **value, size_t *size,
                int64_t *ttl_ns)
{
        struct loading *l = context;
        struct act *a = l->a;

        if (l->calls++ || key_size != a->key_size || memcmp(key, a->key, key_size) != 0)
                surprise(a, "loader called twice, or for another key", (int)l->calls);
        end(a);
        l->load = (struct cache_load){.key = a->step->key, .begun = a->event.returned};
        if (a->step->parks)
                ct_parker_ops_self()->yield();
        *value = l->v;
        *size = make_value(l->v, key_serial(a), a->step->value);
        if (a->s->ttl)
                *ttl_ns = a->step->ttl;
        l->set = (struct cache_event){.context = (uint8_t)a->self,
                                      .value = a->step->value,
                                      .ttl = a->step->ttl,
                                      .clock_from = (int32_t)ct_load_u64_acquire(&a->s->clock),
                                      .invoked = ct_load_u32_acquire(&a->s->moment)};
        l->load.ended = l->set.invoked;
        return a->step->fails ? -EIO : 0;
}

static void write_own_load(struct act *a, const struct loading *l, int rc, uint8_t value)
{
        struct cache_event after = a->event;

        a->log->load[a->log->loads++] = l->load;
        a->event.value = CACHE_MISS;
        a->event.returned = l->load.begun;
        write_down(a, CACHE_LOOK);
        if (rc != (a->step->fails ? -EIO : 0))
                surprise(a, "get_or_load, after its loader", rc);
        if (a->step->fails)
                return;
        if (value != a->step->value)
                surprise(a, "get_or_load gives another value than its loader", value);
        a->event = l->set;
        a->event.returned = after.returned;
        a->event.clock_to = after.clock_to;
        write_down(a, CACHE_SET);
}

static void do_load(struct act *a)
{
        struct loading l = {.a = a};
        struct ct_cache_loader loader = {.load = load, .context = &l};
        uint64_t v[CACHE_ROOM / 8];
        size_t size = 0;
        int rc;

        begin(a);
        rc = a->s->cache.kind->get_or_load(&a->s->cache, a->key, a->key_size, &loader,
                                           a->step->impatient ? 0 : CT_FOREVER, v, sizeof v, &size);
        end(a);
        a->s->performer[a->self].gets++;
        if (l.calls)
                write_own_load(a, &l, rc, rc ? CACHE_MISS : value_in(a, v, size));
        else if (rc == -EIO || (rc == -ETIMEDOUT && a->step->impatient))
                write_look(a, -ENOENT, NULL, 0); /* somebody else was loading it */
        else
                write_look(a, rc == -ENOENT ? -EPROTO : rc, v, size);
}

static void do_snapshot(struct act *a)
{
        struct ct_snapshot_entry e = {0};
        struct ct_snapshot s;
        bool found = false;
        int rc;

        begin(a);
        rc = a->s->cache.kind->snapshot(&a->s->cache, &s);
        end(a);
        if (rc) {
                surprise(a, "snapshot", rc);
                return;
        }
        while (!found && ct_snapshot_next(&s, &e))
                found = e.key_size == a->key_size && !memcmp(e.key, a->key, e.key_size);
        write_look(a, found ? 0 : -ENOENT, e.value, e.value_size);
        ct_snapshot_free(&s);
}

static void do_clear(struct act *a)
{
        struct cache_performer *me = &a->s->performer[a->self];

        if (me->clears == CACHE_CONTEXT_OPS)
                return;
        begin(a);
        a->s->cache.kind->clear(&a->s->cache);
        end(a);
        a->event.what = CACHE_ERASE;
        me->clear[me->clears++] = a->event;
}

/* Keys that nobody looks at: a few that come again and again, which evicts, or ever new ones. */
static void do_fill(struct act *a)
{
        struct cache_performer *me = &a->s->performer[a->self];
        unsigned n = a->s->bounded ? 2 : 8;

        while (n--) {
                uint64_t serial =
                        a->s->bounded ? UINT64_C(1) << 40 | me->filled % 8
                                      : UINT64_C(1) << 41 | (uint64_t)a->self << 48 | me->filled;
                uint64_t v[CACHE_ROOM / 8];
                int rc;

                me->filled++;
                make_key(a, serial);
                rc = a->s->cache.kind->set(&a->s->cache, a->key, a->key_size, v,
                                           make_value(v, serial, 1));
                if (rc)
                        surprise(a, "set", rc);
        }
}

static void do_step(struct act *a)
{
        switch ((enum cache_verb)a->step->verb) {
        case VERB_GET:
                do_get(a);
                break;
        case VERB_SET:
        case VERB_SET_FOR:
                do_set(a);
                break;
        case VERB_DELETE:
                do_delete(a);
                break;
        case VERB_LOAD:
                do_load(a);
                break;
        case VERB_PIN:
                do_pin(a);
                break;
        case VERB_SNAPSHOT:
                do_snapshot(a);
                break;
        case VERB_CLEAR:
                do_clear(a);
                break;
        case VERB_FILL:
                do_fill(a);
                break;
        case VERB_ADVANCE:
                ct_add_u64_acq_rel(&a->s->clock, 1 + a->step->ttl % 2u); /* pairs with begin */
                break;
        case VERB_EXPIRE:
                (void)a->s->cache.kind->expire(&a->s->cache);
                break;
        case VERB_YIELD:
                ct_parker_ops_self()->yield();
                break;
        }
}

void cache_perform(struct cache_stage *s, unsigned self)
{
        uint32_t n = ct_add_u32_relaxed(&s->came_to_batch, 1);
        ct_atomic_u32 *came = s->pair[n / 2].came;
        bool together = begin_batch(s, n);

        s->performer[self].clears = 0;
        for (unsigned h = 0; h < CACHE_BATCH; h++) {
                const struct cache_plan *p = &s->performer[self].plan[h];
                struct act a = {.s = s, .self = self, .log = &s->performer[self].log[h]};

                a.log->n = a.log->loads = 0;
                if (together)
                        begin_history(&came[h], &s->performer[self].rng);
                for (unsigned i = 0; i < p->steps; i++) {
                        a.step = &p->step[i];
                        a.event = (struct cache_event){.ttl = 0};
                        make_key(&a, s->serial + (uint64_t)h * CACHE_KEYS + a.step->key);
                        do_step(&a);
                }
        }
}
