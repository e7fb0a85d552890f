/*
 * Ten million messages: none lost, none doubled, those of one sender in order.
 *
 * A message is (sender, number). Each receiver checks that what it gets from one sender only grows,
 * and marks it in a bit set of its own; at the end the sets are laid over each other: a bit in two
 * of them is a message received twice, a bit in none is one lost. Runs on one CPU, on all, and with
 * eight threads for each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/rng.h"
#include "chan_guide_help.h"

enum { CHANNELS = 4 };

struct message {
        uint32_t sender, number;
};

enum manner { PLAIN, TIMED, TRYING, SELECTING };

struct storm {
        struct ct_chan_guide *c[CHANNELS];
        unsigned channels, senders, receivers;
        uint32_t each; /* messages of one sender */
        enum manner manner;
        ct_atomic_u32 sending; /* senders that have not finished */
        ct_atomic_u64 timeouts;
        uint64_t *seen; /* a bit set for each receiver */
};

static size_t words(const struct storm *s)
{
        return ((size_t)s->senders * s->each + 63) / 64;
}

static bool send_one(struct storm *s, const struct message *m, struct ct_rng *rng)
{
        struct ct_chan_guide_case k[CHANNELS];

        switch (s->manner) {
        case TIMED:
                return ct_chan_guide_send_until(s->c[0], m,
                                                ct_now_ns() + (int64_t)ct_rng_below(rng, 20000));
        case TRYING:
                return ct_chan_guide_try_send(s->c[0], m);
        case SELECTING:
                for (unsigned i = 0; i < s->channels; i++)
                        k[i] = (struct ct_chan_guide_case){
                                .chan = s->c[i], .op = CT_CHAN_GUIDE_SEND, .value = m};
                return ct_chan_guide_select(k, s->channels) >= 0;
        default:
                ct_chan_guide_send(s->c[0], m);
                return true;
        }
}

static void send_all(struct storm *s, unsigned sender)
{
        struct message m = {.sender = sender};
        struct ct_rng rng;

        ct_rng_seed(&rng, sender);
        while (m.number < s->each) {
                if (send_one(s, &m, &rng)) {
                        m.number++;
                } else {
                        ct_add_u64_relaxed(&s->timeouts, 1);
                        sched_yield();
                }
        }
        if (ct_sub_u32_acq_rel(&s->sending, 1) == 1)
                for (unsigned i = 0; i < s->channels; i++)
                        ct_chan_guide_close(s->c[i]);
}

/* 1: a message; 0: nothing this time; -1: all channels are closed and drained. */
static int receive_one(struct storm *s, struct message *m, struct ct_rng *rng, bool *ended)
{
        struct ct_chan_guide_case k[CHANNELS];
        bool open = false;
        int fired;

        switch (s->manner) {
        case TIMED:
                if (!ct_chan_guide_recv_until(s->c[0], m, &open,
                                              ct_now_ns() + (int64_t)ct_rng_below(rng, 20000)))
                        return 0;
                return open ? 1 : -1;
        case TRYING:
                if (!ct_chan_guide_try_recv(s->c[0], m, &open))
                        return 0;
                return open ? 1 : -1;
        case SELECTING:
                for (unsigned i = 0; i < s->channels; i++)
                        k[i] = (struct ct_chan_guide_case){.chan = ended[i] ? NULL : s->c[i],
                                                           .op = CT_CHAN_GUIDE_RECV,
                                                           .out = m};
                fired = ct_chan_guide_select(k, s->channels);
                if (k[fired].open)
                        return 1;
                ended[fired] = true;
                for (unsigned i = 0; i < s->channels; i++)
                        if (!ended[i])
                                return 0;
                return -1;
        default:
                return ct_chan_guide_recv(s->c[0], m) ? 1 : -1;
        }
}

static void receive_all(struct storm *s, unsigned receiver)
{
        uint64_t *seen = s->seen + receiver * words(s);
        uint32_t *next = calloc(s->senders, sizeof *next);
        bool ended[CHANNELS] = {false};
        struct message m = {0};
        struct ct_rng rng;
        int got;

        ct_rng_seed(&rng, receiver + 1000);
        while ((got = receive_one(s, &m, &rng, ended)) >= 0) {
                size_t bit;

                if (!got) {
                        ct_add_u64_relaxed(&s->timeouts, 1);
                        sched_yield();
                        continue;
                }
                CROWD_CHECK(m.sender < s->senders && m.number < s->each);
                /* over several channels at once there is no order to keep */
                CROWD_CHECK(s->channels > 1 || m.number >= next[m.sender]);
                next[m.sender] = m.number + 1;
                bit = (size_t)m.sender * s->each + m.number;
                CROWD_CHECK(!(seen[bit / 64] & UINT64_C(1) << bit % 64));
                seen[bit / 64] |= UINT64_C(1) << bit % 64;
        }
        free(next);
}

