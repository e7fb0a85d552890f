/* Cases of a select that waits: who ends it, what it gets, and that it leaves nothing behind. */
#include "chan_cases.h"

/* A channel for each of n cases; context 0 makes them, and frees them in the end. */
static void make_chain(struct scene *s, unsigned me, unsigned n)
{
        if (me == 0)
                for (unsigned i = 0; i < n; i++)
                        s->chain[i] = make_ints(s->kind, s->capacity);
        meet(s, me);
}

static void free_chain(struct scene *s, unsigned me, unsigned n)
{
        meet(s, me);
        if (me == 0) {
                for (unsigned i = 0; i < n; i++) {
                        CASE_CHECK(queued(s->chain[i], TO_RECEIVE) == 0);
                        CASE_CHECK(queued(s->chain[i], TO_SEND) == 0);
                        ct_chan_free(s->chain[i]);
                }
        }
}

/* Each position in turn; the other channels then find nobody waiting. */
static void a_send_ends_a_waiting_select(struct scene *s, unsigned me)
{
        make_chain(s, me, 4);
        for (int at = 0; at < 4; at++) {
                struct ct_select_case k[4];
                int got[4] = {17, 17, 17, 17};

                if (me == 1) {
                        for (int i = 0; i < 4; i++)
                                k[i] = recv_case(s->chain[i], &got[i]);
                        CASE_CHECK(ct_select(k, 4) == at && k[at].open);
                        for (int i = 0; i < 4; i++)
                                CASE_CHECK(got[i] == (i == at ? 5 + at : 17));
                } else {
                        for (int i = 0; i < 4; i++)
                                until_queued(s->chain[i], TO_RECEIVE, 1);
                        put(s->chain[at], 5 + at);
                        for (int i = 0; i < 4 && s->capacity == 0; i++)
                                CASE_CHECK(!try_put(s->chain[i], 1)); /* it may not have run yet */
                        for (int i = 0; i < 4; i++)
                                CASE_CHECK(queued(s->chain[i], TO_RECEIVE) == 0);
                }
                meet(s, me);
        }
        free_chain(s, me, 4);
}

static void a_receive_ends_a_waiting_select(struct scene *s, unsigned me)
{
        int cap = (int)s->capacity;

        make_chain(s, me, 4);
        for (int at = 0; at < 4; at++) {
                struct ct_select_case k[4];
                int v[4] = {cap, cap, cap, cap};

                if (me == 0)
                        for (int i = 0; i < 4; i++)
                                fill(s->chain[i]);
                meet(s, me);
                if (me == 1) {
                        for (int i = 0; i < 4; i++)
                                k[i] = send_case(s->chain[i], &v[i]);
                        CASE_CHECK(ct_select(k, 4) == at);
                } else {
                        for (int i = 0; i < 4; i++)
                                until_queued(s->chain[i], TO_SEND, 1);
                        CASE_CHECK(get(s->chain[at]) == 0 || cap == 0);
                }
                meet(s, me);
                for (int i = 0; i < 4 && me == 0; i++) {
                        int left = i == at ? cap : cap - 1; /* the last value in it */

                        CASE_CHECK(queued(s->chain[i], TO_SEND) == 0);
                        for (int n = i == at; n <= left && cap; n++)
                                CASE_CHECK(try_get(s->chain[i]) == n);
                        CASE_CHECK(try_get(s->chain[i]) == -3);
                }
                meet(s, me);
        }
        free_chain(s, me, 4);
}

static void a_close_ends_a_waiting_select(struct scene *s, unsigned me)
{
        make_chain(s, me, 4);
        if (me == 1) {
                int got[4] = {17, 17, 17, 17};
                struct ct_select_case k[4];

                for (int i = 0; i < 4; i++) {
                        k[i] = recv_case(s->chain[i], &got[i]);
                        k[i].open = true;
                }
                CASE_CHECK(ct_select(k, 4) == 2 && !k[2].open);
                for (int i = 0; i < 4; i++)
                        CASE_CHECK(got[i] == (i == 2 ? 0 : 17));
        } else {
                until_queued(s->chain[3], TO_RECEIVE, 1);
                until_queued(s->chain[2], TO_RECEIVE, 1);
                ct_chan_close(s->chain[2]);
                CASE_CHECK(queued(s->chain[3], TO_RECEIVE) == 0);
        }
        free_chain(s, me, 4);
}

