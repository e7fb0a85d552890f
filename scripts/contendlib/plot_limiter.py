"""Charts of rate limiters: what a decision costs, how a rate is kept, what a burst gets."""

from . import plot_styles as styles
from .plot_gnuplot import BREAK
from .plot_layout import duration, linear_ticks, number, spaced_ticks, text_width
from .plot_lines import (NOTE_INK, dots, log_range, measured_axis, series, shade_note, thread_axis,
                         values)
from .plot_panels import Panel, chart, columns, count_text
from .plot_source import Mark, mark, mostly_noisy, plural, statistic

UNLIMITED = 1_000_000_000       # grants a second: nobody can ask faster


def time_axis(found, place, room_below=14):
    """A log axis of ns whose ticks say their unit."""
    low, high = log_range(found, place[2], place[3], 12, room_below)
    ticks = next(spaced_ticks(low, high))
    return {"y_low": low, "y_high": high, "y_scale": "log", "y_at": ticks,
            "y_text": [duration(t) for t in ticks]}


def cost(source):
    """limiter-cost: ns per decision by threads, admitted and refused."""
    rows = [r for r in source.rows("limiter", workload="allow")
            if r["p_users"] in (None, 1) and r["p_rate_per_s"] is not None]
    points = source.points(rows, "ns_per_op")
    if not points:
        return "no rows of workload allow"
    free = [p for p in points if p.key.param("p_rate_per_s") >= UNLIMITED]
    least = min((p.key.param("p_rate_per_s") for p in points), default=0)
    spent = [p for p in points if p.key.param("p_rate_per_s") == least < UNLIMITED]
    groups = [(head, group) for head, group in (
        ("never limited: every request admitted", free),
        ("exhausted: nearly every request refused", spent)) if group]
    used = [p for _, group in groups for p in group]
    limiters = {p.key.contestant for p in used}
    threads = sorted({p.key.threads for p in used})
    width, height, top = 960, 560, 116
    rows = [r for r in rows if r["p_rate_per_s"] >= UNLIMITED or r["p_rate_per_s"] == least]
    foot = source.foot(rows, width)
    places = columns(len(groups), width, 78, 112, top, height - 66 - 16 * len(foot))
    drawn = [series(source, group, lambda p: p.key.threads, 1) for _, group in groups]
    x, _ = thread_axis(threads, source.cpus, *places[0][:2])
    y = time_axis([v for lines in drawn for v in values(lines)], places[0], 30)
    panels = []
    for (head, _), lines, place in zip(groups, drawn, places):
        panel = Panel(place, x, y, head, y_named=not panels)
        panel.draw(lines)
        panel.add("notes", *shade_note(x, panel.x_scale, panel.y_scale, source.cpus))
        panels.append(panel)
    marks = [m for lines in drawn for ms in lines.values() for m in ms]
    return chart(
        "limiter-cost", "What asking a rate limiter costs",
        "wall time per allow(), all threads together, clock read included · "
        + statistic(marks, used),
        foot, width, height,
        f"Line charts of the time of one allow() against threads for "
        f"{plural(len(limiters), 'contestant')}: {'; '.join(h for h, _ in groups)}.",
        "Left, nobody is ever refused; right, nearly everybody is. The grey line is the clock that "
        "every caller has to read; what lies above it is the limiter, and most of that its mutex. "
        "Time is wall time divided by the decisions of all threads together.",
        panels, "threads")


def thousands(value):
    """10k: four full numbers do not fit under a narrow panel."""
    whole = value >= 1000 and value % 1000 == 0
    return f"{number(value / 1000, 1)}k" if whole else number(value, 1)


def accuracy(source):
    """limiter-accuracy: does waiting for grants give the rate asked for, and evenly?"""
    rows = source.rows("limiter", workload="wait")
    off = source.points(rows, "rate_error_pct")
    if not off:
        return "no rows of workload wait with rate_error_pct"
    p50, p99 = (source.points(rows, f"gap_jitter_{q}_ns") for q in ("p50", "p99"))
    rates = sorted({p.key.param("p_rate_per_s") for p in off})
    width, height, top = 960, 560, 132
    foot = source.foot(rows, width)
    bottom = height - 66 - 16 * len(foot)
    heads = [("rate error, %", off), ("gap jitter, median", p50),
             ("gap jitter, 99th percentile", p99)]
    heads = [(head, points) for head, points in heads if points]
    first, second = 62, 70       # the jitter panels' own ticks stand left of the first of them
    cell = (width - first - (second if len(heads) > 1 else 0) - 8) / len(heads)
    names = 106
    places = [(first + i * cell + (second if i else 0),
               first + (i + 1) * cell + (second if i else 0) - names, top, bottom)
              for i in range(len(heads))]

    def rate(p):
        return p.key.param("p_rate_per_s")

    drawn = [series(source, points, rate, 1) for _, points in heads]
    x, _ = measured_axis(rates, *places[0][:2], text=thousands)
    found = values(drawn[0])
    low, high = min(min(found), -5), max(max(found), 5)
    reach = (high - low) * 0.06
    low, high = low - reach, high + reach
    ticks = linear_ticks(low, high)
    error = {"y_low": low, "y_high": high, "y_scale": "linear", "y_at": ticks,
             "y_text": [("+" if t > 0 else "\u2212" if t < 0 else "") + count_text(abs(t))
                        for t in ticks]}
    jitters = [max(v, 1) for lines in drawn[1:] for v in values(lines)]
    panels = []
    for i, ((head, _), lines, place) in enumerate(zip(heads, drawn, places)):
        y = error if i == 0 else time_axis(jitters, place)
        panel = Panel(place, x, y, head, y_named=i < 2)
        if i == 0:
            panel.said = ("below 0: fewer grants than asked for",)
            panel.add("rules", (x["x_low"], 0, 0x555555), (x["x_high"], 0, 0x555555), BREAK)
            panel.note(place[1] - 4, panel.y_scale.pixel(0) - 9, "as asked", NOTE_INK, right=True)
        else:
            panel.said = ("distance of a gap from the ideal one",)
            lines = {c: [m._replace(value=max(m.value, 1)) for m in ms]     # 0 on a log axis
                     for c, ms in lines.items()}
        panel.draw(lines)
        panels.append(panel)
    marks = [m for lines in drawn for ms in lines.values() for m in ms]
    return chart(
        "limiter-accuracy", "Does waiting for a limiter keep the rate?",
        "one thread waits for grant after grant · "
        + statistic(marks, [p for _, points in heads for p in points]),
        foot, width, height,
        f"Line charts against the rate asked for, {number(rates[0])} to {number(rates[-1])} a "
        "second: error of the rate, and median and 99th percentile of the distance of the gaps "
        "from the ideal gap.",
        "Left: at the line the rate is what was asked for. Below it the limiter is late: a sleep "
        "takes longer than asked, and who starts the next interval from now instead of from where "
        "it should have begun never catches up. Middle and right: a gap is ideal where it is one "
        "divided by the rate; jitter of the size of a sleep's overshoot cannot be had away by "
        "sleeping.",
        panels, "grants asked for per second")


