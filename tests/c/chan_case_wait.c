/* Cases in which one context waits for another: Go's eight properties, rendezvous, memory order. */
#include "chan_cases.h"
#include "stress.h"

/* Context 0 sends; the others receive, where the kind allows it. */
static unsigned receivers(const struct scene *s)
{
        return s->kind->many ? s->contexts - 1 : 1;
}

/* Context 0 makes the channel of the round, the others see it after the meeting. */
static void next_channel(struct scene *s, unsigned me, size_t cap)
{
        meet(s, me);
        if (me == 0) {
                ct_chan_free(s->c);
                s->c = make_ints(s->kind, cap);
                ct_store_u32_relaxed(&s->count, 0);
        }
        meet(s, me);
}

static void empty_blocks(struct scene *s, unsigned me, size_t cap)
{
        if (me == 1) {
                CASE_CHECK(get(s->c) == 7);
                ct_add_u32_release(&s->count, 1); /* pairs with context 0 */
        }
        if (me == 0) {
                CASE_CHECK(ct_chan_cap(s->c) == cap);
                until_queued(s->c, TO_RECEIVE, 1);
                CASE_CHECK(ct_load_u32_acquire(&s->count) == 0);
                put(s->c, 7);
        }
}

static void full_blocks_and_keeps_the_order(struct scene *s, unsigned me, size_t cap)
{
        meet(s, me);
        if (me == 0) {
                CASE_CHECK(try_get(s->c) == -3);
                fill(s->c);
                CASE_CHECK(!try_put(s->c, 1));
        }
        meet(s, me);
        if (me == 1)
                put(s->c, (int)cap);
        if (me == 0) {
                until_queued(s->c, TO_SEND, 1);
                CASE_CHECK(ct_chan_len(s->c) == cap);
                for (int i = 0; i <= (int)cap; i++)
                        CASE_CHECK(get(s->c) == i);
                CASE_CHECK(try_get(s->c) == -3);
                check_idle(s->c);
        }
        meet(s, me);
}

static void closed_drains_and_releases(struct scene *s, unsigned me, size_t cap)
{
        if (me == 0) {
                fill(s->c);
                ct_chan_close(s->c);
                CASE_CHECK(ct_chan_len(s->c) == cap);
                for (int i = 0; i < (int)cap; i++)
                        CASE_CHECK(get(s->c) == i);
                CASE_CHECK(get(s->c) == -1);
                CASE_CHECK(try_get(s->c) == -1);
        }
        next_channel(s, me, cap);
        if (me == 0) {
                until_queued(s->c, TO_RECEIVE, receivers(s));
                ct_chan_close(s->c);
                CASE_CHECK(get(s->c) == -1);
        } else if (me <= receivers(s)) {
                CASE_CHECK(get(s->c) == -1);
        }
}

/* Go's own test does this for the same capacities. Sanitizers get every tenth of the large ones. */
static void every_capacity_to_199(struct scene *s, unsigned me)
{
        for (size_t cap = s->kind->least; cap < 200; cap++) {
                if (ROUNDS(20) < 20 && cap > 17 && cap % 10 != 9)
                        continue;
                next_channel(s, me, cap);
                empty_blocks(s, me, cap);
                full_blocks_and_keeps_the_order(s, me, cap);
                closed_drains_and_releases(s, me, cap);
        }
}

static void a_receive_waits_for_a_value(struct scene *s, unsigned me)
{
        if (me == 1) {
                CASE_CHECK(get(s->c) == 7);
                say(s, 1);
                return;
        }
        until_queued(s->c, TO_RECEIVE, 1);
        CASE_CHECK(!heard(s, 1));
        put(s->c, 7);
        CONTEXT_UNTIL(heard(s, 1));
        check_idle(s->c);
}

static void a_send_waits_for_room(struct scene *s, unsigned me)
{
        if (me == 1) {
                CONTEXT_UNTIL(heard(s, 1));
                put(s->c, (int)s->capacity);
                say(s, 2);
                return;
        }
        fill(s->c);
        say(s, 1);
        until_queued(s->c, TO_SEND, 1);
        CASE_CHECK(!heard(s, 2));
        CASE_CHECK(!try_put(s->c, 99));
        CASE_CHECK(ct_chan_len(s->c) == s->capacity);
        for (int i = 0; i <= (int)s->capacity; i++)
                CASE_CHECK(get(s->c) == i);
        CONTEXT_UNTIL(heard(s, 2));
        check_idle(s->c);
}

static void a_rendezvous_has_no_length(struct scene *s, unsigned me)
{
        if (me == 1) {
                put(s->c, 1);
                return;
        }
        until_queued(s->c, TO_SEND, 1);
        CASE_CHECK(ct_chan_len(s->c) == 0 && ct_chan_cap(s->c) == 0);
        CASE_CHECK(get(s->c) == 1);
}

static void try_recv_takes_from_a_waiting_sender(struct scene *s, unsigned me)
{
        if (me == 1) {
                CONTEXT_UNTIL(heard(s, 1));
                put(s->c, (int)s->capacity);
                return;
        }
        fill(s->c);
        say(s, 1);
        until_queued(s->c, TO_SEND, 1);
        for (int i = 0; i <= (int)s->capacity; i++)
                CASE_CHECK(try_get(s->c) == i);
        CASE_CHECK(try_get(s->c) == -3);
        check_idle(s->c);
}

