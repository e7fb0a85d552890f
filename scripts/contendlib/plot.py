"""contend plot: the charts of a run, drawn by gnuplot from small tables.

A chart is a function of a Source (plot_lines, plot_rows, plot_areas) that returns a Chart, or a
sentence on why this run has none. The same CSV gives the same bytes.
"""

import os
import pathlib
import re
import sys

from . import (plot_areas, plot_cache, plot_cache_best, plot_cache_hits, plot_cache_more,
               plot_cache_shards, plot_channel, plot_context, plot_flow, plot_limiter, plot_lines,
               plot_lock, plot_panels, plot_pool, plot_pool_load, plot_rows, plot_sizing,
               plot_sizing_more, plot_sync, plot_task, reader)
from .errors import OutputError, UsageError, printable
from .plot_gnuplot import FORMATS, draw, find_gnuplot
from .plot_source import Source

CHARTS = {      # name: (family, function), in the order of the report
    "counter-throughput": ("counter", plot_lines.threads_chart),
    "counter-all": ("counter", plot_lines.all_chart),
    "cost-ladder": ("counter", plot_rows.cost_ladder),
    "read-share": ("counter", plot_panels.read_share),
    "fairness": ("counter", plot_areas.fairness),
    "latency": ("counter", plot_rows.latency),
    "lost-updates": ("counter", plot_areas.lost_updates),
    "lock-throughput": ("lock", plot_lock.throughput),
    "lock-fairness": ("lock", plot_lock.fairness),
    "rwmutex-map": ("lock", plot_lock.rwmutex_map),
    "lock-handover": ("lock", plot_lock.handover),
    "sync-ladder": ("sync", plot_sync.ladder),
    "task-cost": ("task", plot_task.cost),
    "task-memory": ("task", plot_task.memory),
    "task-timers": ("task", plot_task.timers),
    "channel-capacity": ("channel", plot_channel.capacity),
    "channel-map": ("channel", plot_channel.crowd_map),
    "channel-load": ("channel", plot_channel.load),
    "channel-blocked": ("channel", plot_channel.blocked),
    "channel-select": ("channel", plot_channel.select),
    "channel-close": ("channel", plot_channel.close_wake),
    "context-cancel": ("context", plot_context.cancel),
    "context-timers": ("context", plot_context.timers),
    "core-to-core": ("machine", plot_areas.core_to_core),
    "machine-limits": ("machine", plot_rows.machine_limits),
    "pool-sizing": ("pool", plot_sizing.sizing),
    "pool-sizing-tasks": ("pool", plot_sizing.sizing_tasks),
    "pool-sizing-price": ("pool", plot_sizing_more.price),
    "pool-mixes": ("pool", plot_sizing_more.mixes),
    "pool-waits": ("pool", plot_sizing_more.waits),
    "pool-quota": ("pool", plot_sizing_more.quota),
    "pool-overhead": ("pool", plot_pool.overhead),
    "pool-batch": ("pool", plot_pool.batches),
    "pool-balance": ("pool", plot_pool_load.balance),
    "pool-queue": ("pool", plot_pool_load.queue),
    "pool-queue-latency": ("pool", plot_pool_load.queue_latency),
    "pool-memory": ("pool", plot_pool.memory),
    "flow-width": ("flow", plot_flow.width),
    "flow-shapes": ("flow", plot_flow.shapes),
    "flow-pipeline": ("flow", plot_flow.pipeline),
    "flow-order": ("flow", plot_flow.order),
    "flow-batcher": ("flow", plot_flow.batcher),
    "cache-throughput": ("cache", plot_cache.throughput),
    "cache-best": ("cache", plot_cache_best.best),
    "cache-shards": ("cache", plot_cache_shards.shards),
    "cache-read-share": ("cache", plot_cache.read_share),
    "cache-hit-ratio": ("cache", plot_cache_hits.hit_ratio),
    "cache-aside": ("cache", plot_cache_hits.aside),
    "cache-stampede": ("cache", plot_cache_more.stampede),
    "cache-section": ("cache", plot_cache_more.section),
    "cache-memory": ("cache", plot_cache_more.memory),
    "limiter-cost": ("limiter", plot_limiter.cost),
    "limiter-accuracy": ("limiter", plot_limiter.accuracy),
    "limiter-burst": ("limiter", plot_limiter.burst),
}


