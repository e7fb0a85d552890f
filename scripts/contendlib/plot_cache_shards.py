"""How many shards a cache needs, and how often two of its threads meet in one."""

from . import plot_styles as styles
from .plot_cache import (FIRST, USUAL, WIDTH, get_set, most_common, name, places, skew_name,
                         two_skews, usual)
from .plot_gnuplot import BREAK
from .plot_layout import number
from .plot_lines import SMALL_SIZE, band, dots, end_names, measured_axis, series, strand
from .plot_panels import DIM_INK, Panel, chart, linear_axis, zero_axis
from .plot_source import mark, plural, statistic

# Whose shards are counted, the first that is there is the one that is measured against the formula.
SHARDED = ("sharded", "rw_sharded", "guide_sharded")
REFERENCES = ("concurrent", "guide_mutex", "guide_rwmutex")
NAMES = 108
# Of the panels below: measured with even keys and with skewed ones.
MEETING = {False: styles.Style("uniform", styles.BLUE, styles.CIRCLE),
           True: styles.Style("Zipf", styles.VERMILION, styles.DIAMOND)}


def collision(shards, threads):
    """Probability that at least one of the other threads is in the shard that this one wants."""
    return 1 - (1 - 1 / shards) ** (threads - 1)


def _curves(rows):
    """The sharded contestants that were measured with several numbers of shards."""
    seen = {}
    for r in rows:
        if r["contestant"] in SHARDED and r["p_shards"] and not r.failed:
            seen.setdefault(r["contestant"], set()).add((r["p_read_pct"], r["p_shards"]))
    return [c for c in SHARDED if len({s for _, s in seen.get(c, ())}) > 1], seen


def shards(source):
    """cache-shards: throughput by number of shards, and how often the lock was held."""
    rows = usual(get_set(source), "p_keys", "p_value_bytes")
    curves, seen = _curves(rows)
    if not curves:
        return "no rows of a sharded cache with several p_shards"
    lead = curves[0]
    reads = most_common(seen[lead], lambda k: k[0], USUAL["p_read_pct"])
    skews = two_skews([r for r in rows if r["contestant"] == lead])
    rows = [r for r in rows if r["p_read_pct"] == reads and r["p_skew"] in skews
            and (r["contestant"] in REFERENCES or r["contestant"] in curves and r["p_shards"])]
    loads = source.loads(r["threads"] for r in rows if r["contestant"] == lead)
    rows = [r for r in rows if r["threads"] in loads]
    points = source.points(rows, "ops_per_s")
    met = [p for p in source.points(rows, "contended_pct") if p.key.contestant == lead]
    curve = [p for p in points if p.key.contestant == lead]
    loads = [t for t in loads if any(p.key.threads == t for p in curve)]
    skews = [s for s in skews if any(p.key.param("p_skew") == s for p in curve)]
    counts = sorted({p.key.param("p_shards") for p in points if p.key.contestant in curves})
    top, tall, low_tall, head = 116, 200, 130, 36
    foot = source.foot(rows, WIDTH)
    found = places(len(loads), len(skews) + 1, WIDTH, FIRST, NAMES, top, tall, head, low_tall)
    height = round(top + len(skews) * (tall + head) + low_tall + 66 + 16 * len(foot))
    x, _ = measured_axis(counts, *found[0][:2])
    y = zero_axis([v * 1e-6 for p in points for v in (p.median, p.hi or 0)], found[0], most=5)
    panels = []
    for skew in skews:
        for t in loads:
            here = [p for p in points if (p.key.param("p_skew"), p.key.threads) == (skew, t)]
            panels.append(_shard_panel(source, found[len(panels)], x, y, here, curves, skew, t))
            panels[-1].x_named, panels[-1].y_named = False, t == loads[0]
    for t in loads:
        panels.append(_meeting_panel(source, found[len(panels)], x, counts, t,
                                     [p for p in met if p.key.threads == t]))
        panels[-1].y_named = t == loads[0]
    marks = [mark(p, 0) for p in points]
    gains = "; ".join(f"{skew_name(s)} {_gain(points, lead, s, loads[-1])}" for s in skews)
    return chart(
        "cache-shards", "How many shards does a cache need?",
        f"million operations per second, {number(reads, 1)} % reads, all threads together · "
        + statistic(marks, points),
        foot, WIDTH, height,
        f"Line charts of a sharded cache's throughput against {counts[0]} to {counts[-1]} shards, "
        "with caches that are not split as horizontal lines; at "
        f"{plural(loads[-1], source.exec or 'worker')}: {gains}. {_told(met, lead)}",
        "Each shard is a map under a lock of its own. Below: dashed, the chance that another "
        "thread is in the shard that one wants, if all of them are always in one and keys are "
        f"uniform; the points are the acquisitions of {name(lead)}'s locks that found one held. "
        "Points below the line are threads that spend a part of their time outside of the locks; "
        "points above it, keys that many ask for and that stay in one shard however many there "
        "are, or a holder that lost its CPU.",
        panels, "shards, S")


