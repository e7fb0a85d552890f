"""bench_cache on traces: a user's file in each form, made-up ones, and what is refused."""

import csv
import os
import random
import shutil
import struct
import subprocess
import tempfile
import unittest
from collections import OrderedDict, defaultdict
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("CONTEND_BIN", "build/release/bin"))
POLICIES = {"policy_fifo", "policy_lru", "policy_clock", "policy_sieve", "policy_s3fifo"}
WHOLE = {"concurrent_lru", "concurrent_sieve", "concurrent_s3fifo"}
SPLIT = {"sharded_lru", "sharded_s3fifo", "rw_sharded_sieve"}
MADE_UP = ("zipf", "scan", "loop", "shift", "recency")


def bench(*args, program="bench_cache"):
    return subprocess.run([str(BIN / program), *args], capture_output=True, text=True, timeout=200)


def rows_of(directory):
    with open(os.path.join(directory, "cache.csv"), newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def lru_hits(requests, capacity):
    cache, hits = OrderedDict(), 0
    for key in requests:
        if key in cache:
            hits += 1
            cache.move_to_end(key)
        else:
            if len(cache) == capacity:
                cache.popitem(last=False)
            cache[key] = True
    return hits


def best_hits(requests, capacity):
    """Belady's: whoever is asked for again last goes."""
    later, following = {}, [0] * len(requests)
    for i in reversed(range(len(requests))):
        following[i] = later.get(requests[i], len(requests))
        later[requests[i]] = i
    cache, hits = {}, 0
    for i, key in enumerate(requests):
        if key in cache:
            hits += 1
        elif len(cache) == capacity:
            del cache[max(cache, key=cache.get)]
        cache[key] = following[i]
    return hits


class InFolder(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp(prefix="contend-trace-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.file = os.path.join(self.dir, "trace")

    def write(self, content):
        with open(self.file, "wb") as f:
            f.write(content if isinstance(content, bytes) else content.encode())


class UsersTrace(InFolder):
    FEW = 400  # keys: rooms of 1, 4 and 40
    FORMS = {
        "lirs": lambda keys: "".join(f"{k}\n" for k in keys),
        "arc": lambda keys: "".join(f"{k} 1 0 {i}\n" for i, k in enumerate(keys)),
        "csv": lambda keys: "".join(f"{i},object {k},{k + 1}\n" for i, k in enumerate(keys)),
        "oracle": lambda keys: b"".join(struct.pack("<IQIq", i, k, 9, -1)
                                        for i, k in enumerate(keys)),
    }

    def test_every_form_gives_the_hit_ratios_of_its_requests(self):
        rng = random.Random(7)
        keys = [int(rng.random() ** 3 * self.FEW) for _ in range(4000)]
        distinct = len(set(keys))
        rooms = sorted({max(1, distinct // part) for part in (1000, 100, 10)})
        expected = {(policy, room): hits(keys, room) / len(keys) for room in rooms
                    for policy, hits in (("lru", lru_hits), ("opt", best_hits))}
        for form, text in self.FORMS.items():
            with self.subTest(form):
                self.write(text(keys))
                out = os.path.join(self.dir, form)
                done = bench("--trace", self.file, "--workloads", "trace_file", "--reps", "1",
                             "--contestants", "policy_.*|concurrent_.*", "--run-dir", out,
                             "--quiet")
                self.assertEqual(done.returncode, 0, done.stderr)
                got = {(r["contestant"], int(r["p_capacity"])): float(r["hit_ratio"])
                       for r in rows_of(out)}
                self.assertEqual(len(got), len(rooms) * len(POLICIES | WHOLE | {"policy_opt"}))
                self.assertEqual({r["p_keys"] for r in rows_of(out)}, {str(distinct)})
                for room in rooms:
                    for contestant, policy in (("policy_lru", "lru"), ("concurrent_lru", "lru"),
                                               ("policy_opt", "opt")):
                        self.assertAlmostEqual(got[contestant, room], expected[policy, room],
                                               places=6)
                    for name in WHOLE:  # one part: the policy's own order
                        self.assertEqual(got[name, room],
                                         got[name.replace("concurrent", "policy"), room])

    def test_what_is_refused_is_refused_in_one_line_before_anything_is_written(self):
        out = os.path.join(self.dir, "out")
        record = struct.pack("<IQIq", 0, 1, 2, -1)
        for content, said in ((record + record[:10], ":24: the last request is cut off: 10 of 24"),
                              (b"1\n2\n" + b"3\n" * 200 + b"\0\1\2", ":203: a byte 0x00, expected"),
                              ("", ": empty, expected"), ("1\n2 3\n", ":2: 2 fields, expected"),
                              ("1\n99999999999999999999\n", ":2: number too large: '9999999999"),
                              ("1" * 5000, ":1: longer than 4096 bytes, expected")):
            with self.subTest(said):
                self.write(content)
                self.refused(3, self.file + said, "--trace", self.file, "--run-dir", out)
        os.remove(self.file)
        self.refused(3, self.file + ": No such file", "--trace", self.file, "--run-dir", out)
        os.mkfifo(self.file)
        self.refused(3, self.file + ": a pipe, expected", "--trace", self.file, "--run-dir", out)
        self.refused(3, self.dir + ": a folder, expected", "--trace", self.dir, "--run-dir", out)
        self.assertFalse(os.path.exists(out))

    def refused(self, code, said, *args, program="bench_cache"):
        done = bench(*args, program=program)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertTrue(done.stderr.startswith(f"contend: {said}"), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)

    def test_no_trace_no_workload_and_other_families_have_none(self):
        self.refused(2, "bench_cache: nothing to measure is left", "--workloads", "trace_file")
        self.refused(2, "--trace 'x', expected a family that replays traces", "--trace", "x",
                     program="bench_counter")

    def test_contend_run_says_the_same_and_makes_no_folder(self):
        self.write("1\nx\n")
        out = os.path.join(self.dir, "results")
        done = subprocess.run([str(ROOT / "scripts/contend"), "run", "--trace", "trace", "--out",
                               out, "--families", "cache"], capture_output=True, text=True,
                              timeout=200, cwd=self.dir)
        self.assertEqual((done.returncode, done.stderr),
                         (3, f"contend: {self.file}:2: 'x', expected a block number\n"))
        self.assertFalse(os.path.exists(out))


class MadeUpTraces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="contend-trace-")
        cls.ratio = defaultdict(dict)
        cls.rows = []
        for trace, contestants in (("loop", ".*"), ("zipf|trace_scan|trace_shift|trace_recency",
                                                    "policy_(lru|s3fifo|sieve|opt)|concurrent_.*")):
            out = os.path.join(cls.dir, trace[:4])
            done = bench("--workloads", f"trace_{trace}", "--contestants", contestants, "--reps",
                         "1", "--quiet", "--run-dir", out)
            if done.returncode:
                raise AssertionError(done.stderr)
            cls.rows += rows_of(out)
        for r in cls.rows:
            part = int(r["p_keys"]) // int(r["p_capacity"])
            cls.ratio[r["workload"].removeprefix("trace_"), part][r["contestant"]] = float(
                r["hit_ratio"])

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def test_every_policy_and_bounded_cache_takes_part(self):
        self.assertEqual(set(self.ratio), {(t, p) for t in MADE_UP for p in (1000, 100, 10)})
        for part in (1000, 100, 10):
            self.assertEqual(set(self.ratio["loop", part]),
                             POLICIES | WHOLE | SPLIT | {"policy_opt"})
        for r in self.rows:
            self.assertEqual((r["verified"], r["threads"]), ("1", "1"))
            self.assertEqual(r["p_shards"], "16" if r["contestant"] in SPLIT else "")

    def test_nobody_beats_the_optimum(self):
        for point, by_contestant in self.ratio.items():
            for name, ratio in by_contestant.items():
                self.assertLessEqual(ratio, by_contestant["policy_opt"], (point, name))

    def test_s3_fifo_is_never_below_lru_but_on_pure_recency(self):
        for (trace, part), by_contestant in self.ratio.items():
            for kind in ("policy", "concurrent"):
                s3fifo, lru = by_contestant[kind + "_s3fifo"], by_contestant[kind + "_lru"]
                if trace != "recency":
                    self.assertGreaterEqual(s3fifo, lru, (trace, part, kind))
                elif part > 10:
                    self.assertLess(s3fifo, lru, (trace, part, kind))


if __name__ == "__main__":
    unittest.main()
