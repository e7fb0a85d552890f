"""Charts of locks: what threads leave of them, to whom, what sharing brings, and the hand-over."""

import math

from . import plot_styles as styles
from . import stats
from .plot_areas import fairness_of
from .plot_gnuplot import BREAK, Chart, blocks
from .plot_layout import duration, number
from .plot_lines import (PLAIN, SMALL_SIZE, end_names, panel_parameters, series, thread_axis,
                         values)
from .plot_panels import DIM_INK, Panel, chart, columns, log_axis
from .plot_rows import ranges, sampled
from .plot_source import mostly_noisy, plural, statistic

WIDTH = 960
COLLAPSED = 20      # times less than the least with a CPU each: off the axis, or it would be all
LOCKED = {"workload": "mutex", "p_read_pct": None}


def lengths_name(hold, think):
    if not hold and not think:
        return "back to back: nothing held, no pause"
    return f"{duration(hold or 0)} held, {duration(think or 0)} between"


def throughput(source):
    """lock-throughput: lock and unlock by threads, a panel for each length of section and pause."""
    rows = [r for r in source.rows("lock", p_sample_every=None, **LOCKED)]
    points = source.points(rows, "ops_per_s")
    if not points:
        return "no rows of workload mutex"
    settings = sorted({_lengths(p) for p in points})
    # Two tell the story: an empty section, and one like a program's.
    shown = [s for s in settings if s == (0, 0)] + [s for s in settings if s == (100, 400)]
    shown = shown or settings[:2]
    points = [p for p in points if _lengths(p) in shown]
    rows = [r for r in rows if (r["p_hold_ns"] or 0, r["p_think_ns"] or 0) in shown]
    chosen = styles.coloured({p.key.contestant for p in points}, "mutex")
    foot = source.foot(rows, WIDTH)
    height, top = 600, 116
    places = columns(len(shown), WIDTH, 76, 172 if len(shown) > 1 else 126, top, height - 66 - 16 * len(foot))
    drawn = [series(source, [p for p in points if _lengths(p) == s], lambda p: p.key.threads, 1e-6)
             for s in shown]
    panels = []
    for setting, lines, place in zip(shown, drawn, places):
        threads = sorted({m.x for marks in lines.values() for m in marks})
        axis, _ = thread_axis(threads, source.cpus, place[0], place[1])
        panel = Panel(place, axis, _speeds(lines, source.cpus, place), lengths_name(*setting))
        # A band that leaves the axis would be cut off anywhere.
        cut = {c: [m._replace(low=None, high=None) for m in marks]
               if min(m.low or m.value for m in marks) < panel.y["y_low"] else marks
               for c, marks in lines.items()}
        panel.draw(cut, chosen, names=dict.fromkeys(lines, ""))
        _name_ends(panel, lines, chosen)
        panels.append(panel)
    marks = [m for lines in drawn for ms in lines.values() for m in ms]
    shaded = ", shaded: more than CPUs" if any("shade" in p.x for p in panels) else ""
    return chart(
        "lock-throughput", "One lock, more threads: what is left of it",
        f"million lock operations/s, all threads together{shaded} · " + statistic(marks, points),
        foot, WIDTH, height,
        "Line charts of million lock operations per second against threads for "
        f"{plural(len({p.key.contestant for p in points}), 'lock')}.",
        "One thread alone shows what the instructions cost, the fall to the next point what moving "
        "the lock between CPUs costs. A lock that stays high in the shade lets whoever runs take it "
        "again; one that falls off a cliff hands it to a thread that is not running.",
        panels, "threads" if source.exec != "task" else "tasks")


def _speeds(lines, cpus, place):
    """The axis of all but those that fall to nothing once threads share CPUs."""
    fitting = [m.value for marks in lines.values() for m in marks if m.x <= cpus]
    floor = min(fitting, default=0) / COLLAPSED
    return log_axis([v for v in values(lines) if v >= floor], place)