/* As many as wait, and no more. */
static void try_send_gives_to_each_waiting_receiver_once(struct scene *s, unsigned me)
{
        unsigned n = receivers(s);

        if (me > n)
                return;
        if (me > 0) {
                CASE_CHECK(get(s->c) < (int)n);
                return;
        }
        until_queued(s->c, TO_RECEIVE, n);
        for (unsigned i = 0; i < n; i++)
                CASE_CHECK(try_put(s->c, (int)i));
        CASE_CHECK(queued(s->c, TO_RECEIVE) == 0);
        CASE_CHECK(ct_chan_len(s->c) == 0);
        fill(s->c);
        CASE_CHECK(!try_put(s->c, 99));
}

static void a_receive_shows_what_the_sender_wrote(struct scene *s, unsigned me)
{
        for (int i = 0; i < 50; i++) {
                if (me == 1) {
                        s->plain = i;
                        put(s->c, i);
                        CASE_CHECK(get(s->d) == i);
                } else {
                        CASE_CHECK(get(s->c) == i);
                        CASE_CHECK(s->plain == i);
                        put(s->d, i);
                }
        }
}

static void a_rendezvous_shows_the_sender_what_the_receiver_wrote(struct scene *s, unsigned me)
{
        for (int i = 0; i < 50; i++) {
                if (me == 1) {
                        s->plain = i;
                        CASE_CHECK(get(s->c) == i);
                        put(s->d, i);
                } else {
                        put(s->c, i);
                        CASE_CHECK(s->plain == i);
                        CASE_CHECK(get(s->d) == i);
                }
        }
}

/* The k-th receive happens before the (k + capacity)-th send completes: with capacity 1 it is a
   mutex. */
static void a_buffer_of_one_is_a_mutex(struct scene *s, unsigned me)
{
        for (int i = 0; i < 200; i++) {
                put(s->c, (int)me);
                s->plain++;
                (void)get(s->c);
        }
        meet(s, me);
        CASE_CHECK(s->plain == 200 * (int)s->contexts);
}

/* With capacity 3, at most three are inside at once. */
static void a_buffer_is_a_semaphore(struct scene *s, unsigned me)
{
        for (int i = 0; i < 100; i++) {
                put(s->c, (int)me);
                CASE_CHECK(ct_add_u32_relaxed(&s->count, 1) < s->capacity);
                if (i % 8 == 0)
                        ct_yield();
                ct_sub_u32_relaxed(&s->count, 1);
                (void)get(s->c);
        }
}

static void ping_pong(struct scene *s, unsigned me)
{
        for (int i = 0; i < 200; i++) {
                if (me == 0) {
                        put(s->c, i);
                        CASE_CHECK(get(s->d) == i + 1);
                } else {
                        put(s->d, get(s->c) + 1);
                }
        }
        meet(s, me);
        check_idle(s->c);
        check_idle(s->d);
}

/* Context 0 counts; each next one takes the first number it sees for a prime and lets through what
   it does not divide. */
static void the_sieve(struct scene *s, unsigned me)
{
        static const int primes[SCENE_CONTEXTS] = {0, 2, 3, 5, 7, 11, 13, 17};
        struct ct_chan *in, *out;
        int prime, v;

        if (me == 0)
                for (unsigned i = 0; i < s->contexts; i++)
                        s->chain[i] = make_ints(s->kind, s->capacity);
        meet(s, me);
        out = s->chain[me];
        if (me == 0) {
                for (int i = 2; i <= 60; i++)
                        put(out, i);
        } else {
                in = s->chain[me - 1];
                prime = get(in);
                CASE_CHECK(prime == primes[me]);
                while ((v = get(in)) != -1)
                        if (v % prime && me + 1 < s->contexts)
                                put(out, v);
        }
        ct_chan_close(out);
        meet(s, me);
        ct_chan_free(out);
}

static const struct chan_case CASES[] = {
        {"every_capacity_to_199", 4, every_capacity_to_199, AT_1, false},
        {"a_receive_waits_for_a_value", 2, a_receive_waits_for_a_value, ANY, false},
        {"a_send_waits_for_room", 2, a_send_waits_for_room, ANY, false},
        {"a_rendezvous_has_no_length", 2, a_rendezvous_has_no_length, AT_0, false},
        {"try_recv_takes_from_a_waiting_sender", 2, try_recv_takes_from_a_waiting_sender, ANY,
         false},
        {"try_send_gives_to_each_waiting_receiver_once", 4,
         try_send_gives_to_each_waiting_receiver_once, ANY, false},
        {"a_receive_shows_what_the_sender_wrote", 2, a_receive_shows_what_the_sender_wrote, ANY,
         false},
        {"a_rendezvous_shows_the_sender_what_the_receiver_wrote", 2,
         a_rendezvous_shows_the_sender_what_the_receiver_wrote, AT_0, false},
        {"a_buffer_of_one_is_a_mutex", 4, a_buffer_of_one_is_a_mutex, AT_1, true},
        {"a_buffer_is_a_semaphore", 8, a_buffer_is_a_semaphore, AT_1 | AT_3, true},
        {"ping_pong", 2, ping_pong, ANY, false},
        {"the_sieve", 8, the_sieve, ANY, false},
};

CHAN_CASES(chan_wait_cases, CASES);
