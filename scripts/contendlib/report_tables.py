"""The report's tables: medians by family, windows that failed or were noisy."""

from . import condense, plot_styles as styles, schema, stats
from .plot_layout import duration, number
from .plot_rows import QUANTILES, unit_name
from .plot_source import mostly_noisy, plural
from .report_html import join, tag, table

MAX_PAIRS = 28          # core-to-core pairs listed one by one: 8 CPUs; beyond, the chart shows them
NOT_A_CAUSE = {"failed", "oversubscribed", "lossy", "unpinned"}     # flags that explain no noise
MAX_WINDOWS = 200       # windows listed one by one
PARAMETER_WORDS = {"p_read_pct": "{} % reads", "p_hold_ns": "{} ns held",
                   "p_think_ns": "{} ns between operations", "p_work_pct": "{} % of a's work",
                   "p_sample_every": "1 in {} timed"}


def setting_text(key, silent=()):
    """The setting in words: what was done, how it ran, and the parameters that are not 0."""
    words = [key.workload]
    for name, value in key.params:
        if name in silent or value is None or (value == 0 and name != "p_read_pct"):
            continue
        words.append(PARAMETER_WORDS.get(name, name.removeprefix("p_") + " {}").format(
            number(value)))
    words.append(f"{key.exec}s, placement {key.placement}")
    return ", ".join(words)


def contestant_name(contestant):
    shown = styles.label(contestant)
    return shown if shown == contestant else join((shown, tag("small", contestant)))


def _interval(point):
    return f"{number(point.lo, trim=False)} – {number(point.hi, trim=False)}"


def cell(point, usual_n, shown=None):
    """Median, its interval below, and what is unusual about the point below that."""
    if point is None:
        return "–"
    lines = []
    if point.n:
        lines.append(shown or number(point.median, trim=False))
        if point.interval and not shown:
            lines.append(tag("small", _interval(point)))
    else:
        lines.append("no result")
    odd = []
    if point.n != usual_n:
        odd.append(f"n {point.n}")
    if point.noisy:
        odd.append(f"{point.noisy} noisy")
    if point.failed:
        odd.append(f"{point.failed} failed")
    if odd:
        lines.append(tag("small", ", ".join(odd), class_="warn"))
    return join(lines)


def usual_count(points):
    counts = [p.n for p in points]
    return max(sorted(set(counts)), key=counts.count)


def _matrix(points, make_cell, caption):
    """Contestants down, threads across."""
    threads = sorted({p.key.threads for p in points})
    at = {(p.key.contestant, p.key.threads): p for p in points}
    rows = [[contestant_name(c)] + [make_cell(at.get((c, t))) for t in threads]
            for c in styles.order(p.key.contestant for p in points)]
    return table(["contestant"] + [plural(t, "thread") for t in threads], rows, 1, caption)


def _by_setting(points):
    groups = {}
    for p in points:
        groups.setdefault(p.key.setting()._replace(threads=0), []).append(p)
    return groups


def throughput(rows):
    """ns per operation of a family whose contestants compete, one table per setting."""
    parts = []
    for key, points in _by_setting(condense.condense(rows, "ns_per_op", lossy=True)).items():
        usual = usual_count(points)
        caption = (f"{setting_text(key)}: ns per operation, all threads together; median of "
                   f"{plural(usual, 'window')} unless said")
        if usual >= stats.MIN_SAMPLES:
            caption += ", below it its 95 % interval"
        parts.append((key, _matrix(points, lambda p, usual=usual: cell(p, usual), caption)))
    return parts


def latencies(rows):
    timed = [r for r in rows if r.get("p_sample_every")]
    metrics = {m: {p.key: p for p in condense.condense(timed, m, lossy=True)} for m in QUANTILES}
    parts = []
    for key, points in _by_setting(metrics[QUANTILES[0]].values()).items():
        usual = usual_count(points)

        def quantiles(point, usual=usual):
            if point is None or not point.n:
                return cell(point, usual)
            found = [metrics[m].get(point.key) for m in QUANTILES]
            shown = [duration(q.median) if q and q.n else "–" for q in found]
            return cell(point, usual, join((shown[0], tag("small", " / ".join(shown[1:])))))

        caption = (f"{setting_text(key)}: time of one operation; p50, below it p99 / p99.9 / "
                   f"longest; medians of {plural(usual, 'window')} unless said")
        parts.append((key, _matrix(points, quantiles, caption)))
    return parts


