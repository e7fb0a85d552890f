/*
 * Once: a function that runs in the first call only, and has run when any call returns. A
 * contestant's file defines ONCE_TYPE, ONCE_DO(o, fn, arg), and ONCE_INIT(o) where zero bytes will
 * not do.
 *
 * The stampede needs a new once for each operation: there are rows of them, and when a row has been
 * used the workers meet, one makes it new, and they set out together again.
 */

#ifndef FLOOR
#define FLOOR 0 /* 1: does nothing, so nothing can be right or wrong */
#endif

#ifndef ONCE_INIT
#define ONCE_INIT(o) memset((void *)(o), 0, sizeof *(o))
#endif

enum { ROW = 64 };

struct cell {
        CT_ALIGN_LINE ONCE_TYPE once;
        uint64_t calls, hold;
};

struct box {
        struct sync_gate gate;
        struct cell one;
        uint64_t wrong; /* the function had not run, or had run twice */
        CT_ALIGN_PAIR struct cell row[ROW];
};

static void fill(void *arg)
{
        struct cell *c = (struct cell *)arg;

        work_spin(c->hold);
        c->calls++;
}

static uint64_t run(void *self, struct worker *w, uint64_t n)
{
        struct box *b = (struct box *)self;
        uint64_t wrong = 0;

        (void)w;
        for (uint64_t i = 0; i < n; i++) {
                ONCE_DO(&b->one.once, fill, &b->one);
                wrong += !FLOOR && b->one.calls != 1;
        }
        if (wrong)
                word_add(&b->wrong, wrong);
        return n;
}

static void renew(struct box *b, uint64_t hold)
{
        for (int i = 0; i < ROW; i++) {
                ONCE_INIT(&b->row[i].once);
                b->row[i].calls = 0;
                b->row[i].hold = hold;
        }
}

/* All have come to the end of the row, and set out again. False: somebody has left. */
static bool next_row(struct box *b, struct sync_worker *l, struct worker *w)
{
        if (!sync_gate_pass(&b->gate, w->threads))
                return false;
        if (w->index == 0)
                renew(b, w->hold_turns);
        if (!sync_gate_pass(&b->gate, w->threads))
                return false;
        l->number = 0;
        return true;
}

static uint64_t run_stampede(void *self, struct worker *w, uint64_t n)
{
        struct box *b = (struct box *)self;
        struct sync_worker *l = (struct sync_worker *)w->local;
        uint64_t done = 0;

        for (; done < n && !l->over; done++) {
                struct cell *c = &b->row[l->number];

                ONCE_DO(&c->once, fill, c);
                if (!FLOOR && c->calls != 1)
                        word_add(&b->wrong, 1);
                if (++l->number == ROW)
                        l->over = !next_row(b, l, w);
        }
        return done;
}

static void leave(void *self, struct worker *w)
{
        (void)w;
        sync_gate_close(&((struct box *)self)->gate);
}

static int init(void *self, const struct params *p, unsigned threads)
{
        struct box *b = (struct box *)self;

        (void)p;
        (void)threads;
        ONCE_INIT(&b->one.once);
        renew(b, 0);
        return 0;
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
        .run = RUN_ONCE(run, run_stampede),
        .check = check,
        .worker_init = sync_worker_begin,
        .worker_fini = sync_worker_end,
        .worker_leave = leave,
};
