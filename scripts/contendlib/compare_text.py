"""The comparison as lines for a terminal of WIDTH columns, as CSV and as JSON."""

import csv
import io
import textwrap

from contendlib import compare_environment, judge, pairing, schema, textable
from contendlib.compare_environment import finite
from contendlib.compare_points import (BETWEEN_PROCESSES, CANNOT_TELL, CAUSES, WORSE, tally,
                                       too_few)

WIDTH = 100
MOST_FIELDS = 40                # lines of environment differences; --json has them all
SIDES = ("a", "b")


class Result:
    """All that compare found; the three outputs and the chart are views of it."""

    def __init__(self, runs, column, ground, spread, entries, matched, geomeans):
        self.runs, self.column, self.ground, self.spread = runs, column, ground, spread
        self.entries, self.matched, self.geomeans = entries, matched, geomeans

    @property
    def ratio_is(self):
        name = self.column.name
        way = f"A's {name} / B's" if self.column.better == "lower" else f"B's {name} / A's"
        return f"{way}; above 1 B is {self.better_word}"

    @property
    def better_word(self):
        return "faster" if self.column.name in ("ns_per_op", "ops_per_s") else "better"

    @property
    def worse(self):
        return sum(e.verdict == WORSE for e in self.entries)

    def noisy(self):
        """(noisy, all) windows used on each side."""
        return [(sum(p.noisy for p in side), sum(p.n for p in side)) for side in
                ([e.a for e in self.entries], [e.b for e in self.entries])]


def fixed(keys):
    """{(family, workload): {name: value}} of what is the same at all points of a workload."""
    groups = {}
    for key in keys:
        groups.setdefault((key.family, key.workload), []).append(key.where())
    found = {}
    for group, places in groups.items():
        first = places[0]
        found[group] = {n: v for n, v in first.items() if n not in ("family", "workload")
                        and all(p.get(n) == v for p in places)}
    return found


def places(where, known=()):
    """Names and values of a setting as words, without those in `known`: thread/compact T=2 ..."""
    words = []
    if "exec" not in known and "exec" in where and "placement" in where:
        words.append(f"{where['exec']}/{where['placement']}")
    else:
        words += [str(where[n]) for n in ("exec", "placement") if n in where and n not in known]
    if "threads" in where and "threads" not in known:
        words.append(f"T={where['threads']}")
    return words + [f"{n.removeprefix('p_')}={v:.10g}" for n, v in where.items()
                    if n.startswith("p_") and n not in known]


def setting(key, constant=None):
    """A point's workload and what varies within it: mixed T=2 read_pct=90."""
    known = (constant or {}).get((key.family, key.workload), {})
    return " ".join([key.workload, *places(key.where(), known)])


def _wrapped(text, indent="  "):
    return textwrap.wrap(text, WIDTH, subsequent_indent=indent, break_long_words=False,
                         break_on_hyphens=False)


# ---------------------------------------------------------------- terminal

def lines(result):
    """The whole answer as text."""
    out = [f"{side.upper()} = {pairing.heading(run)}" for side, run in zip(SIDES, result.runs)]
    out += _heading(result)
    constant = fixed(e.key for e in result.entries)
    for family, mean in result.geomeans.items():
        out += [""] + _family(result, family, mean, constant)
    return out + [""] + _ending(result)


def _heading(result):
    effect = textable.percent(result.ground.effect)
    tested = sum(e.p is not None for e in result.entries)
    spread = ("no A/A control in either run" if result.spread is None else
              "twice the A/A spread of the runs, at least 1 %")
    out = []
    if result.ground.same_run:
        out.append("one run on both sides: every point is the same by definition")
    elif result.ground.same_cpu is False:
        out.append("other CPUs: laid side by side, never pooled" +
                   (", judged because of --across-cpus" if result.ground.across else
                    "; no verdicts (--across-cpus gives them)"))
    out += _wrapped(f"A and B: medians of {result.column.name}; ratio = {result.ratio_is}; 95 %: "
                    "its bootstrap interval")
    out += _wrapped(f"worse or better takes both: p < {judge.ALPHA} (Mann-Whitney, Holm over "
                    f"{tested} points) and medians {effect} apart ({spread}); same takes an "
                    f"interval within {effect}")
    out += _wrapped("each side is one process: what differs between processes (memory layout, "
                    "where a hypervisor put the CPUs) is part of every ratio, so with several "
                    f"threads worse or better takes {textable.percent(BETWEEN_PROCESSES)}")
    return out + _environments(result)


