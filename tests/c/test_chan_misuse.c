/* Misuse of channels and selects: each dies, in a sub-process, with a message that names the
   channel; a misuse that goes unnoticed, or hangs, is a failure. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "both.h"
#include "chan_kinds.h"

/* Context 0 commits the misuse; context 1, where there is one, is a waiter. */
struct misuse {
        struct ct_chan *c, *d; /* empty, and another one */
        int v;
};

/* ---- sends on a closed channel ---- */

static void send_after_close(void *shared, unsigned index)
{
        struct misuse *m = shared;

        (void)index;
        ct_chan_close(m->c);
        put(m->c, 1);
}

static void try_send_after_close(void *shared, unsigned index)
{
        struct misuse *m = shared;

        (void)index;
        ct_chan_close(m->c);
        (void)try_put(m->c, 1);
}

static void send_until_after_close(void *shared, unsigned index)
{
        struct misuse *m = shared;

        (void)index;
        ct_chan_close(m->c);
        (void)ct_chan_send_until(m->c, &m->v, 0);
}

static void fill(struct ct_chan *c)
{
        while (try_put(c, 1))
                ;
}

/* No room must not hide it. */
static void try_send_to_a_full_one_after_close(void *shared, unsigned index)
{
        struct misuse *m = shared;

        (void)index;
        fill(m->c);
        ct_chan_close(m->c);
        (void)try_put(m->c, 1);
}

static void try_select_after_close(void *shared, unsigned index)
{
        struct misuse *m = shared;
        struct ct_select_case k[] = {send_case(m->c, &m->v), recv_case(m->d, NULL)};

        (void)index;
        fill(m->c);
        ct_chan_close(m->c);
        (void)ct_try_select(k, 2);
}

static void select_after_close(void *shared, unsigned index)
{
        struct misuse *m = shared;
        struct ct_select_case k[] = {recv_case(m->d, NULL), send_case(m->c, &m->v)};

        (void)index;
        ct_chan_close(m->c);
        (void)ct_select(k, 2);
}

static void select_until_after_close(void *shared, unsigned index)
{
        struct misuse *m = shared;
        struct ct_select_case k[] = {recv_case(m->d, NULL), send_case(m->c, &m->v)};

        (void)index;
        ct_chan_close(m->c);
        (void)ct_select_until(k, 2, 0);
}

/* ---- closes under a sender that waits ---- */

static void close_when_one_waits(struct misuse *m)
{
        CONTEXT_UNTIL(queued(m->c, TO_SEND) == 1);
        ct_chan_close(m->c);
}

static void close_under_a_send(void *shared, unsigned index)
{
        struct misuse *m = shared;

        if (index == 0) {
                close_when_one_waits(m);
                return;
        }
        fill(m->c);
        put(m->c, 1);
}

static void close_under_a_timed_send(void *shared, unsigned index)
{
        struct misuse *m = shared;

        if (index == 0) {
                close_when_one_waits(m);
                return;
        }
        fill(m->c);
        (void)ct_chan_send_until(m->c, &m->v, ct_deadline_after(3600 * CT_NS_PER_S));
}

static void close_under_a_select(void *shared, unsigned index)
{
        struct misuse *m = shared;
        struct ct_select_case k[] = {send_case(m->c, &m->v), recv_case(m->d, NULL)};

        if (index == 0) {
                close_when_one_waits(m);
                return;
        }
        fill(m->c);
        (void)ct_select(k, 2);
}

static void close_under_a_timed_select(void *shared, unsigned index)
{
        struct misuse *m = shared;
        struct ct_select_case k[] = {recv_case(m->d, NULL), send_case(m->c, &m->v)};

        if (index == 0) {
                close_when_one_waits(m);
                return;
        }
        fill(m->c);
        (void)ct_select_until(k, 2, ct_deadline_after(3600 * CT_NS_PER_S));
}

static void sending_to_what_is_closed_dies(void **state)
{
        static const struct {
                void (*body)(void *, unsigned);
                unsigned contexts;
        } ways[] = {
                {send_after_close, 1},           {try_send_after_close, 1},
                {send_until_after_close, 1},     {try_send_to_a_full_one_after_close, 1},
                {try_select_after_close, 1},     {select_after_close, 1},
                {select_until_after_close, 1},   {close_under_a_send, 2},
                {close_under_a_timed_send, 2},   {close_under_a_select, 2},
                {close_under_a_timed_select, 2},
        };
        char said[64];

        FOR_EACH_KIND(kind)
        {
                for (size_t cap = kind->least; cap < 3; cap++) {
                        struct misuse m = {make_ints(kind, cap), make_ints(kind, cap), 1};

                        snprintf(said, sizeof said, "panic: ct_chan %p: send on closed channel",
                                 (void *)m.c);
                        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
                                assert_true(contexts_die(state, ways[i].contexts, ways[i].body, &m,
                                                         said));
                        ct_chan_free(m.c);
                        ct_chan_free(m.d);
                }
        }
}

/* ---- the rest, each with its words ---- */

static void close_twice(void *shared, unsigned index)
{
        struct misuse *m = shared;

        (void)index;
        ct_chan_close(m->c);
        ct_chan_close(m->c);
}

static void close_twice_by_handle(void *shared, unsigned index)
{
        struct misuse *m = shared;

        (void)index;
        ct_chan_close(m->c);
        ct_sender_close(ct_chan_sender(m->c));
}

