"""Charts of items that flow: through a wide stage, through many stages, in order, in batches."""

from . import plot_styles as styles
from .plot_channel import step_axis, time_axis
from .plot_gnuplot import BREAK
from .plot_layout import duration, number
from .plot_lines import (NOTE_INK, SMALL_SIZE, band, dots, end_names, log_range, measured_axis,
                         strand, values, y_axis)
from .plot_panels import Panel, chart, columns, zero_axis
from .plot_source import mark, plural, statistic
from .plot_styles import Style

WIDTH = 960
WAYS = ("task", "thread")
IDEAL_INK = 0x8A8A8A
NAMES = {"ref": "pthread", "null": "sequential"}
STAGES = {"etl": 3}
REAL = {"image": "pictures", "log": "logs", "etl": "records (ETL)"}
# Of a batch's size and age: a colour and a shape each, in the order of the lines.
LAWS = (Style("", styles.VERMILION, styles.PENTAGON), Style("", styles.BLUE, styles.SQUARE),
        Style("", styles.TEAL, styles.CIRCLE), Style("", styles.PURPLE, styles.WEDGE),
        Style("", styles.OLIVE, styles.DIAMOND), Style("", styles.BLACK, styles.TRIANGLE))


def name(contestant):
    """What a contestant is called where only flows are."""
    return NAMES.get(contestant) or styles.label(contestant)


def _ways(points):
    return [w for w in WAYS if any(p.key.exec == w for p in points)]


def _by(points, *params):
    """{values of the parameters: points}, in their order."""
    found = {}
    for p in points:
        found.setdefault(tuple(p.key.param(n) for n in params), []).append(p)
    return dict(sorted(found.items(), key=lambda f: tuple((v is None, v or 0) for v in f[0])))


def _lines(points, x, scale=1.0):
    lines = {c: [] for c in styles.order(p.key.contestant for p in points)}
    for p in points:
        lines[p.key.contestant].append(mark(p, x(p), scale))
    for marks in lines.values():
        marks.sort()
    return lines


def _floor(points, way="thread"):
    """The sequential run's point, or None: of that way, which was measured interleaved with the
    others of it, where there is one."""
    found = [p for p in points if p.key.contestant == "null"]
    return next((p for p in found if p.key.exec == way), found[0] if found else None)


def _draw(panel, lines, gap=13):
    panel.draw(lines, gap=gap, names={c: name(c) for c in lines})


def _styled(panel, lines, gap=13):
    """As Panel.draw, with a style for each line: [(text, style, marks)]."""
    entries = []
    for text, style, marks in lines:
        panel.add("lines", *strand(marks, style.colour))
        panel.add("bands", *band(marks, style.colour))
        panel.add("points", *dots(marks, style, 0.9))
        entries.append((text, marks[-1].x, marks[-1].value, style.ink, style.colour, SMALL_SIZE))
    _, small, leaders = end_names(entries, panel.x_scale, panel.y_scale, gap)
    panel.add("names", *small)
    panel.add("leaders", *leaders)


def _places(rows, across, top, tall, first=58, names=104, head=46):
    places = []
    for row in range(rows):
        at = top + row * (tall + head)
        places.append(columns(across, WIDTH, first, names, at, at + tall))
    return places, top + rows * (tall + head) - head


def _width_axis(place, widths, cpus):
    """A measured axis on which more contexts than CPUs are shaded."""
    axis = measured_axis(widths, place[0], place[1], (cpus,))[0]
    over = [w for w in widths if w > cpus]
    if over:
        axis["shade"] = max(axis["x_low"], min(cpus * 1.075, (cpus * over[0]) ** 0.5))
    return axis


def _ideal(panel, widths, cpus, named, stages=1):
    """As many times the sequential run as there are contexts, up to the CPUs; and that run, which
    has its name where the lines leave it room."""
    corners = sorted({1, *(w for w in widths if w < cpus), min(cpus, widths[-1]), widths[-1]})
    panel.add("dashes", *((w, min(w * stages, cpus), IDEAL_INK) for w in corners), BREAK)
    panel.add("rules", (panel.x_scale.low, 1, styles.PALE), (panel.x_scale.high, 1, styles.PALE),
              BREAK)
    panel.note(panel.place[0] + 6, panel.y_scale.pixel(cpus) - 9, f"ideal: {plural(cpus, 'CPU')}",
               IDEAL_INK)
    if named:
        panel.note(panel.place[1] - 5, panel.y_scale.pixel(1) + 10, "sequential", IDEAL_INK, True)
    if "shade" in panel.x:
        panel.note(panel.place[1] - 5, panel.place[3] - 11, "width > CPUs", NOTE_INK, True)


