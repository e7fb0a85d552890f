"""Charts with a named row per thing and its cost on a logarithmic axis of time."""

from . import plot_styles as styles
from . import stats
from .plot_gnuplot import BREAK, Chart, blocks
from .plot_layout import LogScale, duration, spaced_ticks, text_width
from .plot_lines import INCREMENTS, NOTE_INK, POINT, dots
from .plot_source import Mark, mark, mostly_noisy, plural, statistic

VEIL = 0x78000000       # gnuplot's alpha: a bar lets the dot on it be seen
ROW, NAME_SIZE, NUMBER_SIZE = 24, 12, 11
COLUMNS = {"guides": 2, "clock": 2, "thin": 3, "medium": 3, "thick": 3, "points": 5, "numbers": 4,
           "numbers_left": 4, "names": 4, "notes": 4}


class Rows:
    """The frame that the three charts share: rows from the top, panels side by side."""

    def __init__(self, source, charted, names, panels, values, room_left, room_right, lift=0):
        """names: [(text, ink)]; panels: {heading: shaded}; values: all that must be on the axis;
        the rooms are for the numbers beside the outermost marks, `lift` rows stay free on top."""
        self.count, self.width, self.lift = len(names), 960, lift
        self.top = 112 if any(panels) else 88
        self.foot = source.foot(charted, self.width)
        self.bottom = self.top + ROW * (self.count + lift)
        self.height = self.bottom + 70 + 16 * len(self.foot)
        first = 24 + max(text_width(t, NAME_SIZE) for t, _ in names) + 14
        gap = 22
        cell = (self.width - first - 20 - gap * (len(panels) - 1)) / len(panels)
        self.places = [(first + i * (cell + gap), first + i * (cell + gap) + cell)
                       for i in range(len(panels))]
        low, high = min(values), max(values)
        if high / low < 3:
            low, high = low / 3 ** 0.5, high * 3 ** 0.5
        inner = LogScale(low, high, room_left, cell - room_right)
        self.low, self.high = inner.value(0), inner.value(cell)
        self.panels, self.names = panels, names
        self.tables = {name: [[] for _ in panels] for name in COLUMNS if name != "guides"}
        for row, (text, ink) in enumerate(names):
            self.tables["names"][0].append((self.low, row, text, ink))

    def scale(self):
        left, right = self.places[0]
        return LogScale(self.low, self.high, left, right)

    def axis(self):
        """Ticks that leave each other room: every second or third decade in a narrow panel."""
        scale = self.scale()
        for ticks in spaced_ticks(self.low, self.high):
            places = [scale.pixel(t) for t in ticks]
            if all(b - a >= 50 for a, b in zip(places, places[1:])):
                break
        # A text at the very end would run into the next panel.
        return [t for t, p in zip(ticks, places) if p <= scale.end - 14] or ticks[:1]

    def chart(self, name, title, subtitle, alt, caption, x_name):
        ticks = self.axis()
        panels = len(self.panels)
        guides = [r for row in range(self.count)
                  for r in ((self.low, row), (self.high, row), BREAK)]
        return Chart(
            name, "rows", title, subtitle, self.foot, self.width, self.height, alt, caption,
            {"panels": panels, "panel": list(self.panels) if any(self.panels) else [],
             "shaded": [int(over) for over in self.panels.values()],
             "left": [p[0] for p in self.places], "right": [p[1] for p in self.places],
             "top": [self.top] * panels, "bottom": [self.bottom] * panels,
             "x_low": self.low, "x_high": self.high, "x_scale": "log", "x_at": ticks,
             "x_text": [duration(t) for t in ticks], "x_named": [1] * panels,
             "y_low": self.count - 0.4, "y_high": -0.6 - self.lift, "y_scale": "linear",
             "y_named": [0] * panels, "x_name": x_name},
            {"guides": (2, guides),
             **{n: (COLUMNS[n], blocks(parts)) for n, parts in self.tables.items()}})


def turned(marks, row):
    """Marks of a row: value along x, the row along y."""
    return [Mark(m.value, row, None, None, m.noisy) for m in marks]


