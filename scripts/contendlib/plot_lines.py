"""Charts whose x is the number of threads, and the parts that line charts are made of."""

from . import plot_styles as styles
from .plot_gnuplot import BREAK, Chart, blocks
from .plot_layout import LogScale, log_ticks, number, spread, text_width, thin
from .plot_source import mark, plural, statistic

POINT, SMALL_POINT = 1.1, 0.7
NAME_SIZE, SMALL_SIZE, NOTE_SIZE = 13, 11, 11
NOTE_INK = 0x7a6f59

# Throughput windows without work inside or between the operations.
PLAIN = {"p_hold_ns": None, "p_think_ns": None, "p_sample_every": None}
INCREMENTS = {"workload": "inc", "p_read_pct": None, **PLAIN}


def series(source, points, x, scale):
    """{contestant: [Mark by x]} in the table's order."""
    lines = {c: [] for c in styles.order(p.key.contestant for p in points)}
    for point in points:
        lines[point.key.contestant].append(mark(point, x(point), scale))
    for marks in lines.values():
        marks.sort()
    return lines


def strand(marks, *more):
    """A line's rows, and the lift of the pen after it."""
    return [(m.x, m.value, *more) for m in marks] + [BREAK]


def band(marks, colour):
    """The outline of each unbroken stretch of intervals."""
    rows, stretch = [], []
    for m in [*marks, None]:
        if m is not None and m.low is not None:
            stretch.append(m)
            continue
        if len(stretch) > 1:
            rows += [(s.x, s.high, colour) for s in stretch]
            rows += [(s.x, s.low, colour) for s in reversed(stretch)] + [BREAK]
        stretch = []
    return rows


def dots(marks, style, size=POINT):
    """Filled, or hollow on white where noisy (white first, so that no line shows through)."""
    rows = []
    for m in marks:
        if m.noisy:
            rows.append((m.x, m.value, size, style.point, 0xFFFFFF))
        rows.append((m.x, m.value, size, style.hollow if m.noisy else style.point, style.colour))
    return rows


def values(lines):
    return [v for marks in lines.values() for m in marks for v in (m.value, m.low, m.high)
            if v is not None]


def log_range(found, top, bottom, room_above, room_below):
    """(low, high) of a log axis over [top, bottom] pixels that leaves room at both its ends."""
    low, high = min(found) / 1.15, max(found) * 1.15
    if high / low < 8:
        middle = (low * high) ** 0.5
        low, high = middle / 8 ** 0.5, middle * 8 ** 0.5
    inner = LogScale(low, high, bottom - room_below, top + room_above)
    return inner.value(bottom), inner.value(top)


def y_axis(low, high):
    ticks = log_ticks(low, high)
    return {"y_low": low, "y_high": high, "y_scale": "log", "y_at": ticks,
            "y_text": [number(t, 1) for t in ticks]}


def measured_axis(values, left, right, favoured=(), text=lambda v: number(v, 1)):
    """Parameters of a log axis of what was set (threads, workers, shards) and its scale. Every
    measured value is a tick; those that would collide lose their text: the favoured, the ends and
    the powers of two last."""
    first, last = values[0], values[-1]
    reach = max(last / first, 2) ** 0.05
    scale = LogScale(first / reach ** 1.6, last * reach ** 1.2, left, right)
    places = [scale.pixel(v) for v in values]
    order = [values.index(v) for v in (*favoured, first, last) if v in values]
    order += [i for i, v in enumerate(values) if v == int(v) and int(v) & (int(v) - 1) == 0]
    named = thin(places, 10 + max(text_width(text(v), 12) for v in values), order)
    return {"x_low": scale.low, "x_high": scale.high, "x_scale": "log",
            "x_at": [values[i] for i in named], "x_text": [text(values[i]) for i in named],
            "x_mark": [v for i, v in enumerate(values) if i not in named]}, scale


def thread_axis(threads, cpus, left, right):
    """A measured axis on which more threads than CPUs are shaded."""
    axis, scale = measured_axis(threads, left, right, (cpus,))
    over = [t for t in threads if t > cpus]
    if over:
        axis["shade"] = max(scale.low, min(cpus * 1.075, (cpus * over[0]) ** 0.5))
    return axis, scale


