"""Line charts in panels beside and above each other, each with axes of its own where it needs them.

A panel is filled by what it is asked to draw; the frame knows the places, writes the parameters
that plots/panels.gp reads, and nothing of what a chart is about.
"""

from dataclasses import dataclass, field

from . import plot_styles as styles
from .plot_gnuplot import Chart, blocks
from .plot_layout import LinearScale, LogScale, linear_ticks, number
from .plot_lines import (PLAIN, SMALL_SIZE, band, dots, end_names, log_range, series, strand,
                         values, y_axis)
from .plot_source import statistic

TABLES = {"areas": 7, "bands": 3, "rules": 3, "dashes": 3, "others": 3, "leaders": 3, "lines": 3,
          "points": 5, "names": 4, "row_names": 4, "notes": 4, "notes_right": 4}
X_KEYS = ("x_low", "x_high", "x_scale", "x_at", "x_text", "x_mark", "x_name", "shade")
Y_KEYS = ("y_low", "y_high", "y_scale", "y_at", "y_text")
DIM_INK = 0x6B6B6B


@dataclass
class Panel:
    """x and y are axis parameters as thread_axis(), y_axis() and linear_axis() make them."""

    place: tuple            # left, right, top, bottom in pixels
    x: dict
    y: dict
    head: str = ""
    said: tuple = ()        # at most two lines under the head
    shaded: bool = False
    x_named: bool = True
    y_named: bool = True
    tables: dict = field(default_factory=lambda: {name: [] for name in TABLES})

    @property
    def x_scale(self):
        return _scale(self.x, "x", self.place[0], self.place[1])

    @property
    def y_scale(self):
        return _scale(self.y, "y", self.place[3], self.place[2])

    def add(self, table, *rows):
        self.tables[table] += rows

    def draw(self, lines, chosen=None, size=0.9, gap=14, names=None, look=styles.style):
        """Lines with their bands, points and end names; those not chosen are thin and grey.

        `names` replaces labels: {contestant: text}; an empty text leaves the label out. `look`
        gives a contestant's style.
        """
        chosen = set(lines) if chosen is None else chosen
        entries = []
        for contestant, marks in lines.items():
            s, bright = look(contestant), contestant in chosen
            text = (names or {}).get(contestant, s.label)
            if text:
                entries.append((text, marks[-1].x, marks[-1].value, s.ink if bright else DIM_INK,
                                s.colour if bright else styles.PALE, SMALL_SIZE))
            self.add("lines" if bright else "others",
                     *strand(marks, s.colour if bright else styles.PALE))
            if bright:
                self.add("bands", *band(marks, s.colour))
                self.add("points", *dots(marks, s, size))
        _, small, leaders = end_names(entries, self.x_scale, self.y_scale, gap)
        self.add("names", *small)
        self.add("leaders", *leaders)

    def note(self, x, y, text, ink, right=False):
        """A text whose place is in pixels, so that it clears what stands there."""
        self.add("notes_right" if right else "notes",
                 (self.x_scale.value(x), self.y_scale.value(y), text, ink))


def _scale(axis, way, start, end):
    kind = LogScale if axis[f"{way}_scale"] == "log" else LinearScale
    return kind(axis[f"{way}_low"], axis[f"{way}_high"], start, end)


def linear_axis(low, high, most=6, text=lambda v: number(v, 1)):
    """A y axis that counts; `text` makes a tick's."""
    ticks = linear_ticks(low, high, most)
    return {"y_low": low, "y_high": high, "y_scale": "linear", "y_at": ticks,
            "y_text": [text(t) for t in ticks]}


def count_text(value):
    """A tick of a linear axis: as many decimals as it has, never an exponent."""
    return f"{value:,.0f}" if value == int(value) else f"{value:,.10f}".rstrip("0")


def log_axis(found, place, room_above=12, room_below=14):
    return y_axis(*log_range(found, place[2], place[3], room_above, room_below))


def zero_axis(found, place, room=14, most=6):
    """From zero to the greatest value, with room for a mark above it."""
    top = max(found) or 1
    inner = (place[3] - place[2] - room) / (place[3] - place[2])
    return linear_axis(0, top / inner, most, count_text)


