"""Charts of contexts and timers: how fast a cancel reaches all, what a timer costs."""

import itertools

from .plot_channel import WIDTH, Grid, lines_of
from .plot_layout import number
from .plot_lines import measured_axis
from .plot_panels import chart
from .plot_source import plural, statistic

WAYS = ("task", "thread")
NAMES = {"ref": "pthread flag", "context": "context"}
TIMER_NAMES = {"ref": "timerfd", "context": "timer"}


def _ways(rows):
    return [w for w in WAYS if any(r["exec"] == w for r in rows)]


def _renamed(grid, names):
    """The lines' end names, as they are called here."""
    for panel in grid.panels:
        for table in ("names", "row_names"):
            panel.tables[table] = [tuple(names.get(v, v) if isinstance(v, str) else v for v in row)
                                   for row in panel.tables[table]]
    return grid


def _grid(source, rows, columns, names):
    """columns: [(heading, points, x of a point)]; one row of panels for each way."""
    ways = _ways(rows)
    steps = [sorted({x(p) for p in points}) for _, points, x in columns]
    drawn = [[lines_of([p for p in points if p.key.exec == way], x) for _, points, x in columns]
             for way in ways]
    heads = [[f"{way}s: {head}" for head, _, _ in columns] for way in ways]
    axes = itertools.cycle(steps)
    return _renamed(Grid(source, rows, heads, drawn,
                         lambda place: measured_axis(next(axes), place[0], place[1])[0],
                         tall=176, names=96), {"pthread ring": names["ref"],
                                               "context": names["context"]})


def cancel(source):
    """context-cancel: from a cancel until the last waiter runs, by width and by depth."""
    rows = [r for r in source.rows("context", workload="cancel")
            if r["p_width"] and r["p_depth"] and 1 in (r["p_width"], r["p_depth"])]
    quantiles = {name: [p for p in source.points(rows, f"latency_{name}_ns") if p.median > 0]
                 for name in ("p50", "p99")}
    wide = {name: [p for p in points if p.key.param("p_depth") == 1]
            for name, points in quantiles.items()}
    deep = [p for p in quantiles["p50"] if p.key.param("p_width") == 1]
    columns = [c for c in (
        ("side by side, median", wide["p50"], lambda p: p.key.param("p_width")),
        ("side by side, p99", wide["p99"], lambda p: p.key.param("p_width")),
        ("one below the other, median", deep, lambda p: p.key.param("p_depth"))) if c[1]]
    if not columns:
        return "no rows of workload cancel"
    grid = _grid(source, rows, columns, NAMES)
    points = [p for _, ps, _ in columns for p in ps]
    most = max(r["p_width"] for r in rows)
    return chart(
        "context-cancel", "How long a cancel takes to reach everybody",
        "from just before the cancel until the last waiter runs · "
        + statistic(grid.marks, points),
        grid.foot, WIDTH, grid.height,
        f"Line charts of the time from a cancel until the last waiter runs, against up to "
        f"{number(most, 1)} contexts below one, each with a waiter, and against the depth of a "
        "chain with a waiter at its end.",
        "Side by side, every context has somebody asleep on it who has to be woken: slope 1 is one "
        "wake after the other. In a chain only the last has; what each further level costs is the "
        "walk down the tree. The pthread flag has no tree: one broadcast, then everybody queues "
        "for one mutex.",
        grid.panels, "contexts (log)")


def timers(source):
    """context-timers: what start and stop cost, and how late a timer is, by how many run."""
    rows = [r for workload in ("timers", "lateness")
            for r in source.rows("context", workload=workload)
            if r["p_timers"] and r["threads"] == 1 and r["contestant"] != "null"]
    cost = [p for p in source.points(rows, "ns_per_op") if p.key.workload == "timers"]
    late = {name: [p for p in source.points(rows, f"latency_{name}_ns") if p.median > 0
                   and p.key.workload == "lateness"] for name in ("p50", "p99")}
    columns = [(head, points, lambda p: p.key.param("p_timers")) for head, points in (
        ("a stop and a start", cost), ("late, median", late["p50"]),
        ("late, 99th percentile", late["p99"])) if points]
    if not columns:
        return "no rows of workloads timers and lateness"
    grid = _grid(source, rows, columns, TIMER_NAMES)
    points = [p for _, ps, _ in columns for p in ps]
    most = max(r["p_timers"] for r in rows)
    return chart(
        "context-timers", "What a timer costs, and how punctual it is",
        "time to stop and start one; delay from when it was due until its waiter runs · "
        + statistic(grid.marks, points),
        grid.foot, WIDTH, grid.height,
        f"Line charts of the time to stop and start a timer, and of the delay after its deadline, "
        f"against up to {plural(most, 'timer')} that run.",
        "A timer here is an entry in a heap; a timerfd is a system call each time. A heap grows "
        "slower with each tenfold: what rises at the right end is memory that no cache holds. The "
        "delay is a wake of the service's thread and one of the waiter: for tasks the second is "
        "cheap.",
        grid.panels, "timers that run (log)")
