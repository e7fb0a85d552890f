/*
 * The memory of what was evicted: a ring of hashes, the oldest overwritten, and a hash table whose
 * chains run through the ring. A hash that is taken leaves its place in the ring empty until that
 * comes round, so a hash is remembered until as many others have been added as the ring has places
 * (the paper's table with time stamps forgets by the same rule).
 *
 * 14 to 16 bytes a place.
 */
#include "cache/policy_private.h"

#include <stdlib.h>
#include <string.h>

enum { FEWEST = 64, MOST_AT_ONCE = 1 << 20, EMPTY = UINT32_MAX };
#define MOST ((size_t)1 << 31)

/* Places are numbered from 1: 0 is the end of a chain. */
struct ring {
        uint64_t *hash;
        uint32_t *next; /* in its chain; EMPTY: the place is in none */
        uint32_t *chain;
        size_t size, cursor; /* cursor: the place that was written last */
        unsigned shift;      /* 64 - log2 of the number of chains */
};

struct ct_cache_ghosts_ {
        struct ring ring;
        size_t most; /* places that it may grow to */
};

static size_t chains(const struct ring *r)
{
        return (size_t)1 << (64 - r->shift);
}

static void ring_clear(struct ring *r)
{
        memset(r->next + 1, 0xff, r->size * sizeof *r->next);
        memset(r->chain, 0, chains(r) * sizeof *r->chain);
        r->cursor = 0;
}

static void ring_free(struct ring *r)
{
        free(r->hash);
        free(r->next);
        free(r->chain);
}

/* False without memory. */
static bool ring_init(struct ring *r, size_t size)
{
        *r = (struct ring){.size = size, .shift = 63}; /* two chains at least: shifts below 64 */
        while (chains(r) * 2 <= size)
                r->shift--;
        r->hash = malloc((size + 1) * sizeof *r->hash);
        r->next = malloc((size + 1) * sizeof *r->next);
        r->chain = malloc(chains(r) * sizeof *r->chain);
        if (!r->hash || !r->next || !r->chain) {
                ring_free(r);
                return false;
        }
        ring_clear(r);
        return true;
}

/* Where the number of the place that holds the hash is kept, or the 0 at its chain's end. */
static uint32_t *ring_find(const struct ring *r, uint64_t hash)
{
        uint32_t *link = &r->chain[hash * UINT64_C(0x9e3779b97f4a7c15) >> r->shift];

        while (*link && r->hash[*link] != hash)
                link = &r->next[*link];
        return link;
}

static void unlink_place(const struct ring *r, uint32_t *link)
{
        uint32_t place = *link;

        *link = r->next[place];
        r->next[place] = EMPTY;
}

/* The place's hash may stand in the chain twice: it is this place that goes. */
static void ring_empty(const struct ring *r, uint32_t place)
{
        uint32_t *link = ring_find(r, r->hash[place]);

        while (*link != place)
                link = &r->next[*link];
        unlink_place(r, link);
}

static void ring_add(struct ring *r, uint64_t hash)
{
        uint32_t place = (uint32_t)(r->cursor = r->cursor % r->size + 1), *link;

        if (r->next[place] != EMPTY)
                ring_empty(r, place);
        link = ring_find(r, hash);
        r->hash[place] = hash;
        r->next[place] = *link;
        *link = place;
}

/* Into a larger ring, the oldest first, so that they stay as old as they were to each other. */
static void grow(struct ct_cache_ghosts_ *g, size_t wanted)
{
        struct ring *was = &g->ring, now;
        size_t size = was->size, place;

        while (size < wanted)
                size = size * 2 < g->most ? size * 2 : g->most;
        if (!ring_init(&now, size))
                return; /* it remembers as many as it did */
        for (size_t i = 1; i <= was->size; i++) {
#ifdef CT_PLANT_policy_ghosts_grow_out_of_order
                place = i;
#else
                place = (was->cursor + i - 1) % was->size + 1;
#endif
                if (was->next[place] != EMPTY)
                        ring_add(&now, was->hash[place]);
                else
                        now.cursor++; /* an empty place is as old as it was, too */
        }
        ring_free(was);
        *was = now;
}

struct ct_cache_ghosts_ *ct_cache_ghosts_new_(size_t at_once, size_t most)
{
        struct ct_cache_ghosts_ *g = malloc(sizeof *g);

        if (!g)
                return NULL;
        g->most = most < MOST ? most : MOST;
        at_once = at_once < FEWEST ? FEWEST : at_once < MOST_AT_ONCE ? at_once : MOST_AT_ONCE;
        if (!ring_init(&g->ring, at_once < g->most ? at_once : g->most)) {
                free(g);
                return NULL;
        }
        return g;
}

void ct_cache_ghosts_free_(struct ct_cache_ghosts_ *g)
{
        if (!g)
                return;
        ring_free(&g->ring);
        free(g);
}

void ct_cache_ghosts_add_(struct ct_cache_ghosts_ *g, uint64_t hash, size_t wanted)
{
        wanted = wanted < g->most ? wanted : g->most;
        if (wanted > g->ring.size)
                grow(g, wanted);
        ring_add(&g->ring, hash);
}

bool ct_cache_ghosts_take_(struct ct_cache_ghosts_ *g, uint64_t hash)
{
        uint32_t *link = ring_find(&g->ring, hash);

        if (!*link)
                return false;
#ifndef CT_PLANT_policy_ghost_is_never_laid
        unlink_place(&g->ring, link);
#endif
        return true;
}

void ct_cache_ghosts_clear_(struct ct_cache_ghosts_ *g)
{
        ring_clear(&g->ring);
}
