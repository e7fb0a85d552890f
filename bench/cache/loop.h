/*
 * The cache family's measured loop and the descriptor: included once by each contestant's file, so
 * that nothing is called through a pointer. No include guard: one file, one contestant. The file
 * has
 *     struct cache            its storage; begins with struct cache_window window
 *     cache_get(c, text, draw)         1 hit, 0 miss, -1 another key's value or half a value
 *     cache_set(c, text, draw, stamp)  0 or -errno
 *     INIT, CHECK
 */

/* n operations of the worker's prepared ones. Returns n: the oracle looks into the tallies. */
static uint64_t run(void *self, struct worker *w, uint64_t n)
{
        struct cache *c = self;
        struct cache_worker *l = w->local;
        const struct cache_keys *keys = l->keys;
        uint64_t cursor = w->cursor, stamp = l->stamp, hits = 0, sets = 0, wrong = 0;

        for (uint64_t i = 0; i < n; i++) {
                cache_draw draw = l->draws[cursor++ % CACHE_DRAWS];
                const char *text = keys->text[draw & DRAW_KEY];

                if (draw & DRAW_SET) {
                        wrong += cache_set(c, text, draw, ++stamp) != 0;
                        sets++;
                } else {
                        int found = cache_get(c, text, draw);

                        wrong += found != !!(draw & DRAW_PRESENT);
                        hits += found == 1;
                }
        }
        w->cursor = cursor;
        l->stamp = stamp;
        l->tally.gets += n - sets;
        l->tally.hits += hits;
        l->tally.sets += sets;
        l->tally.wrong += wrong;
        return n;
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
        .size = sizeof(struct cache),
        .align = CT_CACHE_PAIR,
        .init = INIT,
        .worker_init = worker_begin,
        .worker_fini = worker_end,
        .run = {[CACHE_GET_SET] = run},
        .check = CHECK,
};
