"""Charts of a plane: fairness against throughput, shares of updates, pairs of CPUs."""

from . import plot_styles as styles
from . import stats
from .plot_gnuplot import BREAK, Chart, blocks
from .plot_layout import (LinearScale, LogScale, duration, number, place_labels, spaced_ticks,
                          spread, text_width)
from .plot_lines import INCREMENTS, NOTE_INK, dots, panel_parameters
from .plot_source import Mark, mark, mostly_noisy, plural, statistic


def fairness(source):
    """fairness: who is fast, and whether by starving somebody."""
    return fairness_of(source, source.rows("counter", **INCREMENTS), "fairness", "increments")


def fairness_of(source, rows, name, what):
    """A panel for each number of workers above one; `what` they do many of a second."""
    rows = [r for r in rows if r["threads"] > 1]
    loads = [t for t in source.loads(r["threads"] for r in rows) if t > 1]
    rows = [r for r in rows if r["threads"] in loads]
    # null shares nothing that it could be fair about.
    points = [p for p in source.points(rows, "ops_per_s") if p.key.contestant != "null"
              and p.median_of("fairness_min_max") is not None]
    if not points:
        return "no rows with threads > 1"
    loads = [t for t in loads if any(p.key.threads == t for p in points)]
    width, height, top, first, gap = 960, 600, 116, 78, 34
    foot = source.foot(rows, width)
    bottom = height - 66 - 16 * len(foot)
    cell = (width - first - 20 - gap * (len(loads) - 1)) / len(loads)
    places = [(first + i * (cell + gap), first + i * (cell + gap) + cell, top, bottom)
              for i in range(len(loads))]
    speeds = [p.median * 1e-6 for p in points]
    low, high = min(speeds), max(speeds)
    if high / low < 8:
        low, high = low / 3, high * 3
    inner = LogScale(low, high, 30, cell - 90)
    low, high = inner.value(0), inner.value(cell)
    y_scale = LinearScale(-0.16, 1.14, bottom, top)
    tables = {table: [] for table in ("leaders", "thin", "points", "names_left", "names_right",
                                    "notes")}
    marks = []
    for threads, place in zip(loads, places):
        x_scale = LogScale(low, high, place[0], place[1])
        here = sorted((p for p in points if p.key.threads == threads),
                      key=lambda p: (-p.median_of("fairness_min_max"), p.median))
        looks = [styles.style(p.key.contestant) for p in here]
        shown = [Mark(p.median * 1e-6, p.median_of("fairness_min_max"), None, None, mostly_noisy(p))
                 for p in here]
        pixels = [(x_scale.pixel(m.x), y_scale.pixel(m.value)) for m in shown]
        texts = [s.label for s in looks]
        labels = place_labels(pixels, texts, 11, (place[0] + 3, top + 22, place[1], bottom - 2))
        parts = {table: [] for table in tables}
        for p, m, s, (px, py), (lx, ly, side) in zip(here, shown, looks, pixels, labels):
            if abs(ly - py) > 4:
                # To the nearest corner of the text, or straight to a text over or under the point.
                beside = abs(lx - px) <= 12
                end = (lx + (-2 if side == "left" else 2), ly) if beside else (
                    px, ly + (6 if ly < py else -6))
                parts["leaders"] += [(m.x, m.value, s.colour), (x_scale.value(end[0]),
                                     y_scale.value(end[1]), s.colour), BREAK]
            parts[f"names_{side}"].append((x_scale.value(lx), y_scale.value(ly), s.label, s.ink))
            if p.interval:
                parts["thin"] += [(end * 1e-6, m.value, s.colour) for end in p.interval] + [BREAK]
            parts["points"] += dots([m], s)
        parts["notes"].append((x_scale.value(place[1] - 8), y_scale.value(top + 11),
                               "good: fast and fair", NOTE_INK))
        marks += [mark(p, 0) for p in here]
        for table, part in parts.items():
            tables[table].append(part)
    scale = LogScale(low, high, 0, cell)
    ticks = [t for t in next(t for t in spaced_ticks(low, high) if cell / len(t) >= 50)
             if scale.pixel(t) <= cell - 16] or [low]
    shares = [0, 0.25, 0.5, 0.75, 1]
    contestants = len({p.key.contestant for p in points})
    return Chart(
        name, "fairness", "Fast for all, or fast for some?",
        f"operations of the slowest thread ÷ those of the fastest, against {what} · "
        + statistic(marks, points, "bar"),
        foot, width, height,
        "Scatter plot: share of the slowest thread's operations in the fastest one's against "
        f"million {what} per second, for {plural(contestants, 'contestant')}.",
        "At 1 every thread got equally far; near 0 somebody starved while the total looked good. "
        "The upper right corner is fast and fair. Where threads share CPUs, the kernel's time "
        "slices set the fairness of whoever does not wait.",
        {**panel_parameters(places, [source.load_name(t) for t in loads], len(loads)),
         "shaded": [int(t > source.cpus) for t in loads],
         "x_low": low, "x_high": high, "x_scale": "log", "x_at": ticks,
         "x_text": [number(t, 1) for t in ticks], "y_low": -0.16, "y_high": 1.14,
         "y_scale": "linear", "y_at": shares, "y_text": [f"{s:g}" for s in shares],
         "x_name": f"million {what} per second, all threads together (log)",
         "y_name": "slowest thread ÷ fastest"},
        {table: (5 if table == "points" else 3 if table in ("leaders", "thin") else 4, blocks(parts))
         for table, parts in tables.items()})


