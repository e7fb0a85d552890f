"""What differs between the machines, systems and builds of two runs, as far as they say.

Every value of environment.json is compared, so that a field which a later suite adds is too; what
changes from run to run by its nature is left out.
"""

import json
import math

from contendlib import stats
from contendlib.errors import printable
from contendlib.pairing import HOP_MOVED

UNKNOWN = "unknown"
IGNORED = ("schema_version", "run_id", "time_utc", "trust_reasons", "load", "clock.cost_ns",
           "cpu.tsc_mhz")
# The order of importance to a reader; what is not here follows by name.
FIRST = ("cpu", "measured", "topology", "limits", "host", "kernel", "libc", "compiler", "libraries",
         "suite")
DEPTH = 3                       # deeper than any field of ours: what is below is shown as JSON
MHZ_APART = 1.02


def differences(a, b):
    """[{"field", "a", "b"}] of two Runs; a value nobody recorded is "unknown"."""
    return _differences(a, b)[0]


def unknown(a, b):
    """Names of the fields that neither run could record: they may differ all the same."""
    return _differences(a, b)[1]


def _differences(a, b):
    left, right = (_flat(run.environment) for run in (a, b))
    found, silent = [], []
    for name in sorted(left.keys() | right.keys(), key=_importance):
        x, y = left.get(name, UNKNOWN), right.get(name, UNKNOWN)
        if x == y == UNKNOWN:
            silent.append(name)
        elif (x, isinstance(x, bool)) != (y, isinstance(y, bool)):     # True == 1 in Python
            found.append({"field": name, "a": x, "b": y})
    for metric, apart in (("hop_ns", HOP_MOVED), ("freq_mhz", MHZ_APART)):
        x, y = measured(a, metric), measured(b, metric)
        if (x is None) != (y is None) or (x is not None and max(x, y) > apart * min(x, y)):
            found.append({"field": f"measured.{metric}", "a": UNKNOWN if x is None else x,
                          "b": UNKNOWN if y is None else y})
    return sorted(found, key=lambda d: _importance(d["field"])), silent


def measured(run, metric):
    """Median of a metric over all windows of a run; None where none has it."""
    values = [v for row in run.rows() if (v := row.get(metric)) is not None]
    return finite(stats.median(values)) if values else None


def finite(value):
    """None for a median that overflowed: a file may hold any number that has a name."""
    return value if value is None or math.isfinite(value) else None


def same_cpu(a, b):
    """True, False, or None where a run does not say what it ran on."""
    slugs = []
    for run in (a, b):
        cpu = run.environment.get("cpu")
        slugs.append(cpu.get("slug") if isinstance(cpu, dict) else None)
    if not all(isinstance(s, str) and s not in ("", UNKNOWN) for s in slugs):
        return None
    return slugs[0] == slugs[1]


def _flat(value, path=(), found=None):
    """{"kernel.mitigations.spectre_v2": value}; lists, and what is too deep, as JSON text."""
    found = {} if found is None else found
    name = ".".join(path)
    if name in IGNORED:
        return found
    if isinstance(value, dict) and len(path) < DEPTH:
        for key, inner in value.items():
            _flat(inner, (*path, key), found)
    elif isinstance(value, (dict, list)):
        found[name] = _json(value)
    else:
        found[name] = UNKNOWN if value is None or value == "" else value
    return found


def _json(value):
    try:
        return json.dumps(value, sort_keys=True)
    except RecursionError:
        return "nested too deeply"


def _importance(name):
    group = name.split(".", 1)[0]
    return FIRST.index(group) if group in FIRST else len(FIRST), name


def shown(value, limit=60):
    """A value for the terminal: one line of printable ASCII, whatever the file says."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return printable(f"{value:.6g}" if isinstance(value, float) else str(value), limit)
