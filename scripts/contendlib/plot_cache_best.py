"""Which cache is the fastest, over the share of reads and the skew of the keys."""

import math

from . import plot_styles as styles
from .plot_cache import (COUNTERS, WIDTH, get_set, name, skew_name, usual, well_swept,
                         what)
from .plot_gnuplot import Chart, blocks
from .plot_layout import clip, number
from .plot_lines import panel_parameters
from .plot_source import mostly_noisy, statistic
from .schema import other_contract, role

SINGLE = "guide_mutex"      # what everybody writes first: the measure of the colour
TEXT, LINE, CELL = 12, 16, 58
FIRST, HEAD = 92, 44


def _standing(points):
    """(the fastest, the next or None, whether that could be as fast), of a cell's points."""
    ranked = sorted(points, key=lambda p: (-p.median, p.key.contestant))
    best, second = ranked[0], ranked[1] if len(ranked) > 1 else None
    even = (second is not None and None not in (best.lo, second.hi) and best.lo <= second.hi)
    return best, second, even


def _factor(a, b):
    ratio = a.median / b.median
    return f"{ratio:.2f}×" if ratio < 2 else f"{number(ratio, 2)}×"


def _lines(points):
    """A cell's texts: who, times the cache under one lock, times the next."""
    best, second, even = _standing(points)
    single = next((p for p in points if p.key.contestant == SINGLE), None)
    who = name(best.key.contestant)
    texts = [f"({who})" if mostly_noisy(best) else who]
    if single is not None and single is not best:
        texts.append(f"{_factor(best, single)} {name(SINGLE)}")
    if second is not None and second is not single:
        texts.append((f"even with {name(second.key.contestant)}" if even else
                      f"{_factor(best, second)} {name(second.key.contestant)}"))
    return texts, (best.median / single.median if single else 1.0)


def best(source):
    """cache-best: the fastest of all at each share of reads and skew of the keys."""
    rows = [r for r in usual(get_set(source), "p_keys", "p_value_bytes", "p_shards")
            if role(r["contestant"]) != "lossy" and not other_contract(r["contestant"])
            and r["contestant"] not in COUNTERS]
    loads = source.loads(r["threads"] for r in rows)
    loads = [t for t in loads if t > 1] or loads
    rows = [r for r in rows if r["threads"] in loads]
    cells = {}
    for p in source.points(rows, "ops_per_s"):
        cells.setdefault((p.key.threads, p.key.param("p_read_pct"), p.key.param("p_skew")),
                         []).append(p)
    cells = {place: points for place, points in cells.items() if len(points) > 1}
    shares = sorted({reads for _, reads, _ in cells})
    skews = sorted({skew for *_, skew in cells})
    swept = {}
    for place in cells:
        swept.setdefault(place[0], set()).add(place)
    loads = well_swept(loads, swept)
    rows = [r for r in rows if r["threads"] in loads]
    cells = {place: points for place, points in cells.items() if place[0] in loads}
    if len(shares) * len(skews) < 2:
        return "no rows of workload get_set at several shares of reads or skews of the keys"
    foot = source.foot(rows, WIDTH)
    top, tall = 116, CELL * len(skews)
    places = [(FIRST, WIDTH - 20, top + i * (tall + HEAD), top + i * (tall + HEAD) + tall)
              for i in range(len(loads))]
    texts = {place: _lines(points) for place, points in cells.items()}
    most = max(ratio for _, ratio in texts.values())
    tables = {table: [] for table in ("cells", "even", "numbers", "notes")}
    for t in loads:
        parts = {table: [] for table in tables}
        for (threads, reads, skew), (lines, ratio) in sorted(texts.items()):
            if threads == t:
                _draw_cell(parts, shares.index(reads), skews.index(skew), lines, ratio, most,
                           (WIDTH - 20 - FIRST) / len(shares))
        for table, part in parts.items():
            tables[table].append(part)
    axis = {"x_low": -0.5, "x_high": len(shares) - 0.5, "x_scale": "linear",
            "x_at": list(range(len(shares))), "x_text": [number(s, 1) for s in shares],
            "y_low": -0.5, "y_high": len(skews) - 0.5, "y_scale": "linear",
            "y_at": list(range(len(skews))),
            "y_text": [skew_name(s).removesuffix(" keys") for s in skews]}
    points = [p for cell in cells.values() for p in cell]
    noisy = ", (name) = noisy" if any(mostly_noisy(p) for p in points) else ""
    return Chart(
        "cache-best", "map", "Which cache is the fastest, and by how much?",
        f"{what(rows)}; dark = many times {name(SINGLE)} · " + statistic([], points) + noisy,
        foot, WIDTH, round(places[-1][3] + 66 + 16 * len(foot)),
        f"Maps of the fastest cache over the share of reads and the skew of the keys, for "
        f"{' and '.join(source.load_name(t) for t in loads)}. {_told(cells)}.",
        "Each cell: who does most operations a second, how many times the cache under one mutex "
        "that is, and how many times the next. \"Even with\" is a next whose 95 % interval reaches "
        "the fastest one's: these numbers cannot tell the two apart.",
        {**panel_parameters(places, [source.load_name(t) for t in loads], 1),
         "shaded": [0] * len(loads), **axis, "x_name": "reads, % of operations",
         "y_name": ""},
        {table: (7 if table == "cells" else 2 if table == "even" else 4, blocks(parts))
         for table, parts in tables.items()})


def _draw_cell(parts, x, y, lines, ratio, most, wide):
    share = math.log(max(ratio, 1)) / math.log(most) if most > 1 else 0
    fill = styles.ramp(share)
    parts["cells"].append((x, y, x - 0.485, x + 0.485, y - 0.47, y + 0.47, fill))
    for i, text in enumerate(lines):
        up = ((len(lines) - 1) / 2 - i) * LINE / CELL
        parts["numbers"].append((x, y + up, clip(text, TEXT, 0.97 * wide - 8),
                                 styles.number_on(fill)))


def _told(cells):
    """"concurrent is the fastest in 18 of 20 cells, sharded in 2"."""
    wins = {}
    for points in cells.values():
        who = _standing(points)[0].key.contestant
        wins[who] = wins.get(who, 0) + 1
    ranked = sorted(wins, key=lambda c: (-wins[c], c))
    first = f"{name(ranked[0])} is the fastest in {wins[ranked[0]]} of {len(cells)} cells"
    return ", ".join([first, *(f"{name(c)} in {wins[c]}" for c in ranked[1:])])
