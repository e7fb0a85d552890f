"""The chart of a comparison: a row per point, its ratio and interval on a log2 axis."""

import math

from . import plot_styles as styles
from .compare_points import BETTER, CANNOT_TELL, OTHER_CPU, SAME, VERDICTS, WORSE, tally
from .compare_text import SIDES, fixed, ratio_text
from .plot_gnuplot import BREAK, Chart, plain
from .plot_layout import LogScale, clip, duration, number, text_width, thin, wrap
from .plot_lines import POINT
from .plot_source import FOOT_SIZE, MARGIN, Source, plural
from .textable import percent

WIDTH, ROW, NAME_SIZE, SMALL_SIZE = 960, 20, 12, 11
BOLD = 1.12             # how much wider bold text is
MOST_POINTS = 40        # more rows than this and nobody reads them
TOP = 128               # of the plotting area
INK, SMALL_INK, HEAD_INK = 0x444444, 0x6B6B6B, 0x222222

# Side says it, colour says it, and shape says it, for those who see no colour.
LOOKS = {WORSE: (styles.VERMILION, styles.WEDGE), BETTER: (styles.BLUE, styles.TRIANGLE),
         SAME: (styles.GREY, styles.CIRCLE), CANNOT_TELL: (styles.GREY, styles.CIRCLE - 1),
         OTHER_CPU: (styles.BLACK, styles.DIAMOND)}
# Near 1 people think in per cent, further off in doublings.
TICKS = (1 / 3, 0.5, 2 / 3, 0.8, 0.9, 0.95, 0.98, 1, 1.02, 1.05, 1.1, 1.25, 1.5, 2, 3)
FIRST_TICKS = (1, 0.5, 2, 0.8, 1.25, 0.9, 1.1)      # get a text before the others do
TICK_ROOM = 42
WORDS = {"ns_per_op": "time per operation", "ops_per_s": "operations per second"}
UNITS = {"_ns": "ns", "_us": "µs", "_ms": "ms", "_pct": "%", "_mhz": "MHz"}


def words(name, value):
    """A parameter for people: hold 100 ns, read 90 %."""
    if name == "threads":
        return plural(value, "thread")
    name = name.removeprefix("p_")
    text = number(value, 10) if isinstance(value, (int, float)) else str(value)
    for ending, unit in UNITS.items():
        if name.endswith(ending):
            return f"{name.removesuffix(ending).replace('_', ' ')} {text}\u00a0{unit}"
    return f"{name.replace('_', ' ')} {text}"


def setting(key, constant):
    """What varies at a point's workload; the number of threads always."""
    known = constant[key.family, key.workload]
    rest = [words(n, v) if n.startswith("p_") or n == "threads" else str(v)
            for n, v in key.where().items()
            if n not in ("family", "workload") and (n not in known or n == "threads")]
    return ", ".join([key.workload.replace("_", " "), *rest])


def chosen(entries, limit=MOST_POINTS):
    """{family: ([drawn], [others])}: those that differ, then those furthest from 1.

    The rows are shared out evenly; what a small family leaves goes to the larger ones.
    """
    families = {}
    for e in entries:
        families.setdefault(e.key.family, []).append(e)
    kept, left = {}, limit
    for at, family in enumerate(sorted(families, key=lambda f: (len(families[f]), f))):
        share = left // (len(families) - at)
        ranked = sorted(families[family], key=lambda e: (e.verdict not in (WORSE, BETTER),
                                                         -abs(math.log(e.ratio))))
        kept[family] = (ranked[:share], ranked[share:])
        left -= min(share, len(ranked))
    return {family: kept[family] for family in sorted(kept)}


def grouped(entries):
    """[(contestant, [entries])], the contestant with the worst point first."""
    groups = {}
    for e in sorted(entries, key=lambda e: (e.verdict != WORSE, e.ratio)):
        groups.setdefault(e.key.contestant, []).append(e)

    def place(e):       # numbers by value, an empty parameter first
        params = [(v is not None, v or 0) for _, v in e.key.params]
        return e.key.workload, e.key.exec, e.key.placement, params, e.key.threads
    return [(c, sorted(mine, key=place)) for c, mine in groups.items()]


