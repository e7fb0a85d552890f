"""The fit of the universal scalability law, against planted laws and against another solver."""

import random
import unittest

from contendlib import usl

SIZES = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 128)

# (throughputs over SIZES, (lambda, sigma, kappa, rms)): made with numpy, solved with
# scipy.optimize.least_squares (bounded trust region, twelve starts, all tolerances 1e-15).
REFERENCE = {
    "noisy": ((1000.0, 1912.5, 2697.6, 3381.0, 4644.9, 5577.1, 7142.9, 8255.7, 8794.9, 8922.3,
               8646.1, 7877.9, 5433.8), (994.54354, 0.049830604, 0.00098530292, 0.011667444)),
    "amdahl": ((486.0, 832.6, 1093.8, 1199.6, 1479.4, 1571.6, 1802.5, 1889.5, 2127.7, 2137.7,
                2326.5, 2364.0, 2410.6), (489.43238, 0.19978352, 0, 0.024725526)),
    "crosstalk": ((1899.3, 3941.1, 5923.1, 7830.2, 10974.3, 14251.0, 18615.8, 21271.9, 23297.7,
                   21101.3, 17405.2, 14371.6, 7549.9), (1963.8729, 0, 0.001955342, 0.016599615)),
    "knee": ((1000.0, 2000.0, 3000.0, 4000.0, 6000.0, 8000.0, 12000.0, 16000.0, 20000.0, 20000.0,
              20000.0, 20000.0, 20000.0), (1060.4589, 0.010808875, 0.00033741716, 0.086841984)),
    "two cores": ((10000.0, *(20000.0,) * 12),
                  (11651.871, 0.51265656, 0.00082349744, 0.097234518)),
    "superlinear": ((1000.0, 2143.5, 3348.4, 4594.8, 7177.4, 9849.2, 15385.1, 21112.1, 32978.6,
                     45254.8, 70691.2, 97005.9, 207936.6), (1241.3162, 0, 0, 0.13749056)),
}


def law(lam, sigma, kappa, sizes=SIZES):
    return [lam * n / (1 + sigma * (n - 1) + kappa * n * (n - 1)) for n in sizes]


class Planted(unittest.TestCase):
    def test_an_exact_law_is_found_again(self):
        for lam in (0.02, 1000, 3e8):
            for sigma, kappa in ((0, 0), (0.05, 0.001), (0.2, 0), (0, 0.002), (0.6, 1e-5),
                                 (0.95, 0.03), (0.001, 1e-7), (1, 0)):
                with self.subTest(lam=lam, sigma=sigma, kappa=kappa):
                    found = usl.fit(SIZES, law(lam, sigma, kappa))
                    self.assertAlmostEqual(found.lam / lam, 1, places=7)
                    self.assertAlmostEqual(found.sigma, sigma, delta=1e-6)
                    self.assertAlmostEqual(found.kappa, kappa, delta=1e-6 * max(kappa, 1e-3))
                    self.assertLess(found.rms, 1e-7)

    def test_the_other_solver_says_the_same(self):
        for name, (throughputs, (lam, sigma, kappa, rms)) in REFERENCE.items():
            with self.subTest(name):
                found = usl.fit(SIZES, throughputs)
                self.assertAlmostEqual(found.lam / lam, 1, places=5)
                self.assertAlmostEqual(found.sigma, sigma, delta=1e-5)
                self.assertAlmostEqual(found.kappa, kappa, delta=1e-4 * max(kappa, 1e-3))
                self.assertAlmostEqual(found.rms, rms, delta=1e-7)

    def test_residuals_are_law_over_measured(self):
        throughputs = REFERENCE["knee"][0]
        found = usl.fit(SIZES, throughputs)
        for n, x, r in zip(SIZES, throughputs, found.residuals):
            self.assertAlmostEqual(r, found.at(n) / x - 1, places=12)

    def test_peak(self):
        self.assertAlmostEqual(usl.fit(SIZES, law(1, 0.05, 0.001)).peak, (0.95 / 0.001) ** 0.5,
                               places=4)
        self.assertIsNone(usl.fit(SIZES, law(1, 0.2, 0)).peak)
        self.assertIsNone(usl.fit(SIZES, law(1, 0, 0)).peak)

    def test_bounds_hold_whatever_comes(self):
        draw = random.Random(5)
        for _ in range(300):
            found = usl.fit(SIZES, [draw.lognormvariate(0, 2) for _ in SIZES])
            self.assertGreaterEqual(min(found.sigma, found.kappa), 0)
            self.assertGreater(found.lam, 0)

    def test_no_law_nearby_is_better(self):
        """A sum of squares that no step to either side makes less, from 100 noisy curves."""
        draw = random.Random(6)
        for _ in range(100):
            throughputs = [x * draw.lognormvariate(0, 0.1) for x in
                           law(100, draw.choice((0, 0.02, 0.4)), draw.choice((0, 1e-4, 0.01)))]
            found = usl.fit(SIZES, throughputs)
            for field, size in (("lam", found.lam), ("sigma", max(found.sigma, 1e-4)),
                                ("kappa", max(found.kappa, 1e-6))):
                for factor in (-1e-3, 1e-3):
                    value = getattr(found, field) + factor * size
                    if value < 0:
                        continue
                    other = found._replace(**{field: value})
                    other = other._replace(residuals=tuple(
                        other.at(n) / x - 1 for n, x in zip(SIZES, throughputs)))
                    self.assertGreaterEqual(other.rms, found.rms * (1 - 1e-12))


class Limits(unittest.TestCase):
    def test_too_few_sizes(self):
        for count in range(5):
            self.assertIsNone(usl.fit(SIZES[:count], law(1, 0.1, 0.01)[:count]))
        self.assertIsNone(usl.fit((1, 1, 2, 2, 4, 4), (1, 1, 2, 2, 3, 3)))
        self.assertIsNotNone(usl.fit(SIZES[:5], law(1, 0.1, 0.01)[:5]))

    def test_nonsense_is_refused(self):
        for sizes, throughputs in (((1, 2), (1,)), ((0, 1, 2, 3, 4), (1,) * 5),
                                   ((1, 2, 3, 4, 5), (1, 2, 0, 3, 4))):
            with self.assertRaises(ValueError):
                usl.fit(sizes, throughputs)

    def test_equations(self):
        self.assertEqual(usl.solve([[2, 0], [0, 4]], [2, 8]), [1, 2])
        self.assertEqual(usl.solve([[0, 1], [1, 0]], [3, 5]), [5, 3])
        self.assertIsNone(usl.solve([[1, 1], [1, 1]], [1, 2]))


if __name__ == "__main__":
    unittest.main()
