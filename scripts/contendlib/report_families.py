"""The report's tables of each family: what stands in the rows, what across, and in what unit."""

from . import condense, plot_styles as styles, stats
from .plot_layout import duration, number
from .plot_limiter import ARRIVALS, UNLIMITED
from .plot_lock import lengths_name
from .plot_sizing import wait_name
from .plot_source import plural
from .plot_sync import ROWS as SYNC_ROWS, row_name
from .report_axes import CONTESTANT, NS, THREADS, Table, hold, known, param, rank, tails
from .report_cache import CACHE, hashes
from .report_html import join, table, tag
from .report_tables import cell, latencies, machine, setting_text, throughput, usual_count

WORKERS = param("p_workers", "workers", lambda w: plural(w, "worker"))
BOUND = param("p_queue", "", lambda q: f"room for {number(q, 1)}")
JOBS = param("p_jobs", "", lambda n: plural(n, "job"))
RATE = param("p_rate_per_s", "", lambda r: f"{number(r, 1)} a second")


def _handed(key):
    """How empty jobs were handed over: the queue, who submits, how many at a time."""
    queue, crowd, batch = (key.param(n) for n in ("p_queue", "p_submitters", "p_batch"))
    words = [] if queue is None else [f"queue of {number(queue, 1)}"]
    words += [plural(crowd, "submitter")] if crowd and crowd > 1 else []
    words += [f"{number(batch, 1)} jobs a call"] if batch and batch > 1 else []
    return (-known(queue), known(crowd), known(batch)), ", ".join(words)


def _mix(key):
    """The pool and its jobs, where those are not the usual: 100 us of computing, no limit."""
    length, limit = key.param("p_compute_us"), key.param("p_limit")
    words = [styles.label(key.contestant)]
    words += [f"{number(length, 1)} µs of computing"] if length not in (None, 100) else []
    words += [plural(limit, "connection")] if limit else []
    return (length not in (None, 100), known(length), known(limit),
            rank(key.contestant)), ", ".join(words)


def _crew(key):
    workers = key.param("p_workers")
    return known(workers), "" if workers is None else plural(workers, "worker")


def _limit(key):
    rate, users = key.param("p_rate_per_s"), key.param("p_users")
    words = ["never limited" if rate and rate >= UNLIMITED else
             f"{number(known(rate), 1)} a second"]
    words += [plural(users, "user")] if users and users > 1 else []
    return (-known(rate), known(users)), ", ".join(words)


def _jitter(point):
    p99 = point.median_of("gap_jitter_p99_ns")
    return join((duration(point.median),
                 tag("small", "p99 " + ("–" if p99 is None else duration(p99)))))


def _lengths(key):
    """Lock windows by the section's length and the pause after it; latency windows are left out."""
    if key.param("p_sample_every"):
        return None
    hold, think = key.param("p_hold_ns") or 0, key.param("p_think_ns") or 0
    return (hold, think), lengths_name(hold, think)


def _held(key):
    hold = key.param("p_hold_ns") or 0
    return (hold, key.threads), f"{duration(hold)} held, {plural(key.threads, 'worker')}"


def _use(key):
    """What a use of a primitive is called in its chart."""
    row = next((text for workload, _, text in SYNC_ROWS if workload == key.workload), key.workload)
    return tuple(known(v) for _, v in key.params), row_name(row.split(":")[0], key)


def _across(key):
    across = key.param("p_across")
    return known(across), "" if across is None else ("two CPUs" if across else "one CPU")


def _pair(key):
    """Senders : receivers, and the size of a value where it is not the usual."""
    pair, size = (key.param("p_producers"), key.param("p_consumers")), key.param("p_element_bytes")
    if None in pair:
        return None
    words = f"{number(pair[0], 1)} : {number(pair[1], 1)}"
    return (*pair, known(size)), words + ("" if size in (None, 8) else f", {number(size, 1)} bytes")


def _many(key):
    """The same, where a side has more than one."""
    return None if _pair(key) is None or key.threads == 2 else _pair(key)


def _capacity(key):
    held = key.param("p_capacity")
    return known(held), "" if held is None else f"capacity {number(held, 1)}"