def _name_ends(panel, lines, chosen):
    """Names at the lines' ends; who has fallen off the axis says how far, at its foot."""
    entries = []
    for contestant, marks in lines.items():
        look, last = styles.style(contestant), marks[-1]
        bright, below = contestant in chosen, last.value < panel.y["y_low"]
        text = f"{look.label}: {number(last.value, 1)}" if below else look.label
        entries.append((text, last.x, max(last.value, panel.y["y_low"]),
                        look.ink if bright else DIM_INK, look.colour if bright else styles.PALE,
                        SMALL_SIZE))
    _, names, leaders = end_names(entries, panel.x_scale, panel.y_scale, 13)
    panel.add("names", *names)
    panel.add("leaders", *leaders)


def _lengths(point):
    return point.key.param("p_hold_ns") or 0, point.key.param("p_think_ns") or 0


def fairness(source):
    """lock-fairness: as for counters, for locks with nothing held."""
    return fairness_of(source, source.rows("lock", **LOCKED, **PLAIN), "lock-fairness",
                       "lock operations")


def handover(source):
    """lock-handover: from one owner's leaving to the next one's running."""
    rows = [r for r in source.rows("lock", workload="handover") if r["threads"] > 1]
    holds = {r["p_hold_ns"] for r in rows if not r.failed}
    hold = 1000 if 1000 in holds else max(holds, default=None)
    rows = [r for r in rows if r["p_hold_ns"] == hold]
    loads = source.loads(r["threads"] for r in rows)
    rows = [r for r in rows if r["threads"] in loads]
    found = sampled(source, rows, "handover")
    loads = [t for t in loads if any(k[1] == t for k in found)]
    if not found:
        return "no rows of workload handover"
    clocks = [r["handover_clock_ns"] for r in rows if r["handover_clock_ns"]]
    return ranges(
        source, rows, found, loads, stats.median(clocks) if clocks else None, "lock-handover",
        "How long nobody has the lock when it changes hands",
        f"unlock to the next owner running, {duration(hold or 0)} held · dot = median, bars to "
        "p99, p99.9, longest (number)",
        "Range plot: median, 99th and 99.9th percentile and longest hand-over",
        "Only hand-overs between two different threads count: a lock that lets the same thread take "
        "it again and again has few, and those are the ones that its waiters slept for. A queue of "
        "spinners passes a cache line; a lock that wakes a sleeper pays the kernel.",
        "time of one hand-over (log)")


# ---- the map: where a readers-writer lock pays ----

def pairs(contestants):
    """[(readers-writer lock, the mutex it is measured against)]: each with its own kind's."""
    ours = [c for c in contestants if c.startswith("mutex_") and c != "mutex_go"]
    found = []
    for rw in styles.order(contestants):
        if rw == "rwmutex_go":
            found.append((rw, "mutex_go"))
        elif rw.startswith("rwmutex_"):
            found += [(rw, ours[0] if ours else "mutex_go")]
        elif rw == "pthread_rwlock":
            found.append((rw, "ref"))
    return [(rw, mutex) for rw, mutex in found if mutex in contestants]


def even_line(ratios):
    """Line segments where the ratio is 1, between the centres of neighbouring cells.

    ratios: {(column, row): ratio}. Linear in the logarithm, as a contour is drawn: each square of
    four centres is cut where its sides change sign; the saddle's two cuts by the mean's sign.
    """
    logs = {k: math.log(v) for k, v in ratios.items()}
    segments = []
    for x, y in sorted(logs):
        corners = [(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)]
        if not all(c in logs for c in corners):
            continue
        cuts = []
        for a, b in zip(corners, corners[1:] + corners[:1]):
            if (logs[a] >= 0) != (logs[b] >= 0):
                part = logs[a] / (logs[a] - logs[b])
                cuts.append((a[0] + (b[0] - a[0]) * part, a[1] + (b[1] - a[1]) * part))
        if len(cuts) == 4 and (sum(logs[c] for c in corners) >= 0) != (logs[corners[0]] >= 0):
            cuts = cuts[1:] + cuts[:1]      # the middle is not on the first corner's side
        segments += [tuple(cuts[i:i + 2]) for i in range(0, len(cuts) - 1, 2)]
    return segments


def _ratio_text(ratio):
    return f"{number(ratio, 2)}×"


