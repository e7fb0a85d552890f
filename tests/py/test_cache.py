"""bench_cache as a user calls it: rows, oracles, parameters, hit ratios."""

import csv
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections import defaultdict
from pathlib import Path

from contendlib import schema

BIN = Path(os.environ.get("CONTEND_BIN", "build/release/bin")) / "bench_cache"


def bench(*args):
    return subprocess.run([str(BIN), *args], capture_output=True, text=True, timeout=200)


class Measured(unittest.TestCase):
    """The quick sweep, as short as can be."""

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="contend-cache-")
        cls.run_ = bench("--quiet", "--reps", "1", "--window-ms", "2", "--warmup-ms", "1",
                         "--threads", "1,3", "--run-dir", cls.dir)
        with open(os.path.join(cls.dir, "cache.csv"), newline="", encoding="utf-8") as f:
            cls.rows = list(csv.DictReader(f))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def test_it_exits_0(self):
        self.assertEqual(self.run_.returncode, 0, self.run_.stderr)

    def test_columns_are_the_schema_s(self):
        self.assertEqual(list(self.rows[0]), schema.header("cache"))

    def test_every_row_is_verified(self):
        for row in self.rows:
            self.assertEqual(row["verified"], "1", row)

    def test_points_are_the_chosen_cross(self):
        self.assertEqual({r["contestant"] for r in self.rows},
                         {"null", "guide_mutex", "guide_rwmutex", "guide_sharded", "guide_counters"})
        shards = defaultdict(set)
        for r in self.rows:
            if r["contestant"] == "guide_sharded":
                shards[r["p_read_pct"], r["p_skew"], r["threads"]].add(int(r["p_shards"]))
        for read_pct in ("0", "50", "90", "99", "100"):
            for skew in ("0", "99"):
                for threads in ("1", "3"):
                    self.assertEqual(shards[read_pct, skew, threads],
                                     {2 ** k for k in range(9)} if read_pct == "90" else {16})

    def test_shards_are_the_sharded_cache_s_parameter_only(self):
        for r in self.rows:
            self.assertEqual(r["p_shards"] != "", r["contestant"] == "guide_sharded", r)
            self.assertEqual(r["p_keys"], "100000")

    def test_hit_ratio_is_the_present_keys_share(self):
        """Nine of ten keys are there; with skew the share follows from Zipf's law."""
        weight = [(rank + 1) ** -0.99 for rank in range(100_000)]
        skewed = 1 - sum(weight[9::10]) / sum(weight)
        for r in self.rows:
            if r["contestant"] == "null" or r["p_read_pct"] == "0":
                self.assertEqual(r["hit_ratio"], "", r)
                continue
            expected = 0.9 if r["p_skew"] == "0" else skewed
            gets = float(r["ops"]) * float(r["p_read_pct"]) / 100
            # 5 standard deviations of a share of that many draws, and of the 65536 that repeat.
            slack = 2.5 * max(gets, 1) ** -0.5 + 0.01
            self.assertAlmostEqual(float(r["hit_ratio"]), expected, delta=slack, msg=str(r))


class Asked(unittest.TestCase):
    def test_list(self):
        data = json.loads(bench("--list", "--json").stdout)
        caps = {c["name"]: c["caps"] for c in data["contestants"]}
        self.assertIn("FLOOR", caps["null"])
        self.assertIn("SHARDED", caps["guide_sharded"])
        self.assertTrue(all("guide" in c["source"].lower() or "walkthrough" in c["source"].lower()
                            for c in data["contestants"] if c["name"] != "null"))

    def test_full_is_the_whole_product(self):
        data = json.loads(bench("--list", "--json", "--full").stdout)
        params = data["workloads"][0]["params"]
        self.assertEqual(sorted(params["p_read_pct"]), [0, 50, 90, 99, 100])
        self.assertEqual(sorted(params["p_skew"]), [0, 99])
        self.assertEqual(sorted(params["p_shards"]), [2 ** k for k in range(9)])

    def test_a_sharded_and_a_single_lock_share_a_block(self):
        """The shuffled order of a block's windows mixes them: they are compared interleaved."""
        with tempfile.TemporaryDirectory() as d:
            out = bench("--quiet", "--reps", "3", "--window-ms", "1", "--threads", "2",
                        "--where", "p_read_pct=90", "--where", "p_skew=0", "--run-dir", d)
            self.assertEqual(out.returncode, 0, out.stderr)
            with open(os.path.join(d, "cache.csv"), newline="", encoding="utf-8") as f:
                rows = list(csv.DictReader(f))
        self.assertEqual(len(rows), 3 * 13)
        for rep in range(3):
            part = rows[13 * rep:13 * rep + 13]
            self.assertEqual({r["rep"] for r in part}, {str(rep + 1)})
            self.assertEqual(sum(r["contestant"] == "guide_sharded" for r in part), 9)


if __name__ == "__main__":
    sys.exit(unittest.main())
