"""bench_pool as a user calls it: every workload has verified rows of everybody, both ways."""

import collections
import csv
import json
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from contendlib import reader, schema

BIN = Path(os.environ.get("CONTEND_BIN", "build/release/bin"))

KINDS = {"channel", "stealing", "fixed", "dynamic", "priority"}
BY_JOB = {"unbounded", "semaphore"}
OPEN_LOOP = ("queue", "overload_120", "overload_200")
BALANCE = ("balance_equal", "balance_pareto", "balance_elephant")


def bench(*options, before=()):
    return subprocess.run([*before, str(BIN / "bench_pool"), *options], capture_output=True,
                          text=True, timeout=110, check=False)


def run(folder, *options, before=()):
    """One repetition of short windows; what it returned, and its rows."""
    done = bench("--quiet", "--no-table", "--reps", "1", "--window-ms", "2", "--run-dir", folder,
                 "--run-id", "test-1", *options, before=before)
    path = os.path.join(folder, "pool.csv")
    if not os.path.exists(path):
        return done, []
    with open(path, newline="", encoding="utf-8") as f:
        return done, list(csv.DictReader(f))


def listed(*options, before=()):
    done = bench("--list", "--json", *options, before=before)
    return done, json.loads(done.stdout)


class Scratch(unittest.TestCase):
    @classmethod
    def folder(cls):
        folder = tempfile.mkdtemp(prefix="contend-pool-")
        cls.addClassCleanup(shutil.rmtree, folder)
        return folder


# A sanitizer's shadow needs more address space than this; then many threads and tasks take long.
LITTLE_SPACE = ("prlimit", "--as=3000000000") if shutil.which("prlimit") else ()
SANITIZED = bench("--help", before=LITTLE_SPACE).returncode != 0


class Rows(Scratch):
    # one point or a few of each workload: all of them would take minutes
    RUNS = (
        ("--workloads", "overhead", "--where", "p_workers=2"),
        ("--workloads", "sizing", "--where", "p_wait_pct=0",
         *(("--where", "p_workers=1,2") if SANITIZED else ())),
        ("--workloads", "sizing.*", "--where", "p_wait_pct=90", "--where", "p_workers=1,20"),
        ("--workloads", "|".join(OPEN_LOOP), "--where", "p_queue=16"),
        ("--workloads", "|".join(BALANCE)),
        ("--workloads", "memory", "--where", "p_jobs=1000",
         *(("--contestants", "guide|channel") if SANITIZED else ())),
    )

    @classmethod
    def setUpClass(cls):
        cls.dirs, cls.done, cls.rows = [], [], []
        for options in cls.RUNS:
            cls.dirs.append(cls.folder())
            done, rows = run(cls.dirs[-1], *options)
            cls.done.append(done)
            cls.rows += rows
        cls.cores = round(min(float(r["predicted_workers"]) for r in cls.rows
                              if r["predicted_workers"]))

    def of(self, workload, **cells):
        return [r for r in self.rows if r["workload"] == workload and
                all(r[k] == v for k, v in cells.items())]

    def test_it_exits_0_and_every_row_is_verified(self):
        for done in self.done:
            self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual({r["verified"] for r in self.rows}, {"1"})

    def test_the_reader_takes_it(self):
        for folder in self.dirs:
            path = os.path.join(folder, "pool.csv")
            with open(path, encoding="utf-8") as f:
                self.assertEqual(f.readline().rstrip("\n").split(","), schema.header("pool"))
            reader.read_csv(path)

    def test_everybody_takes_part_by_threads_and_by_tasks(self):
        some, by_job = {"guide", "channel"}, set() if SANITIZED else {"unbounded"}
        expected = {
            "overhead": ({"null", "guide", "ref"} | KINDS | BY_JOB, {"null"} | KINDS | BY_JOB),
            "sizing": (some, {"channel"}),
            "sizing_socket": (some, set()),
            "memory": (some | by_job, {"channel"} | by_job),
            **{w: (some | {"ref"}, {"channel"}) for w in OPEN_LOOP},
            **{w: ({"guide", "ref"} | KINDS, KINDS) for w in BALANCE},
        }
        for workload, both in expected.items():
            for how, who in zip(("thread", "task"), both):
                self.assertEqual({r["contestant"] for r in self.of(workload, exec=how)}, who,
                                 f"{workload} by {how}s")

    def test_overhead_has_batches_and_many_submitters(self):
        points = {(r["p_batch"], r["p_submitters"]) for r in self.of("overhead")}
        self.assertLessEqual({("1", "1"), ("16", "1"), ("256", "1"), ("1", str(2 * self.cores))},
                             points)
        self.assertFalse(self.of("overhead", contestant="ref", p_batch="16"))

    def test_rows_of_threads_say_that_nothing_is_bound(self):
        for r in self.rows:
            self.assertEqual("unpinned" in r["flags"].split(";"), r["exec"] == "thread")
            self.assertEqual(r["threads"], "1")

    @unittest.skipIf(SANITIZED, "the curve is not measured under a sanitizer")
    def test_a_curve_has_the_prediction_and_what_lies_around_it(self):
        rows = self.of("sizing", p_wait_pct="0")
        workers = {int(r["p_workers"]) for r in rows}
        self.assertLessEqual({1, self.cores, self.cores + 1, 2 * self.cores, 64 * self.cores},
                             workers)
        self.assertEqual({float(r["predicted_workers"]) for r in rows}, {self.cores})
        self.assertEqual({float(r["predicted_workers"]) for r in self.of("sizing", p_wait_pct="90")},
                         {10 * self.cores})
        for r in rows:
            if r["latency_samples"] != "0":  # on a busy machine a short window may pass without
                self.assertGreater(float(r["latency_p99_ns"]), 50_000)

    def test_metrics_stand_where_they_mean_something_and_only_there(self):
        where = collections.defaultdict(set)
        for r in self.rows:
            for metric in ("predicted_workers", "peak_rss_mb", "blocked_submit_pct", "refused_pct",
                           "busiest_ratio", "quota_cpus"):
                where[metric].add((r["workload"], r[metric] != ""))
        for metric, workloads in (("predicted_workers", ("sizing", "sizing_socket")),
                                  ("peak_rss_mb", ("memory",)), ("blocked_submit_pct", ("queue",)),
                                  ("refused_pct", OPEN_LOOP[1:]), ("busiest_ratio", BALANCE),
                                  ("quota_cpus", ())):
            self.assertEqual(where[metric], {(r["workload"], r["workload"] in workloads)
                                             for r in self.rows}, metric)

    def test_at_twice_what_the_workers_can_do_some_are_refused(self):
        for r in self.of("overload_200"):
            self.assertGreater(float(r["refused_pct"]), 0, r["contestant"])

    def test_a_fixed_part_is_as_unequal_as_the_jobs_are(self):
        for how in ("thread", "task"):
            fixed, = self.of("balance_elephant", contestant="fixed", exec=how)
            self.assertGreater(float(fixed["busiest_ratio"]), 1.3)
            fixed, = self.of("balance_equal", contestant="fixed", exec=how)
            self.assertLess(float(fixed["busiest_ratio"]), 1.1)

    @unittest.skipIf(SANITIZED, "a thousand threads take long under a sanitizer")
    def test_a_thread_for_each_job_costs_memory(self):
        growth = {r["contestant"]: float(r["rss_growth_mb"])
                  for r in self.of("memory", exec="thread")}
        # 1000 jobs with 4 KiB of locals each: on as many stacks, or on those of a few workers
        self.assertGreater(growth["unbounded"], 4)
        self.assertLess(growth["channel"], growth["unbounded"] / 4)


