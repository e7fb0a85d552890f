/*
 * Condition variables. A contestant's file defines MUTEX_TYPE, LOCK(m), UNLOCK(m), COND_TYPE,
 * WAIT(c, m), SIGNAL(c), BROADCAST(c), and MUTEX_INIT(m), COND_INIT(c) (0 or an errno value),
 * MUTEX_FINI(m), COND_FINI(c) where zero bytes will not do.
 *
 * In both workloads an operation is one worker's: its turn in the ring, its part in a round.
 */

#ifndef FLOOR
#define FLOOR 0 /* 1: does nothing, so nothing can be right or wrong */
#endif

#ifndef MUTEX_INIT
#define MUTEX_INIT(m) 0
#define MUTEX_FINI(m) ((void)0)
#endif
#ifndef COND_INIT
#define COND_INIT(c) 0
#define COND_FINI(c) ((void)0)
#endif

struct seat {
        CT_ALIGN_PAIR COND_TYPE cond;
};

struct box {
        CT_ALIGN_PAIR MUTEX_TYPE mutex;
        bool closed; /* a worker has left: nobody waits any more */
        unsigned turn, arrived;
        uint64_t passed, rounds;
        struct seat *seat; /* one each; the first is everybody's in a broadcast */
        unsigned seats;
};

static uint64_t run_ring(void *self, struct worker *w, uint64_t n)
{
        struct box *b = (struct box *)self;
        unsigned me = w->index, next = (me + 1) % w->threads;
        uint64_t done = 0;
        bool closed = false;

        for (; done < n; done++) {
                LOCK(&b->mutex);
                if (FLOOR)
                        continue;
                while (b->turn != me && !b->closed)
                        WAIT(&b->seat[me].cond, &b->mutex);
                closed = b->closed;
                if (!closed) {
                        b->passed++;
                        b->turn = next;
                        SIGNAL(&b->seat[next].cond);
                }
                UNLOCK(&b->mutex);
                if (closed)
                        break;
        }
        return done;
}

static uint64_t run_broadcast(void *self, struct worker *w, uint64_t n)
{
        struct box *b = (struct box *)self;
        uint64_t done = 0;

        for (bool closed = false; done < n && !closed; done++) {
                uint64_t round;

                LOCK(&b->mutex);
                if (FLOOR)
                        continue;
                round = b->rounds;
                b->passed++;
                if (++b->arrived == w->threads) {
                        b->arrived = 0;
                        b->rounds++;
                        BROADCAST(&b->seat[0].cond);
                } else {
                        while (b->rounds == round && !b->closed)
                                WAIT(&b->seat[0].cond, &b->mutex);
                }
                closed = b->closed;
                UNLOCK(&b->mutex);
        }
        return done;
}

static void leave(void *self, struct worker *w)
{
        struct box *b = (struct box *)self;

        (void)w;
        if (FLOOR)
                return; /* nobody waits, and nothing excludes anybody */
        LOCK(&b->mutex);
        b->closed = true;
        for (unsigned i = 0; i < b->seats; i++)
                BROADCAST(&b->seat[i].cond);
        UNLOCK(&b->mutex);
}

static void end(struct box *b)
{
        for (unsigned i = 0; i < b->seats; i++)
                COND_FINI(&b->seat[i].cond);
        free((void *)b->seat);
        MUTEX_FINI(&b->mutex);
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct box *b = (struct box *)self;
        int rc = -MUTEX_INIT(&b->mutex);

        (void)p;
        if (rc)
                return rc;
        b->seat = (struct seat *)aligned_alloc(CT_CACHE_PAIR, threads * sizeof *b->seat);
        if (!b->seat) {
                MUTEX_FINI(&b->mutex);
                return -ENOMEM;
        }
        memset((void *)b->seat, 0, threads * sizeof *b->seat);
        for (; b->seats < threads; b->seats++) {
                rc = -COND_INIT(&b->seat[b->seats].cond);
                if (rc) {
                        end(b);
                        return rc;
                }
        }
        return 0;
}

static void fini(void *self)
{
        end((struct box *)self);
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        (void)metrics;
        return ((const struct box *)self)->passed == t->effects || FLOOR ? 0 : -EBADMSG;
}

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .size = sizeof(struct box),
        .align = CT_CACHE_PAIR,
        .init = init,
        .run = RUN_COND(run_ring, run_broadcast),
        .check = check,
        .fini = fini,
        .worker_leave = leave,
};