def _speedups(source, parts, rows, heads, tall):
    """Panels of throughput as a multiple of the sequential run's, by width: a column for each of
    `parts` (points with their floor), a row for each way. Panels, marks, foot, height."""
    ways = _ways([p for part in parts for p in part if p.key.contestant != "null"])
    drawn = [[_lines([p for p in part if p.key.exec == way and p.key.contestant != "null"],
                     lambda p: p.key.param("p_width"), 1 / _floor(part, way).median)
              for part in parts] for way in ways]
    places, bottom = _places(len(ways), len(parts), 116, tall)
    found = [v for row in drawn for lines in row for v in values(lines)] + [source.cpus]
    y = zero_axis(found, places[0][0], room=20, most=5)
    panels, marks = [], []
    for r, way in enumerate(ways):
        for c, lines in enumerate(drawn[r]):
            widths = sorted({m.x for ms in lines.values() for m in ms})
            if not widths:
                continue
            place = places[r][c]
            panel = Panel(place, _width_axis(place, widths, source.cpus), y, f"{way}s: {heads[c]}",
                          x_named=r == len(ways) - 1, y_named=c == 0)
            _ideal(panel, widths, source.cpus, r == 0,
                   STAGES.get(parts[c][0].key.workload, 1))
            _draw(panel, lines)
            panels.append(panel)
            marks += [m for ms in lines.values() for m in ms]
    foot = source.foot(rows, WIDTH)
    return panels, marks, foot, round(bottom + 66 + 16 * len(foot))


def _usable(parts):
    """Parts that have their sequential run and somebody to compare with it."""
    return {k: ps for k, ps in parts.items() if _floor(ps) and len({p.key.contestant
                                                                    for p in ps}) > 1}


def width(source):
    """flow-width: throughput by the width of the slow stage, for items long and short."""
    rows = [r for r in source.rows("flow", workload="fan_out") if r["p_width"]]
    parts = _usable(_by(source.points(rows, "ops_per_s"), "p_compute_us"))
    if not parts:
        return "no rows of workload fan_out beside its sequential run"
    shown = dict(list(parts.items())[::-1][:3])
    heads = [f"{duration(us * 1000)} an item" for us, in shown]
    panels, marks, foot, height = _speedups(source, list(shown.values()), rows, heads, 190)
    points = [p for ps in shown.values() for p in ps]
    return chart(
        "flow-width", "Does a wider slow stage lift the whole pipeline?",
        "items a second, as a multiple of the sequential run's · " + statistic(marks, points),
        foot, WIDTH, height,
        "Line charts of throughput against the width of the slow stage, for "
        + ", ".join(heads) + ", each as a multiple of what one context alone does.",
        "A stage of width 1 only adds hand-overs to the sequential run: what is missing to 1 is "
        "their price. Up to the number of CPUs each context more can bring one more sequential "
        "run; past it there is nothing left to bring. The shorter the item, the more of it is "
        "hand-over: below a few microseconds threads do worse than one loop without any.",
        panels, "width of the slow stage (log)")


def shapes(source):
    """flow-shapes: the same for pictures, logs and records."""
    parts, rows = {}, []
    for workload, head in REAL.items():
        here = [r for r in source.rows("flow", workload=workload) if r["p_width"]]
        points = source.points(here, "ops_per_s")
        if _floor(points) and len({p.key.contestant for p in points}) > 1:
            parts[head] = points
            rows += here
    if not parts:
        return "no rows of workloads image, log and etl beside their sequential runs"
    each = {head: duration(1e9 / _floor(points).median) for head, points in parts.items()}
    heads = [f"{head}, {took} each" for head, took in each.items()]
    panels, marks, foot, height = _speedups(source, list(parts.values()), rows, heads, 190)
    points = [p for ps in parts.values() for p in ps]
    return chart(
        "flow-shapes", "Pictures, logs, records: what concurrency brings to real work",
        "items/s as a multiple of the sequential run's; results equal byte for byte · "
        + statistic(marks, points),
        foot, WIDTH, height,
        "Line charts of throughput against the width of the slow stage for "
        + ", ".join(parts) + ", each as a multiple of what one context alone does.",
        "Pictures are blurred and cut down, log lines split and counted: one wide stage. Records "
        "go through three stages and leave in the order in which they came; there even width 1 "
        "has three stages to keep busy.",
        panels, "width of the slow stage (log)")


