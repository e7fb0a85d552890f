/*
 * A wait group: told of jobs, told that they are done. A contestant's file defines GROUP_TYPE,
 * ADD(g, n), DONE(g), GROUP_IDLE(g) (nothing is left, without waiting), and GROUP_INIT(g) (0 or an
 * errno value) and GROUP_FINI(g) where zero bytes will not do. An operation is one batch of jobs.
 */

struct box {
        CT_ALIGN_PAIR GROUP_TYPE group;
};

static uint64_t run(void *self, struct worker *w, uint64_t n)
{
        struct box *b = (struct box *)self;
        int64_t jobs = w->params->value[P_BATCH], calls = w->params->value[P_CALLS];

        (void)b;
        for (uint64_t i = 0; i < n; i++) {
                if (calls == 1)
                        ADD(&b->group, (int)jobs);
                else
                        for (int64_t k = 0; k < jobs; k++)
                                ADD(&b->group, 1);
                for (int64_t k = 0; k < jobs; k++)
                        DONE(&b->group);
        }
        return n;
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        struct box *b = (struct box *)self;

        (void)b;
        (void)metrics;
        return GROUP_IDLE(&b->group) && t->effects == t->ops ? 0 : -EBADMSG;
}

#ifdef GROUP_INIT
static int init(void *self, const struct params *p, unsigned threads)
{
        (void)p;
        (void)threads;
        return -GROUP_INIT(&((struct box *)self)->group);
}

static void fini(void *self)
{
        GROUP_FINI(&((struct box *)self)->group);
}
#endif

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .size = sizeof(struct box),
        .align = CT_CACHE_PAIR,
#ifdef GROUP_INIT
        .init = init,
#endif
        .run = RUN_WAITGROUP(run),
        .check = check,
#ifdef GROUP_INIT
        .fini = fini,
#endif
};
