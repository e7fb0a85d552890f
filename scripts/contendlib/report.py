"""contend report: one page on one run, whole by itself, to be opened, mailed or put on the web."""

import base64
import os
import pathlib
import stat

from . import (control, outcome, plot, plot_source, reader, report_families, report_sizing,
               report_tables, stats)
from .errors import ComparisonImpossible, InputError
from .plot_gnuplot import write as write_file
from .plot_layout import number
from .plot_source import Source, known, plural
from .report_html import Markup, join, page, table, tag

CHART_LIMIT = 8 << 20       # bytes of one SVG


def _list(value):
    """Printable texts of a list of environment.json; none where it is something else."""
    return [plot_source.plain(v, 120) for v in value] if isinstance(value, list) else []


def _words(environment, *paths, between=" "):
    """The known ones of several values, in a row; None where none is known."""
    found = [known(environment, *path) for path in paths]
    return between.join(f for f in found if f) or None


def _unit(environment, unit, *path):
    value = known(environment, *path)
    return None if value is None else f"{value} {unit}"


def _caches(environment):
    topology = environment.get("topology")
    caches = topology.get("caches") if isinstance(topology, dict) else None
    texts = []
    for cache in caches if isinstance(caches, list) else ():
        size = cache.get("size_bytes") if isinstance(cache, dict) else None
        if type(size) is int and size > 0:
            shown = f"{size >> 20} MiB" if size >= 1 << 20 and size % (1 << 20) == 0 else (
                f"{number(size / 1024, 4)} KiB")
            kind = known(cache, "type")
            text = f"L{known(cache, 'level') or '?'}" + (f" {kind}" if kind else "") + f" {shown}"
            shared = known(cache, "shared_by")
            texts.append(text + (f" per {shared} CPUs" if shared and shared != "1" else ""))
    return ", ".join(texts) or None


def machine_list(environment):
    """[(name, value or None)]: what a reader compares first."""
    e = environment
    counts = [f"{count} {name}" + ("" if count == "1" else "s") for count, name in (
        (known(e, "topology", "packages"), "package"),
        (known(e, "topology", "numa_nodes"), "NUMA node"),
        (known(e, "topology", "l3_groups"), "L3 group"), (known(e, "topology", "cores"), "core"),
        (known(e, "topology", "pus"), "CPU")) if count]
    usable = known(e, "topology", "usable_pus")
    ids = _words(e, ("cpu", "vendor"), ("cpu", "family"), ("cpu", "model"), ("cpu", "stepping"),
                 between=", ")
    speed = [f"{text} {what}" for what, text in (
        ("base", _unit(e, "MHz", "cpu", "base_mhz")), ("most", _unit(e, "MHz", "cpu", "max_mhz")),
        ("TSC", _unit(e, "MHz", "cpu", "tsc_mhz"))) if text]
    power = [f"{key} {known(e, 'cpu', key)}"
             for key in ("scaling_driver", "governor", "epp", "boost") if known(e, "cpu", key)]
    tuning = [f"{key} {known(e, 'kernel', key)}" for key in (
        "preempt", "hz", "thp", "aslr", "sched_class", "isolcpus", "nohz_full", "clocksource")
        if known(e, "kernel", key)]
    libraries = e.get("libraries")
    return [
        ("vendor, family, model, stepping", ids),
        ("topology", ", ".join(counts + ([f"{usable} usable"] if usable else [])) or None),
        ("caches", _caches(e)), ("frequency", ", ".join(speed) or None),
        ("power", ", ".join(power) or None),
        ("virtual machine", known(e, "host", "hypervisor")),
        ("container", known(e, "host", "container")),
        ("CPU quota", known(e, "limits", "cpu_quota")),
        ("kernel", _words(e, ("kernel", "release"), ("kernel", "version"))),
        ("kernel settings", ", ".join(tuning) or None),
        ("C library", _words(e, ("libc", "name"), ("libc", "version"))),
        ("compiler", _words(e, ("compiler", "name"), ("compiler", "version"),
                            ("compiler", "flags"))),
        ("libraries", ", ".join(
            f"{plot_source.plain(n, 40)} {known(libraries, n) or 'unknown'}"
            for n in sorted(libraries)) if isinstance(libraries, dict) else None),
        ("suite", _words(e, ("suite", "version"), ("suite", "commit")) and (
            _words(e, ("suite", "version"), ("suite", "commit"))
            + (", with local changes" if known(e, "suite", "dirty") == "yes" else ""))),
        ("load before", _words(e, ("load", "load1"), ("load", "load5"), ("load", "load15"),
                               between=", ")),
        ("clock", _words(e, ("clock", "source"), ("clock", "cost_ns")) and (
            (known(e, "clock", "source") or "unknown")
            + (f", one read {known(e, 'clock', 'cost_ns')} ns"
               if known(e, "clock", "cost_ns") else ""))),
    ]


