"""Statistics against SciPy 1.10 (mannwhitneyu, binomtest), R (p.adjust), or counting it out."""

import itertools
import math
import random
import time
import unittest

from contendlib import judge, stats

A = [11.2, 10.9, 11.4, 11.1, 11.3, 10.8]
B = [11.9, 12.1, 11.25, 12.4, 11.7, 12.0]
E = [23.785, 19.171, 20.152, 20.921, 18.562, 20.09, 20.084, 16.853, 22.237, 21.329, 18.868, 19.744]
F = [21.958, 24.267, 17.909, 18.942, 17.294, 27.688, 25.862, 27.125, 23.558, 23.99, 19.33, 26.354,
     19.447, 20.36, 20.951]


class Median(unittest.TestCase):
    def test_median(self):
        for samples, wanted in (([3], 3), ([4, 1], 2.5), ([9, 1, 5], 5), ([1, 8, 3, 4], 3.5)):
            self.assertEqual(stats.median(samples), wanted)
        with self.assertRaises(ValueError):
            stats.median([])

    def test_interval_ranks(self):
        """The rank counted from either end, as in tables of the sign test's interval."""
        ranks = {6: 1, 7: 1, 8: 1, 9: 2, 10: 2, 11: 2, 12: 3, 13: 3, 14: 3, 15: 4, 16: 4, 17: 5,
                 20: 6, 25: 8, 30: 10, 50: 18, 100: 40}
        for n, k in ranks.items():
            values = list(range(1, n + 1))
            random.Random(n).shuffle(values)
            self.assertEqual(stats.median_ci(values), (k, n + 1 - k), n)

    def test_no_interval_below_six(self):
        for n in range(6):
            self.assertIsNone(stats.median_ci(range(n)))
        self.assertEqual(stats.median_ci(range(5), conf=0.90), (0, 4))
        self.assertIsNone(stats.median_ci(range(7), conf=0.99))
        self.assertEqual(stats.median_ci(range(8), conf=0.99), (0, 7))


class Ratio(unittest.TestCase):
    def exact(self):
        """{ratio: probability} of the bootstrap of A against B, every resample of 6 counted."""
        sides = []
        for samples in (A, B):
            counts = {}
            for drawn in itertools.product(sorted(samples), repeat=6):
                middle = stats.median(drawn)
                counts[middle] = counts.get(middle, 0) + 1
            sides.append(counts)
        exact = {}
        for (x, p), (y, q) in itertools.product(sides[0].items(), sides[1].items()):
            exact[x / y] = exact.get(x / y, 0) + p * q / 6 ** 12
        return exact

    def test_percentiles_are_those_of_every_resample(self):
        exact = self.exact()
        for seed in range(5):
            ratio, low, high = stats.ratio_of_medians_ci(A, B, seed)
            self.assertAlmostEqual(ratio, 11.15 / 11.95, places=12)
            self.assertAlmostEqual(sum(p for r, p in exact.items() if r <= low), 0.025, delta=0.015)
            self.assertAlmostEqual(sum(p for r, p in exact.items() if r < high), 0.975, delta=0.015)

    def test_the_seed_decides(self):
        first = stats.ratio_of_medians_ci(E, F, seed=1)
        stats._plan.cache_clear()
        self.assertEqual(stats.ratio_of_medians_ci(E, F, seed=1), first)
        self.assertNotEqual(stats.ratio_of_medians_ci(E, F, seed=2)[1:], first[1:])
        # Literals: another Python must give the same.
        self.assertEqual([round(x, 12) for x in first],
                         [0.914791875398, 0.783759838464, 1.039711708272])

    def test_too_few(self):
        self.assertEqual(stats.ratio_of_medians_ci([4, 5], [2] * 9, 1), (2.25, None, None))
        self.assertEqual(stats.ratio_of_medians_ci(A, B[:5], 1)[1:], (None, None))

    def test_no_spread(self):
        self.assertEqual(stats.ratio_of_medians_ci([3] * 6, [2] * 6, 1), (1.5, 1.5, 1.5))

    def test_refused(self):
        for a, b, how in (([], A, {}), (A, [], {}), ([0] * 6, A, {}), (A, [1, 1, 1, 1, 1, -1], {}),
                          (A, B + [1], {"paired": True})):
            with self.assertRaises(ValueError):
                stats.ratio_of_medians_ci(a, b, 1, **how)

    def test_pairing_takes_a_common_drift_out(self):
        rng = random.Random(4)
        drift = [rng.uniform(1, 3) for _ in range(10)]
        a, b = [2 * x for x in drift], [x * rng.uniform(0.99, 1.01) for x in drift]
        paired = stats.ratio_of_medians_ci(a, b, 1, paired=True)
        apart = stats.ratio_of_medians_ci(a, b, 1)
        self.assertLess(paired.high - paired.low, 0.1)
        self.assertGreater(apart.high - apart.low, 0.5)
        self.assertTrue(1.95 < paired.low <= paired.ratio <= paired.high < 2.05)

    def test_coverage(self):
        """95 % intervals hold the truth in about 95 % of 400 trials, either way."""
        for paired in (False, True):
            rng, hits = random.Random(11), 0
            for _ in range(400):
                a, b = ([rng.lognormvariate(0, 0.1) for _ in range(10)] for _ in range(2))
                _, low, high = stats.ratio_of_medians_ci(a, b, 1, resamples=400, paired=paired)
                hits += low <= 1 <= high
            self.assertGreater(hits / 400, 0.90)
            self.assertLess(hits / 400, 0.995)

    def test_speed(self):
        rng = random.Random(1)
        points = [[[rng.uniform(1, 2) for _ in range(10)] for _ in range(2)] for _ in range(200)]
        start = time.process_time()
        for a, b in points:
            stats.ratio_of_medians_ci(a, b, 1)
        self.assertLess(time.process_time() - start, 4)     # 1000 points in 20 s