def whisker(m, row, colour):
    return [] if m.low is None else [(m.low, row, colour), (m.high, row, colour), BREAK]


def cost_ladder(source):
    """cost-ladder: ns per increment, sorted, at one thread, one and two per CPU."""
    rows = source.rows("counter", **INCREMENTS)
    loads = source.loads(r["threads"] for r in rows)
    rows = [r for r in rows if r["threads"] in loads]
    points = source.points(rows, "ns_per_op")
    loads = [t for t in loads if any(p.key.threads == t for p in points)]
    if not points:
        return "no rows of workload inc"
    at = {(p.key.contestant, p.key.threads): mark(p, 0) for p in points}
    sorting = max((t for t in loads if t <= source.cpus), default=loads[0])
    ranked = sorted(styles.order(p.key.contestant for p in points), key=lambda c: (
        (c, sorting) not in at, at[c, sorting].value if (c, sorting) in at else 0))
    looks = [styles.style(c) for c in ranked]
    marks = list(at.values())
    frame = Rows(source, rows, [(s.label, s.ink) for s in looks],
                 {source.load_name(t): t > source.cpus for t in loads},
                 [v for m in marks for v in (m.value, m.low, m.high) if v is not None], 14, 66)
    for panel, threads in enumerate(loads):
        t = {name: parts[panel] for name, parts in frame.tables.items()}
        for row, (contestant, s) in enumerate(zip(ranked, looks)):
            m = at.get((contestant, threads))
            if m is None:
                t["numbers"].append((frame.low, row, "no result", 0x8A8A8A))
                continue
            t["medium"] += whisker(m, row, s.colour)
            t["points"] += dots(turned([m], row), s)
            t["numbers"].append((m.high or m.value, row, duration(m.value), 0x444444))
    return frame.chart(
        "cost-ladder", "What one increment costs",
        "wall time per increment, all threads together, sorted at "
        f"{plural(sorting, 'thread')} · " + statistic(marks, points, "bar"),
        f"Dot plot: time per counter increment for {plural(len(ranked), 'contestant')} at "
        f"{', '.join(source.load_name(t) for t in loads)}.",
        "Left is cheap; every grid line is a fixed factor. Time is wall time divided by the "
        "operations of all threads together, so what one thread waits for its own operation is "
        "this times the number of threads. Perfect scaling would move a dot to the left from panel "
        "to panel.",
        "time per increment (log)")


QUANTILES = ("p50", "p99", "p999", "max")


def sampled(source, rows, of="latency", place=lambda key: (key.contestant, key.threads)):
    """{place: {quantile: median}}, of one sampling rate where there are more."""
    found = {}
    for quantile in QUANTILES:
        for p in source.points(rows, f"{of}_{quantile}_ns"):
            every = p.key.param("p_sample_every")
            known = found.setdefault(place(p.key), {"every": every, "n": p.n})
            if every == known["every"]:
                known[quantile] = p.median
                known["noisy"] = known.get("noisy", False) or mostly_noisy(p)
                known["n"] = max(known["n"], p.n)
    return {k: q for k, q in found.items() if all(name in q for name in QUANTILES)}


def draw_range(frame, tables, row, quantiles, look):
    """The dot, the bar that thins out, and the number of a row; "no result" where there is none."""
    if quantiles is None:
        tables["numbers"].append((frame.low, row, "no result", 0x8A8A8A))
        return
    # A quantile of 0 is below what the clock resolves: at the axis' edge, text says 0.
    p50, p99, p999, most = (max(quantiles[q], frame.low) for q in QUANTILES)
    for name, ends in (("thick", (p50, p99)), ("medium", (p99, p999)), ("thin", (p999, most))):
        tables[name] += [(end, row, look.colour | VEIL) for end in ends] + [BREAK]
    tables["points"] += dots([Mark(p50, row, None, None, quantiles["noisy"])], look)
    tables["numbers"].append((most, row, duration(quantiles["max"]), 0x444444))


def draw_clock(tables, clock, rows):
    """What the timing costs: nothing left of it can be resolved."""
    if clock:
        tables["clock"] += [(clock, -0.7), (clock, rows - 0.4)]
        tables["notes"].append((clock, -1.05, f"clock read {duration(clock)}", NOTE_INK))