def heading(run):
    e = run.environment
    title = known(e, "cpu", "name") or "unknown CPU"
    trust = known(e, "trust") or "unknown"
    reasons = [known({"r": r}, "r") or "unknown" for r in _list(e.get("trust_reasons"))]
    text = f"Trust: {trust}" + (f" ({'; '.join(reasons)})" if reasons else "")
    if trust != "normal":
        text += (". Compare contestants within this page rather than its numbers with another "
                 "machine's.")
    entries = machine_list(e)
    unknown = [name for name, value in entries if value is None]
    listed = [part for name, value in entries if value is not None
              for part in (tag("dt", name), tag("dd", value))]
    body = [tag("h1", title),
            tag("p", f"contend, run {run.run_id}, {known(e, 'time_utc') or 'time unknown'}",
                class_="sub"),
            tag("p", text, class_="trust" + (" normal" if trust == "normal" else ""))]
    if run.incomplete:
        body.append(tag("p", "Incomplete run: " + "; ".join(run.incomplete) + ".", class_="trust"))
    body.append(tag("dl", listed))
    if unknown:
        body.append(tag("p", "Could not be read on this machine: " + ", ".join(unknown) + ".",
                        class_="sub"))
    return title, body


# What a family does otherwise than said above it.
OWN_METHODS = {
    "pool": "Pools run more threads than there are CPUs, so their threads are not bound: the "
    "kernel places them, and the rows say unpinned; tasks run on one bound carrier a CPU. Jobs "
    "stand in the queue before a sizing window begins. Every accepted job has run, once, or the "
    "row is an error.",
    "cache": "Caches are filled before the first window, keys and draws are prepared before each; "
    "what was read is checked against its key. A trace is one pass from an empty cache: its hit ratio "
    "comes out the same every time.",
    "limiter": "Limiters are asked with the real clock, except for the worst burst: that runs on a "
    "virtual clock, is counted exactly, and comes out the same every time.",
}


def method(run):
    """How the numbers were made."""
    families = [f for f in run.tables if f != "control"]
    first = families[0] if families else next(iter(run.tables))
    sources = [Source(run, *way) for way in plot.ways(run, first)]
    reps = sources[0].repetitions([r for r in run.rows(first)])
    noisy, points = report_tables.mostly_noisy_points(run)
    windows = [r["window_ns"] for r in run.rows(first) if r["window_ns"] is not None]
    length = f" of about {number(stats.median(windows) / 1e6, 2)} ms" if windows else ""
    ways = ", ".join(f"{e}s, {p}" for e, p in plot.ways(run, first))
    own = [tag("li", OWN_METHODS[f]) for f in families if f in OWN_METHODS]
    return [tag("h2", "How the numbers were made", id="method"), tag("ol", [
        tag("li", f"Threads wait at a gate, start together, run until a flag stops them and "
            f"count their own operations: one window{length}, {reps} in random order ({ways})."),
        tag("li", "ns per operation is wall time divided by the operations of all threads "
            "together; what one thread waits is that times the threads. Latencies come from "
            "windows of their own, in which a few operations are timed."),
        tag("li", "After each window the contestant is checked (a counter must equal the "
            "operations done). A failed check is an error, never a number."),
        tag("li", "A point is the median of its windows, its interval the 95 % interval of the "
            "median by order statistics, which takes 6 windows at least."),
        tag("li", "A window disturbed by other work, by the hypervisor or by a changed frequency "
            f"is repeated up to 3 times, then kept and marked: {report_tables.noise_share(run)}, "
            f"{noisy} of {plural(points, 'point')} with at least half of their windows noisy "
            "(hollow in the charts)."),
        tag("li", "The hop is one cache line from core to core. A hypervisor can move CPUs, which "
            "changes it and every contended number: compare only numbers whose hops agree."),
        *own,
    ])]


