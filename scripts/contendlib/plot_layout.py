"""Where text goes and how numbers read: pure functions, in pixels of the chart at its SVG size."""

import math

# Advance widths of DejaVu Sans, U+0020 to U+007E, in hundredths of the font's size.
_WIDTHS = (32, 40, 46, 84, 64, 95, 78, 27, 39, 39, 50, 84, 32, 36, 32, 34, 64, 64, 64, 64, 64, 64,
           64, 64, 64, 64, 34, 34, 84, 84, 84, 53, 100, 68, 69, 70, 77, 63, 58, 77, 75, 29, 29, 66,
           56, 86, 75, 79, 60, 79, 69, 63, 61, 73, 68, 99, 69, 61, 69, 39, 34, 39, 84, 50, 50, 61,
           63, 55, 63, 62, 35, 63, 63, 28, 28, 58, 28, 97, 63, 61, 63, 63, 41, 52, 39, 63, 59, 82,
           59, 59, 52, 64, 34, 64, 84)
_OTHER = {"·": 32, "µ": 64, "–": 50, "\u00a0": 32, "×": 84, "≥": 84}


def text_width(text, size):
    """Pixels that a text takes in DejaVu Sans; characters outside ASCII count as wide."""
    units = sum(_WIDTHS[ord(c) - 32] if 32 <= ord(c) < 127 else _OTHER.get(c, 100) for c in text)
    return units * size / 100


def spread(wanted, gap, low, high):
    """Places as near to `wanted` as can be, each `gap` from the next, all in [low, high].

    The order is kept (equal wishes keep the order given). Least squares by pooling: neighbours that
    would overlap move as one block to the mean of their wishes. Where they do not fit, the gap
    shrinks.
    """
    if not wanted:
        return []
    if len(wanted) > 1:
        gap = min(gap, (high - low) / (len(wanted) - 1))
    by_wish = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
    blocks = []                             # [sum of (wish - place in the block), members]
    for rank, i in enumerate(by_wish):
        blocks.append([wanted[i] - rank * gap, 1])
        while len(blocks) > 1 and blocks[-2][0] / blocks[-2][1] >= blocks[-1][0] / blocks[-1][1]:
            total, members = blocks.pop()
            blocks[-1][0] += total
            blocks[-1][1] += members
    places, rank = [0.0] * len(wanted), 0
    last = (len(wanted) - 1) * gap
    for total, members in blocks:
        start = min(max(total / members, low), high - last)
        for _ in range(members):
            places[by_wish[rank]] = start + rank * gap
            rank += 1
    return places


