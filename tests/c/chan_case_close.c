/* Cases of close: what it lets through, whom it wakes, what it shows. */
#include "chan_cases.h"

#include <string.h>

static unsigned receivers(const struct scene *s)
{
        return s->kind->many ? s->contexts - 1 : 1;
}

static void what_is_buffered_is_drained_first(struct scene *s, unsigned me)
{
        (void)me;
        fill(s->c);
        ct_chan_close(s->c);
        for (int i = 0; i < (int)s->capacity; i++) {
                CASE_CHECK(ct_chan_len(s->c) == s->capacity - (size_t)i);
                CASE_CHECK(get(s->c) == i);
        }
        CASE_CHECK(get(s->c) == -1);
        CASE_CHECK(ct_chan_len(s->c) == 0);
}

static void closed_is_for_ever(struct scene *s, unsigned me)
{
        bool open;
        int v;

        (void)me;
        ct_chan_close(s->c);
        for (int i = 0; i < 300; i++) {
                open = true;
                v = 5;
                CASE_CHECK(ct_chan_try_recv(s->c, &v, &open) && !open && v == 0);
                CASE_CHECK(get(s->c) == -1);
                open = true;
                v = 5;
                CASE_CHECK(ct_chan_recv_until(s->c, &v, &open, 0) == 0 && !open && v == 0);
                CASE_CHECK(!ct_chan_recv(s->c, NULL));
        }
        CASE_CHECK(ct_chan_cap(s->c) == s->capacity);
}

static void close_releases_every_receiver(struct scene *s, unsigned me)
{
        if (me > receivers(s))
                return;
        if (me > 0) {
                CASE_CHECK(get(s->c) == -1);
                CASE_CHECK(get(s->c) == -1);
                return;
        }
        until_queued(s->c, TO_RECEIVE, receivers(s));
        ct_chan_close(s->c);
        CASE_CHECK(queued(s->c, TO_RECEIVE) == 0);
}

/* Plain, timed and selecting receivers in one queue. */
static void close_releases_receivers_of_every_manner(struct scene *s, unsigned me)
{
        struct ct_select_case k[2] = {recv_case(s->c, NULL), recv_case(s->d, NULL)};
        bool open = true;
        int v = 5;

        switch (me % 4) {
        case 0:
                if (me) {
                        CASE_CHECK(get(s->c) == -1);
                        return;
                }
                until_queued(s->c, TO_RECEIVE, s->contexts - 1);
                ct_chan_close(s->c);
                CASE_CHECK(queued(s->c, TO_RECEIVE) == 0);
                return;
        case 1:
                CASE_CHECK(ct_chan_recv_until(s->c, &v, &open,
                                              ct_deadline_after(CT_NS_PER_S * 3600)) == 0);
                CASE_CHECK(!open && v == 0);
                return;
        case 2:
                k[0].out = &v;
                k[0].open = true;
                CASE_CHECK(ct_select(k, 2) == 0);
                CASE_CHECK(!k[0].open && v == 0);
                return;
        default:
                CASE_CHECK(ct_select_until(k, 2, ct_deadline_after(CT_NS_PER_S * 3600)) == 0);
                CASE_CHECK(!k[0].open);
        }
}

static void close_shows_what_was_written_before_it(struct scene *s, unsigned me)
{
        if (me == 1) {
                s->plain = 42;
                ct_chan_close(s->c);
                return;
        }
        CASE_CHECK(get(s->c) == -1);
        CASE_CHECK(s->plain == 42);
}

static void close_shows_it_to_try_recv_and_select_too(struct scene *s, unsigned me)
{
        struct ct_select_case k[2] = {recv_case(s->c, NULL), recv_case(s->d, NULL)};
        bool open = true;

        if (me == 1) {
                s->plain = 42;
                ct_chan_close(s->c);
                s->got[0] = 43;
                ct_chan_close(s->d);
                return;
        }
        CONTEXT_UNTIL(ct_chan_try_recv(s->c, NULL, &open));
        CASE_CHECK(!open && s->plain == 42);
        k[0].chan = NULL;
        CONTEXT_UNTIL(ct_try_select(k, 2) == 1);
        CASE_CHECK(!k[1].open && s->got[0] == 43);
}

/* Filled and closed before they come: each value once, then closed for everybody. */
static void several_drain_a_closed_channel(struct scene *s, unsigned me)
{
        int v;

        if (me == 0) {
                fill(s->c);
                ct_chan_close(s->c);
                say(s, 1);
        }
        CONTEXT_UNTIL(heard(s, 1));
        while ((v = get(s->c)) != -1) {
                CASE_CHECK(v >= 0 && v < (int)s->capacity);
                ct_add_u32_relaxed(&s->count, (uint32_t)v + 1);
        }
        meet(s, me);
        CASE_CHECK(ct_load_u32_relaxed(&s->count) == s->capacity * (s->capacity + 1) / 2);
}

/* Closed as soon as the last is sent: none is lost on the way to receivers that wait. */
static void nothing_sent_is_lost_by_a_close(struct scene *s, unsigned me)
{
        for (int round = 0; round < 20; round++) {
                if (me == 0) {
                        ct_chan_free(s->c);
                        s->c = make_ints(s->kind, s->capacity);
                        ct_store_u32_relaxed(&s->count, 0);
                }
                meet(s, me);
                if (me == 0) {
                        for (int i = 1; i <= 20; i++)
                                put(s->c, i);
                        ct_chan_close(s->c);
                } else if (me <= receivers(s)) {
                        for (int v; (v = get(s->c)) != -1;)
                                ct_add_u32_relaxed(&s->count, (uint32_t)v);
                }
                meet(s, me);
                CASE_CHECK(ct_load_u32_relaxed(&s->count) == 210);
                meet(s, me);
        }
}

