/*
 * The choice of a select among the ready: uniform and without memory. A million rounds with 2, 4
 * and 16 cases that are always ready; Pearson's chi-square over the cases, and over pairs of
 * successive choices, so that taking turns is found out as well. Too even is as wrong as too
 * uneven: both ends of the distribution are cut at 1 in 1,000. By chance alone a sound select falls
 * outside now and then, so what fails is repeated once with fresh draws, and must fail again.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "both.h"
#include "chan_kinds.h"

#include <math.h>
#include <string.h>

#define CASES_MOST 16
#define SIGNIFICANT 0.001
#define DRAWS(n) ROUNDS(ROUNDS(n)) /* sanitizers have nothing to find in the later ones */

/* The probability of a chi-square of df degrees of freedom above x: the upper incomplete gamma
   function Q(df/2, x/2), by its series below its mean and its continued fraction above. */
static double chi_square_above(double x, unsigned df)
{
        double a = df / 2.0, z = x / 2, scale = exp(-z + a * log(z > 0 ? z : 1) - lgamma(a));

        if (z <= 0)
                return 1;
        if (z < a + 1) {
                double term = 1 / a, sum = term;

                for (double k = a + 1; term > sum * 1e-14; k++)
                        sum += term *= z / k;
                return 1 - sum * scale;
        }
        double b = z + 1 - a, c = 1e300, d = 1 / b, h = d;

        for (int i = 1; i < 1000; i++) {
                double an = -i * (i - a), step;

                b += 2;
                d = 1 / (an * d + b);
                c = b + an / c;
                step = d * c;
                h *= step;
                if (fabs(step - 1) < 1e-14)
                        break;
        }
        return h * scale;
}

static double chi_square(const uint32_t *count, unsigned n, double rounds)
{
        double mean = rounds / n, sum = 0;

        for (unsigned i = 0; i < n; i++)
                sum += (count[i] - mean) * (count[i] - mean) / mean;
        return sum;
}

/* ---- scenes: every case is ready, every time ---- */

enum scene_kind { RECEIVE, SEND, CLOSED, ONE_CHANNEL };

static const char *const SCENES[] = {"receives", "sends", "closed channels", "one channel's ends"};

struct fair {
        enum scene_kind kind;
        unsigned n, rounds;
        uint32_t count[CASES_MOST], pairs[CASES_MOST * CASES_MOST];
        unsigned before;
};

static void make_ready(struct fair *f, struct ct_chan **c)
{
        for (unsigned i = 0; i < f->n; i++) {
                c[i] = f->kind == ONE_CHANNEL && i ? c[0] : make_ints(CHAN_KINDS, 2);
                if (f->kind == RECEIVE || (f->kind == ONE_CHANNEL && i == 0))
                        put(c[i], 1);
                if (f->kind == CLOSED)
                        ct_chan_close(c[i]);
        }
}

static bool is_send(const struct fair *f, unsigned i)
{
        return f->kind == SEND || (f->kind == ONE_CHANNEL && i % 2);
}

static void restore(const struct fair *f, struct ct_chan *c, unsigned fired)
{
        if (f->kind == CLOSED)
                return;
        if (is_send(f, fired))
                CONTEXT_CHECK(try_get(c) == 1);
        else
                CONTEXT_CHECK(try_put(c, 1));
}

static void fair_body(void *shared, unsigned index)
{
        struct fair *f = shared;
        struct ct_chan *c[CASES_MOST];
        struct ct_select_case k[CASES_MOST];
        int v = 1;

        (void)index;
        make_ready(f, c);
        for (unsigned round = 0; round < f->rounds; round++) {
                int fired;

                for (unsigned i = 0; i < f->n; i++)
                        k[i] = is_send(f, i) ? send_case(c[i], &v) : recv_case(c[i], NULL);
                fired = ct_select(k, f->n);
                CONTEXT_CHECK(fired >= 0 && fired < (int)f->n);
                f->count[fired]++;
                restore(f, c[fired], (unsigned)fired);
                if (round % 2)
                        f->pairs[f->before * f->n + (unsigned)fired]++;
                f->before = (unsigned)fired;
        }
        for (unsigned i = 0; i < f->n; i++)
                if (i == 0 || f->kind != ONE_CHANNEL)
                        ct_chan_free(c[i]);
}

static bool is_likely(const char *what, const struct fair *f, const uint32_t *count, unsigned cells,
                      double draws)
{
        double x = chi_square(count, cells, draws), p = chi_square_above(x, cells - 1);
        bool likely = p > SIGNIFICANT && p < 1 - SIGNIFICANT;

        print_message("%s of %u among %s: chi-square %.3f, %u degrees of freedom, p = %.4f%s\n",
                      what, f->n, SCENES[f->kind], x, cells - 1, p, likely ? "" : "  UNLIKELY");
        return likely;
}

static bool is_fair(void **state, enum scene_kind kind, unsigned n, unsigned rounds)
{
        struct fair *f = calloc(1, sizeof *f);
        bool fair;

        assert_non_null(f);
        f->kind = kind;
        f->n = n;
        f->rounds = rounds;
        run_contexts(state, 1, fair_body, f);
        fair = is_likely("choice", f, f->count, n, rounds);
        fair &= is_likely("pairs", f, f->pairs, n * n, rounds / 2);
        free(f);
        return fair;
}

static void assert_fair(void **state, enum scene_kind kind, unsigned n, unsigned rounds)
{
        if (is_fair(state, kind, n, rounds))
                return;
        print_message("once more, with fresh draws\n");
        assert_true(is_fair(state, kind, n, rounds));
}

static void the_choice_is_uniform_and_without_memory(void **state)
{
        static const unsigned numbers[] = {2, 4, 16};

        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
                assert_fair(state, RECEIVE, numbers[i], DRAWS(1000000));
}

static void so_it_is_among_other_cases(void **state)
{
        assert_fair(state, SEND, 3, DRAWS(200000));
        assert_fair(state, CLOSED, 5, DRAWS(200000));
        assert_fair(state, ONE_CHANNEL, 4, DRAWS(200000));
}

/* The figures of the tables, so that the judge is judged too. */
static void the_distribution_is_right(void **state)
{
        static const struct {
                unsigned df;
                double x, p;
        } table[] = {
                {1, 3.841, 0.05},   {1, 10.828, 0.001},  {3, 0.352, 0.95},     {3, 16.266, 0.001},
                {15, 25.0, 0.0499}, {15, 37.697, 0.001}, {255, 330.52, 0.001}, {255, 254.33, 0.5},
        };

        (void)state;
        for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
                double p = chi_square_above(table[i].x, table[i].df);

                if (fabs(p - table[i].p) > 0.01 * table[i].p)
                        fail_msg("%u: %f above %f, not %f", table[i].df, p, table[i].x, table[i].p);
        }
}

int main(void)
{
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(the_distribution_is_right),
                BOTH_WAYS(the_choice_is_uniform_and_without_memory),
                BOTH_WAYS(so_it_is_among_other_cases),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