SURVIVED, LOST = 0xC9CED6, styles.VERMILION


def lost_updates(source):
    """lost-updates: the price of no synchronisation at all."""
    rows = [r for r in source.rows("counter", contestant="racy", **INCREMENTS)]
    points = sorted(source.points(rows, "lost_pct"), key=lambda p: p.key.threads)
    if not points:
        return "no rows of contestant racy with lost_pct"
    width, height, left, right, top = 960, 520, 84, 850, 92
    foot = source.foot(rows, width)
    bottom = height - 66 - 16 * len(foot)
    threads = [p.key.threads for p in points]
    x_scale = LinearScale(-0.6, len(points) - 0.4, left, right)
    y_scale = LinearScale(0, 108, bottom, top)
    half = min(0.36, 60 / (x_scale.pixel(1) - x_scale.pixel(0)))
    bars, whiskers, numbers, circles = [], [], [], []
    for x, p in enumerate(points):
        lost = p.median
        bars += [(x, lost / 2, x - half, x + half, 0, lost, LOST),
                 (x, 50 + lost / 2, x - half, x + half, lost, 100, SURVIVED)]
        if p.interval:
            whiskers += [(x, p.lo), (x, p.hi), BREAK]
        text = "none lost" if lost == 0 else f"{number(lost, 2)} % lost"
        room = 2 * half * (x_scale.pixel(1) - x_scale.pixel(0))
        if text_width(text, 12) > room:
            text = "0" if lost == 0 else number(lost, 2)
        # Above the bar's edge, where the whisker does not reach and the ground is light.
        clear = y_scale.pixel(max(lost, p.hi or lost)) - (18 if mostly_noisy(p) else 12)
        inside = clear < top + 40
        at = y_scale.value(y_scale.pixel(min(lost, p.lo or lost)) + 14 if inside else clear)
        numbers.append((x, at, text, 0xFFFFFF if inside else 0x222222))
        if mostly_noisy(p):
            circles += dots([Mark(x, lost, None, None, True)],
                            styles.Style("", 0x222222, styles.DIAMOND))
    last = points[-1].median
    middles = [y_scale.pixel(last / 2), y_scale.pixel(50 + last / 2)]
    places = spread(middles, 18, top + 8, bottom - 8)
    edge = x_scale.high
    names = [(edge, y_scale.value(places[0]), "lost", styles.legible(LOST)),
             (edge, y_scale.value(places[1]), "survived", 0x5B6470)]
    marks = [mark(p, 0) for p in points]
    axis = {"x_low": x_scale.low, "x_high": x_scale.high, "x_scale": "linear",
            "x_at": list(range(len(points))), "x_text": [number(t, 1) for t in threads]}
    notes = []
    over = [x for x, t in enumerate(threads) if t > source.cpus]
    if over:
        axis["shade"] = max(x_scale.low, over[0] - 0.5)
        notes = [(x_scale.value(x_scale.pixel(axis["shade"]) + 8), 104,
                  f"oversubscribed: threads > CPUs ({number(source.cpus, 1)})", NOTE_INK)]
        room = x_scale.end - x_scale.pixel(axis["shade"]) - 8
        if text_width(notes[0][2], 11) > room:
            notes = [(*notes[0][:2], "oversubscribed", NOTE_INK)]
    top_share = [0, 20, 40, 60, 80, 100]
    return Chart(
        "lost-updates", "lost-updates", "A counter without synchronisation loses updates",
        "% of all increments of the contestant racy (load, add, store) · " + statistic(
            marks, points, "whisker"),
        foot, width, height,
        "Stacked bars of lost and surviving increments of an unsynchronised counter: "
        + ", ".join(f"{number(p.median, 2)} % lost at {plural(p.key.threads, 'thread')}"
                    for p in points) + ".",
        "Two threads read the same value, both add one, both store: one increment is gone. It is "
        "also why the racy line of the throughput chart is worth nothing, fast as it is.",
        {**axis, "left": [left], "right": [right], "top": [top], "bottom": [bottom],
         "x_named": [1], "y_named": [1], "y_low": 0, "y_high": 108, "y_scale": "linear",
         "y_at": top_share, "y_text": [str(t) for t in top_share], "x_name": "threads"},
        {"bars": (7, bars), "whiskers": (2, whiskers), "points": (5, circles),
         "numbers": (4, numbers), "names": (4, names), "notes": (4, notes)})


