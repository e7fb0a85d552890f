"""Two runs point by point: what both have, how far apart it is, and what may be said of it.

A is the base, B is what is compared with it. Ratios are turned so that above 1 B is better.
"""

import math
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from contendlib import condense, control, judge, pairing, stats
from contendlib.plot_source import mostly_noisy
from contendlib.textable import percent

WORSE, CANNOT_TELL, OTHER_CPU, SAME, BETTER = ("worse", "cannot tell", "other CPU", "same",
                                               "better")
VERDICTS = (WORSE, CANNOT_TELL, OTHER_CPU, SAME, BETTER)    # worst first

# Ratios of 0, and of numbers that no clock gives, would be no finding (and overflow).
SOUND = (1e-12, 1e18)

# What stands behind "cannot tell": a word for tables, and a sentence on all points that have it.
CAUSES = {
    "cpu": "a CPU is unknown, so it may be another one (--across-cpus compares all the same)",
    "n": f"a side has fewer than {stats.MIN_SAMPLES} repetitions",
    "noise": "half or more of a side's windows were noisy",
    "hop": f"the core-to-core hop of one run is more than {pairing.HOP_MOVED}x the other's, or "
           "known in one run only",
    "process": "several threads: two processes of the same binary differ as much",
    "holm": "too far apart for same, but p does not stand Holm's correction",
    "wide": "the ratio's interval reaches across the least effect",
}


# With several threads, two runs of one binary on a 2-core VM lay up to 3 % apart at points where
# the windows of each repeated to 1 %: which page the contended line is on stays for a process.
BETWEEN_PROCESSES = 0.05


class Ground(NamedTuple):
    """What both runs stand on: decides which verdicts are possible at all."""

    effect: float               # least ratio (less 1) that counts
    same_run: bool = False      # one run given twice
    same_cpu: bool | None = True        # None: unknown on a side
    across: bool = False        # verdicts wanted although the CPUs differ


@dataclass(frozen=True)
class Entry:
    """One point of both runs. p is None where a side has too few samples; u is A's."""

    a: condense.Point
    b: condense.Point
    ratio: float
    low: float | None
    high: float | None
    u: float
    p: float | None
    p_holm: float | None = None
    verdict: str = ""
    cause: str = ""             # a key of CAUSES where the verdict is "cannot tell"
    why: str = ""

    @property
    def key(self):
        return self.a.key

    @property
    def counts(self):
        """"8", or "8/6" where the sides differ."""
        return str(self.a.n) if self.a.n == self.b.n else f"{self.a.n}/{self.b.n}"


@dataclass
class Matched:
    """The points of two runs after the filters, sorted out."""

    pairs: list = field(default_factory=list)           # [(Point of A, Point of B)]
    missing_a: list = field(default_factory=list)       # points that A lacks: keys, B's order
    missing_b: list = field(default_factory=list)
    unsound: list = field(default_factory=list)         # keys at which a value is out of SOUND
    unused: list = field(default_factory=list)          # [("a" or "b", Point)] with rows left out


def match(a_points, b_points):
    """A point of which all rows failed counts as missing, and is among the unused."""
    found = Matched()
    sides = {"a": {p.key: p for p in a_points}, "b": {p.key: p for p in b_points}}
    for side, points in sides.items():
        found.unused += [(side, p) for p in points.values() if p.failed or p.unverified]
    here, there = ({k: p for k, p in s.items() if p.n} for s in sides.values())
    for key, a in here.items():
        b = there.get(key)
        if b is None:
            found.missing_b.append(key)
        elif not sound(a, b):
            found.unsound.append(key)
        else:
            found.pairs.append((a, b))
    found.missing_a = [key for key in there if key not in here]
    return found


def sound(a, b):
    values = a.samples + b.samples
    return SOUND[0] <= min(values) and max(values) <= SOUND[1]


def least_effect(runs):
    """(effect, A/A spread or None): the run with the wider spread decides for both."""
    spreads = []
    for run in runs:
        whole, _ = control.trials(run.rows("control"))
        found = judge.spread([t.log_ratio for t in whole if t.work_pct == control.AA and t.judged
                              and sound(t.a, t.b)])
        if found is not None:
            spreads.append(found)
    widest = max(spreads, default=None)
    return judge.min_effect(widest), widest


def compare(pairs, column, ground):
    """[Entry] of pairs of points, worst first."""
    entries = [_measure(a, b, column) for a, b in pairs]
    tested = [at for at, e in enumerate(entries) if e.p is not None]
    for at, adjusted in zip(tested, stats.holm([entries[at].p for at in tested])):
        entries[at] = replace(entries[at], p_holm=adjusted)
    judged = [_judged(e, ground, len(tested)) for e in entries]
    return sorted(judged, key=lambda e: (VERDICTS.index(e.verdict), e.ratio))


