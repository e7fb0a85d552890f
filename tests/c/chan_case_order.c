/* Cases of who is served first: waiters in the order in which they came, and nobody before them. */
#include "chan_cases.h"

/* Contexts 1, 2, 3 ... queue one after the other. */
static void queue_up(struct scene *s, unsigned me, enum side side)
{
        CONTEXT_UNTIL(heard(s, 1) && ct_load_u32_acquire(&s->count) == me - 1 &&
                      queued(s->c, side) == me - 1);
        ct_store_u32_release(&s->count, me); /* pairs with the next */
}

static void receivers_are_served_in_order(struct scene *s, unsigned me)
{
        if (me == 0) {
                say(s, 1);
                until_queued(s->c, TO_RECEIVE, s->contexts - 1);
                for (int i = 1; i < (int)s->contexts; i++)
                        put(s->c, i);
                return;
        }
        queue_up(s, me, TO_RECEIVE);
        CASE_CHECK(get(s->c) == (int)me);
}

static void senders_are_served_in_order(struct scene *s, unsigned me)
{
        int cap = (int)s->capacity;

        if (me == 0) {
                fill(s->c);
                say(s, 1);
                until_queued(s->c, TO_SEND, s->contexts - 1);
                for (int i = 0; i < cap + (int)s->contexts - 1; i++)
                        CASE_CHECK(get(s->c) == i);
                return;
        }
        queue_up(s, me, TO_SEND);
        put(s->c, cap + (int)me - 1);
}

/* Plain, timed and selecting waiters stand in one queue. */
static void every_manner_of_receiving_keeps_its_place(struct scene *s, unsigned me)
{
        struct ct_select_case k[2];
        bool open = false;
        int v = 0;

        if (me == 0) {
                say(s, 1);
                until_queued(s->c, TO_RECEIVE, s->contexts - 1);
                for (int i = 1; i < (int)s->contexts; i++)
                        CASE_CHECK(try_put(s->c, i));
                return;
        }
        k[0] = recv_case(s->c, &v);
        k[1] = recv_case(s->d, NULL);
        queue_up(s, me, TO_RECEIVE);
        if (me % 3 == 0) {
                CASE_CHECK(ct_select(k, 2) == 0 && k[0].open);
        } else if (me % 3 == 1) {
                CASE_CHECK(ct_chan_recv(s->c, &v));
        } else {
                CASE_CHECK(ct_chan_recv_until(s->c, &v, &open,
                                              ct_deadline_after(3600 * CT_NS_PER_S)) == 0);
                CASE_CHECK(open);
        }
        CASE_CHECK(v == (int)me);
}

static void every_manner_of_sending_keeps_its_place(struct scene *s, unsigned me)
{
        int v = (int)s->capacity + (int)me - 1;
        struct ct_select_case k[2];

        if (me == 0) {
                fill(s->c);
                say(s, 1);
                until_queued(s->c, TO_SEND, s->contexts - 1);
                for (int i = 0; i < (int)(s->capacity + s->contexts) - 1; i++)
                        CASE_CHECK(try_get(s->c) == i);
                return;
        }
        k[0] = recv_case(s->d, NULL);
        k[1] = send_case(s->c, &v);
        queue_up(s, me, TO_SEND);
        if (me % 3 == 0)
                CASE_CHECK(ct_select(k, 2) == 1);
        else if (me % 3 == 1)
                ct_chan_send(s->c, &v);
        else
                CASE_CHECK(ct_chan_send_until(s->c, &v, ct_deadline_after(3600 * CT_NS_PER_S)) ==
                           0);
}

/* The room that a receive makes is the waiting sender's, not a newcomer's. */
static void nobody_passes_a_waiting_sender(struct scene *s, unsigned me)
{
        int cap = (int)s->capacity;

        if (me > 0) {
                queue_up(s, me, TO_SEND);
                put(s->c, cap + (int)me - 1);
                return;
        }
        fill(s->c);
        say(s, 1);
        until_queued(s->c, TO_SEND, 2);
        CASE_CHECK(get(s->c) == 0);
        CASE_CHECK(queued(s->c, TO_SEND) == 1); /* the first is served: its value is in */
        CASE_CHECK(ct_chan_len(s->c) == s->capacity);
        CASE_CHECK(!try_put(s->c, 99));
        for (int i = 1; i < cap + 2; i++)
                CASE_CHECK(get(s->c) == i);
        check_idle(s->c);
}

