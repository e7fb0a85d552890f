/*
 * What every rwmutex has to stand: exclusion and order between readers and writers, a waiting
 * writer's precedence, time-outs, misuse. Included once per rwmutex, with
 *      RW(suffix)      its names: struct RW(), RW(_rlock)
 *      RW_NAME         a string, the prefix of the programs' names
 *      RW_BOUND        preemptions in the search with three tasks
 *      RW_PROGRAMS     the array's name
 *      RW_PANIC        what a runlock without a reader says
 *      RW_WRITER_WAITS(rw)  true when a writer has announced itself
 *      RW_ASYMMETRIC   it uses asymmetric fences: once more with them
 */
#include "programs.h"

#include <errno.h>

struct state {
        struct RW() rw;
        int data, writes;
        ct_atomic_u32 reads, written;
};

static void read_once(struct state *s)
{
        sim_at("rlock");
        RW(_rlock)(&s->rw);
        (void)SIM_READ(s->data);
        ct_add_u32_relaxed(&s->reads, 1);
        sim_at("runlock");
        RW(_runlock)(&s->rw);
}

static void write_once(struct state *s)
{
        sim_at("lock");
        RW(_lock)(&s->rw);
        SIM_WRITE(s->data, s->data + 1);
        sim_at("unlock");
        RW(_unlock)(&s->rw);
}

static void two_readers_one_writer(void *state, unsigned self)
{
        if (self < 2)
                read_once(state);
        else
                write_once(state);
}

static void one_reader_two_writers(void *state, unsigned self)
{
        if (self < 1)
                read_once(state);
        else
                write_once(state);
}

static void reader_twice_writer_twice(void *state, unsigned self)
{
        two_readers_one_writer(state, self * 2);
        two_readers_one_writer(state, self * 2);
}

#ifdef RW_ASYMMETRIC
/* Enough reads for the cheapest kind of them, and a write after the one that ends it. */
static void three_reads_two_writes(void *state, unsigned self)
{
        if (self == 1) {
                write_once(state);
                write_once(state);
                return;
        }
        for (int i = 0; i < 3; i++)
                read_once(state);
}
#endif

static void is_free(void *state)
{
        struct state *s = state;

        SIM_CHECK(!s->rw.readers.head && !s->rw.writer);
        SIM_CHECK(RW(_try_lock)(&s->rw));
        RW(_unlock)(&s->rw);
        SIM_CHECK(RW(_try_rlock)(&s->rw));
        RW(_runlock)(&s->rw);
}

static void timed_writer(void *state, unsigned self)
{
        struct state *s = state;
        int r;

        if (self < 2) {
                read_once(s);
                return;
        }
        sim_at("lock_until");
        r = RW(_lock_until)(&s->rw, ct_deadline_after(SIM_TIMEOUT_NS));
        sim_saw(r != 0);
        if (r)
                return;
        SIM_WRITE(s->data, 1);
        RW(_unlock)(&s->rw);
}

static void timed_reader(void *state, unsigned self)
{
        struct state *s = state;
        int r;

        if (self > 0) {
                write_once(s);
                return;
        }
        sim_at("rlock_until");
        r = RW(_rlock_until)(&s->rw, ct_deadline_after(SIM_TIMEOUT_NS));
        sim_saw(r != 0);
        if (r)
                return;
        (void)SIM_READ(s->data);
        RW(_runlock)(&s->rw);
}

static void tries(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                bool got = RW(_try_rlock)(&s->rw);

                sim_saw(got);
                if (!got)
                        return;
                (void)SIM_READ(s->data);
                RW(_runlock)(&s->rw);
        } else if (self == 1) {
                bool got = RW(_try_lock)(&s->rw);

                sim_saw(2 + got);
                if (!got)
                        return;
                SIM_WRITE(s->data, 1);
                RW(_unlock)(&s->rw);
        } else {
                write_once(s);
        }
}

