/* The readers-writer contract and its misuse, for every implementation, by threads and by tasks. */
#define CT_CHECKED 1 /* fini checks; the fast paths are in the headers */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lock_kinds.h"

#include "both.h"

#include <errno.h>
#include <stdlib.h>

#define READERS 4
#define MANY_READS 10000 /* enough for a lock that changes its ways when reads are alone */

struct scene {
        union any_rwlock rw;
        const struct rwlock_kind *k;
        unsigned reads;     /* done before, by each context that reads */
        ct_atomic_u32 step; /* what the contexts tell each other */
        ct_atomic_u32 turn; /* counts those that got in */
        ct_atomic_u32 inside;
        uint32_t writer_turn, reader_turn[READERS];
};

/* Both before and after a lock has seen nothing but reads for long. */
#define FOR_EACH_SCENE(s, rwlock)                                                                  \
        for (unsigned s##_reads = 0; s##_reads <= MANY_READS; s##_reads += MANY_READS)             \
                for (struct scene *s = scene_new(rwlock, s##_reads); s; free(s), s = NULL)

static struct scene *scene_new(const struct rwlock_kind *k, unsigned reads)
{
        struct scene *s = aligned_alloc(64, (sizeof *s + 63) / 64 * 64);

        assert_non_null(s);
        memset(s, 0, sizeof *s);
        s->k = k;
        s->reads = reads;
        return s;
}

static void warm_up(struct scene *s)
{
        for (unsigned i = 0; i < s->reads; i++) {
                s->k->rlock(&s->rw);
                s->k->runlock(&s->rw);
        }
}

/* Free for a writer, so nobody is counted, waits or has left a trace. */
static bool idle(struct scene *s)
{
        if (!s->k->try_lock(&s->rw))
                return false;
        s->k->unlock(&s->rw);
        s->k->fini(&s->rw);
        return true;
}

static void alone(void *shared, unsigned index)
{
        struct scene *s = shared;
        const struct rwlock_kind *k = s->k;

        (void)index;
        warm_up(s);
        k->rlock(&s->rw);
        k->rlock(&s->rw); /* by one context: allowed here, since no writer comes */
        CONTEXT_CHECK(k->try_rlock(&s->rw));
        CONTEXT_CHECK(k->rlock_until(&s->rw, 0) == 0);
        CONTEXT_CHECK(!k->try_lock(&s->rw));
        CONTEXT_CHECK(k->lock_until(&s->rw, 0) == -ETIMEDOUT);
        CONTEXT_CHECK(k->try_rlock(&s->rw)); /* the attempt did not stop readers */
        for (int i = 0; i < 5; i++)
                k->runlock(&s->rw);
        CONTEXT_CHECK(k->try_lock(&s->rw));
        CONTEXT_CHECK(!k->try_lock(&s->rw));
        CONTEXT_CHECK(!k->try_rlock(&s->rw));
        CONTEXT_CHECK(k->lock_until(&s->rw, INT64_MIN) == -ETIMEDOUT);
        CONTEXT_CHECK(k->rlock_until(&s->rw, INT64_MIN) == -ETIMEDOUT);
        k->unlock(&s->rw);
        CONTEXT_CHECK(k->lock_until(&s->rw, 0) == 0);
        k->unlock(&s->rw);
}

static void readers_share_and_writers_do_not(void **state)
{
        FOR_EACH_RWLOCK(k)
        FOR_EACH_SCENE(s, k)
        {
                run_contexts(state, 1, alone, s);
                assert_true(idle(s));
        }
}

static void inside_together(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        warm_up(s);
        s->k->rlock(&s->rw);
        ct_add_u32_relaxed(&s->inside, 1);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->inside) == READERS);
        s->k->runlock(&s->rw);
}

static void readers_are_inside_together(void **state)
{
        FOR_EACH_RWLOCK(k)
        FOR_EACH_SCENE(s, k)
        {
                run_contexts(state, READERS, inside_together, s);
                assert_true(idle(s));
        }
}

/* 0 reads until the others have come, 1 writes, 2 reads once it finds the writer announced. */
static void writer_first(void *shared, unsigned index)
{
        struct scene *s = shared;
        const struct rwlock_kind *k = s->k;

        if (index == 0) {
                warm_up(s);
                k->rlock(&s->rw);
                ct_store_u32_release(&s->step, 1); /* pairs with the writer */
                CONTEXT_UNTIL(k->announced(&s->rw));
                CONTEXT_CHECK(!k->try_rlock(&s->rw));
                CONTEXT_UNTIL(k->waiting_readers(&s->rw) == 1 || ct_load_u32_relaxed(&s->turn));
                k->runlock(&s->rw);
        } else if (index == 1) {
                CONTEXT_UNTIL(ct_load_u32_acquire(&s->step)); /* pairs with context 0 */
                k->lock(&s->rw);
                s->writer_turn = ct_add_u32_relaxed(&s->turn, 1);
                k->unlock(&s->rw);
        } else {
                CONTEXT_UNTIL(k->announced(&s->rw));
                k->rlock(&s->rw);
                s->reader_turn[0] = ct_add_u32_relaxed(&s->turn, 1);
                k->runlock(&s->rw);
        }
}

static void a_waiting_writer_stops_new_readers(void **state)
{
        FOR_EACH_RWLOCK(k)
        FOR_EACH_SCENE(s, k)
        {
                run_contexts(state, 3, writer_first, s);
                assert_int_equal(s->writer_turn, 0);
                assert_int_equal(s->reader_turn[0], 1);
                assert_true(idle(s));
        }
}

/* 0 writes until READERS readers and one writer wait; the readers meet inside. */
static void readers_first(void *shared, unsigned index)
{
        struct scene *s = shared;
        const struct rwlock_kind *k = s->k;

        if (index == 0) {
                k->lock(&s->rw);
                ct_store_u32_release(&s->step, 1); /* pairs with all others */
                CONTEXT_UNTIL(k->waiting_readers(&s->rw) == READERS);
                CONTEXT_UNTIL(k->waiting_writers(&s->rw) == 1);
                k->unlock(&s->rw);
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->step)); /* pairs with context 0 */
        if (index == 1) {
                k->lock(&s->rw);
                s->writer_turn = ct_add_u32_relaxed(&s->turn, 1);
                k->unlock(&s->rw);
                return;
        }
        k->rlock(&s->rw);
        s->reader_turn[index - 2] = ct_add_u32_relaxed(&s->turn, 1);
        ct_add_u32_relaxed(&s->inside, 1);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->inside) == READERS);
        k->runlock(&s->rw);
}