def _environments(result):
    found = compare_environment.differences(*result.runs)
    silent = compare_environment.unknown(*result.runs)
    out = []
    if found:
        out.append(f"the environments differ in {len(found)} "
                   f"field{'' if len(found) == 1 else 's'}:")
        rows = [("field", "A", "B")]
        rows += [tuple(compare_environment.shown(d[n], WIDTH - 12) for n in ("field", "a", "b"))
                 for d in found[:MOST_FIELDS]]
        narrow = [r for r in rows if sum(map(len, r)) <= WIDTH // 2]
        width = max(len(r[0]) for r in narrow)
        for name, a, b in rows:
            if (name, a, b) in narrow:
                other = max(len(r[1]) for r in narrow)
                out.append(f"  {name:<{width}}  {a:<{other}}  {b}")
            else:
                out += [f"  {name}", f"    A  {a}", f"    B  {b}"]
        if len(found) > MOST_FIELDS:
            out.append(f"  and {len(found) - MOST_FIELDS} more (--json lists them)")
    else:
        out.append("the environments do not differ in anything recorded")
    if silent:
        names = [compare_environment.shown(name) for name in silent[:MOST_FIELDS]]
        more = f" and {len(silent) - MOST_FIELDS} more" if len(silent) > MOST_FIELDS else ""
        out += _wrapped(f"unknown on both sides: {', '.join(names)}{more}")
    return out


def _family(result, family, mean, constant):
    mine = [e for e in result.entries if e.key.family == family]
    said = "" if mean["ratio"] is None else f"geometric mean {mean['ratio']:.3f}x over "
    unfit = sum(e.cause in ("n", "noise", "hop") for e in mine)
    points = f"{_points(mean['count'])} in common"
    note = f" ({unfit} of them unfit for a verdict)" if unfit and said else ""
    out = [f"{family}: {said}{points}{note}"]
    for (of, workload), values in constant.items():
        if of == family and values:
            out += _wrapped(f"  {workload}: all at {' '.join(places(values))}", "    ")
    names = max(len("contestant"), *(len(e.key.contestant) for e in mine))
    rows = [("A", "B", "ratio 95 %       ", "n", "verdict")]
    rows += [(textable.number(e.a.median), textable.number(e.b.median), _ratio_cell(e), e.counts,
              e.verdict + (f": {e.cause}" if e.cause else "")) for e in mine]
    left = [f"{'contestant':<{names}}  at"]
    left += [f"{e.key.contestant:<{names}}  {setting(e.key, constant)}" for e in mine]
    widths = [max(len(r[at]) for r in rows) for at in range(5)]
    room = WIDTH - sum(widths) - 2 * 5
    widest = min(room, max(map(len, left[1:])))
    for text, row in zip(left, rows):
        if len(text) > widest:      # on a line of its own, so that the columns stay in place
            out.append(text)
            text = ""
        cells = [cell.rjust(w) for cell, w in zip(row[:-1], widths)] + [row[-1]]
        out.append("  ".join([text.ljust(widest), *cells]).rstrip())
    return out


def ratio_text(value):
    """Three digits after the point near 1, as many that count elsewhere."""
    return f"{value:.3f}" if 0.1 <= value < 10 else textable.number(value, 4 - (value < 1))


def _ratio_cell(e):
    interval = "" if e.low is None else f"{ratio_text(e.low)}-{ratio_text(e.high)}"
    return f"{ratio_text(e.ratio)} {interval:<11}"


def _ending(result):
    counts = tally(result.entries)
    out = [f"{_points(len(result.entries))}: " + ", ".join(f"{n} {v}" for v, n in counts.items())]
    for cause, text in CAUSES.items():
        if n := sum(e.verdict == CANNOT_TELL and e.cause == cause for e in result.entries):
            out += _wrapped(f"  cannot tell: {cause} = {text}: {n}", "    ")
    if not result.ground.same_run and (few := too_few(result.entries)):
        least, points, enough = few
        out += _wrapped(f"no difference could have been shown: so few repetitions give p >= "
                        f"{least:.2g}, and Holm multiplies it by up to {points} points; measure "
                        f"with --reps {enough}, or compare fewer (--family, --workload, --where)")
    (a_noisy, a_all), (b_noisy, b_all) = result.noisy()
    out.append(f"noisy windows: {a_noisy} of {a_all} in A, {b_noisy} of {b_all} in B")
    out += _missing("in A only", result.matched.missing_b, result.runs[1])
    out += _missing("in B only", result.matched.missing_a, result.runs[0])
    for side in SIDES:
        out += _unused(side, [p for s, p in result.matched.unused if s == side])
    out += _listed("not compared, a value is 0 or beyond measure", result.matched.unsound)
    names = ("both",) if result.ground.same_run else ("A", "B")
    out += [f"incomplete: {name}: {text}" for name, run in zip(names, result.runs)
            for text in run.incomplete]
    return out


def _missing(title, keys, other):
    """Families that the other run has nothing of in one line; the rest point by point."""
    out = []
    for family in dict.fromkeys(key.family for key in keys if key.family not in other.tables):
        count = sum(key.family == family for key in keys)
        out.append(f"{title}: all of family {family}, {_points(count)}")
    return out + _listed(title, [key for key in keys if key.family in other.tables])


def _points(count):
    return f"{count} point{'' if count == 1 else 's'}"


def _listed(title, keys):
    """A line or two per contestant; JSON has every point."""
    groups = {}
    for key in keys:
        groups.setdefault((key.family, key.contestant), []).append(key)
    constant, out = fixed(keys), []
    for (family, contestant), mine in groups.items():
        text = f"{title}: {family} {contestant}, {_points(len(mine))}: "
        at = [setting(key, constant) for key in mine]
        kept = next((n for n in range(len(at), 1, -1)
                     if len(text) + len(", ".join(at[:n])) <= 2 * WIDTH - 30), 1)
        more = f" and {len(at) - kept} more" if kept < len(at) else ""
        out += _wrapped(text + ", ".join(at[:kept]) + more)
    return out


def _unused(side, points):
    out = []
    for name in ("failed", "unverified"):
        mine = [p for p in points if getattr(p, name)]
        if mine:
            out += _listed(f"not used in {side.upper()}: {sum(getattr(p, name) for p in mine)} "
                           f"{name} rows", [p.key for p in mine])
    return out


# ---------------------------------------------------------------- CSV and JSON

def csv_text(result):
    """One row a point, worst first, with the names of the result files' own columns."""
    families = list(dict.fromkeys(e.key.family for e in result.entries))
    params = list(dict.fromkeys(p for f in schema.FAMILIES if f in families
                                for p in schema.params(f)))
    names = ["family", "contestant", "workload", "exec", "placement", "threads"]
    side = ("run_id", "n", "median", "low", "high", "noisy", "hop_ns")
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names + params + ["metric", "verdict", "why", "ratio", "low", "high", "u", "p",
                                      "p_holm"] + [f"{s}_{n}" for s in SIDES for n in side])
    for e in result.entries:
        cells = [getattr(e.key, n) for n in names] + [e.key.param(p) for p in params]
        cells += [result.column.name, e.verdict, e.why, e.ratio, e.low, e.high, e.u, e.p, e.p_holm]
        for run, p in zip(result.runs, (e.a, e.b)):
            cells += [run.run_id, p.n, p.median, p.lo, p.hi, p.noisy, finite(p.hop)]
        writer.writerow(map(_cell, cells))
    return out.getvalue()