/* While a writer waits, nobody else gets in. Task 0 reads until nothing else moves; task 1
   announces itself; a try of task 2 that begins after that must fail. */
static void writer_first(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0) {
                RW(_rlock)(&s->rw);
                ct_sleep_until(ct_deadline_after(SIM_TIMEOUT_NS));
                (void)SIM_READ(s->data);
                RW(_runlock)(&s->rw);
        } else if (self == 1) {
                sim_at("lock");
                RW(_lock)(&s->rw);
                SIM_WRITE(s->data, 1);
                ct_store_u32_relaxed(&s->written, 1);
                RW(_unlock)(&s->rw);
        } else {
                bool awaited = RW_WRITER_WAITS(&s->rw), got = RW(_try_rlock)(&s->rw);

                if (awaited && !ct_load_u32_relaxed(&s->written)) {
                        sim_saw(0);
                        SIM_CHECK(!got);
                }
                if (got)
                        RW(_runlock)(&s->rw);
        }
}

static void runlock_too_many(void *state, unsigned self)
{
        struct state *s = state;

        if (self == 0)
                write_once(s);
        else
                RW(_runlock)(&s->rw);
}

/* clang-format off */
const struct sim_program RW_PROGRAMS[] = {
        {.name = RW_NAME "_2r1w",
         .what = "two readers, one writer",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = RW_BOUND,
         .task = two_readers_one_writer,
         .check = is_free},
        {.name = RW_NAME "_1r2w",
         .what = "one reader, two writers",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = RW_BOUND,
         .task = one_reader_two_writers,
         .check = is_free},
        {.name = RW_NAME "_2x2",
         .what = "a reader and a writer, twice each",
         .tasks = 2,
         .size = sizeof(struct state),
         .task = reader_twice_writer_twice,
         .check = is_free,
         .bound = 3},
        {.name = RW_NAME "_timed_writer",
         .what = "two readers, a writer that may time out",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = RW_BOUND,
         .task = timed_writer,
         .check = is_free,
         .must_see = 3},
        {.name = RW_NAME "_timed_reader",
         .what = "two writers, a reader that may time out",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = RW_BOUND,
         .task = timed_reader,
         .check = is_free,
         .must_see = 3},
        {.name = RW_NAME "_try",
         .what = "both try forms beside a writer",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = RW_BOUND,
         .task = tries,
         .check = is_free,
         .must_see = 15},
        {.name = RW_NAME "_writer_first",
         .what = "nobody passes a waiting writer",
         .tasks = 3,
         .size = sizeof(struct state),
         .bound = RW_BOUND,
         .task = writer_first,
         .check = is_free,
         .must_see = 1},
        {.name = RW_NAME "_misuse",
         .what = "a runlock without a reader",
         .tasks = 2,
         .size = sizeof(struct state),
         .task = runlock_too_many,
         .panic = RW_PANIC},
#ifdef RW_ASYMMETRIC
        {.name = RW_NAME "_2r1w_fences",
         .what = "two readers, one writer; membarrier",
         .tasks = 3,
         .size = sizeof(struct state),
         .task = two_readers_one_writer,
         .check = is_free,
         .asymmetric = true,
         .bound = 2},
        {.name = RW_NAME "_1r2w_fences",
         .what = "one reader, two writers; membarrier",
         .tasks = 3,
         .size = sizeof(struct state),
         .task = one_reader_two_writers,
         .check = is_free,
         .asymmetric = true,
         .bound = 2},
        {.name = RW_NAME "_3r2w_fences",
         .what = "a reader three times, a writer twice; membarrier",
         .tasks = 2,
         .size = sizeof(struct state),
         .task = three_reads_two_writes,
         .check = is_free,
         .asymmetric = true},
        {.name = RW_NAME "_2x2_fences",
         .what = "a reader and a writer, twice each; membarrier",
         .tasks = 2,
         .size = sizeof(struct state),
         .task = reader_twice_writer_twice,
         .check = is_free,
         .asymmetric = true},
#endif
        {0}};
/* clang-format on */
