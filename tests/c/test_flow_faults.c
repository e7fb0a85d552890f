/* What starts contexts or makes objects in lib/flow finds no memory, at every place in turn: it
   says so, and nothing is left running or allocated (the sanitizers' builds look for the latter).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/batcher.h"
#include "flow/fan.h"
#include "flow/ordered.h"
#include "flow/pipeline.h"
#include "flow/reorder.h"
#include "flow/retry.h"

#include "flow_help.h"

static ct_atomic_u32
        allocations_left; /* 0: no limit; n: the n-th from now fails, and all after it */
static ct_atomic_u32 failed;

static bool may_allocate(void)
{
        uint32_t left = ct_load_u32_relaxed(&allocations_left);

        if (left == 0)
                return true;
        if (left > 1 && ct_cas_u32_relaxed(&allocations_left, &left, left - 1))
                return true;
        ct_add_u32_relaxed(&failed, 1);
        return false;
}

#define WRAP(name, parameters, arguments)                                                          \
        void *__real_##name parameters;                                                            \
        void *__wrap_##name parameters;                                                            \
        void *__wrap_##name parameters                                                             \
        {                                                                                          \
                return may_allocate() ? __real_##name arguments : NULL;                            \
        }

WRAP(malloc, (size_t n), (n))
WRAP(calloc, (size_t n, size_t size), (n, size))
WRAP(aligned_alloc, (size_t alignment, size_t n), (alignment, n))

struct scene {
        enum ct_spawn spawn;
        struct fates fates;
        ct_atomic_u32 running; /* functions */
        struct ct_chan *in;
        struct ct_timers *clock;
};

static void discard(void *arg, void *value)
{
        fates_discard(&((struct scene *)arg)->fates, *(uint32_t *)value);
}

static int generate(struct ct_pipeline_io *io, void *arg, void *in)
{
        struct scene *s = arg;
        int r = 0;

        (void)in;
        ct_add_u32_relaxed(&s->running, 1);
        for (uint32_t v = 0; v < 50 && !r; v++) {
                fates_make(&s->fates, v);
                r = ct_pipeline_emit(io, &v);
        }
        ct_sub_u32_relaxed(&s->running, 1);
        return r;
}

static int pass(struct ct_pipeline_io *io, void *arg, void *in)
{
        (void)arg;
        return ct_pipeline_emit(io, in);
}

static int sink(struct ct_pipeline_io *io, void *arg, void *in)
{
        (void)io;
        fates_use(&((struct scene *)arg)->fates, *(uint32_t *)in);
        return 0;
}

static int pipeline(struct scene *s)
{
        struct ct_pipeline_stage st[] = {{.fn = generate,
                                          .arg = s,
                                          .width = 1,
                                          .out_size = 4,
                                          .capacity = 2,
                                          .discard = discard},
                                         {.fn = pass,
                                          .arg = s,
                                          .width = 2,
                                          .ordered = true,
                                          .out_size = 4,
                                          .capacity = 2,
                                          .discard = discard},
                                         {.fn = sink, .arg = s, .width = 1}};
        int r;

        memset(&s->fates, 0, sizeof s->fates);
        r = ct_pipeline_run(s->spawn, NULL, st, 3);
        CONTEXT_CHECK(ct_load_u32_relaxed(&s->running) == 0);
        CONTEXT_CHECK(fates_check(&s->fates) == 0 || r);
        return r;
}

static int copy(void *arg, void *in, void *out)
{
        (void)arg;
        *(uint32_t *)out = *(uint32_t *)in;
        return 0;
}

static int fan_out(struct scene *s)
{
        struct ct_fan_out_config c = {
                .spawn = s->spawn, .workers = 2, .in = s->in, .out_size = 4, .work = copy};
        struct ct_fan_out *f = (void *)1;
        int r = ct_fan_out_start(&f, &c);

        CONTEXT_CHECK(!r || !f);
        ct_fan_out_free(f);
        return r;
}

static int merge(struct scene *s)
{
        struct ct_chan *in[] = {s->in, s->in};
        struct ct_merge *m = (void *)1;
        int r = ct_merge_start(&m, &(struct ct_merge_config){.spawn = s->spawn, .in = in, .n = 2});

        CONTEXT_CHECK(!r || !m);
        ct_merge_free(m);
        return r;
}