/* Two sends right after each other: the select takes one of them, the other stays or waits. */
static void only_one_of_two_offers_is_taken(struct scene *s, unsigned me)
{
        for (int i = 0; i < 50; i++) {
                int got[2] = {17, 17}, fired;
                struct ct_select_case k[2] = {recv_case(s->c, &got[0]), recv_case(s->d, &got[1])};

                if (me == 0) {
                        fired = ct_select(k, 2);
                        CASE_CHECK(fired == 0 || fired == 1);
                        CASE_CHECK(got[fired & 1] == 2 * i + fired && got[1 - (fired & 1)] == 17);
                        CASE_CHECK(get(fired ? s->c : s->d) == 2 * i + 1 - fired);
                } else {
                        put(me == 1 ? s->c : s->d, 2 * i + (int)me - 1);
                }
                meet(s, me);
        }
        if (me == 0) {
                check_idle(s->c);
                check_idle(s->d);
        }
}

static void duplicate_cases_take_one_value(struct scene *s, unsigned me)
{
        int got[3] = {17, 17, 17}, fired;
        struct ct_select_case k[3];

        if (me == 0) {
                for (int i = 0; i < 3; i++)
                        k[i] = recv_case(s->c, &got[i]);
                fired = ct_select(k, 3);
                for (int i = 0; i < 3; i++)
                        CASE_CHECK(got[i] == (i == fired ? 1 : 17));
                CASE_CHECK(queued(s->c, TO_RECEIVE) == 0);
                CASE_CHECK(get(s->c) == 2);
        } else {
                until_queued(s->c, TO_RECEIVE, 3);
                put(s->c, 1);
                put(s->c, 2);
        }
        meet(s, me);
        check_idle(s->c);
}

static void duplicate_cases_send_one_value(struct scene *s, unsigned me)
{
        int cap = (int)s->capacity, v[3] = {cap, cap, cap};
        struct ct_select_case k[3];

        if (me == 0) {
                fill(s->c);
                for (int i = 0; i < 3; i++)
                        k[i] = send_case(s->c, &v[i]);
                CASE_CHECK(ct_select(k, 3) >= 0);
                say(s, 1);
        } else {
                until_queued(s->c, TO_SEND, 3);
                for (int i = 0; i <= cap; i++)
                        CASE_CHECK(get(s->c) == i);
                CONTEXT_UNTIL(heard(s, 1));
                CASE_CHECK(try_get(s->c) == -3);
        }
        meet(s, me);
        check_idle(s->c);
}

/* Each offers to send and to receive on one rendezvous: one does the one, the other the other. */
static void two_that_do_both_meet_each_other(struct scene *s, unsigned me)
{
        for (int i = 0; i < 50; i++) {
                int v = 10 * i + (int)me, got = -1, fired;
                struct ct_select_case k[] = {send_case(s->c, &v), recv_case(s->c, &got)};

                fired = ct_select(k, 2);
                CASE_CHECK(fired == 0 || (k[1].open && got == 10 * i + 1 - (int)me));
                s->got[me] = fired;
                meet(s, me);
                CASE_CHECK(s->got[0] + s->got[1] == 1);
                meet(s, me);
        }
        check_idle(s->c);
}

/* Selects against selects, which name the channels in opposite orders: no deadlock, and each value
   arrives once. */
static void selects_in_opposite_orders(struct scene *s, unsigned me)
{
        for (int i = 0; i < 200; i++) {
                int v = 1, got = 0;
                struct ct_select_case in[] = {send_case(s->c, &v), send_case(s->d, &v)};
                struct ct_select_case out[] = {recv_case(s->d, &got), recv_case(s->c, &got)};

                if (me % 2)
                        CASE_CHECK(ct_select(in, 2) >= 0);
                else
                        CASE_CHECK(ct_select(out, 2) >= 0 && got == 1);
        }
        meet(s, me);
        check_idle(s->c);
        check_idle(s->d);
}