def _gain(points, lead, skew, threads):
    here = {(p.key.contestant, p.key.param("p_shards")): p.median for p in points
            if (p.key.param("p_skew"), p.key.threads) == (skew, threads)}
    curve = {s: v for (c, s), v in here.items() if c == lead}
    if not curve:
        return "not measured"
    best = max(curve, key=lambda s: (curve[s], -s))
    text = f"most at {plural(best, 'shard')}, {number(curve[best] * 1e-6, 3)} million a second"
    single = here.get(("guide_mutex", None)) or curve.get(1)
    if single and USUAL["p_shards"] in curve:
        text += (f", {plural(USUAL['p_shards'], 'shard')} "
                 f"{number(curve[USUAL['p_shards']] / single, 2)} times one lock")
    return text


def _told(met, lead):
    """"With 16 shards and 8 threads 12 % of the acquisitions found sharded's lock held ..."."""
    parts = []
    for p in met:
        s, t = p.key.param("p_shards"), p.key.threads
        if s == USUAL["p_shards"] and t == max(q.key.threads for q in met):
            parts.append(f"{skew_name(p.key.param('p_skew'))} {number(p.median, 2)} % "
                         f"(formula {number(100 * collision(s, t), 2)} %)")
    return (f"Acquisitions that found one of {USUAL['p_shards']} locks of {name(lead)} held: "
            f"{', '.join(parts)}." if parts else "How often locks were held was not measured.")


def _meeting_panel(source, place, x, counts, threads, met):
    """The prediction dashed, what was measured in points, by kind of keys."""
    share = linear_axis(-4, 108, 2)
    share["y_at"], share["y_text"] = [0, 50, 100], ["0", "50", "100"]
    panel = Panel(place, x, share, "found the lock held, %", shaded=threads > source.cpus)
    panel.add("dashes", *((s, 100 * collision(s, threads), 0x555555) for s in counts), BREAK)
    entries = [("1−(1−1/S)^(T−1)" if threads > 1 else "alone: never", counts[-1],
                100 * collision(counts[-1], threads), DIM_INK, 0x555555, SMALL_SIZE)]
    for skewed, s in MEETING.items():
        marks = sorted(mark(p, p.key.param("p_shards")) for p in met
                       if bool(p.key.param("p_skew")) == skewed)
        if marks:
            panel.add("lines", *strand(marks, s.colour))
            panel.add("bands", *band(marks, s.colour))
            panel.add("points", *dots(marks, s, 0.8))
            entries.append((s.label, marks[-1].x, marks[-1].value, s.ink, s.colour, SMALL_SIZE))
    _, names, leaders = end_names(entries, panel.x_scale, panel.y_scale, 14)
    panel.add("names", *names)
    panel.add("leaders", *leaders)
    return panel


def _shard_panel(source, place, x, y, points, curves, skew, threads):
    panel = Panel(place, x, y, f"{skew_name(skew)}, {source.load_name(threads)}",
                  shaded=threads > source.cpus)
    entries = []
    for p in sorted(points, key=lambda p: p.key.contestant):
        if p.key.contestant not in REFERENCES:
            continue
        s, m = styles.style(p.key.contestant), mark(p, x["x_high"], 1e-6)
        panel.add("rules", (x["x_low"], m.value, s.colour), (x["x_high"], m.value, s.colour), BREAK)
        panel.add("points", *dots([m._replace(x=x["x_low"])], s, 0.9))
        entries.append((s.label, x["x_high"], m.value, s.ink, s.colour, SMALL_SIZE))
    lines = series(source, [p for p in points if p.key.contestant in curves],
                   lambda p: p.key.param("p_shards"), 1e-6)
    panel.draw(lines, names=dict.fromkeys(lines, ""))
    for contestant, marks in lines.items():
        s = styles.style(contestant)
        entries.append((s.label, marks[-1].x, marks[-1].value, s.ink, s.colour, SMALL_SIZE))
    _, names, leaders = end_names(entries, panel.x_scale, panel.y_scale, 14)
    panel.add("names", *names)
    panel.add("leaders", *leaders)
    return panel
