"""Charts of channels: by capacity, by who sends and receives, by load, by waiters, by cases."""

import math

from . import plot_styles as styles
from .plot_gnuplot import Chart, blocks
from .plot_layout import duration, number, spaced_ticks
from .plot_lines import log_range, measured_axis, panel_parameters, values
from .plot_panels import Panel, chart, columns
from .plot_source import mark, mostly_noisy, plural, statistic
from .schema import role

WIDTH = 960
WAYS = ("task", "thread")
BYTES = 8               # of the values in all charts but the table's
LABELS = {"guide": "guide", "ref": "pthread ring", "null": "floor"}
SHORT = {"tbb:concurrent_bounded_queue": "tbb:bounded_queue", "boost:fiber_channel":
         "boost:channel", "moodycamel:BlockingConcurrentQueue": "moodycamel",
         "glib:GAsyncQueue": "glib:AsyncQueue"}


def name(contestant):
    """What a contestant is called where only channels are."""
    return LABELS.get(contestant) or SHORT.get(contestant) or styles.label(contestant)


def lines_of(points, x, scale=1.0):
    """{contestant: [Mark by x]} in the table's order."""
    lines = {c: [] for c in styles.order(p.key.contestant for p in points)}
    for p in points:
        lines[p.key.contestant].append(mark(p, x(p), scale))
    for marks in lines.values():
        marks.sort()
    return lines


def time_axis(low, high, tall):
    """A log axis of time; as many decades have their text as there is room for."""
    ticks = next(t for t in spaced_ticks(low, high) if tall / len(t) >= 20 or len(t) == 1)
    return {"y_low": low, "y_high": high, "y_scale": "log", "y_at": ticks,
            "y_text": [duration(t) for t in ticks]}


def step_axis(steps, texts=None, reach=0.3):
    """Values that were set, at even steps: 0 has a place on it."""
    return {"x_low": -reach, "x_high": len(steps) - 1 + 2 * reach, "x_scale": "linear",
            "x_at": list(range(len(steps))), "x_text": texts or [number(s, 1) for s in steps]}


def way_name(way, source):
    return f"{way}s" + (" on one carrier a CPU" if way == "task" else
                        ", pinned" if source.placement != "none" else "")


def grid_places(rows, across, top, tall, first, names, head=44):
    """[[place by column] by row] and where the lowest ends."""
    places = []
    for row in range(rows):
        at = top + row * (tall + head)
        places.append(columns(across, WIDTH, first, names, at, at + tall))
    return places, top + rows * (tall + head) - head


class Grid:
    """Panels in rows and columns over one y axis, filled one by one."""

    def __init__(self, source, rows, heads, drawn, x_of, tall=196, names=118, first=70):
        """heads: [[text by column] by row]; drawn: the same of {contestant: [Mark]}."""
        found = [v for row in drawn for lines in row for v in values(lines)]
        places, self.bottom = grid_places(len(heads), len(heads[0]), 116, tall, first, names)
        low, high = log_range(found, 0, tall, 10, 10)
        self.y, self.panels = time_axis(low, high, tall), []
        self.drawn, self.foot = drawn, source.foot(rows, WIDTH)
        self.height = round(self.bottom + 66 + 16 * len(self.foot))
        for row, (texts, parts) in enumerate(zip(heads, drawn)):
            for column, (text, lines) in enumerate(zip(texts, parts)):
                place = places[row][column]
                panel = Panel(place, x_of(place), self.y, text, x_named=row == len(heads) - 1,
                              y_named=column == 0)
                chosen = styles.coloured(lines, "stream") if lines else []
                panel.draw(lines, chosen, gap=12, names={c: name(c) for c in lines})
                self.panels.append(panel)

    @property
    def marks(self):
        return [m for row in self.drawn for lines in row for ms in lines.values() for m in ms]


def _ways(rows):
    return [w for w in WAYS if any(r["exec"] == w for r in rows)]


def _pair(key):
    return key.param("p_producers"), key.param("p_consumers")


def _pair_name(pair):
    return f"{number(pair[0], 1)} : {number(pair[1], 1)}"