def _depth(key):
    deep = key.param("p_depth")
    return known(deep), "" if deep is None else f"{number(deep, 1)} deep"


def _item(key):
    """How long an item of fan_out and ordered takes."""
    took = key.param("p_compute_us")
    return -known(took), "" if took is None else f"{duration(took * 1000)} an item"


def _room(key):
    held, wide = key.param("p_capacity"), key.param("p_width")
    words = "" if wide in (None, 1) else f", stages {number(wide, 1)} wide"
    return (known(held), known(wide)), f"capacity {number(known(held), 1)}{words}"


def _closed(key):
    """Batches of items that come as fast as they can, by the age that they may reach."""
    age = key.param("p_age_us")
    return None if key.param("p_rate_per_s") else (
        known(age), "" if age is None else f"at most {duration(age * 1000)} old")


def _batch(key):
    size, age = key.param("p_batch"), key.param("p_age_us")
    words = f"at most {plural(known(size), 'item')}"
    return None if not key.param("p_rate_per_s") else (
        (known(size), known(age)), words + ("" if age is None else f", {duration(age * 1000)} old"))


def _failing(key):
    share = known(key.param("p_fail_pct"))
    return share, "open" if share == 100 else f"{number(share, 1)} % fail" if share else "all well"


FAILING = param("p_fail_pct", "", lambda f: f"{number(f, 1)} % fail at first" if f else "all well")
STAGE_WIDTH = param("p_width", "", lambda w: f"width {number(w, 1)}")
READS = param("p_read_pct", "", lambda r: f"{number(r, 1)} % reads")
PARKED = param("p_tasks", "", lambda n: number(n, 1))
SLEEPERS = param("p_timers", "", lambda n: number(n, 1))
CAPACITY = param("p_capacity", "", lambda n: f"capacity {number(n, 1)}")
OFFERED = param("p_rate_per_s", "", lambda r: f"{number(r, 1)} a second")
RUNNING = param("p_timers", "", lambda n: f"{number(n, 1)} run")
TABLES = {
    "lock": (
        Table("mutex", "ns_per_op", NS.format("lock operation"), CONTESTANT, THREADS, _lengths),
        Table("mutex", "fairness_min_max", "slowest worker's operations ÷ fastest's", CONTESTANT,
              THREADS, _lengths),
        Table("rwmutex", "ns_per_op", NS.format("lock operation"), CONTESTANT, READS, _held),
        Table("handover", "handover_p50_ns", "unlock to the next owner running; below it p99 / "
              "longest", CONTESTANT, THREADS, hold, tails("handover")),
    ),
    "sync": tuple(Table(workload, "ns_per_op", NS.format("operation"), CONTESTANT, THREADS, _use)
                  for workload in dict.fromkeys(row[0] for row in SYNC_ROWS)),
    "task": (
        *(Table(workload, "ns_per_op", NS.format("operation"), CONTESTANT, THREADS, group)
          for workload, group in (("spawn_join", lambda key: (0, "")),
                                  ("spawn_batch", lambda key: (0, "")),
                                  ("go_detached", lambda key: (0, "")),
                                  ("yield", lambda key: (0, "")), ("switch", lambda key: (0, "")),
                                  ("ping_pong", _across))),
        Table("timer_cancel", "ns_per_op", NS.format("operation"), CONTESTANT, SLEEPERS),
        Table("steal", "ns_per_op", "from a wake to the other carrier's running it, ns", CONTESTANT,
              param("p_carrier_idle_us", "", lambda us: f"idle for {duration(us * 1000)}")),
        Table("parked", "bytes_per_task", "resident bytes for each that is parked", CONTESTANT,
              PARKED),
        Table("parked", "wake_ns_per_task", "time to wake and join each, ns", CONTESTANT, PARKED),
        Table("sleep", "latency_p50_ns", "delay of a sleep's end; below it p99 / longest",
              CONTESTANT, SLEEPERS, shown=tails("latency")),
    ),
    "channel": (
        Table("stream", "ns_per_op", NS.format("value"), CONTESTANT, CAPACITY, _pair),
        Table("stream", "fairness_min_max", "least worker's values ÷ most worker's, of senders or "
              "receivers, whichever is worse", CONTESTANT, CAPACITY, _many),
        Table("blocked", "blocked_send_pct", "sends that found no room, %", CONTESTANT, CAPACITY,
              _pair),
        Table("blocked", "blocked_recv_pct", "receives that found no value, %", CONTESTANT,
              CAPACITY, _pair),
        Table("pingpong", "ns_per_op", NS.format("round trip"), CONTESTANT, CAPACITY),
        Table("select", "ns_per_op", NS.format("value"), CONTESTANT,
              param("p_cases", "", lambda n: plural(n, "case")), _capacity),
        Table("close_wake", "latency_p50_ns", "from a close to a waiter's running; below it p99 / "
              "longest", CONTESTANT, param("p_waiters", "", lambda n: plural(n, "waiter")),
              shown=tails("latency")),
        Table("close_wake", "wake_all_p50_ns", "from a close to the last waiter's running, ns",
              CONTESTANT, param("p_waiters", "", lambda n: plural(n, "waiter"))),
        Table("open_loop", "latency_p50_ns", "from when a value was to be sent to its receipt; "
              "below it p99 / longest", CONTESTANT, OFFERED, _capacity, tails("latency")),
        Table("open_loop", "ops_per_s", "values received a second", CONTESTANT, OFFERED, _capacity),
    ),
    "context": (
        Table("cancel", "latency_p50_ns", "from a cancel to the last waiter's running; below it p99 "
              "/ longest", CONTESTANT, param("p_width", "", lambda n: f"{number(n, 1)} wide"),
              _depth, tails("latency")),
        Table("cancel", "cancel_ns_per_context", "time in the call of cancel for each context, ns",
              CONTESTANT, param("p_width", "", lambda n: f"{number(n, 1)} wide"), _depth),
        Table("timers", "ns_per_op", NS.format("stop and start"), CONTESTANT, RUNNING),
        Table("lateness", "latency_p50_ns", "from when a timer was due to its waiter's running; "
              "below it p99 / longest", CONTESTANT, RUNNING, shown=tails("latency")),
    ),
    "pool": (
        *(Table(workload, "ops_per_s", "jobs per second", WORKERS,
                param("p_wait_pct", "", wait_name), _mix)
          for workload in ("sizing", "sizing_socket", "quota")),
        Table("sizing", "latency_p50_ns", "a job from its start to its end; below it p99 / longest",
              WORKERS, param("p_wait_pct", "", wait_name), _mix, tails("latency")),
        Table("overhead", "ns_per_op", "wall time per empty job, ns", CONTESTANT, WORKERS, _handed),
        Table("queue", "blocked_submit_pct", "submits that had to wait for room, %", CONTESTANT,
              BOUND, _crew),
        *(Table(workload, "refused_pct", "jobs that were refused, %", CONTESTANT, BOUND, _crew)
          for workload in ("overload_120", "overload_200")),
        *(Table(workload, "latency_p50_ns", "from a job's arrival to its end; below it p99 / "
                "longest", CONTESTANT, BOUND, _crew, tails("latency"))
          for workload in ("queue", "overload_120", "overload_200")),
        *(Table(workload, "busiest_ratio", "busiest worker's work ÷ idlest's", CONTESTANT, WORKERS)
          for workload in ("balance_equal", "balance_pareto", "balance_elephant")),
        Table("memory", "peak_rss_mb", "peak resident memory while all jobs wait, MiB", CONTESTANT,
              JOBS),
        Table("memory", "ops_per_s", "jobs per second, submitted and finished", CONTESTANT, JOBS),
    ),
    "flow": (
        *(Table(workload, "ops_per_s", "items a second", CONTESTANT, STAGE_WIDTH, _item)
          for workload in ("fan_out", "ordered", "image", "log", "etl")),
        Table("ordered", "latency_p50_ns", "from the source to its receipt; below it p99 / longest",
              CONTESTANT, STAGE_WIDTH, _item, tails("latency")),
        Table("ordered", "reordered_pct", "items that came out after a later one, %", CONTESTANT,
              STAGE_WIDTH, _item),
        Table("pipeline", "ns_per_op", NS.format("item"), CONTESTANT,
              param("p_depth", "", lambda n: plural(n, "stage")), _room),
        Table("batcher", "ops_per_s", "items a second, as fast as they can be handed over",
              CONTESTANT, param("p_batch", "", lambda n: plural(n, "item")), _closed),
        Table("batcher", "latency_p50_ns", "from when an item was due to its batch's end; below it "
              "p99 / longest", CONTESTANT, OFFERED, _batch, tails("latency")),
        Table("batcher", "batch_mean_items", "items of a batch, mean", CONTESTANT, OFFERED, _batch),
        Table("retry", "ns_per_op", NS.format("call"), CONTESTANT, FAILING),
        Table("breaker", "ns_per_op", NS.format("call"), CONTESTANT, THREADS, _failing),
    ),
    "cache": CACHE,
    "limiter": (
        Table("allow", "ns_per_op", NS.format("allow()"), CONTESTANT, THREADS, _limit),
        Table("users", "ns_per_op", NS.format("allow()"), CONTESTANT, THREADS, _limit),
        Table("wait", "rate_error_pct", "grants against the rate asked for, %", CONTESTANT, RATE),
        Table("wait", "gap_jitter_p50_ns", "distance of a gap from the ideal one, median and p99",
              CONTESTANT, RATE, shown=_jitter),
        Table("law", "burst_ratio", "most grants in an interval one window long, multiples of "
              "the limit", CONTESTANT, param("p_adversary", "", lambda a: ARRIVALS.get(a, str(a))),
              shown=lambda p: f"{p.median:.3f}x"),
    ),
}


