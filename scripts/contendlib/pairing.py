"""Contestant against contestant at the points they have in common: what ratio and versus share."""

from dataclasses import dataclass

from contendlib import condense, reader, schema, stats, textable
from contendlib.errors import ComparisonImpossible, UsageError, printable

SEED = 1                    # fixed: the same files give the same interval, to the last digit
HOP_MOVED = 1.25            # sides whose hops differ by more were not measured on equal ground
EXECS = ("thread", "task")
UNFAIR = 0.5                # fairness_min_max below which somebody got less than half a share
TOO_FEW = f"need >= {stats.MIN_SAMPLES} repetitions for an interval"


def add_arguments(parser):
    """What every comparing command takes."""
    parser.add_argument("runs", nargs="+", metavar="RUN", help="run folder")
    parser.add_argument("--workload", help="this workload only")
    parser.add_argument("--where", action="append", metavar="K=V,...",
                        help="these values of keys and parameters only, as "
                        "p_read_pct=90,99,exec=thread")
    parser.add_argument("--threads", metavar="N,...", help="these thread counts only")
    parser.add_argument("--family", help="this family only, as counter")
    parser.add_argument("--metric", default="ns_per_op", help="what to compare (ns_per_op)")
    parser.add_argument("--lenient", action="store_true",
                        help="use the whole rows of incomplete runs")
    parser.add_argument("--json", action="store_true", help="print JSON")


@dataclass
class Selection:
    """Points of each run after the filters: [(Run, [Point])], and the metric's Column."""

    runs: list
    metric: object

    @property
    def contestants(self):
        return sorted({point.key.contestant for _, points in self.runs for point in points})

    def unused(self, names):
        """The rows of these contestants that were left out, one entry a point."""
        return [{"run": run.run_id, "contestant": point.key.contestant, "where": point.key.where(),
                 "failed": point.failed, "unverified": point.unverified}
                for run, points in self.runs for point in points
                if (point.failed or point.unverified) and point.key.contestant in names]


def select(args):
    """The Selection that the arguments ask for."""
    column = condense.check_metric(args.metric)
    if column.better is None:
        raise UsageError(f"metric {column.name} has no better direction, so no ratio of merit")
    allowed = condense.parse_where(args.where)
    for name, value in (("workload", args.workload), ("family", args.family)):
        if value is not None:
            _add(allowed, name, [value])
    if args.threads is not None:
        _add(allowed, "threads", _thread_counts(args.threads))
    runs = []
    for run in reader.read_runs(args.runs, args.lenient):
        rows = [row for row in run.rows() if condense.matches(row, allowed)]
        runs.append((run, condense.condense(rows, column.name)))
    return Selection(runs, column)


def _add(allowed, name, values):
    if name in allowed:
        raise UsageError(f"--{name} and --where {name}=, expected one of them")
    allowed[name] = values


def _thread_counts(text):
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise UsageError(f"--threads '{printable(text)}', expected numbers joined by ,") from None


def of_one_contract(entries):
    """The entries whose peer does all that ours does; every one, where no peer does."""
    return [e for e in entries if not schema.other_contract(e["peer"])] or entries


def is_unfair(fairness_min_max):
    return fairness_min_max is not None and fairness_min_max < UNFAIR


def compare(run, ours, peer, column):
    """One entry of the answer: how many times better `ours` is than `peer`, two points of one run.

    The ratio is turned so that > 1 means ours is better. Sides with the same repetitions were
    measured interleaved, and are resampled by repetition; others independently.
    """
    top, bottom = (peer, ours) if column.better == "lower" else (ours, peer)
    paired = ours.reps == peer.reps
    ratio, low, high = stats.ratio_of_medians_ci(top.samples, bottom.samples, SEED, paired=paired)
    hops = [hop for hop in (ours.hop, peer.hop) if hop is not None]
    notes = [TOO_FEW] if low is None else []
    if schema.other_contract(peer.key.contestant):
        notes.append("peer has another contract")
    if len(hops) == 2 and max(hops) > HOP_MOVED * min(hops):
        notes.append("hop moved")
    notes += [f"{side} unfair" for side, point in (("ours", ours), ("peer", peer))
              if is_unfair(point.median_of("fairness_min_max"))]
    return {"run": run.run_id, "where": ours.key.where(), "ours": ours.key.contestant,
            "peer": peer.key.contestant, "peer_exec": peer.key.exec, "ratio": ratio, "low": low,
            "high": high, "n": min(ours.n, peer.n), "paired": paired, "ours_median": ours.median,
            "peer_median": peer.median, "hop_ns": stats.median(hops) if hops else None,
            "noisy": ours.noisy + peer.noisy, "rows": ours.n + peer.n,
            "ours_fairness_min_max": ours.median_of("fairness_min_max"),
            "peer_fairness_min_max": peer.median_of("fairness_min_max"), "notes": notes}


