"""bench_flow as a user calls it: rows, oracle, parameters, who takes part in what."""

import csv
import os
import shutil
import tempfile
import unittest

from contendlib import schema
from test_lock import CPUS, bench, listed

STREAMS = ("fan_out", "pipeline", "image", "log", "etl")


class Flow(unittest.TestCase):
    """The quick sweep, as short as can be."""

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="contend-flow-")
        cls.run_ = bench("flow", "--quiet", "--reps", "1", "--window-ms", "2", "--warmup-ms", "1",
                         "--no-table", "--run-dir", cls.dir)
        with open(os.path.join(cls.dir, "flow.csv"), newline="", encoding="utf-8") as f:
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
        self.assertEqual(list(self.rows[0]), schema.header("flow"))

    def test_every_row_is_verified(self):
        for row in self.rows:
            self.assertEqual(row["verified"], "1", row)

    def test_both_ways_and_their_floor_everywhere(self):
        for workload in (*STREAMS, "batcher", "retry", "breaker"):
            for contestant, ways in (("flow", {"thread", "task"}), ("null", {"thread", "task"}),
                                     ("ref", {"thread"})):
                self.assertEqual({r["exec"] for r in self.of(workload, contestant=contestant)},
                                 ways, (workload, contestant))

    def test_order_is_kept_where_it_is_to_be(self):
        who = {r["contestant"] for r in self.of("ordered")}
        self.assertEqual(who, {"null", "unordered", "ordered_stream", "ordered_batch", "ref"})
        for r in self.of("ordered") + self.of("etl"):
            if r["contestant"] != "unordered" and r["reordered_pct"]:
                self.assertEqual(float(r["reordered_pct"]), 0, r)

    def test_widths_up_to_eight_times_the_cpus(self):
        widths = {int(r["p_width"]) for r in self.of("fan_out", contestant="flow",
                                                     p_compute_us=100)}
        self.assertEqual(min(widths), 1)
        self.assertGreaterEqual(max(widths), 8)
        lengths = {r["p_compute_us"] for r in self.of("fan_out", contestant="flow")}
        self.assertEqual(lengths, {"1", "10", "100"})

    def test_one_context_does_not_wait_for_another(self):
        for r in self.of("fan_out", contestant="null"):
            self.assertEqual(r["p_width"], "1")
            self.assertEqual(float(r["reordered_pct"] or 0), 0, r)

    def test_pipelines_by_depth_and_room(self):
        shapes = {(int(r["p_depth"]), int(r["p_capacity"]))
                  for r in self.of("pipeline", contestant="flow")}
        self.assertLessEqual({(1, 0), (1, 16), (8, 0), (8, 16), (4, 128)}, shapes)
        self.assertEqual(self.of("pipeline", contestant="ref", p_capacity=0), [])

    def test_real_inputs_have_no_length_of_their_own(self):
        for workload in ("image", "log", "etl"):
            for r in self.of(workload):
                self.assertEqual((r["p_compute_us"], r["p_depth"]), ("", ""), r)

    def test_batches_are_no_larger_than_asked_for(self):
        for r in self.of("batcher"):
            self.assertEqual(r["reordered_pct"], "")
            self.assertGreaterEqual(float(r["batch_mean_items"]), 1, r)
            self.assertLessEqual(float(r["batch_mean_items"]), int(r["p_batch"]), r)
            self.assertLessEqual(float(r["latency_p50_ns"] or 0),
                                 float(r["latency_max_ns"] or 0), r)
        self.assertIn("", {r["p_rate_per_s"] for r in self.of("batcher")})
        self.assertEqual({r["p_batch"] for r in self.of("batcher", contestant="null")}, {"1"})

    def test_guards_when_all_is_well_and_when_it_fails(self):
        self.assertEqual({r["p_fail_pct"] for r in self.of("retry")}, {"0", "20"})
        self.assertEqual({r["p_fail_pct"] for r in self.of("breaker")}, {"0", "20", "100"})
        self.assertEqual(self.of("breaker", contestant="null", p_fail_pct=100), [])
        threads = {int(r["threads"]) for r in self.of("breaker", contestant="flow", p_fail_pct=0)}
        self.assertLessEqual({1, min(CPUS, 2)}, threads)

    def test_the_list_names_all(self):
        caps = {c["name"]: c["caps"] for c in listed("flow")["contestants"]
                if ":" not in c["name"]}
        self.assertEqual(set(caps), {"null", "flow", "unordered", "ordered_stream",
                                     "ordered_batch", "ref"})
        self.assertIn("FLOOR", caps["null"])
        self.assertIn("BASELINE", caps["ref"])


if __name__ == "__main__":
    unittest.main()
