/* The counter family's measured loops and the descriptor: included once by each contestant's file,
   so that its operations are inlined. No include guard: one file, one contestant. C and C++ (other
   people's libraries): casts from void pointers are written out, the descriptor is in order. */

static uint64_t run_inc(void *self, struct worker *w, uint64_t n)
{
        struct counter *c = (struct counter *)self;

        for (uint64_t i = 0; i < n; i++)
                counter_inc(c, w, 0);
        return n;
}

static uint64_t run_mixed(void *self, struct worker *w, uint64_t n)
{
        struct counter *c = (struct counter *)self;
        uint64_t cursor = w->cursor, hold = w->hold_turns, think = w->think_turns;
        uint64_t increments = 0, seen = 0;

        for (uint64_t i = 0; i < n; i++) {
                if (w->draws[cursor++ % DRAWS]) {
                        counter_inc(c, w, hold);
                        increments++;
                } else {
                        seen += counter_read(c, w, hold);
                }
                work_spin(think);
        }
        __asm__ __volatile__("" ::"r"(seen)); /* the reads are wanted */
        w->cursor = cursor;
        return increments;
}

static int check(const void *self, const struct totals *t, double *metrics)
{
        return counter_check_value(counter_value((const struct counter *)self, t), t, metrics);
}

#ifndef INIT
#define INIT NULL
#endif
#ifndef FINI
#define FINI NULL
#endif
#ifndef BEGIN_WORKER
#define BEGIN_WORKER NULL
#define END_WORKER NULL
#endif

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .size = sizeof(struct counter),
        .align = _Alignof(struct counter),
        .init = INIT,
        .run = {run_inc, run_mixed}, /* in the order of the workloads' enum */
        .check = check,
        .fini = FINI,
        .worker_init = BEGIN_WORKER,
        .worker_fini = END_WORKER,
};