def pipeline(source):
    """flow-pipeline: time per item and stage, by depth and by the room between stages."""
    rows = [r for r in source.rows("flow", workload="pipeline") if r["p_depth"]]
    points = [p for p in source.points(rows, "ns_per_op") if p.key.param("p_width") == 1]
    ours = [p for p in points if p.key.contestant == "flow"]
    depths = {k: ps for (k,), ps in _by(ours, "p_capacity").items()
              if len({p.key.param("p_depth") for p in ps}) > 1}
    rooms = {k: ps for (k,), ps in _by(ours, "p_depth").items()
             if len({p.key.param("p_capacity") for p in ps}) > 1}
    if not depths or not rooms:
        return "no rows of workload pipeline at several depths and capacities"
    deep = max(rooms, key=lambda d: (len(rooms[d]), d))
    shown = sorted({min(depths), 16 if 16 in depths else max(depths)})
    steps = sorted({p.key.param("p_capacity") for p in rooms[deep]})
    ways = _ways(ours)

    def at_capacity(held):
        return [p for p in points if p.key.param("p_capacity") == held]

    def per_stage(here, x):
        lines = {c: [] for c in styles.order(p.key.contestant for p in here)}
        for p in here:
            lines[p.key.contestant].append(mark(p, x(p), 1 / p.key.param("p_depth")))
        for marks in lines.values():
            marks.sort()
        return lines

    heads = [f"capacity {number(held, 1)}" for held in shown] + [plural(deep, "stage")]
    drawn = [[per_stage([p for p in at_capacity(held) if p.key.exec == way
                         and p.key.contestant != "null"], lambda p: p.key.param("p_depth"))
              for held in shown]
             + [per_stage([p for p in points if p.key.exec == way and p.key.param("p_depth") == deep
                           and p.key.contestant != "null"],
                          lambda p: steps.index(p.key.param("p_capacity")))] for way in ways]
    alone = {way: {d: _floor(ps, way) for (d,), ps in _by(points, "p_depth").items()}
             for way in ways}
    alone = {way: {d: p.median / d for d, p in of.items() if p} for way, of in alone.items()}
    places, bottom = _places(len(ways), len(heads), 116, 196, 70)
    ideal = {way: {d: t / min(source.cpus, d) for d, t in of.items()} for way, of in alone.items()}
    found = [v for row in drawn for lines in row for v in values(lines)]
    found += [v for of in ideal.values() for v in of.values()]
    low, high = log_range(found, 0, 196, 12, 12)
    y = time_axis(low, high, 196)
    panels, marks = [], []
    for r, way in enumerate(ways):
        for c, lines in enumerate(drawn[r]):
            place, last = places[r][c], c == len(heads) - 1
            measured = sorted({p.key.param("p_depth") for p in points})
            axis = step_axis(steps) if last else measured_axis(measured, place[0], place[1])[0]
            panel = Panel(place, {**axis, "x_name": "capacity" if last else "stages (log)"}, y,
                          f"{way}s: {heads[c]}", x_named=r == len(ways) - 1, y_named=c == 0)
            at = [(s, deep) for s in range(len(steps))] if last else [(d, d) for d in measured]
            for table, of in (("rules", alone[way]), ("dashes", ideal[way])):
                panel.add(table, *((x, of[d], IDEAL_INK) for x, d in at if d in of), BREAK)
            _draw(panel, lines)
            end = next((d for _, d in reversed(at) if d in alone[way]), None)
            if end and r == 0:
                panel.note(place[1] - 5, panel.y_scale.pixel(alone[way][end]) - 9, "sequential",
                           IDEAL_INK, True)
                panel.note(place[1] - 5, panel.y_scale.pixel(ideal[way][end]) + 10,
                           f"ideal: {plural(source.cpus, 'CPU')}", IDEAL_INK, True)
            panels.append(panel)
            marks += [m for ms in lines.values() for m in ms]
    foot = source.foot(rows, WIDTH)
    work = next((r["p_compute_us"] for r in rows if r["p_compute_us"]), None)
    works = f"each stage works {duration(work * 1000)} on an item" if work else "each stage works"
    return chart(
        "flow-pipeline", "What a pipeline's depth and the room between its stages cost",
        f"wall time per item and stage; {works} · " + statistic(marks, points),
        foot, WIDTH, round(bottom + 66 + 16 * len(foot)),
        "Line charts of the time per item and stage against the number of stages, for "
        + " and ".join(heads[:-1]) + f", and against the capacity for {heads[-1]}.",
        "Dashed: every CPU always has a stage to run. Without room each item is handed over in "
        "person; with a little, a stage runs through what has gathered before the next one has "
        "its turn. Tasks come near the ideal with any room. A thread that waits goes through the "
        "kernel, and only much room makes it wait seldom.",
        panels, "")


