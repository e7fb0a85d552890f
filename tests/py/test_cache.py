"""bench_cache as a user calls it: rows, oracles, parameters, hit ratios."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections import defaultdict
from pathlib import Path

from contendlib import schema

BIN = Path(os.environ.get("CONTEND_BIN", "build/release/bin")) / "bench_cache"
GUIDES = {"guide_mutex", "guide_rwmutex", "guide_sharded"}
COUNTERS = {"guide_counters", "key_counters"}
OURS = {"sharded", "rw_sharded", "syncmap", "concurrent"}
BOUNDED = {"sharded_lru", "sharded_s3fifo", "rw_sharded_sieve", "concurrent_lru",
           "concurrent_sieve", "concurrent_s3fifo"}
SHARDED = {"guide_sharded", "sharded", "rw_sharded", "sharded_lru", "sharded_s3fifo",
           "rw_sharded_sieve"}
READS = ("0", "50", "90", "99", "100")
SKEWS = ("0", "80", "99", "120")


def bench(*args):
    return subprocess.run([str(BIN), *args], capture_output=True, text=True, timeout=200)


def rows_of(directory):
    with open(os.path.join(directory, "cache.csv"), newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def present_share(skew):
    """Nine of ten keys are there; with skew the share follows from Zipf's law."""
    weight = [(rank + 1) ** -(skew / 100) for rank in range(100_000)]
    return 1 - sum(weight[9::10]) / sum(weight)


class Measured(unittest.TestCase):
    """Parts of the quick sweep, as short as can be."""
    PARTS = (("get_set", "--where", "p_skew=120", "--where", "p_read_pct=0,100"),
             ("get_set", "--where", "p_keys=1000", "--exec", "thread,task"),
             ("get_set", "--where", "p_sample_every=64"),
             ("get_set", "--full", "--where", "p_value_bytes=64,1024", "--where", "p_keys=1000",
              "--where", "p_read_pct=50", "--where", "p_skew=80"),
             ("aside", "--where", "p_capacity=10000", "--exec", "thread,task"),
             ("section_.*", "--where", "p_hold_ns=1000"))

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="contend-cache-")
        cls.rows, cls.runs = [], []
        for i, (workload, *part) in enumerate(cls.PARTS):
            directory = os.path.join(cls.dir, str(i))
            cls.runs.append(bench("--quiet", "--reps", "1", "--window-ms", "1", "--warmup-ms", "1",
                                  "--threads", "2", "--workloads", workload, *part, "--run-dir",
                                  directory))
            cls.rows += rows_of(directory)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def of(self, workload):
        found = [r for r in self.rows if r["workload"] == workload]
        self.assertTrue(found, workload)
        return found

    def test_it_exits_0(self):
        for run in self.runs:
            self.assertEqual(run.returncode, 0, run.stderr)

    def test_columns_are_the_schema_s(self):
        self.assertEqual(list(self.rows[0]), schema.header("cache"))

    def test_every_row_is_verified(self):
        for row in self.rows:
            self.assertEqual(row["verified"], "1", row)

    def test_who_does_what(self):
        who = defaultdict(set)
        for r in self.rows:
            who[r["workload"], r["exec"]].add(r["contestant"])
        self.assertEqual(who["get_set", "thread"], {"null"} | COUNTERS | GUIDES | OURS)
        self.assertEqual(who["get_set", "task"], {"null", "key_counters"} | OURS)
        self.assertEqual(who["aside", "thread"], BOUNDED)
        self.assertEqual(who["aside", "task"], BOUNDED)
        self.assertEqual(who["section_inside", "thread"], GUIDES)
        self.assertEqual(who["section_outside", "thread"], GUIDES)

    def test_shards_are_the_sharded_caches_parameter_only(self):
        for r in self.rows:
            self.assertEqual(r["p_shards"] != "", r["contestant"] in SHARDED, r)

    def test_hit_ratio_is_the_present_keys_share(self):
        for r in self.of("get_set"):
            if r["contestant"] == "null" or r["p_read_pct"] == "0":
                self.assertEqual(r["hit_ratio"], "", r)
                continue
            if r["p_keys"] != "100000":
                continue
            gets = float(r["ops"]) * float(r["p_read_pct"]) / 100
            # 5 standard deviations of a share of that many draws.
            slack = 2.5 * max(gets, 1) ** -0.5 + 0.01
            self.assertAlmostEqual(float(r["hit_ratio"]), present_share(int(r["p_skew"])),
                                   delta=slack, msg=str(r))

    def test_a_bounded_cache_hits_less_and_evicts(self):
        for r in self.of("aside"):
            self.assertTrue(0 < float(r["hit_ratio"]) < 1, r)
            # What misses is set; what is set beyond the capacity pushes something out.
            misses = 100 * (1 - float(r["hit_ratio"]))
            self.assertLessEqual(float(r["evicted_pct"]), misses + 0.01, r)

    def test_the_hash_is_named(self):
        for r in self.rows:
            self.assertEqual(r["hash"], "" if r["contestant"] == "null" else "ct_hash", r)

    def test_bytes_per_entry(self):
        """At least key and value; under a sanitizer malloc does not tell."""
        for r in self.of("get_set"):
            if r["contestant"] in {"null"} | COUNTERS:
                self.assertEqual(r["bytes_per_entry"], "", r)
            elif r["bytes_per_entry"]:
                size = int(r["p_value_bytes"])
                self.assertTrue(size + 8 < float(r["bytes_per_entry"]) < 3 * size + 400, r)

    def test_contention_is_counted_where_the_cache_counts_it(self):
        for r in self.of("get_set"):
            self.assertEqual(r["contended_pct"] != "", r["contestant"] == "sharded", r)
            if r["contended_pct"]:
                self.assertTrue(0 <= float(r["contended_pct"]) <= 100, r)

    def test_latency_windows_have_quantiles_and_no_rate(self):
        timed = [r for r in self.of("get_set") if r["p_sample_every"]]
        self.assertTrue(timed)
        for r in timed:
            self.assertEqual(r["ops_per_s"], "", r)
            self.assertNotEqual(r["latency_p999_ns"], "", r)


