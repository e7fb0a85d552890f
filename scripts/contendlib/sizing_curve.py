"""How many workers? What is measured, what the rule predicts, and whether a law fits: of one curve.

A curve is the throughput of one pool for one kind of job over the number of workers. Everything here
says "cannot tell" (None, and a reason in `silent`) rather than guess:

* best: the greatest median. The flat region: all sizes that the project's rule (Mann-Whitney, Holm
  over the curve's sizes, 1 % apart) does not call different from the best. The optimum is the fewest
  workers in it: more would only cost memory and switches.
* prediction: n / (1 - wait share), n CPUs; with a limit of k connections that a waiting job holds,
  no more than k / wait share workers have work (Little's law); under a quota of q CPUs, q for n.
* the universal scalability law, rejected where it lies more than OFF outside of the 95 % interval
  of a median: a hard knee, as waiting jobs have, is none of its shapes.
"""

import math
from dataclasses import dataclass, field

from contendlib import condense, judge, stats, usl

WORKLOADS = ("sizing", "sizing_socket", "quota")
WAITS = {"sizing": "a timer", "sizing_socket": "a socket echo", "quota": "a timer"}
MULTIPLES = (2, 8, 64)          # of the CPUs: where too many workers are looked at
OFF = 0.05
DOUBT = 0.10                    # a loss that noise may hide, and that has to be said
MIN_SIZES = 3                   # of a curve that has a shape


@dataclass(frozen=True)
class Size:
    """One number of workers, measured."""

    workers: int
    samples: tuple
    noisy: bool

    @property
    def value(self):
        return stats.median(self.samples)

    @property
    def interval(self):
        return stats.median_ci(self.samples)


@dataclass(frozen=True)
class Loss:
    """What a size loses against the best: a share, and its interval (None: too few repetitions)."""

    workers: int
    share: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Law:
    """The universal scalability law on this curve. `worst` is the size that it misses most, by the
    share `beyond` outside of that one's interval; `rejected` is None where nothing can be said."""

    fit: usl.Fit
    rejected: bool | None
    worst: int
    beyond: float


@dataclass
class Curve:
    """`point` is the key of the curve: that of its points without the workers."""

    key: condense.Key
    sizes: list                             # of Size, by workers
    cpus: float | None                      # n: CPUs, as the rows' own prediction has it
    quota: float | None                     # CPUs that a quota allows
    failed: int = 0                         # sizes without a verified row
    silent: dict = field(default_factory=dict)  # {what cannot be told: why}
    best: Size | None = None
    flat: list = field(default_factory=list)    # of Size; empty where it cannot be told
    law: Law | None = None

    @property
    def wait_pct(self):
        return self.key.param("p_wait_pct") or 0

    @property
    def compute_us(self):
        return self.key.param("p_compute_us")

    @property
    def limit(self):
        return self.key.param("p_limit")

    @property
    def optimum(self):
        """The fewest workers that cannot be told from the best."""
        return self.flat[0] if self.flat else None

    @property
    def stretches(self):
        """The flat region as [(first, last)] workers, parted by sizes that do lose."""
        found, open_ = [], False
        for size in self.sizes:
            if size not in self.flat:
                open_ = False
            elif open_:
                found[-1] = (found[-1][0], size.workers)
            else:
                found.append((size.workers, size.workers))
                open_ = True
        return found

    @property
    def at_the_end(self):
        """True where only the largest size measured is in the flat region: it may go on rising."""
        return bool(self.flat) and self.optimum is self.sizes[-1]

    @property
    def doubt(self):
        """The Loss that the noise around the optimum may hide where that is more than DOUBT."""
        loss = self.loss(self.optimum.workers) if self.flat else None
        return loss if loss and loss.high is not None and loss.high > DOUBT else None

    @property
    def predicted(self):
        """By the CPUs that there are: what "number of cores" would say."""
        return predicted(self.cpus, self.wait_pct, self.limit)

    @property
    def predicted_by_quota(self):
        return predicted(self.quota, self.wait_pct, self.limit)

    def size(self, workers):
        """The Size of that many workers, to the whole number; None where it was not measured."""
        return next((s for s in self.sizes if abs(s.workers - workers) <= 0.5), None)

    def loss(self, workers):
        """The Loss of that many workers; None where they were not measured."""
        size = self.size(workers) if workers else None
        if size is None:
            return None
        if size is self.best:
            return Loss(size.workers, 0.0, 0.0, 0.0)
        ratio = stats.ratio_of_medians_ci(size.samples, self.best.samples, 1)
        low, high = (None, None) if ratio.low is None else (1 - ratio.high, 1 - ratio.low)
        return Loss(size.workers, 1 - ratio.ratio, low, high)

    @property
    def losses(self):
        """{multiple of the CPUs: Loss or None} at 2n, 8n and 64n."""
        return {m: self.loss(m * self.cpus) if self.cpus else None for m in MULTIPLES}