def others_texts(others):
    """What the rows that are not drawn would have said, in two parts."""
    low, high = (ratio_text(end(e.ratio for e in others)) for end in (min, max))
    between = f"{low}x" if low == high else f"{low}x to {high}x"
    verdicts = ", ".join(f"{number(n, 1)} {v}" for v, n in tally(others).items())
    return f"not drawn: {plural(len(others), 'point')} at {between}:", verdicts


def value_text(column, value):
    if column.unit == "ns":
        return duration(value)
    if column.unit == "1/s" and value >= 1e6:
        return f"{number(value / 1e6)}\u00a0M/s"
    return number(value) + (f"\u00a0{column.unit}" if column.unit in ("%", "MHz", "1/s") else "")


def reach(entries):
    """How far the axis goes from 1, as a factor: to every ratio, and to intervals within reason."""
    far = max(abs(math.log2(e.ratio)) for e in entries)
    ends = [abs(math.log2(v)) for e in entries if e.low is not None for v in (e.low, e.high)]
    within = min(max(ends, default=far), 1.5 * far + 0.5)
    return 2 ** (1.06 * max(far, within, math.log2(1.08)))


def title(result):
    counts, points = tally(result.entries), plural(len(result.entries), "point")
    if OTHER_CPU in counts:
        return f"A and B on two CPUs, side by side at {points}"
    worse, better = counts.get(WORSE, 0), counts.get(BETTER, 0)
    if not worse and not better:
        same = counts.get(SAME, 0)
        if same == len(result.entries):
            return f"B against A: the same at {'all ' if same > 1 else ''}{points}"
        return f"B against A: nothing shown to differ at {points}"
    if not worse:
        return f"B against A: {better} of {points} better, none worse"
    return f"B against A: {worse} of {points} worse, {better or 'none'} better"


def subtitle(result):
    counts = sorted({p.n for e in result.entries for p in (e.a, e.b)})
    windows = plural(counts[0], "window") if len(counts) == 1 else (
        f"{counts[0]} to {counts[-1]} windows")
    name = result.column.name
    said = (f"ratio of the medians of {WORDS.get(name, name.replace('_', ' '))} over {windows} a "
            "side · bar = 95 % interval")
    if not judged(result):
        return said
    return f"{said} · band = ±{percent(result.ground.effect)}, the least that counts"


def judged(result):
    return result.ground.same_cpu or result.ground.across


def foot(result):
    """At most four lines: what only A and only B are, and what both are."""
    facts = [Source(run, "thread", "compact").machine() for run in result.runs]
    both = [f for f in facts[0] if f in facts[1]]
    (a_noisy, a_all), (b_noisy, b_all) = result.noisy()
    lines = []
    for side, run, mine in zip(SIDES, result.runs, facts):
        own = [f for f in mine if f not in both]
        incomplete = ["incomplete run"] if run.incomplete else []
        lines.append(" · ".join([f"{side.upper()} = {run.run_id}", *own, *incomplete]))
    test = ("one run twice" if result.ground.same_run else
            "not judged" if not judged(result) else
            "worse, better: Mann-Whitney p < 0.05, Holm over "
            f"{plural(sum(e.p is not None for e in result.entries), 'point')}")
    lines += wrap([*both, test, f"noisy windows: A {a_noisy} of {a_all}, B {b_noisy} of {b_all}"],
                  FOOT_SIZE, WIDTH - 2 * MARGIN)
    return [clip(plain(line), FOOT_SIZE, WIDTH - 2 * MARGIN) for line in lines[:4]]


