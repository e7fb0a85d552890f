#!/usr/bin/env python3
"""Plants each bug of list.txt and demands that its test fails.

usage: run_planted.py --source DIR --build DIR [--cc CC] [--cxx CXX] [--jobs N] [--sim] [NAME ...]

Every worker configures one build folder once. Planting is one #define in a header that all files
of that build include, so changing the bug needs no new configuration and rebuilds only what the
test needs. A command that fails without any bug would catch everything, so each must pass first.

Rows whose target is `sim` are checked with --sim, and only they are: the programs that they name
run under the deterministic scheduler (sim_build.py).

Exit codes: 0 all caught, 1 a bug survived or a command fails without one, 2 usage, 4 no build.
"""

import argparse
import collections
import concurrent.futures
import os
import queue
import re
import shlex
import signal
import subprocess
import sys
import time

import sim_build

RUN_LIMIT_S = 60  # far above every test's own watchdog
WATCHDOG_S = "4"  # a hang is a catch; do not wait long for it
ATTEMPTS = 6  # a race may be missed some times
SIM = "sim"

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


class Worker:
    """One build folder, used by one thread at a time."""

    def __init__(self, args, index):
        self.source = args.source
        self.dir = os.path.join(args.build, f"worker{index}")
        self.bin = os.path.join(self.dir, "bin")
        self.header = os.path.join(self.dir, "plant.h")
        os.makedirs(self.dir, exist_ok=True)
        self.plant(None)
        flags = f"-include {self.header}"
        command = ["cmake", "-S", args.source, "-B", self.dir, "-G", "Ninja",
                   "-DCMAKE_BUILD_TYPE=Release", "-DCMAKE_C_FLAGS_RELEASE=-O2 -g1",
                   "-DCMAKE_CXX_FLAGS_RELEASE=-O2 -g1",
                   f"-DCMAKE_C_FLAGS={flags}", f"-DCMAKE_CXX_FLAGS={flags}"]
        if args.cc:
            command.append(f"-DCMAKE_C_COMPILER={args.cc}")
        if args.cxx:
            command.append(f"-DCMAKE_CXX_COMPILER={args.cxx}")
        self.call(command)

    def call(self, command, cwd=None):
        done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            raise BuildError(f"{shlex.join(command)}\n{done.stdout}")

    def plant(self, name):
        """Writes the header; None plants nothing."""
        text = f"#define CT_PLANT_{name} 1\n" if name else "/* no planted bug */\n"
        try:
            with open(self.header, encoding="utf-8") as f:
                if f.read() == text:
                    return
        except FileNotFoundError:
            pass
        with open(self.header, "w", encoding="utf-8") as f:
            f.write(text)

    def build(self, name, targets):
        self.plant(name)
        self.call(["cmake", "--build", self.dir, "-j", "2", "--target", *targets])

    def run(self, command, planted=True):
        """(exit status, output); None for a process that had to be killed."""
        env = dict(os.environ, CONTEND_BIN=self.bin,
                   PYTHONPATH=os.path.join(self.source, "scripts"))
        if planted:
            env["CT_WATCHDOG_S"] = WATCHDOG_S
        process = subprocess.Popen(command, cwd=self.bin, env=env, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, errors="replace",
                                   start_new_session=True)
        try:
            output, _ = process.communicate(timeout=RUN_LIMIT_S)
            return process.returncode, output
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            return None, output


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


def check_one(pool, plant):
    """(caught, how, seconds)"""
    worker = pool.get()
    started = time.monotonic()
    try:
        worker.build(plant.name, plant.targets)
        for _ in range(ATTEMPTS):
            status, output = worker.run(plant.command)
            if status is None:
                return False, "ran into the time limit", time.monotonic() - started
            if status:
                return True, reason(status, output), time.monotonic() - started
        return False, f"passed {ATTEMPTS} times", time.monotonic() - started
    finally:
        pool.put(worker)