# whose charts lay tasks and threads side by side
BOTH_EXECS = ("task", "channel", "context", "pool", "flow")


def ways(run, family):
    """[(exec, placement)] of a family; threads, compactly placed, come first. exec is None where
    the charts show both."""
    both = family in BOTH_EXECS
    found = {(None if both else row["exec"], row["placement"]) for row in run.rows(family)}
    return sorted(found, key=lambda w: (w[0] not in (None, "thread"), w[1] != "compact", w[0] or "",
                                        w[1]))


def charts(run, only=None):
    """[(Chart, None) or (None, sentence)] for every chart of a run, in the report's order.

    A run with several ways of running or placing its workers has every chart once for each; only
    the first way's charts have the plain name.
    """
    made = []
    for name, (family, build) in CHARTS.items():
        if only is not None and name != only:
            continue
        if family not in run.tables:
            made.append((None, f"chart {name}: no family {family} in this run"))
        for at, (exec_name, placement) in enumerate(ways(run, family)):
            chart = build(Source(run, exec_name, placement))
            way = (exec_name, placement) if exec_name else (placement,)
            suffix = "" if at == 0 else re.sub(r"[^A-Za-z0-9_.-]", "-", "-" + "-".join(way))
            if isinstance(chart, str):
                made.append((None, f"chart {name}{suffix}: {chart}"))
                continue
            chart.name = name + suffix
            if at:
                chart.title += " (" + (f"{exec_name}s, " if exec_name else "") + f"{placement})"
            made.append((chart, None))
    return made


def render(run_dir, formats=FORMATS, only=None, out=None):
    """Draws a run's charts and returns their paths; each chart that has no rows says so on stderr.

    A run that was interrupted is drawn as far as it got; its charts' foot says "incomplete run".
    """
    gnuplot = find_gnuplot()
    run_dir = pathlib.Path(run_dir)
    run = reader.read_run(run_dir, lenient=True)
    folder = pathlib.Path(out) if out is not None else run_dir / "charts"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make {printable(os.fspath(folder), 0)}: "
                          f"{error.strerror}") from None
    folder = folder.resolve()
    drawn = []
    for chart, sentence in charts(run, only):
        if chart is None:
            print(sentence, file=sys.stderr)
            continue
        for picture_format in formats:
            target = folder / f"{chart.name}.{picture_format}"
            draw(chart, picture_format, target, gnuplot)
            drawn.append(target)
    return drawn


def _formats(text):
    formats = tuple(dict.fromkeys(text.split(",")))
    for one in formats:
        if one not in FORMATS:
            raise UsageError(f"plot: --format '{printable(one)}', expected {' or '.join(FORMATS)}")
    return formats


def add_arguments(parser):
    parser.add_argument("run", metavar="RUN", help="run folder (holds the CSV files)")
    parser.add_argument("--only", metavar="NAME", help="one chart: " + ", ".join(CHARTS))
    parser.add_argument("--format", default=",".join(FORMATS), metavar="LIST",
                        help="svg, png or both, joined by a comma (both)")
    parser.add_argument("--out", metavar="DIR", help="folder for the pictures (RUN/charts)")


def main(args):
    if args.only is not None and args.only not in CHARTS:
        raise UsageError(f"plot: --only '{printable(args.only)}', expected one of "
                         + ", ".join(CHARTS))
    for path in render(args.run, _formats(args.format), args.only, args.out):
        print(path)
    return 0
