"""Charts of tasks beside threads and other people's tasks: cost, memory, timers."""

from . import plot_styles as styles
from .plot_layout import duration, number
from .plot_lines import dots, measured_axis, series, values
from .plot_panels import Panel, chart, columns, log_axis
from .plot_rows import Rows, draw_range, range_words, sampled, whisker
from .plot_source import mark, plural, statistic
from .schema import role

WIDTH = 960
COSTS = (       # workload, the group's name; a batch counts per task
    ("spawn_join", "start, end, join"),
    ("spawn_batch", "start {p_spawned}, await all"),
    ("go_detached", "start, nobody waits"),
    ("switch", "switch stacks"),
    ("yield", "yield"),
    ("ping_pong", "ping-pong"),
)


def who(key):
    """A contestant's name beside others that run in another way."""
    label = styles.label(key.contestant)
    if key.contestant == "ref":
        label = "threads (pthread)"
    elif key.contestant == "parker":
        label = "parker, " + ("tasks" if key.exec == "task" else "threads")
    elif role(key.contestant) == "foreign" and key.exec == "thread":
        label += ", threads"
    return label + (", two CPUs" if key.param("p_across") else "")


def _look(key):
    """Threads and tasks of one contestant differ in shape."""
    look = styles.style(key.contestant)
    if key.contestant == "parker" and key.exec == "thread":
        return look._replace(point=styles.DIAMOND)
    return look


def _each(point):
    """What the cost is divided by: a batch's tasks."""
    return 1 / (point.key.param("p_spawned") or 1)


def cost(source):
    """task-cost: the same thing done by tasks, threads and others, in groups."""
    rows = [r for r in source.rows("task") if r["contestant"] != "null"
            and r["workload"] in {w for w, _ in COSTS}]
    loads = [t for t in source.loads(r["threads"] for r in rows) if t <= source.cpus]
    loads = loads or sorted({r["threads"] for r in rows})[:1]
    rows = [r for r in rows if r["threads"] in loads]
    points = source.points(rows, "ns_per_op")
    if not points:
        return "no rows of tasks that start, switch, yield or talk"
    groups = []         # [(heading, [(key without threads, {threads: Mark})])]
    for workload, text in COSTS:
        here = {}
        for p in points:
            if p.key.workload == workload:
                here.setdefault(p.key._replace(threads=0), {})[p.key.threads] = mark(p, 0, _each(p))
        if here:
            some = next(iter(here))
            words = {n: "?" if v is None else number(v, 1) for n, v in some.params}
            groups.append((text.format(**words), sorted(
                here.items(), key=lambda item: min(m.value for m in item[1].values()))))
    names, lines, headings = [], [], []
    for heading, members in groups:
        headings.append((len(names), heading))
        names.append(("", 0))
        lines.append(None)
        for key, at in members:
            names.append((who(key), _look(key).ink))
            lines.append((key, at))
    marks = [m for line in lines if line for m in line[1].values()]
    frame = Rows(source, rows, names, {source.load_name(t): False for t in loads},
                 [v for m in marks for v in (m.value, m.low, m.high) if v is not None], 14, 66)
    left = frame.scale().value(frame.places[0][0] + 4)
    frame.tables["notes"][0] += [(left, row + 0.1, text, 0x111111) for row, text in headings]
    for panel, threads in enumerate(loads):
        t = {name: parts[panel] for name, parts in frame.tables.items()}
        for row, line in enumerate(lines):
            m = line[1].get(threads) if line else None
            if m is None:
                continue
            look = _look(line[0])
            t["medium"] += whisker(m, row, look.colour)
            t["points"] += dots([m._replace(x=m.value, value=row)], look)
            t["numbers"].append((m.high or m.value, row, duration(m.value), 0x444444))
    return frame.chart(
        "task-cost", "What a task costs beside a thread",
        "wall time per operation, all workers together · " + statistic(marks, points, "bar"),
        f"Dot plot: time to start, switch to, yield and hand over between tasks and threads, "
        f"{plural(len(marks), 'figure')} in {plural(len(groups), 'group')}.",
        "Left is cheap; every grid line is a fixed factor. What lies between a task's dot and the "
        "threads' in the same group is what the kernel takes for the same thing. The bare switch "
        "is the floor of all that waits.",
        "time per operation (log)")


