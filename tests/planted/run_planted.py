#!/usr/bin/env python3
"""Plants each bug of list.txt and demands that its test fails.

usage: run_planted.py --source DIR --build DIR [--base DIR] [--cc CC] [--cxx CXX] [--jobs N]
                      [--sim] [NAME ...]

--base is a Release build without any bug; without it, one is made in --build. For each bug only the
files that mention it are compiled again (planted_build.py). A command that fails without any bug
would catch everything, so each must pass first.

Rows whose target is `sim` are checked with --sim, and only they are: the programs that they name
run under the deterministic scheduler.

Exit codes: 0 all caught, 1 a bug survived or a command fails without one, 2 usage, 4 no build.
"""

import argparse
import collections
import concurrent.futures
import os
import re
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time

import sim_report
from planted_build import PlantedBuild

RUN_LIMIT_S = 60  # far above every test's own watchdog
WATCHDOG_S = "4"  # a hang is a catch; do not wait long for it
ATTEMPTS = 6  # a race may be missed some times
IDLE_S = 0.5  # without using a CPU: it hangs or sleeps, and another may run meanwhile
WAITING = 4  # so many may hang or sleep beside those that run
SIM = "sim"
EXPLORER = "sim_explore"
# What a test says once it has failed: the rest of its run would show nothing more.
VERDICT = re.compile(r"\[  FAILED  \] \S|watchdog:")

Plant = collections.namedtuple("Plant", "name targets command what")


class BuildError(Exception):
    pass


def read_list(path):
    plants = []
    with open(path, encoding="utf-8") as f:
        for number, line in enumerate(f, 1):
            line = line.strip()
            if not line or line.startswith("#"):
                continue
            cells = [c.strip() for c in line.split("|")]
            if len(cells) != 4 or not re.fullmatch(r"[a-z][a-z0-9_]*", cells[0]):
                sys.exit(f"{path}:{number}: expected name | targets | command | what it breaks")
            targets = cells[1].split()
            command = shlex.split(cells[2]) if cells[2] != "-" else ["./" + targets[0]]
            if targets == [SIM] and cells[2] == "-":
                sys.exit(f"{path}:{number}: expected the names of client programs")
            plants.append(Plant(cells[0], targets, command, cells[3]))
    return plants


class Workshop:
    """Builds programs with bugs in them, and runs commands in folders that hold them."""

    def __init__(self, args, targets):
        self.source = args.source
        self.scratch = args.build
        self.cpus = threading.Semaphore(args.jobs)  # one for each that builds or runs
        os.makedirs(self.scratch, exist_ok=True)
        folder = args.base or self.configure(args)
        self.bin = os.path.join(folder, "bin")
        self.built = PlantedBuild(folder, self.call, targets)

    def configure(self, args):
        folder = os.path.join(args.build, "base")
        command = ["cmake", "-S", args.source, "-B", folder, "-G", "Ninja",
                   "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_FLAGS_RELEASE=-O2 -g1",
                   "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -g1"]
        if args.cc:
            command.append(f"-DCMAKE_C_COMPILER={args.cc}")
        if args.cxx:
            command.append(f"-DCMAKE_CXX_COMPILER={args.cxx}")
        self.call(command)
        return folder

    def call(self, command, cwd=None):
        done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True)
        if done.returncode:
            raise BuildError(f"{shlex.join(command)}\n{done.stdout}")

    def folder(self):
        return tempfile.TemporaryDirectory(prefix="plant", dir=self.scratch)

    def build(self, targets, name, folder):
        """Puts the programs into the folder. False if the bug is in none of them."""
        found = False
        for target in targets:
            with self.cpus:
                planted = name and self.built.build(target, name, folder)
            if planted:
                found = True
            else:
                os.symlink(os.path.join(self.bin, target), os.path.join(folder, target))
        return found

    def run(self, folder, command, verdict=None):
        """(exit status, output); None for a process that had to be killed.

        With a verdict, a pattern, the first line that begins with it ends the run: status 1."""
        env = dict(os.environ, CONTEND_BIN=folder, PYTHONPATH=os.path.join(self.source, "scripts"))
        if verdict:
            env["CT_WATCHDOG_S"] = WATCHDOG_S
        self.cpus.acquire()
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, errors="replace",
                                   start_new_session=True)
        over, late = threading.Event(), threading.Event()
        lender = threading.Thread(target=self.lend_cpu, args=(process.pid, over))
        timer = threading.Timer(RUN_LIMIT_S, lambda: (late.set(), end(process)))
        lender.start()
        timer.start()
        try:
            status, output = follow(process, verdict)
        finally:
            timer.cancel()
            over.set()
            lender.join()
        return None if late.is_set() else status, output

    def lend_cpu(self, pid, over):
        """Gives the process's CPU back: when it is over, or as soon as it uses none."""
        before, still = None, 0
        while still < 2 and not over.wait(IDLE_S / 2):
            now = cpu_time(pid)
            still = still + 1 if now == before else 0
            before = now
        self.cpus.release()


def cpu_time(pid):
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
            return f.read().rpartition(")")[2].split()[11:13]
    except OSError:
        return None


def follow(process, verdict):
    """(exit status, output). The first line that is a verdict ends the process: status 1."""
    with process.stdout:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if verdict and verdict.match(line):
                end(process)
                process.wait()
                return 1, "".join(lines)
    return process.wait(), "".join(lines)


