/* ct_fan_out and ct_merge: all of it, once, to the end; errors, cancels, what nobody receives. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/fan.h"
#include "flow/guarded.h"

#include "flow_help.h"

struct scene {
        enum ct_spawn spawn;
        struct fates fates;
        unsigned workers;
        size_t capacity;
        uint32_t n;
        ct_atomic_u32 held, worked;
        int error;
        bool unwinds;
};

static void discard(void *arg, void *value)
{
        fates_discard(&((struct scene *)arg)->fates, *(uint32_t *)value);
}

static int work(void *arg, void *in, void *out)
{
        struct scene *s = arg;
        uint32_t v = *(uint32_t *)in;

        dawdle(v);
        ct_add_u32_relaxed(&s->worked, 1);
        if (s->error && v == 5) {
                if (s->unwinds)
                        ct_task_fail_code(s->error, "five");
                return s->error;
        }
        fates_make(&s->fates, v);
        *(uint32_t *)out = v;
        return 0;
}

static struct ct_fan_out_config config(struct scene *s, struct ct_chan *in)
{
        return (struct ct_fan_out_config){.spawn = s->spawn,
                                          .workers = s->workers,
                                          .in = in,
                                          .out_size = sizeof(uint32_t),
                                          .capacity = s->capacity,
                                          .work = work,
                                          .discard = discard,
                                          .arg = s};
}

/* Receives until it is closed: how many. */
static uint32_t take_all(struct scene *s, struct ct_receiver from)
{
        uint32_t v, n = 0;

        for (; ct_receiver_recv(from, &v); n++)
                fates_use(&s->fates, v);
        return n;
}

static void run_through(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_chan *in = filled(0, s->n);
        struct ct_fan_out_config c = config(s, in);
        struct ct_fan_out *f;

        (void)index;
        CONTEXT_CHECK(ct_fan_out_start(&f, &c) == 0);
        CONTEXT_CHECK(take_all(s, ct_fan_out_results(f)) == s->n);
        CONTEXT_CHECK(ct_fan_out_wait(f) == 0 && fates_check(&s->fates) == 0);
        ct_fan_out_free(f);
        ct_chan_free(in);
}

static void every_value_has_one_result(void **state)
{
        for (unsigned workers = 1; workers <= 5; workers += 2) {
                struct scene s = {.spawn = spawn_of(state),
                                  .workers = workers,
                                  .capacity = workers - 1,
                                  .n = 300};

                run_contexts(state, 1, run_through, &s);
        }
}

static void run_error(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_chan *in = filled(0, s->n);
        struct ct_fan_out_config c = config(s, in);
        struct ct_fan_out *f;

        (void)index;
        CONTEXT_CHECK(ct_fan_out_start(&f, &c) == 0);
        (void)take_all(s, ct_fan_out_results(f)); /* which ends though the input has more */
        CONTEXT_CHECK(ct_fan_out_wait(f) == s->error);
        CONTEXT_CHECK(ct_chan_len(in) > 0); /* what was not received is still the caller's */
        ct_fan_out_free(f);
        fates_check(&s->fates);
        ct_chan_free(in);
}

static void an_error_ends_it(void **state)
{
        for (int unwinds = 0; unwinds < 2; unwinds++) {
                struct scene s = {.spawn = spawn_of(state),
                                  .workers = 2,
                                  .capacity = 1,
                                  .n = FATES,
                                  .error = -EIO,
                                  .unwinds = unwinds};

                run_contexts(state, 1, run_error, &s);
        }
}

/* Nobody receives: the workers stand still with the output full and one result each in hand. */
static void run_unread(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_chan *in = filled(0, s->n);
        struct ct_fan_out_config c = config(s, in);
        struct ct_context *context;
        struct ct_fan_out *f;

        (void)index;
        if (ct_context_with_cancel(&context, ct_context_background()))
                abort();
        c.context = context;
        CONTEXT_CHECK(ct_fan_out_start(&f, &c) == 0);
        CONTEXT_UNTIL(ct_load_u32_relaxed(&s->worked) == s->capacity + s->workers);
        if (s->error) {
                ct_context_cancel_cause(context, s->error);
                CONTEXT_CHECK(ct_fan_out_wait(f) == s->error);
        }
        ct_fan_out_free(f);
        CONTEXT_CHECK(fates_check(&s->fates) == s->capacity + s->workers);
        CONTEXT_CHECK(ct_chan_len(in) == s->n - s->capacity - s->workers);
        ct_context_cancel(context);
        ct_context_release(context);
        ct_chan_free(in);
}

static void results_that_nobody_receives_are_discarded(void **state)
{
        for (int error = 0; error < 2; error++) {
                struct scene s = {.spawn = spawn_of(state),
                                  .workers = 3,
                                  .capacity = 2,
                                  .n = 30,
                                  .error = error ? -EPIPE : 0};

                run_contexts(state, 1, run_unread, &s); /* five are worked on: not the sixth */
        }
}

