"""Charts of caches: throughput by threads, and by the share of reads; what all of them share."""

from . import condense
from . import plot_styles as styles
from .plot_layout import number
from .plot_lines import series, shade_note, thread_axis, values
from .plot_panels import Panel, chart, columns, log_axis, share_axis
from .plot_source import plural, statistic
from .schema import house, role

WIDTH = 960
FIRST, NAMES = 66, 112      # room for the y axis' texts and for the lines' names
# Where a sweep holds what a chart does not vary, if it was measured there.
USUAL = {"p_read_pct": 90, "p_keys": 100_000, "p_value_bytes": 8, "p_shards": 16}
COUNTERS = ("guide_counters", "key_counters")   # these keep no values: another contract
# What peers are called where every name is a cache's.
SHORT = {"tbb:concurrent_hash_map": "tbb:hash_map", "std:unordered_map_mutex": "std:map+mutex",
         "std:unordered_map_shared_mutex": "std:map+shared", "glib:GHashTable": "glib:HashTable",
         "std:unordered_map_sharded": "std:map sharded", "go:map_mutex": "go:map+Mutex",
         "go:map_rwmutex": "go:map+RWMutex", "go:map_sharded": "go:map sharded",
         "go:sync_map": "go:sync.Map", "urcu:lfht_locked_entry": "urcu:lfht+locks",
         "ck:ht_spinlock": "ck:ht+spinlock"}


def name(contestant):
    return SHORT.get(contestant) or styles.label(contestant)


def skew_name(skew):
    return "uniform keys" if not skew else f"Zipf {skew / 100:g} keys"


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
            kind = "Zipf" if p.key.param("p_skew") else "uniform"
            found.setdefault(kind, []).append(100 * ratio)
    parts = []
    for kind, ratios in sorted(found.items(), reverse=True):
        low, high = (number(v, 2) for v in (min(ratios), max(ratios)))
        parts.append(f"{low if low == high else f'{low} to {high}'} % {kind}")
    return "hit ratio " + ", ".join(parts) if parts else "hit ratio not measured"


def places(columns_, rows, width, first, names, top, height, head, last=None):
    """Rectangles by row, then by column; the last row may be `last` pixels high."""
    cell = (width - first - 8) / columns_
    found = []
    for row in range(rows):
        y = top + row * (height + head)
        tall = last if last is not None and row == rows - 1 else height
        found += [(first + c * cell, first + (c + 1) * cell - names - 4, y, y + tall)
                  for c in range(columns_)]
    return found


def of(rows, **where):
    return [r for r in rows if all(r[k] == v for k, v in where.items())]


def usual(rows, *columns_):
    """The rows at the usual value of each column; where it was not measured, at the most frequent.

    Rows without a value have no such parameter and stay. Everybody has shards of his own: other
    people's sharded maps have no other number of them."""
    for column in columns_:
        if column == "p_shards":
            of_all = dict.fromkeys(r["contestant"] for r in rows)
            rows = [r for c in of_all for r in _usual([r for r in rows if r["contestant"] == c],
                                                      column)]
        else:
            rows = _usual(rows, column)
    return rows


def _usual(rows, column):
    found = [v for r in rows if not r.failed and (v := condense.value(r, column)) is not None]
    if not found:
        return rows
    chosen = USUAL.get(column)
    if chosen not in found:
        chosen = max(sorted(set(found)), key=found.count)
    return [r for r in rows if condense.value(r, column) in (None, chosen)]


def set_at(rows, column):
    """The value that rows have which have one: "values of 8 bytes" needs it."""
    return next((v for r in rows if (v := condense.value(r, column)) is not None), None)


def get_set(source):
    """Throughput windows of caches without a bound; null looks nothing up, and its line would push
    the others into a corner."""
    return [r for r in source.rows("cache", workload="get_set", p_capacity=None, p_hold_ns=None,
                                   p_sample_every=None)
            if role(r["contestant"]) != "floor" and r["p_skew"] is not None
            and r["p_read_pct"] is not None]


