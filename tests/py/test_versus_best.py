"""versus --best and --scaling, from a run folder to what they print."""

import unittest

import fixture
import test_versus
from contendlib import versus
from contendlib.errors import ComparisonImpossible


class Caches(test_versus.Commands):
    """The best of ours against the best peer, and ours against itself on one thread."""

    # Medians of six by name and exec, then threads.
    MEDIANS = {("concurrent", "thread"): {1: 30, 2: 16, 4: 15}, ("concurrent", "task"): {2: 14},
               ("sharded", "thread"): {1: 28, 2: 18}, ("null", "thread"): {1: 1, 2: 1},
               ("tbb:concurrent_hash_map", "thread"): {1: 48, 2: 20, 4: 21},
               ("go:map_mutex", "thread"): {1: 40, 2: 60, 4: 70}}
    HERE = ("--family", "cache", "--where", "p_read_pct=90,p_skew=99")

    def setUp(self):
        super().setUp()
        rows = []
        for (name, exec_), by_threads in self.MEDIANS.items():
            for threads, middle in by_threads.items():
                for rep in range(6):
                    ns = middle + (rep - 2.5) / 10
                    rows.append(fixture.cells(
                        "cache", contestant=name, workload="get_set", exec=exec_, rep=rep,
                        threads=threads, hop_ns=50, ops=1000, ns_per_op=ns, ops_per_s=1e9 / ns,
                        fairness_min_max=0.9, p_read_pct=90, p_skew=99, p_keys=100000,
                        p_value_bytes=8, p_shards=16 if name == "sharded" else None))
        fixture.write_run(self.dir, {"cache": rows})

    def best(self, *more):
        answer = self.versus("--best", *self.HERE, *more)
        return answer, {p["where"]["threads"]: (p["ours"], p["peer"], round(p["ratio"], 3))
                        for p in answer["points"]}

    def test_a_line_for_each_point(self):
        """What is split into shards stands against peers that are not."""
        answer, found = self.best()
        self.assertEqual(found, {1: ("sharded", "go:map_mutex", round(40 / 28, 3)),
                                 2: ("concurrent", "tbb:concurrent_hash_map", 1.25),
                                 4: ("concurrent", "tbb:concurrent_hash_map", 1.4)})
        self.assertEqual(answer["count"], 3)
        self.assertAlmostEqual(answer["geomean"], (40 / 28 * 1.25 * 1.4) ** (1 / 3), places=6)
        self.assertAlmostEqual(answer["share"], 1 / answer["geomean"], places=9)
        self.assertAlmostEqual(answer["worst_share"], 0.8, places=6)

    def test_tasks_too(self):
        _, found = self.best("--any-exec", "--threads", "2")
        self.assertEqual(found, {2: ("concurrent", "tbb:concurrent_hash_map",
                                     round(20 / 14, 3))})

    def test_a_metric_of_which_more_is_better(self):
        answer, found = self.best("--metric", "ops_per_s", "--threads", "4")
        self.assertEqual(found, {4: ("concurrent", "tbb:concurrent_hash_map", 1.4)})
        self.assertAlmostEqual(answer["share"], 1.4, places=3)

    def test_text(self):
        text = self.call(versus, self.dir, "--best", *self.HERE)
        self.assertRegex(text, r"T=1 p_read_pct=90 .* +sharded p_shards=16 +go:map_mutex +28\.00 +"
                               r"40\.00 +1\.429 \[.*\] +0\.700 \[0\..*, 0\..*\] +6 +50\.0")
        self.assertIn("\ngeometric mean over 3 points: 1.357x, ours / peer 0.737, at worst 0.800 (0 "
                      "of 36 rows noisy)\n", text)
        self.assertEqual(text.count(" T="), 3)

    def test_by_default_what_is_split_differently_is_not_compared(self):
        self.assertNotIn("sharded", {p["ours"] for p in self.versus(*self.HERE)["points"]})

    def test_scaling(self):
        answer = self.versus("--scaling", *self.HERE, "--ours", "concurrent|tbb.*")
        found = {(p["ours"], p["where"]["threads"]): round(p["ratio"], 3) for p in answer["points"]}
        self.assertEqual(found, {("concurrent", 2): 1.875, ("concurrent", 4): 2,
                                 ("tbb:concurrent_hash_map", 2): 2.4,
                                 ("tbb:concurrent_hash_map", 4): round(48 / 21, 3)})
        text = self.call(versus, self.dir, "--scaling", *self.HERE)
        self.assertRegex(text, r"(?m)^contestant +setting +T=2 +T=4$")
        self.assertRegex(text, r"(?m)^concurrent +cache get_set thread/compact p_read_pct=90 .* +"
                               r"1\.875 \[1\..*\] +2\.000 \[1\..*\]$")
        self.assertRegex(text, r"(?m)^sharded .* +1\.556 \[.*\] +-$")
        self.assertNotIn("null", text)

    def test_scaling_needs_one_thread_and_several(self):
        for threads in ("1", "2,4"):
            with self.assertRaisesRegex(ComparisonImpossible, "^nothing in common"):
                self.versus("--scaling", *self.HERE, "--threads", threads)


if __name__ == "__main__":
    unittest.main()
