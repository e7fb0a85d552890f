/* ct_lossy: what is kept, what is dropped and counted; waiting; close; misuse; conservation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "chan/lossy.h"

#include "both.h"
#include "panics.h"

#include <errno.h>

static struct ct_lossy *ring(size_t size, size_t capacity)
{
        struct ct_lossy *l;

        assert_int_equal(ct_lossy_new(&l, size, capacity), 0);
        return l;
}

static void the_oldest_goes_and_is_counted(void **state)
{
        (void)state;
        for (uint32_t capacity = 1; capacity < 20; capacity++) {
                struct ct_lossy *l = ring(sizeof(uint32_t), capacity);
                uint32_t pushed = 0, popped = 0, v;
                bool open;

                for (uint32_t round = 0; round < 50; round++) {
                        for (uint32_t i = 0; i < round; i++) {
                                bool full = ct_lossy_len(l) == capacity;

                                assert_int_equal(ct_lossy_push(l, &pushed), !full);
                                pushed++;
                        }
                        assert_int_equal(pushed, popped + ct_lossy_len(l) + ct_lossy_dropped(l));
                        for (uint32_t i = 0; i < round / 2; i++) {
                                uint32_t oldest = pushed - (uint32_t)ct_lossy_len(l);

                                if (!ct_lossy_try_pop(l, &v, &open))
                                        break;
                                assert_true(open);
                                assert_int_equal(v, oldest);
                                popped++;
                        }
                }
                assert_int_equal(ct_lossy_cap(l), capacity);
                ct_lossy_free(l);
        }
}

static void any_element_size_will_do(void **state)
{
        (void)state;
        for (size_t size = 0; size <= 300; size++) {
                struct ct_lossy *l = ring(size, 3);
                unsigned char in[301], out[301];

                for (int i = 0; i < 5; i++) {
                        memset(in, i + 1, sizeof in);
                        ct_lossy_push(l, size ? in : NULL);
                }
                assert_int_equal(ct_lossy_dropped(l), 2);
                for (int i = 3; i <= 5; i++) {
                        memset(out, 0xee, sizeof out);
                        assert_true(ct_lossy_pop(l, size ? out : NULL));
                        for (size_t k = 0; k < size; k++)
                                assert_int_equal(out[k], i);
                        assert_int_equal(out[size], 0xee);
                }
                ct_lossy_push(l, in);
                assert_true(ct_lossy_pop(l, NULL)); /* the value is not wanted */
                assert_int_equal(ct_lossy_len(l), 0);
                ct_lossy_free(l);
        }
}

static void close_lets_drain(void **state)
{
        struct ct_lossy *l = ring(sizeof(int), 2);
        bool open;
        int v = 5;

        (void)state;
        assert_false(ct_lossy_try_pop(l, &v, &open));
        assert_int_equal(ct_lossy_pop_until(l, &v, &open, 0), -ETIMEDOUT);
        assert_int_equal(ct_lossy_pop_until(l, &v, &open, ct_now_ns() + 1000), -ETIMEDOUT);
        assert_int_equal(v, 5);
        ct_lossy_push(l, &v);
        ct_lossy_close(l);
        assert_true(ct_lossy_pop(l, &v));
        assert_int_equal(v, 5);
        assert_false(ct_lossy_pop(l, &v));
        assert_int_equal(v, 0);
        v = 1;
        open = true;
        assert_true(ct_lossy_try_pop(l, &v, &open));
        assert_true(!open && v == 0);
        assert_int_equal(ct_lossy_pop_until(l, &v, &open, 0), 0);
        assert_false(open);
        ct_lossy_free(l);
        ct_lossy_free(NULL);
}

static void impossible_sizes_are_refused(void **state)
{
        struct ct_lossy *l = (void *)state;

        assert_int_equal(ct_lossy_new(&l, 8, 0), -EINVAL);
        assert_null(l);
        assert_int_equal(ct_lossy_new(&l, SIZE_MAX, 2), -EOVERFLOW);
        assert_int_equal(ct_lossy_new(&l, 1, SIZE_MAX), -EOVERFLOW);
        assert_null(l);
}

/* ---- waiting ---- */

#define READERS 5

struct scene {
        struct ct_lossy *l;
        ct_atomic_u32 ready, got, closed;
        ct_atomic_u64 popped;
        unsigned writers;
        uint64_t pushes;
};

