/* The counter family's measured loops and the descriptor: included once by each contestant's file,
   so that its operations are inlined. No include guard: one file, one contestant. */

static uint64_t run_inc(void *self, struct worker *w, uint64_t n)
{
        struct counter *c = self;

        for (uint64_t i = 0; i < n; i++)
                counter_inc(c, w, 0);
        return n;
}

static uint64_t run_mixed(void *self, struct worker *w, uint64_t n)
{
        struct counter *c = self;
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
        return counter_check_value(counter_value(self, t), t, metrics);
}

#ifndef INIT
#define INIT NULL
#endif
#ifndef FINI
#define FINI NULL
#endif

extern const struct contestant CONTESTANT;
const struct contestant CONTESTANT = {
        .name = NAME,
        .source = SOURCE,
        .caps = CAPS,
        .size = sizeof(struct counter),
        .align = _Alignof(struct counter),
        .init = INIT,
        .fini = FINI,
        .run = {[COUNTER_INC] = run_inc, [COUNTER_MIXED] = run_mixed},
        .check = check,
};