def _cell(value):
    """Shortest decimals that give the same number again; no .0, no exponent unless tiny."""
    if isinstance(value, float):
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
    return "" if value is None else value


def answer(result):
    """The JSON answer. missing.a holds the points that A lacks."""
    def key(k):
        return {**k.where(), "contestant": k.contestant}

    def side(p):
        return {"median": p.median, "low": p.lo, "high": p.hi, "n": p.n, "noisy": p.noisy,
                "hop_ns": finite(p.hop)}

    m = result.matched
    return {
        "metric": result.column.name, "ratio_is": result.ratio_is,
        "runs": {name: run.run_id for name, run in zip(SIDES, result.runs)},
        "same_cpu": result.ground.same_cpu, "min_effect": result.ground.effect,
        "aa_spread": result.spread, "verdicts": tally(result.entries),
        "points": [{**key(e.key), "verdict": e.verdict, "why": e.why, "ratio": e.ratio,
                    "low": e.low, "high": e.high, "u": e.u, "p": e.p, "p_holm": e.p_holm,
                    "a": side(e.a), "b": side(e.b)} for e in result.entries],
        "geomeans": result.geomeans,
        "environment_diff": compare_environment.differences(*result.runs),
        "environment_unknown": compare_environment.unknown(*result.runs),
        "missing": {"a": [key(k) for k in m.missing_a], "b": [key(k) for k in m.missing_b]},
        "not_used": [{**key(p.key), "side": s, "failed": p.failed, "unverified": p.unverified}
                     for s, p in m.unused],
        "not_compared": [key(k) for k in m.unsound],
        "incomplete": {name: run.incomplete for name, run in zip(SIDES, result.runs)},
    }
