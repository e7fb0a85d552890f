"""More charts of how many workers: by what the jobs do, what they wait for, and under a quota."""

from . import plot_styles as styles
from . import stats
from .plot_gnuplot import BREAK
from .plot_layout import number
from .plot_limiter import time_axis
from .plot_lines import band, dots, end_names, measured_axis, series, strand, values
from .plot_panels import Panel, chart, log_axis, zero_axis
from .plot_sizing import (FIRST, INK, USUAL_US, WIDTH, curves_of, height_of, lead_of,
                          percent, places_of, rule_at, shade_flat, size_axis, wait_name)
from .plot_source import Mark, mark, mostly_noisy, plural, statistic

EXECS = {"thread": (styles.style("guide"), "threads"), "task": (styles.style("task"), "tasks")}


def _exec_lines(panel, by_exec, size=0.8):
    """Lines of one contestant by what ran it, in the colours of EXECS."""
    for exec_name, marks in by_exec.items():
        look = EXECS[exec_name][0]
        panel.add("lines", *strand(marks, look.colour))
        panel.add("bands", *band(marks, look.colour))
        panel.add("points", *dots(marks, look, size))


def _short_best(curve, exec_name):
    what = EXECS[exec_name][1]
    if not curve.flat:
        return f"{what}: cannot tell"
    first, last = curve.stretches[0]
    return f"{what}: {number(first, 1)}" + (f" to {number(last, 1)}" if first != last else "") + (
        " or more" if curve.at_the_end else "")


def _compact(value):
    """100,000 as 100 k: for a narrow axis."""
    for unit, scale in (("M", 1e6), ("k", 1e3)):
        if abs(value) >= scale:
            return f"{value / scale:g}\u00a0{unit}"
    return f"{value:g}"


def mixes(source):
    """pool-mixes: small multiples over the length of computing and the share of waiting."""
    rows = [r for r in source.rows("pool", workload="sizing", p_limit=None)
            if r["p_wait_pct"] is not None and r["p_workers"] and r.get("p_compute_us")]
    points = source.points(rows, "ops_per_s")
    lengths = sorted({p.key.param("p_compute_us") for p in points})
    if len(lengths) < 2:
        return "no rows of workload sizing with more than one length of computing"
    lead = lead_of({p.key.contestant for p in points if p.key.param("p_compute_us") != USUAL_US})
    rows = [r for r in rows if r["contestant"] == lead]
    points = [p for p in points if p.key.contestant == lead]
    curves = curves_of(source, rows)
    waits = sorted({p.key.param("p_wait_pct") for p in points})
    foot = source.foot(rows, WIDTH)
    across, tall, head, top = len(waits), 118, 74, 138
    places = places_of(len(waits) * len(lengths), across, top, tall, head, FIRST, -12)
    panels, marks = [], []
    for i, (length, wait) in enumerate((a, b) for a in lengths for b in waits):
        row = [p for p in points if p.key.param("p_compute_us") == length]
        found = {e: sorted(mark(p, p.key.param("p_workers")) for p in row if p.key.exec == e
                           and p.key.param("p_wait_pct") == wait) for e in EXECS}
        found = {e: ms for e, ms in found.items() if ms}
        here = {key[2]: c for key, c in curves.items() if key[3:5] == (wait, length)}
        place = places[i]
        y = zero_axis([max(p.median, p.hi or 0) for p in row], place, 12, 3)
        y["y_text"] = [_compact(v) for v in y["y_at"]]
        if not found:
            continue
        curve = next(here[e] for e in EXECS if e in here)
        workers = sorted({m.x for ms in found.values() for m in ms})
        panel = Panel(place, size_axis(curve, place, workers), y,
                      f"{number(length, 1)} µs, {wait_name(wait)}",
                      tuple(_short_best(here[e], e) for e in found), x_named=length == lengths[-1],
                      y_named=i % across == 0)
        shade_flat(panel, curve)
        panel.add("dashes", (curve.predicted, 0, INK), (curve.predicted, y["y_high"], INK), BREAK)
        _exec_lines(panel, found)
        panels.append(panel)
        marks += [m for ms in found.values() for m in ms]
    colours = ", ".join(f"{what} {'blue' if e == 'thread' else 'green'}"
                        for e, (_, what) in EXECS.items())
    return chart(
        "pool-mixes", "How many workers, by what the jobs do",
        f"jobs/s of {styles.label(lead)} ({colours}); dashed: the rule · "
        + statistic(marks, points),
        foot, WIDTH, height_of(len(waits) * len(lengths), across, top, tall, head, foot),
        f"{plural(len(panels), 'small line chart')} of jobs per second against workers: rows for "
        f"{', '.join(f'{number(x, 1)} µs' for x in lengths)} of computing, columns for "
        f"{', '.join(map(wait_name, waits))}.",
        "Each row has its own scale. Under a panel's name: the numbers of workers that cannot be "
        "told from the best (shaded: those of the threads). The longer a job computes, the less "
        "its hand-over matters and the better the rule holds; with 1 µs it is the hand-over that "
        "is measured.",
        panels, "workers (log)")


