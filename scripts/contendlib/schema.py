"""The columns of a result file: the one place in Python that knows them.

A family is one entry in schema_families.FAMILIES. The header, the reader's checks, the parameters
of a point and the tables in results/README.md all follow from there (`python3 -m contendlib.schema`
prints them). The writer's own list is lib/harness/record.h; tests/py/test_results_readme.py holds
both together.

Files of older versions are read for ever, with the columns that they had: a column says since which
version it is there. A new column or family raises SCHEMA_VERSION, once for each release.
"""

from contendlib.schema_columns import (FLAGS, KEYS, METRICS, NAME, NAME_LIMIT, NAME_RULE, TAIL,
                                       Column, Family)
from contendlib.schema_families import FAMILIES

__all__ = ["FAMILIES", "FLAGS", "NAME", "NAME_LIMIT", "NAME_RULE", "SCHEMA_VERSION", "Column",
           "Family", "column", "columns", "families", "family", "header", "house", "metric_names",
           "other_contract", "params", "readme_table", "role"]

SCHEMA_VERSION = 3


def family(name):
    """The Family called `name`, or None."""
    return FAMILIES.get(name)


def _of(columns_, version):
    return tuple(c for c in columns_ if c.since <= version)


def params(family_name, version=SCHEMA_VERSION):
    """Names of the family's parameters, in column order."""
    return tuple(c.name for c in _of(FAMILIES[family_name].params, version))


def columns(family_name, version=SCHEMA_VERSION):
    """Every Column of a family's file of that version, in order."""
    entry = FAMILIES[family_name]
    return _of(KEYS + entry.params + METRICS + entry.metrics + entry.words + TAIL, version)


def header(family_name, version=SCHEMA_VERSION):
    """The names of a family's columns, in the exact order of its file."""
    return [c.name for c in columns(family_name, version)]


def metric_names(family_name, version=SCHEMA_VERSION):
    return tuple(c.name for c in _of(METRICS + FAMILIES[family_name].metrics, version))


def families(version=SCHEMA_VERSION):
    """Names of the families that files of that version may be of."""
    return tuple(f.name for f in FAMILIES.values() if f.since <= version)


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
            since = f" (since version {c.since})" if c.since > 1 else ""
            lines.append(f"| `{c.name}` | {c.unit} | {values} | {c.description}{since} |")
        lines.append("")

    table("Keys", KEYS)
    for entry in FAMILIES.values():
        since = f", since version {entry.since}" if entry.since > 1 else ""
        table(f"Parameters of `{entry.name}`{since}", entry.params)
    table("Metrics of every family", METRICS)
    for entry in FAMILIES.values():
        if entry.metrics:
            table(f"Metrics of `{entry.name}` only", entry.metrics)
    for entry in FAMILIES.values():
        if entry.words:
            table(f"Words of `{entry.name}` only", entry.words)
    table("Tail", TAIL)
    return "\n".join(lines)


if __name__ == "__main__":
    print(readme_table())