static void free_under_a_receiver(void *shared, unsigned index)
{
        struct misuse *m = shared;

        if (index == 0) {
                CONTEXT_UNTIL(queued(m->c, TO_RECEIVE) == 1);
                ct_chan_free(m->c);
                return;
        }
        (void)get(m->c);
}

static void free_under_a_sender(void *shared, unsigned index)
{
        struct misuse *m = shared;

        if (index == 0) {
                CONTEXT_UNTIL(queued(m->c, TO_SEND) == 1);
                ct_chan_free(m->c);
                return;
        }
        fill(m->c);
        put(m->c, 1);
}

static void free_under_a_select(void *shared, unsigned index)
{
        struct misuse *m = shared;
        struct ct_select_case k[] = {recv_case(m->d, NULL), recv_case(m->c, NULL)};

        if (index == 0) {
                CONTEXT_UNTIL(queued(m->c, TO_RECEIVE) == 1);
                ct_chan_free(m->c);
                return;
        }
        (void)ct_select(k, 2);
}

static void misuse_names_the_channel(void **state)
{
        static const struct {
                void (*body)(void *, unsigned);
                unsigned contexts;
                const char *what;
        } ways[] = {
                {close_twice, 1, "close of closed channel"},
                {close_twice_by_handle, 1, "close of closed channel"},
                {free_under_a_receiver, 2, "freed while 1 wait"},
                {free_under_a_sender, 2, "freed while 1 wait"},
                {free_under_a_select, 2, "freed while 1 wait"},
        };
        char said[64];

        FOR_EACH_KIND(kind)
        {
                for (size_t cap = kind->least; cap < 2; cap++) {
                        struct misuse m = {make_ints(kind, cap), make_ints(kind, cap), 1};

                        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
                                snprintf(said, sizeof said, "panic: ct_chan %p: %s", (void *)m.c,
                                         ways[i].what);
                                assert_true(contexts_die(state, ways[i].contexts, ways[i].body, &m,
                                                         said));
                        }
                        ct_chan_free(m.c);
                        ct_chan_free(m.d);
                }
        }
}

/* ---- nil ---- */

static void close_null(void *shared, unsigned index)
{
        (void)shared;
        (void)index;
        ct_chan_close(NULL);
}

static void send_to_null(void *shared, unsigned index)
{
        (void)shared;
        (void)index;
        put(NULL, 1);
}

static void receive_from_null(void *shared, unsigned index)
{
        (void)shared;
        (void)index;
        (void)get(NULL);
}

static void select_without_cases(void *shared, unsigned index)
{
        (void)shared;
        (void)index;
        (void)ct_select(NULL, 0);
}

static void select_with_null_only(void *shared, unsigned index)
{
        struct ct_select_case k[] = {recv_case(NULL, NULL), send_case(NULL, shared)};

        (void)index;
        (void)ct_select(k, 2);
}

static void what_would_wait_for_ever_dies(void **state)
{
        struct misuse m = {.v = 1};

        assert_true(contexts_die(state, 1, close_null, &m, "close of NULL channel"));
        assert_true(contexts_die(state, 1, send_to_null, &m, "send on NULL channel"));
        assert_true(contexts_die(state, 1, receive_from_null, &m, "receive on NULL channel"));
        assert_true(contexts_die(state, 1, select_without_cases, &m, "select with no channels"));
        assert_true(contexts_die(state, 1, select_with_null_only, &m, "select with no channels"));
}

#ifdef CT_CHECKED
/* ---- one end each ---- */

static void second_receiver(void *shared, unsigned index)
{
        struct misuse *m = shared;

        if (index == 0)
                CONTEXT_UNTIL(queued(m->c, TO_RECEIVE) == 1);
        (void)get(m->c);
}

static void second_sender(void *shared, unsigned index)
{
        struct misuse *m = shared;

        if (index == 0)
                CONTEXT_UNTIL(queued(m->c, TO_SEND) == 1);
        else
                fill(m->c);
        put(m->c, 1);
}

static void second_receiver_by_select(void *shared, unsigned index)
{
        struct misuse *m = shared;
        struct ct_select_case k[] = {recv_case(m->c, NULL), recv_case(m->d, NULL)};

        if (index == 0)
                CONTEXT_UNTIL(queued(m->c, TO_RECEIVE) == 1);
        (void)ct_select(k, 2);
}

static void one_to_one_kinds_notice_a_second(void **state)
{
        FOR_EACH_KIND(kind)
        {
                struct misuse m = {make_ints(kind, 1), make_ints(kind, 1), 1};

                if (!kind->many) {
                        assert_true(contexts_die(state, 2, second_receiver, &m, "second receiver"));
                        assert_true(contexts_die(state, 2, second_sender, &m, "second sender"));
                        assert_true(contexts_die(state, 2, second_receiver_by_select, &m,
                                                 "second receiver"));
                }
                ct_chan_free(m.c);
                ct_chan_free(m.d);
        }
}
#endif

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_DIE(sending_to_what_is_closed_dies),
                BOTH_DIE(misuse_names_the_channel),
                BOTH_DIE(what_would_wait_for_ever_dies),
#ifdef CT_CHECKED
                BOTH_DIE(one_to_one_kinds_notice_a_second),
#endif
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
