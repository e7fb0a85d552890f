/* ct_rwmutex: its contract, one behaviour each; misuse; stress with an oracle. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sync/rwmutex.h"

#include "stress.h"
#include "watchdog.h"

#include <errno.h>

#define MEMBERS 4

static uint32_t readers_counted(const struct ct_rwmutex *rw)
{
        return (uint32_t)(ct_load_u64_relaxed(&rw->state) & CT_RWMUTEX_READERS_);
}

static bool writer_announced(const struct ct_rwmutex *rw)
{
        return ct_load_u64_relaxed(&rw->state) & CT_RWMUTEX_PHASE_;
}

static bool idle(struct ct_rwmutex *rw)
{
        return !readers_counted(rw) && !writer_announced(rw) && !rw->departing && !rw->writer &&
               !rw->readers.head && ct_load_u32_relaxed(&rw->writers.state) == 0;
}

static void readers_share(void **state)
{
        struct ct_rwmutex rw;

        (void)state;
        memset(&rw, 0, sizeof rw);
        ct_rwmutex_rlock(&rw);
        ct_rwmutex_rlock(&rw); /* by one thread: allowed here, since no writer comes */
        assert_true(ct_rwmutex_try_rlock(&rw));
        assert_int_equal(ct_rwmutex_rlock_until(&rw, 0), 0);
        for (int i = 0; i < 4; i++)
                ct_rwmutex_runlock(&rw);
        assert_true(idle(&rw));
}

static void try_lock_needs_it_free(void **state)
{
        struct ct_rwmutex rw = {0};

        (void)state;
        ct_rwmutex_rlock(&rw);
        assert_false(ct_rwmutex_try_lock(&rw));
        assert_int_equal(ct_rwmutex_lock_until(&rw, 0), -ETIMEDOUT);
        assert_true(ct_rwmutex_try_rlock(&rw)); /* the attempt did not stop readers */
        ct_rwmutex_runlock(&rw);
        ct_rwmutex_runlock(&rw);
        assert_true(ct_rwmutex_try_lock(&rw));
        assert_false(ct_rwmutex_try_lock(&rw));
        assert_false(ct_rwmutex_try_rlock(&rw));
        assert_int_equal(ct_rwmutex_lock_until(&rw, INT64_MIN), -ETIMEDOUT);
        assert_int_equal(ct_rwmutex_rlock_until(&rw, INT64_MIN), -ETIMEDOUT);
        ct_rwmutex_unlock(&rw);
        assert_int_equal(ct_rwmutex_lock_until(&rw, 0), 0);
        ct_rwmutex_unlock(&rw);
        assert_true(idle(&rw));
}

/* ---- who goes first ---- */

struct order {
        struct ct_rwmutex rw;
        ct_atomic_u32 turn; /* counts those that got in */
        ct_atomic_u32 readers_in;
        unsigned readers;
        uint32_t writer_turn[2], reader_turn[MEMBERS];
};

static void write_once(struct order *o, unsigned which)
{
        ct_rwmutex_lock(&o->rw);
        o->writer_turn[which] = ct_add_u32_relaxed(&o->turn, 1);
        ct_rwmutex_unlock(&o->rw);
}

/* Member 0 writes; member 1 reads once it finds the writer announced. */
static void writer_then_reader(void *shared, struct crew_member *me)
{
        struct order *o = shared;

        if (me->index == 0) {
                write_once(o, 0);
                return;
        }
        UNTIL(writer_announced(&o->rw));
        ct_rwmutex_rlock(&o->rw);
        o->reader_turn[0] = ct_add_u32_relaxed(&o->turn, 1);
        ct_rwmutex_runlock(&o->rw);
}

