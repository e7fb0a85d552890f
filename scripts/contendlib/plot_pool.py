"""Charts of worker pools: what a job costs, alone and in batches, and what waiting jobs cost."""

from . import plot_styles as styles
from .plot_layout import duration, number
from .plot_lines import log_range, measured_axis, series, shade_note, thread_axis, values, y_axis
from .plot_limiter import time_axis
from .plot_panels import Panel, chart, columns
from .plot_source import plural, statistic
from .schema import role

WIDTH = 960
EXECS = ("thread", "task")
LABELS = {"ref": "mutex + condition", "null": "call (floor)"}
SHORT = {"glib:GThreadPool": "glib:ThreadPool", "boost:asio_thread_pool": "boost:asio"}


def name(contestant, exec_name="thread"):
    """What a contestant is called where only pools are."""
    if contestant == "unbounded":
        return f"{exec_name} per job"
    return LABELS.get(contestant) or SHORT.get(contestant) or styles.label(contestant)


def most_rows(rows, column):
    """The rows with that value of a column which most of them have; None is a value too."""
    found = [r.get(column) for r in rows if not r.failed] or [None]
    usual = max(sorted(set(found), key=lambda v: (v is None, v)), key=found.count)
    return [r for r in rows if r.get(column) == usual], usual


def execs_of(points):
    return [e for e in EXECS if any(p.key.exec == e for p in points)]


class Grid:
    """Panels in rows (one for each `parts`) and columns (one for each way of running), or the
    other way round: filled with lines over one x axis, a y axis for each row."""

    def __init__(self, source, rows, heads, drawn, y_of, first=76, names=128, tall=None, top=112,
                 gap=48):
        """heads: [[text by column] by row]; drawn: the same of {contestant: [Mark]}; y_of: the y
        axis of the marks of a row, in a place."""
        self.foot = source.foot(rows, WIDTH)
        count, across = len(heads), len(heads[0])
        tall = tall or (330 if count == 1 else 200)
        self.height = round(top + count * (tall + gap) - gap + 66 + 16 * len(self.foot))
        self.cells, self.marks = [], []
        for row, (texts, parts) in enumerate(zip(heads, drawn)):
            places = columns(across, WIDTH, first, names, top + row * (tall + gap),
                             top + row * (tall + gap) + tall)
            found = [v for lines in parts for v in values(lines)]
            if not found:
                continue
            y = y_of(row, found, places[0])
            for column, (text, lines) in enumerate(zip(texts, parts)):
                self.cells.append((places[column], y, text, lines, row == count - 1, column == 0))
                self.marks += [m for ms in lines.values() for m in ms]

    def panels(self, x_of, chosen, end=lambda head, marks: ""):
        """The panels; `x_of` makes the x axis in a place, `end` what follows a line's name."""
        made = []
        for place, y, head, lines, lowest, leftmost in self.cells:
            panel = Panel(place, x_of(place), y, head, x_named=lowest, y_named=leftmost)
            way = "task" if head.startswith("task") else "thread"
            panel.draw(lines, chosen, gap=13,
                       names={c: name(c, way) + end(head, ms) for c, ms in lines.items()})
            made.append(panel)
        return made


def _told(points, text):
    """"threads: stealing takes 40 ns, ..." of the best of ours for each way of running."""
    best = {e: min((p for p in points if p.key.exec == e and role(p.key.contestant) == "ours"),
                   key=lambda p: p.median, default=None) for e in execs_of(points)}
    return "; ".join(f"{e}s: {name(p.key.contestant, e)} {text(p)}" for e, p in best.items() if p)


def _empty_jobs(source, **where):
    """Rows and points of empty jobs, with the queue that most of them have."""
    rows = [r for r in source.rows("pool", workload="overhead") if r["p_workers"]
            and all(r.get(k) in v for k, v in where.items())]
    rows, queue = most_rows(rows, "p_queue")
    return rows, source.points(rows, "ns_per_op"), queue


def _submitters(count, exec_name):
    return f"{exec_name}s, " + plural(count or 1, "submitter")


def overhead(source):
    """pool-overhead: ns per empty job by workers, submitted one by one."""
    rows, points, queue = _empty_jobs(source, p_batch=(None, 1))
    if not points:
        return "no rows of workload overhead"
    swept = {}
    for p in points:
        swept.setdefault(p.key.param("p_submitters") or 1, set()).add(p.key.param("p_workers"))
    crowds = [c for c in sorted(swept) if len(swept[c]) > 1] or sorted(swept)[:1]
    rows = [r for r in rows if (r.get("p_submitters") or 1) in crowds]
    points = [p for p in points if (p.key.param("p_submitters") or 1) in crowds]
    ways = execs_of(points)
    drawn = [[series(source, [p for p in points if p.key.exec == e
                              and (p.key.param("p_submitters") or 1) == c],
                     lambda p: p.key.param("p_workers"), 1) for e in ways] for c in crowds]
    workers = sorted({p.key.param("p_workers") for p in points})
    grid = Grid(source, rows, [[_submitters(c, e) for e in ways] for c in crowds], drawn,
                lambda row, found, place: time_axis(found, place, 34))
    panels = grid.panels(lambda place: thread_axis(workers, source.cpus, *place[:2])[0],
                         styles.coloured({p.key.contestant for p in points}, "overhead"))
    note = shade_note(panels[0].x, panels[0].x_scale, panels[0].y_scale, source.cpus)
    panels[0].add("notes", *((*n[:2], n[2].replace("threads", "workers"), n[3]) for n in note))
    holds = "" if queue is None else f", queue of {number(queue, 1)}"
    return chart(
        "pool-overhead", "What handing over one empty job costs",
        f"wall time per job that does nothing, submitted one by one{holds} · "
        + statistic(grid.marks, points),
        grid.foot, WIDTH, grid.height,
        f"Line charts of the time per empty job against {workers[0]} to {workers[-1]} workers, one "
        f"panel each for {', '.join(_submitters(c, e) for c in crowds for e in ways)}. Cheapest of "
        f"ours: {_told(points, lambda p: f'takes {duration(p.median)}')}.",
        "Jobs that are not much longer than this are not worth a pool: run them where they are, or "
        "hand over many at a time. A thread per job pays for its birth and its end with every "
        "job; a pool pays for two hand-overs through its queue, and where the worker sleeps, for "
        "waking it.",
        panels, "workers")