def range_words(found):
    """How a range chart's subtitle ends: the statistic, and what a hollow dot is."""
    least, most = min(q["n"] for q in found.values()), max(q["n"] for q in found.values())
    windows = plural(most, "window") if least == most else f"{least} to {most} windows"
    hollow = ", hollow = noisy" if any(q["noisy"] for q in found.values()) else ""
    return f"medians of {windows}{hollow}"


def latency(source):
    """latency: how long the slow operations take."""
    rows = [r for r in source.rows("counter", workload="inc", p_read_pct=None, p_hold_ns=None,
                                   p_think_ns=None) if r["p_sample_every"]]
    loads = source.loads(r["threads"] for r in rows)
    rows = [r for r in rows if r["threads"] in loads]
    found = sampled(source, rows)
    loads = [t for t in loads if any(k[1] == t for k in found)]
    if not found:
        return "no latency windows (p_sample_every > 0) of workload inc"
    clocks = [r["clock_ns"] for r in rows if r["clock_ns"]]
    clock = stats.median(clocks) if clocks else None
    return ranges(
        source, rows, found, loads, clock, "latency", "How long the slow increments take",
        "dot = median of single increments, thick to p99, medium to p99.9, thin to longest "
        "(number)", "Range plot: median, 99th and 99.9th percentile and longest time of one "
        "increment",
        "The dot is the usual case, the bar's tail what the unlucky get. A long thin line behind a "
        "good dot is a lock that lets some threads starve, or a kernel that took the CPU away. The "
        "timing itself costs one clock read: nothing left of the dashed line can be resolved.",
        "time of one increment (log)")


def ranges(source, rows, found, loads, clock, name, title, subtitle, alt, caption, x_name):
    """A row for each contestant, a panel for each number of threads; the best p99 comes first."""
    seen = [q[m] for q in found.values() for m in QUANTILES if q[m] > 0]
    if not seen:
        return "no latency above 0"
    sorting = max((t for t in loads if t <= source.cpus), default=loads[0])
    ranked = sorted(styles.order(c for c, _ in found), key=lambda c: (
        (c, sorting) not in found, found.get((c, sorting), {}).get("p99", 0)))
    looks = [styles.style(c) for c in ranked]
    frame = Rows(source, rows, [(s.label, s.ink) for s in looks],
                 {source.load_name(t): t > source.cpus for t in loads},
                 seen + ([clock] if clock else []), 14, 64, 1)
    for panel, threads in enumerate(loads):
        t = {name: parts[panel] for name, parts in frame.tables.items()}
        draw_clock(t, clock, len(ranked))
        for row, (contestant, s) in enumerate(zip(ranked, looks)):
            draw_range(frame, t, row, found.get((contestant, threads)), s)
    return frame.chart(
        name, title, f"{subtitle} · {range_words(found)}",
        f"{alt} for {plural(len(ranked), 'contestant')} at "
        f"{', '.join(source.load_name(t) for t in loads)}.", caption, x_name)


# contestant -> (row's name, who it costs). {x} are the row's own parameters.
UNITS = {
    "null": ("empty loop", "core"),
    "frequency": ("one cycle", "core"),
    "load_store": ("plain load and store", "core"),
    "atomic_add": ("atomic add", "core"),
    "cas": ("compare and swap", "core"),
    "exchange": ("exchange", "core"),
    "fence": ("full fence", "core"),
    "pause": ("pause instruction", "core"),
    "tsc": ("read the cycle counter", "core"),
    "clock": ("read the clock", "core"),
    "hop": ("cache line to another core", "cores"),
    "sched_yield": ("sched_yield", "kernel"),
    "futex_wake": ("wake, {where}, asleep {p_idle_us}", "kernel"),
    "thread_create": ("create and join a thread", "kernel"),
    "sleep": ("sleep {p_sleep_us}: overshoot", "kernel"),
}
WHO = {"core": ("one core alone", styles.BLUE, styles.SQUARE),
       "cores": ("between cores", styles.GREEN, styles.CIRCLE),
       "kernel": ("through the kernel", styles.VERMILION, styles.DIAMOND)}
