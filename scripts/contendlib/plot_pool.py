"""Charts of worker pools: how many workers, what a job costs, what a thread per job costs."""

from . import plot_styles as styles
from .plot_gnuplot import BREAK
from .plot_layout import number, text_width
from .plot_lines import (NOTE_SIZE, log_range, measured_axis, series, shade_note, thread_axis,
                         values, y_axis)
from .plot_limiter import time_axis
from .plot_panels import Panel, chart, zero_axis
from .plot_source import plural, statistic

FLAT = styles.BLUE | 0xE0000000         # gnuplot's alpha: a tint, under which the grid is seen
WIDTH = 960


def prediction(cpus, wait_pct):
    """n / (1 - wait share): the workers of whom n compute while the others wait."""
    if not 0 <= wait_pct < 100:
        raise ValueError(f"a wait share of {wait_pct} %")
    return 100 * cpus / (100 - wait_pct)


def flat_region(marks):
    """The marks, by x, that cannot be told from the best one: their intervals overlap its own.

    Without an interval a mark stands for its median alone.
    """
    best = max(marks, key=lambda m: m.value)
    floor = best.value if best.low is None else best.low
    return [m for m in marks if (m.value if m.high is None else m.high) >= floor]


def runs(marks, flat):
    """The flat marks as [first, last] stretches that no other mark interrupts."""
    stretches, open_ = [], False
    for m in marks:
        if m not in flat:
            open_ = False
        elif open_:
            stretches[-1][1] = m
        else:
            stretches.append([m, m])
            open_ = True
    return stretches


def losses(marks, predicted):
    """[(workers, lost %)] against the best: the nearest measured below the prediction, at it (a
    whole number of workers nearest to it), and above."""
    best = max(m.value for m in marks)
    at = [m for m in marks if abs(m.x - predicted) <= 0.5]
    below = [m for m in marks if m.x < predicted - 0.5]
    above = [m for m in marks if m.x > predicted + 0.5]
    return [(m.x, 100 * (1 - m.value / best)) for m in below[-1:] + at[:1] + above[:1]]


def percent(lost):
    return "0" if lost < 0.05 else number(lost, 2 if lost >= 1 else 1)


def loss_text(marks, predicted):
    """The line under a panel's head: "predicted 20: loses 2 %; 15 lose 11 %, 25 lose 0.4 %"."""
    found = losses(marks, predicted)
    at = [f for f in found if abs(f[0] - predicted) <= 0.5]
    sides = [f"{number(x, 1)} lose{'s' if x == 1 else ''} {percent(lost)} %" for x, lost in found
             if (x, lost) not in at]
    text = f"predicted {number(predicted, 3)}"
    if at:
        text += f": loses {percent(at[0][1])} %"
    return text + (("; " if at else ": ") + ", ".join(sides) if sides else "")


def optimum(flat):
    """The fewest workers that cannot be told from the best: more would only cost memory."""
    return min(flat, key=lambda m: m.x)


def best_text(marks, flat):
    """"optimum 24: 19,200 jobs/s; flat (shaded): 24 to 128"."""
    best = optimum(flat)
    text = f"optimum {number(best.x, 1)}: {number(best.value, 3)} jobs/s"
    if best.low is None:
        return text
    stretches = [number(a.x, 1) + (f" to {number(b.x, 1)}" if a is not b else "")
                 for a, b in runs(marks, flat)]
    return text + "; flat (shaded): " + ", ".join(stretches)


def wait_name(wait_pct):
    return "pure compute" if not wait_pct else f"{number(wait_pct, 1)} % waiting"