static void wait_for_value_or_close(void *shared, unsigned index)
{
        struct scene *s = shared;
        int v = 0;

        if (index < READERS) {
                if (ct_lossy_pop(s->l, &v)) {
                        CONTEXT_CHECK(v == 9);
                        ct_add_u32_relaxed(&s->got, 1);
                } else {
                        CONTEXT_CHECK(v == 0);
                        ct_add_u32_relaxed(&s->closed, 1);
                }
                return;
        }
        CONTEXT_UNTIL(ct_lossy_waiters(s->l) == READERS);
        v = 9;
        CONTEXT_CHECK(ct_lossy_push(s->l, &v));
        CONTEXT_CHECK(ct_lossy_push(s->l, &v));
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->got) == 2);
        ct_lossy_close(s->l);
}

static void push_wakes_one_and_close_all(void **state)
{
        for (int i = 0; i < 50; i++) {
                struct scene s = {.l = ring(sizeof(int), 4)};

                run_contexts(state, READERS + 1, wait_for_value_or_close, &s);
                assert_int_equal(ct_load_u32_relaxed(&s.got), 2);
                assert_int_equal(ct_load_u32_relaxed(&s.closed), READERS - 2);
                assert_int_equal(ct_lossy_dropped(s.l), 0);
                ct_lossy_free(s.l);
        }
}

/* ---- conservation ---- */

#define WRITERS_MOST 8

struct value {
        uint32_t writer, number;
};

static void write_or_read(void *shared, unsigned index)
{
        struct scene *s = shared;
        uint32_t last[WRITERS_MOST] = {0};
        struct value v = {.writer = index};
        bool open = true;

        if (index < s->writers) {
                for (v.number = 1; v.number <= s->pushes; v.number++)
                        ct_lossy_push(s->l, &v);
                if (ct_add_u32_relaxed(&s->ready, 1) + 1 == s->writers)
                        ct_lossy_close(s->l);
                return;
        }
        for (unsigned i = 0; open; i++) {
                if (i % 2)
                        open = ct_lossy_pop(s->l, &v);
                else if (ct_lossy_pop_until(s->l, &v, &open, ct_now_ns() + 20000))
                        continue;
                if (!open)
                        break;
                CONTEXT_CHECK(v.writer < s->writers && v.number > last[v.writer]);
                last[v.writer] = v.number; /* one writer's values come in its order */
                ct_add_u64_relaxed(&s->popped, 1);
        }
}

static void conserve_scene(void **state, const struct stress_placement *p)
{
        unsigned writers = p->threads / 2;
        struct scene s = {.l = ring(sizeof(struct value), 8), .writers = writers};

        s.pushes = ROUNDS(20000) / writers;
        run_contexts(state, p->threads, write_or_read, &s);
        assert_int_equal(ct_load_u64_relaxed(&s.popped) + ct_lossy_dropped(s.l),
                         s.pushes * writers);
        assert_int_equal(ct_lossy_len(s.l), 0);
        ct_lossy_free(s.l);
}

static void each_value_is_popped_or_dropped(void **state)
{
        everywhere(state, conserve_scene);
}

/* ---- misuse ---- */

static void push_to_closed(void)
{
        struct ct_lossy *l = ring(0, 1);

        ct_lossy_close(l);
        ct_lossy_push(l, NULL);
}

static void close_twice(void)
{
        struct ct_lossy *l = ring(0, 1);

        ct_lossy_close(l);
        ct_lossy_close(l);
}

static void *pop_in_thread(void *l)
{
        ct_lossy_pop(l, NULL);
        return NULL;
}

static void free_awaited(void)
{
        struct ct_lossy *l = ring(0, 1);
        pthread_t t;

        if (pthread_create(&t, NULL, pop_in_thread, l))
                return;
        UNTIL(ct_lossy_waiters(l) == 1);
        ct_lossy_free(l);
}

static void misuse_dies(void **state)
{
        (void)state;
        assert_panics(push_to_closed, "panic: ct_lossy 0x");
        assert_panics(push_to_closed, "push to a closed ring");
        assert_panics(close_twice, "close of a closed ring");
        assert_panics(free_awaited, "freed while 1 wait");
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(misuse_dies), /* first: no thread runs beside its forks */
                cmocka_unit_test(the_oldest_goes_and_is_counted),
                cmocka_unit_test(any_element_size_will_do),
                cmocka_unit_test(close_lets_drain),
                cmocka_unit_test(impossible_sizes_are_refused),
                BOTH_WAYS(push_wakes_one_and_close_all),
                BOTH_WAYS(each_value_is_popped_or_dropped),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
