/*
 * Rounds: everybody arrives and waits for everybody. A contestant's file defines MEET_TYPE,
 * MEET(m, w, number) (number: of the round, from 0, the same for all), and MEET_INIT(m, workers)
 * (0 or an errno value) and MEET_FINI(m). An operation is one worker's part in one round.
 *
 * A worker that leaves must not be waited for. So all leave after the same round: the first
 * worker, who may see that somebody wants to, says so before it arrives, and all read it after.
 */

#ifndef FLOOR
#define FLOOR 0 /* 1: does nothing, so nothing can be right or wrong */
#endif

enum { LOOK_EVERY = 64 };

struct place {
        CT_ALIGN_PAIR uint64_t round; /* written before its owner arrives there */
};

struct box {
        CT_ALIGN_PAIR MEET_TYPE meet;
        CT_ALIGN_PAIR uint64_t leaving;
        CT_ALIGN_PAIR uint64_t last[2]; /* by the round's parity: it is the last one */
        uint64_t early;                 /* somebody was let go before another had arrived */
        struct place *place;
};

static void take_part(struct box *b, struct sync_worker *l, struct worker *w)
{
        uint64_t number = l->number++;

        if (w->index == 0)
                word_store(&b->last[number % 2], word_load(&b->leaving));
        if (number % LOOK_EVERY == 0)
                word_store(&b->place[w->index].round, number + 1);
        MEET(&b->meet, w, number);
        if (!FLOOR && number % LOOK_EVERY == 0 &&
            word_load(&b->place[(w->index + 1) % w->threads].round) < number + 1)
                word_add(&b->early, 1);
        l->over = word_load(&b->last[number % 2]);
}

static uint64_t run(void *self, struct worker *w, uint64_t n)
{
        struct box *b = (struct box *)self;
        struct sync_worker *l = (struct sync_worker *)w->local;
        uint64_t done = 0;

        while (done < n && !l->over) {
                take_part(b, l, w);
                done++;
        }
        return done;
}

static void leave(void *self, struct worker *w)
{
        struct box *b = (struct box *)self;
        struct sync_worker *l = (struct sync_worker *)w->local;

        word_store(&b->leaving, 1);
        while (!l->over && !FLOOR) /* the floor's rounds let nobody else run */
                take_part(b, l, w);
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct box *b = (struct box *)self;
        int rc;

        (void)p;
        b->place = (struct place *)aligned_alloc(CT_CACHE_PAIR, threads * sizeof *b->place);
        if (!b->place)
                return -ENOMEM;
        memset((void *)b->place, 0, threads * sizeof *b->place);
        rc = -MEET_INIT(&b->meet, threads);
        if (rc)
                free(b->place);
        return rc;
}

static void fini(void *self)
{
        struct box *b = (struct box *)self;

        MEET_FINI(&b->meet);
        free(b->place);
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        (void)t;
        (void)metrics;
        return ((const struct box *)self)->early ? -EBADMSG : 0;
}

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .size = sizeof(struct box),
        .align = CT_CACHE_PAIR,
        .init = init,
        .run = RUN_ROUND(run),
        .check = check,
        .fini = fini,
        .worker_init = sync_worker_begin,
        .worker_fini = sync_worker_end,
        .worker_leave = leave,
};
