"""The columns of a result file: the one place in Python that knows them.

A family is one entry in FAMILIES. The header, the reader's checks, the parameters of a point and
the tables in results/README.md all follow from here (`python3 -m contendlib.schema` prints them).
The writer's own list is lib/harness/record.h; tests/py/test_results_readme.py holds both together.
"""

import re
from dataclasses import dataclass

SCHEMA_VERSION = 1

# Names are restricted so that no cell can be a command, a tag, a formula or a way out of a folder.
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:/-]*\Z")
NAME_RULE = "letters, digits and _ . : / - only, first a letter or digit, no '..'"
NAME_LIMIT = 128

FLAGS = ("oversubscribed", "unpinned", "lossy", "failed", "stuck", "crashed", "wrong", "scaling",
         "planted",
         "steal", "other_cpu", "run_delay", "involuntary", "migrated", "freq", "throttled", "hop",
         "skew", "overlap")


@dataclass(frozen=True)
class Column:
    """One column. kind: name, int, number, choice or flags. Bounds are inclusive unless `above`."""

    name: str
    kind: str
    unit: str
    description: str
    low: float = 0
    high: float | None = None
    above: bool = False           # low itself is refused
    required: bool = False        # never empty
    choices: tuple = ()
    better: str | None = None     # "lower" or "higher": which way is faster or fairer
    power_of_two: bool = False

    def range_text(self):
        """The values allowed, for people: in the README and in error messages."""
        if self.kind == "name":
            return "name"
        if self.kind == "flags":
            return "words joined by ;"
        if self.kind == "choice":
            return " or ".join(c or "empty" for c in self.choices)
        text = "integer" if self.kind == "int" else "number"
        if self.power_of_two:
            return "0 or a power of two"
        if self.high is not None:
            return f"{text} {'above' if self.above else 'from'} {self.low} to {self.high}"
        return f"{text} {'>' if self.above else '>='} {self.low}"


@dataclass(frozen=True)
class Family:
    name: str
    params: tuple
    metrics: tuple = ()


def _name(name, description):
    return Column(name, "name", "", description, required=True)


def _count(name, description, low=0, high=None, unit="count", **more):
    return Column(name, "int", unit, description, low=low, high=high, **more)


def _ns(name, description, above=False, better=None):
    return Column(name, "number", "ns", description, above=above, better=better)


def _pct(name, description, low=0, high=100, **more):
    return Column(name, "number", "%", description, low=low, high=high, **more)


def _share(name, description, above=False, better=None):
    return Column(name, "number", "share", description, high=1, above=above, better=better)


KEYS = (
    _count("schema_version", "version of this table", low=1, unit="", required=True),
    _name("run_id", "the run the row belongs to; joins the row to environment.json"),
    _name("family", "benchmark family; the file's own name"),
    _name("contestant", "what was measured"),
    _name("workload", "what was done with it"),
    Column("exec", "choice", "", "what ran the workers", choices=("thread", "task"), required=True),
    _name("placement", "where the workers were bound"),
    _count("threads", "workers", low=1, high=1_000_000, required=True),
    _count("rep", "repetition; the rows of one point differ in it", high=1_000_000, unit="",
           required=True),
)

# In more than one family, where a name means the same in each.
_READ_PCT = _count("p_read_pct", "share of operations that read; empty where nothing reads",
                   high=100, unit="%")
_HOLD = _ns("p_hold_ns", "work done inside the critical section")
_THINK = _ns("p_think_ns", "work done between two operations")
_SAMPLE_EVERY = _count("p_sample_every", "0 or empty: throughput window; 2^k: latency window, one "
                       "operation in 2^k timed", unit="operations", power_of_two=True)
_KEYS = _count("p_keys", "different keys; of a cache's, one in ten is never in it", low=10)
_RATE = _count("p_rate_per_s", "operations a second: grants that a limiter allows in the long run; "
               "values to be sent, whatever becomes of them", low=1, unit="1/s")
_TIMERS = _count("p_timers", "others that wait with a deadline meanwhile, or timers that run", low=1)