static void send_or_receive(void *ctx, unsigned index)
{
        struct storm *s = ctx;

        if (index < s->senders)
                send_all(s, index);
        else
                receive_all(s, index - s->senders);
}

static uint64_t messages; /* of the whole program */

static void storm(unsigned senders, unsigned receivers, uint32_t total, size_t cap,
                  enum manner manner)
{
        struct storm s = {.channels = manner == SELECTING ? CHANNELS : 1,
                          .senders = senders,
                          .receivers = receivers,
                          .each = total / SCALE / senders,
                          .manner = manner,
                          .sending = senders};
        uint64_t twice = 0, found = 0;

        s.seen = calloc(receivers * words(&s), sizeof *s.seen);
        assert_non_null(s.seen);
        for (unsigned i = 0; i < s.channels; i++)
                s.c[i] = make(sizeof(struct message), cap);
        crowd_run(senders + receivers, send_or_receive, &s);
        for (size_t w = 0; w < words(&s); w++) {
                uint64_t any = 0;

                for (unsigned r = 0; r < receivers; r++) {
                        uint64_t own = s.seen[r * words(&s) + w];

                        twice += (uint64_t)__builtin_popcountll(any & own);
                        any |= own;
                }
                found += (uint64_t)__builtin_popcountll(any);
        }
        assert_int_equal(twice, 0);
        assert_int_equal(found, (uint64_t)senders * s.each);
        messages += found;
        for (unsigned i = 0; i < s.channels; i++)
                ct_chan_guide_free(s.c[i]);
        free(s.seen);
}

/* A rendezvous costs two switches, so it gets fewer messages. */
static void one_to_one(void **state)
{
        (void)state;
        storm(1, 1, 2000000, 128, PLAIN);
        storm(1, 1, 100000, 1, PLAIN);
        storm(1, 1, 50000, 0, PLAIN);
}

static void four_to_four(void **state)
{
        (void)state;
        storm(4, 4, 2000000, 128, PLAIN);
        storm(4, 4, 100000, 3, PLAIN);
        storm(4, 4, 50000, 0, PLAIN);
}

static void with_deadlines(void **state)
{
        (void)state;
        storm(1, 1, 100000, 1, TIMED);
        storm(4, 4, 100000, 2, TIMED);
        storm(4, 4, 30000, 0, TIMED);
}

static void without_waiting(void **state)
{
        (void)state;
        storm(1, 1, 200000, 2, TRYING);
        storm(4, 4, 200000, 16, TRYING);
}

static void through_selects(void **state)
{
        (void)state;
        storm(4, 4, 100000, 8, SELECTING);
        storm(4, 4, 30000, 0, SELECTING);
}

static void eight_threads_for_each_cpu(void **state)
{
        unsigned threads = 4 * crowd_cpus(0);

        (void)state;
        storm(threads, threads, 1000000, 128, PLAIN);
        storm(threads, threads, 30000, 0, PLAIN);
        storm(threads, threads, 30000, 1, TIMED);
        storm(threads, threads, 30000, 0, SELECTING);
}

static void ten_million_in_all(void **state)
{
        (void)state;
        print_message("%llu messages\n", (unsigned long long)messages);
        assert_true(messages * SCALE > 10000000 - 1000 * SCALE);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                WATCHED(one_to_one),      WATCHED(four_to_four),    WATCHED(with_deadlines),
                WATCHED(without_waiting), WATCHED(through_selects),
        };
        const struct CMUnitTest last[] = {
                WATCHED(eight_threads_for_each_cpu),
                WATCHED(ten_million_in_all),
        };
        int failed;

        setenv("CT_WATCHDOG_S", "200", 0); /* these run long when they are right, too */
        crowd_cpus(1);
        failed = cmocka_run_group_tests_name("channel stress, one CPU", tests, NULL, NULL);
        crowd_cpus(0);
        failed += cmocka_run_group_tests_name("channel stress, all CPUs", tests, NULL, NULL);
        return failed + cmocka_run_group_tests_name("channel stress, 8x", last, NULL, NULL);
}
