/*
 * A semaphore. A contestant's file defines SEMAPHORE_TYPE, ACQUIRE(s, n), RELEASE(s, n),
 * SEMAPHORE_INIT(s, permits) (0 or an errno value), SEMAPHORE_FINI(s), SEMAPHORE_FREE(s) (free
 * permits, when nobody uses it), and ONE_BY_ONE where n can only
 * be 1, WEIGHTED_ONLY where that is another contestant's matter.
 *
 * With one permit a plain counter in the section tells whether two were in; with weights a count of
 * the permits that are out, which costs every contestant the same read-modify-writes.
 */

#ifndef FLOOR
#define FLOOR 0 /* 1: does nothing, so nothing can be right or wrong */
#endif

struct box {
        CT_ALIGN_PAIR SEMAPHORE_TYPE semaphore;
        uint64_t counter;
        CT_ALIGN_PAIR uint64_t out;
        uint64_t wrong;
        uint64_t permits;
};

#ifndef WEIGHTED_ONLY
static uint64_t run(void *self, struct worker *w, uint64_t n)
{
        struct box *b = (struct box *)self;
        uint64_t hold = w->hold_turns;
        bool alone = b->permits == 1 && !FLOOR;

        for (uint64_t i = 0; i < n; i++) {
                ACQUIRE(&b->semaphore, 1);
                if (alone)
                        b->counter++;
                work_spin(hold);
                RELEASE(&b->semaphore, 1);
        }
        return alone ? n : 0;
}
#define RUN_ONE run
#else
#define RUN_ONE NULL
#endif

#ifndef ONE_BY_ONE
static uint64_t run_weighted(void *self, struct worker *w, uint64_t n)
{
        struct box *b = (struct box *)self;
        uint64_t cursor = w->cursor, hold = w->hold_turns, permits = b->permits;

        for (uint64_t i = 0; i < n; i++) {
                uint64_t weight = w->draws[cursor++ % DRAWS];

                ACQUIRE(&b->semaphore, weight);
                if (word_add(&b->out, weight) > permits && !FLOOR)
                        word_add(&b->wrong, 1);
                work_spin(hold);
                word_sub(&b->out, weight);
                RELEASE(&b->semaphore, weight);
        }
        w->cursor = cursor;
        return 0;
}
#define RUN_WEIGHTED run_weighted
#else
#define RUN_WEIGHTED NULL
#endif

static int init(void *self, const struct params *p, unsigned threads)
{
        struct box *b = (struct box *)self;

        (void)threads;
        b->permits = (uint64_t)p->value[P_PERMITS];
        return -SEMAPHORE_INIT(&b->semaphore, b->permits);
}

static void fini(void *self)
{
        struct box *b = (struct box *)self;

        (void)b;
        SEMAPHORE_FINI(&b->semaphore);
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        struct box *b = (struct box *)self;

        (void)metrics;
        if (b->counter != t->effects || b->wrong || b->out)
                return -EBADMSG;
        return SEMAPHORE_FREE(&b->semaphore) == b->permits ? 0 : -EBADMSG;
}

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .size = sizeof(struct box),
        .align = CT_CACHE_PAIR,
        .init = init,
        .run = RUN_SEMAPHORE(RUN_ONE, RUN_WEIGHTED),
        .check = check,
        .fini = fini,
};
