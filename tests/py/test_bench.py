"""The family binaries as a user calls them: lists, plans, rows, Google Benchmark's JSON, bad input."""

import csv
import json
import os
import re
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BIN = Path(os.environ.get("CONTEND_BIN", "build/release/bin"))
COMPARE_PY = Path("/usr/share/benchmark/compare.py")


def bench(name, *args, **kwargs):
    kwargs.setdefault("timeout", 120)
    return subprocess.run([str(BIN / f"bench_{name}"), *args], capture_output=True, text=True, **kwargs)


def rows(path):
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def lines(path):
    try:
        with open(path, encoding="utf-8") as f:
            return f.read().count("\n")
    except FileNotFoundError:
        return 0


class Measured(unittest.TestCase):
    """One short run, looked at from all sides."""

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="contend-bench-")
        cls.json = os.path.join(cls.dir, "counter.gbench.json")
        cls.run_ = bench("counter", "--quiet", "--reps", "3", "--window-ms", "10", "--warmup-ms", "1",
                         "--threads", "1,2", "--run-dir", cls.dir, "--run-id", "test-1",
                         f"--benchmark_out={cls.json}", "--benchmark_out_format=json")
        cls.rows = rows(os.path.join(cls.dir, "counter.csv"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def test_it_exits_0_and_names_no_failure(self):
        self.assertEqual(self.run_.returncode, 0, self.run_.stderr)
        self.assertNotIn("FAILED", self.run_.stderr)

    def test_every_row_is_verified_but_racy_ones(self):
        for row in self.rows:
            if row["contestant"] != "racy":
                self.assertEqual(row["verified"], "1", row)

    def test_racy_loses_updates_at_two_threads(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("SKIPPED: one CPU: nothing can be lost")
        lost = [float(r["lost_pct"]) for r in self.rows
                if r["contestant"] == "racy" and r["workload"] == "inc" and r["threads"] == "2"]
        self.assertTrue(lost)
        self.assertGreater(max(lost), 0)

    def test_every_window_has_one_row(self):
        keys = [tuple(v for k, v in r.items() if k in ("contestant", "workload", "exec", "threads", "rep") or
                      k.startswith("p_")) for r in self.rows]
        self.assertEqual(len(keys), len(set(keys)))
        self.assertEqual({r["rep"] for r in self.rows}, {"1", "2", "3"})

    def test_latency_windows_have_no_rate_and_the_others_no_latency(self):
        for r in self.rows:
            sampled = r["p_sample_every"] not in ("", "0")
            self.assertEqual(r["ns_per_op"] == "", sampled, r)
            self.assertEqual(r["latency_p50_ns"] != "", sampled, r)

    def test_rows_carry_their_hop(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("SKIPPED: one CPU: there is no hop")
        for r in self.rows:
            self.assertGreater(float(r["hop_ns"]), 0)

    def test_gbench_json_says_what_the_csv_says(self):
        with open(self.json, encoding="utf-8") as f:
            data = json.load(f)
        times = {}
        for b in data["benchmarks"]:
            if b["run_type"] == "iteration":
                self.assertEqual(b["time_unit"], "ns")
                times.setdefault(b["run_name"], []).append(b["real_time"])
        measured = {}
        for r in self.rows:
            if r["workload"] == "inc" and r["p_sample_every"] == "0":
                measured.setdefault((r["contestant"], r["exec"], r["threads"]),
                                    []).append(float(r["ns_per_op"]))
        contestants = json.loads(bench("counter", "--list", "--json").stdout)["contestants"]
        ours = [c for c in contestants if ":" not in c["name"]]
        self.assertEqual(len(measured), 2 * sum(len(c["execs"]) for c in ours))
        for (contestant, way, threads), values in measured.items():
            name = [n for n in times
                    if f"counter/inc/impl:{contestant}/exec:{way}/place:compact/T:{threads}/" in n
                    and "sample_every:0" in n]
            self.assertEqual(len(name), 1)
            for a, b in zip(sorted(times[name[0]]), sorted(values)):
                self.assertAlmostEqual(a / b, 1, places=5)

    def test_gbench_context_says_where_it_ran(self):
        with open(self.json, encoding="utf-8") as f:
            context = json.load(f)["context"]
        self.assertEqual(context["run_id"], "test-1")
        self.assertIn("seed", context)

    def test_compare_py_accepts_it(self):
        if not COMPARE_PY.exists():
            self.skipTest("SKIPPED: libbenchmark-tools is not installed")
        done = subprocess.run(["/usr/bin/python3", str(COMPARE_PY), "--no-color", "benchmarks", self.json, self.json],
                              capture_output=True, text=True, timeout=120)
        if "scipy" in done.stderr:
            self.skipTest("SKIPPED: compare.py needs python3-scipy")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("_pvalue", done.stdout)

    def test_no_debug_warning_of_the_library_is_passed_on(self):
        self.assertNotIn("built as DEBUG", self.run_.stderr)


class Asked(unittest.TestCase):
    def test_list_json(self):
        for name in ("counter", "machine"):
            out = bench(name, "--list", "--json")
            self.assertEqual(out.returncode, 0, out.stderr)
            data = json.loads(out.stdout)
            self.assertEqual(data["family"], name)
            self.assertTrue(any("FLOOR" in c["caps"] for c in data["contestants"]))
            self.assertTrue(all(c["source"] for c in data["contestants"]))

    def test_list_says_who_runs_as_what(self):
        def execs(name):
            return {c["name"]: c["execs"]
                    for c in json.loads(bench(name, "--list", "--json").stdout)["contestants"]}
        counter = execs("counter")
        for name in ("null", "atomic_add", "mutex_go"):
            self.assertEqual(counter[name], ["thread", "task"], name)
        for name in ("ref", "pthread_adaptive", "pthread_spin", "ticket", "actor_guide"):
            self.assertEqual(counter[name], ["thread"], name)
        self.assertEqual(execs("task")["task"], ["task"])
        self.assertEqual({tuple(e) for e in execs("machine").values()}, {("thread",)})

    def test_exec_chooses_what_the_workers_are(self):
        for chosen in ("thread", "task", "task,thread"):
            with tempfile.TemporaryDirectory() as d:
                out = bench("counter", "--quiet", "--window-ms", "2", "--warmup-ms", "1", "--reps", "2", "--exec", chosen,
                            "--threads", "1,3", "--workloads", "inc", "--contestants", "atomic_add|ref", "--run-dir", d)
                self.assertEqual(out.returncode, 0, out.stderr)
                got = rows(os.path.join(d, "counter.csv"))
            self.assertEqual({(r["contestant"], r["exec"]) for r in got},
                             {(c, e) for c in ("atomic_add", "ref") for e in chosen.split(",")
                              if (c, e) != ("ref", "task")})
            self.assertEqual({r["verified"] for r in got}, {"1"})

    def test_more_tasks_than_carriers_are_oversubscribed(self):
        cpu = max(os.sched_getaffinity(0))
        with tempfile.TemporaryDirectory() as d:
            out = bench("counter", "--quiet", "--window-ms", "5", "--warmup-ms", "1", "--reps", "1", "--exec", "task",
                        "--threads", "1,4", "--contestants", "sharded|mutex_go", "--run-dir", d,
                        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
            self.assertEqual(out.returncode, 0, out.stderr)
            got = rows(os.path.join(d, "counter.csv"))
        for r in got:
            self.assertEqual("oversubscribed" in r["flags"], r["threads"] == "4", r)

    def test_tasks_resume(self):
        with tempfile.TemporaryDirectory() as d:
            call = ("counter", "--quiet", "--window-ms", "2", "--reps", "2", "--exec", "thread,task", "--threads", "2",
                    "--workloads", "inc", "--contestants", "atomic_add", "--run-dir", d)
            self.assertEqual(bench(*call).returncode, 0)
            path = Path(d, "counter.csv")
            whole = path.read_text(encoding="utf-8").splitlines(True)
            task = [n for n, line in enumerate(whole) if ",task," in line]
            Path(d, "counter.csv.partial").write_text("".join(whole[:task[1]]), encoding="utf-8")
            path.unlink()
            out = bench(*call, "--resume")
            self.assertEqual(out.returncode, 0, out.stderr)
            self.assertNotIn("belong to no window", out.stderr)
            key = ("exec", "threads", "rep", "p_sample_every")
            with_rows = [tuple(r[k] for k in key) for r in rows(path)]
        self.assertEqual(len(with_rows), len(whole) - 1)
        self.assertEqual(len(set(with_rows)), len(with_rows))

    def test_rows_of_an_older_schema_are_not_gone_on_with(self):
        with tempfile.TemporaryDirectory() as d:
            call = ("counter", "--quiet", "--window-ms", "2", "--reps", "1", "--exec", "thread", "--threads", "1",
                    "--workloads", "inc", "--contestants", "atomic_add", "--run-dir", d)
            self.assertEqual(bench(*call).returncode, 0)
            path = Path(d, "counter.csv")
            older = re.sub(r"(?m)^[0-9]+,", "1,", path.read_text(encoding="utf-8"))
            partial = Path(d, "counter.csv.partial")
            partial.write_text(older, encoding="utf-8")
            path.unlink()
            out = bench(*call, "--resume")
            self.assertEqual((out.returncode, out.stderr.count("\n")), (3, 1), out.stderr)
            self.assertIn("counter.csv.partial:2: begun with schema version 1, expected", out.stderr)
            self.assertEqual(partial.read_text(encoding="utf-8"), older)

    def test_plan_names_only_allowed_cpus_and_runs_nothing(self):
        out = bench("counter", "--plan", "--json", "--threads", "1,2,8")
        self.assertEqual(out.returncode, 0, out.stderr)
        for plan in json.loads(out.stdout)["plans"]:
            self.assertEqual(len(plan["cpus"]), plan["threads"])
            self.assertLessEqual(set(plan["cpus"]), os.sched_getaffinity(0))

    def test_google_benchmark_filters_and_repeats(self):
        with tempfile.TemporaryDirectory() as d:
            out = bench("counter", "--quiet", "--window-ms", "1", "--run-dir", d,
                        "--benchmark_filter=inc/impl:(ref|cas_loop)/exec:thread/.*/T:1/.*sample_every:0",
                        "--benchmark_repetitions=4")
            self.assertEqual(out.returncode, 0, out.stderr)
            got = rows(os.path.join(d, "counter.csv"))
        self.assertEqual(sorted((r["contestant"], r["rep"]) for r in got),
                         sorted((c, str(n)) for c in ("ref", "cas_loop") for n in range(1, 5)))

    def test_google_benchmark_lists(self):
        out = bench("counter", "--threads", "2", "--benchmark_list_tests=true")
        self.assertEqual(out.returncode, 0)
        self.assertIn("counter/inc/impl:ref/exec:thread/place:compact/T:2/", out.stdout)

    def test_same_seed_same_order(self):
        def order(seed):
            with tempfile.TemporaryDirectory() as d:
                done = bench("counter", "--quiet", "--window-ms", "1", "--reps", "2", "--threads", "1", "--workloads",
                             "inc", "--seed", seed, "--run-dir", d)
                self.assertEqual(done.returncode, 0, done.stderr)
                return [(r["contestant"], r["rep"], r["p_sample_every"]) for r in rows(os.path.join(d, "counter.csv"))]
        first = order("7")
        self.assertEqual(first, order("7"))
        self.assertNotEqual(first, order("8"))

    def test_one_allowed_cpu_is_the_one_used(self):
        cpu = max(os.sched_getaffinity(0))
        with tempfile.TemporaryDirectory() as d:
            out = bench("counter", "--quiet", "--window-ms", "2", "--reps", "1", "--threads", "1",
                        "--contestants", "ref|mutex_go", "--run-dir", d,
                        preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
            self.assertEqual(out.returncode, 0, out.stderr)
            got = rows(os.path.join(d, "counter.csv"))
            with open(os.path.join(d, "environment.json"), encoding="utf-8") as f:
                env = json.load(f)
        self.assertTrue(all(r["hop_ns"] == "" and "unpinned" not in r["flags"] for r in got))
        self.assertEqual(env["topology"]["usable_pus"], 1)
        plan = subprocess.run([str(BIN / "bench_counter"), "--plan", "--json", "--threads", "1"], capture_output=True,
                              text=True, timeout=60, preexec_fn=lambda: os.sched_setaffinity(0, {cpu}))
        self.assertEqual(json.loads(plan.stdout)["plans"][0]["cpus"], [cpu])

    def test_controls_are_rows_of_their_own_family(self):
        with tempfile.TemporaryDirectory() as d:
            out = bench("counter", "--quiet", "--control", "aa", "--pairs", "2", "--reps", "6", "--window-ms", "1",
                        "--run-dir", d)
            self.assertEqual(out.returncode, 0, out.stderr)
            got = rows(os.path.join(d, "control.csv"))
        self.assertEqual(len(got), 2 * 2 * 6)
        self.assertEqual({r["contestant"] for r in got}, {"a", "b"})


class Misused(unittest.TestCase):
    def refused(self, code, pattern, *args, **kwargs):
        out = bench("counter", *args, **kwargs)
        self.assertEqual(out.returncode, code, (args, out.stderr))
        self.assertEqual(out.stderr.count("\n"), 1, out.stderr)
        self.assertRegex(out.stderr, pattern)

    def test_usage(self):
        for args, pattern in [
                (["--threads", "0"], "--threads '0', expected numbers"),
                (["--threads", "1,,2"], "--threads"),
                (["--threads", "1,2,"], "--threads"),
                (["--threads", "9999999999999999999"], "--threads"),
                (["--reps", "-1"], "--reps"),
                (["--reps", "1e3"], "--reps"),
                (["--window-ms", "0"], "--window-ms"),
                (["--contestants", "("], "--contestants"),
                (["--contestants", "nobody"], "nothing to measure"),
                (["--where", "p_color=3"], "p_color"),
                (["--where", "p_read_pct=x"], "--where"),
                (["--placement", "up"], "up"),
                (["--exec", "fiber"], "--exec 'fiber', expected thread, task or thread,task"),
                (["--exec", "thread,"], "--exec"),
                (["--exec", "task", "--contestants", "ref"], "nothing to measure"),
                (["--control", "maybe"], "--control"),
                (["--run-id", "../x"], "--run-id"),
                (["--run-id", "a b"], "--run-id"),
                (["--resume"], "--run-dir"),
                (["--colour"], "--colour"),
                (["extra"], "extra"),
                (["--benchmark_filter=nothing_like_that"], "nothing_like_that"),
        ]:
            with self.subTest(args=args):
                self.refused(2, re.escape(pattern) if "(" not in pattern else pattern, *args)

    def test_a_policy_without_meaning_here_is_the_environment(self):
        out = bench("counter", "--placement", "cross-numa", "--threads", "2", "--plan")
        numa = len(list(Path("/sys/devices/system/node").glob("node[0-9]*"))) if Path("/sys/devices/system/node").exists() else 1
        if numa > 1:
            self.skipTest("SKIPPED: this machine has several NUMA nodes")
        self.assertEqual(out.returncode, 4, out.stderr)
        self.assertEqual(out.stderr.count("\n"), 1)

    def test_an_unwritable_folder_is_refused_before_the_first_window(self):
        for where in ("/proc/contend", "/dev/null/x"):
            self.refused(5, "cannot write into", "--quiet", "--run-dir", where)

    def test_a_full_disk_ends_the_run(self):
        import resource
        with tempfile.TemporaryDirectory() as d:
            out = bench("counter", "--quiet", "--window-ms", "1", "--reps", "6", "--threads", "1", "--run-dir", d,
                        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (60000, 60000)))
            self.assertEqual(out.returncode, 5, out.stderr)
            self.assertIn("counter.csv", out.stderr)
            self.assertFalse(os.path.exists(os.path.join(d, "counter.csv")))

    def test_signals(self):
        for sig, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            with tempfile.TemporaryDirectory() as d:
                p = subprocess.Popen([str(BIN / "bench_counter"), "--quiet", "--window-ms", "20", "--run-dir", d],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
                partial = os.path.join(d, "counter.csv.partial")
                while p.poll() is None and lines(partial) < 3:
                    pass
                p.send_signal(sig)
                p.communicate(timeout=30)
                self.assertEqual(p.returncode, code)
                with open(os.path.join(d, "counter.footer.json"), encoding="utf-8") as f:
                    footer = json.load(f)
                self.assertIs(footer["complete"], False)
                self.assertEqual(footer["reason"], f"signal {int(sig)}")
                self.assertTrue(os.path.exists(partial))


class Host(unittest.TestCase):
    def test_self_test(self):
        out = subprocess.run([str(BIN / "contend_host"), "self-test", "--json", "--windows", "5"],
                             capture_output=True, text=True, timeout=60)
        self.assertEqual(out.returncode, 0, out.stderr)
        figures = json.loads(out.stdout)
        self.assertEqual(figures[0]["threads"], 1)
        self.assertGreater(figures[0]["null_ns_per_op"], 0)

    def test_environment(self):
        out = subprocess.run([str(BIN / "contend_host"), "environment"], capture_output=True, text=True, timeout=60)
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertIn("cpu", json.loads(out.stdout))


if __name__ == "__main__":
    sys.exit(unittest.main())