static void a_waiting_writer_stops_new_readers(void **state)
{
        (void)state;
        for (int round = 0; round < ROUNDS(300); round++) {
                struct order o = {.readers = 1};
                struct crew c;

                ct_rwmutex_rlock(&o.rw);
                crew_start(&c, 2, 0, writer_then_reader, &o);
                UNTIL(writer_announced(&o.rw));
                assert_false(ct_rwmutex_try_rlock(&o.rw));
                UNTIL(readers_counted(&o.rw) == 2 || ct_load_u32_relaxed(&o.turn));
                /* Time to do wrong: the reader is on its way, and its turn has not come. */
                for (int i = 0; i < 20; i++)
                        sched_yield();
                ct_rwmutex_runlock(&o.rw);
                crew_join(&c);
                assert_true(o.writer_turn[0] < o.reader_turn[0]);
                assert_true(idle(&o.rw));
        }
}

/* Members 0.. read, all inside together; the last one writes. */
static void batch_body(void *shared, struct crew_member *me)
{
        struct order *o = shared;

        if (me->index == o->readers) {
                write_once(o, 1);
                return;
        }
        ct_rwmutex_rlock(&o->rw);
        o->reader_turn[me->index] = ct_add_u32_relaxed(&o->turn, 1);
        ct_add_u32_relaxed(&o->readers_in, 1);
        UNTIL(ct_load_u32_relaxed(&o->readers_in) == o->readers);
        ct_rwmutex_runlock(&o->rw);
}

static void all_waiting_readers_go_before_the_next_writer(void **state)
{
        (void)state;
        for (int round = 0; round < ROUNDS(200); round++) {
                struct order o = {.readers = MEMBERS};
                struct crew c;

                ct_rwmutex_lock(&o.rw);
                crew_start(&c, MEMBERS + 1, 0, batch_body, &o);
                UNTIL(readers_counted(&o.rw) == MEMBERS);
                UNTIL(ct_mutex_waiters(&o.rw.writers) == 1);
                ct_rwmutex_unlock(&o.rw);
                crew_join(&c);
                for (unsigned i = 0; i < MEMBERS; i++)
                        assert_true(o.reader_turn[i] < o.writer_turn[1]);
                assert_true(idle(&o.rw));
        }
}

/* Readers that overlap, so that there always is one, until the writer has had its turns. */
struct flood {
        struct ct_rwmutex rw;
        ct_atomic_u32 done;
        unsigned writes;
};

static void flood_body(void *shared, struct crew_member *me)
{
        struct flood *f = shared;

        if (me->index == 0) {
                for (unsigned i = 0; i < f->writes; i++) {
                        ct_rwmutex_lock(&f->rw);
                        ct_rwmutex_unlock(&f->rw);
                }
                ct_store_u32_release(&f->done, 1); /* pairs with the readers' loads */
                return;
        }
        while (!ct_load_u32_acquire(&f->done)) {
                ct_rwmutex_rlock(&f->rw);
                for (int i = 0; i < 50; i++)
                        ct_pause();
                ct_rwmutex_runlock(&f->rw);
        }
}

static void readers_cannot_starve_a_writer(void **state)
{
        (void)state;
        FOR_EACH_PLACEMENT(p)
        {
                struct flood f = {.writes = 20};

                crew_run(p->threads, p->cpus, flood_body, &f);
                assert_true(idle(&f.rw));
        }
}

/* ---- deadlines ---- */

struct timed {
        struct ct_rwmutex rw;
        int64_t deadline;
        int result;
        ct_atomic_u32 got_in;
};

static void timed_reader(void *shared, struct crew_member *me)
{
        struct timed *t = shared;

        (void)me;
        t->result = ct_rwmutex_rlock_until(&t->rw, t->deadline);
        if (!t->result)
                ct_rwmutex_runlock(&t->rw);
}

static void a_reader_gives_up_and_leaves_no_trace(void **state)
{
        struct timed t = {.deadline = ct_deadline_after(5 * CT_NS_PER_MS)};

        (void)state;
        ct_rwmutex_lock(&t.rw);
        crew_run(1, 0, timed_reader, &t);
        assert_int_equal(t.result, -ETIMEDOUT);
        assert_true(ct_now_ns() >= t.deadline);
        ct_rwmutex_unlock(&t.rw);
        assert_true(idle(&t.rw));
        assert_true(ct_rwmutex_try_lock(&t.rw)); /* nobody counts it as a reader */
        ct_rwmutex_unlock(&t.rw);
}