def capacity(source):
    """channel-capacity: time per value by capacity, for tasks and threads, at 1:1 and 4:4."""
    rows = source.rows("channel", workload="stream", p_element_bytes=BYTES)
    points = source.points(rows, "ns_per_op")
    swept = {}
    for p in points:
        swept.setdefault(_pair(p.key), set()).add(p.key.param("p_capacity"))
    pairs = sorted((pair for pair, seen in swept.items() if len(seen) > 1))
    # The smallest and the largest tell the story.
    pairs = [pair for pair in pairs if pair in ((1, 1), (4, 4))] or pairs[:1] + pairs[1:][-1:]
    points = [p for p in points if _pair(p.key) in pairs]
    if not points:
        return "no rows of workload stream at more than one capacity"
    rows = [r for r in rows if (r["p_producers"], r["p_consumers"]) in pairs]
    ways = _ways(rows)
    steps = sorted({p.key.param("p_capacity") for p in points})
    drawn = [[lines_of([p for p in points if _pair(p.key) == pair and p.key.exec == way],
                       lambda p: steps.index(p.key.param("p_capacity"))) for way in ways]
             for pair in pairs]
    heads = [[f"{way_name(way, source)}, {_pair_name(pair)}" for way in ways] for pair in pairs]
    grid = Grid(source, rows, heads, drawn, lambda place: step_axis(steps), tall=214)
    best = {way: min((p for p in points if p.key.exec == way and role(p.key.contestant) == "ours"),
                     key=lambda p: p.median, default=None) for way in ways}
    told = "; ".join(f"{way}s: {name(p.key.contestant)} takes {duration(p.median)} at "
                     f"{_pair_name(_pair(p.key))}, capacity {number(p.key.param('p_capacity'), 1)}"
                     for way, p in best.items() if p)
    return chart(
        "channel-capacity", "What a value through a channel costs, by the room there is for it",
        f"wall time per {BYTES}-byte value, all together, senders : receivers · "
        + statistic(grid.marks, points),
        grid.foot, WIDTH, grid.height,
        f"Line charts of the time per value against the capacity, one panel each for "
        f"{', '.join(t for row in heads for t in row)}. Cheapest of ours: {told}.",
        "Capacity 0 hands each value over in person. Room lets the two sides run apart, until "
        "neither ever waits for the other and more room buys nothing. Waiting is what costs: a "
        "task that waits lets another run, a thread that waits goes through the kernel, and who "
        "waits there for every value pays it for every value.",
        grid.panels, "capacity")


def blocked(source):
    """channel-blocked: the share of operations that had to wait, by capacity."""
    rows = [r for r in source.rows("channel", workload="blocked")
            if (r["p_producers"], r["p_consumers"]) == (1, 1)]
    shown = [("blocked_send_pct", "sends that found no room"),
             ("blocked_recv_pct", "receives that found no value")]
    found = [(head, source.points(rows, metric)) for metric, head in shown]
    points = [p for _, ps in found for p in ps]
    if not points:
        return "no rows of workload blocked"
    ways = _ways(rows)
    steps = sorted({p.key.param("p_capacity") for p in points})
    foot = source.foot(rows, WIDTH)
    places, bottom = grid_places(len(ways), 2, 116, 160, 70, 118)
    axis = {"y_low": -4, "y_high": 108, "y_scale": "linear", "y_at": [0, 25, 50, 75, 100],
            "y_text": ["0", "25", "50", "75", "100"]}
    panels, marks = [], []
    for row, way in enumerate(ways):
        for column, (head, here) in enumerate(found):
            lines = lines_of([p for p in here if p.key.exec == way],
                             lambda p: steps.index(p.key.param("p_capacity")))
            panels.append(Panel(places[row][column], step_axis(steps), axis, f"{way}s: {head}",
                                x_named=row == len(ways) - 1, y_named=column == 0))
            panels[-1].draw(lines, gap=12, names={c: name(c) for c in lines})
            marks += [m for ms in lines.values() for m in ms]
    return chart(
        "channel-blocked", "Does room in the channel keep its two sides from waiting?",
        "% of the operations at 1 : 1 that could not be done at once · " + statistic(marks, points),
        foot, WIDTH, round(bottom + 66 + 16 * len(foot)),
        f"Line charts of the share of sends and of receives that had to wait against the capacity, "
        f"for {' and '.join(f'{w}s' for w in ways)}.",
        "Counted in windows of their own, in which every operation is tried first. Room helps up "
        "to the point where the lines have come down; what is left is the slower side, which "
        "fills or drains any buffer.",
        panels, "capacity")


