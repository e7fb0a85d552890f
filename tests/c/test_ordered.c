/* Ordered results, batch and stream: byte for byte what the sequential run makes, errors included.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/guarded.h"
#include "flow/ordered.h"

#include "flow_help.h"

enum { N = 1000 };

struct record {
        uint32_t index;
        unsigned char text[20];
};

struct scene {
        enum ct_spawn spawn;
        unsigned workers;
        size_t window, capacity, grain;
        uint32_t n;
        uint32_t error_at, second_error_at; /* N: none */
        bool unwinds;
        struct fates fates;
        struct record got[N], want[N];
        uint32_t got_n, want_n;
        ct_atomic_u32 worked;
        struct ct_context *context;
};

/* What work makes of an index: the same whoever does it. */
static void make_record(uint32_t v, struct record *r)
{
        uint64_t seed = v;

        memset(r, 0, sizeof *r);
        r->index = v;
        for (unsigned i = 0; i < sizeof r->text; i++)
                r->text[i] = (unsigned char)ct_splitmix64(&seed);
}

static int work_on(struct scene *s, uint32_t v, struct record *out)
{
        ct_add_u32_relaxed(&s->worked, 1);
        dawdle(v);
        if (v == s->error_at || v == s->second_error_at) {
                if (s->unwinds)
                        ct_task_fail_code(-(int)v, "no %u", (unsigned)v);
                return -(int)v;
        }
        fates_make(&s->fates, v);
        make_record(v, out);
        return 0;
}

static int work(void *arg, void *in, void *out)
{
        return work_on(arg, *(uint32_t *)in, out);
}

static int work_index(void *arg, size_t index, void *out)
{
        return work_on(arg, (uint32_t)index, out);
}

static void discard(void *arg, void *result)
{
        fates_discard(&((struct scene *)arg)->fates, ((struct record *)result)->index);
}

/* The sequential run: its output, and its error. */
static int sequential(struct scene *s)
{
        for (s->want_n = 0; s->want_n < s->n; s->want_n++) {
                if (s->want_n == s->error_at || s->want_n == s->second_error_at)
                        return -(int)s->want_n;
                make_record(s->want_n, &s->want[s->want_n]);
        }
        return 0;
}

static void check_same(struct scene *s)
{
        CONTEXT_CHECK(s->got_n == s->want_n);
        CONTEXT_CHECK(!memcmp(s->got, s->want, s->want_n * sizeof s->want[0]));
        for (uint32_t i = 0; i < s->got_n; i++)
                fates_use(&s->fates, i);
        fates_check(&s->fates);
}

/* ---- stream ---- */

static struct ct_ordered_config config(struct scene *s, struct ct_chan *in)
{
        return (struct ct_ordered_config){.spawn = s->spawn,
                                          .workers = s->workers,
                                          .window = s->window,
                                          .in = in,
                                          .out_size = sizeof(struct record),
                                          .capacity = s->capacity,
                                          .work = work,
                                          .discard = discard,
                                          .arg = s,
                                          .context = s->context};
}

static void run_stream(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_chan *in = filled(0, s->n);
        struct ct_ordered_config c = config(s, in);
        struct ct_ordered *o;
        int want = sequential(s);

        (void)index;
        CONTEXT_CHECK(ct_ordered_start(&o, &c) == 0);
        while (s->got_n < N && ct_receiver_recv(ct_ordered_results(o), &s->got[s->got_n]))
                s->got_n++;
        CONTEXT_CHECK(ct_ordered_wait(o) == want);
        ct_ordered_free(o);
        check_same(s);
        ct_chan_free(in);
}

static const struct shape {
        unsigned workers;
        size_t window, capacity;
} shapes[] = {{1, 1, 0}, {4, 1, 0}, {4, 4, 1}, {3, 16, 8}, {6, 2, 3}};

#define FOR_EACH_SHAPE(p)                                                                          \
        for (const struct shape *p = shapes; p < shapes + sizeof shapes / sizeof *shapes; p++)