def check_one_sim(build, worker, plant):
    """(caught, by, how, seconds)"""
    started = time.monotonic()
    with build.folder() as folder:
        program = build.build(plant.name, folder)
        if not program:
            return False, "", "no file of the simulator mentions it", time.monotonic() - started
        status, output = worker.run([program, "find", *plant.command])
    took = time.monotonic() - started
    if status is None:
        return False, "", "ran into the time limit", took
    if status == 0:
        return False, "", "no schedule fails", took
    if status != 1:
        return False, "", f"exit status {status}", took
    program, how = sim_build.reason(output)
    return True, program, how, took


def check_all_sim(args, plants, threads):
    """How many survived, and how many without a bug fail."""
    worker = Worker(args, 0)
    build = sim_build.SimBuild(worker.dir, worker.call)
    programs = sorted({name for p in plants for name in p.command})
    unknown = set(programs) - build.programs()
    if unknown:
        raise BuildError(f"no client program {', '.join(sorted(unknown))}")
    runs = threads.map(lambda p: worker.run(["./sim_explore", "find", p], planted=False), programs)
    failed = [output for status, output in runs if status != 0]
    if failed:
        print("contend: programs fail without any planted bug:", *failed, sep="\n",
              file=sys.stderr)
        return len(plants)
    survivors = 0
    print(f"{'name':38}{'caught by':28}how")
    checks = [threads.submit(check_one_sim, build, worker, p) for p in plants]
    for plant, check in zip(plants, checks):
        caught, by, how, seconds = check.result()
        print(f"{plant.name:38}{by if caught else 'NOT CAUGHT':28}{how}  ({seconds:.1f} s)",
              flush=True)
        survivors += not caught
    return survivors


def check_without(pool, commands):
    """Commands that fail though nothing is planted."""
    worker = pool.get()
    try:
        worker.build(None, sorted({t for targets, _ in commands for t in targets}))
        runs = [(command, worker.run(list(command), planted=False)) for _, command in commands]
        return [(command, output) for command, (status, output) in runs if status != 0]
    finally:
        pool.put(worker)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--source", required=True)
    parser.add_argument("--build", required=True)
    parser.add_argument("--cc")
    parser.add_argument("--cxx")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--sim", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    args.source, args.build = os.path.abspath(args.source), os.path.abspath(args.build)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "list.txt")
    plants = [p for p in read_list(path) if (p.targets == [SIM]) == args.sim]
    unknown = set(args.names) - {p.name for p in plants}
    if unknown:
        parser.error(f"not in {path}: {', '.join(sorted(unknown))}")
    if args.names:
        plants = [p for p in plants if p.name in args.names]

    pool = queue.Queue()
    survivors = 0
    try:
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as threads:
            if args.sim:
                survivors = check_all_sim(args, plants, threads)
                print(f"{len(plants) - survivors} of {len(plants)} planted bugs found by the "
                      "simulator")
                return 1 if survivors else 0
            for worker in threads.map(lambda i: Worker(args, i), range(args.jobs)):
                pool.put(worker)
            commands = sorted({(tuple(p.targets), tuple(p.command)) for p in plants})
            for command, output in check_without(pool, commands):
                print(f"contend: {shlex.join(command)} fails without any planted bug:\n{output}",
                      file=sys.stderr)
                survivors += 1
            if survivors:
                return 1
            print(f"{'name':32}{'caught by':20}how")
            checks = [threads.submit(check_one, pool, p) for p in plants]
            for plant, check in zip(plants, checks):
                caught, how, seconds = check.result()
                by = plant.targets[0] if caught else "NOT CAUGHT"
                print(f"{plant.name:32}{by:20}{how}  ({seconds:.1f} s)", flush=True)
                survivors += not caught
    except BuildError as e:
        print(f"contend: planted bugs: the build failed: {e}", file=sys.stderr)
        return 4
    print(f"{len(plants) - survivors} of {len(plants)} planted bugs caught")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