def predicted(cpus, wait_pct, limit=None):
    """n / (1 - wait share): the workers of whom n compute while the others wait. None without n."""
    if not 0 <= wait_pct < 100:
        raise ValueError(f"a wait share of {wait_pct} %")
    if cpus is None:
        return None
    free = 100 * cpus / (100 - wait_pct)
    return min(free, 100 * limit / wait_pct) if limit and wait_pct else free


def enough_repetitions(others, n):
    """True where n repetitions can set the best apart from each of so many others at all: the least
    p that the test has, times the comparisons, is below the limit."""
    return n >= stats.MIN_SAMPLES and 2 / math.comb(2 * n, n) * others < judge.ALPHA


def repetitions_needed(others):
    n = stats.MIN_SAMPLES
    while not enough_repetitions(others, n):
        n += 1
    return n


def flat_region(sizes):
    """(best, [Size] not different from it, None), or (best, [], why it cannot be told)."""
    best = max(sizes, key=lambda s: s.value)
    others = [s for s in sizes if s is not best]
    if len(sizes) < MIN_SIZES:
        return best, [], (f"{_count(len(sizes), 'number')} of workers measured, "
                          f"it takes {MIN_SIZES}")
    least = min(len(s.samples) for s in sizes)
    if not enough_repetitions(len(others), least):
        return best, [], (f"{_count(least, 'repetition')}, it takes "
                          f"{repetitions_needed(len(others))} to tell {len(sizes)} sizes apart")
    tests = [stats.mann_whitney(best.samples, s.samples).p for s in others]
    same = {id(s) for s, p in zip(others, stats.holm(tests))
            if not judge.differs(best.samples, s.samples, p=p).different}
    return best, [s for s in sizes if s is best or id(s) in same], None


def fit_law(sizes):
    """(Law, None), or (None, why there is none)."""
    fit = usl.fit([s.workers for s in sizes], [s.value for s in sizes])
    if fit is None:
        return None, (f"{_count(len(sizes), 'number')} of workers measured, a fit takes "
                      f"{usl.MIN_SIZES}")
    beyond = [_beyond(s, fit.at(s.workers)) for s in sizes]
    worst = max(range(len(sizes)), key=lambda i: (beyond[i], abs(fit.residuals[i])))
    known = all(s.interval for s in sizes)
    return Law(fit, beyond[worst] > OFF if known else None, sizes[worst].workers,
               beyond[worst]), None


def _beyond(size, law):
    """How far the law lies outside of the median's interval, as a share of the median."""
    low, high = size.interval or (size.value, size.value)
    return max(0.0, low - law, law - high) / size.value


def _count(number, word):
    return f"{number} {word}" + ("" if number == 1 else "s")


def curve_key(key):
    """The key without what varies along a curve."""
    return key._replace(params=tuple((n, None if n == "p_workers" else v) for n, v in key.params))


def _usable_cpus(environment):
    topology = environment.get("topology")
    for name in ("usable_cores", "usable_pus"):
        count = topology.get(name) if isinstance(topology, dict) else None
        if type(count) is int and count >= 1:
            return count
    return None


def analyse(key, points, environment):
    """The Curve of these points of one key. Unverified and failed windows are not in it."""
    measured = sorted((p for p in points if p.n and p.key.param("p_workers")),
                      key=lambda p: p.key.param("p_workers"))
    sizes = [Size(p.key.param("p_workers"), p.samples, 2 * p.noisy >= p.n) for p in measured]
    wait = key.param("p_wait_pct") or 0
    stated = [v for v in (p.median_of("predicted_workers") for p in measured) if v]
    cpus = (stats.median(stated) * (100 - wait) / 100 if stated
            else _usable_cpus(environment))
    quotas = [v for v in (p.median_of("quota_cpus") for p in measured) if v]
    curve = Curve(key, sizes, cpus, stats.median(quotas) if quotas else None,
                  sum(not p.n for p in points))
    if not sizes:
        curve.silent["optimum"] = curve.silent["law"] = "no verified window"
        return curve
    curve.best, curve.flat, why = flat_region(sizes)
    if why:
        curve.silent["optimum"] = why
    curve.law, why = fit_law(sizes)
    if why:
        curve.silent["law"] = why
    if cpus is None:
        curve.silent["prediction"] = "the number of CPUs is not in the run"
    return curve


def curves(rows, environment):
    """[Curve] of a run's rows of the family pool, in the order of the file."""
    groups = {}
    chosen = [r for r in rows if r["workload"] in WORKLOADS and r["p_workers"]]
    for point in condense.condense(chosen, "ops_per_s"):
        groups.setdefault(curve_key(point.key), []).append(point)
    return [analyse(key, points, environment) for key, points in groups.items()]
