"""contend run when things go wrong around it: signals, a second run, damaged files, full disks."""

import json
import os
import pathlib
import pty
import resource
import select
import signal
import subprocess
import sys
import time
import unittest

import fakebin
import fixture
from contendlib import rundir
from runcase import CONTEND, TIMEOUT_S, RunCase, default_signals, load

# Two seconds are promised; the rest is what starting and ending processes may cost a busy machine.
SIGNAL_LIMIT_S = 2.0
SLACK_S = 1.0


class Signals(RunCase):
    def interrupted(self, signum, code, order="wait"):
        fakebin.order(self.bin, "bench_counter", order, "finish")
        process = self.start()
        self.until(process, "ready")
        began = time.monotonic()
        process.send_signal(signum)
        _, text = process.communicate(timeout=TIMEOUT_S)
        self.assertLess(time.monotonic() - began, SIGNAL_LIMIT_S + SLACK_S)
        self.assertEqual(process.returncode, code, text)
        (path,) = self.runs()
        footer = load(path / "counter.footer.json")
        self.assertEqual((footer["complete"], footer["reason"]), (False, f"signal {int(signum)}"))
        self.assertEqual(footer["rows"], 3)
        self.assertIn(f"scripts/contend run --resume {path}", text)
        self.assertEqual(fakebin.argvs(self.bin, "bench_machine"), [])
        return path

    def test_sigint_and_resume(self):
        path = self.interrupted(signal.SIGINT, 130)
        run_id = load(path / "run.json")["run_id"]
        result = self.run_("--resume")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.runs(), [path])
        first, second = fakebin.argvs(self.bin, "bench_counter")
        self.assertEqual(second, first + ["--resume"])
        (machine,) = fakebin.argvs(self.bin, "bench_machine")
        self.assertNotIn("--resume", machine)
        self.assertEqual(machine[machine.index("--run-id") + 1], run_id)
        self.assertTrue(all(rundir.is_complete(path, f) for f in ("counter", "machine")))
        self.one_line(self.run_("--resume"), 2, "nothing to resume")
        self.assertEqual(self.run_("--resume", str(path)).returncode, 0)
        self.assertEqual(len(fakebin.argvs(self.bin, "bench_counter")), 2)

    def test_sigterm(self):
        self.interrupted(signal.SIGTERM, 143)

    def test_sighup(self):
        self.interrupted(signal.SIGHUP, 129)

    def test_stubborn_binary_is_killed(self):
        self.interrupted(signal.SIGINT, 130, "stubborn")

    def test_stopped_and_continued_together(self):
        fakebin.order(self.bin, "bench_counter", "wait")
        process = self.start()
        self.until(process, "ready")
        (child,) = self.children(process)
        process.send_signal(signal.SIGTSTP)
        self.until_state(process.pid, "T")
        self.until_state(child, "T")
        process.send_signal(signal.SIGCONT)
        self.until_state(child, "S")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 130)

    def until_state(self, pid, state):
        end = time.monotonic() + TIMEOUT_S
        while pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != state:
            self.assertLess(time.monotonic(), end, f"never in state {state}")
            time.sleep(0.001)

    def test_second_signal_is_at_once(self):
        fakebin.order(self.bin, "bench_counter", "stubborn")
        process = self.start()
        self.until(process, "ready")
        process.send_signal(signal.SIGTERM)
        self.until(process, "ignored")
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(process.returncode, 143)
        self.assertLess(time.monotonic() - began, 1.2)

    def test_control_c_on_a_terminal_arrives_once(self):
        fakebin.order(self.bin, "bench_counter", "wait")
        pid, terminal = pty.fork()
        if pid == 0:
            default_signals()
            argv = [sys.executable, CONTEND, "run", "--out", self.out, "--no-plots"]
            os.execve(sys.executable, argv, self.environment())
        seen = b""
        while b"ready" not in seen:
            self.assertTrue(select.select([terminal], [], [], TIMEOUT_S)[0], seen)
            seen += os.read(terminal, 4096)
        os.write(terminal, b"\x03")
        while True:
            try:
                seen += os.read(terminal, 4096)
            except OSError:  # EIO: the other side has closed it
                break
        _, status = os.waitpid(pid, 0)
        os.close(terminal)
        self.assertEqual(os.waitstatus_to_exitcode(status), 130, seen)
        self.assertEqual(pathlib.Path(self.bin, "bench_counter.signals").read_text(), "1\n")


