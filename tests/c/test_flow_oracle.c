/* What the flow family's windows believe: which results are right, and which streams. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "flow/guard.h"

enum { ITEMS = 1000 };

/* A window without a stream: the test carries the items over, rightly or not. */
struct hall {
        struct params params;
        struct worker worker;
        struct ct_histogram latency;
        struct flow_desk *desk;
        struct flow_hall flow;
        double metrics[MAX_METRICS];
};

static void begin(struct hall *h, unsigned workload, int64_t depth)
{
        memset(h, 0, sizeof *h);
        for (int i = 0; i < MAX_PARAMS; i++)
                h->params.value[i] = PARAM_UNSET;
        h->params.value[P_WIDTH] = 2;
        h->params.value[P_DEPTH] = depth;
        h->worker = (struct worker){
                .threads = 1, .workload = workload, .params = &h->params, .latency = &h->latency};
        assert_int_equal(flow_desk_new(&h->desk, &h->worker), 0);
        flow_desk_open(h->desk);
}

static struct flow_item made(struct hall *h)
{
        struct flow_item item;

        assert_true(flow_source_take(&h->desk->source, &item));
        for (unsigned s = 0; s < h->desk->plan.depth; s++)
                flow_stage(&h->desk->plan, s, &item);
        return item;
}

static void carry(struct hall *h)
{
        struct flow_item item = made(h);

        flow_desk_take(h->desk, &h->worker, &item);
}

static int end(struct hall *h)
{
        struct totals t = {.threads = 1, .params = &h->params};

        for (int i = 0; i < MAX_METRICS; i++)
                h->metrics[i] = NAN;
        flow_desk_end(h->desk, &h->flow);
        return flow_check(&h->flow, &t, h->metrics);
}

static void every_workload_s_items_are_right(void **state)
{
        static const unsigned workloads[] = {FAN_OUT, PIPELINE, ORDERED, IMAGE, LOG, ETL};
        struct hall h;

        (void)state;
        for (size_t i = 0; i < sizeof workloads / sizeof *workloads; i++) {
                begin(&h, workloads[i], workloads[i] == PIPELINE ? 5 : PARAM_UNSET);
                for (int k = 0; k < 2 * FLOW_INPUTS; k++)
                        carry(&h);
                assert_int_equal(end(&h), 0);
                assert_true(h.metrics[M_REORDERED_PCT] == 0);
                assert_int_equal(ct_histogram_count(&h.latency),
                                 2 * FLOW_INPUTS / FLOW_SAMPLE_EVERY);
        }
        begin(&h, FAN_OUT, PARAM_UNSET);
        assert_int_equal(end(&h), 0); /* nothing is right, too */
        assert_true(isnan(h.metrics[M_REORDERED_PCT]));
}

static void a_lost_item_is_seen(void **state)
{
        struct hall h;

        (void)state;
        begin(&h, FAN_OUT, PARAM_UNSET);
        for (int i = 0; i < ITEMS; i++)
                carry(&h);
        (void)made(&h);
        assert_int_equal(end(&h), -EBADMSG);
}

static void an_item_that_comes_twice_is_seen(void **state)
{
        struct flow_item twice;
        struct hall h;

        (void)state;
        begin(&h, FAN_OUT, PARAM_UNSET);
        twice = made(&h);
        for (int i = 0; i < 2; i++)
                flow_desk_take(h.desk, &h.worker, &twice);
        assert_int_equal(end(&h), -EBADMSG);
}

/* The number is right, and so is the sum of the ids: 1 2 1 2 instead of 0 1 2 3. */
static void losses_do_not_make_up_for_doubles(void **state)
{
        struct flow_item item[4];
        struct hall h;

        (void)state;
        begin(&h, FAN_OUT, PARAM_UNSET);
        for (int i = 0; i < 4; i++)
                item[i] = made(&h);
        for (int i = 0; i < 4; i++)
                flow_desk_take(h.desk, &h.worker, &item[1 + i % 2]);
        assert_int_equal(end(&h), -EBADMSG);
}

static int swapped(unsigned workload, double *reordered_pct)
{
        struct flow_item first, second;
        struct hall h;
        int rc;

        begin(&h, workload, PARAM_UNSET);
        carry(&h);
        first = made(&h);
        second = made(&h);
        flow_desk_take(h.desk, &h.worker, &second);
        flow_desk_take(h.desk, &h.worker, &first);
        carry(&h);
        rc = end(&h);
        *reordered_pct = h.metrics[M_REORDERED_PCT];
        return rc;
}

static void order_counts_where_it_is_asked_for(void **state)
{
        double reordered;

        (void)state;
        assert_int_equal(swapped(FAN_OUT, &reordered), 0);
        assert_true(reordered == 25); /* one of four came after a later one */
        assert_int_equal(swapped(ORDERED, &reordered), -EBADMSG);
        assert_int_equal(swapped(ETL, &reordered), -EBADMSG);
}

