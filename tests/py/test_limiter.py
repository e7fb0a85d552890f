"""bench_limiter as a user calls it: every row verified, and the law rows exact."""

import csv
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from contendlib import reader, schema

BIN = Path(os.environ.get("CONTEND_BIN", "build/release/bin"))
GUIDES = {"guide_ticker", "guide_token_bucket", "guide_fixed_window", "guide_sliding_log",
          "guide_leaky", "guide_per_user"}


class Rows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="contend-limiter-")
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        cls.run_ = subprocess.run(
            [str(BIN / "bench_limiter"), "--quiet", "--reps", "1", "--window-ms", "2",
             "--warmup-ms", "1", "--threads", "1,2", "--run-dir", cls.dir, "--run-id", "test-1"],
            capture_output=True, text=True, timeout=110, check=False)
        with open(os.path.join(cls.dir, "limiter.csv"), newline="", encoding="utf-8") as f:
            cls.rows = list(csv.DictReader(f))

    def of(self, workload, contestant=None):
        return [r for r in self.rows if r["workload"] == workload and
                contestant in (None, r["contestant"])]

    def law(self, contestant):
        """burst_ratio by adversary."""
        return {r["p_adversary"]: float(r["burst_ratio"]) for r in self.of("law", contestant)}

    def test_it_exits_0_and_every_row_is_verified(self):
        self.assertEqual(self.run_.returncode, 0, self.run_.stderr)
        self.assertEqual({r["verified"] for r in self.rows}, {"1"})

    def test_the_reader_takes_it(self):
        with open(os.path.join(self.dir, "limiter.csv"), encoding="utf-8") as f:
            self.assertEqual(f.readline().rstrip("\n").split(","), schema.header("limiter"))
        table = reader.read_csv(os.path.join(self.dir, "limiter.csv"))
        self.assertEqual(len(table.rows), len(self.rows))

    def test_everybody_takes_part(self):
        for workload, who in (("allow", GUIDES | {"null"}), ("users", {"null", "guide_per_user"}),
                              ("wait", GUIDES | {"null"}), ("law", GUIDES)):
            self.assertEqual({r["contestant"] for r in self.of(workload)}, who, workload)

    def test_fixed_window_lets_exactly_twice_its_limit_through(self):
        self.assertEqual(self.law("guide_fixed_window")["1"], 2)

    def test_sliding_log_and_leaky_never_more_than_the_limit(self):
        for contestant in ("guide_sliding_log", "guide_leaky"):
            self.assertEqual(self.law(contestant), {"0": 1, "1": 1})

    def test_buckets_at_most_burst_plus_rate_times_window(self):
        # Half-open windows of 1 s at 100 a second and burst 100: 100 at once, then one each 10 ms.
        for contestant in ("guide_token_bucket", "guide_per_user"):
            self.assertEqual(self.law(contestant)["1"], 1.99)
            self.assertLessEqual(self.law(contestant)["0"], 1.99)
        self.assertEqual(self.law("guide_ticker")["1"], 2)  # a tick may fall on the first instant

    def test_never_limited_admits_all_and_exhausted_next_to_none(self):
        for r in self.of("allow"):
            if r["p_rate_per_s"] == "1000000000" or r["contestant"] == "null":
                self.assertEqual(float(r["admitted_pct"]), 100, r)
            else:
                self.assertLess(float(r["admitted_pct"]), 50, r)

    def test_waiting_has_its_metrics_and_deciding_has_not(self):
        own = ("rate_error_pct", "gap_jitter_p50_ns", "gap_jitter_p99_ns", "gap_p99_ratio")
        for r in self.rows:
            for name in own:
                self.assertEqual(r[name] != "", r["workload"] == "wait", r)
            self.assertEqual(r["burst_ratio"] != "", r["workload"] == "law", r)
        for r in self.of("wait"):
            self.assertGreaterEqual(int(r["ops"]), 20)

    def test_memory_is_reported_where_it_grows(self):
        for r in self.of("law", "guide_sliding_log"):
            self.assertGreaterEqual(int(r["memory_bytes"]), 8 * int(r["p_burst"]))
        one = max(int(r["memory_bytes"]) for r in self.of("allow", "guide_per_user"))
        many = min(int(r["memory_bytes"]) for r in self.of("users", "guide_per_user"))
        self.assertGreater(many, 10 * one)


if __name__ == "__main__":
    unittest.main()
