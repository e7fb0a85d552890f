"""Statistics: pure functions on lists of numbers, deterministic, standard library only.

Equal to SciPy where SciPy has the same (tests/py/test_stats.py holds the reference values).
None means "cannot be said from so few samples"; it is never a number in disguise.
"""

import math
import random
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

MIN_SAMPLES = 6     # 1 - 2 * 0.5^n >= 0.95 from here on: below, no 95 % interval of a median exists


class Interval(NamedTuple):
    low: float
    high: float


class RatioInterval(NamedTuple):
    """low and high are None below MIN_SAMPLES on either side."""

    ratio: float
    low: float | None
    high: float | None


class UTest(NamedTuple):
    u: float
    p: float


def median(samples):
    """The middle value, or the mean of the two middle ones."""
    return _median_of_sorted(sorted(samples))


def _median_of_sorted(ordered):
    n = len(ordered)
    if not n:
        raise ValueError("median of nothing")
    half = n // 2
    return ordered[half] if n % 2 else (ordered[half - 1] + ordered[half]) / 2


def median_ci(samples, conf=0.95):
    """Interval of the median by order statistics, distribution-free; None where none reaches conf.

    The k-th smallest and k-th largest value, k the greatest with 1 - 2 P(Bin(n, 1/2) < k) >= conf.
    """
    ordered = sorted(samples)
    k = _median_ci_rank(len(ordered), conf)
    return Interval(ordered[k - 1], ordered[-k]) if k else None


@lru_cache(maxsize=256)
def _median_ci_rank(n, conf):
    tail, k = 0, 0          # integers: tail / 2^n is P(Bin < k + 1)
    while k < n // 2:
        tail += math.comb(n, k)
        if 1 - 2 * tail / 2 ** n < conf:
            break
        k += 1
    return k


def ratio_of_medians_ci(a, b, seed, resamples=2000, conf=0.95, paired=False):
    """median(a) / median(b) with its percentile bootstrap interval; the seed decides it fully.

    Percentile, not BCa: BCa's acceleration comes from the jackknife, which is inconsistent for a
    median. `paired`: a[i] and b[i] were measured in one block (same repetition, interleaved), and
    are resampled together, so that a drift common to both sides does not widen the interval;
    otherwise the sides are resampled independently. The resampling plan depends on sample sizes and
    seed only and is kept, so 1000 points cost little more than their sorting. Values must be > 0.
    """
    if not a or not b:
        raise ValueError("ratio of nothing")
    if min(a) <= 0 or min(b) <= 0:
        raise ValueError("ratio of values that are not above 0")
    if paired and len(a) != len(b):
        raise ValueError("paired samples of unequal length")
    ratio = median(a) / median(b)
    if min(len(a), len(b)) < MIN_SAMPLES:
        return RatioInterval(ratio, None, None)
    above = _resampled_medians(a, _plan(len(a), seed, 0, resamples))
    below = _resampled_medians(b, _plan(len(b), seed, 0 if paired else 1, resamples))
    ratios = sorted(x / y for x, y in zip(above, below))
    cut = max(1, int(resamples * (1 - conf) / 2 + 1e-9))
    return RatioInterval(ratio, ratios[cut - 1], ratios[-cut])


@lru_cache(maxsize=16)
def _plan(n, seed, side, resamples):
    # random() alone is promised to stay the same between Python versions; choices() is not.
    draw = random.Random(f"{seed}/{side}/{n}").random
    return [itemgetter(*(int(draw() * n) for _ in range(n))) for _ in range(resamples)]


def _resampled_medians(samples, plan):
    half = len(samples) // 2
    if len(samples) % 2:
        return [sorted(pick(samples))[half] for pick in plan]
    medians = []
    for pick in plan:
        ordered = sorted(pick(samples))
        medians.append((ordered[half - 1] + ordered[half]) / 2)
    return medians


