"""The report's tables of caches."""

from . import plot_styles as styles
from .plot_cache import USUAL, name, skew_name
from .plot_layout import number
from .plot_source import plural
from .report_axes import CONTESTANT, NS, SHARDS, THREADS, Table, hold, known, param, tails

BOUNDED = param("p_capacity", "", lambda n: f"{number(n, 1)} entries")
VALUES = param("p_value_bytes", "", lambda n: f"{plural(n, 'byte')} a value")


def _filled(key):
    """What was in a cache, where that is not the usual: [words], and a place for sorting."""
    found = [(column, key.param(column)) for column in ("p_keys", "p_value_bytes")]
    words = [f"{number(v, 1)} keys" if column == "p_keys" else f"values of {plural(v, 'byte')}"
             for column, v in found if v not in (None, USUAL[column])]
    return words, tuple(known(v) for _, v in found)


def _keys(key):
    """90 % reads of the usual keys, the curve over shards, come first."""
    reads, skew = key.param("p_read_pct"), key.param("p_skew")
    words = [f"{number(reads, 1)} % reads"] if reads is not None else []
    words += [skew_name(skew)] if skew is not None else []
    odd, place = _filled(key)
    return (bool(odd), *place, reads != 90, known(reads), known(skew)), ", ".join(words + odd)


def _sized(key):
    """What an entry takes does not depend on who asks: nine reads in ten stand for all."""
    keys = key.param("p_keys")
    return None if key.param("p_read_pct") != USUAL["p_read_pct"] else (
        known(keys), "" if keys is None else f"{number(keys, 1)} keys")


def _bound(key):
    skew, keys = key.param("p_skew"), key.param("p_keys")
    words = [] if keys is None else [f"{number(keys, 1)} keys"]
    words += [] if skew is None else [skew_name(skew).removesuffix(" keys")]
    return (known(keys), known(skew), key.threads), ", ".join(
        [*words, plural(key.threads, "worker")])


def _asked(key):
    keys = key.param("p_keys")
    return (known(keys), key.threads), ", ".join(
        ([] if keys is None else [f"{number(keys, 1)} keys"]) + [plural(key.threads, "worker")])


def _reads_alone(key):
    """How many hit does not depend on the threads: those of one stand for all."""
    reads, (odd, place) = known(key.param("p_read_pct")), _filled(key)
    return ((*place, reads), ", ".join([f"{number(reads, 1)} % reads, 1 thread", *odd])
            ) if key.threads == 1 else None


def hashes(rows):
    """"Hashed by ct_hash: concurrent, sharded; std_hash: ...", or None where no row says it."""
    by = {}
    for row in rows:
        if row.get("hash"):
            by.setdefault(row["hash"], []).append(row["contestant"])
    parts = [f"{function}: {', '.join(map(name, styles.order(who)))}"
             for function, who in sorted(by.items(), key=lambda h: (h[0] != "ct_hash", h[0]))]
    return "Keys are hashed by " + "; ".join(parts) + "." if parts else None


CACHE = (
    Table("get_set", "ns_per_op", NS.format("operation"), SHARDS, THREADS, _keys),
    Table("get_set", "hit_ratio", "gets that found their key, share", SHARDS,
          param("p_skew", "", skew_name), _reads_alone),
    Table("get_set", "latency_p50_ns", "one operation; below it p99 / longest", SHARDS, THREADS,
          _keys, tails("latency")),
    Table("get_set", "contended_pct", "acquisitions of a lock that found it held, %", SHARDS,
          THREADS, _keys),
    Table("get_set", "bytes_per_entry", "bytes of the full cache for each entry", SHARDS,
          VALUES, _sized),
    Table("aside", "ops_per_s", "lookups a second", SHARDS, BOUNDED, _bound),
    Table("aside", "hit_ratio", "lookups that found their key, share", SHARDS, BOUNDED, _bound),
    Table("aside", "evicted_pct", "entries put out to make room, % of lookups", SHARDS, BOUNDED,
          _bound),
    Table("stampede", "loads_per_expiry", "loads each time the hot key expires", SHARDS,
          THREADS),
    Table("stampede", "latency_p50_ns", "one get_or_load of the hot key; below it p99 / longest",
          SHARDS, THREADS, shown=tails("latency")),
    *(Table(workload, "ns_per_op", NS.format("operation"), SHARDS, THREADS, hold)
      for workload in ("section_inside", "section_outside")),
    *(Table(workload, "hit_ratio", "gets that found their key, share", CONTESTANT, BOUNDED,
            _asked)
      for workload in ("trace_zipf", "trace_scan", "trace_loop", "trace_shift",
                       "trace_recency", "trace_file")),
)
