"""Charts of caches: a stampede on one key, memory per entry, and work under the lock."""

from . import plot_styles as styles
from . import stats
from .plot_cache import FIRST, WIDTH, get_set, name, places, set_at, usual
from .plot_gnuplot import BREAK
from .plot_layout import duration, number
from .plot_lines import log_range, measured_axis, series, thread_axis, values, y_axis
from .plot_panels import DIM_INK, Panel, chart, columns, log_axis, zero_axis
from .plot_rows import QUANTILES, Rows, draw_clock, draw_range, range_words, sampled
from .plot_source import plural, statistic

SECTIONS = ("section_inside", "section_outside")


def _loads_text(value):
    return plural(1, "load") if abs(value - 1) < 0.005 else f"{number(value, 3)} loads"


def stampede(source):
    """cache-stampede: how long an asker of an expired key waits, and how many load it."""
    rows = source.rows("cache", workload="stampede")
    threads = source.loads(r["threads"] for r in rows)
    threads = [t for t in threads if t > 1] or threads
    rows = [r for r in rows if r["threads"] in threads]
    found = sampled(source, rows)
    threads = [t for t in threads if any(k[1] == t for k in found)]
    if not found:
        return "no rows of workload stampede with latencies"
    loads = _loads(source, rows)
    clocks = [r["clock_ns"] for r in rows if r["clock_ns"]]
    clock = stats.median(clocks) if clocks else None
    seen = [q[m] for q in found.values() for m in QUANTILES if q[m] > 0]
    if not seen:
        return "no latency above 0"
    ranked = sorted(styles.order(c for c, _ in found), key=lambda c: (
        (c, threads[0]) not in found, found.get((c, threads[0]), {}).get("p99", 0)))
    looks = [styles.style(c)._replace(label=name(c)) for c in ranked]
    frame = Rows(source, rows, [(s.label, s.ink) for s in looks],
                 {source.load_name(t): t > source.cpus for t in threads},
                 seen + ([clock] if clock else []), 14, 84, 1)
    for panel, t in enumerate(threads):
        tables = {table: parts[panel] for table, parts in frame.tables.items()}
        draw_clock(tables, clock, len(ranked))
        for row, (contestant, s) in enumerate(zip(ranked, looks)):
            draw_range(frame, tables, row, found.get((contestant, t)), s)
            if (contestant, t) in found:    # how many loaded says more than who waited longest
                x, *_, ink = tables["numbers"].pop()
                tables["numbers"].append((x, row, _loads_text(loads[contestant, t])
                                          if (contestant, t) in loads else "loads unknown", ink))
    hold = set_at(rows, "p_hold_ns")
    took = f" Loading takes {duration(hold)}." if hold else ""
    said = "; ".join(
        f"{name(c)} {_loads_text(loads[c, threads[-1]])} an expiry, p99 "
        f"{duration(found[c, threads[-1]]['p99'])}" for c in ranked
        if (c, threads[-1]) in loads and (c, threads[-1]) in found)
    return frame.chart(
        "cache-stampede", "A hot key expires: one loads it, or all of them?",
        f"get_or_load of that key · dot = median, thick to p99, medium to p99.9, thin to longest · "
        f"{range_words(found)}",
        f"Range plot: median, 99th and 99.9th percentile and longest get_or_load of a key that "
        f"expires again and again for {plural(len(ranked), 'cache')} at "
        f"{', '.join(source.load_name(t) for t in threads)}; the number is the loads per expiry. "
        f"At {source.load_name(threads[-1])}: {said or 'loads not measured'}.",
        "The number is how often the value is loaded each time it expires: 1 is a single flight, "
        "in which whoever comes second waits for the first one's result. In a thundering herd "
        "everybody who finds it gone loads it, and all but one of the loads are for nothing. The "
        "dot is a hit; the tail is whoever came while it was being loaded." + took,
        "time of one get_or_load (log)")


def _loads(source, rows):
    """{(contestant, threads): loads per expiry}."""
    return {(p.key.contestant, p.key.threads): p.median
            for p in source.points(rows, "loads_per_expiry")}


def memory(source):
    """cache-memory: bytes per entry by the size of a value, and what of it is not the value."""
    rows = usual([r for r in get_set(source) if r.get("p_value_bytes")], "p_keys", "p_shards")
    known = [r for r in rows if r.get("bytes_per_entry")]
    if not known:
        return "no rows of workload get_set with bytes_per_entry"
    rows = usual(_widest(known), "p_read_pct")
    points = source.points(rows, "bytes_per_entry")
    if not points:
        return "no rows of workload get_set with bytes_per_entry"
    sizes = sorted({p.key.param("p_value_bytes") for p in points})
    foot = source.foot(rows, WIDTH)
    height, top = 520, 116
    found = columns(2, WIDTH, FIRST, 152, top, height - 66 - 16 * len(foot))
    whole = series(source, points, lambda p: p.key.param("p_value_bytes"), 1)
    rest = {c: [m._replace(value=m.value - m.x, low=m.low and m.low - m.x,
                           high=m.high and m.high - m.x) for m in marks]
            for c, marks in whole.items()}
    every = values(whole) + [float(s) for s in sizes]
    axes = (y_axis(*log_range(every, found[0][2], found[0][3], 12, 14)),
            zero_axis(values(rest), found[1], most=6))
    chosen = styles.coloured(whole, "get_set")
    panels = []
    for lines, place, y, head in zip((whole, rest), found, axes,
                                     ("bytes per entry", "of these not the value")):
        x, _ = measured_axis(sizes, *place[:2])
        panels.append(Panel(place, x, y, head))
        panels[-1].draw(lines, chosen, gap=13, names={c: name(c) for c in lines})
    panels[0].add("dashes", *((s, s, 0x555555) for s in sizes), BREAK)
    panels[0].note(found[0][1] - 2, found[0][3] - 10, "dashed: the value alone", DIM_INK,
                   right=True)
    marks = [m for ms in whole.values() for m in ms]
    least = {c: ms[0].value for c, ms in rest.items()}
    lightest, heaviest = min(least, key=least.get), max(least, key=least.get)
    return chart(
        "cache-memory", "What an entry takes",
        "growth of the memory in use while the cache was filled ÷ its entries · "
        + statistic(marks, points),
        foot, WIDTH, height,
        f"Line charts of the bytes per entry against values of {number(sizes[0], 1)} to "
        f"{plural(sizes[-1], 'byte')} for {plural(len(whole), 'cache')}. Beside a value of "
        f"{plural(sizes[0], 'byte')}: {name(lightest)} {number(least[lightest], 3)} bytes, "
        f"{name(heaviest)} {number(least[heaviest], 3)}.",
        "What is not the value is its key, what finds it, what the policy keeps, and what the "
        "allocator rounds up; in a table that has just doubled, half of the room is empty. With "
        "small values this, not the values, is what fills the memory.",
        panels, "bytes of a value (log)")