FAMILIES = {f.name: f for f in (
    Family("counter", (
        _READ_PCT,
        _HOLD, _THINK, _SAMPLE_EVERY,
    ), (
        _pct("lost_pct", "updates that vanished; only a lossy contestant may have any",
             better="lower"),
    )),
    Family("lock", (
        _READ_PCT,
        _HOLD, _THINK, _SAMPLE_EVERY,
    ), (
        _pct("handover_pct", "share of the lock operations that found another thread as the last "
             "owner"),
        _ns("handover_p50_ns", "from one owner's leaving to the next one's running, where that is "
            "another: median", better="lower"),
        _ns("handover_p99_ns", "99th percentile of that", better="lower"),
        _ns("handover_p999_ns", "99.9th percentile of that", better="lower"),
        _ns("handover_max_ns", "the longest", better="lower"),
        _ns("handover_clock_ns", "cost of one clock read; inside every hand-over", above=True),
    )),
    Family("sync", (
        _READ_PCT,
        _HOLD, _SAMPLE_EVERY,
        _count("p_batch", "jobs that a wait group is told of at a time, or objects that are taken "
               "from a pool before the first goes back", low=1),
        _count("p_calls", "calls that tell a wait group of them: 1, or one each", low=1),
        _count("p_permits", "permits of the semaphore", low=1),
        _count("p_bytes", "size of a pool's object", low=1, unit="byte"),
        _KEYS,
    )),
    Family("task", (
        _count("p_spawned", "tasks started before their end is waited for", low=1),
        _count("p_across", "1: the partner is a thread on another CPU; 0: it stands on its worker's, "
               "a task where the runtime puts it", high=1, unit=""),
        _count("p_carrier_idle_us", "how long the other carriers had nothing to do", unit="us"),
        _count("p_tasks", "tasks or threads that wait at the same time", low=1),
        _TIMERS,
    ), (
        Column("bytes_per_task", "number", "byte", "growth of the resident set while all wait / "
               "p_tasks; kernel memory is not in it", better="lower"),
        _ns("spawn_ns_per_task", "time to start p_tasks and see them all run / p_tasks",
            better="lower"),
        _ns("wake_ns_per_task", "time to wake and join them / p_tasks", better="lower"),
        _pct("stolen_pct", "wakes that another carrier took up; the rest waited for the waker's",
             better="higher"),
    )),
    Family("channel", (
        _count("p_capacity", "values that the channel holds; 0: each send waits for a receiver"),
        _count("p_producers", "workers that send", low=1),
        _count("p_consumers", "workers that receive; threads = p_producers + p_consumers", low=1),
        _count("p_element_bytes", "size of a value", low=8, unit="byte"),
        _count("p_cases", "channels that the receiver selects from", low=1),
        _count("p_waiters", "workers that wait for the close", low=1),
        _RATE,
    ), (
        _pct("blocked_send_pct", "sends that found neither room nor a receiver waiting",
             better="lower"),
        _pct("blocked_recv_pct", "receives that found neither a value nor a sender waiting",
             better="lower"),
        _share("sender_least_share", "least sender's values / the mean of all senders",
               better="higher"),
        _share("receiver_least_share", "least receiver's values / the mean of all receivers",
               better="higher"),
        _ns("wake_all_p50_ns", "from just before a close to the last waiter's running: median",
            better="lower"),
        _ns("wake_all_p99_ns", "99th percentile of that", better="lower"),
    )),
    Family("context", (
        _count("p_width", "contexts side by side below the one that is cancelled, a waiter at the "
               "end of each", low=1),
        _count("p_depth", "contexts one below the other in each of them", low=1),
        _TIMERS,
    ), (
        _ns("cancel_call_ns", "how long a call of cancel takes, mean", better="lower"),
        _ns("cancel_ns_per_context", "the same / contexts cancelled by it", better="lower"),
    )),
    Family("machine", (
        _count("p_cpu_a", "OS number of the first CPU", unit="CPU"),
        _count("p_cpu_b", "OS number of the second CPU", unit="CPU"),
        _count("p_idle_us", "how long the sleeper had slept before it was woken", unit="us"),
        _count("p_sleep_us", "length of sleep asked for", unit="us"),
    )),
    Family("limiter", (
        _RATE,
        _count("p_burst", "size of its bucket, store or queue, or its limit per window of burst / "
               "rate", low=1),
        _count("p_users", "users that share the limiter; empty where there is one caller", low=1),
        _count("p_adversary", "1: arrivals in bursts around the window's boundary; 0: at uniform "
               "times", high=1, unit=""),
    ), (
        _pct("admitted_pct", "share of the requests that were admitted"),
        Column("rate_error_pct", "number", "%", "grants a second against p_rate_per_s; below 0: too "
               "few", low=-100),
        _ns("gap_jitter_p50_ns", "median distance of a gap between two grants from the ideal gap",
            better="lower"),
        _ns("gap_jitter_p99_ns", "99th percentile of that distance", better="lower"),
        Column("gap_p99_ratio", "number", "ratio", "99th percentile of the gaps / the ideal gap",
               better="lower"),
        Column("burst_ratio", "number", "ratio", "most grants in any interval one window long / "
               "the limit; virtual clock, exact", better="lower"),
        _count("memory_bytes", "bytes of the limiter and of all that it points to", unit="byte"),
    )),
    Family("pool", (
        _count("p_workers", "threads that run jobs; without a meaning for null and unbounded", low=1),
        _count("p_queue", "jobs that may wait; empty where as many do as the window needs"),
        _count("p_wait_pct", "share of a job's length that it waits", high=99, unit="%"),
        _count("p_jobs", "jobs that wait at the same time", low=1),
    ), (
        Column("predicted_workers", "number", "count", "cores / (1 - wait share): the workers that "
               "keep the cores busy", above=True),
        Column("peak_rss_mb", "number", "MiB", "resident set of the process while all jobs wait",
               above=True, better="lower"),
        Column("rss_growth_mb", "number", "MiB", "that minus the resident set before the first job",
               better="lower"),
    )),
    Family("cache", (
        _READ_PCT,
        _count("p_skew", "100 x the exponent of Zipf's law by which keys are drawn: 0 uniform, 99 "
               "skewed", high=1000, unit=""),
        _count("p_shards", "parts with a lock each; empty where the cache is not split", low=1),
        _KEYS,
    ), (
        _share("hit_ratio", "gets that found their key; empty where there are none, or no cache",
               better="higher"),
    )),
    Family("control", (
        _count("p_pair", "number of the trial; its two sides are the contestants a and b", low=1,
               unit="", required=True),
        _count("p_work_pct", "work of b in percent of a's: 100 A/A, 110 planted slow-down, "
               "200 linearity", low=1, high=10_000, unit="%", required=True),
    )),
)}

