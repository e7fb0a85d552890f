/* Cases of a select with a deadline, and of one that races with a close. */
#include "chan_cases.h"

#include "base/rng.h"

#define FAR ct_deadline_after(3600 * CT_NS_PER_S)

static void a_deadline_that_has_passed_looks_once(struct scene *s, unsigned me)
{
        static const int64_t past[] = {INT64_MIN, -1, 0, 1};
        int got = 17, v = 4;
        struct ct_select_case k[] = {recv_case(s->d, NULL), recv_case(s->c, &got)};

        (void)me;
        for (size_t i = 0; i < sizeof past / sizeof *past; i++) {
                CASE_CHECK(ct_select_until(k, 2, past[i]) == CT_SELECT_NONE);
                if (s->capacity == 0)
                        continue;
                put(s->c, v);
                got = 17;
                CASE_CHECK(ct_select_until(k, 2, past[i]) == 1 && got == v && k[1].open);
        }
        check_idle(s->c);
        check_idle(s->d);
}

static void a_time_out_leaves_nothing(struct scene *s, unsigned me)
{
        int v = 99, got = 17;
        struct ct_select_case k[] = {send_case(s->c, &v), recv_case(s->d, &got)};

        (void)me;
        fill(s->c);
        k[1].open = true;
        for (int i = 0; i < 4; i++) {
                int64_t deadline = ct_deadline_after(i * 200 * CT_NS_PER_US);

                CASE_CHECK(ct_select_until(k, 2, deadline) == CT_SELECT_NONE);
                CASE_CHECK(ct_now_ns() >= deadline);
                CASE_CHECK(got == 17 && k[1].open);
                CASE_CHECK(queued(s->c, TO_SEND) == 0);
                check_idle(s->d);
        }
        for (int i = 0; i < (int)s->capacity; i++)
                CASE_CHECK(get(s->c) == i);
        check_idle(s->c);
        CASE_CHECK(try_put(s->d, 1) == (s->capacity > 0));
}

/* The value that comes after the time-out is the next receiver's. */
static void a_timed_out_select_takes_nothing(struct scene *s, unsigned me)
{
        int got = 17;
        struct ct_select_case k[] = {recv_case(s->c, &got), recv_case(s->d, &got)};

        if (me == 1) {
                CASE_CHECK(ct_select_until(k, 2, ct_deadline_after(CT_NS_PER_MS)) ==
                           CT_SELECT_NONE);
                say(s, 1);
                CASE_CHECK(get(s->c) == 8);
                CASE_CHECK(get(s->d) == 9);
                CASE_CHECK(got == 17);
                return;
        }
        CONTEXT_UNTIL(heard(s, 1));
        put(s->c, 8);
        put(s->d, 9);
}

static void a_deadline_far_off_does_not_matter(struct scene *s, unsigned me)
{
        int got = 17;
        struct ct_select_case k[] = {recv_case(s->c, &got), recv_case(s->d, &got)};

        if (me == 1) {
                CASE_CHECK(ct_select_until(k, 2, FAR) == 1 && got == 8);
                CASE_CHECK(ct_select_until(k, 2, FAR) == 0 && !k[0].open && got == 0);
                return;
        }
        until_queued(s->d, TO_RECEIVE, 1);
        put(s->d, 8);
        until_queued(s->d, TO_RECEIVE, 1);
        ct_chan_close(s->c);
}

static void a_time_out_races_with_a_delivery(struct scene *s, unsigned me)
{
        struct ct_rng rng;
        int next = 0;

        ct_rng_seed(&rng, 33 + me);
        while (next < 200) {
                int64_t deadline = ct_now_ns() + (int64_t)ct_rng_below(&rng, 3000);
                int v = next, got = -5;
                struct ct_select_case w[] = {recv_case(NULL, NULL), send_case(s->c, &v)};
                struct ct_select_case r[] = {recv_case(s->c, &got), recv_case(s->d, NULL)};

                if (me == 0) {
                        next += ct_select_until(w, 2, deadline) == 1;
                        continue;
                }
                if (ct_select_until(r, 2, deadline) == CT_SELECT_NONE) {
                        CASE_CHECK(got == -5);
                        continue;
                }
                CASE_CHECK(got == next); /* none lost, none twice */
                next = got + 1;
        }
        meet(s, me);
        check_idle(s->c);
        check_idle(s->d);
}

/* Selects over two channels with deadlines, from both sides: what is said to be sent is received
   or still there. */