/* The receiver that waits gets the value, not the close that follows it at once. */
static void a_value_before_the_close_wins(struct scene *s, unsigned me)
{
        for (int round = 0; round < 30; round++) {
                meet(s, me);
                if (me == 0) {
                        ct_chan_free(s->c);
                        s->c = make_ints(s->kind, s->capacity);
                }
                meet(s, me);
                if (me == 1) {
                        CASE_CHECK(get(s->c) == round);
                        CASE_CHECK(get(s->c) == -1);
                } else {
                        if (round % 2)
                                until_queued(s->c, TO_RECEIVE, 1);
                        put(s->c, round);
                        ct_chan_close(s->c);
                }
        }
}

static void a_blocked_receiver_of_large_values_gets_all_zeros(struct scene *s, unsigned me)
{
        unsigned char out[258];

        if (me == 0) {
                ct_chan_free(s->c);
                s->c = make_chan(s->kind, 256, s->capacity);
        }
        meet(s, me);
        if (me == 0) {
                until_queued(s->c, TO_RECEIVE, 1);
                ct_chan_close(s->c);
                return;
        }
        memset(out, 0xee, sizeof out);
        CASE_CHECK(!ct_chan_recv(s->c, out + 1));
        for (size_t i = 1; i <= 256; i++)
                CASE_CHECK(out[i] == 0);
        CASE_CHECK(out[0] == 0xee && out[257] == 0xee);
}

/* Somebody else than the sender closes. */
static void anybody_may_close(struct scene *s, unsigned me)
{
        if (me == 0) {
                put(s->c, 1);
                say(s, 1);
                return;
        }
        if (me == 1) {
                CONTEXT_UNTIL(heard(s, 1));
                ct_chan_close(s->c);
                return;
        }
        CASE_CHECK(get(s->c) == 1);
        CASE_CHECK(get(s->c) == -1);
}

/* done channels: closed once, seen by all, any number of times. */
static void a_closed_channel_is_a_broadcast(struct scene *s, unsigned me)
{
        if (me == 0) {
                ct_chan_close(s->c);
                return;
        }
        for (int i = 0; i < 20; i++) {
                struct ct_select_case k[] = {recv_case(s->c, NULL), recv_case(NULL, NULL)};

                CASE_CHECK(ct_select(k, 2) == 0 && !k[0].open);
                CASE_CHECK(get(s->c) == -1);
        }
}

/* The sender is not waited for: once its value is there, it must not touch the channel any more.
   Likewise who closed it, once that is seen. */
static void the_receiver_of_the_last_value_may_free(struct scene *s, unsigned me)
{
        for (int round = 0; round < 40; round++) {
                struct ct_select_case k[2];

                if (me == 0)
                        s->chain[0] = make_ints(s->kind, s->capacity);
                meet(s, me);
                if (me == 1) {
                        int v = round;

                        k[0] = send_case(s->chain[0], &v);
                        k[1] = recv_case(s->d, NULL);
                        if (round % 4 == 0)
                                put(s->chain[0], round);
                        else if (round % 4 == 1)
                                CASE_CHECK(ct_select(k, 2) == 0);
                        else
                                ct_chan_close(s->chain[0]);
                } else {
                        if (round % 8 > 3)
                                ct_yield();
                        CASE_CHECK(get(s->chain[0]) == (round % 4 < 2 ? round : -1));
                        ct_chan_free(s->chain[0]);
                }
                meet(s, me);
        }
}

static const struct chan_case CASES[] = {
        {"what_is_buffered_is_drained_first", 1, what_is_buffered_is_drained_first, ANY, false},
        {"closed_is_for_ever", 1, closed_is_for_ever, ANY, false},
        {"close_releases_every_receiver", 6, close_releases_every_receiver, ANY, false},
        {"close_releases_receivers_of_every_manner", 8, close_releases_receivers_of_every_manner,
         ANY, true},
        {"close_shows_what_was_written_before_it", 2, close_shows_what_was_written_before_it, ANY,
         false},
        {"close_shows_it_to_try_recv_and_select_too", 2, close_shows_it_to_try_recv_and_select_too,
         ANY, false},
        {"several_drain_a_closed_channel", 4, several_drain_a_closed_channel, BUFFERED, true},
        {"nothing_sent_is_lost_by_a_close", 4, nothing_sent_is_lost_by_a_close, ANY, false},
        {"a_value_before_the_close_wins", 2, a_value_before_the_close_wins, ANY, false},
        {"a_blocked_receiver_of_large_values_gets_all_zeros", 2,
         a_blocked_receiver_of_large_values_gets_all_zeros, ANY, false},
        {"the_receiver_of_the_last_value_may_free", 2, the_receiver_of_the_last_value_may_free, ANY,
         false},
        {"anybody_may_close", 3, anybody_may_close, ANY, false},
        {"a_closed_channel_is_a_broadcast", 5, a_closed_channel_is_a_broadcast, ANY, true},
};

CHAN_CASES(chan_close_cases, CASES);