def crowd_map(source):
    """channel-map: time per value over the numbers of senders and receivers."""
    rows = source.rows("channel", workload="stream", p_element_bytes=BYTES)
    pairs = {}
    for r in rows:
        pairs.setdefault(r["p_capacity"], set()).add((r["p_producers"], r["p_consumers"]))
    if not pairs:
        return "no rows of workload stream"
    held = max(sorted(pairs), key=lambda c: (len(pairs[c]), c == 64))
    points = [p for p in source.points(rows, "ns_per_op") if p.key.param("p_capacity") == held
              and p.key.contestant not in ("null", "chan_spsc")]
    whose = [(c, way) for way in WAYS for c in ("chan", "go:chan", "guide")
             if any((p.key.contestant, p.key.exec) == (c, way) for p in points)]
    whose = whose[:4]
    points = [p for p in points if (p.key.contestant, p.key.exec) in whose]
    senders = sorted({_pair(p.key)[0] for p in points})
    receivers = sorted({_pair(p.key)[1] for p in points})
    if not points or len(senders) * len(receivers) < 2:
        return "no rows of workload stream with several numbers of senders and receivers"
    rows = [r for r in rows if r["p_capacity"] == held and (r["contestant"], r["exec"]) in whose]
    foot = source.foot(rows, WIDTH)
    top, first, gap = 116, 78, 22
    cell = (WIDTH - first - 20 - gap * (len(whose) - 1)) / len(whose)
    tall = 50 * len(receivers)
    places = [(first + i * (cell + gap), first + i * (cell + gap) + cell, top, top + tall)
              for i in range(len(whose))]
    least, most = min(p.median for p in points), max(p.median for p in points)
    tables = {table: [] for table in ("cells", "even", "numbers", "notes")}
    for contestant, way in whose:
        parts = {table: [] for table in tables}
        for p in points:
            if (p.key.contestant, p.key.exec) != (contestant, way):
                continue
            x, y = senders.index(_pair(p.key)[0]), receivers.index(_pair(p.key)[1])
            share = math.log(p.median / least) / math.log(most / least) if most > least else 0
            fill = styles.ramp(share)
            text = duration(p.median, 2)
            parts["cells"].append((x, y, x - 0.485, x + 0.485, y - 0.47, y + 0.47, fill))
            parts["numbers"].append((x, y, f"({text})" if mostly_noisy(p) else text,
                                     styles.number_on(fill)))
        for table, part in parts.items():
            tables[table].append(part)
    heads = [f"{name(c)}, {way}s" for c, way in whose]
    axis = {"x_low": -0.5, "x_high": len(senders) - 0.5, "x_scale": "linear",
            "x_at": list(range(len(senders))), "x_text": [number(s, 1) for s in senders],
            "y_low": -0.5, "y_high": len(receivers) - 0.5, "y_scale": "linear",
            "y_at": list(range(len(receivers))), "y_text": [number(r, 1) for r in receivers]}
    noisy = ", (n) = noisy" if any(mostly_noisy(p) for p in points) else ""
    return Chart(
        "channel-map", "map", "Many senders, many receivers, one channel",
        f"wall time per {BYTES}-byte value, all together, capacity {number(held, 1)} · "
        + statistic([], points) + noisy,
        foot, WIDTH, round(top + tall + 78 + 16 * len(foot)),
        f"Maps of the time per value over the number of senders and of receivers, for "
        f"{', '.join(heads)}: from {duration(least)} to {duration(most)}.",
        "Light is cheap. A column that gets darker upwards is receivers in each other's way, a row "
        "that gets darker to the right senders; where only one of the numbers is large, that side "
        "mostly waits for the other.",
        {**panel_parameters(places, heads, len(whose)), "shaded": [0] * len(whose), **axis,
         "x_name": "senders", "y_name": "receivers"},
        {table: (7 if table == "cells" else 2 if table == "even" else 4, blocks(parts))
         for table, parts in tables.items()})


def _rate(rate):
    for size, letter in ((10 ** 6, "M"), (10 ** 3, "k")):
        if rate >= size:
            return f"{number(rate / size, 2)}{letter}"
    return number(rate, 2)