static void run_invalid(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_chan *in = filled(0, 1), *other = make_chan(1, 1);
        struct ct_chan *two[] = {in, other}, *none[] = {in, NULL};
        struct ct_fan_out_config bad[4];
        struct ct_fan_out *f = (void *)1;
        struct ct_merge *m = (void *)1;

        (void)index;
        for (int i = 0; i < 4; i++)
                bad[i] = config(s, in);
        bad[0].workers = 0;
        bad[1].in = NULL;
        bad[2].work = NULL;
        bad[3].capacity = SIZE_MAX / 2;
        for (int i = 0; i < 4; i++)
                CONTEXT_CHECK(ct_fan_out_start(&f, &bad[i]) == (i < 3 ? -EINVAL : -EOVERFLOW) &&
                              !f);
        CONTEXT_CHECK(ct_merge_start(&m, &(struct ct_merge_config){.in = two, .n = 2}) == -EINVAL &&
                      !m);
        CONTEXT_CHECK(
                ct_merge_start(&m, &(struct ct_merge_config){.in = none, .n = 2}) == -EINVAL && !m);
        ct_fan_out_free(NULL);
        ct_merge_free(NULL);
        ct_chan_free(in);
        ct_chan_free(other);
}

static void what_start_refuses(void **state)
{
        struct scene s = {.spawn = spawn_of(state), .workers = 1};

        run_contexts(state, 1, run_invalid, &s);
}

/* ---- merge ---- */

enum { INPUTS = 5, EACH = 60 };

static void run_merge(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_chan *in[INPUTS];
        uint32_t v, next[INPUTS] = {0}, n = 0;
        struct ct_merge *m;

        (void)index;
        for (uint32_t i = 0; i < INPUTS; i++)
                in[i] = filled(i * EACH, EACH);
        CONTEXT_CHECK(ct_merge_start(&m, &(struct ct_merge_config){.spawn = s->spawn,
                                                                   .in = in,
                                                                   .n = INPUTS,
                                                                   .capacity = s->capacity}) == 0);
        for (; ct_receiver_recv(ct_merge_output(m), &v); n++)
                CONTEXT_CHECK(v % EACH == next[v / EACH]++); /* each input's in its order */
        CONTEXT_CHECK(n == INPUTS * EACH && ct_merge_wait(m) == 0);
        ct_merge_free(m);
        for (uint32_t i = 0; i < INPUTS; i++)
                ct_chan_free(in[i]);
        CONTEXT_CHECK(ct_merge_start(&m, &(struct ct_merge_config){.spawn = s->spawn}) == 0);
        CONTEXT_CHECK(!ct_receiver_recv(ct_merge_output(m), NULL) && ct_merge_wait(m) == 0);
        ct_merge_free(m);
}

static void a_merge_ends_when_all_inputs_have(void **state)
{
        for (size_t capacity = 0; capacity < 4; capacity += 3) {
                struct scene s = {.spawn = spawn_of(state), .capacity = capacity};

                run_contexts(state, 1, run_merge, &s);
        }
}

/* One input stays open: the merge does not end before the cancel does it. */
static void run_cancel(void *shared, unsigned index)
{
        struct scene *s = shared;
        struct ct_chan *in[] = {filled(0, 4), make_chan(sizeof(uint32_t), 4)};
        struct ct_context *context;
        struct ct_merge *m;
        uint32_t v = 9;

        (void)index;
        for (v = 0; v < 4; v++)
                fates_make(&s->fates, v);
        if (ct_context_with_cancel(&context, ct_context_background()))
                abort();
        CONTEXT_CHECK(ct_merge_start(&m, &(struct ct_merge_config){.spawn = s->spawn,
                                                                   .in = in,
                                                                   .n = 2,
                                                                   .context = context,
                                                                   .discard = discard,
                                                                   .arg = s}) == 0);
        CONTEXT_CHECK(ct_receiver_recv(ct_merge_output(m), &v));
        fates_use(&s->fates, v);
        CONTEXT_UNTIL(ct_chan_len(in[0]) <= 2); /* the second one is in the forwarder's hand */
        ct_context_cancel(context);
        CONTEXT_CHECK(ct_merge_wait(m) == -ECANCELED);
        CONTEXT_CHECK(!ct_receiver_recv(ct_merge_output(m), NULL));
        ct_merge_free(m);
        while (ct_chan_recv(in[0], &v))
                fates_use(&s->fates, v);
        CONTEXT_CHECK(fates_check(&s->fates) == 1);
        ct_chan_free(in[0]);
        ct_chan_free(in[1]);
        ct_context_release(context);
}

static void a_merge_can_be_cancelled(void **state)
{
        struct scene s = {.spawn = spawn_of(state)};

        run_contexts(state, 1, run_cancel, &s);
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                BOTH_WAYS(every_value_has_one_result),
                BOTH_WAYS(an_error_ends_it),
                BOTH_WAYS(results_that_nobody_receives_are_discarded),
                BOTH_WAYS(what_start_refuses),
                BOTH_WAYS(a_merge_ends_when_all_inputs_have),
                BOTH_WAYS(a_merge_can_be_cancelled),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