def machine(rows):
    """One row per unit; core-to-core pairs only where they are few."""
    main = {p.key: p for p in condense.condense(rows, "ns_per_op") if p.n or p.failed}
    tails = {m: {p.key: p for p in condense.condense(rows, m)} for m in
             ("latency_p50_ns", "latency_p99_ns", "latency_max_ns")}
    keys = list(dict.fromkeys([*main, *tails["latency_p50_ns"]]))
    pairs = [k for k in keys if k.contestant == "hop"]
    left_out = len(pairs) if len(pairs) > MAX_PAIRS else 0
    shown = []
    for key in keys:
        if left_out and key.contestant == "hop":
            continue
        name = unit_name(key)[0]
        if key.param("p_cpu_a") is not None and key.param("p_cpu_b") is not None:
            name += f", CPU {key.param('p_cpu_a')} and {key.param('p_cpu_b')}"
        point = main.get(key) or tails["latency_p50_ns"][key]
        whole = main.get(key)
        tail = [tails[m].get(key) for m in tails]
        shown.append([join((name, tag("small", f"{key.contestant} {key.workload}"))),
                      number(whole.median, trim=False) if whole and whole.n else "–",
                      _interval(whole) if whole and whole.interval else "–",
                      *(number(p.median, trim=False) if p and p.n else "–" for p in tail),
                      point.n, point.noisy, point.failed])
    parts = []
    if shown:
        parts.append(table(["unit", "ns per operation", "95 % interval", "p50 ns", "p99 ns",
                            "longest ns", "n", "noisy", "failed"], shown))
    if left_out:
        parts.append(tag("p", f"{plural(left_out, 'core-to-core pair')} are in the chart and in "
                         "machine.csv, not in this table."))
    speeds = [p for p in condense.condense(rows, "freq_mhz")
              if p.n and p.key.contestant == "frequency"]
    for p in speeds:
        parts.append(tag("p", f"Measured frequency: {number(p.median, 4)} MHz (median of "
                         f"{plural(p.n, 'window')})."))
    return parts


def _where(row):
    words = [row["contestant"], row["workload"], plural(row["threads"], "thread")]
    words += [f"{n.removeprefix('p_')} {number(row[n])}" for n in schema.params(row["family"])
              if row.get(n)]
    if (row["exec"], row["placement"]) != ("thread", "compact"):
        words += [row["exec"], row["placement"]]
    return ", ".join(words)


def troubles(run):
    """What failed and what stayed noisy, named; nothing is left out without saying how much."""
    failed = [r for r in run.rows() if r.failed]
    noisy = [r for r in run.rows() if r.noisy]
    parts = []
    if failed:
        parts.append(tag("h3", f"{plural(len(failed), 'window')} failed"))
        parts.append(table(["window", "family", "rep", "why"], [
            [_where(r), r["family"], r["rep"], ", ".join(f for f in r.flags if f not in NOT_A_CAUSE)
             or "its oracle"] for r in failed[:MAX_WINDOWS]], 2))
        parts += _more(len(failed))
    if noisy:
        shared = sorted({f for r in noisy for f in r.flags} - NOT_A_CAUSE)
        counts = ", ".join(f"{f} {sum(f in r.flags for r in noisy)}" for f in shared)
        parts.append(tag("h3", f"{plural(len(noisy), 'window')} noisy to the last attempt"))
        if counts:
            parts.append(tag("p", f"Causes: {counts}."))
        parts.append(tag("details", [tag("summary", "which ones"), table(
            ["window", "family", "rep", "attempts", "causes"],
            [[_where(r), r["family"], r["rep"], "–" if r["attempts"] is None else r["attempts"],
              ", ".join(f for f in r.flags if f in shared) or "–"] for r in noisy[:MAX_WINDOWS]],
            2), *_more(len(noisy))]))
    lossy = sorted({r["contestant"] for r in run.rows() if not r.failed and not r["verified"]})
    if lossy:
        parts.append(tag("p", f"Lossy by design, and marked so: {', '.join(lossy)}."))
    return parts or [tag("p", "No window failed, none was noisy.")]


def _more(count):
    if count <= MAX_WINDOWS:
        return []
    return [tag("p", f"... and {number(count - MAX_WINDOWS, 1)} more, in the CSV.")]


def noise_share(run):
    measured = [r for r in run.rows() if not r.failed]
    return (f"{number(sum(r.noisy for r in measured), 1)} of "
            f"{plural(len(measured), 'window')} noisy")


def mostly_noisy_points(run):
    """How many points rest on windows of which at least half were noisy."""
    points = [p for f in run.tables
              for p in condense.condense(run.rows(f), "ops", lossy=True) if p.n]
    return sum(map(mostly_noisy, points)), len(points)
