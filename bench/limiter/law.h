/*
 * What a limiter's grants look like from outside: exact counts over every interval, on integers.
 * Used by the family's law rows and by the tests.
 */
#ifndef CT_BENCH_LIMITER_LAW_H
#define CT_BENCH_LIMITER_LAW_H

#include <stddef.h>
#include <stdint.h>

/* The most grants in any interval [a, a + window): times never decrease. O(n): the worst interval
   begins at a grant, and its end only moves forward. */
static inline int64_t law_worst_window(const int64_t *time, size_t n, int64_t window)
{
        int64_t worst = 0;

        for (size_t begin = 0, end = 0; begin < n; begin++) {
                while (end < n && time[end] - time[begin] < window)
                        end++;
                if ((int64_t)(end - begin) > worst)
                        worst = (int64_t)(end - begin);
        }
        return worst;
}

__extension__ typedef __int128 law_int;

/* num / den tokens per ns. */
struct law_rate {
        law_int num, den;
};

/*
 * The greatest value, over all closed intervals [a, b] between grants, of
 *      (granted in [a, b] - rate x (b - a)) x den
 * so the law "at most burst + rate x t" holds for every interval exactly if it is <= burst x den.
 * O(n): for each end the worst begin is the running minimum of what lies before.
 */
static inline law_int law_worst_excess(const int64_t *time, const int64_t *count, size_t n,
                                       struct law_rate rate)
{
        law_int granted = 0, least = 0, worst = 0;

        for (size_t i = 0; i < n; i++) {
                law_int before = granted * rate.den - rate.num * time[i], excess;

                if (!i || before < least)
                        least = before;
                granted += count ? count[i] : 1;
                excess = granted * rate.den - rate.num * time[i] - least;
                if (!i || excess > worst)
                        worst = excess;
        }
        return worst;
}

#endif