METRICS = (
    _count("ops", "operations finished by all workers; of channels, what was received"),
    _ns("window_ns", "wall length of the window", above=True),
    Column("ops_per_s", "number", "1/s", "operations of all workers per second", above=True,
           better="higher"),
    _ns("ns_per_op", "window_ns / ops: wall time per operation of all workers together; empty in "
        "latency windows", above=True, better="lower"),
    _share("overlap_ratio", "share of the window in which all workers ran"),
    _ns("start_skew_ns", "last start minus first start"),
    _share("fairness_jain", "Jain's index over the workers' operations; 1 is fair; of channels, that "
           "of senders or receivers, whichever is lower", above=True, better="higher"),
    _share("fairness_min_max", "least worker's operations / most worker's; of channels as above",
           better="higher"),
    _ns("latency_p50_ns", "median of the timed operations", better="lower"),
    _ns("latency_p99_ns", "99th percentile", better="lower"),
    _ns("latency_p999_ns", "99.9th percentile", better="lower"),
    _ns("latency_max_ns", "longest timed operation", better="lower"),
    _count("latency_samples", "timed operations"),
    _ns("clock_ns", "cost of one clock read; inside every timed operation", above=True),
    _count("voluntary_switches", "context switches by blocking"),
    _count("involuntary_switches", "context switches by preemption"),
    _count("migrations", "moves of workers between CPUs"),
    _pct("steal_pct", "CPU time the hypervisor took"),
    _pct("other_cpu_pct", "CPU time of other processes and of interrupts", high=None),
    _pct("run_delay_pct", "time that workers were runnable but not running", high=None),
    Column("freq_mhz", "number", "MHz", "CPU frequency measured by a dependent-add loop",
           above=True),
    _pct("freq_drift_pct", "change of that frequency over the window", low=-100, high=None),
    _count("throttled", "periods in which the cgroup's CPU quota stopped the workers"),
    _ns("hop_ns", "one-way core-to-core hop of the CPUs in use, before the window", above=True,
        better="lower"),
    _ns("hop_after_ns", "the same after the window", above=True),
    Column("scaling_ratio", "number", "ratio", "speed of a thread with its own padded counter, all "
           "threads running, against alone; 1 is perfect; empty with one thread or too few cores",
           above=True, better="higher"),
    _count("attempts", "windows measured until one was quiet or the last was kept", low=1, high=4),
)