def end(process):
    """Kills it and what it has started."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def reason(status, output):
    """What caught it, in a few words."""
    test = None
    for line in output.splitlines():
        match = re.match(r"\[ RUN +\] (\S+)", line)
        if match:
            test = match.group(1)
        match = re.match(r"\[  FAILED  \] (\S+)", line)
        if match:
            return f"{match.group(1)} failed"
        if line.startswith("watchdog:"):
            return f"{test} hung (watchdog)" if test else "hung (watchdog)"
        match = re.search(r"contend: panic: (.*)", line)
        if match and test:
            return f"{test}: panic: {re.sub(r' 0x[0-9a-f]+', '', match.group(1))}"
    if status < 0:
        return f"{test or 'died'}: {signal.Signals(-status).name}"
    return f"exit status {status}"


def check_one(shop, plant):
    """(caught, how, attempts)"""
    with shop.folder() as folder:
        if not shop.build(plant.targets, plant.name, folder):
            return False, "no file of the program mentions it", 0
        for attempt in range(1, ATTEMPTS + 1):
            status, output = shop.run(folder, plant.command, VERDICT)
            if status is None:
                return False, "ran into the time limit", attempt
            if status:
                return True, reason(status, output), attempt
    return False, f"passed {ATTEMPTS} times", ATTEMPTS


def check_one_sim(shop, plant):
    """(caught, how, attempts)"""
    with shop.folder() as folder:
        if not shop.build([EXPLORER], plant.name, folder):
            return False, "no file of the simulator mentions it", 0
        status, output = shop.run(folder, [f"./{EXPLORER}", "find", *plant.command])
    if status is None:
        return False, "ran into the time limit", 1
    if status == 0:
        return False, "no schedule fails", 1
    if status != 1:
        return False, f"exit status {status}", 1
    return True, " ".join(filter(None, sim_report.reason(output))), 1


def timed(check, shop, plant):
    started = time.monotonic()
    return *check(shop, plant), time.monotonic() - started


def check_without(shop, threads, commands):
    """Commands that fail though nothing is planted, with what they say.

    Two at once take time from each other, so what fails gets the machine to itself once."""

    def one(row):
        targets, command = row
        with shop.folder() as folder:
            shop.build(targets, None, folder)
            return shop.run(folder, list(command))

    again = [row for row, (status, _) in zip(commands, threads.map(one, commands)) if status != 0]
    results = [(command, *one((targets, command))) for targets, command in again]
    return [(command, output) for command, status, output in results if status != 0]


def unplanted(plants, sim):
    """What must pass without a bug: (targets, command) of each."""
    if sim:
        programs = {name for p in plants for name in p.command}
        return [((EXPLORER,), (f"./{EXPLORER}", "find", p)) for p in sorted(programs)]
    return sorted({(tuple(p.targets), tuple(p.command)) for p in plants})


def check_all(args, plants, threads):
    """How many survived; all of them if commands fail without a bug."""
    targets = [EXPLORER] if args.sim else sorted({t for p in plants for t in p.targets})
    shop = Workshop(args, targets)
    if args.sim:
        _, listing = shop.run(shop.bin, [f"./{EXPLORER}", "list"])
        known = sim_report.programs(listing)
        unknown = {name for p in plants for name in p.command} - known
        if unknown:
            raise BuildError(f"no client program {', '.join(sorted(unknown))}")
    failed = check_without(shop, threads, unplanted(plants, args.sim))
    for command, output in failed:
        print(f"contend: {shlex.join(command)} fails without any planted bug:\n{output}",
              file=sys.stderr)
    if failed:
        return len(plants)
    width = max(len(p.name) for p in plants) + 2
    survivors, again = 0, []
    check = check_one_sim if args.sim else check_one
    print(f"{'name':{width}}{'caught by':24}how")
    checks = [threads.submit(timed, check, shop, p) for p in plants]
    for plant, future in zip(plants, checks):
        caught, how, attempts, seconds = future.result()
        by = plant.targets[0] if caught else "NOT CAUGHT"
        if caught and attempts > 1:
            how += f", attempt {attempts}"
            again.append(f"{plant.name} {attempts}")
        print(f"{plant.name:{width}}{by:24}{how}  ({seconds:.1f} s)", flush=True)
        survivors += not caught
    print(f"more than one attempt: {', '.join(again) or 'none'}")
    return survivors


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--base")
    parser.add_argument("--cc")
    parser.add_argument("--cxx")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sim", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    args.source, args.build = os.path.abspath(args.source), os.path.abspath(args.build)
    if args.base:
        args.base = os.path.abspath(args.base)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "list.txt")
    plants = [p for p in read_list(path) if (p.targets == [SIM]) == args.sim]
    unknown = set(args.names) - {p.name for p in plants}
    if unknown:
        parser.error(f"not in {path}: {', '.join(sorted(unknown))}")
    if args.names:
        plants = [p for p in plants if p.name in args.names]

    try:
        with concurrent.futures.ThreadPoolExecutor(args.jobs + WAITING) as threads:
            survivors = check_all(args, plants, threads)
    except BuildError as e:
        print(f"contend: planted bugs: the build failed: {e}", file=sys.stderr)
        return 4
    kind = "found by the simulator" if args.sim else "caught"
    print(f"{len(plants) - survivors} of {len(plants)} planted bugs {kind}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