# Lines of one pool by how many connections its jobs share: any number last.
LIMITS = (styles.Style("", styles.VERMILION, styles.WEDGE),
          styles.Style("", styles.ORANGE, styles.SQUARE),
          styles.Style("", styles.SKY, styles.CIRCLE),
          styles.Style("", styles.PURPLE, styles.DIAMOND))
FREE = styles.Style("", styles.BLUE, styles.TRIANGLE)
WAITS = (("sizing", "thread", "threads, a timer"), ("sizing_socket", "thread",
         "threads, a socket echo"), ("sizing", "task", "tasks, a timer"))


def _limit_name(limit):
    return "no limit" if limit is None else plural(limit, "connection")


def _best_by_limit(here):
    """"best: 3 with 2 connections, 20 with no limit" of curves by limit."""
    parts = [f"{number(c.optimum.workers, 1)} with {_limit_name(limit)}"
             for limit, c in here.items() if c.flat]
    return "optimum: " + ", ".join(parts) if parts else "optimum: cannot tell"


def _named_strands(panel, lines, looks, text_of):
    entries = []
    for key, marks in lines.items():
        look = looks[key]
        panel.add("lines", *strand(marks, look.colour))
        panel.add("bands", *band(marks, look.colour))
        panel.add("points", *dots(marks, look, 0.9))
        entries.append((text_of(key), marks[-1].x, marks[-1].value, look.ink, look.colour, 11))
    _, small, leaders = end_names(entries, panel.x_scale, panel.y_scale, 14)
    panel.add("names", *small)
    panel.add("leaders", *leaders)


def waits(source):
    """pool-waits: a timer or a socket, and how many connections there are to wait on."""
    rows = [r for w in ("sizing", "sizing_socket") for r in source.rows("pool", workload=w)
            if r["p_wait_pct"] and r["p_workers"] and r.get("p_compute_us") == USUAL_US]
    special = [r for r in rows if r["workload"] == "sizing_socket" or r.get("p_limit")]
    if not special:
        return "no rows of workload sizing_socket, and none of sizing with p_limit"
    shares = [r["p_wait_pct"] for r in special]
    share = max(sorted(set(shares)), key=shares.count)
    lead = lead_of({r["contestant"] for r in special if r["p_wait_pct"] == share})
    rows = [r for r in rows if r["p_wait_pct"] == share and r["contestant"] == lead]
    points = source.points(rows, "ops_per_s")
    ways = [w for w in WAITS if any(p.key[2:4] == w[:2] for p in points)]
    limits = sorted({p.key.param("p_limit") for p in points} - {None})
    looks = {limit: LIMITS[i % len(LIMITS)] for i, limit in enumerate(limits)} | {None: FREE}
    curves = curves_of(source, rows)
    foot = source.foot(rows, WIDTH)
    across, tall, head, top = len(ways), 220, 60, 138
    places = places_of(len(ways), across, top, tall, head, FIRST, 84)
    greatest = [max(p.median, p.hi or 0) for p in points]
    panels, marks = [], []
    for i, ((workload, exec_name, text), place) in enumerate(zip(ways, places)):
        here = [p for p in points if p.key[2:4] == (workload, exec_name)]
        lines = {limit: sorted(mark(p, p.key.param("p_workers")) for p in here
                               if p.key.param("p_limit") == limit) for limit in (*limits, None)}
        lines = {limit: ms for limit, ms in lines.items() if ms}
        mine = {limit: curves[workload, lead, exec_name, share, USUAL_US, limit]
                for limit in lines}
        free = mine.get(None, next(iter(mine.values())))
        panel = Panel(place, size_axis(free, place, sorted({m.x for ms in lines.values()
                                                            for m in ms})),
                      zero_axis(greatest, place, 32, 5), text, (_best_by_limit(mine),),
                      y_named=i == 0)
        for limit, curve in mine.items():
            if curve.predicted:
                ink = looks[limit].colour
                panel.add("dashes", (curve.predicted, 0, ink),
                          (curve.predicted, panel.y["y_high"], ink), BREAK)
        _named_strands(panel, lines, looks, _limit_name)
        panels.append(panel)
        marks += [m for ms in lines.values() for m in ms]
    return chart(
        "pool-waits", f"How many workers, by what jobs wait for: {wait_name(share)}",
        f"jobs/s of {styles.label(lead)}, {USUAL_US} µs of computing; dashed: the rule · "
        + statistic(marks, points),
        foot, WIDTH, height_of(len(ways), across, top, tall, head, foot),
        f"Line charts of jobs per second against workers with {wait_name(share)}, one panel each "
        f"for {', '.join(w[2] for w in ways)}. "
        + " ".join(f"{p.head}: {p.said[0]}." for p in panels),
        "Jobs that wait on k connections wait for one of these first, so more than k ÷ wait share "
        "workers have nothing to do (dashed in the line's colour; without a limit the rule is "
        "n ÷ (1 − wait share)). A socket costs the kernel's work on top of the computing, so fewer "
        "jobs are done, and the CPUs are busy with fewer workers than the rule says.",
        panels, "workers (log)")


