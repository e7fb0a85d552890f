/* Cases of deadlines: what a time-out leaves behind (nothing), and a delivery that races with it.
 */
#include "chan_cases.h"

#include "base/rng.h"

#define FAR ct_deadline_after(3600 * CT_NS_PER_S)

static const int64_t PAST[] = {INT64_MIN, -1, 0, 1};

static void a_deadline_that_has_passed_tries_once(struct scene *s, unsigned me)
{
        bool open = true;
        int v = 17;

        (void)me;
        for (size_t i = 0; i < sizeof PAST / sizeof *PAST; i++) {
                CASE_CHECK(ct_chan_recv_until(s->c, &v, &open, PAST[i]) == -ETIMEDOUT);
                fill(s->c);
                CASE_CHECK(ct_chan_send_until(s->c, &v, PAST[i]) == -ETIMEDOUT);
                for (int k = 0; k < (int)s->capacity; k++) {
                        CASE_CHECK(ct_chan_recv_until(s->c, &v, &open, PAST[i]) == 0);
                        CASE_CHECK(v == k && open);
                }
                if (s->capacity) {
                        CASE_CHECK(ct_chan_send_until(s->c, &v, PAST[i]) == 0);
                        CASE_CHECK(get(s->c) == v);
                }
                v = 17;
        }
        check_idle(s->c);
}

static void a_receive_times_out_and_not_before(struct scene *s, unsigned me)
{
        bool open = true;
        int v = 17;

        (void)me;
        for (int i = 0; i < 4; i++) {
                int64_t deadline = ct_deadline_after(i * 300 * CT_NS_PER_US);

                CASE_CHECK(ct_chan_recv_until(s->c, &v, &open, deadline) == -ETIMEDOUT);
                CASE_CHECK(ct_now_ns() >= deadline);
                CASE_CHECK(v == 17 && open);
                check_idle(s->c);
        }
}

static void a_send_times_out_and_not_before(struct scene *s, unsigned me)
{
        int v = 99;

        (void)me;
        fill(s->c);
        for (int i = 0; i < 4; i++) {
                int64_t deadline = ct_deadline_after(i * 300 * CT_NS_PER_US);

                CASE_CHECK(ct_chan_send_until(s->c, &v, deadline) == -ETIMEDOUT);
                CASE_CHECK(ct_now_ns() >= deadline);
                CASE_CHECK(queued(s->c, TO_SEND) == 0);
        }
        for (int i = 0; i < (int)s->capacity; i++)
                CASE_CHECK(get(s->c) == i);
        CASE_CHECK(try_get(s->c) == -3); /* what timed out was not sent */
        check_idle(s->c);
}

/* A later send finds no receiver, and its value goes to the next one. */
static void a_timed_out_receiver_takes_nothing(struct scene *s, unsigned me)
{
        int v = 17;

        if (me == 1) {
                CASE_CHECK(ct_chan_recv_until(s->c, &v, NULL, ct_deadline_after(CT_NS_PER_MS)) ==
                           -ETIMEDOUT);
                say(s, 1);
                CONTEXT_UNTIL(heard(s, 2));
                CASE_CHECK(get(s->c) == 8);
                CASE_CHECK(v == 17);
                return;
        }
        CONTEXT_UNTIL(heard(s, 1));
        CASE_CHECK(try_put(s->c, 8) == (s->capacity > 0));
        say(s, 2);
        if (s->capacity == 0)
                put(s->c, 8);
}

static void a_timed_out_sender_gives_nothing(struct scene *s, unsigned me)
{
        int v = 99;

        if (me == 1) {
                CONTEXT_UNTIL(heard(s, 1));
                CASE_CHECK(ct_chan_send_until(s->c, &v, ct_deadline_after(CT_NS_PER_MS)) ==
                           -ETIMEDOUT);
                v = -99;
                say(s, 2);
                return;
        }
        fill(s->c);
        say(s, 1);
        CONTEXT_UNTIL(heard(s, 2));
        for (int i = 0; i < (int)s->capacity; i++)
                CASE_CHECK(get(s->c) == i);
        CASE_CHECK(try_get(s->c) == -3);
        CASE_CHECK(ct_chan_recv_until(s->c, &v, NULL, 0) == -ETIMEDOUT);
        check_idle(s->c);
}

/* The middle one of the queue gives up; the others keep their places. */
static void giving_up_in_the_middle_keeps_the_others_in_order(struct scene *s, unsigned me)
{
        if (me == 0) {
                CONTEXT_UNTIL(heard(s, 1) && queued(s->c, TO_RECEIVE) == 2);
                put(s->c, 10);
                put(s->c, 30);
                CASE_CHECK(queued(s->c, TO_RECEIVE) == 0);
                return;
        }
        CONTEXT_UNTIL(ct_load_u32_acquire(&s->count) == me - 1 &&
                      (queued(s->c, TO_RECEIVE) == me - 1 || heard(s, 1)));
        ct_store_u32_release(&s->count, me); /* pairs with the next */
        if (me != 2) {
                CASE_CHECK(get(s->c) == 10 * (int)me);
                return;
        }
        CASE_CHECK(ct_chan_recv_until(s->c, NULL, NULL, ct_deadline_after(5 * CT_NS_PER_MS)) ==
                   -ETIMEDOUT);
        say(s, 1);
}

