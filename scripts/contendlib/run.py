"""contend run: what is to be measured, and where it goes. session.py does it."""

import os
import pathlib
import secrets
import shutil
import sys

from contendlib import binaries, options, peers, rundir, schema
from contendlib.errors import EnvironmentProblem, InputError, OutputError, UsageError, printable
from contendlib.families import CONTROL, FAMILIES
from contendlib.session import NO_GNUPLOT, Session, say
from contendlib.signals import Relay


def add_arguments(parser):
    parser.usage = "contend run [options] [--benchmark_...]"
    parser.add_argument("--families", metavar="A,B",
                        help=f"of {', '.join(FAMILIES)} (default: all)")
    options.add_arguments(parser)
    group = parser.add_argument_group("how the run goes")
    group.add_argument("--budget", type=options.seconds, metavar="10m",
                       help="time for all families together; windows, then repetitions, give way")
    group.add_argument("--resume", nargs="?", const="", metavar="DIR",
                       help="go on with an interrupted run (default: the newest below --out)")
    group.add_argument("--out", type=options.folder, metavar="DIR",
                       help="takes the place of results/ (default: the checkout's)")
    group.add_argument("--no-plots", action="store_true", help="no charts")
    group.add_argument("--require-charts", action="store_true", help="no charts is a failure (4)")
    group.add_argument("--quiet", action="store_true", help="no progress")
    group.add_argument("--verbose", action="store_true",
                       help="Google Benchmark's own table too, on stderr")
    group.add_argument("--json", action="store_true", help="the outcome as JSON on stdout")
    parser.epilog = ("All --benchmark_* flags go to Google Benchmark. Exit codes: 0 ok, 1 a "
                     "benchmark failed, 2 usage, 3 bad input file, 4 environment, 5 output, "
                     "130/143 signals.")


def parse(parser, argv):
    args, unknown = parser.parse_known_args(argv)
    args.benchmark = options.split_unknown(unknown)
    return args


def main(args):
    chosen = options.collect(args, args.benchmark)
    if args.no_plots and args.require_charts:
        raise UsageError("run: --no-plots and --require-charts exclude each other")
    if args.require_charts and shutil.which("gnuplot") is None:
        raise EnvironmentProblem(f"--require-charts: {NO_GNUPLOT}")
    with Relay() as relay:
        session = resume(args, chosen) if args.resume is not None else prepare(args, chosen)
        try:
            return session.go(relay)
        finally:
            session.close()


def pick_families(args, control):
    if control:
        if args.families is not None:
            raise UsageError("run: --control measures the harness, it does not take --families")
        return [CONTROL]
    if args.families is None:
        return list(FAMILIES.values())
    names = list(dict.fromkeys(args.families.split(",")))
    for name in names:
        if name not in FAMILIES:
            raise UsageError(f"run: unknown family '{name}', known are: {', '.join(FAMILIES)}")
    return [FAMILIES[name] for name in names]


def preflight(args, families, chosen):
    """Asks every binary whether it can do what was asked for, before a folder is made.

    A family that was not named, and in which the options leave nothing, is left out.
    """
    kept, refusals = [], []
    for family in families:
        try:
            binaries.ask(family.binary, "--plan", "--json", *options.to_argv(chosen))
            kept.append(family)
        except UsageError as error:
            if args.families is not None:
                raise
            refusals.append((family, error))
    if not kept:
        raise refusals[0][1]
    for family, error in refusals:
        say(args, f"{family.name} is left out: {error}")
    if "with_peers" in chosen:
        if not any(peers.of_family(binaries.ask(family.binary, "--list", "--json"))
                   for family in kept):
            raise EnvironmentProblem("--with-peers: no peer library is part of this build; "
                                     "scripts/run --with-peers installs and builds them")
        for line in peers.missing(peers.state()):
            say(args, line)
    return kept


def this_machine():
    """The CPU's slug and the suite's commit, fit to be names of folders."""
    environment = binaries.ask(binaries.HOST, "environment")
    slug = _text(environment, "cpu", "slug")
    commit = _text(environment, "suite", "commit")[:7]
    if not rundir.SLUG.match(slug) or ".." in slug:
        slug = "unknown-cpu"
    if not rundir.NAME.match(f"00000000T000000Z-{commit}"):
        commit = "0000000"
    return slug, commit


def _text(value, *keys):
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) else ""


def output_folder(args):
    return args.out if args.out is not None else str(binaries.ROOT / "results")


def prepare(args, chosen):
    families = preflight(args, pick_families(args, "control" in chosen), chosen)
    slug, sha7 = this_machine()
    made = rundir.create(output_folder(args), slug, sha7)
    path = made[-1]
    run_id = f"{path.name}-{secrets.token_hex(2)}"
    description = {"schema_version": schema.SCHEMA_VERSION, "run_id": run_id, "argv": sys.argv[1:],
                   "options": chosen, "families": [f.name for f in families],
                   "cpu": slug, "commit": sha7}
    session = Session(args, path, rundir.lock(path), run_id, families, chosen, made, description)
    try:
        session.write_description()
    except BaseException:
        session.discard()
        session.close()
        raise
    return session


def resume(args, chosen):
    if chosen or args.families is not None:
        raise UsageError("run: --resume takes what is measured from the run's run.json")
    slug, sha7 = this_machine()
    path = (pathlib.Path(os.path.abspath(args.resume)) if args.resume
            else rundir.newest_unfinished(output_folder(args), slug))
    if path is None:
        raise UsageError(f"run: nothing to resume below {output_folder(args)}/{slug}")
    lock = rundir.lock(path)
    try:
        description, families = read_description(path / "run.json", slug, sha7)
        for family in families:
            binaries.find(family.binary)
        try:
            rundir.probe(path)
        except OSError as error:
            raise OutputError(f"cannot write to {path}: {rundir.reason(error)}") from None
    except BaseException:
        os.close(lock)
        raise
    return Session(args, path, lock, description["run_id"], families, description["options"], [],
                   description)


def read_description(path, slug, sha7):
    run = rundir.read_json(path)
    version = run.get("schema_version")
    if version != schema.SCHEMA_VERSION or type(version) is not int:
        raise InputError(f"the run was begun with schema version {printable(str(version))}, "
                         f"expected {schema.SCHEMA_VERSION}: this contend writes other columns, "
                         "start a new run", path)
    run_id, names = run.get("run_id"), run.get("families")
    if not isinstance(run_id, str) or not rundir.RUN_ID.match(run_id):
        raise InputError("run_id is not like 20261121T092419Z-0123abc-4d5e", path)
    known = {**FAMILIES, CONTROL.name: CONTROL}
    if not isinstance(names, list) or not names or any(n not in known for n in map(str, names)):
        raise InputError(f"families is not a list of {', '.join(known)}", path)
    options.check(run.get("options"), path)
    for key, now, what in (("cpu", slug, "on"), ("commit", sha7, "by commit")):
        if run.get(key) != now:
            was = printable(str(run.get(key)))
            raise EnvironmentProblem(
                f"{path.parent} was begun {what} {was}, this is {now}: its windows cannot be mixed")
    return run, [known[name] for name in names]