/* The value that a send brings is the waiting receiver's, not a newcomer's. */
static void nobody_passes_a_waiting_receiver(struct scene *s, unsigned me)
{
        if (me > 0) {
                queue_up(s, me, TO_RECEIVE);
                CASE_CHECK(get(s->c) == 10 * (int)me);
                return;
        }
        say(s, 1);
        until_queued(s->c, TO_RECEIVE, 2);
        put(s->c, 10);
        CASE_CHECK(queued(s->c, TO_RECEIVE) == 1);
        CASE_CHECK(try_get(s->c) == -3);
        CASE_CHECK(ct_chan_len(s->c) == 0);
        put(s->c, 20);
        CASE_CHECK(try_get(s->c) == -3);
        check_idle(s->c);
}

/* What one sender sends is received in that order, whoever else sends. */
static void each_senders_values_stay_in_order(struct scene *s, unsigned me)
{
        enum { EACH = 200 };
        int next[SCENE_CONTEXTS] = {0};

        if (me > 0) {
                for (int i = 0; i < EACH; i++)
                        put(s->c, (int)me * 1000 + i);
                return;
        }
        for (unsigned i = 0; i < EACH * (s->contexts - 1); i++) {
                int v = get(s->c), from = v / 1000;

                CASE_CHECK(from > 0 && from < (int)s->contexts && v % 1000 == next[from]);
                next[from & 7] = v % 1000 + 1;
        }
        check_idle(s->c);
}

/* And each receiver sees one sender's values in order, whoever else receives. */
static void each_receiver_sees_a_senders_order(struct scene *s, unsigned me)
{
        int last = -1, v;

        if (me == 0) {
                for (int i = 0; i < 600; i++)
                        put(s->c, i);
                ct_chan_close(s->c);
        } else {
                while ((v = get(s->c)) != -1) {
                        CASE_CHECK(v > last);
                        last = v;
                        ct_add_u32_relaxed(&s->count, 1);
                }
        }
        meet(s, me);
        CASE_CHECK(ct_load_u32_relaxed(&s->count) == 600);
}

/* The ends change hands, with a happens-before between the old and the new ones: what kinds for
   one sender and one receiver allow. */
static void the_ends_may_change_hands(struct scene *s, unsigned me)
{
        int sent = 0, got = 0;

        for (unsigned round = 0; round < 3 * s->contexts; round++) {
                int some = (int)(s->capacity < 20 ? s->capacity : 20);

                if (round % s->contexts == me)
                        for (int i = 0; i < some; i++)
                                CASE_CHECK(try_put(s->c, sent + i));
                meet(s, me);
                if ((round + 1) % s->contexts == me)
                        for (int i = 0; i < some; i++)
                                CASE_CHECK(try_get(s->c) == got + i);
                meet(s, me);
                sent += some;
                got += some;
        }
}

static const struct chan_case CASES[] = {
        {"receivers_are_served_in_order", 7, receivers_are_served_in_order, ANY, true},
        {"senders_are_served_in_order", 7, senders_are_served_in_order, ANY, true},
        {"every_manner_of_receiving_keeps_its_place", 7, every_manner_of_receiving_keeps_its_place,
         ANY, true},
        {"every_manner_of_sending_keeps_its_place", 7, every_manner_of_sending_keeps_its_place, ANY,
         true},
        {"nobody_passes_a_waiting_sender", 3, nobody_passes_a_waiting_sender, BUFFERED, true},
        {"nobody_passes_a_waiting_receiver", 3, nobody_passes_a_waiting_receiver, ANY, true},
        {"each_senders_values_stay_in_order", 5, each_senders_values_stay_in_order, ANY, true},
        {"each_receiver_sees_a_senders_order", 4, each_receiver_sees_a_senders_order, ANY, true},
        {"the_ends_may_change_hands", 3, the_ends_may_change_hands, BUFFERED, false},
};

CHAN_CASES(chan_order_cases, CASES);
