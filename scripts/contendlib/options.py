"""The options of `contend run` that the family binaries understand too.

One table drives the command line, run.json (which is read back by --resume, so it is checked like
any input) and the argv of the binaries.
"""

import argparse
import os
import re
from dataclasses import dataclass
from typing import Callable

from contendlib.errors import InputError, UsageError

TEXT_LIMIT = 500
GBENCH = "--benchmark_"

# These the run sets itself, or they ask for something other than a run.
GBENCH_REFUSED = {
    "benchmark_out": "contend run writes Google Benchmark's JSON into the run folder itself",
    "benchmark_out_format": "contend run writes Google Benchmark's JSON into the run folder itself",
    "benchmark_list_tests": "contend list does that",
}


def text(value):
    if not value or len(value) > TEXT_LIMIT:
        raise argparse.ArgumentTypeError(f"must have 1 to {TEXT_LIMIT} characters")
    if "\0" in value:
        raise argparse.ArgumentTypeError("must not hold a NUL byte")
    return value


def folder(value):
    if not value:
        raise argparse.ArgumentTypeError("an empty name is no folder")
    return value


def file(value):
    """A path that still leads there when the run is resumed from another folder."""
    return text(os.path.abspath(text(value)))


def count(low, high):
    def parse(value):
        if not re.fullmatch(r"[0-9]{1,20}", value) or not low <= int(value) <= high:
            raise argparse.ArgumentTypeError(
                f"'{value}' is not a whole number from {low} to {high}")
        return value
    return parse


def threads(value):
    parts = value.split(",")
    fine = all(re.fullmatch("[0-9]{1,4}", p) and 1 <= int(p) <= 4096 for p in parts)
    if not fine or len(parts) > 64:
        raise argparse.ArgumentTypeError(
            f"'{value}' is not a list of up to 64 numbers from 1 to 4096 such as 1,2,4")
    return value


def where(value):
    if not re.fullmatch(r"p_[a-z0-9_]{1,28}=[0-9]{1,18}(,[0-9]{1,18}){0,15}", value):
        raise argparse.ArgumentTypeError(f"'{value}' is not like p_read_pct=90,99")
    return value


def seconds(value):
    """A length of time such as 90, 90s, 10m or 1.5h, in whole seconds."""
    match = re.fullmatch(r"([0-9]{1,7}(?:\.[0-9]{1,3})?)([smh]?)", value)
    total = match and float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]]
    if not total or not 1 <= total <= 1_000_000:
        raise argparse.ArgumentTypeError(f"'{value}' is not a time such as 90s, 10m or 2h")
    return int(total)


@dataclass(frozen=True)
class Option:
    name: str
    parse: Callable | None  # None: a switch
    metavar: str | None
    help: str
    repeats: bool = False
    choices: tuple | None = None

    @property
    def key(self):
        return self.name.replace("-", "_")


TABLE = (
    Option("contestants", text, "REGEX", "only these (POSIX extended, whole name)"),
    Option("with-peers", None, None, "other people's libraries and Go too (LIBRARY:THING), where "
           "they were built in; so does a colon in --contestants"),
    Option("workloads", text, "REGEX", "only these"),
    Option("threads", threads, "1,2,4", "these numbers of workers, not the default sweep"),
    Option("exec", text, "thread,task", "what the workers are; both at key points by default"),
    Option("placement", text, "P", "where they are bound: compact, scatter, smt, cores, ..."),
    Option("where", where, "p_X=A,B", "only these values of a parameter; may be repeated",
           repeats=True),
    Option("trace", file, "FILE", "a trace of yours to replay (cache): lirs, ARC, or libCacheSim's "
           "csv or oracleGeneral"),
    Option("reps", count(1, 10000), "N", "windows per point"),
    Option("window-ms", count(1, 60000), "N", "length of a window"),
    Option("warmup-ms", count(1, 60000), "N", "length of the warm-up before it"),
    Option("slow", text, "NAME=PCT", "plant a slow-down in one contestant, to see it found"),
    Option("seed", count(0, 2**63 - 1), "N", "order of the windows and of what workers draw"),
    Option("quick", None, None, "few points, short windows: minutes"),
    Option("full", None, None, "every point, long windows: hours"),
    Option("control", text, "aa|slowdown|all", "measure the harness itself, not a family",
           choices=("aa", "slowdown", "all")),
    Option("pairs", count(1, 10000), "N", "pairs of windows, with --control"),
)


def add_arguments(parser):
    group = parser.add_argument_group("what is measured")
    for option in TABLE:
        if option.parse is None:
            group.add_argument(f"--{option.name}", action="store_true", help=option.help)
        else:
            group.add_argument(f"--{option.name}", type=option.parse, metavar=option.metavar,
                               help=option.help, choices=option.choices,
                               action="append" if option.repeats else "store")


def collect(args, passed_on):
    """The options given, as run.json holds them: {"reps": "10", "quick": true, ...}."""
    chosen = {o.key: getattr(args, o.key) for o in TABLE if getattr(args, o.key)}
    if passed_on:
        chosen["benchmark"] = passed_on
    if "quick" in chosen and "full" in chosen:
        raise UsageError("run: --quick and --full exclude each other")
    if "pairs" in chosen and "control" not in chosen:
        raise UsageError("run: --pairs needs --control")
    return chosen


def split_unknown(unknown):
    """Of what argparse did not know, Google Benchmark's flags; anything else is a mistake."""
    for word in unknown:
        if not re.match(GBENCH + r"[a-z_]+(=|\Z)", word):
            raise UsageError(f"run: unknown argument '{word}' (see contend run --help)")
        name = word[2:].split("=", 1)[0]
        if name in GBENCH_REFUSED:
            raise UsageError(f"run: --{name}: {GBENCH_REFUSED[name]}")
    return unknown


def to_argv(chosen):
    argv = []
    for option in TABLE:
        value = chosen.get(option.key)
        if value is None:
            continue
        if option.parse is None:
            argv.append(f"--{option.name}")
        else:
            for one in value if option.repeats else [value]:
                argv += [f"--{option.name}", one]
    return argv + chosen.get("benchmark", [])


def check(chosen, path):
    """What run.json holds must be what collect() could have made."""
    if not isinstance(chosen, dict):
        raise InputError("options is not an object", path)
    known = {o.key: o for o in TABLE}
    for key, value in chosen.items():
        try:
            if key == "benchmark" and _texts(value):
                split_unknown(value)
            elif key not in known:
                raise InputError(f"unknown option '{key}'", path)
            elif known[key].parse is None:
                if value is not True:
                    raise argparse.ArgumentTypeError("is not true")
            elif known[key].repeats and _texts(value):
                for one in value:
                    known[key].parse(one)
            elif isinstance(value, str) and not known[key].repeats:
                known[key].parse(value)
                if known[key].choices and value not in known[key].choices:
                    raise argparse.ArgumentTypeError(f"'{value}' is not one of its choices")
            else:
                raise argparse.ArgumentTypeError("has the wrong type")
        except (argparse.ArgumentTypeError, UsageError) as error:
            raise InputError(f"option {key}: {error}", path) from None
    return chosen


def _texts(value):
    return isinstance(value, list) and all(isinstance(v, str) and "\0" not in v for v in value)
