"""contend run: its files, its exit codes, and what the binaries are told."""

import json
import os
import re
import shutil
import signal
import unittest

import fakebin
from contendlib import rundir, schema
from contendlib.families import FAMILIES
from runcase import TIMEOUT_S, RunCase, load


class Finished(RunCase):
    def test_files(self):
        result = self.run_("--seed", "7")
        self.assertEqual(result.returncode, 0, result.stderr)
        (path,) = self.runs()
        self.assertRegex(f"{path.parent.name}/{path.name}",
                         r"\Aamd-epyc-f25m17/[0-9]{8}T[0-9]{6}Z-1a2b3c4\Z")
        names = set(os.listdir(path))
        for name in ("counter.csv", "counter.footer.json", "counter.gbench.json", "machine.csv",
                     "machine.footer.json", "machine.gbench.json", "environment.json", "run.json",
                     "report.html"):
            self.assertIn(name, names)
            self.assertRegex(result.stdout, rf"(?m)^    {re.escape(name)} +\w")
        self.assertEqual([n for n in names if n.startswith(".") or n.endswith(".partial")], [])

    def test_description(self):
        self.run_("--reps", "8", "--where", "p_hold_ns=0,100", "--where", "p_read_pct=90",
                  "--quick", "--benchmark_filter=atomic")
        run = load(self.runs()[0] / "run.json")
        self.assertEqual(run["schema_version"], schema.SCHEMA_VERSION)
        self.assertEqual(run["families"], list(FAMILIES))
        self.assertEqual(run["options"], {
            "reps": "8", "where": ["p_hold_ns=0,100", "p_read_pct=90"], "quick": True,
            "benchmark": ["--benchmark_filter=atomic"]})
        self.assertTrue(run["run_id"].startswith(self.runs()[0].name + "-"))
        self.assertIn("--reps", run["argv"])

    def test_argv_of_binaries(self):
        self.run_("--contestants", "null|a.*", "--threads", "1,2", "--placement", "compact",
                  "--exec", "thread", "--window-ms", "20", "--seed", "7", "--families", "counter",
                  "--quick", "--benchmark_repetitions=3")
        (path,) = self.runs()
        (argv,) = fakebin.argvs(self.bin, "bench_counter")
        self.assertEqual(argv, [
            "--run-dir", str(path), "--run-id", load(path / "run.json")["run_id"],
            f"--benchmark_out={path}/counter.gbench.json", "--benchmark_out_format=json",
            "--no-table", "--contestants", "null|a.*", "--threads", "1,2", "--exec", "thread", "--placement",
            "compact", "--window-ms", "20", "--seed", "7", "--quick", "--benchmark_repetitions=3"])
        self.assertEqual(fakebin.argvs(self.bin, "bench_machine"), [])

    def test_peers(self):
        """They take part when they are asked for; a build without any cannot do that."""
        result = self.run_("--with-peers", "--families", "counter")
        self.one_line(result, 4, "--with-peers: no peer library is part of this build")
        path = os.path.join(self.bin, "bench_counter.json")
        plan = load(path)
        plan["contestants"].append({"name": "other:lock", "source": "", "caps": [], "house": False})
        with open(path, "w", encoding="utf-8") as file:
            json.dump(plan, file)
        fakebin.machine(self.bin, peers={"other": "1.0", "ck": "not built: libck-dev not found"})
        result = self.run_("--with-peers", "--families", "counter")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("contend: not built: ck (libck-dev not found)\n", result.stderr)
        (argv,) = fakebin.argvs(self.bin, "bench_counter")
        self.assertIn("--with-peers", argv)
        self.assertEqual(load(self.runs()[0] / "run.json")["options"], {"with_peers": True})

    def test_json(self):
        result = self.run_("--json")
        answer = json.loads(result.stdout)
        (path,) = self.runs()
        self.assertEqual(answer["run_dir"], str(path))
        self.assertEqual(answer["families"]["counter"]["exit"], 0)
        text = (path / "counter.csv").read_text()
        self.assertEqual(answer["families"]["counter"]["rows"], text.count("\n") - 1)
        self.assertEqual(answer["families"]["counter"]["noisy"], text.count(",noisy,"))
        self.assertGreater(answer["families"]["counter"]["noisy"], 0)
        self.assertIn("machine.csv", answer["files"])

    def test_noise_summary(self):
        result = self.run_("--families", "counter")
        text = (self.runs()[0] / "counter.csv").read_text()
        self.assertIn(
    f"{text.count(',noisy,')} of {text.count(chr(10)) - 1} windows noisy",
     result.stdout)

    def test_table_only_when_asked_for(self):
        quiet, verbose = self.run_(), self.run_("--verbose")
        self.assertNotIn("Google Benchmark's table", quiet.stdout + quiet.stderr)
        self.assertIn("Google Benchmark's table", verbose.stderr)
        self.assertNotIn("Google Benchmark's table", verbose.stdout)

    def test_quiet(self):
        result = self.run_("--quiet")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("--quiet", fakebin.argvs(self.bin, "bench_counter")[0])

    def test_budget_is_split(self):
        self.run_("--budget", "2m", "--families", "counter,machine")
        budgets = [int(argv[argv.index("--budget") + 1])
                   for binary in ("bench_counter", "bench_machine")
                   for argv in fakebin.argvs(self.bin, binary)]
        self.assertTrue(50 <= budgets[0] <= 60, budgets)
        self.assertTrue(100 <= budgets[1] <= 120, budgets)  # what the first one left over

    def test_control(self):
        result = self.run_("--control", "aa", "--pairs", "5")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertTrue((self.runs()[0] / "control.csv").exists())
        self.assertEqual(fakebin.argvs(self.bin, "bench_machine"), [])
        self.assertEqual(load(self.runs()[0] / "run.json")["families"], ["control"])

    def test_family_without_a_match_is_left_out(self):
        result = self.run_("--contestants", "atomic_add")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("machine is left out", result.stderr)
        self.assertEqual(load(self.runs()[0] / "run.json")["families"], ["counter"])

    def test_family_left_out_by_google_benchmarks_filter(self):
        fakebin.order(self.bin, "bench_machine", {"do": "refuse", "code": 2})
        result = self.run_("--benchmark_filter=atomic_add")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(load(self.runs()[0] / "run.json")["families"],
                         [family for family in FAMILIES if family != "machine"])

    def test_named_family_without_a_match(self):
        result = self.run_("--contestants", "atomic_add", "--families", "machine")
        self.one_line(result, 2, "nothing to measure")
        self.assertFalse(os.path.exists(self.out))

    def test_two_in_the_same_second_are_two(self):
        first, second = self.start(), self.start()
        for process in (first, second):
            process.communicate(timeout=TIMEOUT_S)
            self.assertEqual(process.returncode, 0)
        self.assertEqual(len(self.runs()), 2)

    def test_hostile_folder_names(self):
        for name in (b"-rf", b"$(touch pwned)", b"a;touch pwned", b"new\nline", b"`touch pwned`",
                     b"'\"<>&", b"caf\xc3\xa9", b"\xff\xfe", b"a b", b"|x", b"\x1b[31m"):
            with self.subTest(name=name):
                result = self.contend("run", "--no-plots", b"--out=" + name, "--families",
                                      "counter", "--quiet", cwd=self.scratch)
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertEqual(
                    len(list(self.scratch.glob(os.fsdecode(name) + "/*/*/counter.csv"))), 1)
                self.assertNotIn("\x1b", result.stdout)
                self.assertEqual(list(self.scratch.rglob("pwned")), [])