static void all_waiting_readers_go_before_the_next_writer(void **state)
{
        FOR_EACH_RWLOCK(k)
        {
                struct scene *s = scene_new(k, 0);

                run_contexts(state, READERS + 2, readers_first, s);
                assert_int_equal(s->writer_turn, READERS);
                assert_true(idle(s));
                free(s);
        }
}

/* ---- deadlines ---- */

static void late_reader(void *shared, unsigned index)
{
        struct scene *s = shared;
        const struct rwlock_kind *k = s->k;
        int64_t deadline = ct_deadline_after(3 * CT_NS_PER_MS);

        if (index == 0) {
                warm_up(s);
                k->lock(&s->rw);
                ct_store_u32_release(&s->step, 1); /* pairs with the reader */
                CONTEXT_UNTIL(ct_load_u32_acquire(&s->step) == 2);
                k->unlock(&s->rw);
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->step) == 1); /* pairs with context 0 */
        CONTEXT_CHECK(k->rlock_until(&s->rw, deadline) == -ETIMEDOUT);
        CONTEXT_CHECK(ct_now_ns() >= deadline);
        CONTEXT_CHECK(k->waiting_readers(&s->rw) == 0);
        ct_store_u32_release(&s->step, 2);
}

static void a_reader_gives_up_and_leaves_no_trace(void **state)
{
        FOR_EACH_RWLOCK(k)
        FOR_EACH_SCENE(s, k)
        {
                run_contexts(state, 2, late_reader, s);
                assert_true(idle(s));
        }
}

