/*
 * Source: the search of Wing and Gong, "Testing and Verifying Concurrent Objects" (1993). Histories
 * are short, and what ended first is tried first, so it seldom turns back.
 */
#include "cache_history.h"

#include "base/clock.h"
#include "sim/sim.h"

#include <stdio.h>
#include <string.h>

#define PLAIN __attribute__((no_sanitize_thread, noinline))

struct entry {
        uint8_t version;
        int64_t from, to; /* it expires at some moment of these */
};

struct map {
        struct entry of[CACHE_KEYS];
        int64_t now; /* at least: moments come in order */
};

PLAIN struct cache_event cache_event_begin(struct cache_history *h)
{
        return (struct cache_event){.begin = h->stamps++, .since = ct_now_ns()};
}

/* Before a key's first set has ended, its absence needs no reason. */
static PLAIN bool is_idle(const struct cache_history *h, const struct cache_event *e)
{
        if (e->kind == CACHE_SET || e->kind == CACHE_SAW_ALL ||
            (e->kind != CACHE_CLEARED && e->version))
                return false;
        for (unsigned i = 0; i < h->events; i++)
                if (h->event[i].kind == CACHE_SET && h->event[i].key == e->key)
                        return false;
        return true;
}

PLAIN void cache_event_end(struct cache_history *h, struct cache_event e)
{
        e.end = h->stamps++;
        e.until = ct_now_ns();
        if (is_idle(h, &e))
                return;
        if (h->events == CACHE_EVENTS)
                sim_check_failed_("room for the history", __FILE__, __LINE__);
        else
                h->event[h->events++] = e; /* so they are in order of their ends */
}

static PLAIN int64_t later(int64_t a, int64_t b)
{
        return a > b ? a : b;
}

/* Whether an entry may be seen as `version` by this operation. Absence stays. */
static PLAIN bool may_be(const struct cache_history *h, const struct cache_event *e, struct map *m,
                         unsigned key, uint8_t version)
{
        struct entry *entry = &m->of[key];

        if (version != CACHE_ABSENT)
                return entry->version == version && m->now < entry->to;
        if (entry->version != CACHE_ABSENT && !h->evicts)
                m->now = later(m->now, entry->from); /* it has expired */
        entry->version = CACHE_ABSENT;
        return m->now <= e->until;
}

static PLAIN int64_t after(int64_t t, int64_t ttl)
{
        return ttl ? t + ttl : CT_FOREVER;
}

static PLAIN bool apply(const struct cache_history *h, const struct cache_event *e, struct map *m)
{
        struct entry *entry = &m->of[e->key];
        bool fits = true;

        m->now = later(m->now, e->since);
        if (m->now > e->until)
                return false;
        switch (e->kind) {
        case CACHE_SAW:
                return may_be(h, e, m, e->key, e->version);
        case CACHE_SET:
                entry->version = e->version;
                entry->from = after(e->since, e->ttl);
                entry->to = after(e->until, e->ttl);
                return true;
        case CACHE_DELETED:
                fits = may_be(h, e, m, e->key, e->version ? entry->version : CACHE_ABSENT) &&
                       (!e->version || entry->version != CACHE_ABSENT);
                entry->version = CACHE_ABSENT;
                return fits;
        case CACHE_CLEARED: /* of this key */
                entry->version = CACHE_ABSENT;
                return true;
        default:
                for (unsigned k = 0; fits && k < CACHE_KEYS; k++)
                        fits = may_be(h, e, m, k, e->all[k]);
                return fits;
        }
}

static PLAIN unsigned first_end(const struct cache_history *h, uint32_t done)
{
        for (unsigned i = 0; i < h->events; i++)
                if (!(done & 1u << i))
                        return h->event[i].end;
        return 0;
}

static PLAIN bool search(const struct cache_history *h, uint32_t done, const struct map *m)
{
        unsigned limit = first_end(h, done);

        if (done == (uint32_t)((UINT64_C(1) << h->events) - 1))
                return true;
        for (unsigned i = 0; i < h->events; i++) {
                struct map next = *m;

                if (done & 1u << i || h->event[i].begin > limit)
                        continue;
                if (apply(h, &h->event[i], &next) && search(h, done | 1u << i, &next))
                        return true;
        }
        return false;
}

static PLAIN int describe(const struct cache_event *e, char *out, size_t room)
{
        static const char *const did[] = {"saw", "set", "deleted", "cleared", "saw all"};

        return snprintf(out, room, " %s %c %u in %u to %u,", did[e->kind], 'a' + e->key, e->version,
                        e->begin, e->end);
}

PLAIN void cache_history_check(const struct cache_history *h)
{
        char text[700] = "an order of";
        size_t n = strlen(text);
        struct map empty = {0};

        if (search(h, 0, &empty))
                return;
        for (unsigned i = 0; i < h->events && n < sizeof text; i++)
                n += (size_t)describe(&h->event[i], text + n, sizeof text - n);
        sim_check_failed_(text, __FILE__, __LINE__);
}