def _widest(rows):
    """Of the settings (keys' law, threads) the one with most sizes of values, then the plainest."""
    groups = {}
    for r in rows:
        groups.setdefault((r["threads"], r["p_skew"]), []).append(r)
    best = min(groups, key=lambda k: (-len({r["p_value_bytes"] for r in groups[k]}), k))
    return groups[best]


def section(source):
    """cache-section: computing under the lock against computing before it."""
    rows = [r for r in source.rows("cache", p_sample_every=None) if r["workload"] in SECTIONS
            and r.get("p_hold_ns")]
    rows = usual(rows, "p_read_pct", "p_keys", "p_value_bytes", "p_shards")
    points = source.points(rows, "ops_per_s")
    both = {p.key.contestant for p in points if p.key.workload == SECTIONS[0]} & {
        p.key.contestant for p in points if p.key.workload == SECTIONS[1]}
    points = [p for p in points if p.key.contestant in both]
    rows = [r for r in rows if r["contestant"] in both]
    if not points:
        return "no rows of workloads section_inside and section_outside"
    holds = sorted({p.key.param("p_hold_ns") for p in points})
    shown = holds if len(holds) <= 3 else [holds[0], holds[len(holds) // 2], holds[-1]]
    points = [p for p in points if p.key.param("p_hold_ns") in shown]
    skewed = {p.key.param("p_skew") for p in points}
    skew = 0 if 0 in skewed else min(skewed, key=lambda s: (s is None, s or 0))
    points = [p for p in points if p.key.param("p_skew") == skew]
    rows = [r for r in rows if r["p_hold_ns"] in shown and r["p_skew"] == skew]
    foot = source.foot(rows, WIDTH)
    drawn = [[series(source, [p for p in points if p.key.param("p_hold_ns") == h
                              and p.key.workload == w], lambda p: p.key.threads, 1e-6)
              for h in shown] for w in SECTIONS]
    found = places(len(shown), 2, WIDTH, FIRST, 150, 116, 190, 46)
    height = round(116 + 2 * (190 + 46) - 46 + 66 + 16 * len(foot))
    threads = sorted({p.key.threads for p in points})
    panels = []
    for row, (workload, parts) in enumerate(zip(SECTIONS, drawn)):
        for at, (hold, lines) in enumerate(zip(shown, parts)):
            place = found[row * len(shown) + at]
            pair = [v for part in drawn for v in values(part[at])]
            head = f"{duration(hold)} {'under the lock' if row == 0 else 'before it'}"
            panels.append(Panel(place, thread_axis(threads, source.cpus, *place[:2])[0],
                                log_axis(pair, place), head, x_named=row == 1))
            panels[-1].draw(lines, gap=13, names={c: name(c) for c in lines})
    marks = [m for parts in drawn for lines in parts for ms in lines.values() for m in ms]
    return chart(
        "cache-section", "Computing under the lock, or before it",
        "million operations/s, all threads together · " + statistic(marks, points),
        foot, WIDTH, height,
        "Line charts of million operations per second against threads for "
        f"{plural(len(both), 'cache')} that compute {', '.join(duration(h) for h in shown)} an "
        f"operation under the lock, and before it. {_gains(points, shown, threads)}",
        "The same computing, the same operations: only its place differs. Under a single lock it "
        "is one thread's turn at a time, and more threads do no more; before the lock every CPU "
        "computes for itself. Shards hide a long section until two threads want the same one.",
        panels, "threads" if source.exec != "task" else "tasks")


def _gains(points, holds, threads):
    """What moving it out brings at the most threads that have a CPU each."""
    at = {(p.key.workload, p.key.contestant, p.key.param("p_hold_ns"), p.key.threads): p.median
          for p in points}
    parts = []
    for c in styles.order(k[1] for k in at):
        sides = [at.get((w, c, holds[-1], threads[-1])) for w in SECTIONS]
        if None not in sides:
            parts.append(f"{name(c)} {number(sides[1] / sides[0], 2)} times")
    return (f"With {duration(holds[-1])} and {plural(threads[-1], 'worker')}, before the lock is "
            f"{', '.join(parts)} as fast." if parts else "")