def _pivot(spec, points, name):
    usual = usual_count(points)
    down = sorted({spec.down.of(p.key) for p in points})
    across = sorted({spec.across.of(p.key) for p in points})
    at = {}
    for p in points:
        at.setdefault((spec.down.of(p.key), spec.across.of(p.key)), p)
    caption = ", ".join(filter(None, (spec.workload, name))) + (
        f": {spec.words}; median of {plural(usual, 'window')} unless said")
    if usual >= stats.MIN_SAMPLES and spec.shown is None:
        caption += ", below it its 95 % interval"
    if len(at) < len(points):       # something varies that is neither side's nor the group's
        caption += f"; {plural(len(points) - len(at), 'more point')} in the CSV"

    def made(point):
        shown = spec.shown(point) if spec.shown and point and point.n else None
        return cell(point, usual, shown)

    rows = [[spec.down.text(d)] + [made(at.get((d, a))) for a in across] for d in down]
    return table([spec.down.title] + [spec.across.text(a) for a in across], rows, 1, caption)


def tabled(name, rows):
    """[(summary, table)] of a family by TABLES."""
    parts = []
    for spec in TABLES[name]:
        here = [r for r in rows if r["workload"] == spec.workload]
        groups = {}
        for p in condense.condense(here, spec.metric, lossy=True):
            group = spec.group(p.key)
            if group is not None and None not in (spec.down.of(p.key), spec.across.of(p.key)):
                groups.setdefault((*group, p.key.exec, p.key.placement), []).append(p)
        for (_, text, exec_name, placement), points in sorted(groups.items(),
                                                              key=lambda g: (g[0][0], g[0][2:])):
            way = "" if (exec_name, placement) == ("thread", "compact") else (
                f"{exec_name}s, placement {placement}")
            words = ", ".join(filter(None, (text, way)))
            summary = ", ".join(filter(None, (spec.workload, words))) + f": {spec.words}"
            parts.append((summary, _pivot(spec, points, words)))
    return parts


def family(name, rows):
    """All tables of a family; control has its own section."""
    if name == "machine":
        return machine(rows)
    if name in TABLES:
        tables = tabled(name, rows)
    else:
        tables = [(setting_text(key), content)
                  for key, content in throughput(rows) + latencies(rows)]
    # The first stands open, its variations are a click away.
    said = hashes(rows) if name == "cache" else None
    return [content if at == 0 else tag("details", [tag("summary", summary), content])
            for at, (summary, content) in enumerate(tables)
            ] + ([tag("p", said, class_="sub")] if said else [])
