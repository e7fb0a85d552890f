"""When two samples are called different: one rule, for `compare` and for the A/A control alike.

Different means both: Mann-Whitney's p below ALPHA, and medians further apart than the minimum
effect. Without the second, a large enough sample calls every difference of a tenth of a per cent
real; without the first, one lucky window decides.
"""

import math
from typing import NamedTuple

from contendlib import stats

ALPHA = 0.05
MIN_EFFECT = 0.01


class Verdict(NamedTuple):
    """`different` is None where either side has fewer than stats.MIN_SAMPLES samples."""

    different: bool | None
    ratio: float            # median(a) / median(b)
    p: float | None


def spread(log_ratios):
    """The A/A spread: median of |log ratio| between equal sides; None where there are none."""
    return stats.median([abs(x) for x in log_ratios]) if log_ratios else None


def min_effect(aa_spread=None):
    """The smallest ratio (less 1) worth a verdict: 1 %, or twice the A/A spread if that is more."""
    if aa_spread is None:
        return MIN_EFFECT
    return max(MIN_EFFECT, math.expm1(2 * aa_spread))


def differs(a, b, effect=MIN_EFFECT, p=None):
    """Verdict on two samples. `p` takes the place of the test's own, for a Holm-adjusted one.

    The effect is symmetric: a is as far above b by 1 % as b is below a.
    """
    ratio = stats.median(a) / stats.median(b)
    if min(len(a), len(b)) < stats.MIN_SAMPLES:
        return Verdict(None, ratio, None)
    if p is None:
        p = stats.mann_whitney(a, b).p
    return Verdict(p < ALPHA and abs(math.log(ratio)) > math.log1p(effect), ratio, p)
