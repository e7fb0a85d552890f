"""Charts of caches: how many shards, and what reading instead of writing brings."""

from . import plot_styles as styles
from .plot_gnuplot import BREAK
from .plot_layout import number
from .plot_lines import SMALL_SIZE, dots, end_names, measured_axis, series
from .plot_panels import Panel, chart, linear_axis, log_axis, share_axis, zero_axis
from .plot_source import mark, plural, statistic

SHARDED = "guide_sharded"
REFERENCES = ("guide_mutex", "guide_rwmutex")
CURVE_READS, USUAL_SHARDS = 90, 16      # where a sweep holds the other parameter
WIDTH, FIRST, NAMES = 960, 66, 112


def skew_name(skew):
    return "uniform keys" if not skew else f"Zipf {skew / 100:g} keys"


def collision(shards, threads):
    """Probability that at least one of the other threads is in the shard that this one wants."""
    return 1 - (1 - 1 / shards) ** (threads - 1)


def most_common(keys, value, wanted):
    """The value that occurs with most others: `wanted` if it is one of those, else the largest."""
    counts = {}
    for key in keys:
        counts.setdefault(value(key), set()).add(key)
    most = max(map(len, counts.values()))
    best = [v for v, group in counts.items() if len(group) == most]
    return wanted if wanted in best else max(best)


def hits(points):
    """The hit ratios, for a subtitle: "hit ratio 90 % uniform, 92 % Zipf"."""
    found = {}
    for p in points:
        ratio = p.median_of("hit_ratio")
        if ratio is not None:
            found.setdefault(p.key.param("p_skew"), []).append(100 * ratio)
    parts = []
    for skew, ratios in sorted(found.items()):
        low, high = (number(v, 2) for v in (min(ratios), max(ratios)))
        parts.append(f"{low if low == high else f'{low} to {high}'} % "
                     + ("Zipf" if skew else "uniform"))
    return "hit ratio " + ", ".join(parts) if parts else "hit ratio not measured"


def places(columns, rows, width, first, names, top, height, head, last=None):
    """Rectangles by row, then by column; the last row may be `last` pixels high."""
    cell = (width - first - 8) / columns
    found = []
    for row in range(rows):
        y = top + row * (height + head)
        tall = last if last is not None and row == rows - 1 else height
        found += [(first + c * cell, first + (c + 1) * cell - names - 4, y, y + tall)
                  for c in range(columns)]
    return found


def of(rows, **where):
    return [r for r in rows if all(r[k] == v for k, v in where.items())]


def shards(source):
    """cache-shards: throughput by number of shards, one lock beside it, collisions beneath."""
    rows = [r for r in source.rows("cache", workload="get_set") if r["p_skew"] is not None]
    sharded = [r for r in rows if r["contestant"] == SHARDED and r["p_shards"] and not r.failed]
    if not sharded:
        return f"no rows of contestant {SHARDED} with p_shards"
    reads = most_common({(r["p_read_pct"], r["p_shards"]) for r in sharded}, lambda k: k[0],
                        CURVE_READS)
    rows = [r for r in rows if r["p_read_pct"] == reads
            and r["contestant"] in (SHARDED, *REFERENCES)]
    loads = source.loads(r["threads"] for r in of(rows, contestant=SHARDED))
    rows = [r for r in rows if r["threads"] in loads]
    points = source.points(rows, "ops_per_s")
    curve = [p for p in points if p.key.contestant == SHARDED and p.key.param("p_shards")]
    loads = [t for t in loads if any(p.key.threads == t for p in curve)]
    skews = sorted({p.key.param("p_skew") for p in curve})
    counts = sorted({p.key.param("p_shards") for p in curve})
    top, tall, low_tall, head = 116, 190, 64, 36
    foot = source.foot(rows, WIDTH)
    found = places(len(loads), len(skews) + 1, WIDTH, FIRST, NAMES, top, tall, head, low_tall)
    height = round(top + len(skews) * (tall + head) + low_tall + 66 + 16 * len(foot))
    x, _ = measured_axis(counts, *found[0][:2])
    y = zero_axis([v * 1e-6 for p in points for v in (p.median, p.hi or 0)], found[0], most=5)
    panels = []
    for skew in skews:
        for t in loads:
            here = [p for p in points if (p.key.param("p_skew"), p.key.threads) == (skew, t)]
            panels.append(_shard_panel(source, found[len(panels)], x, y, here, skew, t))
            panels[-1].y_named = t == loads[0]
    share = linear_axis(0, 108, 2)
    share["y_at"], share["y_text"] = [0, 50, 100], ["0", "50", "100"]
    for t in loads:
        panel = Panel(found[len(panels)], x, share, "another thread in my shard, %",
                      shaded=t > source.cpus, y_named=t == loads[0])
        panel.add("dashes", *((s, 100 * collision(s, t), 0x555555) for s in counts), BREAK)
        panel.add("names", (x["x_high"], 100 * collision(counts[-1], t),
                            "1−(1−1/S)^(T−1)" if t > 1 else "alone: none", 0x6B6B6B))
        panels.append(panel)
    for panel in panels[:-len(loads)]:
        panel.x_named = False
    marks = [mark(p, 0) for p in points]
    gains = ", ".join(f"{skew_name(s)} {_gain(curve, s, loads[-1])}" for s in skews)
    return chart(
        "cache-shards", "How many shards does a cache need?",
        f"million operations per second, {number(reads, 1)} % reads, all threads together · "
        + statistic(marks, points),
        foot, WIDTH, height,
        f"Line charts of a sharded map's throughput against {counts[0]} to {counts[-1]} shards, "
        "with a map under one lock as horizontal lines; at "
        f"{plural(loads[-1], 'thread')}: {gains}.",
        "Each shard is a map under a mutex of its own. The dashed line beneath is the chance that "
        "another thread is in the shard that one wants, if keys are uniform: where it is near "
        "zero, more shards can help no more. With Zipf keys a few keys are most of the traffic, "
        "and they stay in one shard each. With one thread more shards only cost memory.",
        panels, "shards, S")


