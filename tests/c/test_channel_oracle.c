/* What the channel family's windows believe: who sends and who receives, and which results are
   right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <string.h>

#include "channel/channel.h"
#include "harness/roles.h"

enum { SENT = 1000 };

/* A window without a channel: the test carries the values over, rightly or not. */
struct hall {
        struct params params;
        struct channel_shared shared;
        struct worker worker[8];
        unsigned workers;
        double metrics[MAX_METRICS];
};

static struct params stream_of(int64_t producers, int64_t consumers, int64_t bytes)
{
        struct params p;

        for (int i = 0; i < MAX_PARAMS; i++)
                p.value[i] = PARAM_UNSET;
        p.value[P_CAPACITY] = 64;
        p.value[P_PRODUCERS] = producers;
        p.value[P_CONSUMERS] = consumers;
        p.value[P_ELEMENT_BYTES] = bytes;
        return p;
}

static void begin(struct hall *h, int64_t producers, int64_t consumers, int64_t bytes)
{
        memset(h, 0, sizeof *h);
        h->params = stream_of(producers, consumers, bytes);
        h->workers = (unsigned)(producers + consumers);
        assert_int_equal(channel_shared_begin(&h->shared, &h->params, h->workers), 0);
        for (unsigned i = 0; i < h->workers; i++) {
                h->worker[i] =
                        (struct worker){.index = i,
                                        .threads = h->workers,
                                        .params = &h->params,
                                        .role = i < producers ? CHANNEL_SENDER : CHANNEL_RECEIVER};
                assert_int_equal(channel_party_begin(&h->shared, &h->worker[i]), 0);
        }
}

static struct channel_party *party(struct hall *h, unsigned i)
{
        return h->worker[i].local;
}

/* One value, from sender to receiver. */
static void carry(struct hall *h, unsigned from, unsigned to)
{
        struct channel_party *s = party(h, from), *r = party(h, to);
        uint64_t stamp = s->next[0]++;

        r->value[r->last_word] = stamp;
        r->value[0] = stamp;
        channel_take(r);
}

static void take_again(struct hall *h, unsigned to, uint64_t stamp)
{
        struct channel_party *r = party(h, to);

        r->value[r->last_word] = stamp;
        r->value[0] = stamp;
        channel_take(r);
}

static int end(struct hall *h)
{
        struct totals t = {.threads = h->workers, .params = &h->params};
        int rc;

        for (int i = 0; i < MAX_METRICS; i++)
                h->metrics[i] = NAN;
        for (unsigned i = 0; i < h->workers; i++)
                channel_party_end(&h->shared, &h->worker[i]);
        rc = channel_check(&h->shared, &t, h->metrics);
        channel_shared_end(&h->shared);
        return rc;
}

static void all_that_was_sent_is_right(void **state)
{
        struct hall h;

        (void)state;
        begin(&h, 2, 2, 8);
        for (int i = 0; i < SENT; i++) {
                carry(&h, 0, 2 + (unsigned)i % 2);
                carry(&h, 1, 3);
        }
        assert_int_equal(end(&h), 0);
        begin(&h, 1, 1, 256);
        assert_int_equal(end(&h), 0); /* nothing is right, too */
}

static void a_lost_value_is_seen(void **state)
{
        struct hall h;

        (void)state;
        begin(&h, 1, 1, 8);
        for (int i = 0; i < SENT; i++)
                carry(&h, 0, 1);
        party(&h, 0)->next[0]++;
        assert_int_equal(end(&h), -EBADMSG);
}

static void a_value_that_comes_twice_is_seen(void **state)
{
        struct hall h;

        (void)state;
        begin(&h, 1, 1, 8);
        carry(&h, 0, 1);
        take_again(&h, 1, party(&h, 0)->next[0] - 1);
        assert_int_equal(end(&h), -EBADMSG);
        begin(&h, 1, 2, 8); /* one at each of two receivers */
        carry(&h, 0, 1);
        take_again(&h, 2, party(&h, 0)->next[0] - 1);
        assert_int_equal(end(&h), -EBADMSG);
}

/* The number is right, each receiver's order too, and so is the sum. */
static void losses_do_not_make_up_for_doubles(void **state)
{
        struct hall h;
        uint64_t first;

        (void)state;
        begin(&h, 1, 2, 8);
        first = party(&h, 0)->next[0];
        party(&h, 0)->next[0] += 4;
        take_again(&h, 1, first + 1); /* 1 2 1 2 instead of 0 1 2 3: the same sum */
        take_again(&h, 1, first + 2);
        take_again(&h, 2, first + 1);
        take_again(&h, 2, first + 2);
        assert_int_equal(end(&h), -EBADMSG);
}

static void order_is_kept_for_each_sender(void **state)
{
        struct hall h;
        uint64_t first;

        (void)state;
        begin(&h, 1, 1, 8);
        first = party(&h, 0)->next[0];
        party(&h, 0)->next[0] += 2;
        take_again(&h, 1, first + 1);
        take_again(&h, 1, first);
        assert_int_equal(end(&h), -EBADMSG);
        begin(&h, 1, 2, 8); /* among two receivers nobody can tell */
        first = party(&h, 0)->next[0];
        party(&h, 0)->next[0] += 2;
        take_again(&h, 1, first + 1);
        take_again(&h, 2, first);
        assert_int_equal(end(&h), 0);
}

