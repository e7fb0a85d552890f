"""Rows into points: all repetitions of one contestant in one setting, and their median.

What versus, compare and the charts share, so that all leave out, count and mark the same rows.
"""

from dataclasses import dataclass
from typing import NamedTuple

from contendlib import schema, stats
from contendlib.errors import UsageError, printable


class Key(NamedTuple):
    """A point. `params` is ((name, value or None), ...) in column order."""

    family: str
    contestant: str
    workload: str
    exec: str
    placement: str
    threads: int
    params: tuple

    def setting(self):
        """Everything but the contestant: equal settings may be compared."""
        return self._replace(contestant="")

    def param(self, name):
        return dict(self.params).get(name)

    def where(self):
        """The setting as a dict, without empty parameters: for JSON and for people."""
        named = {name: getattr(self, name)
                 for name in ("family", "workload", "exec", "placement", "threads")}
        named.update((n, v) for n, v in self.params if v is not None)
        return named


@dataclass(frozen=True)
class Point:
    """`rows` are the rows used, by repetition; `samples` their metric, in the same order.

    A point whose rows all failed has n = 0 and no median, so that it can be named.
    """

    key: Key
    metric: str
    rows: tuple
    samples: tuple
    failed: int             # rows that failed
    unverified: int         # rows left out because their oracle failed (lossy contestants)

    @property
    def n(self):
        return len(self.samples)

    @property
    def reps(self):
        return tuple(row["rep"] for row in self.rows)

    @property
    def median(self):
        return stats.median(self.samples) if self.samples else None

    @property
    def interval(self):
        """95 % interval of the median; None below 6 repetitions."""
        return stats.median_ci(self.samples)

    @property
    def lo(self):
        interval = self.interval
        return interval.low if interval else None

    @property
    def hi(self):
        interval = self.interval
        return interval.high if interval else None

    @property
    def noisy(self):
        """How many of the rows used were noisy."""
        return sum(row.noisy for row in self.rows)

    @property
    def flags(self):
        return frozenset(flag for row in self.rows for flag in row.flags)

    @property
    def hop(self):
        """Median core-to-core hop in ns; None where none was measured."""
        return self.median_of("hop_ns")

    def median_of(self, metric):
        """Median of another metric over the same rows; None where no row has it."""
        values = [row.get(metric) for row in self.rows if row.get(metric) is not None]
        return stats.median(values) if values else None


# Metrics, by their beginnings, that timing each operation does not bend.
UNBENT = ("latency_", "loads_per_expiry")

_BEFORE = {(family.name, c.name, workload): value for family in schema.FAMILIES.values()
           for c in family.params for workload, value in c.before}


def value(row, name):
    """The cell, or what all rows of an older schema version had that lacks its column."""
    return row[name] if name in row else _BEFORE.get((row["family"], name, row["workload"]))


def _param(row, name):
    found = value(row, name)
    return None if name == "p_sample_every" and not found else found


def row_key(row):
    """The point a row belongs to. p_sample_every 0 and empty mean the same, and become None.

    A parameter that the row's schema version did not have yet has the value that all such rows had.
    """
    family = row["family"]
    params = tuple((name, _param(row, name)) for name in schema.params(family))
    return Key(family, row["contestant"], row["workload"], row["exec"], row["placement"],
               row["threads"], params)


def condense(rows, metric="ns_per_op", lossy=False):
    """[Point] of rows of one run, in the order in which their keys first appear.

    Failed rows never count. Rows whose oracle failed count only with `lossy` (a chart that marks
    them). A latency window (p_sample_every > 0) counts for UNBENT metrics alone: timing the
    operations slows them down. A point in which no row has the metric is left out.
    """
    if len({row["run_id"] for row in rows}) > 1:
        raise ValueError("rows of several runs: a point is never pooled over runs")
    groups = {}
    for row in rows:
        groups.setdefault(row_key(row), []).append(row)
    points = []
    for key, group in groups.items():
        if key.param("p_sample_every") and not metric.startswith(UNBENT):
            continue
        failed = sum(row.failed for row in group)
        # The reader has seen to it that a failed row has no metric at all.
        measured = [row for row in group if row.get(metric) is not None]
        used = sorted((row for row in measured if lossy or row["verified"]),
                      key=lambda row: row["rep"])
        dropped = len(measured) - len(used)
        if used or failed or dropped:
            points.append(Point(key, metric, tuple(used), tuple(row[metric] for row in used),
                                failed, dropped))
    return points


def check_metric(name):
    """The Column of a metric by name; UsageError for anything else."""
    metrics = {m for family in schema.FAMILIES for m in schema.metric_names(family)}
    if name not in metrics:
        known = ", ".join(sorted(metrics))
        raise UsageError(f"metric '{printable(name)}', expected one of {known}")
    return schema.column(name)


def parse_where(texts):
    """{column: [allowed values]} of "k=v,k2=v,w" texts; a part without = is one more value of k."""
    allowed = {}
    for text in texts or ():
        name = None
        for part in text.split(","):
            if "=" in part:
                name, part = part.split("=", 1)
            elif name is None:
                raise UsageError(f"--where '{printable(text)}', expected NAME=VALUE[,VALUE...]")
            column = schema.column(name)
            keys = {c.name for c in schema.KEYS}
            if column is None or not (name.startswith("p_") or name in keys):
                raise UsageError(f"--where '{printable(name)}', expected a key or p_ column")
            allowed.setdefault(name, []).append(_where_value(column, part))
    return allowed


def _where_value(column, text):
    """Empty text asks for an empty cell."""
    if text == "" or column.kind not in ("int", "number"):
        return text or None
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"--where {column.name}={printable(text)}, expected a number") from None


def matches(row, allowed):
    """True where every column in `allowed` has one of its values (an absent one is empty)."""
    return all(value(row, name) in values for name, values in allowed.items())