def _picture(path):
    """The SVG as a data: URI (an image cannot run anything), or None where there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"cannot be opened ({error.strerror}), expected a chart", path) from None
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise InputError("is not a regular file, expected a chart", path)
        data = file.read(CHART_LIMIT + 1)
    if len(data) > CHART_LIMIT:
        raise InputError(f"longer than {CHART_LIMIT} bytes, expected a smaller chart", path)
    return "data:image/svg+xml;base64," + base64.b64encode(data).decode()


def figures(run, run_dir):
    shown, missing, skipped = [], [], []
    for chart, sentence in plot.charts(run):
        if chart is None:
            skipped.append(sentence.removeprefix("chart "))
            continue
        uri = _picture(run_dir / "charts" / f"{chart.name}.svg")
        if uri is None:
            missing.append(chart.name)
            continue
        link = tag("a", "PNG", href=f"charts/{chart.name}.png")
        shown.append(tag("figure", [
            tag("div", tag("img", src=uri, alt=chart.alt, width=chart.width, height=chart.height),
                tabindex="0"),
            tag("figcaption", join((chart.caption + " ", link)))], id=chart.name))
    body = [tag("h2", "Charts", id="charts"), *shown]
    if missing:
        body.append(tag("p", join((f"Not drawn: {', '.join(missing)}. With gnuplot installed, ",
                                   tag("code", "contend plot"), " and ",
                                   tag("code", "contend report"), " make them."))))
    if skipped:
        body.append(tag("p", "Nothing to draw for: " + "; ".join(skipped) + ".", class_="sub"))
    return body


def medians(run):
    body = [tag("h2", "Medians", id="medians")]
    for name in run.tables:
        if name != "control":
            body += [tag("h3", name), *report_families.family(name, run.rows(name))]
    return body


def controls(run):
    rows = run.rows("control")
    if not rows:
        return []
    try:
        lines = control.lines(control.analyse(rows))
    except ComparisonImpossible as error:
        lines = [str(error)]
    return [tag("h2", "Control: is a difference one?", id="control"),
            tag("p", "The same contestant measured against itself must not differ; a slow-down of "
                "10 % planted in one side must be found; twice the work must take twice the time."),
            tag("ul", [tag("li", line) for line in lines])]


def _size(path):
    try:
        return number(path.stat().st_size / 1024, 2) + " KiB"
    except OSError:
        return "–"


def files(run_dir):
    """The run's files; strangers in the folder are not listed."""
    rows = []
    for name in outcome.files(run_dir):
        about = outcome.describe(name)
        if about is not None and name != "report.html":
            link = tag("a", name, href="./" + Markup(name.replace("%", "%25").replace("?", "%3F")
                                                     .replace("#", "%23")))
            rows.append((about[0], name, [link, about[1], _size(run_dir / name)]))
    rows.sort(key=lambda r: r[:2])
    return [tag("h2", "Files", id="files"), table(["file", "what it is", "size"],
                                                  [r[2] for r in rows], 2)]


def write(run_dir):
    """Writes RUN/report.html from what is in the folder and returns its path."""
    run_dir = pathlib.Path(run_dir)
    run = reader.read_run(run_dir, lenient=True)
    title, body = heading(run)
    sections = [method(run), figures(run, run_dir), report_sizing.section(run), medians(run),
                [tag("h2", "Failed and noisy windows", id="troubles"),
                 *report_tables.troubles(run)],
                controls(run), files(run_dir)]
    names = [("method", "method"), ("charts", "charts"), ("sizing", "how many workers"),
             ("medians", "medians"), ("troubles", "failed and noisy"),
             ("control", "control"), ("files", "files")]
    body.append(tag("nav", [tag("a", name, href=f"#{anchor}") for (anchor, name), section in
                            zip(names, sections) if section]))
    for section in sections:
        body += section
    target = run_dir / "report.html"
    write_file(target, page(f"contend: {title}", body).encode("utf-8"))
    return target


render = write      # what `contend run` calls


def add_arguments(parser):
    parser.add_argument("run", metavar="RUN", help="run folder (holds the CSV files)")


def main(args):
    print(write(args.run))
    return 0