static void torn_and_foreign_values_are_seen(void **state)
{
        struct hall h;

        (void)state;
        begin(&h, 1, 1, 64);
        carry(&h, 0, 1);
        party(&h, 1)->value[0] = party(&h, 0)->next[0]++;
        channel_take(party(&h, 1));
        assert_int_equal(end(&h), -EBADMSG);
        begin(&h, 1, 1, 8);
        carry(&h, 0, 1);
        take_again(&h, 1, UINT64_MAX);
        assert_int_equal(end(&h), -EBADMSG);
}

static void metrics_are_of_each_side(void **state)
{
        struct hall h;

        (void)state;
        begin(&h, 2, 2, 8);
        for (int i = 0; i < 100; i++)
                carry(&h, i < 75 ? 0 : 1, i < 90 ? 2 : 3);
        party(&h, 0)->tried = true;
        party(&h, 0)->blocked = 10;
        party(&h, 3)->blocked = 1;
        assert_int_equal(end(&h), 0);
        assert_true(h.metrics[M_SENDER_LEAST_SHARE] == 0.5);
        assert_true(h.metrics[M_RECEIVER_LEAST_SHARE] == 0.2);
        assert_true(h.metrics[M_BLOCKED_SEND_PCT] == 10 && h.metrics[M_BLOCKED_RECV_PCT] == 1);
}

static void the_number_of_workers_must_fit(void **state)
{
        struct params p = stream_of(2, 2, 8);
        struct channel_shared s = {0};

        (void)state;
        assert_int_equal(channel_shared_begin(&s, &p, 3), -EINVAL);
        p.value[P_CONSUMERS] = 0;
        assert_int_equal(channel_shared_begin(&s, &p, 2), -EINVAL);
}

/* ---- roles ---- */

static void every_cpu_has_both_sides(void **state)
{
        (void)state;
        for (unsigned pus = 1; pus <= 9; pus++)
                for (int64_t senders = 1; senders <= 12; senders++)
                        for (int64_t receivers = 1; receivers <= 12; receivers++) {
                                struct params p = stream_of(senders, receivers, 8);
                                unsigned all = (unsigned)(senders + receivers);
                                unsigned n[2] = {0, 0}, on[9][2] = {{0}};

                                for (unsigned i = 0; i < all; i++) {
                                        unsigned r = channel_role(CHANNEL_STREAM, &p, i, all, pus);

                                        n[r]++;
                                        on[i % pus][r]++;
                                }
                                assert_int_equal(n[CHANNEL_SENDER], senders);
                                assert_int_equal(n[CHANNEL_RECEIVER], receivers);
                                for (unsigned c = 0; senders == receivers && c < pus; c++)
                                        assert_true(on[c][0] + 1 >= on[c][1] &&
                                                    on[c][1] + 1 >= on[c][0]);
                        }
}

static unsigned first_two_send(unsigned workload, const struct params *p, unsigned index,
                               unsigned threads, unsigned pus)
{
        (void)workload;
        (void)p;
        (void)threads;
        (void)pus;
        return index < 2;
}

static double done(const void *of, unsigned i)
{
        return ((const double *)of)[i];
}

static void only_the_first_role_is_counted(void **state)
{
        static const double both[] = {1000, 500, 300, 400}, none[] = {1000, 500, 0, 0};
        struct family f = {.role = first_two_send};
        struct measurement m;

        (void)state;
        measurement_clear(&m);
        roles_count(&f, 0, NULL, 4, 2, done, both, &m);
        assert_true(m.ops == 700);
        assert_true(m.fairness_min_max == 0.5); /* the senders fare worse than 0.75 */
        assert_true(fabs(m.fairness_jain - 0.9) < 1e-12);
        measurement_clear(&m);
        roles_count(&f, 0, NULL, 4, 2, done, none, &m);
        assert_true(isnan(m.ops) && isnan(m.fairness_min_max));
        f.role = NULL;
        roles_count(&f, 0, NULL, 4, 2, done, both, &m);
        assert_true(m.ops == 2200 && m.fairness_min_max == 0.3);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(all_that_was_sent_is_right),
                cmocka_unit_test(a_lost_value_is_seen),
                cmocka_unit_test(a_value_that_comes_twice_is_seen),
                cmocka_unit_test(losses_do_not_make_up_for_doubles),
                cmocka_unit_test(order_is_kept_for_each_sender),
                cmocka_unit_test(torn_and_foreign_values_are_seen),
                cmocka_unit_test(metrics_are_of_each_side),
                cmocka_unit_test(the_number_of_workers_must_fit),
                cmocka_unit_test(every_cpu_has_both_sides),
                cmocka_unit_test(only_the_first_role_is_counted),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