def memory(source):
    """task-memory: resident bytes and wake-up time for each parked task, by how many there are."""
    rows = [r for r in source.rows("task", workload="parked") if r["p_tasks"]]
    shown = [("bytes_per_task", "bytes resident for each", lambda v: number(v, 1)),
             ("spawn_ns_per_task", "ns to start each", lambda v: number(v, 1)),
             ("wake_ns_per_task", "ns to wake and join each", lambda v: number(v, 1))]
    found = [(head, source.points(rows, metric)) for metric, head, _ in shown]
    found = [(head, points) for head, points in found if points]
    if not found:
        return "no rows of workload parked"
    points = [p for _, ps in found for p in ps]
    foot = source.foot(rows, WIDTH)
    height, top = 480, 116
    places = columns(len(found), WIDTH, 84, 96, top, height - 66 - 16 * len(foot), gap=40)
    counts = sorted({p.key.param("p_tasks") for p in points})
    panels, marks = [], []
    for (head, here), place in zip(found, places):
        lines = series(source, [p for p in here if p.median > 0],
                       lambda p: p.key.param("p_tasks"), 1)
        if not any(lines.values()):
            continue
        x, _ = measured_axis(counts, place[0], place[1], text=_short)
        panels.append(Panel(place, x, log_axis(values(lines), place), head))
        panels[-1].draw(lines, names={"ref": "thread", "task": "task"})
        marks += [m for ms in lines.values() for m in ms]
    if not panels:
        return "no parked task took any memory"
    told = "; ".join(f"{styles.label(p.key.contestant)} at {number(p.key.param('p_tasks'), 1)}: "
                     f"{number(p.median, 3)} bytes" for p in found[0][1])
    return chart(
        "task-memory", "A million that wait: what each of them holds",
        "tasks, threads and others that are parked all at once · " + statistic(marks, points),
        foot, WIDTH, height,
        f"Line charts of memory and time for each parked task against their number. {told}.",
        "Flat is good: the millionth costs what the first did. Only what the process has touched "
        "counts; a thread's stack inside the kernel comes on top of its line. A line ends where no "
        "more could be started.",
        panels, "parked at once")


def _short(count):
    for size, letter in ((10 ** 6, "M"), (10 ** 3, "k")):
        if count >= size and count % size == 0:
            return f"{number(count // size, 1)}{letter}"
    return number(count, 1)


def timers(source):
    """task-timers: how late a sleep ends, by how many others sleep meanwhile."""
    rows = [r for r in source.rows("task", workload="sleep") if r["p_timers"]]
    found = sampled(source, rows,
                    place=lambda key: (key.contestant, key.exec, key.param("p_timers")))
    if not found:
        return "no rows of workload sleep"
    seen = [q[m] for q in found.values() for m in ("p50", "p99", "p999", "max") if q[m] > 0]
    if not seen:
        return "no sleep that ended late"
    ranked = sorted(found, key=lambda k: (k[2], styles.order({c for c, _, _ in found}).index(k[0]),
                                          k[1]))
    looks = [styles.style(c) for c, _, _ in ranked]
    names = [(f"{'threads (pthread)' if c == 'ref' else styles.label(c)}, "
              f"{number(n, 1)} sleep", look.ink) for (c, _, n), look in zip(ranked, looks)]
    frame = Rows(source, rows, names, {"": False}, seen, 14, 80)
    t = {name: parts[0] for name, parts in frame.tables.items()}
    for row, (key, look) in enumerate(zip(ranked, looks)):
        draw_range(frame, t, row, found[key], look)
    return frame.chart(
        "task-timers", "How late a sleep ends",
        "dot = median, thick to p99, medium to p99.9, thin to longest (number) · "
        + range_words(found),
        f"Range plot: median, 99th and 99.9th percentile and longest delay of a sleep for "
        f"{plural(len(ranked), 'number')} of sleepers.",
        "What lies between the dot and zero is the way from the timer to the running sleeper; a "
        "long tail is a timer that waits for somebody else's time slice, or for all the timers "
        "that end with it.",
        "delay after the deadline (log)")