def quota(source):
    """pool-quota: the best number of workers when a control group allows less than all CPUs."""
    rows = [r for r in source.rows("pool", workload="quota")
            if r["p_wait_pct"] is not None and r["p_workers"]]
    points = source.points(rows, "ops_per_s")
    if not points:
        return "no rows of workload quota"
    lead = lead_of({p.key.contestant for p in points})
    shares = sorted({p.key.param("p_wait_pct") for p in points})
    execs = [e for e in EXECS if any(p.key.exec == e for p in points)]
    curves = curves_of(source, rows)
    foot = source.foot(rows, WIDTH)
    cells = [(e, w) for w in shares for e in execs]
    across, tall, head, top = 2 if len(execs) > 1 else min(2, len(cells)), 190, 94, 148
    places = places_of(len(cells), across, top, tall, head, FIRST, 100)
    greatest = [max(p.median, p.hi or 0) for p in points]
    panels, marks, allowed = [], [], []
    for i, ((exec_name, share), place) in enumerate(zip(cells, places)):
        here = [p for p in points if (p.key.exec, p.key.param("p_wait_pct")) == (exec_name, share)]
        if not here:
            continue
        lines = series(source, here, lambda p: p.key.param("p_workers"), 1)
        curve = next(c for key, c in curves.items() if key[1:4] == (
            lead if lead in lines else lead_of(lines), exec_name, share))
        panels.append(_quota_panel(place, curve, lines, zero_axis(greatest, place, 32, 5),
                                   f"{EXECS[exec_name][1]}, {wait_name(share)}"))
        panels[-1].y_named = i % across == 0
        marks += [m for ms in lines.values() for m in ms]
        allowed.append(curve.quota)
    known = [q for q in allowed if q]
    return chart(
        "pool-quota", "How many workers, when a quota allows less than all CPUs",
        f"jobs/s, {USUAL_US} µs of computing" + (
            f", a quota of {number(known[0], 2)} CPU" + ("" if known[0] == 1 else "s")
            if known else "")
        + " · " + statistic(marks, points),
        foot, WIDTH, height_of(len(cells), across, top, tall, head, foot),
        "Line charts of jobs per second against workers under a CPU quota. "
        + " ".join(f"{p.head}: {'; '.join(p.said)}." for p in panels),
        "A program that counts the cores does not see the quota: it starts as many workers as for "
        "all CPUs (right dashed line), where the quota allows the work of fewer (left dashed "
        "line). What more of them lose is small as long as they wait; they compute in bursts and "
        "stand still until the next period.",
        panels, "workers (log)")


def _quota_panel(place, curve, lines, y, head):
    by_quota, by_cores = curve.predicted_by_quota, curve.predicted
    said = []
    for text, workers in (("by the quota", by_quota), ("by the cores", by_cores)):
        loss = curve.loss(workers)
        if workers:
            said.append(f"{text} {number(workers, 3)}"
                        + (f": loses {percent(loss.share)} %" if loss else ""))
    best = (f"optimum {number(curve.optimum.workers, 1)}: {number(curve.optimum.value, 3)} jobs/s"
            if curve.flat else f"optimum: cannot tell, {curve.silent['optimum']}")
    workers = sorted({m.x for ms in lines.values() for m in ms})
    panel = Panel(place, size_axis(curve, place, workers), y, head, (best, "; ".join(said)))
    shade_flat(panel, curve)
    if by_quota:
        panel.add("dashes", (by_quota, 0, INK), (by_quota, y["y_high"], INK), BREAK)
        panel.note(panel.x_scale.pixel(by_quota) - 6, place[3] - 12,
                   f"quota: {number(by_quota, 3)}", INK, right=True)
    if by_cores:
        rule_at(panel, by_cores, f"cores: {number(by_cores, 3)}")
    panel.draw(lines)
    return panel