class Sweep(unittest.TestCase):
    def test_the_quick_sweep_has_the_points_that_the_charts_need(self):
        done, family = listed()
        self.assertEqual(done.returncode, 0, done.stderr)
        params = {w["name"]: w["params"] for w in family["workloads"]}
        self.assertLessEqual({1, 2, 4, 8}, {*params["overhead"]["p_workers"], 8})
        self.assertEqual(params["sizing"]["p_wait_pct"], [0, 50, 90, 99])
        self.assertEqual(params["sizing"]["p_compute_us"], [100])
        self.assertEqual(params["queue"]["p_queue"], [1, 16, 256])

    def test_the_full_one_has_every_axis(self):
        done, family = listed("--full")
        self.assertEqual(done.returncode, 0, done.stderr)
        params = {w["name"]: w["params"] for w in family["workloads"]}
        self.assertEqual(sorted(params["sizing"]["p_compute_us"]), [1, 10, 100, 1000])
        self.assertIn(1024, params["sizing"]["p_workers"])
        self.assertEqual(len(params["sizing"]["p_limit"]), 3)
        self.assertEqual(len(params["sizing_socket"]["p_limit"]), 3)
        self.assertIn(0, params["overhead"]["p_queue"])


class Limits(Scratch):
    @unittest.skipUnless(shutil.which("prlimit"), "prlimit is not installed")
    def test_more_waiting_jobs_than_threads_are_left_out_aloud(self):
        done, family = listed("--exec", "thread", before=("prlimit", "--nproc=2000"))
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("contend: pool: 5000 waiting jobs left out: about 1500 threads", done.stderr)

    @unittest.skipIf(SANITIZED or not LITTLE_SPACE, "prlimit is not installed, or a sanitizer is")
    def test_what_the_machine_refuses_is_a_failed_row(self):
        done, rows = run(self.folder(), "--workloads", "memory", "--contestants", "unbounded",
                         "--exec", "thread", "--where", "p_jobs=5000", before=LITTLE_SPACE)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"contend: pool: EAGAIN at thread [1-9][0-9]* of 5000\n")
        self.assertEqual([(r["verified"], "failed" in r["flags"]) for r in rows], [("0", True)])

    def test_a_quota_is_kept_or_left_out_aloud(self):
        done, rows = run(self.folder(), "--full", "--workloads", "quota", "--exec", "thread",
                         "--contestants", "channel", "--where", "p_wait_pct=0",
                         "--where", "p_workers=4")
        if "quota left out" in done.stderr:
            self.assertEqual((done.returncode, rows), (2, []), done.stderr)
            return
        self.assertEqual(done.returncode, 0, done.stderr)
        row, = rows
        # read back from the group; smaller where this process has a quota already
        self.assertLessEqual(float(row["quota_cpus"]), float(row["predicted_workers"]) / 2)


if __name__ == "__main__":
    unittest.main()