static void a_streams_output_is_the_sequential_runs(void **state)
{
        FOR_EACH_SHAPE(p)
        {
                struct scene s = {.spawn = spawn_of(state),
                                  .workers = p->workers,
                                  .window = p->window,
                                  .capacity = p->capacity,
                                  .n = ROUNDS(N),
                                  .error_at = N,
                                  .second_error_at = N};

                run_contexts(state, 1, run_stream, &s);
        }
}

static void a_streams_error_is_the_sequential_runs(void **state)
{
        FOR_EACH_SHAPE(p)
        {
                for (int unwinds = 0; unwinds < 2; unwinds++) {
                        struct scene s = {.spawn = spawn_of(state),
                                          .workers = p->workers,
                                          .window = p->window,
                                          .capacity = p->capacity,
                                          .n = 200,
                                          .error_at = 43,
                                          .second_error_at = 42,
                                          .unwinds = unwinds};

                        run_contexts(state, 1, run_stream, &s);
                }
        }
}

/* Nobody receives: no more than the window and the output hold is worked on. */
static void run_bounded(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_chan *in = filled(0, s->n);
        uint32_t bound = (uint32_t)(s->window + s->capacity);
        struct ct_ordered_config c = config(s, in);
        struct ct_ordered *o;

        (void)index;
        CONTEXT_CHECK(ct_ordered_start(&o, &c) == 0);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->worked) == bound);
        for (int i = 0; i < 100; i++)
                ct_parker_ops_self()->yield();
        CONTEXT_CHECK(ct_chan_len(in) == s->n - bound);
        if (s->context) {
                ct_context_cancel_cause(s->context, -EPIPE);
                CONTEXT_CHECK(ct_ordered_wait(o) == -EPIPE);
        }
        ct_ordered_free(o);
        CONTEXT_CHECK(fates_check(&s->fates) == bound);
        ct_chan_free(in);
}

static void a_streams_window_is_its_bound(void **state)
{
        FOR_EACH_SHAPE(p)
        {
                for (int cancels = 0; cancels < 2; cancels++) {
                        struct scene s = {.spawn = spawn_of(state),
                                          .workers = p->workers,
                                          .window = p->window,
                                          .capacity = p->capacity,
                                          .n = 100,
                                          .error_at = N,
                                          .second_error_at = N};

                        if (cancels && ct_context_with_cancel(&s.context, ct_context_background()))
                                abort();
                        run_contexts(state, 1, run_bounded, &s);
                        if (cancels)
                                ct_context_release(s.context);
                }
        }
}

/* ---- batch ---- */

static void run_batch(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_ordered_batch b = {.spawn = s->spawn,
                                     .workers = s->workers,
                                     .n = s->n,
                                     .grain = s->grain,
                                     .work = work_index,
                                     .discard = discard,
                                     .arg = s,
                                     .out = s->got,
                                     .out_size = sizeof s->got[0]};
        int want = sequential(s);
        size_t good = 12345;

        (void)index;
        CONTEXT_CHECK(ct_ordered_batch_run(&b, &good) == want);
        s->got_n = (uint32_t)good;
        check_same(s);
}

static void a_batchs_output_is_the_sequential_runs(void **state)
{
        for (unsigned workers = 1; workers <= 6; workers += 5) {
                for (size_t grain = 0; grain < 80; grain += 37) {
                        struct scene s = {.spawn = spawn_of(state),
                                          .workers = workers,
                                          .grain = grain,
                                          .n = N,
                                          .error_at = N,
                                          .second_error_at = N};

                        run_contexts(state, 1, run_batch, &s);
                }
        }
}

static void a_batchs_error_is_the_sequential_runs(void **state)
{
        for (unsigned workers = 1; workers <= 6; workers += 5) {
                for (size_t grain = 0; grain < 80; grain += 37) {
                        struct scene s = {.spawn = spawn_of(state),
                                          .workers = workers,
                                          .grain = grain,
                                          .n = N,
                                          .error_at = 306,
                                          .second_error_at = 305,
                                          .unwinds = grain == 37};

                        run_contexts(state, 1, run_batch, &s);
                }
        }
}