def _measure(a, b, column):
    """Two runs share no block, so the sides are resampled independently."""
    top, bottom = (a, b) if column.better == "lower" else (b, a)
    ratio, low, high = stats.ratio_of_medians_ci(top.samples, bottom.samples, pairing.SEED)
    test = stats.mann_whitney(a.samples, b.samples)
    return Entry(a, b, ratio, low, high, test.u, None if low is None else test.p)


def _judged(e, ground, tested):
    verdict, cause, why = _verdict(e, ground, tested)
    return replace(e, verdict=verdict, cause=cause, why=why)


def _verdict(e, ground, tested):
    """(verdict, cause, why). What makes the measurement unfit comes before what it says."""
    if ground.same_run:
        return SAME, "", "one run on both sides"
    if not ground.same_cpu and not ground.across:
        if ground.same_cpu is None:
            return CANNOT_TELL, "cpu", "the CPU of a side is unknown"
        return OTHER_CPU, "", "laid side by side, not judged"
    if e.p_holm is None:
        return CANNOT_TELL, "n", f"{e.counts} repetitions, need >= {stats.MIN_SAMPLES}"
    for name, point in (("A", e.a), ("B", e.b)):
        if mostly_noisy(point):
            return CANNOT_TELL, "noise", f"{point.noisy} of {point.n} windows of {name} noisy"
    if ground.same_cpu and (moved := hop_moved(e)):
        return CANNOT_TELL, "hop", moved
    if sorted(e.a.samples) == sorted(e.b.samples):
        return SAME, "", "the same samples on both sides"
    apart = percent(math.expm1(abs(math.log(e.ratio))))
    if judge.differs(e.a.samples, e.b.samples, ground.effect, e.p_holm).different:
        if e.key.threads > 1 and abs(math.log(e.ratio)) <= math.log1p(BETWEEN_PROCESSES):
            return (CANNOT_TELL, "process",
                    f"{apart} apart, within the {percent(BETWEEN_PROCESSES)} between processes")
        return (BETTER if e.ratio > 1 else WORSE), "", f"p {e.p_holm:.2g} after Holm, {apart} apart"
    least, most = 1 / (1 + ground.effect), 1 + ground.effect
    if least <= e.low and e.high <= most:
        return SAME, "", f"interval within {percent(ground.effect)} of 1"
    if e.high < least or e.low > most:
        return (CANNOT_TELL, "holm", f"{apart} apart, but p {e.p:.2g} is {e.p_holm:.2g} after Holm "
                f"over {tested} points")
    return CANNOT_TELL, "wide", f"interval crosses 1 by {percent(ground.effect)}"


def hop_moved(e):
    """Why contended numbers of the two runs stand on unequal ground; None where they do not."""
    a, b = e.a.hop, e.b.hop
    if e.key.threads < 2 or (a is None and b is None):
        return None
    if a is None or b is None:
        return f"hop not measured in {'A' if a is None else 'B'}"
    if max(a, b) <= pairing.HOP_MOVED * min(a, b):
        return None
    return f"hop {a:.4g} ns in A, {b:.4g} ns in B"


def geomeans(entries, ground):
    """{family: {"ratio", "count"}} over the points in common, in the order of the families.

    Over two CPUs there is no mean unless asked for: it would say "x % faster" of unlike things.
    """
    families = {}
    for e in entries:
        families.setdefault(e.key.family, []).append(e.ratio)
    said = ground.same_cpu or ground.across
    return {family: {"ratio": stats.geometric_mean(ratios) if said else None,
                     "count": len(ratios)} for family, ratios in sorted(families.items())}


def too_few(entries):
    """(best p in reach, points, repetitions that would do) where nothing can ever differ, or None.

    Few repetitions bound p from below, and Holm multiplies it: then "cannot tell" is no finding
    about the runs.
    """
    tested = [e for e in entries if e.p is not None]
    if not tested:
        return None

    def best(n, m):
        return stats.mann_whitney(range(n), range(n, n + m)).p
    least = min(best(n, m) for n, m in {(e.a.n, e.b.n) for e in tested})
    if least * len(tested) < judge.ALPHA:
        return None
    enough = next(n for n in range(stats.MIN_SAMPLES, 1000) if best(n, n) * len(tested)
                  < judge.ALPHA)
    return least, len(tested), enough


def tally(entries):
    """{verdict: count} of the verdicts that occur, worst first."""
    counts = {v: sum(e.verdict == v for e in entries) for v in VERDICTS}
    return {v: n for v, n in counts.items() if n}
