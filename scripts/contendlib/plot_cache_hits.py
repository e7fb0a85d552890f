"""What a bound costs: hit ratios by capacity and policy, and beside the operations per second."""

from . import plot_styles as styles
from .plot_cache import FIRST, WIDTH, name, places, set_at, skew_name, two_skews, usual, well_swept
from .plot_layout import duration, number
from .plot_lines import SMALL_SIZE, dots, end_names, measured_axis, strand, values
from .plot_panels import Panel, chart, linear_axis, log_axis
from .plot_source import mark, plural, statistic

# workload -> what its panel is called
TRACES = {"trace_zipf": "Zipf", "trace_scan": "Zipf with scans", "trace_loop": "loop",
          "trace_shift": "shifting favourites", "trace_recency": "recency",
          "trace_file": "the file given"}
POLICIES = {    # in the order of their names in a panel; opt is drawn dashed
    "opt": styles.Style("Belady (ceiling)", 0x555555, styles.CIRCLE),
    "s3fifo": styles.Style("S3-FIFO", styles.BLACK, styles.SQUARE),
    "sieve": styles.Style("SIEVE", styles.GREEN, styles.TRIANGLE),
    "clock": styles.Style("CLOCK", styles.SKY, styles.PENTAGON),
    "lru": styles.Style("LRU", styles.ORANGE, styles.CIRCLE),
    "fifo": styles.Style("FIFO", styles.PURPLE, styles.WEDGE),
}
KINDS = {       # whose colour and words a bounded cache has in the chart of both
    "concurrent": ("concurrent", styles.BLACK), "sharded": ("sharded", styles.GREEN),
    "rw_sharded": ("sharded (rw)", styles.OLIVE), "syncmap": ("sync map", styles.ROSE),
    "guide_mutex": ("map + mutex", styles.ORANGE),
}
TALL, HEAD = 200, 46
RING = styles.CIRCLE - 1


def parted(contestant):
    """("concurrent", "lru") of concurrent_lru; ("", "lru") of policy_lru; None of the others."""
    kind, _, policy = contestant.rpartition("_")
    if policy not in POLICIES or not kind:
        return None
    return ("" if kind == "policy" else kind), policy


def look(contestant):
    """A bounded cache: the colour of its kind, the shape of its policy."""
    kind, policy = parted(contestant) or ("", "")
    if kind not in KINDS:
        return styles.style(contestant)._replace(label=name(contestant))
    words, colour = KINDS[kind]
    return styles.Style(f"{words}, {POLICIES[policy].label}", colour, POLICIES[policy].point)


def _room(key):
    """A capacity in per cent of the keys; in entries where nobody knows how many keys there are."""
    keys, held = key.param("p_keys"), key.param("p_capacity")
    return 100 * held / keys if keys else held


