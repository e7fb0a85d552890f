"""contend compare: run A against run B, at every point that both have.

A comparison is of two runs exactly: samples are never pooled over runs, and points that one side
lacks are listed, never filled in.
"""

import json
import os
import pathlib
import re

from contendlib import compare_chart, compare_environment, compare_text, condense, reader
from contendlib.compare_points import Ground, compare, geomeans, least_effect, match
from contendlib.errors import (ComparisonImpossible, EnvironmentProblem, InputError, OutputError,
                               UsageError, printable)
from contendlib.plot_gnuplot import FORMATS, draw, find_gnuplot, write

CONTROL = "control"


def add_arguments(parser):
    parser.add_argument("a", metavar="A", help="run folder: the base")
    parser.add_argument("b", metavar="B", help="run folder: what is compared with it; a ratio "
                        "above 1 says that B is better")
    parser.add_argument("--family", help="this family only, as counter")
    parser.add_argument("--workload", help="this workload only")
    parser.add_argument("--where", action="append", metavar="K=V,...",
                        help="these values of keys and parameters only, as "
                        "p_read_pct=90,99,threads=2")
    parser.add_argument("--contestants", metavar="REGEX",
                        help="these contestants only; matches the whole name")
    parser.add_argument("--metric", default="ns_per_op", help="what to compare (ns_per_op)")
    parser.add_argument("--across-cpus", action="store_true",
                        help="give verdicts although A and B ran on other CPUs")
    parser.add_argument("--fail-if-worse", action="store_true",
                        help="exit 1 where a point is worse in B")
    parser.add_argument("--lenient", action="store_true",
                        help="use the whole rows of incomplete runs")
    parser.add_argument("--json", action="store_true",
                        help="print JSON; draws no chart unless --chart asks for one")
    parser.add_argument("--csv", metavar="FILE", help="write the points as CSV too")
    chart = parser.add_mutually_exclusive_group()
    chart.add_argument("--chart", metavar="FILE", action="append",
                       help="draw the chart here, as .svg or .png; may be given twice (default: "
                       "both, as B/charts/compare-with-<run A>)")
    chart.add_argument("--no-chart", action="store_true", help="draw no chart")
    parser.add_argument("--force", action="store_true",
                        help="let --csv and --chart replace a file that is there")


def read_pair(a, b, lenient):
    """([Run A, Run B], whether they are one run). One run twice must be the same bytes twice."""
    runs = [reader.read_run(directory, lenient) for directory in (a, b)]
    if runs[0].run_id != runs[1].run_id:
        return runs, False
    bytes_of = [{f: (t.size, t.crc32) for f, t in run.tables.items()} for run in runs]
    if bytes_of[0] != bytes_of[1]:
        raise InputError(f"run_id {runs[0].run_id} as in {printable(os.fspath(a), 0)} but other "
                         "rows, expected two runs or one run twice", b)
    return runs, True


def _filters(args):
    """(columns and their allowed values, pattern of contestants)."""
    allowed = condense.parse_where(args.where)
    for name, value in (("family", args.family), ("workload", args.workload)):
        if value is not None:
            if name in allowed:
                raise UsageError(f"--{name} and --where {name}=, expected one of them")
            allowed[name] = [value]
    if CONTROL in allowed.get("family", ()):
        raise UsageError("family control holds the suite's own trials: see contend control")
    try:
        pattern = re.compile(args.contestants or ".*")
    except (re.error, RecursionError, OverflowError) as e:
        raise UsageError(f"--contestants '{printable(args.contestants)}' is not a regular "
                         f"expression: {printable(str(e))}") from None
    return allowed, pattern


def _points(run, column, allowed, pattern):
    rows = [row for row in run.rows() if row["family"] != CONTROL
            and condense.matches(row, allowed) and pattern.fullmatch(row["contestant"])]
    return condense.condense(rows, column.name)


def find(args):
    """The Result that the arguments ask for."""
    column = condense.check_metric(args.metric)
    if column.better is None:
        raise UsageError(f"metric {column.name} has no better direction, so no ratio of merit")
    allowed, pattern = _filters(args)
    runs, same_run = read_pair(args.a, args.b, args.lenient)
    a, b = (_points(run, column, allowed, pattern) for run in runs)
    matched = match(a, b)
    if not matched.pairs:
        odd = (f"; {len(matched.unsound)} points have a value of 0 or beyond measure"
               if matched.unsound else "")
        count = [sum(p.n > 0 for p in side) for side in (a, b)]
        raise ComparisonImpossible("nothing in common: no point has verified "
                                   f"{column.name} in both runs; A has {count[0]} points, B "
                                   f"{count[1]}{odd}")
    effect, spread = least_effect(runs)
    ground = Ground(effect, same_run, True if same_run else compare_environment.same_cpu(*runs),
                    args.across_cpus)
    entries = compare(matched.pairs, column, ground)
    return compare_text.Result(runs, column, ground, spread, entries, matched,
                               geomeans(entries, ground))


def _targets(args):
    """The picture files asked for by name; the formats by their endings."""
    paths = [pathlib.Path(os.path.abspath(p)) for p in args.chart or ()]
    for path in paths:
        if path.suffix.removeprefix(".") not in FORMATS:
            raise UsageError(f"compare: --chart '{printable(os.fspath(path), 0)}', expected a name "
                             "that ends in .svg or .png")
    for path in [*paths, *([pathlib.Path(args.csv)] if args.csv is not None else [])]:
        if os.path.lexists(path) and not args.force:
            raise OutputError(f"{printable(os.fspath(path), 0)} is there already (--force replaces "
                              "it)")
    return paths


def _draw(args, result, paths):
    """The pictures drawn. gnuplot is a must only for a picture that was asked for by name."""
    if args.no_chart or (args.json and not paths):
        return []
    try:
        gnuplot = find_gnuplot()
    except EnvironmentProblem:
        if paths:
            raise
        print("chart skipped: gnuplot not found")
        return []
    if not paths:
        folder = pathlib.Path(os.path.abspath(args.b)) / "charts"
        name = re.sub(r"[^A-Za-z0-9_.-]", "-", f"compare-with-{result.runs[0].run_id}")
        try:
            folder.mkdir(exist_ok=True)
        except OSError as e:
            raise OutputError(f"cannot make {printable(os.fspath(folder), 0)}: {e.strerror}; "
                              "--chart FILE draws elsewhere") from None
        paths = [folder / f"{name}.{f}" for f in FORMATS]
    chart = compare_chart.chart(result)
    for path in paths:
        draw(chart, path.suffix.removeprefix("."), path, gnuplot)
    return paths


def main(args):
    paths = _targets(args)
    result = find(args)
    if args.json:
        print(json.dumps(compare_text.answer(result), indent=1, allow_nan=False))
    else:
        print("\n".join(compare_text.lines(result)))
    written = []
    if args.csv is not None:
        path = pathlib.Path(os.path.abspath(args.csv))
        write(path, compare_text.csv_text(result).encode())
        written.append(path)
    written += _draw(args, result, paths)
    if not args.json:
        for path in written:
            print(printable(os.fspath(path), 0))
    return 1 if args.fail_if_worse and result.worse else 0
