"""Charts of pools under load: queues that are full, jobs that are refused, work that is uneven."""

from . import plot_styles as styles
from .plot_layout import duration, number
from .plot_limiter import time_axis
from .plot_lines import POINT, dots, measured_axis, series
from .plot_panels import chart, linear_axis
from .plot_pool import WIDTH, Grid, execs_of, most_rows, name
from .plot_rows import Rows, turned, whisker
from .plot_source import mark, plural, statistic

LOADS = {       # workload: (what arrives, the metric of those who found no room, what they did)
    "queue": ("80 %", "blocked_submit_pct", "submits that waited"),
    "overload_120": ("120 %", "refused_pct", "jobs refused"),
    "overload_200": ("200 %", "refused_pct", "jobs refused"),
}
JOBS = {"balance_equal": "equal jobs", "balance_pareto": "Pareto", "balance_elephant":
        "one elephant"}


def _share_axis(found):
    """0 to 100 %, or to a round number above what there is."""
    top = next(t for t in (1, 2, 5, 10, 20, 50, 100) if max(found) <= t)
    return linear_axis(-0.03 * top, 1.06 * top, 5, lambda v: number(v, 1) if v else "0")


def _open_loop(source, metric_of):
    """(rows, [[points by way] by load], loads that are there) of the usual number of workers."""
    rows = [r for workload in LOADS for r in source.rows("pool", workload=workload)
            if r["p_queue"] is not None]
    rows, workers = most_rows(rows, "p_workers")
    found = {w: source.points([r for r in rows if r["workload"] == w], metric_of(w)) for w in LOADS}
    return rows, {w: points for w, points in found.items() if points}, workers


def _by_queue(source, found, y_of, head, name_, title, subtitle, caption, rows, workers):
    """A row of panels for each load, a column for each way of running."""
    points = [p for ps in found.values() for p in ps]
    ways = execs_of(points)
    queues = sorted({p.key.param("p_queue") for p in points if p.key.param("p_queue")})
    drawn = [[series(source, [p for p in ps if p.key.exec == e and p.key.param("p_queue")],
                     lambda p: p.key.param("p_queue"), 1) for e in ways] for ps in found.values()]
    heads = [[f"{e}s: {head(w)}" for e in ways] for w in found]
    grid = Grid(source, rows, heads, drawn, y_of, tall=150)
    panels = grid.panels(lambda place: measured_axis(queues, *place[:2])[0],
                         styles.coloured({p.key.contestant for p in points}, "overhead"))
    computing = {p.key.param("p_compute_us") for p in points}
    length = f"{number(computing.pop(), 1)} µs, " if len(computing) == 1 else ""
    return chart(
        name_, title, f"{subtitle}; {length}{plural(workers, 'worker')} · "
        + statistic(grid.marks, points), grid.foot, WIDTH, grid.height,
        f"Line charts against the jobs that may wait ({', '.join(number(q, 1) for q in queues)}), "
        f"one panel each for {', '.join(t for row in heads for t in row)}.", caption, panels,
        "jobs that may wait (log)")


def queue(source):
    """pool-queue: submits that waited, jobs that were refused, by the queue's bound."""
    rows, found, workers = _open_loop(source, lambda w: LOADS[w][1])
    if not found:
        return "no rows of workloads queue, overload_120 and overload_200"
    return _by_queue(
        source, found, lambda row, seen, place: _share_axis(seen),
        lambda w: f"{LOADS[w][0]} load, {LOADS[w][2]}",
        "pool-queue", "What a bounded queue does when jobs come faster than they go",
        "% of jobs; load = random arrivals ÷ capacity",
        "At 80 % of what the workers can do there is room on average, and a short queue is full "
        "now and then all the same: its submitters wait. Above 100 % no queue is long enough: what "
        "cannot be done must be refused, and at twice the capacity that is half of all jobs, "
        "however long the queue is.", rows, workers)


def queue_latency(source):
    """pool-queue-latency: how long a job takes from its arrival, by the queue's bound."""
    rows, found, workers = _open_loop(source, lambda w: "latency_p99_ns")
    if not found:
        return "no rows of workloads queue, overload_120 and overload_200 with latencies"
    return _by_queue(
        source, found, lambda row, seen, place: time_axis(seen, place),
        lambda w: f"{LOADS[w][0]} load",
        "pool-queue-latency", "What a long queue costs the jobs that it takes",
        "p99 from arrival to end; load = arrivals ÷ capacity",
        "A longer queue refuses fewer of a burst, but under overload it is always full, and every "
        "job waits for all before it: the latency is the queue's length times the time per job. A "
        "short queue says no at once instead.", rows, workers)


def balance(source):
    """pool-balance: busiest worker's work over the idlest's, by how long the jobs are."""
    rows = [r for workload in JOBS for r in source.rows("pool", workload=workload)]
    rows, workers = most_rows(rows, "p_workers")
    points = source.points(rows, "busiest_ratio")
    loads = [w for w in JOBS if any(p.key.workload == w for p in points)]
    if not loads:
        return "no rows of workloads balance_equal, balance_pareto and balance_elephant"
    at = {(p.key.contestant, p.key.exec, p.key.workload): mark(p, 0) for p in points}
    last = loads[-1]
    ranked = sorted({key[:2] for key in at}, key=lambda who: (
        (*who, last) not in at, at[(*who, last)].value if (*who, last) in at else 0, who))
    looks = [styles.style(c) for c, _ in ranked]
    several = len({e for _, e in ranked}) > 1
    names = [(name(c, e) + (f", {e}s" if several and c != "unbounded" else ""), s.ink)
             for (c, e), s in zip(ranked, looks)]
    marks = list(at.values())
    frame = Rows(source, rows, names, {JOBS[w]: False for w in loads},
                 [1.0, *(v for m in marks for v in (m.value, m.low, m.high) if v is not None)],
                 14, 46)
    for panel, workload in enumerate(loads):
        t = {n: parts[panel] for n, parts in frame.tables.items()}
        for row, (who, look) in enumerate(zip(ranked, looks)):
            m = at.get((*who, workload))
            if m is None:
                t["numbers"].append((frame.low, row, "no result", 0x8A8A8A))
                continue
            t["medium"] += whisker(m, row, look.colour)
            t["points"] += dots(turned([m], row), look, POINT)
            t["numbers"].append((m.high or m.value, row, f"{number(m.value, 2)}x", 0x444444))
    computing = {p.key.param("p_compute_us") for p in points}
    length = f"of {number(computing.pop(), 1)} µs on average" if len(computing) == 1 else ""
    made = frame.chart(
        "pool-balance", "Do the workers share the work evenly?",
        f"busiest worker's work ÷ idlest's, {plural(workers, 'worker')}, jobs {length} · "
        + statistic(marks, points, "bar"),
        "Dot plot: work of the busiest worker over that of the idlest for "
        f"{plural(len(names), 'pool')} with {', '.join(JOBS[w] for w in loads)}.",
        "1x is an even share. The fixed share deals the jobs out beforehand: with jobs of unequal "
        "length some workers are done while others have a pile left. A pool whose workers fetch "
        "their next job evens that out by itself, until one job is as long as all the rest: one "
        "elephant makes its worker the busiest in any pool.",
        "busiest ÷ idlest (log)")
    made.parameters["x_text"] = [f"{number(v, 1)}x" for v in made.parameters["x_at"]]
    return made
