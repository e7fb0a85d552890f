/*
 * A configuration: several words that belong together, read all the time, replaced now and then. A
 * contestant's file defines VALUE_TYPE, VALUE_INIT(v) (0 or -errno; stores a configuration),
 * VALUE_FINI(v), IS_TORN(v) (reads the current one and says whether its words differ, which
 * config_is_torn() tells) and REPLACE(v, number) (by one whose words are all `number`; 0 or
 * -errno); WORKER_INIT(v, w) (0 or -errno) and WORKER_FINI(v, w) where it knows its threads.
 */

struct box {
        CT_ALIGN_PAIR VALUE_TYPE value;
        CT_ALIGN_PAIR uint64_t wrong;
};

static uint64_t run(void *self, struct worker *w, uint64_t n)
{
        struct box *b = (struct box *)self;
        uint64_t cursor = w->cursor, wrong = 0;

        (void)b;
        for (uint64_t i = 0; i < n; i++) {
                if (w->draws[cursor++ % DRAWS])
                        wrong += REPLACE(&b->value, cursor) != 0;
                else
                        wrong += IS_TORN(&b->value);
        }
        w->cursor = cursor;
        if (wrong)
                word_add(&b->wrong, wrong);
        return n;
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct box *b = (struct box *)self;

        (void)b;
        (void)p;
        (void)threads;
        return VALUE_INIT(&b->value);
}

static void fini(void *self)
{
        struct box *b = (struct box *)self;

        (void)b;
        VALUE_FINI(&b->value);
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        (void)t;
        (void)metrics;
        return ((const struct box *)self)->wrong ? -EBADMSG : 0;
}

#ifdef WORKER_INIT
static int worker_begin(void *self, struct worker *w)
{
        struct box *b = (struct box *)self;

        (void)b;
        (void)w;
        return WORKER_INIT(&b->value, w);
}

static void worker_end(void *self, struct worker *w)
{
        struct box *b = (struct box *)self;

        (void)b;
        (void)w;
        WORKER_FINI(&b->value, w);
}
#endif

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .size = sizeof(struct box),
        .align = CT_CACHE_PAIR,
        .init = init,
        .run = RUN_VALUE(run),
        .check = check,
        .fini = fini,
#ifdef WORKER_INIT
        .worker_init = worker_begin,
        .worker_fini = worker_end,
#endif
};