WAIT_LOOKS = (styles.Style("", styles.BLACK, styles.CIRCLE),
              styles.Style("", styles.BLUE, styles.TRIANGLE),
              styles.Style("", styles.ORANGE, styles.SQUARE),
              styles.Style("", styles.VERMILION, styles.DIAMOND))


FEWEST = 0.01           # switches per job that a log axis begins with


def switches_mark(point):
    """Mark of a point's context switches for each job; None where no row has both numbers."""
    each = [max(FEWEST, (row["voluntary_switches"] + row["involuntary_switches"]) / row["ops"])
            for row in point.rows if row["ops"] and None not in (
                row["voluntary_switches"], row["involuntary_switches"])]
    if not each:
        return None
    interval = stats.median_ci(each) or (None, None)
    return Mark(point.key.param("p_workers"), stats.median(each), *interval, mostly_noisy(point))


def _by_wait(points, made):
    lines = {}
    for point in points:
        m = made(point)
        if m is not None:
            lines.setdefault(point.key.param("p_wait_pct"), []).append(m)
    return {wait: sorted(lines[wait]) for wait in sorted(lines)}


def price(source):
    """pool-sizing-price: a job's p99 and its context switches, by workers."""
    rows = [r for r in source.rows("pool", workload="sizing", p_limit=None)
            if r["p_wait_pct"] is not None and r["p_workers"]
            and r.get("p_compute_us", USUAL_US) in (None, USUAL_US)]
    timed = source.points(rows, "latency_p99_ns")
    if not timed:
        return f"no rows of workload sizing with latencies and {USUAL_US} µs of computing"
    lead = lead_of({p.key.contestant for p in timed})
    rows = [r for r in rows if r["contestant"] == lead]
    timed = [p for p in timed if p.key.contestant == lead]
    counted = [p for p in source.points(rows, "ops_per_s")]
    execs = [e for e in EXECS if any(p.key.exec == e for p in timed)]
    drawn = [[_by_wait([p for p in points if p.key.exec == e], made) for points, made in (
        (timed, lambda p: mark(p, p.key.param("p_workers"))), (counted, switches_mark))]
        for e in execs]
    shares = sorted({p.key.param("p_wait_pct") for p in timed})
    looks = {wait: WAIT_LOOKS[i % len(WAIT_LOOKS)] for i, wait in enumerate(shares)}
    workers = sorted({p.key.param("p_workers") for p in timed})
    foot = source.foot(rows, WIDTH)
    tall, head, top, first = 190, 48, 112, 80
    heads = ("99th percentile of a job, start to end", f"context switches per job (≥ {FEWEST})")
    columns = [[values(lines) for lines in column] for column in zip(*drawn)]
    panels, marks = [], []
    for row, parts in enumerate(drawn):
        for column, lines in enumerate(parts):
            left = first + column * (WIDTH / 2 - 4)
            place = (left, left + WIDTH / 2 - first - 108, top + row * (tall + head),
                     top + row * (tall + head) + tall)
            found = [v for part in columns[column] for v in part] or [1]
            y = time_axis(found, place) if column == 0 else log_axis(found, place)
            panel = Panel(place, measured_axis(workers, *place[:2])[0], y,
                          f"{EXECS[execs[row]][1]}: {heads[column]}",
                          x_named=row == len(drawn) - 1)
            _named_strands(panel, lines, looks, wait_name)
            panels.append(panel)
            marks += [m for ms in lines.values() for m in ms]
    return chart(
        "pool-sizing-price", "What too many workers cost a job",
        f"jobs of {styles.label(lead)}, {USUAL_US} µs of computing each · "
        + statistic(marks, timed),
        foot, WIDTH, round(top + len(drawn) * (tall + head) - head + 66 + 16 * len(foot)),
        "Line charts against the number of workers, a line for each share of waiting: "
        + ", ".join(p.head for p in panels) + ".",
        "More workers than can compute at once share the CPUs: each job then takes as long as it "
        "waits for its turns, though as many are done in a second. The switches are the kernel's; "
        "of tasks those of their carriers, which change from task to task without any.",
        panels, "workers (log)")