def order(source):
    """flow-order: what it costs to have the results in order."""
    rows = [r for r in source.rows("flow", workload="ordered") if r["p_width"]]
    points = source.points(rows, "ops_per_s")
    late = [p for p in source.points(rows, "latency_p99_ns") if p.key.contestant != "null"]
    floors = [p for p in points if p.key.contestant == "null"]
    points = [p for p in points if p.key.contestant != "null"]
    if not floors or not points or not late:
        return "no rows of workload ordered beside its sequential run"
    ways = _ways(points)
    places, bottom = _places(2, len(ways), 116, 200, 70, 122, 52)
    fast = [_lines([p for p in points if p.key.exec == w], lambda p: p.key.param("p_width"),
                   1 / _floor(floors, w).median) for w in ways]
    slow = [_lines([p for p in late if p.key.exec == w], lambda p: p.key.param("p_width"))
            for w in ways]
    y_fast = zero_axis([v for lines in fast for v in values(lines)] + [source.cpus], places[0][0],
                       room=20, most=5)
    y_slow = time_axis(*log_range([v for lines in slow for v in values(lines)], 0, 200, 12, 12), 200)
    panels, marks = [], []
    for r, (drawn, y, head) in enumerate(((fast, y_fast, "throughput ÷ the sequential run's"),
                                          (slow, y_slow, "from the source to its receipt, p99"))):
        for c, lines in enumerate(drawn):
            widths = sorted({m.x for ms in lines.values() for m in ms})
            place = places[r][c]
            panel = Panel(place, _width_axis(place, widths, source.cpus), y, f"{ways[c]}s: {head}",
                          x_named=r == 1, y_named=c == 0)
            if r == 0:
                _ideal(panel, widths, source.cpus, c == 0)
            _draw(panel, lines)
            panels.append(panel)
            marks += [m for ms in lines.values() for m in ms]
    foot = source.foot(rows, WIDTH)
    out = [p for p in source.points(rows, "reordered_pct") if p.key.contestant == "unordered"]
    most = max((p.median for p in out), default=0)
    return chart(
        "flow-order", "What it costs to have the results in order",
        "one item in 16 takes 17 times as long as the others · " + statistic(marks, points),
        foot, WIDTH, round(bottom + 66 + 16 * len(foot)),
        f"Line charts of throughput as a multiple of the sequential run's, and of the 99th "
        f"percentile of an item's time on its way, against the width. Without order up to "
        f"{number(most, 2)} % of the items overtook an earlier one.",
        f"Unordered is the bound: there up to {number(most, 2)} % of the items came out after a "
        "later one. A reorder buffer makes those wait that are ahead of a slow one, so its window "
        "must hold what the others finish meanwhile; a batch ends with its slowest item, and "
        "meanwhile somebody is idle.",
        panels, "width (log)")


def _law_name(key):
    size, age = key.param("p_batch"), key.param("p_age_us")
    if size == 1:
        return "no batches"
    return f"{number(size, 1)}, {duration(age * 1000)}" if age else number(size, 1)