class Charts(RunCase):
    def without_gnuplot(self):
        return self.environment(PATH=str(self.scratch / "nothing"))

    def test_without_gnuplot(self):
        result = self.contend("run", "--out", self.out, env=self.without_gnuplot())
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("contend: charts skipped: gnuplot not found (apt install gnuplot-nox)\n",
                      result.stderr)
        self.assertTrue((self.runs()[0] / "counter.csv").exists())
        self.assertTrue((self.runs()[0] / "report.html").exists())

    def test_required_but_no_gnuplot(self):
        result = self.contend(
    "run",
    "--out",
    self.out,
    "--require-charts",
     env=self.without_gnuplot())
        self.one_line(result, 4, "gnuplot not found")
        self.assertFalse(os.path.exists(self.out))

    def test_gnuplot_that_fails(self):
        folder = self.scratch / "path"
        folder.mkdir()
        (folder / "gnuplot").write_text("#!/bin/sh\nexit 1\n")
        (folder / "gnuplot").chmod(0o755)
        env = self.environment(PATH=f"{folder}:/usr/bin:/bin")
        result = self.contend("run", "--out", self.out, "--families", "counter", env=env)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("contend: charts skipped: ", result.stderr)
        again = self.contend(
    "run",
    "--out",
    self.out,
    "--families",
    "counter",
    "--require-charts",
     env=env)
        self.assertEqual(again.returncode, 4, again.stderr)

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
    def test_drawn(self):
        result = self.contend("run", "--out", self.out, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        answer = json.loads(result.stdout)
        self.assertEqual(answer["charts"], "drawn")
        self.assertTrue([f for f in answer["files"] if f.startswith(
            "charts/") and f.endswith(".svg")])


class Failing(RunCase):
    def test_failed_benchmark(self):
        fakebin.order(self.bin, "bench_counter", "fail")
        result = self.run_("--json")
        answer = json.loads(result.stdout)
        self.assertEqual((result.returncode, answer["exit"]), (1, 1))
        self.assertEqual([answer["families"][f]["exit"] for f in ("counter", "machine")], [1, 0])

    def test_crash_does_not_stop_the_others(self):
        fakebin.order(self.bin, "bench_counter", {"do": "die", "signal": int(signal.SIGSEGV)})
        result = self.run_()
        (path,) = self.runs()
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("bench_counter died by SIGSEGV", result.stderr)
        footer = load(path / "counter.footer.json")
        self.assertEqual((footer["complete"], footer["reason"],
                         footer["rows"]), (False, "signal 11", 3))
        self.assertEqual(footer["bytes"], os.path.getsize(path / "counter.csv.partial"))
        self.assertTrue(rundir.is_complete(path, "machine"))

    def test_output_error_stops(self):
        fakebin.order(self.bin, "bench_counter", {"do": "exit", "code": 5})
        result = self.run_()
        self.assertEqual(result.returncode, 5)
        self.assertIn("--resume", result.stderr)
        self.assertEqual(fakebin.argvs(self.bin, "bench_machine"), [])

    def test_unknown_exit_code(self):
        fakebin.order(self.bin, "bench_counter", {"do": "exit", "code": 66})
        result = self.run_()
        self.assertEqual(result.returncode, 1)
        self.assertIn("unknown exit code 66", result.stderr)

    def test_refusal_leaves_nothing(self):
        for family in FAMILIES.values():
            fakebin.order(self.bin, family.binary, {"do": "refuse", "code": 4})
        result = self.run_()
        self.assertEqual(result.returncode, 4)
        self.assertFalse(os.path.exists(self.out))

    def test_false_success_is_seen(self):
        fakebin.order(self.bin, "bench_counter", {"do": "exit", "code": 0})
        result = self.run_("--families", "counter")
        self.assertEqual(result.returncode, 1)
        self.assertIn("not complete", result.stderr)

    def test_missing_binary(self):
        os.unlink(os.path.join(self.bin, "bench_machine"))
        self.one_line(self.run_(), 4, "bench_machine", "build first: scripts/run")
        self.assertFalse(os.path.exists(self.out))

    def test_binary_that_is_none(self):
        path = os.path.join(self.bin, "bench_machine")
        with open(path, "w") as file:
            file.write("\x7fELF no")
        self.one_line(self.run_(), 4, "bench_machine does not start")

    def test_host_that_prints_nonsense(self):
        fakebin.program(self.bin, "contend_host", "#!/bin/sh\necho nonsense\n")
        self.one_line(self.run_(), 4, "contend_host environment printed no JSON")

    def test_hostile_cpu_name(self):
        fakebin.machine(self.bin, cpu={"slug": "../../x"}, suite={"commit": "$(x)"})
        self.assertEqual(self.run_("--families", "counter").returncode, 0)
        (path,) = self.runs()
        self.assertEqual(path.parent.name, "unknown-cpu")
        self.assertTrue(path.name.endswith("-0000000"))


if __name__ == "__main__":
    unittest.main()