class Locks(RunCase):
    def test_second_run_in_the_same_folder(self):
        fakebin.order(self.bin, "bench_counter", "wait", "finish")
        process = self.start()
        self.until(process, "ready")
        (path,) = self.runs()
        self.one_line(self.run_("--resume", str(path)), 4, "another run is writing")
        self.one_line(self.run_("--resume"), 4, "another run is writing")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=TIMEOUT_S)
        self.assertEqual(self.run_("--resume").returncode, 0)

    def test_binary_that_outlives_its_parent_keeps_the_lock(self):
        fakebin.order(self.bin, "bench_counter", "wait", "finish")
        process = self.start()
        self.until(process, "ready")
        (path,) = self.runs()
        (child,) = self.children(process)
        process.kill()
        process.wait()
        try:
            self.one_line(self.run_("--resume", str(path)), 4, "another run is writing")
        finally:
            os.kill(child, signal.SIGINT)
            process.communicate(timeout=TIMEOUT_S)  # its stderr closes when the orphan ends
        self.assertEqual(self.run_("--resume", str(path)).returncode, 0)


class Resume(RunCase):
    def unfinished(self):
        fakebin.order(self.bin, "bench_counter", {"do": "exit", "code": 5}, "finish")
        self.run_()
        return self.runs()[0]

    def test_another_commit(self):
        path = self.unfinished()
        fakebin.machine(self.bin, suite={"commit": "fffffff000"})
        self.one_line(self.run_("--resume"), 4, "by commit 1a2b3c4, this is fffffff")
        self.assertTrue((path / "counter.csv.partial").exists())

    def test_options_beside_resume(self):
        self.unfinished()
        for more in (["--reps", "3"], ["--families", "counter"],
                     ["--quick"], ["--benchmark_filter=x"]):
            self.one_line(self.run_("--resume", *more), 2, "--resume takes what is measured")

    def test_hostile_descriptions(self):
        path = self.unfinished() / "run.json"
        good = load(path)
        changes = (
            {"schema_version": 4}, {"schema_version": None}, {"families": []}, {"families": ["sh"]},
            {"families": "counter"}, {"families": [["counter"]]}, {"run_id": "../../x"},
            {"run_id": None}, {"options": []}, {"options": {"reps": 3}},
            {"options": {"reps": "0"}}, {"options": {"sh": "x"}}, {"options": {"quick": "yes"}},
            {"options": {"control": "x"}}, {"options": {"trace": ""}}, {"options": {"contestants": "a\0b"}},
            {"options": {"where": "p_x=1"}}, {"options": {"benchmark": ["--run-dir"]}},
            {"options": {"benchmark": ["--benchmark_out=/tmp/x"]}})
        bad = [b"", b"{", b"[]", b"\xff", b"[" * 100000, b" " * 2_000_000,
               *(json.dumps(good | change).encode() for change in changes)]
        for content in bad:
            with self.subTest(content=content[:80]):
                path.write_bytes(content)
                result = self.run_("--resume", str(path.parent))
                self.assertEqual(
    (result.returncode, result.stderr.count("\n")), (3, 1), result.stderr)
                self.assertIn(str(path), result.stderr)
        path.unlink()
        os.mkfifo(path)
        self.assertEqual(self.run_("--resume", str(path.parent)).returncode, 3)

    def test_a_run_of_an_older_version(self):
        path = self.unfinished()
        fixture.write(path / "run.json", json.dumps(load(path / "run.json") |
                                                    {"schema_version": 2}))
        before = {f.name: f.read_bytes() for f in path.iterdir()}
        for folder in ([], [str(path)]):
            result = self.run_("--resume", *folder)
            self.assertEqual((result.returncode, result.stderr.count("\n")), (3, 1), result.stderr)
            self.assertIn("run.json: the run was begun with schema version 2, expected 3",
                          result.stderr)
        self.assertEqual({f.name: f.read_bytes() for f in path.iterdir()}, before)

    def test_no_such_folder(self):
        result = self.run_("--resume", str(self.scratch / "nowhere"))
        self.assertEqual((result.returncode, result.stderr.count("\n")), (3, 1), result.stderr)

    def test_finished_file_that_was_changed(self):
        path = self.unfinished()
        self.run_("--resume")
        with open(path / "counter.csv", "a") as file:
            file.write("x\n")
        result = self.run_("--resume", str(path))
        self.assertEqual(result.returncode, 3)
        self.assertIn("counter.csv: is not the file that its footer describes", result.stderr)