static void work_that_was_not_done_is_seen(void **state)
{
        struct flow_item item;
        struct hall h;

        (void)state;
        begin(&h, PIPELINE, 3);
        assert_true(flow_source_take(&h.desk->source, &item));
        flow_stage(&h.desk->plan, 0, &item);
        flow_stage(&h.desk->plan, 2, &item);
        flow_desk_take(h.desk, &h.worker, &item);
        assert_int_equal(end(&h), -EBADMSG);
        begin(&h, PIPELINE, 2); /* in the wrong order */
        assert_true(flow_source_take(&h.desk->source, &item));
        flow_stage(&h.desk->plan, 1, &item);
        flow_stage(&h.desk->plan, 0, &item);
        flow_desk_take(h.desk, &h.worker, &item);
        assert_int_equal(end(&h), -EBADMSG);
}

/* Another input's result, which is as long, and one that never came. */
static void results_are_compared_byte_by_byte(void **state)
{
        struct flow_item item;
        struct hall h;

        (void)state;
        begin(&h, IMAGE, PARAM_UNSET);
        item = made(&h);
        item.id++;
        flow_desk_take(h.desk, &h.worker, &item);
        h.flow.tally = h.desk->tally;
        assert_int_equal(h.flow.tally.wrong, 1);
        assert_int_equal(end(&h), -EBADMSG);
        begin(&h, LOG, PARAM_UNSET);
        assert_true(flow_source_take(&h.desk->source, &item));
        flow_desk_take(h.desk, &h.worker, &item);
        assert_int_equal(end(&h), -EBADMSG);
}

static void the_stream_ends_when_it_is_told_to(void **state)
{
        struct flow_item item;
        struct hall h;

        (void)state;
        begin(&h, FAN_OUT, PARAM_UNSET);
        carry(&h);
        ct_store_u32_release(&h.desk->source.stop, 1);
        assert_false(flow_source_take(&h.desk->source, &item));
        assert_int_equal(end(&h), 0);
}

/* ---- guards ---- */

static int guarded(unsigned workload, int64_t fail_pct, uint64_t ops, uint64_t called,
                   uint64_t failed)
{
        struct params params = {.value = {[P_FAIL_PCT] = fail_pct}};
        struct totals t = {.ops = ops, .effects = ops, .params = &params};
        struct flow_hall h = {.guard = workload, .called = called, .failed = failed};
        double metrics[MAX_METRICS];

        return flow_check(&h, &t, metrics);
}

static void guards_call_as_often_as_it_takes(void **state)
{
        (void)state;
        assert_int_equal(guarded(RETRY, 0, 100, 100, 0), 0);
        assert_int_equal(guarded(RETRY, 20, 100, 120, 20), 0);
        assert_int_equal(guarded(RETRY, 20, 100, 100, 20), -EBADMSG); /* not tried again */
        assert_int_equal(guarded(RETRY, 0, 100, 101, 0), -EBADMSG);   /* for nothing */
        assert_int_equal(guarded(BREAKER, 0, 100, 100, 0), 0);
        assert_int_equal(guarded(BREAKER, 20, 100, 100, 20), 0);
        assert_int_equal(guarded(BREAKER, 20, 100, 99, 20), -EBADMSG);
        assert_int_equal(guarded(BREAKER, 100, 100, 0, 0), 0);
        assert_int_equal(guarded(BREAKER, 100, 100, 1, 0), -EBADMSG); /* one got through */
}

static void draws_have_their_share_of_failures(void **state)
{
        static uint8_t draws[DRAWS];
        struct params params = {.value = {[P_FAIL_PCT] = 20}};
        struct ct_rng rng;
        unsigned n = 0;

        (void)state;
        ct_rng_seed(&rng, 1);
        guard_draw(draws, &params, &rng);
        for (int i = 0; i < DRAWS; i++)
                n += draws[i];
        assert_in_range(n, DRAWS / 5 - 130, DRAWS / 5 + 130); /* five deviations */
        params.value[P_FAIL_PCT] = 0;
        guard_draw(draws, &params, &rng);
        for (int i = 0; i < DRAWS; i++)
                assert_int_equal(draws[i], 0);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(every_workload_s_items_are_right),
                cmocka_unit_test(a_lost_item_is_seen),
                cmocka_unit_test(an_item_that_comes_twice_is_seen),
                cmocka_unit_test(losses_do_not_make_up_for_doubles),
                cmocka_unit_test(order_counts_where_it_is_asked_for),
                cmocka_unit_test(work_that_was_not_done_is_seen),
                cmocka_unit_test(results_are_compared_byte_by_byte),
                cmocka_unit_test(the_stream_ends_when_it_is_told_to),
                cmocka_unit_test(guards_call_as_often_as_it_takes),
                cmocka_unit_test(draws_have_their_share_of_failures),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