def what(rows):
    """What was in the cache: "100,000 keys, values of 8 bytes"."""
    keys, size = set_at(rows, "p_keys"), set_at(rows, "p_value_bytes")
    return ", ".join(filter(None, (keys and f"{number(keys, 1)} keys",
                                   size and f"values of {plural(size, 'byte')}")))


def two_skews(rows):
    """Uniform keys, and Zipf's by the exponent that most people take, or the steepest."""
    skews = sorted({r["p_skew"] for r in rows if not r.failed})
    steep = [s for s in skews if s]
    return [s for s in skews if not s] + ([99] if 99 in steep else steep[-1:])


def best_of(points, wanted):
    """The fastest of those whose contestant is `wanted`, or None."""
    return max((p for p in points if wanted(p.key.contestant)), key=lambda p: p.median,
               default=None)


def best_words(points, threads):
    """"concurrent 45 million a second, the best of the others tbb:hash_map 38"."""
    here = [p for p in points if p.key.threads == threads]
    ours = best_of(here, lambda c: role(c) == "ours" and not c.startswith("guide_"))
    rest = best_of(here, lambda c: not house(c) or c.startswith("guide_"))
    words = [f"{name(ours.key.contestant)} {number(ours.median * 1e-6, 3)} million a second"
             ] if ours else []
    words += [("the best of the others " if ours else "")
              + f"{name(rest.key.contestant)} {number(rest.median * 1e-6, 3)}"] if rest else []
    return ", ".join(words)


def throughput(source):
    """cache-throughput: gets and sets by threads, ours and other people's."""
    rows = usual(get_set(source), "p_read_pct", "p_keys", "p_value_bytes", "p_shards")
    skews = two_skews(rows)
    rows = [r for r in rows if r["p_skew"] in skews]
    points = source.points(rows, "ops_per_s")
    if not points:
        return "no rows of workload get_set"
    skews = [s for s in skews if any(p.key.param("p_skew") == s for p in points)]
    chosen = styles.coloured({p.key.contestant for p in points}, "get_set")
    foot = source.foot(rows, WIDTH)
    height, top = 600, 124
    found = columns(len(skews), WIDTH, FIRST, 150, top, height - 66 - 16 * len(foot))
    drawn = [series(source, [p for p in points if p.key.param("p_skew") == s],
                    lambda p: p.key.threads, 1e-6) for s in skews]
    threads = sorted({p.key.threads for p in points})
    said = f"{number(set_at(rows, 'p_read_pct'), 1)} % reads, {what(rows)}"
    y = log_axis([v for lines in drawn for v in values(lines)], found[0], 12, 30)
    panels = []
    for skew, lines, place in zip(skews, drawn, found):
        axis, _ = thread_axis(threads, source.cpus, *place[:2])
        panels.append(Panel(place, axis, y, skew_name(skew), (said,), y_named=not panels))
        panels[-1].draw(lines, chosen, gap=13, names={c: name(c) for c in lines})
    note = shade_note(panels[0].x, panels[0].x_scale, panels[0].y_scale, source.cpus)
    panels[0].add("notes", *((*n[:2], n[2].replace("threads", f"{source.exec or 'thread'}s"), n[3])
                             for n in note))
    marks = [m for lines in drawn for ms in lines.values() for m in ms]
    told = "; ".join(f"{skew_name(s)} at {plural(threads[-1], source.exec or 'worker')}: "
                     + best_words([p for p in points if p.key.param("p_skew") == s], threads[-1])
                     for s in skews)
    return chart(
        "cache-throughput", "Gets and sets of one cache: who scales, who does not",
        f"million operations/s · {hits(points)} · " + statistic(marks, points),
        foot, WIDTH, height,
        f"Line charts of million operations per second against threads, {said}, for "
        f"{plural(len({p.key.contestant for p in points}), 'cache')}, one panel each for "
        f"{' and '.join(skew_name(s) for s in skews)}. {told}; {hits(points)}.",
        "Everybody hashes the same texts, compares them and copies the value out, without a bound "
        "on the size, as other people's maps have none. A line that rises up to the last CPU has "
        "readers that do not meet; one that falls passes a lock, or a count of readers, from CPU "
        "to CPU. Names with a colon are other people's libraries.",
        panels, "threads" if source.exec != "task" else "tasks")