def shade_note(axis, x_scale, y_scale, cpus):
    """What the shaded part is, inside it at its foot; flush right where it is narrow."""
    if "shade" not in axis:
        return []
    left, right = x_scale.pixel(axis["shade"]) + 8, x_scale.end - 6
    for text in (f"oversubscribed: more threads than CPUs ({number(cpus, 1)})",
                 f"oversubscribed: threads > CPUs ({number(cpus, 1)})", "oversubscribed"):
        if text_width(text, NOTE_SIZE) <= right - left:
            break
    at = min(left, right - text_width(text, NOTE_SIZE))
    return [(x_scale.value(at), y_scale.value(y_scale.start - 12), text, NOTE_INK)]


def end_names(entries, x_scale, y_scale, gap):
    """Labels at the lines' ends, moved apart. entries: (text, x, y, ink, colour, size).

    Returns (big labels, small labels, leaders from a line's end to a label that had to move).
    """
    wishes = [y_scale.pixel(e[2]) for e in entries]
    places = spread(wishes, gap, y_scale.end + 6, y_scale.start - 6)
    big, small, leaders = [], [], []
    for (text, x, y, ink, colour, size), place in zip(entries, places):
        (big if size == NAME_SIZE else small).append(
            (x_scale.high, y_scale.value(place), text, ink))
        end = x_scale.pixel(x)
        if abs(place - y_scale.pixel(y)) > 3 or x_scale.end - end > 40:
            # from beyond the point to short of the text
            leaders += [(x_scale.value(end + 7), y, colour),
                        (x_scale.value(x_scale.end + 5), y_scale.value(place), colour), BREAK]
    return big, small, leaders


def threads_chart(source):
    """counter-throughput: the featured in colour, all others thin, the ideal dashed."""
    rows = source.rows("counter", **INCREMENTS)
    points = source.points(rows, "ops_per_s")
    if not points:
        return "no rows of workload inc"
    lines = series(source, points, lambda p: p.key.threads, 1e-6)
    threads = sorted({p.key.threads for p in points})
    width, height, left, right, top = 960, 620, 84, 800, 92
    foot = source.foot(rows, width)
    bottom = height - 66 - 16 * len(foot)
    axis, x_scale = thread_axis(threads, source.cpus, left, right)

    start = next((c for c in ("sharded", "atomic_add") if c in lines and lines[c][0].x == 1), None)
    ideal = []
    if start and threads[-1] > 1:
        one = lines[start][0].value
        corners = sorted({1, *(t for t in threads if t < source.cpus), source.cpus, threads[-1]})
        ideal = [(t, one * min(t, source.cpus)) for t in corners if t <= threads[-1]]
    low, high = log_range(values(lines) + [y for _, y in ideal], top, bottom, 12,
                          34 if "shade" in axis else 14)
    y_scale = LogScale(low, high, bottom, top)

    chosen = styles.coloured(lines, "inc")
    entries = []
    for contestant, marks in lines.items():
        s, bright = styles.style(contestant), contestant in chosen
        entries.append((s.label, marks[-1].x, marks[-1].value,
                        s.ink if bright else 0x6B6B6B, s.colour if bright else styles.PALE,
                        NAME_SIZE if bright else SMALL_SIZE))
    if ideal:
        entries.append((f"ideal: {styles.label(start)} × CPUs", *ideal[-1], 0x8A8A8A, styles.PALE,
                        SMALL_SIZE))
    names, small_names, leaders = end_names(entries, x_scale, y_scale, 16)
    notes = shade_note(axis, x_scale, y_scale, source.cpus)
    bright = [(styles.style(c), lines[c]) for c in chosen]
    dim = [m for c, m in lines.items() if c not in chosen]
    marks = [m for ms in lines.values() for m in ms]
    return Chart(
        "counter-throughput", "counter-throughput",
        "Counter increments: who scales, who collapses",
        "million increments per second, all threads together · " + statistic(marks, points),
        foot, width, height,
        f"Line chart: million counter increments per second against {threads[0]} to {threads[-1]} "
        f"threads for {plural(len(lines), 'contestant')}.",
        "Up is more work done. A line that follows the dashed one uses every CPU it is given; a "
        "flat one is held by one cache line or one lock; one that falls loses more to contention "
        "than the added thread brings. In the shaded part threads share CPUs: whoever waits by "
        "spinning then waits for a thread that is not running.",
        {**axis, **y_axis(low, high), "left": [left], "right": [right], "top": [top],
         "bottom": [bottom], "x_named": [1], "y_named": [1], "x_name": "threads"},
        {"lines": (3, [r for s, m in bright for r in strand(m, s.colour)]),
         "others": (3, [r for m in dim for r in strand(m, styles.PALE)]),
         "bands": (3, [r for s, m in bright for r in band(m, s.colour)]),
         "ideal": (2, ideal), "leaders": (3, leaders),
         "points": (5, [r for m in dim for r in dots(m, styles.Style("", styles.PALE, 7), 0.5)]
                    + [r for s, m in bright for r in dots(m, s)]),
         "names": (4, names), "small_names": (4, small_names), "notes": (4, notes)})