def columns(count, width, first, names_width, top, bottom, gap=4):
    """Places side by side, each with room for its lines' names at its right."""
    cell = (width - first - 8) / count
    return [(first + i * cell, first + (i + 1) * cell - names_width - gap, top, bottom)
            for i in range(count)]


def _shared(panels, way, keys):
    """The axis that most panels have, and {panel: its own} of the others."""
    axes = [getattr(p, way) for p in panels]
    common = max(axes, key=axes.count)
    own = {}
    for i, axis in enumerate(axes, 1):
        if axis != common:
            own.update((f"{k}_{i}", axis[k]) for k in keys if k in axis)
    return {k: common[k] for k in keys if k in common}, own


def chart(name, title, subtitle, foot, width, height, alt, caption, panels, x_name="", **more):
    """The Chart of filled panels."""
    common_x, own_x = _shared(panels, "x", X_KEYS)
    common_y, own_y = _shared(panels, "y", Y_KEYS)
    lines = max(len(p.said) for p in panels)
    said = {f"said_{i}_{at}": text for at, p in enumerate(panels, 1)
            for i, text in enumerate(p.said, 1)}
    return Chart(
        name, "panels", title, subtitle, foot, width, height, alt, caption,
        {"panels": len(panels), "panel": [p.head or "\u00a0" for p in panels],
         **({"said": lines} if lines else {}), **said,
         **{side: [p.place[i] for p in panels]
            for i, side in enumerate(("left", "right", "top", "bottom"))},
         "shaded": [int(p.shaded) for p in panels], "x_named": [int(p.x_named) for p in panels],
         "y_named": [int(p.y_named) for p in panels], "x_name": x_name, **common_x, **common_y,
         **own_x, **own_y, **more},
        {table: (count, blocks(p.tables[table] for p in panels))
         for table, count in TABLES.items()})


def share_axis(shares):
    """Shares of reads at even steps: most of what happens, happens in the last few per cent."""
    reach = 0.25 if len(shares) > 1 else 1
    return {"x_low": -reach, "x_high": len(shares) - 1 + 1.6 * reach, "x_scale": "linear",
            "x_at": list(range(len(shares))), "x_text": [number(s, 1) for s in shares]}


def read_share(source):
    """read-share: what reading instead of writing brings, at one thread, one and two per CPU."""
    rows = source.rows("counter", workload="mixed", **PLAIN)
    rows = [r for r in rows if r["p_read_pct"] is not None]
    loads = source.loads(r["threads"] for r in rows)
    rows = [r for r in rows if r["threads"] in loads]
    points = source.points(rows, "ops_per_s")
    if not points:
        return "no rows of workload mixed without hold and think times"
    shares = sorted({p.key.param("p_read_pct") for p in points})
    loads = [t for t in loads if any(p.key.threads == t for p in points)]
    drawn = [series(source, [p for p in points if p.key.threads == t],
                    lambda p: shares.index(p.key.param("p_read_pct")), 1e-6) for t in loads]
    width, height, top = 960, 560, 116
    foot = source.foot(rows, width)
    places = columns(len(loads), width, 70, 118, top, height - 66 - 16 * len(foot))
    y = log_axis([v for lines in drawn for v in values(lines)], places[0])
    chosen = styles.coloured({p.key.contestant for p in points}, "mixed")
    panels = []
    for t, lines, place in zip(loads, drawn, places):
        panels.append(Panel(place, share_axis(shares), y, source.load_name(t),
                            shaded=t > source.cpus, y_named=not panels))
        panels[-1].draw(lines, chosen)
    marks = [m for lines in drawn for ms in lines.values() for m in ms]
    return chart(
        "read-share", "Does it help that most operations only read?",
        "million operations per second, all threads together · " + statistic(marks, points),
        foot, width, height,
        "Line charts of million operations per second against the percentage of reads, one panel "
        f"each for {', '.join(source.load_name(t) for t in loads)}.",
        "Going right, more of the operations only read. A plain mutex stays flat, for it locks "
        "readers too; a read-write lock must rise, or its extra cost buys nothing. The steps on "
        "the axis are not evenly wide: most of what happens, happens in the last few per cent.",
        panels, "reads, % of operations")
