"""What tests of the command line share: a scratch folder, fake binaries, a contend process."""

import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

import fakebin

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
CONTEND = str(ROOT / "scripts" / "contend")
TIMEOUT_S = 60


def default_signals():
    """A test run in the background of a shell inherits signals that are ignored."""
    for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(signum, signal.SIG_DFL)


def load(path):
    return json.loads(pathlib.Path(path).read_text())


class RunCase(unittest.TestCase):
    def setUp(self):
        self.scratch = pathlib.Path(tempfile.mkdtemp(prefix="contend-test-"))
        self.addCleanup(shutil.rmtree, self.scratch, ignore_errors=True)
        self.bin = fakebin.make(str(self.scratch / "bin"))
        self.out = str(self.scratch / "out")

    def environment(self, **changed):
        return {**os.environ, "CONTEND_BIN": self.bin, "LC_ALL": "C.UTF-8", **changed}

    def contend(self, *argv, env=None, **options):
        """Runs to the end; the result has returncode, stdout and stderr as text."""
        options.setdefault("preexec_fn", default_signals)
        return subprocess.run([sys.executable, CONTEND, *argv], env=env or self.environment(),
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S,
                              encoding="utf-8", errors="backslashreplace", check=False, **options)

    def run_(self, *argv, **options):
        """contend run into self.out, without charts."""
        return self.contend("run", "--out", self.out, "--no-plots", *argv, **options)

    def start(self, *argv, **options):
        """The same, not waited for; stderr is a pipe."""
        process = subprocess.Popen(
            [sys.executable, CONTEND, "run", "--out", self.out, "--no-plots", *argv],
            env=self.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, encoding="utf-8", preexec_fn=default_signals, **options)
        self.addCleanup(self.end, process)
        return process

    def end(self, process):
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=TIMEOUT_S)

    def until(self, process, word):
        """Reads stderr up to the line with this word of a fake binary's: ready, ignored."""
        seen = []
        for line in process.stderr:
            if line == f"{word}\n":
                return
            seen.append(line)
        self.fail(f"ended before it was {word}: {''.join(seen)}")

    @staticmethod
    def children(process):
        path = pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children")
        return [int(pid) for pid in path.read_text().split()]

    def runs(self):
        """The run folders made."""
        return sorted(pathlib.Path(self.out).glob("*/*"))

    def one_line(self, result, code, *parts):
        """Exit code and a single line on stderr, in the house form, that holds all parts."""
        self.assertEqual((result.returncode, result.stderr.count("\n")), (code, 1), result.stderr)
        self.assertTrue(result.stderr.startswith("contend: "), result.stderr)
        for part in parts:
            self.assertIn(part, result.stderr)