def _gain(curve, skew, threads):
    here = {p.key.param("p_shards"): p.median for p in curve
            if (p.key.param("p_skew"), p.key.threads) == (skew, threads)}
    if not here:
        return "not measured"
    best = max(here, key=lambda s: (here[s], -s))
    return f"most at {plural(best, 'shard')}, {number(here[best] * 1e-6, 3)} million a second"


def _shard_panel(source, place, x, y, points, skew, threads):
    load = source.load_name(threads)
    panel = Panel(place, x, y, f"{skew_name(skew)}, {load}",
                  shaded=threads > source.cpus)
    entries = []
    for p in sorted(points, key=lambda p: REFERENCES.index(p.key.contestant)
                    if p.key.contestant in REFERENCES else -1):
        if p.key.contestant == SHARDED:
            continue
        s, m = styles.style(p.key.contestant), mark(p, x["x_high"], 1e-6)
        panel.add("rules", (x["x_low"], m.value, s.colour), (x["x_high"], m.value, s.colour), BREAK)
        panel.add("points", *dots([m._replace(x=x["x_low"])], s, 0.9))
        entries.append((s.label, x["x_high"], m.value, s.ink, s.colour, SMALL_SIZE))
    curve = series(source, [p for p in points if p.key.contestant == SHARDED],
                   lambda p: p.key.param("p_shards"), 1e-6)
    panel.draw(curve, names={SHARDED: ""})
    for contestant, marks in curve.items():
        s = styles.style(contestant)
        entries.append((s.label, marks[-1].x, marks[-1].value, s.ink, s.colour, SMALL_SIZE))
    _, names, leaders = end_names(entries, panel.x_scale, panel.y_scale, 14)
    panel.add("names", *names)
    panel.add("leaders", *leaders)
    return panel


def read_share(source):
    """cache-read-share: what a readers-writer lock and shards bring, by share of reads and keys."""
    # Without null: it looks nothing up, and its line would push the others into a corner.
    rows = [r for r in source.rows("cache", workload="get_set") if r["contestant"] != "null"
            and r["p_skew"] is not None and r["p_read_pct"] is not None]
    sharded = {(r["p_read_pct"], r["p_shards"]) for r in rows
               if r["contestant"] == SHARDED and r["p_shards"] and not r.failed}
    usual = most_common(sharded, lambda k: k[1], USUAL_SHARDS) if sharded else None
    loads = source.loads(r["threads"] for r in rows)
    rows = [r for r in rows if r["threads"] in loads and (not r["p_shards"] or
                                                          r["p_shards"] == usual)]
    points = source.points(rows, "ops_per_s")
    if not points:
        return "no rows of workload get_set"
    loads = [t for t in loads if any(p.key.threads == t for p in points)]
    skews = sorted({p.key.param("p_skew") for p in points})
    shares = sorted({p.key.param("p_read_pct") for p in points})
    top, tall, head = 116, 210 if len(skews) > 1 else 320, 36
    foot = source.foot(rows, WIDTH)
    found = places(len(loads), len(skews), WIDTH, FIRST, NAMES, top, tall, head)
    height = round(top + len(skews) * (tall + head) - head + 66 + 16 * len(foot))
    y = log_axis([v * 1e-6 for p in points for v in (p.median, p.lo, p.hi) if v], found[0])
    names = {} if usual is None else {SHARDED: f"{number(usual, 1)} shards"}
    panels, marks = [], []
    for skew in skews:
        for t in loads:
            lines = series(source, [p for p in points if (p.key.param("p_skew"), p.key.threads)
                                    == (skew, t)],
                           lambda p: shares.index(p.key.param("p_read_pct")), 1e-6)
            panel = Panel(found[len(panels)], share_axis(shares), y,
                          f"{skew_name(skew)}, {source.load_name(t)}", shaded=t > source.cpus,
                          x_named=skew == skews[-1], y_named=t == loads[0])
            panel.draw(lines, names=names)
            marks += [m for ms in lines.values() for m in ms]
            panels.append(panel)
    return chart(
        "cache-read-share", "One lock, a readers-writer lock, or shards?",
        f"million operations/s · {hits(points)} · " + statistic(marks, points),
        foot, WIDTH, height,
        f"Line charts of a cache's throughput against the percentage of reads for "
        f"{plural(len({p.key.contestant for p in points}), 'contestant')}, one panel for each "
        f"number of threads and kind of keys; {hits(points)}.",
        "Going right, more of the operations only read. If the readers-writer lock's line is not "
        "above the mutex's where nearly all is reading, its sharing is worth less than what it "
        "costs to count readers. The steps on the axis are not evenly wide. Zipf: a few keys are "
        "asked for most of the time.",
        panels, "reads, % of operations")