def well_swept(loads, swept):
    """Of the loads those at which about as many values were measured as anywhere: {load: values}.
    A quick sweep varies most things at one number of threads only."""
    most = max((len(swept.get(t, ())) for t in loads), default=0)
    return [t for t in loads if 2 * len(swept.get(t, ())) > most]


def read_share(source):
    """cache-read-share: what a readers-writer lock, shards and no lock bring, by share of reads."""
    rows = usual([r for r in get_set(source) if house(r["contestant"])
                  and r["contestant"] not in COUNTERS], "p_keys", "p_value_bytes")
    sharded = {(r["p_read_pct"], r["p_shards"]) for r in rows if r["p_shards"] and not r.failed}
    shards = most_common(sharded, lambda k: k[1], USUAL["p_shards"]) if sharded else None
    skews = two_skews(rows)
    rows = [r for r in rows if not r["p_shards"] or r["p_shards"] == shards]
    rows = [r for r in rows if r["p_skew"] in skews]
    swept = {}
    for r in rows:
        if not r.failed:
            swept.setdefault(r["threads"], set()).add(r["p_read_pct"])
    loads = well_swept(source.loads(swept), swept)
    rows = [r for r in rows if r["threads"] in loads]
    points = source.points(rows, "ops_per_s")
    if not points:
        return "no rows of workload get_set"
    shares = sorted({p.key.param("p_read_pct") for p in points})
    chosen = styles.coloured({p.key.contestant for p in points}, "get_set_ours")
    top, tall, head = 116, 210 if len(skews) > 1 else 320, 36
    foot = source.foot(rows, WIDTH)
    found = places(len(loads), len(skews), WIDTH, FIRST, NAMES, top, tall, head)
    height = round(top + len(skews) * (tall + head) - head + 66 + 16 * len(foot))
    y = log_axis([v * 1e-6 for p in points for v in (p.median, p.lo, p.hi) if v], found[0])
    panels, marks = [], []
    for skew in skews:
        for t in loads:
            lines = series(source, [p for p in points if (p.key.param("p_skew"), p.key.threads)
                                    == (skew, t)],
                           lambda p: shares.index(p.key.param("p_read_pct")), 1e-6)
            panel = Panel(found[len(panels)], share_axis(shares), y,
                          f"{skew_name(skew)}, {source.load_name(t)}", shaded=t > source.cpus,
                          x_named=skew == skews[-1], y_named=t == loads[0])
            panel.draw(lines, chosen, gap=13)
            marks += [m for ms in lines.values() for m in ms]
            panels.append(panel)
    split = f" What is sharded has {plural(shards, 'shard')} here." if shards else ""
    return chart(
        "cache-read-share", "One lock, a readers-writer lock, shards, or none for readers?",
        f"million operations/s · {hits(points)} · " + statistic(marks, points),
        foot, WIDTH, height,
        f"Line charts of a cache's throughput against the percentage of reads for "
        f"{plural(len({p.key.contestant for p in points}), 'contestant')}, one panel for each "
        f"number of threads and kind of keys; {hits(points)}.",
        "Going right, more of the operations only read. If a readers-writer lock's line is not "
        "above the mutex's where nearly all is reading, its sharing is worth less than what it "
        "costs to count readers. The steps on the axis are not evenly wide. Zipf: a few keys are "
        "asked for most of the time." + split,
        panels, "reads, % of operations")
