/*
 * The contract of lib/flow/pool.h, case by case (pool_cases.h). With arguments, only the cases
 * whose name matches, and only one kind: test_pool_contract '*shutdown*' stealing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "both.h"

#include "pool_cases.h"

#define CASES_MOST 128

/* For the case that asks for more memory than there is. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
        return "allocator_may_return_null=1";
}
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
        return "allocator_may_return_null=1";
}

ct_atomic_u32 case_failures;
const char *case_where = "";

static const struct pool_cases *const GROUPS[] = {
        &pool_start_cases,  &pool_submit_cases, &pool_wait_cases,    &pool_order_cases,
        &pool_worker_cases, &pool_result_cases, &pool_shutdown_cases};

struct run {
        const struct pool_case *k;
        enum exec exec; /* who submits */
};

static const char *only_kind; /* NULL: all */
static unsigned behaviours, runs;

struct play {
        struct scene scene;
        const struct pool_case *k;
};

static void play_part(void *shared, unsigned index)
{
        struct play *p = shared;

        p->k->body(&p->scene, index);
}

/* False if it failed: asserted later, when the runtime has been stopped. */
static bool run_scene(const struct run *r, const struct stress_placement *at,
                      const struct pool_kind *kind, enum ct_spawn spawn)
{
        struct play *p = calloc(1, sizeof *p);
        char where[128];

        assert_non_null(p);
        snprintf(where, sizeof where, "%s, %s submit to %s, %s", kind->name, EXEC_NAMES[r->exec],
                 EXEC_NAMES[spawn == CT_SPAWN_TASK], at->name);
        case_where = where;
        p->k = r->k;
        p->scene.kind = kind;
        p->scene.spawn = spawn;
        p->scene.contexts = r->k->contexts;
        p->scene.workers = at->threads;
        ct_semaphore_init(&p->scene.gate, GATE);
        for (unsigned i = 0; i < MARKS; i++) {
                p->scene.mark[i].scene = &p->scene;
                p->scene.mark[i].number = i;
        }
        contexts_run(r->exec, r->k->contexts, play_part, p);
        free(p);
        runs++;
        return !ct_exchange_u32_relaxed(&case_failures, 0);
}

static bool applies(const struct pool_case *k, const struct pool_kind *kind)
{
        return (kind->traits & k->traits) == k->traits && !(kind->traits & k->not ) &&
               (!k->only || k->only & 1u << kind->kind) &&
               (!only_kind || !strcmp(only_kind, kind->name));
}

/* Under a sanitizer, where a task's start takes up to a millisecond, half of the combinations. */
static bool is_run(const struct run *r, const struct stress_placement *at, enum ct_spawn spawn)
{
        bool alike = (r->exec == EXEC_TASK) == (spawn == CT_SPAWN_TASK);

        if (ROUNDS(4) == 1 && at->threads == 2) /* ThreadSanitizer: one CPU and the crowd must do */
                return false;
        return ROUNDS(4) == 4 || alike != (at->threads > 8);
}

static void run_case(void **state)
{
        const struct run *r = *state;
        unsigned failures = 0;

        behaviours += r->exec == EXEC_THREAD;
        FOR_EACH_PLACEMENT(at)
        {
                both_confine(at->cpus);
                assert_int_equal(ct_runtime_start(NULL), 0);
                FOR_EACH_POOL_KIND(kind)
                {
                        for (int spawn = CT_SPAWN_TASK; spawn <= CT_SPAWN_THREAD; spawn++)
                                if (applies(r->k, kind) && is_run(r, at, (enum ct_spawn)spawn))
                                        failures += !run_scene(r, at, kind, (enum ct_spawn)spawn);
                }
                assert_int_equal(ct_runtime_stop(), 0);
                both_confine((unsigned)CPU_COUNT(&both_cpus));
        }
        assert_int_equal(failures, 0);
}

static void there_are_enough(void **state)
{
        (void)state;
        print_message("%u behaviours, %u runs (kind, who submits, who works, placement)\n",
                      behaviours, runs);
        assert_true(behaviours >= 50);
}

static void add_case(struct CMUnitTest *test, struct run *r)
{
        char *name = malloc(128);

        assert_non_null(name);
        snprintf(name, 128, "%s (%s)", r->k->name, EXEC_NAMES[r->exec]);
        *test = (struct CMUnitTest){name, run_case, both_start, watchdog_stop, r};
}

int main(int argc, char **argv)
{
        static struct CMUnitTest tests[2 * CASES_MOST];
        static struct run of[2 * CASES_MOST];
        const struct CMUnitTest last[] = {cmocka_unit_test(there_are_enough)};
        size_t n = 0;
        int failed;

        for (size_t g = 0; g < sizeof GROUPS / sizeof *GROUPS; g++) {
                for (size_t i = 0; i < GROUPS[g]->n && n + 2 <= 2 * CASES_MOST; i++) {
                        for (size_t e = 0; e < sizeof both_execs / sizeof *both_execs; e++) {
                                of[n] = (struct run){&GROUPS[g]->cases[i], both_execs[e]};
                                add_case(&tests[n], &of[n]);
                                n++;
                        }
                }
        }
        if (argc > 1)
                cmocka_set_test_filter(argv[1]);
        if (argc > 2)
                only_kind = argv[2];
        failed = _cmocka_run_group_tests("pool contract", tests, n, NULL, NULL);
        for (size_t i = 0; i < n; i++)
                free((void *)(uintptr_t)tests[i].name);
        if (argc == 1)
                failed += cmocka_run_group_tests_name("how many", last, NULL, NULL);
        return failed;
}