WHERE = {"same_core": "same core", "other_core": "other core"}


def unit_name(key):
    """A machine point's row: its name for people and its group."""
    name, who = UNITS.get(key.contestant, (f"{key.contestant} {key.workload}", "core"))
    words = {"where": WHERE.get(key.workload, key.workload)}
    for param in ("p_idle_us", "p_sleep_us"):
        value = key.param(param)
        words[param] = "?" if value is None else duration(value * 1000)
    return name.format(**words).replace("asleep 0\u00a0ns", "just asleep"), who


def machine_limits(source):
    """machine-limits: this machine's own units, from an instruction to a sleep."""
    rows = source.rows("machine")
    units, used = [], []        # units: [value, low, high, name, who, text, noisy]
    hops = []
    for p in source.points(rows, "ns_per_op"):
        if p.key.contestant == "hop":
            hops.append(p)
        elif p.median_of("latency_p50_ns") is None:
            name, who = unit_name(p.key)
            units.append([p.median, p.lo, p.hi, name, who, duration(p.median), mostly_noisy(p)])
            used.append(p)
    if hops:
        ranked = sorted(p.median for p in hops)
        middle = stats.median(ranked)
        text = duration(middle)
        if duration(ranked[0]) != duration(ranked[-1]):
            text += f" ({duration(ranked[0])} to {duration(ranked[-1])})"
        units.append([middle, ranked[0], ranked[-1], UNITS["hop"][0], "cores", text,
                      2 * sum(map(mostly_noisy, hops)) >= len(hops)])
        used += hops
    for p in source.points(rows, "latency_p50_ns"):
        p99 = p.median_of("latency_p99_ns")
        name, who = unit_name(p.key)
        units.append([p.median, p.median if p99 else None, p99, name, who, duration(p.median)
                      + (f" (p99 {duration(p99)})" if p99 else ""), mostly_noisy(p)])
        used.append(p)
    units = sorted((u for u in units if u[0] > 0), key=lambda u: (u[0], u[3]))
    if not units:
        return "no rows of family machine with a time"
    keys = {p.key for p in used}
    charted = [r for r in rows if r.failed or any(r["contestant"] == k.contestant for k in keys)]
    names = [(u[3], styles.legible(WHO[u[4]][1])) for u in units]
    frame = Rows(source, charted, names, {"": False},
                 [v for u in units for v in u[:3] if v is not None and v > 0], 20, 150)
    t = {name: parts[0] for name, parts in frame.tables.items()}
    for row, (value, low, high, _, who, text, noisy) in enumerate(units):
        colour, point = WHO[who][1:]
        if low is not None and high is not None and low > 0:
            t["medium"] += [(low, row, colour), (high, row, colour), BREAK]
        t["points"] += dots([Mark(value, row, None, None, noisy)], styles.Style("", colour, point))
        t["numbers"].append((max(value, high or value), row, text, 0x444444))
    # The key stands where a sorted ladder leaves the picture empty.
    here = [w for w in WHO if any(u[4] == w for u in units)]
    scale = frame.scale()
    for place, who in enumerate(here):
        text, colour, point = WHO[who]
        x = scale.end - 150
        t["points"].append((scale.value(x - 12), place, POINT, point, colour))
        t["notes"].append((scale.value(x), place, text, styles.legible(colour)))
    hollow = ", hollow = noisy" if any(u[6] for u in units) else ""
    return frame.chart(
        "machine-limits", "What this machine charges",
        "median time of one operation · bar = 95 % interval, of the hop nearest to farthest pair, "
        f"of wakes and sleeps p50 to p99{hollow}",
        f"Dot plot of {plural(len(units), 'elementary operation')} of this machine from "
        f"{units[0][5]} ({units[0][3]}) to {units[-1][5]} ({units[-1][3]}).",
        "The price list that all other numbers are made of: no lock is cheaper than an atomic, no "
        "hand-over between cores cheaper than the hop, nobody sleeps and wakes for less than the "
        "kernel takes. Every grid line is a fixed factor.",
        "time of one operation (log)")
