/*
 * Wrong histories out of right ones: one answer, or one moment, is changed. Each mutation ends in
 * something that no order of the events explains, and says why; it needs no search to know that.
 */
#include "cache_history.h"

#include <stddef.h>

#define FOR_EACH(e, h) for (struct cache_event *e = (h)->event; e < (h)->event + (h)->n; e++)

static struct cache_event *some(struct cache_history *h, struct ct_rng *r, enum cache_what what)
{
        for (unsigned tries = 0; tries < 2 * CACHE_MOST_EVENTS; tries++) {
                struct cache_event *e = &h->event[ct_rng_below(r, h->n)];

                if (e->what == what)
                        return e;
        }
        return NULL;
}

static struct cache_event *some_hit(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *e = some(h, r, CACHE_LOOK);

        return e && e->value != CACHE_MISS ? e : NULL;
}

static struct cache_event *set_of(struct cache_history *h, uint8_t value)
{
        FOR_EACH(e, h)
        {
                if (e->what == CACHE_SET && e->value == value)
                        return e;
        }
        return NULL;
}

/* From `from` on, if not NULL, the key is absent, and no set can have changed that before `to`. */
static bool no_set_between(struct cache_history *h, const struct cache_event *from,
                           const struct cache_event *to)
{
        FOR_EACH(e, h)
        {
                if (e->what == CACHE_SET && !(from && cache_precedes(e, from)) &&
                    !cache_precedes(to, e))
                        return false;
        }
        return true;
}

/* Some set was before `e`, and nothing that may have happened between the two takes away what it,
   or a later one, has put in; nor can that have expired. */
static bool surely_there(struct cache_history *h, const struct cache_event *e, struct ct_rng *r)
{
        struct cache_event *set = some(h, r, CACHE_SET);

        if (h->may_evict || !set || !cache_precedes(set, e))
                return false;
        FOR_EACH(o, h)
        {
                if (o == e || cache_precedes(o, set) || cache_precedes(e, o))
                        continue;
                if (o->what == CACHE_ERASE || (o->what == CACHE_DELETE && o->found))
                        return false;
        }
        FOR_EACH(o, h)
        {
                if (o->what == CACHE_SET && !cache_precedes(e, o) &&
                    e->clock_to >= cache_expires(o->clock_from, o))
                        return false;
        }
        return true;
}

/* ---- the mutations ---- */

/* Nobody sets it. */
static bool from_nowhere(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *e = some_hit(h, r);

        if (e)
                e->value = CACHE_NO_VALUE;
        return e;
}

/* Another value was set after it, and before the look. */
static bool overwritten(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *e = some(h, r, CACHE_LOOK), *old = some(h, r, CACHE_SET),
                           *new = some(h, r, CACHE_SET);

        if (!e || !old || !new || !cache_precedes(old, new) || !cache_precedes(new, e))
                return false;
        e->value = old->value;
        return true;
}

/* It was deleted after it had been set, and before the look. */
static bool deleted(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *e = some(h, r, CACHE_LOOK), *set = some(h, r, CACHE_SET),
                           *gone = some(h, r, ct_rng_below(r, 3) ? CACHE_DELETE : CACHE_ERASE);

        if (!e || !set || !gone || !cache_precedes(set, gone) || !cache_precedes(gone, e))
                return false;
        e->value = set->value;
        return true;
}

/* There was a value, whichever, and no reason to miss. */
static bool lost(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *e = some_hit(h, r);

        if (!e || !surely_there(h, e, r))
                return false;
        e->value = CACHE_MISS;
        return true;
}

static bool delete_overlooks(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *e = some(h, r, CACHE_DELETE);

        if (!e || !e->found || !surely_there(h, e, r))
                return false;
        e->found = false;
        return true;
}

/* Nothing was set before it. */
static bool delete_finds_nothing_set(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *e = some(h, r, CACHE_DELETE);

        if (!e || !no_set_between(h, NULL, e))
                return false;
        e->found = true;
        return true;
}

/* Deleted, or looked for in vain, and then found by a delete though nothing was set between. */
static bool deleted_twice(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *e = some(h, r, CACHE_DELETE), *gone = some(h, r, CACHE_DELETE);

        if (!e || !gone || e->found || !cache_precedes(gone, e) || !no_set_between(h, gone, e))
                return false;
        e->found = true;
        return true;
}

static bool found_after_a_miss(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *e = some(h, r, CACHE_DELETE), *miss = some(h, r, CACHE_LOOK);

        if (!e || !miss || e->found || miss->value != CACHE_MISS || !cache_precedes(miss, e) ||
            !no_set_between(h, miss, e))
                return false;
        e->found = true;
        return true;
}

static bool found_before_set(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *e = some_hit(h, r), *set = e ? set_of(h, e->value) : NULL;

        if (!set || !set->invoked)
                return false;
        e->returned = set->invoked;
        if (e->invoked >= e->returned)
                e->invoked = e->returned - 1;
        return true;
}

/* Whoever has seen the newer value was before whoever sees the older one. */
static bool new_then_old(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *first = some_hit(h, r), *second = some(h, r, CACHE_LOOK),
                           *old = some(h, r, CACHE_SET), *new;

        if (!first || !second || !old || !cache_precedes(first, second))
                return false;
        new = set_of(h, first->value);
        if (!new || !cache_precedes(old, new))
                return false;
        second->value = old->value;
        return true;
}

/* Missed although it had been set, evicted or expired therefore; and then found again. */
static bool came_back(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *miss = some(h, r, CACHE_LOOK), *hit = some_hit(h, r),
                           *set = hit ? set_of(h, hit->value) : NULL;

        if (!miss || !set || miss == hit || !cache_precedes(set, miss) ||
            !cache_precedes(miss, hit))
                return false;
        miss->value = CACHE_MISS;
        return true;
}

static bool found_too_late(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *e = some_hit(h, r), *set = e ? set_of(h, e->value) : NULL;

        if (!set || !set->ttl)
                return false;
        e->clock_from = e->clock_to = set->clock_to + set->ttl;
        return true;
}

/* The clock has not come to the earliest time at which anything may have expired. */
static bool missed_too_early(struct cache_history *h, struct ct_rng *r)
{
        struct cache_event *e = some(h, r, CACHE_LOOK), *set = some(h, r, CACHE_SET);

        if (!e || !set || !set->ttl || e->clock_to < set->clock_from + set->ttl)
                return false;
        e->clock_from = e->clock_to = set->clock_from + set->ttl - 1;
        if (!surely_there(h, e, r))
                return false;
        e->value = CACHE_MISS;
        return true;
}

#define MUTATIONS(X)                                                                               \
        X(from_nowhere)                                                                            \
        X(overwritten)                                                                             \
        X(deleted)                                                                                 \
        X(lost)                                                                                    \
        X(delete_overlooks)                                                                        \
        X(delete_finds_nothing_set)                                                                \
        X(deleted_twice)                                                                           \
        X(found_after_a_miss)                                                                      \
        X(found_before_set)                                                                        \
        X(new_then_old)                                                                            \
        X(came_back)                                                                               \
        X(found_too_late)                                                                          \
        X(missed_too_early)

#define NAME(kind) #kind,
#define FUNCTION(kind) kind,
const char *const cache_mutations[] = {MUTATIONS(NAME)};
static bool (*const functions[])(struct cache_history *, struct ct_rng *) = {MUTATIONS(FUNCTION)};
const unsigned cache_mutation_kinds = sizeof functions / sizeof functions[0];

bool cache_mutate(struct cache_history *h, unsigned kind, struct ct_rng *r)
{
        return functions[kind](h, r);
}