def peer_label(entry):
    """The peer's name, with what its workers are where ours are something else."""
    if entry["peer_exec"] == entry["where"]["exec"]:
        return entry["peer"]
    return f"{entry['peer']} ({entry['peer_exec']})"


def _settings(setting, any_exec, own):
    """Where a peer of this setting's contestants stands: there, or where less is asked for."""
    params = tuple((name, None if name in own else found) for name, found in setting.params)
    others = (setting, setting._replace(params=params))
    execs = EXECS if any_exec else (setting.exec,)
    return list(dict.fromkeys(other._replace(exec=e) for other in others for e in execs))


def pairs(selection, wants, any_exec=False, own=()):
    """Entries for every setting and every (ours, peer) of `wants` that has both; and what has not.

    With `any_exec`, ours by threads stands against the peer by tasks too, and the other way round.
    The parameters `own` say how a contestant is made: with them ours stands against peers that have
    no such parameter.

    Points are paired inside one run only: contended numbers of two runs differ by where the threads
    happened to be placed, so nothing is pooled or compared over runs.
    """
    entries, zeros = [], []
    for run, points in selection.runs:
        found = {(p.key.setting(), p.key.contestant): p for p in points if p.n}
        for setting in dict.fromkeys(p.key.setting() for p in points):
            others = _settings(setting, any_exec, own)
            for ours_name, peer_name in wants:
                ours = found.get((setting, ours_name))
                for peer in (found.get((other, peer_name)) for other in others):
                    if ours is None or peer is None:
                        continue
                    if min(ours.samples + peer.samples) <= 0:
                        zeros.append(
                            f"{ours_name} against {peer_name} at {describe(setting.where())}")
                        continue
                    entries.append(compare(run, ours, peer, selection.metric))
    return entries, zeros


def summary(entries):
    """Geometric mean, count and worst of entries; the worst is where ours looks least good."""
    worst = min(entries, key=lambda e: e["ratio"])
    return {"geomean": stats.geometric_mean(e["ratio"] for e in entries), "count": len(entries),
            "noisy": sum(e["noisy"] for e in entries), "rows": sum(e["rows"] for e in entries),
            "worst": worst}


def nothing_in_common(selection, who, names, zeros):
    text = f"nothing in common: no setting in which {who} have verified {selection.metric.name}"
    if left_out := selection.unused(names):
        text += f" ({len(left_out)} points have failed or unverified rows)"
    if zeros:
        text += f" ({len(zeros)} points have a value of 0)"
    raise ComparisonImpossible(text)


def describe(where):
    """A setting as text: counter inc thread/compact T=2 p_read_pct=90."""
    fixed = f"{where['family']} {where['workload']} {where['exec']}/{where['placement']} " \
            f"T={where['threads']}"
    return " ".join([fixed] + [f"{k}={v:.10g}" for k, v in where.items() if k.startswith("p_")])


def ratio_text(entry):
    text = f"{entry['ratio']:.3f}"
    if entry["low"] is None:
        return text
    return f"{text} [{entry['low']:.3f}, {entry['high']:.3f}]"


def _both(first, second):
    if first is None and second is None:
        return "-"
    return f"{textable.number(first, 2)} / {textable.number(second, 2)}"


def table(entries, runs):
    """Lines of the point table; a heading names each run when there are several."""
    lines = []
    for run in runs:
        mine = [e for e in entries if e["run"] == run.run_id]
        if not mine:
            continue
        lines.append(heading(run))
        rows = [("setting", "ours", "peer", "ours", "peer", "ratio [95 %]", "n", "hop ns",
                 "fairness", "noisy", "")]
        for e in mine:
            rows.append((describe(e["where"]), e["ours"], peer_label(e),
                         textable.number(e["ours_median"]), textable.number(e["peer_median"]),
                         ratio_text(e), str(e["n"]), textable.number(e["hop_ns"], 3),
                         _both(e["ours_fairness_min_max"], e["peer_fairness_min_max"]),
                         f"{e['noisy']} of {e['rows']}", "; ".join(e["notes"])))
        lines += textable.align(rows, left=3)
    return lines


def heading(run):
    cpu = run.environment.get("cpu")
    name = cpu.get("name", "unknown") if isinstance(cpu, dict) else "unknown"
    return f"run {run.run_id} on {printable(str(name))}"


def summary_line(title, found):
    worst = found["worst"]
    return (f"{title}: {found['geomean']:.3f}x over {found['count']} points "
            f"(geometric mean; {found['noisy']} of {found['rows']} rows noisy), worst "
            f"{ratio_text(worst)} against {peer_label(worst)} at {describe(worst['where'])}")


def caveats(selection, names, zeros):
    """Lines on all that was not used."""
    lines = [f"not used: {u['contestant']} at {describe(u['where'])}: {u['failed']} failed, "
             f"{u['unverified']} unverified rows" for u in selection.unused(names)]
    lines += [f"not compared: {text}: a value is 0" for text in zeros]
    lines += [f"incomplete: {text}" for run, _ in selection.runs for text in run.incomplete]
    return lines