class Stampede(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory(prefix="contend-cache-") as d:
            cls.run_ = bench("--quiet", "--reps", "2", "--window-ms", "5", "--warmup-ms", "1",
                             "--threads", "1,8", "--workloads", "stampede", "--run-dir", d)
            cls.rows = rows_of(d)

    def test_all_verified(self):
        self.assertEqual(self.run_.returncode, 0, self.run_.stderr)
        self.assertEqual({(r["contestant"], r["exec"]) for r in self.rows},
                         {(c, e) for c in OURS for e in ("thread", "task")} |
                         {("thundering", "thread")})

    def test_one_load_for_each_expiry(self):
        for r in self.rows:
            if r["contestant"] in OURS and r["loads_per_expiry"]:
                self.assertEqual(float(r["loads_per_expiry"]), 1, r)

    def test_without_single_flight_there_are_more(self):
        loads = [float(r["loads_per_expiry"]) for r in self.rows
                 if r["contestant"] == "thundering" and r["loads_per_expiry"]]
        self.assertTrue(loads and min(loads) >= 1, loads)

    def test_every_get_is_timed(self):
        for r in self.rows:
            self.assertEqual(r["p_sample_every"], "1", r)
            self.assertNotEqual(r["latency_p50_ns"], "", r)


class Asked(unittest.TestCase):
    def params(self, *args):
        data = json.loads(bench("--list", "--json", *args).stdout)
        return {w["name"]: w["params"] for w in data["workloads"]}

    def test_list(self):
        data = json.loads(bench("--list", "--json").stdout)
        caps = {c["name"]: c["caps"] for c in data["contestants"]}
        self.assertIn("FLOOR", caps["null"])
        for name in SHARDED:
            self.assertIn("SHARDED", caps[name])
        for c in data["contestants"]:
            if c["name"].startswith("guide_"):
                self.assertRegex(c["source"].lower(), "guide|walkthrough")
                self.assertIn("THREADS_ONLY", c["caps"])

    def test_every_share_of_reads_meets_every_skew(self):
        """As Google Benchmark lists the quick sweep."""
        shards = defaultdict(set)
        listed = bench("--benchmark_list_tests", "--threads", "2").stdout
        for found in re.finditer(r"get_set/impl:sharded/exec:thread/.*/read_pct:(\d+)/skew:(\d+)/"
                                 r"shards:(\d+)/keys:100000/value_bytes:8/iter", listed):
            shards[found.group(1), found.group(2)].add(int(found.group(3)))
        for read_pct in READS:
            for skew in SKEWS:
                curve = read_pct == "90" and skew in ("0", "99")
                self.assertEqual(shards[read_pct, skew],
                                 {4 ** k for k in range(5)} if curve else {16})

    def test_full_is_the_whole_product(self):
        params = self.params("--full")["get_set"]
        self.assertEqual(sorted(params["p_read_pct"]), [0, 50, 90, 99, 100])
        self.assertEqual(sorted(params["p_skew"]), [0, 80, 99, 120])
        self.assertEqual(sorted(params["p_keys"]), [1000, 100_000, 4_000_000])
        self.assertEqual(sorted(params["p_value_bytes"]), [8, 64, 1024])
        self.assertEqual(sorted(params["p_shards"]), [2 ** k for k in range(9)])

    def test_quick_has_a_part_of_every_axis(self):
        self.assertEqual(self.params()["get_set"].keys(), self.params("--full")["get_set"].keys())
        self.assertEqual(sorted(self.params()["get_set"]["p_keys"]), [1000, 100_000, 4_000_000])

    def test_plan_says_how_much(self):
        out = bench("--plan")
        self.assertEqual(out.returncode, 0, out.stderr)
        self.assertRegex(out.stdout, r"\d+ blocks, \d+ contestants in them\n$")

    def test_a_sharded_and_a_single_lock_share_a_block(self):
        """The shuffled order of a block's windows mixes them: they are compared interleaved."""
        with tempfile.TemporaryDirectory() as d:
            out = bench("--quiet", "--reps", "3", "--window-ms", "1", "--threads", "2",
                        "--where", "p_read_pct=90", "--where", "p_skew=0", "--exec", "thread",
                        "--workloads", "get_set", "--contestants",
                        "guide_mutex|^sharded$", "--run-dir", d)
            self.assertEqual(out.returncode, 0, out.stderr)
            rows = rows_of(d)
        self.assertEqual(len(rows), 3 * 6)
        for rep in range(3):
            part = rows[6 * rep:6 * rep + 6]
            self.assertEqual({r["rep"] for r in part}, {str(rep + 1)})
            self.assertEqual(sum(r["contestant"] == "sharded" for r in part), 5)

    def test_resumed_rows_keep_their_hash(self):
        with tempfile.TemporaryDirectory() as d:
            args = ("--quiet", "--reps", "1", "--window-ms", "1", "--threads", "1", "--where",
                    "p_read_pct=99", "--where", "p_skew=120", "--run-dir", d)
            self.assertEqual(bench(*args, "--contestants", "guide_mutex").returncode, 0)
            before = Path(d, "cache.csv").read_text(encoding="utf-8")
            self.assertEqual(bench(*args, "--resume", "--contestants", "guide_.*mutex").returncode,
                             0)
            after = Path(d, "cache.csv").read_text(encoding="utf-8")
        self.assertTrue(after.startswith(before))
        self.assertEqual(len(re.findall(",ct_hash,1,", after)), 2)


if __name__ == "__main__":
    sys.exit(unittest.main())
