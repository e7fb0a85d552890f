"""Gunther's universal scalability law, X(N) = lambda N / (1 + sigma (N-1) + kappa N (N-1)).

lambda is the throughput of one worker, sigma what workers lose by queueing for something shared,
kappa what every pair of them loses by keeping each other up to date; both are at least 0. Without
kappa the curve is Amdahl's, with it there is a peak at sqrt((1 - sigma) / kappa).

The fit minimises the squares of the relative residuals, for the noise of a throughput is in
proportion to it. N / X is linear in what is sought, which gives a start; Levenberg-Marquardt steps
end it. The bounds are kept by fitting each of the four laws that have sigma, kappa, both or neither
of them, and taking the best of those whose values are allowed: exact with two bounds.
"""

import math
from itertools import combinations
from typing import NamedTuple

MIN_SIZES = 5           # three parameters, and something left that can contradict them
STEPS = 200
ENOUGH = 1e-15          # relative decrease of the sum of squares at which a fit stands


class Fit(NamedTuple):
    """`residuals` are law / measured - 1, in the order of the sizes."""

    lam: float
    sigma: float
    kappa: float
    residuals: tuple

    def at(self, workers):
        """The law's throughput."""
        return self.lam * workers / load(workers, self.sigma, self.kappa)

    @property
    def rms(self):
        """Root mean square of the relative residuals."""
        return math.sqrt(math.fsum(r * r for r in self.residuals) / len(self.residuals))

    @property
    def peak(self):
        """Where the law's throughput is greatest; None where it rises for ever."""
        if self.kappa <= 0:
            return None
        return math.sqrt(max(0.0, 1 - self.sigma) / self.kappa)


def load(workers, sigma, kappa):
    return 1 + sigma * (workers - 1) + kappa * workers * (workers - 1)


def fit(sizes, throughputs):
    """The Fit, or None where there are fewer than MIN_SIZES different sizes. Values above 0."""
    if len(sizes) != len(throughputs):
        raise ValueError("sizes and throughputs of unequal length")
    if any(v <= 0 for v in (*sizes, *throughputs)):
        raise ValueError("sizes and throughputs must be above 0")
    if len(set(sizes)) < MIN_SIZES:
        return None
    points = list(zip(sizes, throughputs))
    best = None
    for count in (0, 1, 2):
        for free in combinations(("sigma", "kappa"), count):
            squares, found = _settle(points, free, _start(points, free))
            if min(found[1:]) >= 0 and (best is None or squares < best[0]):
                best = squares, found
    lam, sigma, kappa = math.exp(best[1][0]), *best[1][1:]
    law = Fit(lam, sigma, kappa, ())
    return law._replace(residuals=tuple(law.at(n) / x - 1 for n, x in points))


def _columns(free):
    """How N / X depends on 1/lambda, sigma/lambda and kappa/lambda, as far as they are free."""
    return [lambda n: 1.0,
            *([lambda n: n - 1.0] if "sigma" in free else []),
            *([lambda n: n * (n - 1.0)] if "kappa" in free else [])]


def _start(points, free):
    """[log lambda, sigma, kappa] by linear least squares on N / X; those not free are 0."""
    columns = _columns(free)
    rows = [([c(n) * x / n for c in columns], 1.0) for n, x in points]    # relative, as the fit is
    solved = _least_squares(rows, len(columns))
    if solved is None or solved[0] <= 0:
        return [math.log(max(x / n for n, x in points)), 0.0, 0.0]
    shares = iter(v / solved[0] for v in solved[1:])
    start = [-math.log(solved[0]), *(max(0.0, next(shares)) if name in free else 0.0
                                     for name in ("sigma", "kappa"))]
    return start


def _least_squares(rows, width):
    """The vector v with the least sum of (row . v - wanted)^2; None where it is not unique."""
    scale = [math.sqrt(math.fsum(r[i] ** 2 for r, _ in rows)) or 1.0 for i in range(width)]
    normal = [[math.fsum(r[i] * r[j] for r, _ in rows) / scale[i] / scale[j]
               for j in range(width)] for i in range(width)]
    right = [math.fsum(r[i] * wanted for r, wanted in rows) / scale[i] for i in range(width)]
    solved = solve(normal, right)
    return None if solved is None else [v / s for v, s in zip(solved, scale)]


def solve(matrix, right):
    """The solution of a small linear system by elimination; None where there is none."""
    rows = [list(line) + [value] for line, value in zip(matrix, right)]
    size = len(rows)
    for at in range(size):
        pivot = max(range(at, size), key=lambda i: abs(rows[i][at]))
        if abs(rows[pivot][at]) < 1e-14:
            return None
        rows[at], rows[pivot] = rows[pivot], rows[at]
        for below in range(at + 1, size):
            share = rows[below][at] / rows[at][at]
            for k in range(at, size + 1):
                rows[below][k] -= share * rows[at][k]
    solved = [0.0] * size
    for at in reversed(range(size)):
        rest = math.fsum(rows[at][k] * solved[k] for k in range(at + 1, size))
        solved[at] = (rows[at][size] - rest) / rows[at][at]
    return solved


def _residuals(points, v):
    """[law / measured - 1], or None where the law has no value."""
    loads = [load(n, v[1], v[2]) for n, _ in points]
    if min(loads) <= 0:
        return None
    return [math.exp(v[0]) * n / d / x - 1 for (n, x), d in zip(points, loads)]


def _squares(residuals):
    return math.inf if residuals is None else math.fsum(r * r for r in residuals)


def _slopes(points, v, free):
    """Rows of the derivatives by log lambda and by what is free."""
    rows = []
    for n, x in points:
        d = load(n, v[1], v[2])
        f = math.exp(v[0]) * n / d / x
        rows.append([f, *([-f * (n - 1) / d] if "sigma" in free else []),
                     *([-f * n * (n - 1) / d] if "kappa" in free else [])])
    return rows


def _settle(points, free, v):
    """(sum of squares, [log lambda, sigma, kappa]) by Levenberg-Marquardt steps from v."""
    moving = [0, *(i for i, name in enumerate(("sigma", "kappa"), 1) if name in free)]
    residuals = _residuals(points, v)
    squares, damping = _squares(residuals), 1e-3
    for _ in range(STEPS):
        slopes = _slopes(points, v, free)
        width = len(moving)
        normal = [[math.fsum(s[i] * s[j] for s in slopes) for j in range(width)]
                  for i in range(width)]
        right = [-math.fsum(s[i] * r for s, r in zip(slopes, residuals)) for i in range(width)]
        # In units of the diagonal: kappa is 10^-5 of lambda and would drown in the elimination.
        scale = [math.sqrt(normal[i][i]) or 1.0 for i in range(width)]
        matrix = [[normal[i][j] / scale[i] / scale[j] + (damping if i == j else 0)
                   for j in range(width)] for i in range(width)]
        step = solve(matrix, [value / s for value, s in zip(right, scale)])
        if step is None:
            damping = max(damping, 1e-12) * 10
            continue
        tried = list(v)
        for i, at in enumerate(moving):
            tried[at] += step[i] / scale[i]
        after = _residuals(points, tried)
        gained = squares - _squares(after)
        if gained < 0:
            if damping > 1e12:
                break
            damping *= 10
            continue
        v, residuals, squares = tried, after, squares - gained
        damping = max(damping / 10, 1e-15)
        if gained <= ENOUGH * squares or squares < 1e-28:
            break
    return squares, v