/* Member 0 is a writer with a deadline, member 1 a reader that comes while it waits. */
static void timed_writer_and_reader(void *shared, struct crew_member *me)
{
        struct timed *t = shared;

        if (me->index == 0) {
                t->result = ct_rwmutex_lock_until(&t->rw, t->deadline);
                if (!t->result)
                        ct_rwmutex_unlock(&t->rw);
                return;
        }
        UNTIL(writer_announced(&t->rw));
        ct_rwmutex_rlock(&t->rw);
        ct_store_u32_release(&t->got_in, 1);
        ct_rwmutex_runlock(&t->rw);
}

static void a_writer_that_gives_up_lets_readers_go_on(void **state)
{
        struct timed t = {.deadline = ct_deadline_after(50 * CT_NS_PER_MS)};
        struct crew c;

        (void)state;
        ct_rwmutex_rlock(&t.rw); /* held throughout */
        crew_start(&c, 2, 0, timed_writer_and_reader, &t);
        UNTIL(ct_load_u32_acquire(&t.got_in)); /* only the writer's leaving can let it in */
        crew_join(&c);
        assert_int_equal(t.result, -ETIMEDOUT);
        assert_true(ct_now_ns() >= t.deadline);
        assert_true(ct_rwmutex_try_rlock(&t.rw));
        ct_rwmutex_runlock(&t.rw);
        ct_rwmutex_runlock(&t.rw);
        assert_true(idle(&t.rw));
}

static void timed_writer(void *shared, struct crew_member *me)
{
        struct timed *t = shared;

        (void)me;
        t->result = ct_rwmutex_lock_until(&t->rw, t->deadline);
        if (!t->result)
                ct_rwmutex_unlock(&t->rw);
}

static void a_writer_gets_in_once_the_readers_leave(void **state)
{
        struct timed t = {.deadline = ct_deadline_after(3600 * CT_NS_PER_S)};
        struct crew c;

        (void)state;
        ct_rwmutex_rlock(&t.rw);
        crew_start(&c, 1, 0, timed_writer, &t);
        UNTIL(writer_announced(&t.rw));
        ct_rwmutex_runlock(&t.rw);
        crew_join(&c);
        assert_int_equal(t.result, 0);
        assert_true(idle(&t.rw));
}

/* ---- stress ---- */

/* Plain memory under the lock: writers change both words, readers want them equal. */
struct oracle {
        struct ct_rwmutex rw;
        uint64_t a, b;
        ct_atomic_u32 readers, writers; /* inside */
        ct_atomic_u32 violations;
        ct_atomic_u64 writes;
        unsigned rounds;
        bool timed;
};

static void check(struct oracle *o, bool sound)
{
        if (!sound)
                ct_add_u32_relaxed(&o->violations, 1);
}

static void read_visit(struct oracle *o)
{
        ct_add_u32_relaxed(&o->readers, 1);
        check(o, ct_load_u32_relaxed(&o->writers) == 0);
        check(o, o->a == o->b);
        ct_sub_u32_relaxed(&o->readers, 1);
}

static void write_visit(struct oracle *o)
{
        check(o, ct_add_u32_relaxed(&o->writers, 1) == 0);
        check(o, ct_load_u32_relaxed(&o->readers) == 0);
        o->a++;
        ct_pause();
        o->b++;
        ct_sub_u32_relaxed(&o->writers, 1);
}

static bool enter_read(struct oracle *o, uint64_t dice)
{
        if (o->timed && dice % 4 == 0)
                return ct_rwmutex_try_rlock(&o->rw);
        if (o->timed && dice % 4 != 1)
                return !ct_rwmutex_rlock_until(&o->rw, ct_now_ns() + (int64_t)(dice % 60000));
        ct_rwmutex_rlock(&o->rw);
        return true;
}

