"""bench_channel as a user calls it: rows, oracle, parameters, who takes part in what."""

import csv
import os
import shutil
import sys
import tempfile
import unittest

from contendlib import schema
from test_lock import CPUS, bench, listed

EXECS = {"thread", "task"}


def cell(row, name):
    return float(row[name]) if row[name] else None


class Channel(unittest.TestCase):
    """The quick sweep, as short as can be."""

    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp(prefix="contend-channel-")
        cls.run_ = bench("channel", "--quiet", "--reps", "1", "--window-ms", "2", "--warmup-ms", "1",
                         "--no-table", "--run-dir", cls.dir)
        with open(os.path.join(cls.dir, "channel.csv"), newline="", encoding="utf-8") as f:
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
        self.assertEqual(list(self.rows[0]), schema.header("channel"))

    def test_every_row_is_verified(self):
        for row in self.rows:
            self.assertEqual(row["verified"], "1", row)

    def test_every_window_has_one_row(self):
        keys = [tuple(v for k, v in r.items() if k in ("contestant", "workload", "exec", "threads",
                                                       "rep") or k.startswith("p_"))
                for r in self.rows]
        self.assertEqual(len(keys), len(set(keys)))

    def test_both_ways_everywhere(self):
        for workload in ("stream", "blocked", "pingpong", "select", "close_wake", "open_loop"):
            for contestant in ("chan", "chan_spsc"):
                here = {r["exec"] for r in self.of(workload, contestant=contestant)}
                self.assertEqual(here, set() if (workload, contestant) == ("close_wake", "chan_spsc")
                                 else EXECS, (workload, contestant))
            self.assertTrue(self.of(workload, contestant="guide", exec="thread"), workload)
            self.assertEqual(self.of(workload, contestant="guide", exec="task"), [])

    def test_who_sits_out(self):
        """One sender, one receiver and room for a value are what chan_spsc is told to expect."""
        for r in self.rows:
            if r["contestant"] == "chan_spsc":
                self.assertGreaterEqual(int(r["p_capacity"]), 1, r)
                self.assertEqual(r["threads"], "2", r)
        caps = {c["name"]: c["caps"] for c in listed("channel")["contestants"]}
        self.assertLessEqual({"PAIR", "BUFFERED"}, set(caps["chan_spsc"]))
        self.assertFalse({"PAIR", "BUFFERED"} & set(caps["chan"]))

    def test_roles_are_in_the_row(self):
        for r in self.of("stream") + self.of("blocked") + self.of("open_loop"):
            self.assertEqual(int(r["threads"]), int(r["p_producers"]) + int(r["p_consumers"]), r)
        for r in self.of("close_wake"):
            self.assertEqual(int(r["threads"]), int(r["p_waiters"]) + 1, r)
        for r in self.of("pingpong") + self.of("select"):
            self.assertEqual(r["threads"], "2", r)

    def test_the_sweep_has_its_points(self):
        wanted = {w["name"]: w["params"] for w in listed("channel")["workloads"]}
        self.assertEqual(sorted(wanted["stream"]["p_capacity"]), [0, 1, 2, 8, 64, 1024])
        self.assertEqual(sorted(wanted["stream"]["p_element_bytes"]), [8, 64, 256])
        self.assertLessEqual({1, CPUS, 4, 8}, set(wanted["stream"]["p_producers"]))
        self.assertEqual(sorted(wanted["select"]["p_cases"]), [1, 2, 4, 16])
        self.assertEqual(wanted["open_loop"]["p_rate_per_s"][0], 1000)
        full = {w["name"]: w["params"] for w in listed("channel", "--full")["workloads"]}
        self.assertLessEqual({1, 2, 4, 16, 64, 256}, set(full["close_wake"]["p_waiters"]))

    def test_blocked_operations_are_shares(self):
        for r in self.of("blocked"):
            both = [cell(r, "blocked_send_pct"), cell(r, "blocked_recv_pct")]
            if None in both:
                self.assertFalse(r["ops"] and float(r["ops"]) > 1000, r)
                continue
            self.assertTrue(all(0 <= v <= 100 for v in both), r)
            if r["p_capacity"] == "0" and float(r["ops"] or 0) > 100:
                self.assertGreater(sum(both), 10, r)
        self.assertFalse([r for r in self.of("stream") if r["blocked_send_pct"]])

    def test_fairness_is_within_a_side(self):
        for r in self.of("stream"):
            for name, count in (("sender_least_share", "p_producers"),
                                ("receiver_least_share", "p_consumers")):
                if r["contestant"] == "null":
                    continue
                if r[count] == "1":
                    self.assertEqual(r[name], "", r)
                self.assertLessEqual(cell(r, name) or 0, 1, r)

    def test_a_close_reaches_everybody(self):
        for r in self.of("close_wake"):
            if not r["wake_all_p99_ns"]:
                continue        # so short a window may end before the first close
            quantiles = [cell(r, f"latency_{q}_ns") for q in ("p50", "p99", "p999", "max")]
            self.assertEqual(quantiles, sorted(quantiles), r)
            self.assertLessEqual(cell(r, "latency_p50_ns"), 1.02 * cell(r, "wake_all_p99_ns"), r)

    def test_an_open_loop_has_a_latency_for_each_value(self):
        for r in self.of("open_loop"):
            if r["ops"]:
                self.assertGreater(int(r["latency_samples"]), 0, r)
                self.assertGreater(cell(r, "ops_per_s"), 0, r)
        slow = self.of("open_loop", p_rate_per_s=10_000, contestant="chan", exec="thread")
        self.assertLess(cell(slow[0], "ops_per_s") or 0, 100_000)


class Parameters(unittest.TestCase):
    def refused(self, *args):
        out = bench("channel", *args)
        self.assertEqual(out.returncode, 2, out.stderr)
        self.assertEqual(out.stderr.count("\n"), 1, out.stderr)
        return out.stderr

    def test_one_line_and_2(self):
        self.assertIn("p_nope", self.refused("--where", "p_nope=1"))
        self.assertIn("p_capacity", self.refused("--where", "p_capacity=many"))
        self.assertIn("nothing to measure", self.refused("--where", "p_capacity=3"))
        self.assertIn("nothing to measure", self.refused("--workloads", "streams"))
        self.assertIn("nothing to measure",
                      self.refused("--contestants", "chan_spsc", "--where", "p_capacity=0"))
        self.assertIn("nothing to measure",
                      self.refused("--contestants", "guide", "--exec", "task"))

    def test_workers_that_do_not_fit_fail_their_row(self):
        """--control gives the family parameters of its own, which say nothing about sides."""
        out = bench("channel", "--control", "aa", "--pairs", "2", "--contestants", "guide",
                    "--window-ms", "1", "--quiet", "--no-table", "--threads", "2")
        self.assertEqual(out.returncode, 1, out.stderr)
        self.assertIn("FAILED", out.stderr)


if __name__ == "__main__":
    sys.exit(unittest.main())
