/*
 * The contract of lib/chan/chan.h and select.h, case by case (chan_cases.h). With an argument, only
 * the cases whose name matches: test_chan_contract 'select*'.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "both.h"

#include "chan_cases.h"

#include <string.h>

#define CASES_MOST 256

/* For the cases that ask for more than there is. */
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

static const struct chan_cases *const GROUPS[] = {
        &chan_ring_cases,  &chan_wait_cases,  &chan_close_cases,  &chan_until_cases,
        &chan_order_cases, &select_now_cases, &select_wait_cases, &select_until_cases,
};
static const size_t CAPACITIES[] = {0, 1, 3, 64};

struct run {
        const struct chan_case *k;
        enum exec exec;
};

static unsigned behaviours, cases, runs; /* done so far; a case is a behaviour of one kind at one
                                            capacity, by threads or by tasks */

struct copies {
        const struct chan_case *k;
        struct scene *scene;
};

static void one_of_many(void *shared, unsigned index)
{
        struct copies *all = shared;

        all->k->body(&all->scene[index / all->k->contexts], index % all->k->contexts);
}

/* False if it failed: asserted later, when the runtime has been stopped. */
static bool run_scene(const struct run *r, const struct stress_placement *p,
                      const struct chan_kind *kind, size_t capacity)
{
        unsigned copies = p->threads / r->k->contexts;
        struct copies all = {.k = r->k};
        char where[128];

        copies += !copies;
        all.scene = calloc(copies, sizeof *all.scene);
        assert_non_null(all.scene);
        snprintf(where, sizeof where, "%s, capacity %zu, %s, %s", kind->name, capacity,
                 EXEC_NAMES[r->exec], p->name);
        case_where = where;
        for (unsigned i = 0; i < copies; i++) {
                struct scene *s = &all.scene[i];

                s->kind = kind;
                s->capacity = capacity;
                s->contexts = r->k->contexts;
                s->c = make_ints(kind, capacity);
                s->d = make_ints(kind, capacity);
        }
        contexts_run(r->exec, copies * r->k->contexts, one_of_many, &all);
        for (unsigned i = 0; i < copies; i++) {
                ct_chan_free(all.scene[i].c);
                ct_chan_free(all.scene[i].d);
        }
        free(all.scene);
        runs++;
        return !ct_exchange_u32_relaxed(&case_failures, 0);
}

static bool applies(const struct chan_case *k, const struct chan_kind *kind, size_t index)
{
        if (ROUNDS(4) < 4 && CAPACITIES[index] == 64) /* a sanitizer: 3 must do for large */
                return false;
        return (k->at & 1u << index) && CAPACITIES[index] >= kind->least &&
               (kind->many || !k->many);
}

static void run_case(void **state)
{
        const struct run *r = *state;
        unsigned failures = 0;

        behaviours += r->exec == EXEC_THREAD;
        FOR_EACH_KIND(kind)
        {
                for (size_t i = 0; i < sizeof CAPACITIES / sizeof *CAPACITIES; i++)
                        cases += applies(r->k, kind, i);
        }
        FOR_EACH_PLACEMENT(p)
        {
                both_confine(p->cpus);
                if (r->exec ==
                    EXEC_TASK) /* one for all, since starting it costs more than a case */
                        assert_int_equal(ct_runtime_start(NULL), 0);
                FOR_EACH_KIND(kind)
                {
                        for (size_t i = 0; i < sizeof CAPACITIES / sizeof *CAPACITIES; i++)
                                if (applies(r->k, kind, i))
                                        failures += !run_scene(r, p, kind, CAPACITIES[i]);
                }
                if (r->exec == EXEC_TASK)
                        assert_int_equal(ct_runtime_stop(), 0);
                both_confine((unsigned)CPU_COUNT(&both_cpus));
        }
        assert_int_equal(failures, 0);
}

static void there_are_enough(void **state)
{
        (void)state;
        print_message("%u behaviours, %u cases (kind, capacity, threads or tasks), %u runs in "
                      "placements\n",
                      behaviours, cases, runs);
        assert_true(cases / 2 >= 150);
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
        failed = _cmocka_run_group_tests("channel contract", tests, n, NULL, NULL);
        for (size_t i = 0; i < n; i++)
                free((void *)(uintptr_t)tests[i].name);
        if (argc == 1)
                failed += cmocka_run_group_tests_name("how many", last, NULL, NULL);
        return failed;
}