class Picture:
    """Tables in pixels (texts, the key) and on the axis (points, bars), filled from the top."""

    def __init__(self, result):
        self.result, self.y = result, TOP + ROW / 2
        self.families = chosen(result.entries)
        self.drawn = [e for kept, _ in self.families.values() for e in kept]
        self.constant = fixed(e.key for e in result.entries)
        self.tables = {name: [] for name in ("names", "small", "heads", "settings", "rules", "key",
                                             "band", "one", "bars", "points")}
        labels = [styles.label(e.key.contestant) for e in self.drawn]
        self.name_room = min(180, max(text_width(t, NAME_SIZE) for t in labels))
        places = [setting(e.key, self.constant) for e in self.drawn]
        self.place_room = min(230, max(text_width(t, SMALL_SIZE) for t in places))
        # What stands in a row of its own stays left of the picture too.
        heads = [text_width(f, NAME_SIZE) * BOLD + 14 + text_width(self._mean(f), SMALL_SIZE)
                 for f in self.families]
        tails = [text_width(t, SMALL_SIZE) for _, others in self.families.values() if others
                 for t in others_texts(others)]
        self.left = MARGIN + 12 + max(self.name_room + 16 + self.place_room, *heads, *tails)
        ratio_room = max(text_width(self._ratio(e), SMALL_SIZE) for e in self.drawn)
        medians = [self._medians(e) for e in self.drawn]
        self.medians_at = WIDTH - MARGIN - max(text_width(t, SMALL_SIZE) for t in medians)
        self.ratio_at = self.medians_at - 14
        self.right = self.ratio_at - ratio_room - 12
        self.high = reach(self.drawn)
        self.scale = LogScale(1 / self.high, self.high, self.left, self.right)

    @staticmethod
    def _ratio(e):
        return f"{ratio_text(e.ratio)}x"

    def _medians(self, e):
        column = self.result.column
        return f"{value_text(column, e.a.median)} \u2192 {value_text(column, e.b.median)}"

    def fill(self):
        for at, (family, (kept, others)) in enumerate(self.families.items()):
            self.y += ROW * 0.4 if at else 0
            self._head(family)
            for rank, (contestant, mine) in enumerate(grouped(kept)):
                if rank:
                    line = self.y - ROW / 2
                    self.tables["rules"] += [(MARGIN, line), (WIDTH - MARGIN, line), BREAK]
                self._group(contestant, mine)
            if others:
                self._tail(*others_texts(others))
        self.bottom = self.y - ROW / 2
        self._frame()

    def _mean(self, family):
        mean = self.result.geomeans[family]
        points = plural(mean["count"], "point")
        return points if mean["ratio"] is None else (
            f"geometric mean {ratio_text(mean['ratio'])}x over {points}")

    def _head(self, family):
        self.tables["heads"].append((MARGIN, self.y, family, HEAD_INK))
        after = MARGIN + BOLD * text_width(family, NAME_SIZE) + 14
        self.tables["small"].append((after, self.y, self._mean(family), SMALL_INK))
        self.y += ROW

    def _tail(self, points, verdicts):
        lines = [f"{points} {verdicts}"]
        if MARGIN + text_width(lines[0], SMALL_SIZE) + 12 > self.left:
            lines = [points, verdicts]
        for line in lines:
            self.tables["small"].append((MARGIN, self.y, line, SMALL_INK))
            self.y += ROW * 0.8
        self.y += ROW * 0.2

    def _group(self, contestant, mine):
        style, t = styles.style(contestant), self.tables
        t["names"].append((MARGIN, self.y, clip(style.label, NAME_SIZE, self.name_room), style.ink))
        for e in mine:
            colour, point = LOOKS[e.verdict]
            place = clip(setting(e.key, self.constant), SMALL_SIZE, self.place_room)
            differs = e.verdict in (WORSE, BETTER)
            t["settings"] += [(self.left - 12, self.y, place, INK),
                              (self.ratio_at, self.y, self._ratio(e),
                               styles.legible(colour) if differs else INK)]
            t["small"].append((self.medians_at, self.y, self._medians(e), SMALL_INK))
            if e.low is not None:
                t["bars"] += [(min(max(v, 1 / self.high), self.high), self.y, colour)
                              for v in (e.low, e.high)] + [BREAK]
            t["points"].append((e.ratio, self.y, POINT, point, colour))
            self.y += ROW

    def _frame(self):
        """The key, what the sides of the axis mean, and the band of the least effect."""
        t, most = self.tables, 1 + self.result.ground.effect
        word = self.result.better_word
        worse = {"faster": "slower", "better": "worse"}[word]
        for at, text, verdict, names in ((self.left, f"\u2190 B {worse}", WORSE, "small"),
                                         (self.right, f"B {word} \u2192", BETTER, "settings")):
            t[names].append((at, TOP - 12, text, styles.legible(LOOKS[verdict][0])))
        x = MARGIN + 6
        for verdict in VERDICTS:
            if n := tally(self.result.entries).get(verdict):
                colour, point = LOOKS[verdict]
                t["key"].append((x, 90, POINT, point, colour))
                text = f"{verdict} ({number(n, 1)})"
                t["small"].append((x + 11, 90, text, styles.legible(colour)))
                x += 11 + text_width(text, SMALL_SIZE) + 26
        middle = (TOP + self.bottom) / 2
        low, high = max(1 / most, 1 / self.high), min(most, self.high)
        if judged(self.result):
            t["band"].append((1, middle, low, high, TOP, self.bottom))
        t["one"] += [(1, TOP), (1, self.bottom)]

    def ticks(self):
        """(places with a text, the texts, places without): a text where there is room for one."""
        if self.high > TICKS[-1]:
            steps = math.log2(self.high)
            apart = math.ceil(TICK_ROOM * 2 * steps / (self.right - self.left))
            powers = range(-int(steps / apart), int(steps / apart) + 1)
            at = [2.0 ** (apart * k) for k in powers]
            return at, [f"1/{1 / v:.0f}x" if v < 1 else f"{v:.0f}x" for v in at], []
        places = [v for v in TICKS if 1 / self.high <= v <= self.high]
        pixels = [self.scale.pixel(v) for v in places]
        named = thin(pixels, TICK_ROOM, [places.index(v) for v in FIRST_TICKS if v in places])
        at = [places[i] for i in named]
        return at, [f"{v:.3g}x" for v in at], [v for v in places if v not in at]


