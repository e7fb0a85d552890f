/*
 * The cache family's measured loop of gets and sets, and the descriptor: included once by each
 * contestant's file, so that nothing is called through a pointer. No include guard: one file, one
 * contestant. C and C++. The file has
 *     struct cache            its storage; begins with struct cache_window window
 *     cache_get(c, key, draw, value, bytes)
 *                             1 and the value copied out to `value`, 0: no such key, -1: anything
 *                             else
 *     cache_set(c, key, draw, value, bytes)
 *                             0 or -errno
 *     INIT, CHECK
 * `bytes` is a constant once it is inlined. The loop makes every value and looks at every value,
 * so that this is the same work for everyone. Keys are fetched ahead: a program has its key at hand
 * when it asks a cache, and where the suite keeps its many is not what is measured.
 *
 * May have: OTHER_RUNS, run functions of other workloads (C only), with STORAGE where that is not
 * struct cache (it begins with struct cache_window window too) and FINI; VALUE_RIGHT where values
 * are something else; WORKER_BEGIN(c), WORKER_END(c), each on the worker's own thread.
 */

#ifndef VALUE_RIGHT
#define VALUE_RIGHT(value, bytes, key) cache_value_right(value, bytes, key)
#endif
#ifndef WORKER_BEGIN
#define WORKER_BEGIN(c) (void)(c)
#define WORKER_END(c) (void)(c)
#endif
#ifndef STORAGE
#define STORAGE struct cache
#endif
#ifndef FINI
#define FINI NULL
#endif

/* n operations of the worker's prepared ones. */
static inline __attribute__((always_inline)) void run_sized(struct cache *c, struct worker *w,
                                                            uint64_t n, size_t bytes)
{
        struct cache_worker *l = (struct cache_worker *)w->local;
        uint64_t cursor = w->cursor, hits = 0, sets = 0, wrong = 0;

        for (uint64_t i = 0; i < n; i++) {
                cache_draw draw = l->draws[cursor++ & l->draws_mask];
                const struct cache_key *key = &l->key[draw & DRAW_KEY];

                cache_fetch_ahead(l, cursor);
                if (draw & DRAW_SET) {
                        cache_value_fill(l->value, bytes, draw & DRAW_KEY, ++l->stamp);
                        wrong += cache_set(c, key, draw, l->value, bytes) != 0;
                        sets++;
                } else {
                        int found = cache_get(c, key, draw, l->value, bytes);

                        if (found == 1 && !VALUE_RIGHT(l->value, bytes, draw & DRAW_KEY))
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
}

/* Returns n: the oracle looks into the tallies. */
static uint64_t run(void *self, struct worker *w, uint64_t n)
{
        struct cache *c = (struct cache *)self;

        switch (w->params->value[P_VALUE_BYTES]) {
        case 8:
                run_sized(c, w, n, 8);
                break;
        case 64:
                run_sized(c, w, n, 64);
                break;
        case MAX_VALUE_BYTES:
                run_sized(c, w, n, MAX_VALUE_BYTES);
                break;
        default:
                return 0;
        }
        return n;
}

static int worker_begin(void *self, struct worker *w)
{
        struct cache *c = (struct cache *)self;
        int rc = cache_worker_begin(&c->window, w);

        if (!rc)
                WORKER_BEGIN(c);
        return rc;
}

static void worker_end(void *self, struct worker *w)
{
        struct cache *c = (struct cache *)self;

        WORKER_END(c);
        cache_worker_end(&c->window, w);
}

#ifdef __cplusplus
#define RUNS                                                                                       \
        {                                                                                          \
                run                                                                                \
        }
#else
#ifndef OTHER_RUNS
#define OTHER_RUNS
#endif
#define RUNS                                                                                       \
        {                                                                                          \
                [CACHE_GET_SET] = run, OTHER_RUNS                                                  \
        }
#endif

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .word = HASH,
        .size = sizeof(STORAGE),
        .align = CT_CACHE_PAIR,
        .init = INIT,
        .run = RUNS,
        .check = CHECK,
        .fini = FINI,
        .worker_init = worker_begin,
        .worker_fini = worker_end,
};