def _overlap(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    return width * height if width > 0 and height > 0 else 0.0


# How far above or below its point a label may stand, in half lines, the nearest first.
_REACH = (0, 1, -1, 2, -2, 3, -3, 4, -4, 6, -6, 8, -8, 11, -11, 14, -14)


def _candidates(x, y, width, half):
    """[(text's left edge, its middle's y, side)]: beside the point, and over or under it."""
    for reach in _REACH:
        yield x + 10, y + reach * half, "left"
        yield x - 10 - width, y + reach * half, "right"
        if 2 <= abs(reach) <= 8:
            yield x - width / 2, y + reach * half, "middle"


def place_labels(points, texts, size, area):
    """[(x, y, side)] of labels for points of a scatter, clear of each other and of the points.

    `area` is (left, top, right, bottom), y grows downwards. side is "left" where the text starts at
    x, "right" where it ends there. First one after the other, then each again with all the others
    in place, until nothing moves.
    """
    half = size * 0.6
    marks = [(x - 6, y - 6, x + 6, y + 6) for x, y in points]
    choices = []
    for (x, y), text in zip(points, texts):
        width = text_width(text, size)
        choices.append([(left, at, side, (left, at - half, left + width, at + half))
                        for left, at, side in _candidates(x, y, width, half)])
    chosen = [None] * len(points)

    def cost(i, rank):
        box = choices[i][rank][3]
        outside = max(0, area[0] - box[0], box[2] - area[2], area[1] - box[1], box[3] - area[3])
        others = sum(_overlap(box, choices[k][c][3]) for k, c in enumerate(chosen)
                     if c is not None and k != i)
        return rank * 3 + outside * 500 + others * 8 + sum(_overlap(box, m) for m in marks) * 6

    for _ in range(6):
        before = list(chosen)
        for i in range(len(points)):
            chosen[i] = min(range(len(choices[i])), key=lambda rank, i=i: cost(i, rank))
        if chosen == before:
            break
    placed = []
    for i, rank in enumerate(chosen):
        left, at, side, box = choices[i][rank]
        placed.append((box[2], at, "right") if side == "right" else (left, at, "left"))
    return placed


def wrap(parts, size, width, between=" · "):
    """The parts as lines of at most `width` pixels, broken between parts only."""
    lines = []
    for part in parts:
        if lines and text_width(lines[-1] + between + part, size) <= width:
            lines[-1] += between + part
        else:
            lines.append(part)
    return lines


def clip(text, size, width):
    """The text, cut with ... where it would be wider than `width`."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "...", size) > width:
        text = text[:-1]
    return text.rstrip() + "..."


def thin(places, gap, first=()):
    """Which of the sorted places can carry a text without two being nearer than `gap`.

    Those in `first` (indices) have precedence, in that order; then from left to right.
    """
    kept = []
    for i in [*first, *range(len(places))]:
        if i not in kept and all(abs(places[i] - places[k]) >= gap for k in kept):
            kept.append(i)
    return sorted(kept)


def number(value, digits=3, trim=True):
    """At least `digits` significant digits, thousands separated, never an exponent.

    `trim` drops zeros at the end of the decimals: for prose, not for columns.
    """
    if value == 0:
        return "0"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value)) + 1e-9))
    text = f"{value:,.{places}f}"
    return text.rstrip("0").rstrip(".") if trim and "." in text else text


def duration(ns, digits=3):
    """Nanoseconds as people say them: 0.27 ns, 18.4 µs, 1.2 ms."""
    for unit, scale in (("ns", 1), ("µs", 1e3), ("ms", 1e6)):
        if abs(ns) < 999.5 * scale:
            break
    else:
        unit, scale = "s", 1e9
    value = ns / scale
    if value and abs(value) < 100:
        value = float(f"{value:.{digits}g}")
    return f"{number(value, digits if abs(value) < 100 else 1)}\u00a0{unit}"


def log_ticks(low, high):
    """Places for a log axis: the decades, or 1-2-5 where that would be fewer than three."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    decades = [10.0 ** e for e in range(first, last + 1) if low <= 10.0 ** e <= high]
    if len(decades) >= 3:
        return decades[::1 + (len(decades) - 1) // 8]
    fine = [m * 10.0 ** e for e in range(first, last + 1) for m in (1, 2, 5)]
    return [v for v in fine if low <= v <= high]


def linear_ticks(low, high, most=6):
    """At most `most` round places in [low, high]: steps of 1, 2 or 5 times a power of ten."""
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= raw * (1 - 1e-9))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def spaced_ticks(low, high):
    """Tick lists for a log axis, from the densest to one tick; steps of 1000 fall on ns, µs, ms."""
    yield log_ticks(low, high)
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    for step in (1, 2, 3, 6, 12):
        yield [10.0 ** e for e in range(first, last + 1) if e % step == 0] or [10.0 ** first]


class LogScale:
    """A value's pixel on a logarithmic axis, and back; `start` and `end` are the axis' pixels."""

    def __init__(self, low, high, start, end):
        self.low, self.high, self.start, self.end = low, high, start, end
        self._per_log = (end - start) / (math.log(high) - math.log(low))

    def pixel(self, value):
        return self.start + (math.log(value) - math.log(self.low)) * self._per_log

    def value(self, pixel):
        return math.exp(math.log(self.low) + (pixel - self.start) / self._per_log)


class LinearScale:
    def __init__(self, low, high, start, end):
        self.low, self.high, self.start, self.end = low, high, start, end
        self._per_unit = (end - start) / (high - low)

    def pixel(self, value):
        return self.start + (value - self.low) * self._per_unit

    def value(self, pixel):
        return self.low + (pixel - self.start) / self._per_unit