def sizing(source):
    """pool-sizing: jobs per second by workers, one panel per wait share, with the prediction."""
    rows = [r for r in source.rows("pool", workload="sizing")
            if r["p_wait_pct"] is not None and r["p_workers"]]
    points = source.points(rows, "ops_per_s")
    if not points:
        return "no rows of workload sizing"
    waits = sorted({p.key.param("p_wait_pct") for p in points})
    contestants = styles.order(p.key.contestant for p in points)
    top, tall, head, first = 148, 190, 94, 66
    names = 100 if len(contestants) > 1 else 10
    foot = source.foot(rows, WIDTH)
    across = min(2, len(waits))
    height = round(top + -(-len(waits) // across) * (tall + head) - head + 66 + 16 * len(foot))
    cell = (WIDTH - first - 14 + 30) / across
    greatest = [max(p.median, p.hi or 0) for p in points]
    panels, marks, told = [], [], []
    for i, wait in enumerate(waits):
        left, upper = first + i % across * cell, top + i // across * (tall + head)
        place = (left, left + cell - names - 30, upper, upper + tall)
        here = [p for p in points if p.key.param("p_wait_pct") == wait]
        lines = series(source, here, lambda p: p.key.param("p_workers"), 1)
        panel = _size_panel(source, place, zero_axis(greatest, place, 32, 5), here, lines, wait)
        panel.y_named = i % across == 0
        panel.draw(lines, names=None if len(contestants) > 1 else {c: "" for c in lines})
        panels.append(panel)
        marks += [m for ms in lines.values() for m in ms]
        told.append(f"{wait_name(wait)}: {'; '.join(panel.said)}")
    whose = f" of {styles.label(contestants[0])}" if len(contestants) == 1 else ""
    return chart(
        "pool-sizing", "How many workers? The rule n ÷ (1 − wait share), and what was best",
        f"jobs/s{whose}, 100 µs of computing each · " + statistic(marks, points),
        foot, WIDTH, height,
        "Line charts of jobs per second against the number of workers, one panel for each share "
        f"of waiting. {'. '.join(told)}.",
        "The dashed line is the guides' rule: as many workers as CPUs, divided by the share of "
        "a job that is not waiting. Shaded are the numbers of workers that cannot be told from the "
        "best (their 95 % intervals overlap); the optimum is the fewest of them. Too few workers leave CPUs idle and lose in "
        "proportion; too many cost little but memory and switches, which is why guessing high is "
        "the cheaper mistake.",
        panels, "workers (log)")


def _size_panel(source, place, y, points, lines, wait):
    """The panel with all that stands behind the lines, and what its texts say."""
    lead = lines["guide"] if "guide" in lines else next(iter(lines.values()))
    workers = sorted({p.key.param("p_workers") for p in points})
    stated = [p.median_of("predicted_workers") for p in points]
    predicted = next((v for v in stated if v), None) or prediction(source.cpus, wait)
    x, _ = measured_axis(workers, *place[:2], [w for w in workers if abs(w - predicted) <= 0.5])
    if predicted > x["x_high"]:
        x["x_high"] = predicted * 1.1
    flat = flat_region(lead)
    panel = Panel(place, x, y, wait_name(wait), (best_text(lead, flat), loss_text(lead, predicted)))
    scale = panel.x_scale
    for first, last in runs(lead, flat) if lead[0].low is not None else ():
        ends = scale.value(scale.pixel(first.x) - 9), scale.value(scale.pixel(last.x) + 9)
        panel.add("areas", ((ends[0] * ends[1]) ** 0.5, y["y_high"] / 2, *ends, 0, y["y_high"],
                            FLAT))
    panel.add("dashes", (predicted, 0, 0x333333), (predicted, y["y_high"], 0x333333), BREAK)
    text = f"n ÷ (1 − {wait / 100:g})" if wait else "n"
    text += f" = {number(predicted, 3)}"
    line = scale.pixel(predicted)
    if line + 6 + text_width(text, NOTE_SIZE) <= place[1]:      # under the flat part of the curve
        panel.note(line + 6, place[3] - 12, text, 0x333333)
    else:                                                       # above the rising part of it
        panel.note(line - 6, place[2] + 11, text, 0x333333, right=True)
    best = optimum(flat)
    half = text_width("optimum", NOTE_SIZE) / 2
    at = scale.pixel(best.x)
    if abs(at - line) < half + 4:       # beside the dashed line, not across it
        at = line + half + 5
    at = min(max(at, place[0] + half + 3), place[1] - half)
    panel.note(at - half, panel.y_scale.pixel(best.value) - 14, "optimum", 0x333333)
    return panel


def overhead(source):
    """pool-overhead: ns per empty job by workers."""
    rows = [r for r in source.rows("pool", workload="overhead") if r["p_workers"]]
    queues = [r["p_queue"] for r in rows if not r.failed]
    if queues:
        queue = max(sorted(set(queues), key=lambda q: (q is None, q)), key=queues.count)
        rows = [r for r in rows if r["p_queue"] == queue]
    points = source.points(rows, "ns_per_op")
    if not points:
        return "no rows of workload overhead"
    lines = series(source, points, lambda p: p.key.param("p_workers"), 1)
    workers = sorted({p.key.param("p_workers") for p in points})
    height, top = 520, 92
    foot = source.foot(rows, WIDTH)
    place = (84, WIDTH - 140, top, height - 66 - 16 * len(foot))
    x, _ = thread_axis(workers, source.cpus, *place[:2])
    y = time_axis(values(lines), place, 34)
    panel = Panel(place, x, y)
    panel.draw(lines, size=1.1, gap=15)
    note = shade_note(x, panel.x_scale, panel.y_scale, source.cpus)
    panel.add("notes", *((*n[:2], n[2].replace("threads", "workers"), n[3]) for n in note))
    marks = [m for ms in lines.values() for m in ms]
    holds = "" if queue is None else f", queue of {number(queue, 1)}"
    return chart(
        "pool-overhead", "What handing over one empty job costs",
        f"wall time per job that does nothing{holds} · " + statistic(marks, points),
        foot, WIDTH, height,
        f"Line chart of the time per empty job against {workers[0]} to {workers[-1]} workers for "
        f"{plural(len(lines), 'contestant')}.",
        "One thread submits, the workers run. Jobs that are not much longer than this are not "
        "worth a pool: run them where they are, or put many into one. A thread per job pays for "
        "its birth and its end with every job; a pool pays for two hand-overs through its queue.",
        [panel], "workers")


def memory(source):
    """pool-memory: what waiting jobs cost, with a thread each and in a pool's queue."""
    rows = [r for r in source.rows("pool", workload="memory") if r["p_jobs"]]
    rss, speed = source.points(rows, "peak_rss_mb"), source.points(rows, "ops_per_s")
    if not rss:
        return "no rows of workload memory with peak_rss_mb"
    jobs = sorted({p.key.param("p_jobs") for p in rss})
    height, top, first, names = 500, 132, 84, 110
    foot = source.foot(rows, WIDTH)
    heads = [("peak resident memory, MiB (log)", "while all jobs wait at the same time", rss),
             ("jobs per second (log)", "submitting and finishing them", speed)]
    heads = [h for h in heads if h[2]]
    cell = (WIDTH - len(heads) * (first + names)) / len(heads)
    bottom = height - 66 - 16 * len(foot)
    panels, marks = [], []
    for head, said, points in heads:
        left = first + len(panels) * (cell + names + first)
        place = (left, left + cell, top, bottom)
        lines = series(source, points, lambda p: p.key.param("p_jobs"), 1)
        y = y_axis(*log_range(values(lines), top, bottom, 14, 14))
        panels.append(Panel(place, measured_axis(jobs, *place[:2])[0], y, head, (said,)))
        panels[-1].draw(lines, size=1.1)
        marks += [m for ms in lines.values() for m in ms]
    most = {p.key.contestant: p.median for p in rss if p.key.param("p_jobs") == jobs[-1]}
    told = ", ".join(f"{styles.label(c)} {number(most[c], 3)} MiB" for c in styles.order(most))
    return chart(
        "pool-memory", "What a thread for every waiting job costs",
        f"at {number(jobs[-1], 1)} waiting jobs: {told} · " + statistic(marks, rss),
        foot, WIDTH, height,
        f"Line charts of peak memory and of jobs per second against {number(jobs[0], 1)} to "
        f"{number(jobs[-1], 1)} jobs that wait at the same time: {told}.",
        "With a thread per job memory grows with the jobs that wait; in a pool they wait in its "
        "queue, and only its workers have a stack. Both run every job; the right panel is the "
        "price in time.",
        panels, "jobs waiting at the same time (log)")
