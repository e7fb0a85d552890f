"""contend control: does the suite see differences where there are some, and only there?

Three trials, all judged by the rule that `compare` uses (judge.differs): A/A pairs give the false
alarms, a planted 10 % slow-down gives the sensitivity, and twice the work must take twice the time.
"""

import json
import math
from dataclasses import dataclass

from contendlib import condense, judge, reader, stats, textable
from contendlib.errors import ComparisonImpossible

AA, SLOWER, TWICE = 100, 110, 200       # p_work_pct of the three trials
FALSE_ALARMS = 0.05                     # limit of the share of A/A pairs called different
FOUND = 0.90                            # least share of planted slow-downs found
LINEAR = (1.90, 2.10)                   # twice the work takes 2.00 +- 5 %
ENOUGH_PAIRS = 200                      # below, the interval of a 5 % share is wide


def add_arguments(parser):
    parser.add_argument("run", metavar="RUN", help="run folder with a control.csv")
    parser.add_argument("--lenient", action="store_true",
                        help="use the whole rows of an incomplete run")
    parser.add_argument("--json", action="store_true", help="print JSON")


@dataclass(frozen=True)
class Trial:
    """One pair: the points of a and of b, measured interleaved in one block."""

    work_pct: int
    a: condense.Point
    b: condense.Point

    @property
    def log_ratio(self):
        """log(b / a): above 0 where b was slower."""
        return math.log(self.b.median / self.a.median)

    @property
    def judged(self):
        return min(self.a.n, self.b.n) >= stats.MIN_SAMPLES


def trials(rows):
    """(trials, settings that lack a side) of a control table's rows."""
    sides = {}
    for point in condense.condense(rows):
        sides.setdefault(point.key.setting(), {})[point.key.contestant] = point
    whole, lame = [], 0
    for setting, found in sides.items():
        if all(name in found and found[name].n for name in ("a", "b")):
            whole.append(Trial(setting.param("p_work_pct"), found["a"], found["b"]))
        else:
            lame += 1
    return whole, lame


def _share(hits, count, limit):
    interval = stats.binomial_ci(hits, count)
    return {"pairs": count, "hits": hits, "share": hits / count, "low": interval.low,
            "high": interval.high, "limit": limit}


def false_alarms(pairs, effect):
    """The A/A trial. Broken only by an interval wholly above the limit: few pairs prove little."""
    if not pairs:
        return None
    hits = sum(judge.differs(t.b.samples, t.a.samples, effect).different for t in pairs)
    found = _share(hits, len(pairs), FALSE_ALARMS)
    return found | {"ok": found["low"] <= FALSE_ALARMS}


def slow_downs(pairs, effect):
    """The planted slow-down: found means called different, and b called the slower."""
    if not pairs:
        return None
    verdicts = [judge.differs(t.b.samples, t.a.samples, effect) for t in pairs]
    found = _share(sum(v.different and v.ratio > 1 for v in verdicts), len(pairs), FOUND)
    return found | {"ok": found["share"] >= FOUND}


def linearity(pairs):
    """Twice the work: ratio of medians over all repetitions of all pairs, resampled by repetition.

    Each pair is scaled to its own geometric level first, so that a machine that changed between two
    blocks changes neither the ratio nor its interval.
    """
    if not pairs:
        return None
    above, below = [], []
    paired = all(t.a.reps == t.b.reps for t in pairs)
    for t in pairs:
        level = math.sqrt(t.a.median * t.b.median)
        above += [x / level for x in t.b.samples]
        below += [x / level for x in t.a.samples]
    ratio, low, high = stats.ratio_of_medians_ci(above, below, 1, paired=paired)
    return {"pairs": len(pairs), "ratio": ratio, "low": low, "high": high, "limit": list(LINEAR),
            "ok": LINEAR[0] <= ratio <= LINEAR[1]}


def analyse(rows):
    """The whole answer; a trial that was not measured is None. ok is False on any broken limit."""
    whole, lame = trials(rows)
    if not whole:
        raise ComparisonImpossible("no control pair has verified rows on both sides")
    judged = {pct: [t for t in whole if t.work_pct == pct and t.judged] for pct in
              (AA, SLOWER, TWICE)}
    if not any(judged.values()):
        raise ComparisonImpossible(f"no control pair has {stats.MIN_SAMPLES} repetitions on both "
                                   "sides: no verdict")
    spread = judge.spread([t.log_ratio for t in judged[AA]])
    effect = judge.min_effect(spread)
    parts = {"false_alarms": false_alarms(judged[AA], effect),
             "slow_downs": slow_downs(judged[SLOWER], effect),
             "linearity": linearity(judged[TWICE])}
    points = [p for t in whole for p in (t.a, t.b)]
    return parts | {"aa_spread": spread, "min_effect": effect,
                    "ok": all(part["ok"] for part in parts.values() if part),
                    "too_few_repetitions": sum(not t.judged for t in whole),
                    "without_both_sides": lame, "noisy": sum(p.noisy for p in points),
                    "rows": sum(p.n for p in points)}


def _verdict(part):
    return "not measured" if part is None else "pass" if part["ok"] else "FAIL"


def _share_text(part, limit):
    return (f"{part['hits']} of {part['pairs']} pairs called different = "
            f"{textable.percent(part['share'])} (95 % interval {textable.percent(part['low'])} to "
            f"{textable.percent(part['high'])}), limit {limit} {textable.percent(part['limit'])}")


def lines(found):
    """The answer as text, one line a trial."""
    alarms, slow, linear = found["false_alarms"], found["slow_downs"], found["linearity"]
    rows = [("A/A pairs", _verdict(alarms), _share_text(alarms, "at most") if alarms else ""),
            ("slow-down of 10 %", _verdict(slow), _share_text(slow, "at least") if slow else ""),
            ("twice the work", _verdict(linear), "")]
    if linear:
        interval = "" if linear["low"] is None else f" [{linear['low']:.3f}, {linear['high']:.3f}]"
        text = f"takes {linear['ratio']:.3f}x{interval}, limit {LINEAR[0]:.2f} to {LINEAR[1]:.2f}"
        rows[2] = (*rows[2][:2], text)
    out = [f"{name}: {verdict}{': ' if text else ''}{text}" for name, verdict, text in rows]
    spread = "unknown" if found["aa_spread"] is None else f"{math.expm1(found['aa_spread']):.2%}"
    out.append(f"different: Mann-Whitney p < {judge.ALPHA} and medians more than "
               f"{found['min_effect']:.2%} apart (A/A spread {spread})")
    out.append(f"{found['noisy']} of {found['rows']} rows noisy")
    if alarms and alarms["pairs"] < ENOUGH_PAIRS:
        out.append(f"few A/A pairs: {ENOUGH_PAIRS} make the interval of the false alarms narrow")
    if found["too_few_repetitions"]:
        out.append(f"not judged: {found['too_few_repetitions']} pairs with fewer than "
                   f"{stats.MIN_SAMPLES} repetitions")
    if found["without_both_sides"]:
        out.append(f"not judged: {found['without_both_sides']} pairs without verified rows on both "
                   "sides")
    return out


def main(args):
    run = reader.read_run(args.run, args.lenient)
    rows = run.rows("control")
    if not rows:
        raise ComparisonImpossible("the run has no control.csv; contend run --control measures one")
    found = analyse(rows)
    if args.json:
        print(json.dumps(found | {"run": run.run_id, "incomplete": run.incomplete}, indent=1,
                         allow_nan=False))
    else:
        print("\n".join(lines(found) + [f"incomplete: {text}" for text in run.incomplete]))
    return 0 if found["ok"] else 1