/* 0 reads throughout, 1 is a writer that gives up, 2 a reader that only its leaving can let in. */
static void late_writer(void *shared, unsigned index)
{
        struct scene *s = shared;
        const struct rwlock_kind *k = s->k;

        if (index == 0) {
                warm_up(s);
                k->rlock(&s->rw);
                ct_store_u32_release(&s->step, 1);              /* pairs with the writer */
                CONTEXT_UNTIL(ct_load_u32_acquire(&s->inside)); /* pairs with the reader */
                k->runlock(&s->rw);
        } else if (index == 1) {
                CONTEXT_UNTIL(ct_load_u32_acquire(&s->step)); /* pairs with context 0 */
                CONTEXT_CHECK(k->lock_until(&s->rw, ct_deadline_after(20 * CT_NS_PER_MS)) ==
                              -ETIMEDOUT);
                ct_store_u32_release(&s->step, 2); /* pairs with the reader */
        } else {
                CONTEXT_UNTIL(k->announced(&s->rw) || ct_load_u32_acquire(&s->step) == 2);
                k->rlock(&s->rw);
                ct_store_u32_release(&s->inside, 1);
                k->runlock(&s->rw);
        }
}

static void a_writer_that_gives_up_lets_readers_go_on(void **state)
{
        FOR_EACH_RWLOCK(k)
        FOR_EACH_SCENE(s, k)
        {
                run_contexts(state, 3, late_writer, s);
                assert_true(idle(s));
        }
}

/* ---- misuse ---- */

static void runlock_unlocked(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        s->k->runlock(&s->rw);
}

static void runlock_once_too_often(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        warm_up(s);
        s->k->rlock(&s->rw);
        s->k->runlock(&s->rw);
        s->k->runlock(&s->rw);
}

static void runlock_of_a_write_lock(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        s->k->lock(&s->rw);
        s->k->runlock(&s->rw);
}

static void unlock_unlocked(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        s->k->unlock(&s->rw);
}

static void unlock_of_a_read_lock(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        s->k->rlock(&s->rw);
        s->k->unlock(&s->rw);
}

static void destroy_read_locked(void *shared, unsigned index)
{
        struct scene *s = shared;

        (void)index;
        s->k->rlock(&s->rw);
        s->k->fini(&s->rw);
}

static void destroy_awaited(void *shared, unsigned index)
{
        struct scene *s = shared;

        if (index == 0) {
                s->k->lock(&s->rw);
                ct_store_u32_release(&s->step, 1); /* pairs with the reader */
                CONTEXT_UNTIL(s->k->waiting_readers(&s->rw) == 1);
                s->k->fini(&s->rw);
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->step)); /* pairs with context 0 */
        s->k->rlock(&s->rw);
}

static void misuse_dies(void **state)
{
        FOR_EACH_RWLOCK(k)
        FOR_EACH_SCENE(s, k)
        {
                assert_true(contexts_die(state, 1, runlock_unlocked, s, k->panics_as));
                assert_true(contexts_die(state, 1, runlock_unlocked, s, "lock that nobody holds"));
                assert_true(contexts_die(state, 1, runlock_once_too_often, s, "runlock of a read"));
                assert_true(
                        contexts_die(state, 1, runlock_of_a_write_lock, s, "runlock of a read"));
                assert_true(contexts_die(state, 1, unlock_unlocked, s, "unlock of a write lock"));
                assert_true(contexts_die(state, 1, unlock_of_a_read_lock, s, "unlock of a write"));
                assert_true(
                        contexts_die(state, 1, destroy_read_locked, s, "destroyed with 1 read"));
                assert_true(
                        contexts_die(state, 2, destroy_awaited, s, "while readers wait for it"));
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(misuse_dies),
                BOTH_WAYS(readers_share_and_writers_do_not),
                BOTH_WAYS(readers_are_inside_together),
                BOTH_WAYS(a_waiting_writer_stops_new_readers),
                BOTH_WAYS(all_waiting_readers_go_before_the_next_writer),
                BOTH_WAYS(a_reader_gives_up_and_leaves_no_trace),
                BOTH_WAYS(a_writer_that_gives_up_lets_readers_go_on),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
