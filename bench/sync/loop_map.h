/*
 * A map that all share, whose keys are all there. A contestant's file defines MAP_TYPE,
 * MAP_INIT(m, keys) (0 or -errno), MAP_FINI(m), LOAD(m, key, value) (true and *value if the key is
 * there) and STORE(m, key, value) (0 or -errno). Keys and values are uint64_t.
 *
 * A value says whose it is: its low half is the key.
 */

#ifndef FLOOR
#define FLOOR 0
#endif

struct box {
        CT_ALIGN_PAIR MAP_TYPE map;
        CT_ALIGN_PAIR uint64_t wrong;
};

static uint64_t run(void *self, struct worker *w, uint64_t n)
{
        struct box *b = (struct box *)self;
        uint64_t cursor = w->cursor, keys = (uint64_t)w->params->value[P_KEYS], wrong = 0;

        (void)b;
        for (uint64_t i = 0; i < n; i++) {
                /* Knuth's multiplier: another key each time, every key in its turn, and no two
                   workers in step. */
                uint64_t turn = cursor + ((uint64_t)w->index << 20);
                uint64_t key = (turn * UINT64_C(6364136223846793005) >> 32) % keys, value = 0;

                if (w->draws[cursor++ % DRAWS])
                        wrong += STORE(&b->map, key, turn << 32 | key) != 0;
                else
                        wrong += !LOAD(&b->map, key, &value) || (uint32_t)value != key;
        }
        w->cursor = cursor;
        if (wrong && !FLOOR)
                word_add(&b->wrong, wrong);
        return n;
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct box *b = (struct box *)self;
        uint64_t keys = (uint64_t)p->value[P_KEYS];
        int rc = MAP_INIT(&b->map, keys);

        (void)b;
        (void)threads;
        if (rc)
                return rc;
        for (uint64_t key = 0; key < keys && !rc; key++)
                rc = STORE(&b->map, key, key);
        if (rc)
                MAP_FINI(&b->map);
        return rc;
}

static void fini(void *self)
{
        struct box *b = (struct box *)self;

        (void)b;
        MAP_FINI(&b->map);
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        struct box *b = (struct box *)self;
        uint64_t keys = (uint64_t)t->params->value[P_KEYS], value = 0;

        (void)b;
        (void)metrics;
        for (uint64_t key = 0; key < keys && !FLOOR; key++)
                if (!LOAD(&b->map, key, &value) || (uint32_t)value != key)
                        return -EBADMSG;
        return b->wrong ? -EBADMSG : 0;
}

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .size = sizeof(struct box),
        .align = CT_CACHE_PAIR,
        .init = init,
        .run = RUN_MAP(run),
        .check = check,
        .fini = fini,
};