COLUMNS = {"names": 4, "small": 4, "heads": 4, "settings": 4, "rules": 2, "key": 5, "band": 6,
           "one": 2, "bars": 3, "points": 5}


def chart(result):
    """The Chart of a comparison: at most MOST_POINTS rows, and a count of what they leave out."""
    picture = Picture(result)
    picture.fill()
    places, texts, marks = picture.ticks()
    lines = foot(result)
    drawn, points = len(picture.drawn), plural(len(result.entries), "point")
    said = title(result)
    ratios = [e.ratio for e in result.entries]
    return Chart(
        "compare", "compare", said, subtitle(result), lines, WIDTH,
        round(picture.bottom) + 70 + 16 * len(lines),
        f"Dot plot of {drawn} of {points}: ratios of run B to run A from {min(ratios):.3f} to "
        f"{max(ratios):.3f}. {said}.",
        "Right of 1 B is better, left of it worse; equal distances are equal factors. A hollow "
        "point says neither that the runs differ nor that they are the same.",
        {"panels": 1, "panel": [], "shaded": [0], "left": [picture.left], "right": [picture.right],
         "top": [TOP], "bottom": [picture.bottom], "x_low": 1 / picture.high,
         "x_high": picture.high, "x_scale": "log", "x_at": places, "x_text": texts,
         "x_mark": marks, "x_named": [1],
         "y_low": picture.bottom, "y_high": TOP, "y_scale": "linear", "y_named": [0],
         "x_name": f"{result.ratio_is} (log2 axis)"},
        {name: (COLUMNS[name], rows) for name, rows in picture.tables.items()})
