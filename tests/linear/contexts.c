/*
 * Histories recorded of real threads and of tasks: polite random programs, which do not panic and
 * in which whatever could wait for ever has a deadline.
 *
 *      linear_contexts [--seed S] [--histories N]
 *
 * Exit codes: 0 all histories are right, 1 one is wrong, 2 usage.
 */
#include "arguments.h"
#include "perform.h"

#include "../c/contexts.h"
#include "../c/watchdog.h"

#include "sync/barrier.h"

#include <inttypes.h>

#define MOST_TIMEOUT_NS 60000

struct scene {
        struct ct_barrier barrier;
        struct stage stage;
        struct program program;
        struct history history;
        struct checker *checker;
        struct ct_rng rng;
        uint64_t rounds, right, operations, values;
};

static void prepare(struct scene *s)
{
        program_generate(&s->program, &s->rng, true);
        s->history = s->program.plan;
        if (!stage_open(&s->stage, &s->history))
                abort();
        s->stage.timeout_ns = (int64_t)ct_rng_below(&s->rng, MOST_TIMEOUT_NS);
}

static void check(struct scene *s)
{
        stage_close(&s->stage);
        s->history.ending = END_ALL;
        for (unsigned i = 0; i < s->history.n; i++)
                s->values += s->history.op[i].open;
        s->operations += s->history.n;
        if (checker_accepts(s->checker, &s->history)) {
                s->right++;
                return;
        }
        printf("wrong, history %" PRIu64 ":\n", s->right);
        history_print(stdout, &s->history);
}

static void context(void *arg, unsigned self)
{
        struct scene *s = arg;

        for (uint64_t i = 0; i < s->rounds; i++) {
                if (self == 0)
                        prepare(s);
                ct_barrier_wait(&s->barrier);
                perform(&s->stage, self);
                ct_barrier_wait(&s->barrier);
                if (self == 0)
                        check(s);
        }
}

static bool all_right(const struct arguments *a, enum exec exec)
{
        static struct scene s;
        bool right;

        memset(&s, 0, sizeof s);
        s.rounds = a->histories;
        s.checker = checker_new();
        if (!s.checker)
                abort();
        ct_rng_seed(&s.rng, a->seed + exec);
        ct_barrier_init(&s.barrier, TASKS);
        contexts_run(exec, TASKS, context, &s);
        ct_barrier_fini(&s.barrier);
        right = s.right == s.rounds;
        printf("%s: %" PRIu64 " of %" PRIu64 " histories right, %" PRIu64 " operations, %" PRIu64
               " values received\n",
               EXEC_NAMES[exec], s.right, s.rounds, s.operations, s.values);
        checker_free(s.checker);
        return right;
}

int main(int argc, char **argv)
{
        struct arguments a = {.seed = 1, .histories = 10000};
        bool right = true;

        (void)argc;
        if (!arguments_read(&a, argv))
                return 2;
        printf("seed %" PRIu64 "\n", a.seed);
        FOR_EACH_EXEC(e)
        {
                if (watchdog_start(NULL))
                        abort();
                right &= all_right(&a, e);
                watchdog_stop(NULL);
        }
        return !right;
}