static void many_time_outs_conserve_the_sum(struct scene *s, unsigned me)
{
        struct ct_rng rng;

        ct_rng_seed(&rng, 44 + me);
        for (int i = 1; i <= 150; i++) {
                int64_t deadline = ct_now_ns() + (int64_t)ct_rng_below(&rng, 2000);
                int v = i, got = 0;
                struct ct_select_case w[] = {send_case(s->c, &v), send_case(s->d, &v)};
                struct ct_select_case r[] = {recv_case(s->d, &got), recv_case(s->c, &got)};

                if (me % 2 && ct_select_until(w, 2, deadline) >= 0)
                        ct_add_u32_relaxed(&s->count, (uint32_t)v);
                if (me % 2 == 0 && ct_select_until(r, 2, deadline) >= 0)
                        ct_sub_u32_relaxed(&s->count, (uint32_t)got);
        }
        meet(s, me);
        if (me == 0) {
                for (int v; (v = try_get(s->c)) != -3;)
                        ct_sub_u32_relaxed(&s->count, (uint32_t)v);
                for (int v; (v = try_get(s->d)) != -3;)
                        ct_sub_u32_relaxed(&s->count, (uint32_t)v);
                CASE_CHECK(ct_load_u32_relaxed(&s->count) == 0);
                check_idle(s->c);
                check_idle(s->d);
        }
}

/* A value on one channel, a close on the other, at the same time: one case fires, and neither the
   value nor the close is lost. */
static void a_close_races_with_a_delivery(struct scene *s, unsigned me)
{
        for (int round = 0; round < 60; round++) {
                int got = 17, fired;
                struct ct_select_case k[] = {recv_case(s->c, &got), recv_case(s->d, NULL)};

                meet(s, me);
                if (me == 0) {
                        ct_chan_free(s->d);
                        s->d = make_ints(s->kind, s->capacity);
                        k[1].chan = s->d;
                }
                meet(s, me);
                if (me == 1)
                        put(s->c, round);
                if (me == 2)
                        ct_chan_close(s->d);
                if (me != 0)
                        continue;
                fired = ct_select(k, 2);
                if (fired == 1)
                        CASE_CHECK(!k[1].open && got == 17 && get(s->c) == round);
                else
                        CASE_CHECK(fired == 0 && k[0].open && got == round && get(s->d) == -1);
        }
}

/* Several selects wait on a channel and on a common end: as many values as are sent are taken, and
   the close ends all. */
static void workers_with_a_common_end(struct scene *s, unsigned me)
{
        int got;
        struct ct_select_case k[] = {recv_case(s->c, &got), recv_case(s->d, NULL)};

        if (me == 0) {
                for (int i = 1; i <= 300; i++)
                        put(s->c, i);
                CONTEXT_UNTIL(ct_load_u32_acquire(&s->count) == 300 * 301 / 2);
                ct_chan_close(s->d);
                return;
        }
        while (ct_select(k, 2) == 0)
                ct_add_u32_release(&s->count, (uint32_t)got); /* pairs with context 0 */
        CASE_CHECK(!k[1].open);
}

/* Closed and drained channels are set to NULL, until none is left: the idiom of a merge. */
static void a_merge_drains_all_its_inputs(struct scene *s, unsigned me)
{
        int got = 0, sum = 0, ended = 0;
        struct ct_select_case k[] = {recv_case(s->c, &got), recv_case(s->d, &got)};

        if (me > 0) {
                struct ct_chan *c = me == 1 ? s->c : s->d;

                for (int i = 1; i <= 100; i++)
                        put(c, i);
                ct_chan_close(c);
                return;
        }
        while (ended < 2) {
                int fired = ct_select(k, 2);

                if (k[fired].open) {
                        sum += got;
                        continue;
                }
                k[fired].chan = NULL;
                ended++;
        }
        CASE_CHECK(sum == 2 * 5050);
        CASE_CHECK(ct_try_select(k, 2) == CT_SELECT_NONE);
}

static const struct chan_case CASES[] = {
        {"select_until_a_deadline_that_has_passed_looks_once", 1,
         a_deadline_that_has_passed_looks_once, ANY, false},
        {"select_until_a_time_out_leaves_nothing", 1, a_time_out_leaves_nothing, ANY, false},
        {"select_until_a_timed_out_one_takes_nothing", 2, a_timed_out_select_takes_nothing, ANY,
         false},
        {"select_until_a_deadline_far_off_does_not_matter", 2, a_deadline_far_off_does_not_matter,
         ANY, false},
        {"select_until_a_time_out_races_with_a_delivery", 2, a_time_out_races_with_a_delivery, ANY,
         false},
        {"select_until_many_time_outs_conserve_the_sum", 4, many_time_outs_conserve_the_sum, ANY,
         true},
        {"select_a_close_races_with_a_delivery", 3, a_close_races_with_a_delivery, ANY, false},
        {"select_workers_with_a_common_end", 5, workers_with_a_common_end, ANY, true},
        {"select_a_merge_drains_all_its_inputs", 3, a_merge_drains_all_its_inputs, ANY, false},
};

CHAN_CASES(select_until_cases, CASES);
