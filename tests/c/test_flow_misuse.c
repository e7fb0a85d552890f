/* Misuse of the flow patterns dies and names the object. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/batcher.h"
#include "flow/breaker.h"
#include "flow/pipeline.h"
#include "flow/reorder.h"

#include "panics.h"

#include <errno.h>

static struct ct_reorder *reorder(void)
{
        struct ct_reorder *r;
        uint64_t v = 1;

        if (ct_reorder_new(&r, sizeof v, 4) || ct_reorder_put(r, 1, &v))
                _exit(3);
        return r;
}

static void number_twice(void)
{
        uint64_t v = 0;

        (void)ct_reorder_put(reorder(), 1, &v);
}

static void number_passed(void)
{
        struct ct_reorder *r = reorder();
        uint64_t v = 0;

        if (ct_reorder_skip(r, 0) || !ct_reorder_take(r, &v))
                _exit(3);
        (void)ct_reorder_put(r, 0, &v);
}

static void number_behind_the_end(void)
{
        struct ct_reorder *r = reorder();
        uint64_t v = 0;

        ct_reorder_close(r, 3);
        (void)ct_reorder_put(r, 3, &v);
}

static void end_below_a_number(void)
{
        ct_reorder_close(reorder(), 1);
}

static void end_twice(void)
{
        struct ct_reorder *r = reorder();

        ct_reorder_close(r, 3);
        ct_reorder_close(r, 3);
}

static void drained_alive(void)
{
        uint64_t v;

        (void)ct_reorder_drain(reorder(), &v);
}

static void ticket_twice(void)
{
        struct ct_breaker b;
        struct ct_breaker_ticket t;

        if (ct_breaker_init(
                    &b, &(struct ct_breaker_config){.failures = 1, .open_ns = 1, .probes = 1}) ||
            ct_breaker_enter(&b, 0, &t))
                _exit(3);
        ct_breaker_leave(&b, &t, 0, true);
        ct_breaker_abandon(&b, &t);
}

static struct ct_batcher *batcher(struct ct_batch *batch)
{
        struct ct_batcher *b;

        if (ct_batcher_new(&b, &(struct ct_batcher_config){.element_size = 1,
                                                           .most = 1,
                                                           .age_ns = CT_FOREVER,
                                                           .queue = 1}) ||
            ct_batcher_add(b, "x") || !ct_batcher_take(b, batch))
                _exit(3);
        return b;
}

static void released_twice(void)
{
        struct ct_batch batch;
        struct ct_batcher *b = batcher(&batch);

        ct_batcher_release(b, &batch);
        ct_batcher_release(b, &batch);
}

static void batcher_freed_with_a_batch_out(void)
{
        struct ct_batch batch;

        ct_batcher_free(batcher(&batch));
}

static void batcher_closed_twice(void)
{
        struct ct_batch batch;
        struct ct_batcher *b = batcher(&batch);

        ct_batcher_close(b);
        ct_batcher_close(b);
}

static int emits(struct ct_pipeline_io *io, void *arg, void *in)
{
        (void)arg, (void)in;
        return ct_pipeline_emit(io, NULL);
}

static void the_sink_emits(void)
{
        struct ct_pipeline_stage stages[] = {{.fn = emits, .width = 1}, {.fn = emits, .width = 1}};

        (void)ct_pipeline_run(CT_SPAWN_THREAD, NULL, stages, 2);
}

static void tasks_without_a_runtime(void)
{
        struct ct_pipeline_stage stages[] = {{.fn = emits, .width = 1}, {.fn = emits, .width = 1}};

        (void)ct_pipeline_run(CT_SPAWN_TASK, NULL, stages, 2);
}

static void misuse_dies(void **state)
{
        (void)state;
        assert_panics(number_twice, "number 1 comes a second time");
        assert_panics(number_passed, "number 0 comes a second time");
        assert_panics(number_behind_the_end, "number 3 comes, and the end is 3");
        assert_panics(end_below_a_number, "closed at 1, and number 1 has come");
        assert_panics(end_twice, "closed a second time");
        assert_panics(drained_alive, "drained without a cancel");
        assert_panics(ticket_twice, "a ticket is reported a second time");
        assert_panics(released_twice, "a batch is released that is not out");
        assert_panics(batcher_freed_with_a_batch_out, "freed while 1 batches are out");
        assert_panics(batcher_closed_twice, "closed a second time");
        assert_panics(the_sink_emits, "the sink emits");
        assert_panics(tasks_without_a_runtime, "panic: ");
}

int main(void)
{
        const struct CMUnitTest tests[] = {cmocka_unit_test(misuse_dies)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
