"""What the report's tables are made of: their axes, and what more than one family's have."""

from dataclasses import dataclass
from typing import Callable

from . import plot_styles as styles
from .plot_layout import duration, number
from .plot_source import plural
from .report_html import join, tag
from .report_tables import contestant_name


@dataclass(frozen=True)
class Axis:
    """What varies along a table's side: `of` gives a key's place (for sorting), `text` its name."""

    title: str
    of: Callable
    text: Callable


@dataclass(frozen=True)
class Table:
    """Medians of one metric of one workload. `group` parts the points into tables and names them
    (None leaves a point out); `shown` replaces the median's text, with the point given."""

    workload: str
    metric: str
    words: str
    down: Axis
    across: Axis
    group: Callable = lambda key: (0, "")
    shown: Callable | None = None


def param(name, title, text=lambda v: number(v, 1)):
    return Axis(title, lambda key: key.param(name), text)


def known(value):
    return -1 if value is None else value


def rank(contestant):
    table = list(styles.STYLES)
    return (table.index(contestant) if contestant in table else len(table), contestant)


CONTESTANT = Axis("contestant", lambda key: rank(key.contestant),
                  lambda place: contestant_name(place[1]))
THREADS = Axis("", lambda key: key.threads, lambda t: plural(t, "thread"))
SHARDS = Axis("contestant", lambda key: (rank(key.contestant), known(key.param("p_shards"))),
              lambda place: join((contestant_name(place[0][1]),
                                  tag("small", plural(place[1], "shard"))))
              if place[1] > 0 else contestant_name(place[0][1]))
NS = "wall time per {}, ns, all threads together"


def hold(key):
    held = key.param("p_hold_ns") or 0
    return held, f"{duration(held)} held"


def tails(prefix):
    """The cell of a median with the p99 and the longest beneath."""
    def shown(point):
        rest = [point.median_of(f"{prefix}_{q}_ns") for q in ("p99", "max")]
        return join((duration(point.median), tag("small", " / ".join(
            "–" if v is None else duration(v) for v in rest))))
    return shown
