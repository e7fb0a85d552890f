"""bench_lock and bench_sync as a user calls them: rows, oracles, parameters, who takes part."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from contendlib import schema

BIN = Path(os.environ.get("CONTEND_BIN", "build/release/bin"))
CPUS = len(os.sched_getaffinity(0))


def bench(name, *args):
    return subprocess.run([str(BIN / f"bench_{name}"), *args], capture_output=True, text=True,
                          timeout=200)


def listed(name, *args):
    return json.loads(bench(name, "--list", "--json", *args).stdout)


class Measured:
    """The quick sweep by threads, as short as can be."""

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix=f"contend-{cls.NAME}-")
        cls.run_ = bench(cls.NAME, "--quiet", "--reps", "1", "--window-ms", "2", "--warmup-ms", "1",
                         "--exec", "thread", "--threads", "1,3", "--no-table", "--run-dir", cls.dir)
        with open(os.path.join(cls.dir, f"{cls.NAME}.csv"), newline="", encoding="utf-8") as f:
            cls.rows = list(csv.DictReader(f))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def test_it_exits_0(self):
        self.assertEqual(self.run_.returncode, 0, self.run_.stderr)

    def test_columns_are_the_schema_s(self):
        self.assertEqual(list(self.rows[0]), schema.header(self.NAME))

    def test_every_row_is_verified(self):
        for row in self.rows:
            self.assertEqual(row["verified"], "1", row)

    def test_every_workload_has_a_floor_and_a_reference(self):
        for workload in {r["workload"] for r in self.rows}:
            here = {r["contestant"] for r in self.rows if r["workload"] == workload}
            self.assertIn("ref", here, workload)
            self.assertTrue({"null"} & here or workload == "handover", workload)

    def test_every_window_has_one_row(self):
        keys = [tuple(v for k, v in r.items() if k in ("contestant", "workload", "threads", "rep")
                      or k.startswith("p_")) for r in self.rows]
        self.assertEqual(len(keys), len(set(keys)))

    def test_pthread_is_not_for_tasks(self):
        """What blocks its OS thread would keep a carrier from running whom it waits for."""
        for c in listed(self.NAME)["contestants"]:
            if c["name"].startswith("pthread_") or (c["name"] == "ref" and "malloc" not in
                                                    c["source"]):
                self.assertEqual(c["execs"], ["thread"], c)


class Lock(Measured, unittest.TestCase):
    NAME = "lock"

    def of(self, workload):
        return [r for r in self.rows if r["workload"] == workload]

    def test_hand_overs_are_between_threads(self):
        for r in self.of("handover"):
            quantiles = [r[f"handover_{q}_ns"] for q in ("p50", "p99", "p999", "max")]
            if r["threads"] == "1":
                self.assertEqual(quantiles, [""] * 4, r)
            elif r["handover_pct"]:     # so short a window may have none
                values = list(map(float, quantiles))
                self.assertEqual(values, sorted(values), r)
                self.assertGreater(float(r["handover_clock_ns"]), 0)
                self.assertLessEqual(float(r["handover_pct"]), 100)

    def test_a_queue_hands_over_every_time(self):
        """With a CPU for each, first come first served alternates between two."""
        if CPUS < 2:
            self.skipTest("SKIPPED: one CPU: spinners stand still")
        with tempfile.TemporaryDirectory() as d:
            out = bench("lock", "--quiet", "--reps", "3", "--window-ms", "5", "--threads", "2",
                        "--workloads", "handover", "--contestants", "ticket", "--no-table",
                        "--run-dir", d)
            self.assertEqual(out.returncode, 0, out.stderr)
            with open(os.path.join(d, "lock.csv"), newline="", encoding="utf-8") as f:
                shares = [float(r["handover_pct"] or 0) for r in csv.DictReader(f)]
        self.assertGreater(max(shares), 50)

    def test_mutexes_are_the_baseline_of_readers(self):
        reading = {r["contestant"] for r in self.of("rwmutex")}
        self.assertLessEqual({"ref", "mutex_go", "rwmutex_go", "pthread_rwlock"}, reading)
        self.assertFalse({"ticket", "mcs"} & reading)
        self.assertFalse({"rwmutex_go", "pthread_rwlock"}
                         & {r["contestant"] for r in self.of("mutex") + self.of("handover")})

    def test_the_map_has_its_cells(self):
        full = {w["name"]: w["params"] for w in listed("lock", "--full")["workloads"]}
        self.assertEqual(sorted(full["rwmutex"]["p_read_pct"]), [0, 50, 90, 99, 100])
        self.assertEqual(sorted(full["rwmutex"]["p_hold_ns"]), [0, 100, 1000, 10000])
        quick = {w["name"]: w["params"] for w in listed("lock")["workloads"]}
        self.assertEqual(sorted(quick["rwmutex"]["p_read_pct"]), [50, 90, 99, 100])


class Sync(Measured, unittest.TestCase):
    NAME = "sync"
    OURS = {"waitgroup": {"waitgroup"}, "round": {"waitgroup", "latch", "barrier"},
            "once": {"once"}, "once_stampede": {"once"}, "cond_signal": {"cond"},
            "cond_broadcast": {"cond"}, "semaphore": {"semaphore"},
            "semaphore_weighted": {"semaphore"}, "objpool": {"objpool"},
            "map": {"map", "mutex_map", "rwmutex_map"},
            "value": {"value", "mutex_value", "rwmutex_value"}}

    def test_who_does_what(self):
        found = {}
        for r in self.rows:
            if r["contestant"] not in ("null", "ref") and ":" not in r["contestant"]:
                found.setdefault(r["workload"], set()).add(r["contestant"])
        self.assertEqual(found, self.OURS)

    def test_a_turn_each(self):
        """The ring and the rounds give everybody the same number, whatever the scheduler does."""
        for r in self.rows:
            if r["workload"] in ("cond_signal", "round") and r["contestant"] != "null" and (
                    r["threads"] == "3" and r["fairness_min_max"] and float(r["ops"]) > 10_000):
                self.assertGreater(float(r["fairness_min_max"]), 0.5, r)

    def test_wait_groups_are_told_once_or_each_time(self):
        calls = {r["p_calls"] for r in self.rows if r["workload"] == "waitgroup"}
        self.assertEqual(calls, {"1", "16"})


if __name__ == "__main__":
    sys.exit(unittest.main())
