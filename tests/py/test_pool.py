"""bench_pool as a user calls it: every row verified, the sizing sweep has what its chart needs."""

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


def run(folder, *options):
    done = subprocess.run(
        [str(BIN / "bench_pool"), "--quiet", "--reps", "1", "--window-ms", "2", "--run-dir", folder,
         "--run-id", "test-1", *options],
        capture_output=True, text=True, timeout=110, check=False)
    with open(os.path.join(folder, "pool.csv"), newline="", encoding="utf-8") as f:
        return done, list(csv.DictReader(f))


class Rows(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dirs = [tempfile.mkdtemp(prefix="contend-pool-") for _ in range(2)]
        for folder in cls.dirs:
            cls.addClassCleanup(shutil.rmtree, folder)
        first, rows = run(cls.dirs[0], "--workloads", "overhead|sizing")
        # no more threads than a sanitizer bears
        second, more = run(cls.dirs[1], "--workloads", "memory", "--where", "p_jobs=1000")
        cls.done, cls.rows = (first, second), rows + more

    def of(self, workload, contestant=None):
        return [r for r in self.rows if r["workload"] == workload and
                contestant in (None, r["contestant"])]

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

    def test_everybody_takes_part(self):
        for workload, who in (("overhead", {"null", "guide", "unbounded", "semaphore"}),
                              ("sizing", {"guide"}), ("memory", {"guide", "unbounded"})):
            self.assertEqual({r["contestant"] for r in self.of(workload)}, who, workload)

    def test_rows_say_that_nothing_is_bound(self):
        for r in self.rows:
            self.assertIn("unpinned", r["flags"].split(";"))
            self.assertEqual(r["threads"], "1")

    def test_each_curve_goes_past_its_prediction_and_to_64_a_core(self):
        rows = self.of("sizing")
        cores = min(float(r["predicted_workers"]) for r in rows)
        self.assertEqual({r["p_wait_pct"] for r in rows}, {"0", "50", "90", "99"})
        for share in ("0", "50", "90", "99"):
            mine = [r for r in rows if r["p_wait_pct"] == share]
            workers = {int(r["p_workers"]) for r in mine}
            predicted = cores * 100 / (100 - int(share))
            self.assertEqual({float(r["predicted_workers"]) for r in mine}, {predicted})
            self.assertLessEqual({1, int(cores), int(cores) + 1, round(predicted), 64 * int(cores)},
                                 workers)
            self.assertTrue(any(w > predicted for w in workers))
            for r in mine:
                if r["latency_samples"] != "0":  # on a busy machine a short window may pass without
                    self.assertGreater(float(r["latency_p99_ns"]), 50_000)

    def test_a_thread_for_each_job_costs_memory(self):
        growth = {r["contestant"]: float(r["rss_growth_mb"]) for r in self.of("memory")}
        # 1000 jobs with 4 KiB of locals each: on as many stacks, or on those of a few workers
        self.assertGreater(growth["unbounded"], 4)
        self.assertLess(growth["guide"], growth["unbounded"] / 4)


class Limits(unittest.TestCase):
    @unittest.skipUnless(shutil.which("prlimit"), "prlimit is not installed")
    def test_more_waiting_jobs_than_threads_are_left_out_aloud(self):
        done = subprocess.run(["prlimit", "--nproc=2000", str(BIN / "bench_pool"), "--list", "--json"],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("contend: pool: 5000 waiting jobs left out", done.stderr)
        memory, = (w for w in json.loads(done.stdout)["workloads"] if w["name"] == "memory")
        self.assertEqual(memory["params"]["p_jobs"], [1000])


if __name__ == "__main__":
    unittest.main()
