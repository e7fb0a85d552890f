"""contend doctor: what on this machine makes numbers worse, and what to do about it."""

import json
import os
import subprocess
import sys
import time

from contendlib import binaries, doctor_checks, packages, peers, system
from contendlib.cli import one_line
from contendlib.errors import ContendError
from contendlib.families import FAMILIES

SAMPLE_S = 0.3


def add_arguments(parser):
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--out", metavar="DIR", default=str(binaries.ROOT / "results"),
                        help="where results will go (default: the checkout's results/)")
    parser.add_argument("--self-test", action="store_true",
                        help="also time the harness itself: gate skew, overlap, floor, hop")


def examine(tree, out, self_pid):
    """Every Finding on the machine below tree."""
    before, jiffies_before = system.process_times(tree), system.cpu_jiffies(tree)
    began = time.monotonic()
    findings = [f for check in doctor_checks.TREE_CHECKS for f in check(tree)]
    time.sleep(max(0.0, SAMPLE_S - (time.monotonic() - began)))
    seconds = time.monotonic() - began
    after, jiffies_after = system.process_times(tree), system.cpu_jiffies(tree)
    shares = system.busy(before, after, seconds, os.sysconf("SC_CLK_TCK"), without=(self_pid,))
    findings += doctor_checks.processes(shares)
    findings += doctor_checks.steal(jiffies_before, jiffies_after, jiffies_after)
    findings += doctor_checks.priority()
    findings += doctor_checks.disk(out)
    findings += doctor_checks.packages(packages.missing("run"))
    missing, environment = state_of_build()
    findings += doctor_checks.build(missing, environment)
    built = peers.in_environment(environment)
    findings += doctor_checks.peers(peers.present(built), peers.missing(built))
    return findings


def state_of_build():
    missing = []
    for name in dict.fromkeys([*(f.binary for f in FAMILIES.values()), binaries.HOST]):
        try:
            binaries.find(name)
        except ContendError:
            missing.append(name)
    if missing:
        return missing, None
    try:
        return [], binaries.ask(binaries.HOST, "environment")
    except ContendError:
        return [], None


def main(args):
    findings = examine(system.Tree(), args.out, os.getpid())
    code = 4 if any(f.blocking for f in findings) else 0
    ranked = sorted(findings, key=lambda f: -doctor_checks.LEVELS.index(f.level))
    if args.json:
        answer = {"schema_version": 1, "worst": ranked[0].level,
                  "findings": [vars(f) for f in ranked]}
        if args.self_test:
            answer["self_test"] = binaries.ask(binaries.HOST, "self-test", "--json")
        print(json.dumps(answer, indent=1))
        return code
    width = max(len(f.name) for f in ranked)
    for finding in ranked:
        print(one_line(f"{finding.level:<4}  {finding.name:<{width}}  {finding.found}"))
        if finding.advice and finding.level != "ok":
            print(one_line(f"      {'':<{width}}    -> {finding.advice}"))
    if args.self_test:
        code = max(code, self_test())
    return code


def self_test():
    program = binaries.find(binaries.HOST)
    print("\nself-test of the harness", flush=True)
    done = subprocess.run([program, "self-test"], stdin=subprocess.DEVNULL, check=False)
    if done.returncode != 0:
        print(f"contend: {binaries.HOST} self-test ended with {done.returncode}", file=sys.stderr)
        return done.returncode if 0 < done.returncode <= 5 else 4
    return 0