class Disks(RunCase):
    """A folder that cannot be written is seen before the first window, and nothing is left."""

    IN_NAMESPACE = ('mount -t tmpfs -o "$1" none "$2" || exit 99; '
                    '[ -z "$3" ] || mount -o remount,ro "$2" || exit 99; folder=$2; shift 3; "$@"; '
                    'code=$?; ls -A "$folder"; exit $code')

    def on_tmpfs(self, options, read_only):
        os.mkdir(self.out)
        argv = ["unshare", "-m", "sh", "-c", self.IN_NAMESPACE, "sh", options, self.out, read_only,
                sys.executable, CONTEND, "run", "--out", self.out, "--no-plots"]
        result = subprocess.run(argv, env=self.environment(), stdin=subprocess.DEVNULL,
                                timeout=TIMEOUT_S, capture_output=True, encoding="utf-8",
                                check=False)
        if result.returncode == 99 or "unshare failed" in result.stderr:
            self.skipTest("mounting in a namespace is not allowed here")
        return result

    def refused(self, result, *parts):
        self.one_line(result, 5, "cannot write to", *parts)
        self.assertEqual(result.stdout, "")
        self.assertEqual(fakebin.argvs(self.bin, "bench_counter"), [])

    @unittest.skipUnless(os.geteuid() == 0, "needs root to mount")
    def test_full_disk(self):
        self.refused(self.on_tmpfs("size=64k", ""), "No space left")

    @unittest.skipUnless(os.geteuid() == 0, "needs root to mount")
    def test_read_only_disk(self):
        self.refused(self.on_tmpfs("size=1m", "ro"), "Read-only")

    @unittest.skipIf(os.geteuid() == 0, "root may write anywhere")
    def test_read_only_folder(self):
        os.mkdir(self.out, 0o555)
        self.refused(self.run_(), "Permission denied")

    def test_file_size_limit(self):
        def limited():
            default_signals()
            resource.setrlimit(resource.RLIMIT_FSIZE, (65536, 65536))

        self.refused(self.run_(preexec_fn=limited), "File too large")
        self.assertFalse(os.path.exists(self.out))

    def test_file_in_the_way(self):
        pathlib.Path(self.out).write_text("mine")
        self.refused(self.run_(), "Not a directory")
        self.assertEqual(pathlib.Path(self.out).read_text(), "mine")

    def quiet_run(self, stdout):
        argv = [sys.executable, CONTEND, "run", "--out", self.out, "--no-plots", "--quiet"]
        return subprocess.run(argv, env=self.environment(), stdin=subprocess.DEVNULL, stdout=stdout,
                              stderr=subprocess.PIPE, encoding="utf-8", timeout=TIMEOUT_S,
                              check=False)

    def test_closed_and_full_standard_output(self):
        with open("/dev/full", "w") as full:
            result = self.quiet_run(full)
        self.one_line(result, 5, "cannot write output: No space left")
        read, write = os.pipe()
        os.close(read)
        result = self.quiet_run(write)
        os.close(write)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(sum(rundir.is_complete(p, "counter") for p in self.runs()), 2)

    def test_all_standard_files_closed(self):
        argv = ["sh", "-c", 'exec "$0" "$@" 0<&- 1>&- 2>&-', sys.executable, CONTEND, "run",
                "--out", self.out, "--no-plots"]
        done = subprocess.run(argv, env=self.environment(), timeout=TIMEOUT_S, check=False)
        self.assertEqual(done.returncode, 0)
        self.assertTrue(rundir.is_complete(self.runs()[0], "machine"))


if __name__ == "__main__":
    unittest.main()