def hit_ratio(source):
    """cache-hit-ratio: hits by capacity, a panel for each trace, a line for each policy."""
    rows = [r for r in source.rows("cache") if r["workload"] in TRACES and r.get("p_capacity")
            and parted(r["contestant"])]
    least = {w: min(r["threads"] for r in of) for w in TRACES
             if (of := [r for r in rows if r["workload"] == w])}
    rows = [r for w in TRACES for r in usual([r for r in rows if r["workload"] == w
                                              and r["threads"] == least[w]], "p_keys")]
    points = source.points(rows, "hit_ratio")
    traces = [w for w in TRACES if any(p.key.workload == w for p in points)]
    if not traces:
        return "no rows of workload trace_* with a hit ratio"
    across = min(3, len(traces))
    foot = source.foot(rows, WIDTH)
    deep = -(-len(traces) // across)
    found = places(across, deep, WIDTH, 52, 112, 116, TALL, HEAD)
    height = round(116 + deep * (TALL + HEAD) - HEAD + 66 + 16 * len(foot))
    panels = [_trace_panel(place, w, [p for p in points if p.key.workload == w],
                           at % across == 0, at + across >= len(traces))
              for at, (w, place) in enumerate(zip(traces, found))]
    kinds = {parted(p.key.contestant)[0] for p in points} - {""}
    seen = {parted(p.key.contestant)[1] for p in points}
    also = "ring: a cache with it · " if kinds else ""
    return chart(
        "cache-hit-ratio", "How often is it there? Policies by capacity and trace",
        f"hits, % of gets · line: the policy alone · {also}" + statistic([], points),
        foot, WIDTH, height,
        f"Line charts of the hit ratio against the capacity for "
        f"{', '.join(s.label for p, s in POLICIES.items() if p in seen)}, one panel each for "
        f"{', '.join(TRACES[w] for w in traces)}. {_told(points, traces)}",
        "Belady's rule looks into the future and evicts what is needed last: nobody can be above "
        "the dashed line. What is between it and a policy is what the policy did not guess. Who "
        "keeps what was asked for last does well where the recent is asked for again, and finds "
        "little in a loop that is longer than the cache. Which keys hit does not depend on what "
        "else runs on the machine.",
        panels, "capacity, % of the keys")


def _told(points, traces):
    """"At the middle capacity of Zipf, best first: S3-FIFO 61 %, ..." for each trace."""
    parts = []
    for trace in traces:
        here = [p for p in points if p.key.workload == trace]
        rooms = sorted({_room(p.key) for p in here})
        middle = rooms[(len(rooms) - 1) // 2]
        at = {parted(p.key.contestant)[1]: 100 * p.median for p in here
              if _room(p.key) == middle and parted(p.key.contestant)[0] == ""}
        best = sorted((p for p in at if p != "opt"), key=lambda p: -at[p])[:1]
        words = [f"{POLICIES[p].label} {number(at[p], 2)} %" for p in (*best, "lru", "opt")
                 if p in at]
        if words:
            share = any(p.key.param("p_keys") for p in here)
            parts.append(f"{TRACES[trace]}, {number(middle, 2)} {'%' if share else 'entries'}: "
                         + ", ".join(dict.fromkeys(words)))
    return "; ".join(parts) + "."


def _trace_panel(place, workload, points, leftmost, lowest):
    rooms = sorted({_room(p.key) for p in points})
    share = all(p.key.param("p_keys") for p in points)
    x, _ = measured_axis(rooms, *place[:2], text=lambda v: number(v, 2))
    y = linear_axis(-3, 103, 5)
    y["y_at"], y["y_text"] = [0, 25, 50, 75, 100], ["0", "25", "50", "75", "100"]
    keys = next((v for p in points if (v := p.key.param("p_keys"))), None)
    head = TRACES[workload] + (f", {number(keys, 1)} keys" if keys else ", capacity in entries")
    panel = Panel(place, x, y, head, x_named=lowest or not share, y_named=leftmost)
    entries = []
    for contestant in sorted({p.key.contestant for p in points},
                             key=lambda c: (list(POLICIES).index(parted(c)[1]), c)):
        kind, policy = parted(contestant)
        s = POLICIES[policy]
        # Noise bends times, not which keys are there.
        marks = sorted(mark(p, _room(p.key), 100)._replace(noisy=False) for p in points
                       if p.key.contestant == contestant)
        if kind:
            panel.add("points", *((m.x, m.value, 1.7, RING, s.colour) for m in marks))
            continue
        panel.add("dashes" if policy == "opt" else "lines", *strand(marks, s.colour))
        if policy != "opt":
            panel.add("points", *dots(marks, s, 0.9))
        entries.append((s.label, marks[-1].x, marks[-1].value, s.ink, s.colour, SMALL_SIZE))
    _, names, leaders = end_names(entries, panel.x_scale, panel.y_scale, 13)
    panel.add("names", *names)
    panel.add("leaders", *leaders)
    return panel


def aside(source):
    """cache-aside: what a capacity brings in hits, and what it costs in operations."""
    rows = [r for r in source.rows("cache", workload="aside", p_sample_every=None)
            if r.get("p_capacity")]
    rows = usual(rows, "p_read_pct", "p_keys", "p_value_bytes", "p_shards",
                 "p_hold_ns")
    skews = two_skews([r for r in rows if r["p_skew"] is not None])
    skews = skews[-1:] or [None]
    rows = [r for r in rows if r["p_skew"] == skews[0]]
    swept = {}
    for r in rows:
        if not r.failed:
            swept.setdefault(r["threads"], set()).add(r["p_capacity"])
    loads = well_swept(source.loads(swept), swept)
    rows = [r for r in rows if r["threads"] in loads]
    points = [p for p in source.points(rows, "ops_per_s") if p.median_of("hit_ratio") is not None]
    if not points:
        return "no rows of workload aside with a capacity and a hit ratio"
    loads = [t for t in loads if any(p.key.threads == t for p in points)]
    foot = source.foot(rows, WIDTH)
    found = places(1, len(loads), WIDTH, FIRST, 170, 116, TALL + 20, HEAD)
    height = round(116 + len(loads) * (TALL + 20 + HEAD) - HEAD + 66 + 16 * len(foot))
    ratios = [100 * p.median_of("hit_ratio") for p in points]
    x = _hit_axis(min(ratios), max(ratios))
    drawn = [_by_hits([p for p in points if p.key.threads == t]) for t in loads]
    y = log_axis([v for lines in drawn for v in values(lines)], found[0], 14, 16)
    panels = []
    for t, lines, place in zip(loads, drawn, found):
        panels.append(Panel(place, x, y, source.load_name(t), shaded=t > source.cpus,
                            x_named=t == loads[-1]))
        panels[-1].draw(lines, gap=13, names={c: look(c).label for c in lines}, look=look)
    marks = [m for lines in drawn for ms in lines.values() for m in ms]
    held = sorted({p.key.param("p_capacity") for p in points})
    keys, hold = set_at(rows, "p_keys"), set_at(rows, "p_hold_ns")
    took = f", for {duration(hold)}," if hold else ""
    rooms = ", ".join(number(h, 1) for h in held) + (
        f" of {number(keys, 1)} keys" if keys else " entries")
    skew = "" if skews[0] is None else f", {skew_name(skews[0]).removesuffix(' keys')}"
    return chart(
        "cache-aside", "A bounded cache: hits bought with what?",
        f"million lookups/s · capacity {rooms}{skew} · " + statistic(marks, points),
        foot, WIDTH, height,
        f"Charts of million lookups per second against the hit ratio of "
        f"{plural(len({p.key.contestant for p in points}), 'bounded cache')}, capacity {rooms}, "
        f"one panel each for "
        f"{', '.join(source.load_name(t) for t in loads)}. {_trade(points, loads[-1], held)}",
        f"Who misses computes the value{took} and sets it. Along a line the capacity grows: right "
        "is more hits, up is more lookups a second. A policy that orders its entries anew at "
        "every hit pays for that under a lock; one that only marks them does not, and can still "
        "guess better.",
        panels, "hits, % of gets")


def _by_hits(points):
    lines = {}
    for p in sorted(points, key=lambda p: p.key.contestant):
        lines.setdefault(p.key.contestant, []).append(
            mark(p, 100 * p.median_of("hit_ratio"), 1e-6))
    return {c: sorted(marks) for c, marks in lines.items()}


def _hit_axis(low, high):
    reach = max(high - low, 4) * 0.06
    axis = linear_axis(low - reach, high + reach, 8)
    return {"x" + key[1:]: value for key, value in axis.items()}


def _trade(points, threads, held):
    """The fastest and the one with most hits at the largest capacity."""
    here = [p for p in points if (p.key.threads, p.key.param("p_capacity")) == (threads, held[-1])]
    if not here:
        return ""
    fast = max(here, key=lambda p: p.median)
    hit = max(here, key=lambda p: p.median_of("hit_ratio"))
    words = [f"{look(p.key.contestant).label} {number(p.median * 1e-6, 3)} million a second at "
             f"{number(100 * p.median_of('hit_ratio'), 3)} % hits"
             for p in ([fast] if fast is hit else [fast, hit])]
    return (f"At {plural(threads, 'worker')} and {number(held[-1], 1)} entries: "
            + "; ".join(words) + ".")