def grid(count, width, top, cell_height, left=64, gap=18, row_gap=34):
    """Columns, rows and the rectangles (left, right, top, bottom) of small panels."""
    columns = 5 if count > 8 else 4 if count > 6 else 3 if count > 4 else min(count, 2)
    rows = -(-count // columns)
    cell = (width - left - 24 - gap * (columns - 1)) / columns
    places = []
    for i in range(count):
        x, y = left + (i % columns) * (cell + gap), top + (i // columns) * (cell_height + row_gap)
        places.append((x, x + cell, y, y + cell_height))
    return columns, rows, places


def panel_parameters(places, names, columns):
    """Axis texts only at the left and under the lowest panel of each column."""
    count = len(places)
    return {"panels": count, "panel": names, "left": [p[0] for p in places],
            "right": [p[1] for p in places], "top": [p[2] for p in places],
            "bottom": [p[3] for p in places],
            "x_named": [int(i + columns >= count) for i in range(count)],
            "y_named": [int(i % columns == 0) for i in range(count)]}


def all_chart(source):
    """counter-all: everyone's own panel on the same axes."""
    rows = source.rows("counter", **INCREMENTS)
    points = source.points(rows, "ops_per_s")
    if not points:
        return "no rows of workload inc"
    lines = series(source, points, lambda p: p.key.threads, 1e-6)
    threads = sorted({p.key.threads for p in points})
    width, top, cell_height = 960, 112, 128
    columns, grid_rows, places = grid(len(lines), width, top, cell_height)
    foot = source.foot(rows, width)
    height = top + grid_rows * (cell_height + 34) + 24 + 16 * len(foot)
    axis, _ = thread_axis(threads, source.cpus, places[0][0], places[0][1])
    low, high = log_range(values(lines), places[0][2], places[0][3], 8, 8)
    y = y_axis(low, high)
    marks = [m for ms in lines.values() for m in ms]
    looks = [styles.style(c) for c in lines]
    shaded = ", shaded: more than CPUs" if "shade" in axis else ""
    return Chart(
        "counter-all", "counter-all", "Counter increments: every contestant on the same axes",
        f"million increments/s against threads{shaded} · " + statistic(marks, points),
        foot, width, height,
        f"{plural(len(lines), 'small line chart')}, one per contestant: million counter increments "
        "per second against threads, the other contestants in grey.",
        "Each panel lifts one contestant out; the grey lines are all the others, so its place "
        "among them can be read without hunting through a tangle.",
        {**axis, **y, **panel_parameters(places, [s.label for s in looks], columns)},
        {"lines": (3, blocks(strand(m, s.colour) for s, m in zip(looks, lines.values()))),
         "bands": (3, blocks(band(m, s.colour) for s, m in zip(looks, lines.values()))),
         "points": (5, blocks(dots(m, s, SMALL_POINT) for s, m in zip(looks, lines.values())))})