class MannWhitney(unittest.TestCase):
    CASES = [
        ("exact", A, B, 2.0, 0.008658008658008658),
        ("exact, other way", B, A, 34.0, 0.008658008658008658),
        ("ties", [5, 7, 7, 9, 9, 9, 11, 12], [9, 9, 10, 13, 13, 14, 15, 15, 16], 9.0,
         0.009690591521369873),
        ("asymptotic", E, F, 57.0, 0.11277614968605339),
        ("mostly ties", [1, 1, 1, 1, 1, 2], [1] * 7, 24.5, 0.3545394797735013),
        ("itself", A, A, 18.0, 1.0),
        ("one against four", [0.5], [0.1, 0.2, 0.9, 1.5], 2.0, 1.0),
        ("8 against 40: still exact", list(range(8)), [3.5 + i for i in range(40)], 10.0,
         7.208181400372304e-07),
        ("9 against 9: asymptotic", list(range(9)), [3.5 + i for i in range(9)], 15.0,
         0.0272753837615853),
        ("all equal", [1] * 7, [1] * 7, 24.5, 1.0),
    ]

    def test_scipy(self):
        for name, a, b, u, p in self.CASES:
            with self.subTest(name):
                got = stats.mann_whitney(a, b)
                self.assertEqual(got.u, u)
                self.assertLess(abs(got.p / p - 1), 1e-9)

    def test_exact_counts_are_those_of_every_order(self):
        for n, m in ((1, 1), (2, 3), (3, 4), (4, 4)):
            counts = [0] * (n * m + 1)
            for chosen in itertools.combinations(range(n + m), n):
                counts[sum(chosen) - n * (n - 1) // 2] += 1
            self.assertEqual(stats._u_counts(n, m), counts)

    def test_large_sides_are_fast(self):
        rng = random.Random(2)
        start = time.process_time()
        stats.mann_whitney([rng.random() for _ in range(8)], [rng.random() for _ in range(3000)])
        stats.mann_whitney([rng.random() for _ in range(3000)], [rng.random() for _ in range(3000)])
        self.assertLess(time.process_time() - start, 3)

    def test_nothing(self):
        with self.assertRaises(ValueError):
            stats.mann_whitney([], [1])


class Holm(unittest.TestCase):
    def test_as_p_adjust(self):
        for given, wanted in (([], []), ([0.3], [0.3]),
                              ([0.01, 0.02, 0.03, 0.04, 0.05], [0.05, 0.08, 0.09, 0.09, 0.09]),
                              ([0.04, 0.01, 0.03], [0.06, 0.03, 0.06]),
                              ([0.9, 0.5, 0.001], [1, 1, 0.003])):
            got = stats.holm(given)
            self.assertEqual(len(got), len(wanted))
            for x, y in zip(got, wanted):
                self.assertAlmostEqual(x, y, places=15)

    def test_family_wise_error(self):
        """20 true hypotheses a family: a false rejection in about 5 % of families, not in 64 %."""
        rng = random.Random(9)
        hit = sum(min(stats.holm([rng.random() for _ in range(20)])) < 0.05 for _ in range(1000))
        self.assertTrue(20 < hit < 80, hit)


class Small(unittest.TestCase):
    def test_geometric_mean(self):
        mean = stats.geometric_mean([0.5, 1.2, 3, 0.9])
        self.assertAlmostEqual(mean, 1.128180927925918, places=14)
        self.assertAlmostEqual(stats.geometric_mean(x for x in (1e-300, 1e300)), 1, places=9)
        self.assertIsNone(stats.geometric_mean([]))
        with self.assertRaises(ValueError):
            stats.geometric_mean([1, 0])

    def test_cv(self):
        self.assertAlmostEqual(stats.cv([3, 4, 4.5, 9]), 0.518543698182178, places=14)
        self.assertEqual(stats.cv([2, 2, 2]), 0)
        self.assertIsNone(stats.cv([2]))
        self.assertIsNone(stats.cv([0, 0]))

    def test_binomial_ci(self):
        for hits, trials, low, high in (
                (0, 200, 0, 0.018275340355148807),
                (10, 200, 0.02423416547210829, 0.09002753770155869),
                (3, 20, 0.03207093718554477, 0.37892682654529564),
                (20, 20, 0.8315665290169145, 1), (0, 1, 0, 0.975),
                (1, 1, 0.025, 1), (9, 10, 0.5549838829718047, 0.9974714214555375),
                (45, 50, 0.7818646335657977, 0.9667249064109785),
                (137, 1000, 0.11628168943360062, 0.15988096510537628)):
            got = stats.binomial_ci(hits, trials)
            self.assertAlmostEqual(got.low, low, places=11)
            self.assertAlmostEqual(got.high, high, places=11)
        self.assertIsNone(stats.binomial_ci(0, 0))
        with self.assertRaises(ValueError):
            stats.binomial_ci(3, 2)

    def test_jain(self):
        self.assertEqual(stats.jain([5, 5, 5, 5]), 1)
        self.assertEqual(stats.jain([8, 0, 0, 0]), 0.25)
        self.assertAlmostEqual(stats.jain([1, 2, 3]), 36 / 42, places=15)
        self.assertLessEqual(stats.jain([0.1] * 7), 1)
        self.assertIsNone(stats.jain([]))
        self.assertIsNone(stats.jain([0, 0]))


class Judge(unittest.TestCase):
    LOW = [100 + 0.01 * i for i in range(10)]

    def test_both_conditions_are_needed(self):
        near, far = [x * 1.005 for x in self.LOW], [x * 1.02 for x in self.LOW]
        self.assertLess(judge.differs(near, self.LOW).p, 0.001)
        self.assertFalse(judge.differs(near, self.LOW).different)
        self.assertTrue(judge.differs(far, self.LOW).different)
        self.assertTrue(judge.differs(self.LOW, far).different)
        self.assertFalse(judge.differs(far, self.LOW, effect=0.03).different)
        spread = [50, 300, 80, 210, 100, 150, 90, 260, 70, 130]
        verdict = judge.differs(spread, self.LOW)
        self.assertGreater(verdict.ratio, 1.1)
        self.assertFalse(verdict.different)

    def test_an_adjusted_p_takes_the_place(self):
        far = [x * 1.02 for x in self.LOW]
        self.assertFalse(judge.differs(far, self.LOW, p=0.06).different)
        self.assertTrue(judge.differs(far, self.LOW, p=0.04).different)

    def test_effect_is_symmetric(self):
        for factor in (1.0101, 1 / 1.0101):
            self.assertTrue(judge.differs([x * factor for x in self.LOW], self.LOW).different)
        for factor in (1.0099, 1 / 1.0099):
            self.assertFalse(judge.differs([x * factor for x in self.LOW], self.LOW).different)

    def test_no_verdict_below_six(self):
        verdict = judge.differs([1] * 5, [2] * 9)
        self.assertEqual((verdict.different, verdict.ratio, verdict.p), (None, 0.5, None))

    def test_min_effect(self):
        self.assertEqual(judge.min_effect(), 0.01)
        self.assertEqual(judge.min_effect(judge.spread([0.001, -0.002, 0.003])), 0.01)
        self.assertAlmostEqual(judge.min_effect(judge.spread([0.02, -0.03, 0.04])),
                               math.expm1(0.06), places=15)
        self.assertIsNone(judge.spread([]))


if __name__ == "__main__":
    unittest.main()