ARRIVALS = {0: "uniform arrivals, four times the rate", 1: "bursts around the window's boundary"}
ROW = 30


def burst(source):
    """limiter-burst: the most that any interval one window long lets through."""
    rows = [r for r in source.rows("limiter", workload="law") if r["p_adversary"] in ARRIVALS]
    points = source.points(rows, "burst_ratio")
    if not points:
        return "no rows of workload law with burst_ratio"
    here = [a for a in ARRIVALS if any(p.key.param("p_adversary") == a for p in points)]
    at = {(p.key.contestant, p.key.param("p_adversary")): p for p in points}
    ranked = sorted(styles.order(p.key.contestant for p in points), key=lambda c: max(
        p.median for (name, _), p in at.items() if name == c))
    width, top, gap = 960, 116, 44
    foot = source.foot(rows, width)
    bottom = top + ROW * len(ranked) + 12
    height = bottom + 66 + 16 * len(foot)
    first = 24 + max(text_width(styles.label(c), 12) for c in ranked) + 14
    cell = (width - first - 20 - gap * (len(here) - 1)) / len(here)
    most = max(1.2, max(p.hi or p.median for p in points))
    ticks = linear_ticks(0, most * 1.2, 5)
    x = {"x_low": 0, "x_high": most * 1.2, "x_scale": "linear", "x_at": ticks,
         "x_text": [f"{count_text(t)}x" for t in ticks]}
    y = {"y_low": len(ranked) - 0.4, "y_high": -1, "y_scale": "linear"}
    panels = []
    for i, adversary in enumerate(here):
        left = first + i * (cell + gap)
        panel = Panel((left, left + cell, top, bottom), x, y, ARRIVALS[adversary], y_named=False)
        panel.add("rules", (1, -1, 0x555555), (1, len(ranked) - 0.4, 0x555555), BREAK)
        panel.note(panel.x_scale.pixel(1) + 6, top + 9, "the limit", NOTE_INK)
        for row, contestant in enumerate(ranked):
            s, p = styles.style(contestant), at.get((contestant, adversary))
            if i == 0:
                panel.add("row_names", (0, row, s.label, s.ink))
            if p is None:
                panel.add("notes", (0.02 * most, row, "not measured", 0x8A8A8A))
                continue
            panel.add("areas", (p.median / 2, row, 0, p.median, row - 0.2, row + 0.2,
                                s.colour | 0x60000000))
            if p.interval and p.lo < p.hi:
                panel.add("leaders", (p.lo, row, s.colour), (p.hi, row, s.colour), BREAK)
            panel.add("points", *dots([Mark(p.median, row, None, None, mostly_noisy(p))], s))
            panel.note(panel.x_scale.pixel(max(p.median, p.hi or 0)) + 12,
                       panel.y_scale.pixel(row), f"{p.median:.3f}x", 0x222222)
        panels.append(panel)
    exact = all(len(set(p.samples)) == 1 for p in points)
    marks = [mark(p, 0) for p in points]
    said = (f"exact: the same in {plural(max(p.n for p in points), 'repetition')}"
            + (", hollow = noisy" if any(m.noisy for m in marks) else "")
            if exact else statistic(marks, points, "line"))
    told = [f"{styles.label(c)} {p.median:.3f}x" for (c, a), p in at.items() if a == here[-1]]
    return chart(
        "limiter-burst", "How much more than the limit can get through at once",
        f"most grants in any interval one window long ÷ the limit · virtual clock, {said}",
        foot, width, height,
        "Bars: worst count of a window-long interval as a multiple of the limit; "
        f"{ARRIVALS[here[-1]]}: {', '.join(told)}.",
        "Whoever promises 100 a second means: in any second. A fixed window forgets at its "
        "boundary, so that twice the limit fits around it; a bucket lets its store go on top of "
        "what flows in; a log of the last grants keeps the promise exactly, at the price of "
        "remembering them.",
        panels, "grants in the worst interval, multiples of the limit")