def batches(source):
    """pool-batch: ns per empty job by how many are submitted with one call."""
    rows, points, queue = _empty_jobs(source)
    points = [p for p in points if p.key.param("p_batch")]
    swept = {}
    for p in points:
        place = p.key.param("p_workers"), p.key.param("p_submitters")
        swept.setdefault(place, set()).add(p.key.param("p_batch"))
    most = max((len(sizes) for sizes in swept.values()), default=0)
    if most < 2:
        return "no rows of workload overhead with more than one p_batch"
    place = min((k for k, sizes in swept.items() if len(sizes) == most),
                key=lambda k: (k[1] or 0, abs(k[0] - source.cpus)))
    where = {"p_workers": place[0], "p_submitters": place[1]}
    points = [p for p in points if all(p.key.param(k) == v for k, v in where.items())]
    several = {c for c in {p.key.contestant for p in points}
               if len({p.key.param("p_batch") for p in points if p.key.contestant == c}) > 1}
    points = [p for p in points if p.key.contestant in several]
    rows = [r for r in rows if r["contestant"] in several
            and all(r.get(k) == v for k, v in where.items())]
    ways, sizes = execs_of(points), sorted({p.key.param("p_batch") for p in points})
    drawn = [[series(source, [p for p in points if p.key.exec == e],
                     lambda p: p.key.param("p_batch"), 1) for e in ways]]
    grid = Grid(source, rows, [[f"{e}s" for e in ways]], drawn,
                lambda row, found, place: time_axis(found, place, 34))
    panels = grid.panels(lambda place: measured_axis(sizes, *place[:2])[0],
                         styles.coloured(several, "overhead"))
    return chart(
        "pool-batch", "What an empty job costs when many are handed over at a time",
        f"wall time per job, {plural(place[0], 'worker')}, "
        f"{plural(place[1] or 1, 'submitter')}" + (
            "" if queue is None else f", queue of {number(queue, 1)}") + " · "
        + statistic(grid.marks, points),
        grid.foot, WIDTH, grid.height,
        f"Line charts of the time per empty job against {sizes[0]} to {sizes[-1]} jobs a call, one "
        f"panel each for {', '.join(e + 's' for e in ways)}. Cheapest of ours: "
        f"{_told(points, lambda p: f'takes {duration(p.median)}')}.",
        "One call hands over many jobs: its lock, its wake-up and its cache misses are shared among "
        "them. What is left is the job's own: its place in the queue, and being taken out of it.",
        panels, "jobs a call (log)")


def memory(source):
    """pool-memory: what waiting jobs cost, with a thread each and in a pool's queue."""
    rows = [r for r in source.rows("pool", workload="memory") if r["p_jobs"]]
    rss, speed = source.points(rows, "peak_rss_mb"), source.points(rows, "ops_per_s")
    if not rss:
        return "no rows of workload memory with peak_rss_mb"
    ways = execs_of(rss)
    jobs = sorted({p.key.param("p_jobs") for p in rss})
    kinds = [("peak resident memory, MiB", rss), ("jobs per second, all run to their end", speed)]
    kinds = [k for k in kinds if k[1]]
    drawn = [[series(source, [p for p in points if p.key.exec == e],
                     lambda p: p.key.param("p_jobs"), 1) for e in ways] for _, points in kinds]
    grid = Grid(source, rows, [[f"{e}s: {text}" for e in ways] for text, _ in kinds], drawn,
                lambda row, found, place: y_axis(*log_range(found, place[2], place[3], 14, 14)),
                first=98)
    panels = grid.panels(lambda place: measured_axis(jobs, *place[:2])[0],
                         styles.coloured({p.key.contestant for p in rss}, "memory"),
                         lambda head, ms: f" {number(ms[-1].value, 3)}" if "MiB" in head else "")
    told = []
    for e in ways:
        here = [p for p in rss if p.key.exec == e]
        last = max(p.key.param("p_jobs") for p in here)
        found = {p.key.contestant: p.median for p in here if p.key.param("p_jobs") == last}
        shown = [c for c in ("channel", "guide", "unbounded") if c in found][-2:] or sorted(found)[:2]
        told.append(f"{number(last, 1)} {e}s: " + ", ".join(
            f"{name(c, e)} {number(found[c], 3)} MiB" for c in shown))
    return chart(
        "pool-memory", "What a worker of its own for every waiting job costs",
        "jobs that wait, all of them at the same time · " + statistic(grid.marks, rss),
        grid.foot, WIDTH, grid.height,
        f"Line charts of peak memory and of jobs per second against {number(jobs[0], 1)} to "
        f"{number(jobs[-1], 1)} jobs that wait at the same time: {'; '.join(told)}.",
        "With a thread or a task per job memory grows with the jobs that wait; in a pool they wait "
        "in its queue, and only its workers have a stack. All run every job; the lower panels are "
        "the price in time.",
        panels, "jobs waiting at the same time (log)")
