/*
 * Long and short critical sections: what is set is computed by whoever holds the lock, or before
 * he takes it. For the guides' caches, after table.h; the file has
 *     section_set(t, key, value, bytes, turns)   a set that computes for so many turns with the
 *                                                lock held; 0 or -errno
 * No include guard: one file, one contestant.
 */

#include "cache/filled.h"
#include "harness/work.h"

static inline __attribute__((always_inline)) uint64_t run_section(struct cache *c, struct worker *w,
                                                                  uint64_t n, bool inside)
{
        struct cache_worker *l = w->local;
        uint64_t cursor = w->cursor, hits = 0, sets = 0, wrong = 0;

        for (uint64_t i = 0; i < n; i++) {
                cache_draw draw = l->draws[cursor++ & l->draws_mask];
                const struct cache_key *key = &l->key[draw & DRAW_KEY];

                cache_fetch_ahead(l, cursor);
                if (draw & DRAW_SET) {
                        cache_value_fill(l->value, USUAL_BYTES, draw & DRAW_KEY, ++l->stamp);
                        if (!inside)
                                work_spin(w->hold_turns);
                        wrong += section_set(c->table, key, l->value, USUAL_BYTES,
                                             inside ? w->hold_turns : 0) != 0;
                        sets++;
                } else {
                        int found = cache_get(c, key, draw, l->value, USUAL_BYTES);

                        if (found == 1 &&
                            !cache_value_right(l->value, USUAL_BYTES, draw & DRAW_KEY))
                                found = -1;
                        wrong += found != !!(draw & DRAW_PRESENT);
                        hits += found == 1;
                }
        }
        w->cursor = cursor;
        l->tally.gets += n - sets;
        l->tally.hits += hits;
        l->tally.sets += sets;
        l->tally.wrong += wrong;
        return n;
}

static uint64_t run_inside(void *self, struct worker *w, uint64_t n)
{
        return run_section(self, w, n, true);
}

static uint64_t run_outside(void *self, struct worker *w, uint64_t n)
{
        return run_section(self, w, n, false);
}

#define INIT kept_init
#define CHECK kept_check
#define OTHER_RUNS [CACHE_SECTION_INSIDE] = run_inside, [CACHE_SECTION_OUTSIDE] = run_outside
#include "cache/loop.h"
