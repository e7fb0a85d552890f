/* Everything at once on every kind of cache, threads and tasks, on one CPU, two CPUs and eight
   times too many: cache_storm.h judges. torture_cache is the long form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cache_storm.h"

#include "both.h"

enum {
        OPS = ROUNDS(24000),
        LIVES = 2 + (ROUNDS(4) == 4)
}; /* of all contexts together, in each life */

static struct storm storm;
static struct ct_rng rng;

static void all_kinds(void **state, const struct stress_placement *p)
{
        FOR_EACH_KIND(k)
        {
                for (unsigned life = 0; life < LIVES; life++) {
                        if (both_exec(state) == EXEC_TASK && !k->tasks)
                                continue;
                        storm_draw(&storm, k, &rng);
                        storm.contexts = p->threads;
                        storm.ops = OPS / p->threads;
                        storm_begin(&storm);
                        run_contexts(state, p->threads, storm_context, &storm);
                        storm_end(&storm);
                        assert_int_equal(ct_load_u32_relaxed(&storm.wrong), 0);
                        assert_true(storm.hits > 0);
                }
        }
        ct_retired_drain();
        assert_int_equal(ct_retired_count(), 0);
}

static void nothing_goes_wrong_in_a_storm(void **state)
{
        ct_rng_seed(&rng, 20260714 + both_exec(state));
        everywhere(state, all_kinds);
}

int main(void)
{
        const struct CMUnitTest tests[] = {BOTH_WAYS(nothing_goes_wrong_in_a_storm)};

        return cmocka_run_group_tests(tests, NULL, NULL);
}