TAIL = (
    _count("verified", "1: the oracle passed; 0: it failed (a lossy contestant, or a failed row)",
           high=1, unit="", required=True),
    Column("noise", "choice", "", "verdict on the window; empty on failed rows",
           choices=("ok", "noisy", "")),
    Column("flags", "flags", "", "what was special, see below"),
)


def family(name):
    """The Family called `name`, or None."""
    return FAMILIES.get(name)


def params(family_name):
    """Names of the family's parameters, in column order."""
    return tuple(c.name for c in FAMILIES[family_name].params)


def columns(family_name):
    """Every Column of a family's file, in order."""
    entry = FAMILIES[family_name]
    return KEYS + entry.params + METRICS + entry.metrics + TAIL


def header(family_name):
    """The names of a family's columns, in the exact order of its file."""
    return [c.name for c in columns(family_name)]


def metric_names(family_name):
    return tuple(c.name for c in METRICS + FAMILIES[family_name].metrics)


def column(name):
    """The Column called `name` in any family, or None."""
    return _BY_NAME.get(name)


_BY_NAME = {c.name: c for f in FAMILIES for c in columns(f)}

# Roles of contestants, for tables that ask "ours against the rest". The binaries' --list --json
# says the same from the source; this is for results read where no binary is at hand.
_BASELINES = frozenset(("ref", "pthread_mutex", "pthread_adaptive", "pthread_spin",
                        "pthread_rwlock", "fcontext"))
_FLOORS = frozenset(("null",))
_LOSSY = frozenset(("racy",))
# Do less than the others of their family: never wait, have no bound, show old values. Their sources
# say "(other contract: ...)".
_OTHER_CONTRACT = frozenset((
    "urcu:memb", "urcu:qsbr", "urcu:wfcqueue", "ck:ring_spsc", "ck:ring_mpmc", "glib:GAsyncQueue",
    "moodycamel:BlockingConcurrentQueue"))


def role(contestant):
    """"ours", "lossy", "floor", "baseline" or "foreign" (another library: its name has a colon)."""
    if ":" in contestant:
        return "foreign"
    if contestant in _BASELINES:
        return "baseline"
    if contestant in _FLOORS:
        return "floor"
    return "lossy" if contestant in _LOSSY else "ours"


def other_contract(contestant):
    """True for what does less than the others of its family: to be looked at, not to be beaten."""
    return contestant in _OTHER_CONTRACT


def house(contestant):
    """True for contestants of this suite (floor and lossy ones too), as --list --json says it."""
    return role(contestant) not in ("baseline", "foreign")


def readme_table():
    """The Markdown tables of results/README.md."""
    lines = []

    def table(title, group):
        lines.extend((f"### {title}", "", "| column | unit | values | meaning |",
                      "|---|---|---|---|"))
        for c in group:
            values = c.range_text() + (", never empty" if c.required and c.kind != "name" else "")
            lines.append(f"| `{c.name}` | {c.unit} | {values} | {c.description} |")
        lines.append("")

    table("Keys", KEYS)
    for entry in FAMILIES.values():
        table(f"Parameters of `{entry.name}`", entry.params)
    table("Metrics of every family", METRICS)
    for entry in FAMILIES.values():
        if entry.metrics:
            table(f"Metrics of `{entry.name}` only", entry.metrics)
    table("Tail", TAIL)
    return "\n".join(lines)


if __name__ == "__main__":
    print(readme_table())