def load(source):
    """channel-load: latency from when a value was to be sent, against the rate offered."""
    rows = source.rows("channel", workload="open_loop")
    held = max((r["p_capacity"] for r in rows if r["p_capacity"] is not None), default=None)
    rows = [r for r in rows if r["p_capacity"] == held]
    shown = [("latency_p50_ns", "median"), ("latency_p99_ns", "99th percentile")]
    found = [[p for p in source.points(rows, metric) if p.median > 0] for metric, _ in shown]
    if not any(found):
        return "no rows of workload open_loop"
    ways = _ways(rows)
    rates = sorted({p.key.param("p_rate_per_s") for ps in found for p in ps})
    most = {}
    for p in source.points(rows, "ops_per_s"):
        key = (p.key.contestant, p.key.exec)
        most[key] = max(most.get(key, 0), p.median)
    drawn = [[lines_of([p for p in ps if p.key.exec == way],
                       lambda p: p.key.param("p_rate_per_s")) for ps in found] for way in ways]
    heads = [[f"{way}s: {head}" for _, head in shown] for way in ways]
    grid = Grid(source, rows, heads, drawn,
                lambda place: measured_axis(rates, place[0], place[1], text=_rate)[0])
    told = "; ".join(f"{name(c)} by {way}s {_rate(v)}" for (c, way), v in sorted(most.items()))
    for panel, (way, column) in zip(grid.panels, [(w, i) for w in ways for i in (0, 1)]):
        if column == 0:
            _say_most(panel, [(c, v) for (c, w), v in most.items() if w == way])
    return chart(
        "channel-load", "How long a value is on its way, by how many are sent",
        f"from when it was to be sent to its receipt, 1 : 1, capacity {number(held, 1)} · "
        + statistic(grid.marks, [p for ps in found for p in ps]),
        grid.foot, WIDTH, grid.height,
        f"Line charts of the median and the 99th percentile of the latency against the rate "
        f"offered. Most values a second received: {told}.",
        "The sender keeps to its schedule and does not wait for answers; a value that could not be "
        "sent in time has waited since it was due. At low rates the receiver sleeps before each "
        "value and has to be woken; near the highest rate queues build up; beyond it the latency "
        "only says how long the window was.",
        grid.panels, "values offered a second (log)")


def _say_most(panel, found):
    """The highest rates received, in the panel's upper left corner where the lines are not."""
    lines = [f"{name(c)}: {_rate(v)}/s" for c, v in sorted(found, key=lambda f: -f[1])][:5]
    for at, text in enumerate(["most received:"] + lines if lines else []):
        panel.note(panel.place[0] + 10, panel.place[2] + 10 + 13 * at, text, 0x6B6B6B)


def close_wake(source):
    """channel-close: from a close to its waiters' running, by how many wait."""
    rows = [r for r in source.rows("channel", workload="close_wake") if r["p_waiters"]]
    shown = [("latency_p50_ns", "a waiter, median"), ("latency_p99_ns", "a waiter, 99th percentile"),
             ("wake_all_p50_ns", "the last waiter, median")]
    found = [[p for p in source.points(rows, metric) if p.median > 0] for metric, _ in shown]
    if not any(found):
        return "no rows of workload close_wake"
    ways = _ways(rows)
    waiters = sorted({p.key.param("p_waiters") for ps in found for p in ps})
    drawn = [[lines_of([p for p in ps if p.key.exec == way], lambda p: p.key.param("p_waiters"))
              for ps in found] for way in ways]
    heads = [[f"{way}s: {head}" for _, head in shown] for way in ways]
    grid = Grid(source, rows, heads, drawn,
                lambda place: measured_axis(waiters, place[0], place[1])[0], tall=170, names=90)
    return chart(
        "channel-close", "How long a close takes to reach everybody",
        "from just before the close to a waiter's running again · "
        + statistic(grid.marks, [p for ps in found for p in ps]),
        grid.foot, WIDTH, grid.height,
        f"Line charts of the latency of a close against {number(waiters[0], 1)} to "
        f"{plural(waiters[-1], 'waiter')}.",
        "All wait to receive, asleep; one closes. The first to run needs one wake, the last all of "
        "them one after the other: a line that rises with slope 1 is the time of a single wake, "
        "paid for each.",
        grid.panels, "waiters (log)")


def select(source):
    """channel-select: time per value received by select, by the number of cases."""
    rows = [r for r in source.rows("channel", workload="select") if r["p_cases"]]
    held = max((r["p_capacity"] for r in rows if r["p_capacity"] is not None), default=None)
    rows = [r for r in rows if r["p_capacity"] == held]
    points = source.points(rows, "ns_per_op")
    if not points:
        return "no rows of workload select"
    ways = _ways(rows)
    cases = sorted({p.key.param("p_cases") for p in points})
    drawn = [[lines_of([p for p in points if p.key.exec == way], lambda p: p.key.param("p_cases"))
              for way in ways]]
    grid = Grid(source, rows, [[way_name(way, source) for way in ways]], drawn,
                lambda place: measured_axis(cases, place[0], place[1])[0], tall=300)
    return chart(
        "channel-select", "What each further case of a select costs",
        f"wall time per value, one sender, one that selects, capacity {number(held, 1)} each · "
        + statistic(grid.marks, points),
        grid.foot, WIDTH, grid.height,
        f"Line charts of the time per value against {number(cases[0], 1)} to "
        f"{plural(cases[-1], 'case')}, for {' and '.join(f'{w}s' for w in ways)}.",
        "One sender puts each value into one of the channels, drawn at random. A flat line looks "
        "at the channels only until one has a value; a rising one locks or queues at all of them "
        "for every value.",
        grid.panels, "cases (log)")