static int cancel_at_50(void *arg, size_t index, void *out)
{
        struct scene *s = arg;

        if (index == 50)
                ct_context_cancel(s->context);
        return work_on(s, (uint32_t)index, out);
}

static void run_cancelled(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_ordered_batch b = {.spawn = s->spawn,
                                     .workers = s->workers,
                                     .n = s->n,
                                     .work = cancel_at_50,
                                     .discard = discard,
                                     .arg = s,
                                     .out = s->got,
                                     .out_size = sizeof s->got[0]};
        size_t good = 0;

        (void)index;
        if (ct_context_with_cancel(&s->context, ct_context_background()))
                abort();
        b.context = s->context;
        (void)sequential(s);
        CONTEXT_CHECK(ct_ordered_batch_run(&b, &good) == -ECANCELED);
        CONTEXT_CHECK(good <= 50 + s->workers);
        s->got_n = s->want_n = (uint32_t)good;
        check_same(s);
        ct_context_release(s->context);
        b.workers = 0;
        CONTEXT_CHECK(ct_ordered_batch_run(&b, &good) == -EINVAL && good == 0);
        b = (struct ct_ordered_batch){.workers = 1, .work = work_index, .arg = s};
        CONTEXT_CHECK(ct_ordered_batch_run(&b, NULL) == 0); /* of nothing */
}

static void a_cancelled_batch_is_good_up_to_somewhere(void **state)
{
        for (unsigned workers = 1; workers <= 4; workers += 3) {
                struct scene s = {.spawn = spawn_of(state),
                                  .workers = workers,
                                  .n = N,
                                  .error_at = N,
                                  .second_error_at = N};

                run_contexts(state, 1, run_cancelled, &s);
        }
}

/* ---- the later one fails first ---- */

static int later_first(void *arg, uint32_t v)
{
        struct scene *s = arg;

        if (v == 0)
                CONTEXT_UNTIL(ct_load_u32_relaxed(&s->worked) == 1);
        ct_add_u32_relaxed(&s->worked, v == 1);
        return v == 0 ? -EIO : -EPERM;
}

static int later_first_in(void *arg, void *in, void *out)
{
        (void)out;
        return later_first(arg, *(uint32_t *)in);
}

static int later_first_index(void *arg, size_t index, void *out)
{
        (void)out;
        return later_first(arg, (uint32_t)index);
}

static void run_later_first(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_chan *in = filled(0, 2);
        struct ct_ordered_config c = config(s, in);
        struct ct_ordered_batch b = {
                .spawn = s->spawn, .workers = 2, .n = 2, .work = later_first_index, .arg = s};
        struct ct_ordered *o;
        size_t good = 1;

        (void)index;
        CONTEXT_CHECK(ct_ordered_batch_run(&b, &good) == -EIO && good == 0);
        ct_store_u32_relaxed(&s->worked, 0);
        c.work = later_first_in;
        CONTEXT_CHECK(ct_ordered_start(&o, &c) == 0);
        CONTEXT_CHECK(!ct_receiver_recv(ct_ordered_results(o), NULL));
        CONTEXT_CHECK(ct_ordered_wait(o) == -EIO);
        ct_ordered_free(o);
        ct_chan_free(in);
}

static void the_earliest_error_counts_not_the_first(void **state)
{
        struct scene s = {.spawn = spawn_of(state), .workers = 2, .window = 2};

        run_contexts(state, 1, run_later_first, &s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(a_streams_output_is_the_sequential_runs),
                BOTH_WAYS(a_streams_error_is_the_sequential_runs),
                BOTH_WAYS(a_streams_window_is_its_bound),
                BOTH_WAYS(a_batchs_output_is_the_sequential_runs),
                BOTH_WAYS(a_batchs_error_is_the_sequential_runs),
                BOTH_WAYS(the_earliest_error_counts_not_the_first),
                BOTH_WAYS(a_cancelled_batch_is_good_up_to_somewhere),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