static bool enter_write(struct oracle *o, uint64_t dice)
{
        if (o->timed && dice % 4 == 0)
                return ct_rwmutex_try_lock(&o->rw);
        if (o->timed && dice % 4 != 1)
                return !ct_rwmutex_lock_until(&o->rw, ct_now_ns() + (int64_t)(dice % 60000));
        ct_rwmutex_lock(&o->rw);
        return true;
}

static void stress_body(void *shared, struct crew_member *me)
{
        struct oracle *o = shared;
        uint64_t wrote = 0;

        for (unsigned i = 0; i < o->rounds; i++) {
                uint64_t dice = ct_rng_next(&me->rng);

                if (dice >> 60 < 12) { /* three quarters read */
                        if (enter_read(o, dice)) {
                                read_visit(o);
                                ct_rwmutex_runlock(&o->rw);
                        }
                } else if (enter_write(o, dice)) {
                        write_visit(o);
                        ct_rwmutex_unlock(&o->rw);
                        wrote++;
                }
        }
        ct_add_u64_relaxed(&o->writes, wrote);
}

static void stress(bool timed, unsigned rounds)
{
        FOR_EACH_PLACEMENT(p)
        {
                struct oracle o = {.rounds = rounds / p->threads, .timed = timed};

                crew_run(p->threads, p->cpus, stress_body, &o);
                assert_int_equal(ct_load_u32_relaxed(&o.violations), 0);
                assert_int_equal(o.a, ct_load_u64_relaxed(&o.writes));
                assert_int_equal(o.b, o.a);
                assert_true(idle(&o.rw));
        }
}

static void writers_exclude_everyone(void **state)
{
        (void)state;
        stress(false, ROUNDS(800000));
}

static void writers_exclude_everyone_with_deadlines(void **state)
{
        (void)state;
        stress(true, ROUNDS(400000));
}

/* ---- misuse ---- */

static void runlock_unlocked(void)
{
        struct ct_rwmutex rw = {0};

        ct_rwmutex_runlock(&rw);
}

static void runlock_once_too_often(void)
{
        struct ct_rwmutex rw = {0};

        ct_rwmutex_rlock(&rw);
        ct_rwmutex_runlock(&rw);
        ct_rwmutex_runlock(&rw);
}

static void runlock_of_a_write_lock(void)
{
        struct ct_rwmutex rw = {0};

        ct_rwmutex_lock(&rw);
        ct_rwmutex_runlock(&rw);
}

static void unlock_unlocked(void)
{
        struct ct_rwmutex rw = {0};

        ct_rwmutex_unlock(&rw);
}

static void unlock_of_a_read_lock(void)
{
        struct ct_rwmutex rw = {0};

        ct_rwmutex_rlock(&rw);
        ct_rwmutex_unlock(&rw);
}

static void misuse_dies(void **state)
{
        (void)state;
        assert_true(dies_saying(runlock_unlocked, "panic: ct_rwmutex 0x"));
        assert_true(dies_saying(runlock_unlocked, "runlock of a read lock that nobody holds"));
        assert_true(dies_saying(runlock_once_too_often, "runlock of a read lock"));
        assert_true(dies_saying(runlock_of_a_write_lock, "runlock of a read lock"));
        assert_true(dies_saying(unlock_unlocked, "unlock of a write lock that nobody holds"));
        assert_true(dies_saying(unlock_of_a_read_lock, "unlock of a write lock"));
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(misuse_dies),
                WATCHED(readers_share),
                WATCHED(try_lock_needs_it_free),
                WATCHED(a_waiting_writer_stops_new_readers),
                WATCHED(all_waiting_readers_go_before_the_next_writer),
                WATCHED(readers_cannot_starve_a_writer),
                WATCHED(a_reader_gives_up_and_leaves_no_trace),
                WATCHED(a_writer_that_gives_up_lets_readers_go_on),
                WATCHED(a_writer_gets_in_once_the_readers_leave),
                WATCHED(writers_exclude_everyone),
                WATCHED(writers_exclude_everyone_with_deadlines),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