def mann_whitney(a, b):
    """Two-sided Mann-Whitney U test, as scipy.stats.mannwhitneyu(a, b) does it by default.

    Exact where the smaller side has at most 8 samples and no value occurs twice; else the normal
    approximation with correction for ties and for continuity. u is a's.
    """
    n, m = len(a), len(b)
    if not n or not m:
        raise ValueError("Mann-Whitney test of nothing")
    ranks, ties = _rank_sum(a, b)
    u = ranks - n * (n + 1) / 2
    highest = max(u, n * m - u)
    if min(n, m) <= 8 and not ties:
        counts = _u_counts(min(n, m), max(n, m))
        p = 2 * sum(counts[int(highest):]) / math.comb(n + m, n)
        return UTest(u, min(1.0, p))
    total = n + m
    variance = n * m / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:           # every value the same
        return UTest(u, 1.0)
    z = (highest - n * m / 2 - 0.5) / math.sqrt(variance)
    return UTest(u, min(1.0, math.erfc(z / math.sqrt(2))))


def _rank_sum(a, b):
    """(sum of a's midranks in both, sum of t^3 - t over groups of t equal values)."""
    marked = sorted([(x, 1) for x in a] + [(x, 0) for x in b])
    ranks = ties = 0
    at = 0
    while at < len(marked):
        end = at
        while end < len(marked) and marked[end][0] == marked[at][0]:
            end += 1
        size = end - at
        ranks += (at + 1 + end) / 2 * sum(side for _, side in marked[at:end])
        ties += size ** 3 - size
        at = end
    return ranks, ties


@lru_cache(maxsize=64)
def _u_counts(n, m):
    """How many of the C(n+m, n) orders give U = 0, 1, ... n*m: a Gaussian binomial's coefficients.

    Multiplies by (1 - q^(m+i)) and divides by (1 - q^i) for i = 1 .. n, all in integers.
    """
    counts = [1] + [0] * (n * m)
    for i in range(1, n + 1):
        for at in range(n * m, m + i - 1, -1):
            counts[at] -= counts[at - m - i]
        for at in range(i, n * m + 1):
            counts[at] += counts[at - i]
    return counts


def holm(pvalues):
    """Holm's adjusted p-values, in the order given: reject where one is below alpha."""
    order = sorted(range(len(pvalues)), key=pvalues.__getitem__)
    adjusted, worst = [0.0] * len(pvalues), 0.0
    for place, at in enumerate(order):
        worst = max(worst, min(1.0, pvalues[at] * (len(pvalues) - place)))
        adjusted[at] = worst
    return adjusted


def geometric_mean(values):
    """exp of the mean log; None of nothing. Only ever of ratios over points both sides have."""
    values = list(values)
    if not values:
        return None
    if min(values) <= 0:
        raise ValueError("geometric mean of values that are not above 0")
    return math.exp(math.fsum(map(math.log, values)) / len(values))


def cv(samples):
    """Coefficient of variation (sample standard deviation / mean); None below two samples."""
    n = len(samples)
    if n < 2:
        return None
    mean = math.fsum(samples) / n
    if mean == 0:
        return None
    return math.sqrt(math.fsum((x - mean) ** 2 for x in samples) / (n - 1)) / abs(mean)


def binomial_ci(hits, trials, conf=0.95):
    """Clopper-Pearson interval of a share; None without trials. Never too narrow."""
    if not 0 <= hits <= trials:
        raise ValueError("more hits than trials")
    if not trials:
        return None
    tail = (1 - conf) / 2
    low = _solve(lambda p: _at_least(hits, trials, p) - tail) if hits else 0.0
    high = _solve(lambda p: tail - _at_most(hits, trials, p)) if hits < trials else 1.0
    return Interval(low, high)


def _solve(rising):
    """Root of a rising function on [0, 1] by bisection, to the last bit that matters."""
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _binomial_terms(first, last, n, p):
    log_p, log_q = math.log(p), math.log1p(-p)
    return math.fsum(math.exp(math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
                              + k * log_p + (n - k) * log_q) for k in range(first, last + 1))


def _at_least(k, n, p):
    return _binomial_terms(k, n, n, p)


def _at_most(k, n, p):
    return _binomial_terms(0, k, n, p)


def jain(values):
    """Jain's fairness index: 1 if all are equal, 1/n if one has all; None of nothing or zeros."""
    squares = math.fsum(x * x for x in values)
    if not values or squares == 0:
        return None
    return min(1.0, math.fsum(values) ** 2 / (len(values) * squares))
