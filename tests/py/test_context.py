"""bench_context as a user calls it: rows, oracle, parameters, who takes part in what."""

import csv
import os
import shutil
import tempfile
import unittest

from contendlib import schema
from test_lock import bench, listed


class Context(unittest.TestCase):
    """The quick sweep, as short as can be."""

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="contend-context-")
        cls.run_ = bench("context", "--quiet", "--reps", "1", "--window-ms", "2", "--warmup-ms",
                         "1", "--no-table", "--run-dir", cls.dir)
        with open(os.path.join(cls.dir, "context.csv"), newline="", encoding="utf-8") as f:
            cls.rows = list(csv.DictReader(f))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def of(self, workload, **where):
        return [r for r in self.rows if r["workload"] == workload
                and all(r[k] == str(v) for k, v in where.items())]

    def test_it_exits_0(self):
        self.assertEqual(self.run_.returncode, 0, self.run_.stderr)

    def test_columns_are_the_schema_s(self):
        self.assertEqual(list(self.rows[0]), schema.header("context"))

    def test_every_row_is_verified(self):
        for row in self.rows:
            self.assertEqual(row["verified"], "1", row)

    def test_both_ways_everywhere(self):
        for workload in ("cancel", "timers", "lateness"):
            self.assertEqual({r["exec"] for r in self.of(workload, contestant="context")},
                             {"thread", "task"}, workload)
            self.assertTrue(self.of(workload, contestant="ref", exec="thread"), workload)
            self.assertEqual(self.of(workload, contestant="ref", exec="task"), [])

    def test_cancels_by_width_and_depth(self):
        trees = {(r["p_width"], r["p_depth"]) for r in self.of("cancel", contestant="context")}
        self.assertLessEqual({("1", "1"), ("1000", "1"), ("1", "100")}, trees)
        for r in self.of("cancel"):
            self.assertLessEqual(0, float(r["latency_p50_ns"]), r)
            self.assertLessEqual(float(r["latency_p50_ns"]), float(r["latency_max_ns"]), r)
            self.assertGreaterEqual(int(r["latency_samples"]), int(r["ops"] or 0), r)
            self.assertGreater(float(r["cancel_call_ns"]), 0, r)
            self.assertEqual(bool(r["cancel_ns_per_context"]), r["contestant"] == "context", r)
            if r["contestant"] == "context":
                contexts = 1 + int(r["p_width"]) * int(r["p_depth"])
                self.assertAlmostEqual(float(r["cancel_ns_per_context"]) * contexts,
                                       float(r["cancel_call_ns"]), delta=contexts)

    def test_timers_up_to_a_hundred_thousand(self):
        counts = {r["p_timers"] for r in self.of("timers", contestant="context")}
        self.assertLessEqual({"10", "1000", "100000"}, counts)
        # A descriptor each: not so many.
        self.assertEqual(self.of("timers", contestant="ref", p_timers=100000), [])
        for r in self.of("timers"):
            self.assertEqual(r["latency_p50_ns"], "", r)
        for r in self.of("lateness"):
            # The snapshot of the operations is the gate's, the samples are the workers'.
            self.assertGreaterEqual(int(r["latency_samples"]), int(r["ops"] or 0), r)

    def test_the_floor_does_not_cancel(self):
        self.assertEqual(self.of("cancel", contestant="null"), [])
        caps = {c["name"]: c["caps"] for c in listed("context")["contestants"]}
        self.assertLessEqual({"null", "context", "ref"}, set(caps))
        self.assertIn("FLOOR", caps["null"])
        self.assertIn("BASELINE", caps["ref"])


if __name__ == "__main__":
    unittest.main()
