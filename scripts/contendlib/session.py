"""A run in its folder: one family's binary after the other, then charts, report and the outcome."""

import json
import os
import shlex
import shutil
import signal
import sys
import time

from contendlib import binaries, options, outcome, rundir
from contendlib.cli import one_line
from contendlib.errors import ContendError
from contendlib.signals import Interrupted

NO_GNUPLOT = "gnuplot not found (apt install gnuplot-nox)"
# What ends one family's binary with these would end the next one's too.
STOP_CODES = (2, 4, 5)


def warn(line):
    try:
        print(one_line(f"contend: {line}"), file=sys.stderr, flush=True)
    except OSError:
        pass  # a closed terminal is no reason to lose a run


def say(args, line):
    if not args.quiet:
        warn(line)


def signal_name(number):
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


class Session:
    """`lock` is held; `made` lists the folders made for this run, none when it is resumed."""

    def __init__(self, args, path, lock, run_id, families, chosen, made, description):
        self.args, self.path, self.lock, self.run_id = args, path, lock, run_id
        self.families, self.chosen = families, chosen
        self.made, self.description = made, description
        self.result = {}  # family: {"exit", "rows", "noisy", "failed"}
        self.charts = "not drawn"

    def close(self):
        os.close(self.lock)

    def write_description(self):
        rundir.write_json(self.path / "run.json", self.description)

    def has_windows(self):
        return any(rundir.csv_file(self.path, f.name) for f in self.families)

    def discard(self):
        """A new run that ended before its first window leaves nothing half-made."""
        for name in os.listdir(self.path):
            os.unlink(self.path / name)
        rundir.remove_empty(self.made)

    def go(self, relay):
        began = time.monotonic()
        try:
            stopped = self.measure(relay, began)
        except BaseException:
            if self.made and not self.has_windows():
                self.discard()
            raise
        code = max([r["exit"] for r in self.result.values()], default=0)
        if self.made and not self.has_windows():
            self.discard()
        elif not stopped:
            try:
                drawn = self.draw()
                code = code or drawn
            except Interrupted as error:
                self.hint(f"stopped by {signal_name(error.signum)} while drawing")
                code = 128 + error.signum
        self.finish(code, time.monotonic() - began)
        return code

    def measure(self, relay, began):
        """True if the run ended before its last family."""
        todo = [f for f in self.families if not rundir.is_complete(self.path, f.name)]
        for family in self.families:
            if family not in todo:
                self.result[family.name] = {"exit": 0, **rundir.tally(self.path, family.name)}
        for index, family in enumerate(todo):
            say(self.args, f"{family.name} ({index + 1} of {len(todo)}): {family.summary}")
            code = self.measure_family(relay, family, began, len(todo) - index)
            if self.leave_out(family, code):
                continue
            self.result[family.name] = {"exit": code, **rundir.tally(self.path, family.name)}
            if code in STOP_CODES or code > 128:
                self.hint(f"{family.name} stopped with exit code {code}" if relay.received is None
                          else f"stopped by {signal_name(relay.received)} in {family.name}")
                return True
        return False

    def leave_out(self, family, code):
        """A family that nobody named may have nothing that --benchmark_filter matches.

        Only the binary knows, when it starts; it refuses with 2, before it makes a file.
        """
        if (code != 2 or self.args.families is not None or len(self.families) == 1
                or rundir.csv_file(self.path, family.name) is not None):
            return False
        say(self.args, f"{family.name} is left out")
        self.families = [f for f in self.families if f is not family]
        self.description["families"] = [f.name for f in self.families]
        self.write_description()
        return True

    def argv(self, family, began, families_left):
        argv = [binaries.find(family.binary), "--run-dir", str(self.path), "--run-id", self.run_id,
                f"--benchmark_out={self.path / family.name}.gbench.json",
                "--benchmark_out_format=json",
                *([] if self.args.verbose else ["--no-table"]), *options.to_argv(self.chosen)]
        if self.args.budget is not None:
            left = self.args.budget - (time.monotonic() - began)
            argv += ["--budget", str(max(1, int(left / families_left)))]
        if self.args.quiet:
            argv.append("--quiet")
        if rundir.csv_file(self.path, family.name) is not None:
            argv.append("--resume")
        return argv

    def measure_family(self, relay, family, began, families_left):
        argv = self.argv(family, began, families_left)
        # --json leaves stdout to the JSON, so Google Benchmark's table goes where progress goes.
        table = sys.stderr.fileno() if self.args.verbose else os.open(os.devnull, os.O_WRONLY)
        try:
            code = relay.run(argv, stdout=table, pass_fds=(self.lock,))
        finally:
            if not self.args.verbose:
                os.close(table)
        if not rundir.is_settled(self.path, family.name):
            why = (f"signal {relay.received}" if relay.received is not None
                   else f"signal {-code}" if code < 0 else f"exit code {code}")
            rundir.mark_incomplete(self.path, family.name, why)
        if relay.received is not None:
            return 128 + relay.received
        return self.judge(family, code)

    def judge(self, family, code):
        """The binary's exit code, or 1 where it is not one of those that users were promised."""
        if code < 0:
            warn(f"{family.binary} died by {signal_name(-code)}; its last row may be lost")
            return 1
        if code > 5 and code not in (130, 143):
            warn(f"{family.binary} ended with the unknown exit code {code}")
            return 1
        if code == 0 and not rundir.is_complete(self.path, family.name):
            warn(f"{family.binary} ended with 0, but {family.name}.csv is not complete")
            return 1
        return code

    def hint(self, what):
        if self.has_windows():
            command = f"scripts/contend run --resume {shlex.quote(outcome.shown(self.path))}"
            what += f"; what was measured is kept, to go on: {command}"
        warn(what)

    def draw(self):
        """Charts and report. Their absence is a failure only where it was asked to be one."""
        from contendlib import plot, report
        code = 0
        if self.args.no_plots:
            self.charts = "not asked for"
        elif shutil.which("gnuplot") is None:
            self.charts = f"skipped: {NO_GNUPLOT}"
        else:
            say(self.args, "drawing the charts")
            try:
                plot.render(self.path)
                self.charts = "drawn"
            except ContendError as error:
                self.charts = f"skipped: {error}"
        if self.charts.startswith("skipped"):
            warn(f"charts {self.charts}")
            code = 4 if self.args.require_charts else 0
        try:
            report.render(self.path)
        except ContendError as error:
            warn(f"no report: {error}")
            code = max(code, error.exit_code)
        return code

    def finish(self, code, seconds):
        if self.args.json:
            answer = outcome.as_json(self.path, self.run_id, code, self.result, self.charts)
            lines = [json.dumps(answer)]
        elif self.path.is_dir():
            lines = outcome.lines(self.path, self.result, seconds)
        else:
            lines = []  # it was discarded; stderr has said why
        try:
            for line in lines:
                print(line)
        except BrokenPipeError:
            pass  # nobody reads it; the files are whole, and the exit code stays the run's
