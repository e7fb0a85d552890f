"""What every result file has: kinds of columns, and the keys, metrics and tail of every family."""

import re
from dataclasses import dataclass, replace

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
    """One column. kind: name, word, int, number, choice or flags. Bounds are inclusive unless
    `above`. A word is a name that may be empty, and neither part of a point nor a metric."""

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
    since: int = 1                # the schema version that brought it
    before: tuple = ()            # ((workload, value), ...): what rows of older versions had

    def range_text(self):
        """The values allowed, for people: in the README and in error messages."""
        if self.kind == "name":
            return "name"
        if self.kind == "word":
            return "name or empty"
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
    since: int = 1                # the schema version that brought it, with all its columns
    words: tuple = ()             # texts that say what a row stands on


def named(name, description):
    return Column(name, "name", "", description, required=True)


def word(name, description):
    return Column(name, "word", "", description)


def count(name, description, low=0, high=None, unit="count", **more):
    return Column(name, "int", unit, description, low=low, high=high, **more)


def ns(name, description, above=False, better=None):
    return Column(name, "number", "ns", description, above=above, better=better)


def pct(name, description, low=0, high=100, **more):
    return Column(name, "number", "%", description, low=low, high=high, **more)


def share(name, description, above=False, better=None):
    return Column(name, "number", "share", description, high=1, above=above, better=better)


def newer(since, *columns):
    """The columns, as ones that this schema version brought to a family."""
    return tuple(replace(column, since=since) for column in columns)


KEYS = (
    count("schema_version", "version of this table", low=1, unit="", required=True),
    named("run_id", "the run the row belongs to; joins the row to environment.json"),
    named("family", "benchmark family; the file's own name"),
    named("contestant", "what was measured"),
    named("workload", "what was done with it"),
    Column("exec", "choice", "", "what ran the workers", choices=("thread", "task"), required=True),
    named("placement", "where the workers were bound"),
    count("threads", "workers", low=1, high=1_000_000, required=True),
    count("rep", "repetition; the rows of one point differ in it", high=1_000_000, unit="",
          required=True),
)

METRICS = (
    count("ops", "operations finished by all workers; of channels, what was received"),
    ns("window_ns", "wall length of the window", above=True),
    Column("ops_per_s", "number", "1/s", "operations of all workers per second", above=True,
           better="higher"),
    ns("ns_per_op", "window_ns / ops: wall time per operation of all workers together; empty in "
       "latency windows", above=True, better="lower"),
    share("overlap_ratio", "share of the window in which all workers ran"),
    ns("start_skew_ns", "last start minus first start"),
    share("fairness_jain", "Jain's index over the workers' operations; 1 is fair; of channels, that "
          "of senders or receivers, whichever is lower", above=True, better="higher"),
    share("fairness_min_max", "least worker's operations / most worker's; of channels as above",
          better="higher"),
    ns("latency_p50_ns", "median of the timed operations", better="lower"),
    ns("latency_p99_ns", "99th percentile", better="lower"),
    ns("latency_p999_ns", "99.9th percentile", better="lower"),
    ns("latency_max_ns", "longest timed operation", better="lower"),
    count("latency_samples", "timed operations"),
    ns("clock_ns", "cost of one clock read; inside every timed operation", above=True),
    count("voluntary_switches", "context switches by blocking"),
    count("involuntary_switches", "context switches by preemption"),
    count("migrations", "moves of workers between CPUs"),
    pct("steal_pct", "CPU time the hypervisor took"),
    pct("other_cpu_pct", "CPU time of other processes and of interrupts", high=None),
    pct("run_delay_pct", "time that workers were runnable but not running", high=None),
    Column("freq_mhz", "number", "MHz", "CPU frequency measured by a dependent-add loop",
           above=True),
    pct("freq_drift_pct", "change of that frequency over the window", low=-100, high=None),
    count("throttled", "periods in which the cgroup's CPU quota stopped the workers"),
    ns("hop_ns", "one-way core-to-core hop of the CPUs in use, before the window", above=True,
       better="lower"),
    ns("hop_after_ns", "the same after the window", above=True),
    Column("scaling_ratio", "number", "ratio", "speed of a thread with its own padded counter, all "
           "threads running, against alone; 1 is perfect; empty with one thread or too few cores",
           above=True, better="higher"),
    count("attempts", "windows measured until one was quiet or the last was kept", low=1, high=4),
)

TAIL = (
    count("verified", "1: the oracle passed; 0: it failed (a lossy contestant, or a failed row)",
          high=1, unit="", required=True),
    Column("noise", "choice", "", "verdict on the window; empty on failed rows",
           choices=("ok", "noisy", "")),
    Column("flags", "flags", "", "what was special, see below"),
)
