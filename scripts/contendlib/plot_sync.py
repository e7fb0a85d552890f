"""The chart of the other primitives: ours, what a C programmer would take, the best of the rest."""

from . import plot_styles as styles
from .plot_layout import duration, number
from .plot_lines import POINT, dots
from .plot_rows import Rows, whisker
from .plot_source import mark, plural, statistic
from .schema import role

# Rows from the top: workload, ours, the row's name; {x} are the row's own parameters.
ROWS = (
    ("waitgroup", "waitgroup", "wait group: {p_batch} jobs, {calls}"),
    ("round", "waitgroup", "all wait for all: wait group"),
    ("round", "latch", "all wait for all: latch"),
    ("round", "barrier", "all wait for all: barrier"),
    ("once", "once", "once, long done"),
    ("once_stampede", "once", "once, all at a time"),
    ("cond_signal", "cond", "condition: signal the next"),
    ("cond_broadcast", "cond", "condition: the last wakes all"),
    ("semaphore", "semaphore", "semaphore, {permits}"),
    ("semaphore_weighted", "semaphore", "semaphore, 1 to 3 of {p_permits}"),
    ("objpool", "objpool", "pool: {p_batch} held, {p_bytes} bytes"),
    ("map", "map", "map, {p_read_pct} % loads"),
    ("value", "value", "value, {p_read_pct} % loads"),
)
WHOSE = {"ours": ("ours", styles.BLUE, styles.CIRCLE),
         "ref": ("pthread, malloc", styles.ORANGE, styles.TRIANGLE),
         "peer": ("best of the others", styles.PURPLE, styles.DIAMOND)}


def row_name(text, key):
    """The row's name with what its parameters are."""
    words = {name: "?" if value is None else number(value, 1) for name, value in key.params}
    words["calls"] = "one add" if key.param("p_calls") == 1 else "an add each"
    permits = key.param("p_permits")
    words["permits"] = "permits unknown" if permits is None else plural(permits, "permit")
    return text.format(**words)


def _rows_of(points):
    """[(name, (workload, params), {(whose, threads): Point})] in ROWS' order."""
    by_row = {}
    for p in points:
        by_row.setdefault((p.key.workload, p.key.params), []).append(p)
    made = []
    for workload, ours, text in ROWS:
        # A parameter's values in the order of their size; empty ones as 0.
        for params in sorted((k[1] for k in by_row if k[0] == workload),
                             key=lambda ps: [v or 0 for _, v in ps]):
            here = by_row[workload, params]
            at = {}
            for p in here:
                whose = {"baseline": "ref", "foreign": "peer"}.get(role(p.key.contestant))
                whose = "ours" if p.key.contestant == ours else whose
                known = at.get((whose, p.key.threads))
                if whose and (known is None or p.median < known.median):
                    at[whose, p.key.threads] = p
            if any(whose == "ours" for whose, _ in at):
                made.append((row_name(text, here[0].key), at))
    return made


def ladder(source):
    """sync-ladder: a row for each primitive, dots for whose it is, panels by workers."""
    rows = [r for r in source.rows("sync", p_sample_every=None) if r["contestant"] != "null"]
    loads = source.loads(r["threads"] for r in rows)
    rows = [r for r in rows if r["threads"] in loads]
    made = _rows_of(source.points(rows, "ns_per_op"))
    if not made:
        return "no rows with one of ours"
    drawn = [p for _, at in made for p in at.values()]
    loads = [t for t in loads if any(p.key.threads == t for p in drawn)]
    marks = [mark(p, 0) for p in drawn]
    charted = {(p.key.contestant, p.key.workload) for p in drawn}
    rows = [r for r in rows if (r["contestant"], r["workload"]) in charted]
    frame = Rows(source, rows, [(name, 0x333333) for name, _ in made],
                 {source.load_name(t): t > source.cpus for t in loads},
                 [v for m in marks for v in (m.value, m.low, m.high) if v is not None], 14, 62, 1)
    for panel, threads in enumerate(loads):
        t = {name: parts[panel] for name, parts in frame.tables.items()}
        for row, (_, at) in enumerate(made):
            _draw_row(t, row, {whose: p for (whose, n), p in at.items() if n == threads})
    here = [w for w in WHOSE if any(whose == w for _, at in made for whose, _ in at)]
    _key(frame, here)
    compared = [_times(at, t) for _, at in made for t in loads]
    compared = [f for f in compared if f is not None]
    told = (f"; in {sum(f > 1 for f in compared)} of {len(compared)} cells ours is the faster one"
            if compared else "")
    number_said = ", number = ref ÷ ours" if compared else ""
    return frame.chart(
        "sync-ladder", "The rest of Go's sync package, in C: what an operation costs",
        f"wall time per operation, all together{number_said} · "
        + statistic(marks, drawn, "bar"),
        f"Dot plot: time per operation of {plural(len(made), 'use')} of synchronisation "
        f"primitives at {', '.join(source.load_name(t) for t in loads)}{told}.",
        "Left is cheap. The number says how many times ours the usual C way takes; below 1 it is "
        "the faster one. What never blocks costs nanoseconds either way; where everybody has to "
        "wait for somebody, the way of waiting is all that counts, and once there are more "
        "threads than CPUs that is the kernel's.",
        "time per operation (log)")


def _times(at, threads):
    """How many times ours the ref takes, or None."""
    ours, ref = at.get(("ours", threads)), at.get(("ref", threads))
    return ref.median / ours.median if ours and ref else None


def _draw_row(t, row, here):
    if not here:
        return                      # this use is not measured with so many
    for whose in reversed(list(WHOSE)):     # ours on top
        if whose in here:
            _, colour, point = WHOSE[whose]
            m = mark(here[whose], 0)
            t["medium"] += whisker(m, row, colour)
            t["points"] += dots([m._replace(x=m.value, value=row)],
                                styles.Style("", colour, point))
    edge = max(p.hi or p.median for p in here.values())
    if "ours" in here and "ref" in here:
        text = f"{number(here['ref'].median / here['ours'].median, 2)}×"
    else:
        text = duration(next(iter(here.values())).median)
    t["numbers"].append((edge, row, text, 0x444444))


def _key(frame, here):
    """Whose dot is which, over the first panel."""
    left = frame.places[0][0]
    scale, notes = frame.scale(), frame.tables["notes"][0]
    x = left + 8
    for whose in here:
        text, colour, point = WHOSE[whose]
        frame.tables["points"][0].append((scale.value(x), -1.0, POINT, point, colour))
        notes.append((scale.value(x + 10), -1.0, text, styles.legible(colour)))
        x += 24 + 6.4 * len(text)