static int stream(struct scene *s)
{
        struct ct_ordered_config c = {.spawn = s->spawn,
                                      .workers = 2,
                                      .window = 2,
                                      .in = s->in,
                                      .out_size = 4,
                                      .work = copy};
        struct ct_ordered *o = (void *)1;
        int r = ct_ordered_start(&o, &c);

        CONTEXT_CHECK(!r || !o);
        ct_ordered_free(o);
        return r;
}

static int index_of(void *arg, size_t index, void *out)
{
        fates_make(&((struct scene *)arg)->fates, (uint32_t)index);
        *(uint32_t *)out = (uint32_t)index;
        return 0;
}

static int batch(struct scene *s)
{
        uint32_t out[20];
        struct ct_ordered_batch b = {.spawn = s->spawn,
                                     .workers = 3,
                                     .n = 20,
                                     .work = index_of,
                                     .discard = discard,
                                     .arg = s,
                                     .out = out,
                                     .out_size = sizeof *out};
        size_t good;
        int r;

        memset(&s->fates, 0, sizeof s->fates);
        r = ct_ordered_batch_run(&b, &good);
        CONTEXT_CHECK(good == (r ? 0 : 20));
        for (uint32_t i = 0; i < good; i++)
                fates_use(&s->fates, i);
        fates_check(&s->fates); /* a result that was made and is not good was discarded */
        return r;
}

static int reorder(struct scene *s)
{
        struct ct_reorder *o = (void *)1;
        int r = ct_reorder_new(&o, 8, 8);

        (void)s;
        CONTEXT_CHECK(!r || !o);
        ct_reorder_free(o);
        return r;
}

static int batcher(struct scene *s)
{
        struct ct_batcher *b = (void *)1;
        int r = ct_batcher_new(
                &b,
                &(struct ct_batcher_config){
                        .element_size = 8, .most = 3, .age_ns = 5, .queue = 2, .timers = s->clock});

        CONTEXT_CHECK(!r || !b);
        ct_batcher_free(b);
        return r;
}

static int fails_twice(void *arg, unsigned attempt)
{
        (void)arg;
        return attempt < 3 ? -EIO : 0;
}

/* The timer of its first wait finds no memory. */
static void retry(struct scene *s)
{
        struct ct_retry_law law = {.first_ns = 5, .most_ns = 5, .factor = 1, .clock = s->clock};
        struct ct_retry_report report;

        ct_store_u32_relaxed(&allocations_left, 1);
        CONTEXT_CHECK(ct_retry(&law, NULL, fails_twice, s, &report) == -ENOMEM);
        ct_store_u32_relaxed(&allocations_left, 0);
        CONTEXT_CHECK(report.attempts == 1 && report.last_error == -EIO);
}

static void fail_everywhere(void *shared, unsigned index)
{
        static int (*const what[])(struct scene *) = {pipeline, fan_out, merge,  stream,
                                                      batch,    reorder, batcher};
        struct scene *s = shared;

        (void)index;
        retry(s);
        for (size_t i = 0; i < sizeof what / sizeof *what; i++) {
                uint32_t n = 0;
                int r;

                do {
                        ct_store_u32_relaxed(&failed, 0);
                        ct_store_u32_relaxed(&allocations_left, ++n);
                        r = what[i](s);
                        ct_store_u32_relaxed(&allocations_left, 0);
                        CONTEXT_CHECK(r == 0 || r == -ENOMEM);
                        CONTEXT_CHECK((r != 0) == (ct_load_u32_relaxed(&failed) != 0));
                } while (r && n < 1000);
                CONTEXT_CHECK(n > 1 && n < 1000);
        }
}

static void no_memory_is_an_answer_and_leaves_nothing(void **state)
{
        struct scene s = {.spawn = spawn_of(state), .in = filled(0, 4)};

        assert_int_equal(ct_timers_new(&s.clock, 0), 0);
        run_contexts(state, 1, fail_everywhere, &s);
        ct_timers_free(s.clock);
        ct_chan_free(s.in);
}

int main(void)
{
        const struct CMUnitTest tests[] = {BOTH_WAYS(no_memory_is_an_answer_and_leaves_nothing)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