/* Both directions on both channels, everybody: as many sends as receives. */
static void selects_of_all_against_all(struct scene *s, unsigned me)
{
        for (int i = 0; i < 100; i++) {
                int v = (int)me, got = -1, fired;
                struct ct_select_case k[] = {send_case(s->c, &v), recv_case(s->c, &got),
                                             send_case(s->d, &v), recv_case(s->d, &got)};

                fired = ct_select_until(k, 4, ct_deadline_after(100 * CT_NS_PER_US));
                if (fired == CT_SELECT_NONE)
                        continue;
                if (fired % 2)
                        CASE_CHECK(k[fired].open && got >= 0 && got < (int)s->contexts);
                if (fired % 2)
                        CASE_CHECK(s->capacity > 0 || got != (int)me);
                if (fired % 2)
                        ct_sub_u32_relaxed(&s->count, 1);
                else
                        ct_add_u32_relaxed(&s->count, 1);
        }
        meet(s, me);
        CASE_CHECK(ct_load_u32_relaxed(&s->count) == ct_chan_len(s->c) + ct_chan_len(s->d));
        CASE_CHECK(queued(s->c, TO_SEND) + queued(s->c, TO_RECEIVE) == 0);
}

/* A select that has fired must not be taken for one that waits on its other channels. */
static void a_fired_select_is_nobodys_partner(struct scene *s, unsigned me)
{
        for (int i = 0; i < 100; i++) {
                int got = -1;
                struct ct_select_case k[] = {recv_case(s->c, &got), recv_case(s->d, &got)};

                if (me == 0) {
                        CASE_CHECK(ct_select(k, 2) >= 0);
                        CASE_CHECK(got == i);
                        got = ct_try_select(k, 2);
                        CASE_CHECK(got == CT_SELECT_NONE); /* the offers were one */
                } else {
                        put(i % 2 ? s->c : s->d, i);
                        /* Where it waits no more, nobody takes this. */
                        if (s->capacity == 0)
                                CASE_CHECK(!try_put(i % 2 ? s->d : s->c, 99));
                }
                meet(s, me);
        }
}

static void a_select_shows_what_the_sender_wrote(struct scene *s, unsigned me)
{
        for (int i = 0; i < 50; i++) {
                int v = i, got = -1;
                struct ct_select_case r[] = {recv_case(s->d, NULL), recv_case(s->c, &got)};
                struct ct_select_case w[] = {recv_case(NULL, NULL), send_case(s->c, &v)};

                if (me == 0) {
                        s->plain = i;
                        CASE_CHECK(ct_select(w, 2) == 1);
                } else {
                        CASE_CHECK(ct_select(r, 2) == 1 && got == i);
                        CASE_CHECK(s->plain == i);
                }
                meet(s, me);
        }
}

static const struct chan_case CASES[] = {
        {"select_a_send_ends_it", 2, a_send_ends_a_waiting_select, ANY, false},
        {"select_a_receive_ends_it", 2, a_receive_ends_a_waiting_select, ANY, false},
        {"select_a_close_ends_it", 2, a_close_ends_a_waiting_select, ANY, false},
        {"select_only_one_of_two_offers_is_taken", 3, only_one_of_two_offers_is_taken, ANY, false},
        {"select_duplicate_cases_take_one_value", 2, duplicate_cases_take_one_value, ANY, false},
        {"select_duplicate_cases_send_one_value", 2, duplicate_cases_send_one_value, ANY, false},
        {"select_two_that_do_both_meet_each_other", 2, two_that_do_both_meet_each_other, AT_0,
         true},
        {"select_in_opposite_orders", 6, selects_in_opposite_orders, ANY, true},
        {"select_all_against_all", 5, selects_of_all_against_all, ANY, true},
        {"select_a_fired_one_is_nobodys_partner", 2, a_fired_select_is_nobodys_partner, ANY, false},
        {"select_shows_what_the_sender_wrote", 2, a_select_shows_what_the_sender_wrote, ANY, false},
};

CHAN_CASES(select_wait_cases, CASES);