def batcher(source):
    """flow-batcher: how fast by size, and what a batch's size and age do to the waiting, by rate."""
    rows = [r for r in source.rows("flow", workload="batcher") if r["p_batch"]]
    fast = [p for p in source.points(rows, "ops_per_s") if p.key.param("p_rate_per_s") is None]
    late = {q: [p for p in source.points(rows, f"latency_{q}_ns") if p.key.contestant == "flow"
                and p.key.param("p_rate_per_s")] for q in ("p50", "p99")}
    if not [p for p in fast if p.key.contestant == "flow"] or not late["p50"]:
        return "no rows of workload batcher with and without a rate"
    ways = _ways(late["p50"])
    floors = {way: _floor(fast, way) for way in ways}
    floors = {way: p.median * 1e-6 for way, p in floors.items() if p}
    fast = [p for p in fast if p.key.contestant != "null"]
    laws = list(_by(late["p50"], "p_age_us", "p_batch"))
    laws.sort(key=lambda law: (law[1] or 0, law[0] or 0))
    laws = laws[:len(LAWS)]
    rates = sorted({p.key.param("p_rate_per_s") for p in late["p50"]})
    sizes = sorted({p.key.param("p_batch") for p in fast})
    places, bottom = _places(len(ways), 3, 116, 200, 66)
    speeds = [_lines([p for p in fast if p.key.exec == w], lambda p: p.key.param("p_batch"), 1e-6)
              for w in ways]
    y_fast = y_axis(*log_range([v for s in speeds for v in values(s)]
                               + list(floors.values()), 0, 200, 12, 12))
    y_late = time_axis(*log_range([m.median for ps in late.values() for m in ps], 0, 200, 12, 12),
                       200)
    panels, marks = [], []
    for r, way in enumerate(ways):
        lowest = r == len(ways) - 1
        axis = measured_axis(sizes, *places[r][0][:2])[0]
        panel = Panel(places[r][0], {**axis, "x_name": "items of a batch (log)"}, y_fast,
                      f"{way}s: million a second", x_named=lowest)
        if way in floors:
            panel.add("rules", (panel.x_scale.low, floors[way], styles.PALE),
                      (panel.x_scale.high, floors[way], styles.PALE), BREAK)
        _draw(panel, speeds[r])
        panels.append(panel)
        marks += [m for ms in speeds[r].values() for m in ms]
        for c, (quantile, head) in enumerate((("p50", "wait, median"), ("p99", "wait, p99")), 1):
            axis = measured_axis(rates, *places[r][c][:2], text=lambda v: number(v / 1000, 1))[0]
            panel = Panel(places[r][c], {**axis, "x_name": "thousand items a second offered (log)"},
                          y_late, f"{way}s: {head}", x_named=lowest, y_named=c == 1)
            lines = []
            for style, (age, size) in zip(LAWS, laws):
                here = [p for p in late[quantile] if p.key.exec == way
                        and (p.key.param("p_age_us"), p.key.param("p_batch")) == (age, size)]
                if here:
                    lines.append((_law_name(here[0].key), style,
                                  sorted(mark(p, p.key.param("p_rate_per_s")) for p in here)))
            _styled(panel, lines)
            panels.append(panel)
            marks += [m for _, _, ms in lines for m in ms]
    foot = source.foot(rows, WIDTH)
    cost = next((r["p_compute_us"] for r in rows if r["p_compute_us"]), None)
    costs = f"a batch of any size takes {duration(cost * 1000)} · " if cost else ""
    points = [*fast, *late["p50"], *late["p99"]]
    return chart(
        "flow-batcher", "Batches: what they bring, and what waiting for them costs",
        costs + statistic(marks, points), foot, WIDTH, round(bottom + 66 + 16 * len(foot)),
        "Line charts of items a second against the size of a batch, and of the time from an item's "
        "arrival to the end of its batch against the rate of arrivals, for "
        + ", ".join(dict.fromkeys(_law_name(p.key) for p in late["p50"])) + ".",
        "At the left, as fast as one sender can: the batch's fixed cost is shared by its items. "
        "At the right, items come at a fixed rate. While they are few, a batch waits for its age "
        "and that is the price of each item; while they are many, it fills before, and the wait "
        "falls. Without batches the line leaves the chart as soon as more come than one at a time "
        "can be taken.",
        panels, "")