def core_to_core(source):
    """core-to-core: how far every CPU is from every other."""
    rows = [r for r in source.rows("machine", contestant="hop", workload="core_to_core")
            if r["p_cpu_a"] is not None and r["p_cpu_b"] is not None]
    points = source.points(rows, "ns_per_op")
    measured = {}
    for p in points:
        measured.setdefault((p.key.param("p_cpu_a"), p.key.param("p_cpu_b")), p)
    pairs = {**{(b, a): p for (a, b), p in measured.items()}, **measured}
    pairs = {k: p for k, p in pairs.items() if k[0] != k[1]}
    if not pairs:
        return "no rows of contestant hop between two CPUs"
    cpus = sorted({c for pair in pairs for c in pair})
    n = len(cpus)
    width, left, top = 960, 84, 96
    cell = min(110.0, 600 / n)
    side = cell * n
    foot = source.foot(rows, width)
    height = round(max(top + side, 300) + 62 + 16 * len(foot))
    found = sorted(p.median for p in pairs.values())
    low, high = found[0], found[-1]
    span = high - low if high > low * 1.02 else 0
    middle = stats.median(found)

    def colour(value):
        return styles.ramp((value - low) / span if span else 0.35)

    texts = {k: f"({number(p.median, 2)})" if mostly_noisy(p) else number(p.median, 2)
             for k, p in pairs.items()}
    with_numbers = cell >= 17 and max(text_width(t, 11) for t in texts.values()) + 6 <= cell
    edge = 0.5 - min(0.02, 0.5 / cell)
    cells, numbers = [], []
    for (a, b), p in sorted(pairs.items()):
        x, y, fill = cpus.index(a), cpus.index(b), colour(p.median)
        cells.append((x, y, x - edge, x + edge, y - edge, y + edge, fill))
        if with_numbers:
            numbers.append((x, y, texts[a, b], styles.number_on(fill)))
    beyond = 220
    notes = []
    if span:        # a scale of its own: the key to the colours
        steps, bar = 40, min(side, 220)
        x0 = n - 0.5 + 26 / cell
        for i in range(steps):
            y0 = -0.5 + bar / cell * i / steps
            y1 = -0.5 + bar / cell * min(i + 1.5, steps) / steps    # overlaps: no seams
            cells.append((x0, (y0 + y1) / 2, x0, x0 + 16 / cell, y0, y1,
                          styles.ramp(i / (steps - 1))))
        marks = spread([0, (middle - low) / span * bar, bar], 15, 5, max(bar - 5, 6))
        for at, (value, name) in zip(marks, ((low, "nearest"), (middle, "median"),
                                             (high, "farthest"))):
            notes.append((x0 + 24 / cell, -0.5 + at / cell, f"{duration(value)} {name}", 0x444444))
    else:
        notes.append((n - 0.5 + 16 / cell, -0.5 + 10 / cell, f"{duration(middle)} every pair",
                      0x444444))
    room, step = max(16, text_width(str(cpus[-1]), 12) + 8), 1
    while step * cell < room:
        step *= 2
    named = list(range(0, n, step))
    noisy = any(t.startswith("(") for t in texts.values()) and with_numbers
    return Chart(
        "core-to-core", "core-to-core", "How far one CPU is from another",
        "ns for a cache line to cross, one way · "
        + statistic([], points)
        + (", (n) = noisy" if noisy else ""),
        foot, width, height,
        f"Heat map of the one-way hop between {plural(n, 'CPU')}: nearest pair {duration(low)}, "
        f"median {duration(middle)}, farthest {duration(high)}.",
        "Light is near, dark is far. Blocks along the diagonal are CPUs that share a cache; "
        "everything contended on this machine is a multiple of these numbers. On a virtual machine "
        "they change when the hypervisor moves a CPU.",
        {"left": [left], "right": [left + side + beyond], "top": [top], "bottom": [top + side],
         "x_low": -0.5, "x_high": n - 0.5 + beyond / cell, "x_scale": "linear",
         "y_low": n - 0.5, "y_high": -0.5, "y_scale": "linear", "x_named": [1], "y_named": [1],
         "x_at": named, "x_text": [str(cpus[i]) for i in named], "y_at": named,
         "y_text": [str(cpus[i]) for i in named], "x_name": "CPU (the kernel's number)",
         "middle": (n - 1) / 2},
        {"cells": (7, cells), "numbers": (4, numbers), "notes": (4, notes)})
