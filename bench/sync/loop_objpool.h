/*
 * A pool of objects. A contestant's file defines POOL_TYPE, GET(p, bytes), PUT(p, o), and
 * POOL_INIT(p, bytes) (0 or -errno) and POOL_FINI(p) where zero bytes will not do.
 *
 * Each worker holds p_batch objects; an operation puts the oldest and gets another. An object's
 * first and last word say who holds it: somebody else's mark would be an object given out twice.
 */

#ifndef EXCHANGE
#define EXCHANGE(p, o, bytes) (PUT(p, o), GET(p, bytes))
#endif
#ifndef POOL_INIT
#define POOL_INIT(p, bytes) 0
#define POOL_FINI(p) ((void)0)
#endif

struct box {
        CT_ALIGN_PAIR POOL_TYPE pool;
        CT_ALIGN_PAIR uint64_t wrong;
};

struct holder {
        CT_ALIGN_PAIR uint64_t mark;
        size_t at, held;
        uint64_t *object[];
};

static inline void mark_object(uint64_t *o, size_t words, uint64_t mark)
{
        o[0] = mark;
        o[words - 1] = mark;
}

static inline bool is_marked(const uint64_t *o, size_t words, uint64_t mark)
{
        return o[0] == mark && o[words - 1] == mark;
}

static uint64_t run(void *self, struct worker *w, uint64_t n)
{
        struct box *b = (struct box *)self;
        struct holder *l = (struct holder *)w->local;
        size_t bytes = (size_t)w->params->value[P_BYTES], words = bytes / sizeof(uint64_t);
        size_t at = l->at, held = l->held;
        uint64_t wrong = 0, done = 0;

        (void)b;
        for (; done < n; done++) {
                uint64_t *o = l->object[at];

                wrong += !is_marked(o, words, l->mark);
                o = (uint64_t *)EXCHANGE(&b->pool, o, bytes);
                if (!o)
                        abort(); /* a few kilobytes */
                mark_object(o, words, l->mark);
                l->object[at] = o;
                at = at + 1 == held ? 0 : at + 1;
        }
        l->at = at;
        if (wrong)
                word_add(&b->wrong, wrong);
        return done;
}

static void worker_end(void *self, struct worker *w)
{
        struct box *b = (struct box *)self;
        struct holder *l = (struct holder *)w->local;

        (void)b;
        while (l->held)
                PUT(&b->pool, l->object[--l->held]);
        free((void *)l);
        w->local = NULL;
}

static int worker_begin(void *self, struct worker *w)
{
        struct box *b = (struct box *)self;
        size_t batch = (size_t)w->params->value[P_BATCH];
        size_t bytes = (size_t)w->params->value[P_BYTES];
        size_t size = sizeof(struct holder) + batch * sizeof(uint64_t *);
        struct holder *l = (struct holder *)aligned_alloc(
                CT_CACHE_PAIR, (size + CT_CACHE_PAIR - 1) / CT_CACHE_PAIR * CT_CACHE_PAIR);

        (void)b;
        if (!l)
                return -ENOMEM;
        w->local = l;
        l->mark = w->index + 1;
        l->at = 0;
        for (l->held = 0; l->held < batch; l->held++) {
                uint64_t *o = (uint64_t *)GET(&b->pool, bytes);

                if (!o) {
                        worker_end(self, w);
                        return -ENOMEM;
                }
                mark_object(o, bytes / sizeof(uint64_t), l->mark);
                l->object[l->held] = o;
        }
        return 0;
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct box *b = (struct box *)self;

        (void)b;
        (void)p;
        (void)threads;
        return POOL_INIT(&b->pool, (size_t)p->value[P_BYTES]);
}

static void fini(void *self)
{
        struct box *b = (struct box *)self;

        (void)b;
        POOL_FINI(&b->pool);
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        (void)t;
        (void)metrics;
        return ((const struct box *)self)->wrong ? -EBADMSG : 0;
}

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .size = sizeof(struct box),
        .align = CT_CACHE_PAIR,
        .init = init,
        .run = RUN_OBJPOOL(run),
        .check = check,
        .fini = fini,
        .worker_init = worker_begin,
        .worker_fini = worker_end,
};