static void a_deadline_far_off_does_not_matter(struct scene *s, unsigned me)
{
        bool open = false;
        int v = 0;

        if (me == 1) {
                CASE_CHECK(ct_chan_recv_until(s->c, &v, &open, FAR) == 0 && open && v == 7);
                CASE_CHECK(ct_chan_recv_until(s->c, &v, &open, CT_FOREVER) == 0 && v == 8);
                CONTEXT_UNTIL(heard(s, 1));
                v = (int)s->capacity;
                CASE_CHECK(ct_chan_send_until(s->c, &v, FAR) == 0);
                return;
        }
        until_queued(s->c, TO_RECEIVE, 1);
        put(s->c, 7);
        until_queued(s->c, TO_RECEIVE, 1);
        put(s->c, 8);
        CONTEXT_UNTIL(queued(s->c, TO_RECEIVE) == 0);
        fill(s->c);
        say(s, 1);
        until_queued(s->c, TO_SEND, 1);
        for (int i = 0; i <= (int)s->capacity; i++)
                CASE_CHECK(get(s->c) == i);
}

static void close_ends_a_timed_receive_early(struct scene *s, unsigned me)
{
        bool open = true;
        int v = 17;

        if (me == 1) {
                CASE_CHECK(ct_chan_recv_until(s->c, &v, &open, FAR) == 0);
                CASE_CHECK(!open && v == 0);
                return;
        }
        until_queued(s->c, TO_RECEIVE, 1);
        ct_chan_close(s->c);
}

/* Deadlines that fall when the partner comes: what one side says was done, the other saw, once. */
static void a_time_out_races_with_a_delivery(struct scene *s, unsigned me)
{
        struct ct_rng rng;
        int next = 0, v;
        bool open;

        ct_rng_seed(&rng, 77 + me);
        while (next < 300) {
                int64_t deadline = ct_now_ns() + (int64_t)ct_rng_below(&rng, 3000);

                if (me == 0) {
                        v = next;
                        next += ct_chan_send_until(s->c, &v, deadline) == 0;
                        continue;
                }
                v = -5;
                open = false;
                if (ct_chan_recv_until(s->c, &v, &open, deadline)) {
                        CASE_CHECK(v == -5 && !open);
                        continue;
                }
                CASE_CHECK(open && v == next); /* none lost, none twice */
                next = v + 1;
        }
        meet(s, me);
        check_idle(s->c);
}

/* Either the value or the time-out; the value stays in the channel in the latter case. */
static void a_time_out_races_with_a_close(struct scene *s, unsigned me)
{
        struct ct_rng rng;

        ct_rng_seed(&rng, 5 + me);
        for (int round = 0; round < 50; round++) {
                bool open = true;
                int v = 17, r;

                meet(s, me);
                if (me == 0) {
                        ct_chan_free(s->c);
                        s->c = make_ints(s->kind, s->capacity);
                }
                meet(s, me);
                if (me == 0) {
                        ct_chan_close(s->c);
                        continue;
                }
                r = ct_chan_recv_until(s->c, &v, &open,
                                       ct_now_ns() + (int64_t)ct_rng_below(&rng, 5000));
                CASE_CHECK(r == 0 ? !open && v == 0 : open && v == 17);
        }
}

/* Try and timed senders and receivers, several of each: the sum that was sent is received. */
static void many_time_outs_conserve_the_sum(struct scene *s, unsigned me)
{
        struct ct_rng rng;
        bool sends = me % 2;

        ct_rng_seed(&rng, 99 + me);
        for (int i = 1; i <= 200; i++) {
                int64_t deadline = ct_now_ns() + (int64_t)ct_rng_below(&rng, 2000);
                int v = i;

                if (sends && ct_chan_send_until(s->c, &v, deadline) == 0)
                        ct_add_u32_relaxed(&s->count, (uint32_t)v);
                if (!sends && ct_chan_recv_until(s->c, &v, NULL, deadline) == 0)
                        ct_sub_u32_relaxed(&s->count, (uint32_t)v);
        }
        meet(s, me);
        if (me == 0) {
                for (int v; (v = try_get(s->c)) != -3;)
                        ct_sub_u32_relaxed(&s->count, (uint32_t)v);
                CASE_CHECK(ct_load_u32_relaxed(&s->count) == 0);
                check_idle(s->c);
        }
}

static const struct chan_case CASES[] = {
        {"a_deadline_that_has_passed_tries_once", 1, a_deadline_that_has_passed_tries_once, ANY,
         false},
        {"a_receive_times_out_and_not_before", 1, a_receive_times_out_and_not_before, ANY, false},
        {"a_send_times_out_and_not_before", 1, a_send_times_out_and_not_before, ANY, false},
        {"a_timed_out_receiver_takes_nothing", 2, a_timed_out_receiver_takes_nothing, ANY, false},
        {"a_timed_out_sender_gives_nothing", 2, a_timed_out_sender_gives_nothing, ANY, false},
        {"giving_up_in_the_middle_keeps_the_others_in_order", 4,
         giving_up_in_the_middle_keeps_the_others_in_order, AT_0 | AT_3, true},
        {"a_deadline_far_off_does_not_matter", 2, a_deadline_far_off_does_not_matter, ANY, false},
        {"close_ends_a_timed_receive_early", 2, close_ends_a_timed_receive_early, ANY, false},
        {"a_time_out_races_with_a_delivery", 2, a_time_out_races_with_a_delivery, ANY, false},
        {"a_time_out_races_with_a_close", 2, a_time_out_races_with_a_close, ANY, false},
        {"many_time_outs_conserve_the_sum", 4, many_time_outs_conserve_the_sum, ANY, true},
};

CHAN_CASES(chan_until_cases, CASES);