def rwmutex_map(source):
    """rwmutex-map: readers-writer lock ÷ mutex, over the share of reads and what they hold."""
    rows = [r for r in source.rows("lock", workload="rwmutex", p_think_ns=None, p_sample_every=None)
            if r["p_read_pct"] is not None and r["threads"] > 1]
    wanted = [t for t in source.loads(r["threads"] for r in rows) if t <= source.cpus] or sorted(
        {r["threads"] for r in rows})[:1]
    rows = [r for r in rows if r["threads"] in wanted[-1:]]
    at = {(p.key.contestant, p.key.param("p_read_pct"), p.key.param("p_hold_ns") or 0): p
          for p in source.points(rows, "ops_per_s")}
    chosen = pairs({c for c, _, _ in at})
    cells_of = {pair: {(reads, hold): at[pair[0], reads, hold].median / at[pair[1], reads, hold].median
                       for c, reads, hold in at if c == pair[0] and (pair[1], reads, hold) in at}
                for pair in chosen}
    chosen = [pair for pair in chosen if cells_of[pair]]
    if not chosen:
        return "no rows of workload rwmutex with a readers-writer lock and its mutex"
    rows = [r for r in rows if any(r["contestant"] in pair for pair in chosen)]
    shares = sorted({k[0] for pair in chosen for k in cells_of[pair]})
    holds = sorted({k[1] for pair in chosen for k in cells_of[pair]})
    foot = source.foot(rows, WIDTH)
    top, first, gap = 116, 92, 26
    cell = (WIDTH - first - 20 - gap * (len(chosen) - 1)) / len(chosen)
    tall = max(52 * len(holds), 90)
    height = round(top + tall + 78 + 16 * len(foot))
    places = [(first + i * (cell + gap), first + i * (cell + gap) + cell, top, top + tall)
              for i in range(len(chosen))]
    tables = {name: [] for name in ("cells", "even", "numbers", "notes")}
    for pair in chosen:
        parts = {name: [] for name in tables}
        grid = {(shares.index(r), holds.index(h)): v for (r, h), v in cells_of[pair].items()}
        for (x, y), ratio in sorted(grid.items()):
            fill = styles.diverging(ratio)
            noisy = any(mostly_noisy(at[c, shares[x], holds[y]]) for c in pair)
            text = f"({_ratio_text(ratio)})" if noisy else _ratio_text(ratio)
            parts["cells"].append((x, y, x - 0.485, x + 0.485, y - 0.47, y + 0.47, fill))
            parts["numbers"].append((x, y, text, styles.number_on(fill)))
        for a, b in even_line(grid):
            parts["even"] += [a, b, BREAK]
        for name, part in parts.items():
            tables[name].append(part)
    heads = [f"{styles.label(rw)} ÷ {styles.label(mutex)}" for rw, mutex in chosen]
    used = [p for k, p in at.items() if any(k[0] in pair for pair in chosen)]
    best = {pair: max(cells_of[pair].items(), key=lambda kv: kv[1]) for pair in chosen}
    told = "; ".join(
        f"{head}: at most {_ratio_text(best[pair][1])} at {number(best[pair][0][0], 1)} % reads, "
        f"{duration(best[pair][0][1])} held" for head, pair in zip(heads, chosen))
    axis = {"x_low": -0.5, "x_high": len(shares) - 0.5, "x_scale": "linear",
            "x_at": list(range(len(shares))), "x_text": [number(s, 1) for s in shares],
            "y_low": -0.5, "y_high": len(holds) - 0.5, "y_scale": "linear",
            "y_at": list(range(len(holds))), "y_text": [duration(h) for h in holds]}
    noisy = ", (n) = noisy" if any(mostly_noisy(p) for p in used) else ""
    return Chart(
        "rwmutex-map", "map", "When does a readers-writer lock pay?",
        f"its throughput ÷ the mutex's, {source.load_name(wanted[-1])}, line: break-even · "
        + statistic([], used) + noisy,
        foot, WIDTH, height,
        f"Maps of the ratio of throughputs over the share of reads and the length of a section. "
        f"{told}.",
        "Blue: the readers-writer lock does more; vermilion: the mutex does. The black line is "
        "where they are even. Sharing pays once readers hold it long enough, and seldom enough "
        "somebody writes, to make up for what counting the readers costs.",
        {**panel_parameters(places, heads, len(chosen)), "shaded": [0] * len(chosen), **axis,
         "x_name": "reads, % of operations", "y_name": "held"},
        {name: (7 if name == "cells" else 2 if name == "even" else 4, blocks(parts))
         for name, parts in tables.items()})
