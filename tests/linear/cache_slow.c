/*
 * The definition, word by word: tries every order that obeys time, with every eviction and every
 * reading of the clock, and forgets nothing. Shares no code with the checker that it judges.
 */
#include "cache_history.h"

struct attempt {
        const struct cache_history *h;
        bool done[CACHE_MOST_EVENTS];
        unsigned left;
};

static bool any_order(struct attempt *a, unsigned value, int32_t expires);

/* The event with the key as it is, for each time that the clock can have shown. */
static bool with_event(struct attempt *a, const struct cache_event *e, unsigned value,
                       int32_t expires)
{
        for (int32_t now = e->clock_from; now <= e->clock_to; now++) {
                bool there = value != CACHE_MISS && now < expires;
                bool right = false;

                if (e->what == CACHE_SET)
                        right = any_order(a, e->value, e->ttl ? now + e->ttl : CACHE_FOR_EVER);
                else if (e->what == CACHE_ERASE)
                        right = any_order(a, CACHE_MISS, 0);
                else if (e->what == CACHE_LOOK && e->value == (there ? value : CACHE_MISS))
                        right = any_order(a, value, expires);
                else if (e->what == CACHE_DELETE && e->found == there)
                        right = there ? any_order(a, CACHE_MISS, 0) : any_order(a, value, expires);
                if (right)
                        return true;
        }
        return false;
}

static bool stands_first(const struct attempt *a, unsigned i)
{
        if (a->done[i])
                return false;
        for (unsigned k = 0; k < a->h->n; k++)
                if (!a->done[k] && k != i && a->h->event[k].returned <= a->h->event[i].invoked)
                        return false;
        return true;
}

static bool any_order(struct attempt *a, unsigned value, int32_t expires)
{
        if (!a->left)
                return true;
        if (a->h->may_evict && value != CACHE_MISS && any_order(a, CACHE_MISS, 0))
                return true;
        for (unsigned i = 0; i < a->h->n; i++) {
                bool right;

                if (!stands_first(a, i))
                        continue;
                a->done[i] = true;
                a->left--;
                right = with_event(a, &a->h->event[i], value, expires);
                a->done[i] = false;
                a->left++;
                if (right)
                        return true;
        }
        return false;
}

bool cache_slowly_accepts(const struct cache_history *h)
{
        struct attempt a = {.h = h, .left = h->n};

        return any_order(&a, CACHE_MISS, 0);
}
