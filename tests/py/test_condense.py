import pathlib
import tempfile
import unittest

import fixture
from contendlib import condense, reader
from contendlib.errors import UsageError


def table(rows, family="counter"):
    """The rows as the reader gives them."""
    with tempfile.TemporaryDirectory() as holder:
        path = pathlib.Path(holder) / "t.csv"
        fixture.write(path, fixture.csv_text(family, rows))
        return reader.read_csv(path).rows


def window(ns, rep=0, **more):
    return fixture.cells("counter", rep=rep, ops=1000, ns_per_op=ns, p_hold_ns=0, p_think_ns=0,
                         p_sample_every=0, **more)


FAILED = {"ops": "", "ns_per_op": "", "verified": "0", "noise": "", "flags": "failed;stuck"}


class Points(unittest.TestCase):
    def test_one_point(self):
        rows = table([window(ns, rep, hop_ns=40 + rep, noise="noisy" if rep == 3 else "ok",
                             flags="hop" if rep == 3 else "", fairness_min_max=rep / 10)
                      for rep, ns in ((3, 7), (0, 4), (1, 5), (2, 6), (5, 9), (4, 8))])
        point, = condense.condense(rows)
        self.assertEqual((point.n, point.median, point.lo, point.hi), (6, 6.5, 4, 9))
        self.assertEqual((point.samples, point.reps), ((4, 5, 6, 7, 8, 9), (0, 1, 2, 3, 4, 5)))
        self.assertEqual((point.noisy, point.hop, point.flags), (1, 42.5, {"hop"}))
        self.assertEqual(point.median_of("fairness_min_max"), 0.25)
        self.assertIsNone(point.median_of("scaling_ratio"))
        self.assertEqual(point.key[:6], ("counter", "atomic_add", "inc", "thread", "compact", 1))
        self.assertEqual(point.key.where(), {"family": "counter", "workload": "inc",
                                             "exec": "thread", "placement": "compact", "threads": 1,
                                             "p_hold_ns": 0, "p_think_ns": 0})

    def test_no_interval_below_six(self):
        point, = condense.condense(table([window(5, rep) for rep in range(5)]))
        self.assertEqual((point.n, point.lo, point.hi, point.interval), (5, None, None, None))

    def test_every_key_column_parts_points(self):
        rows = [window(5)]
        for changed in ({"contestant": "x"}, {"workload": "mixed"}, {"exec": "task"},
                        {"placement": "scatter"}, {"threads": 2}, {"p_read_pct": 50}):
            rows.append(window(5) | {k: str(v) for k, v in changed.items()})
        rows.append(window(5) | {"p_hold_ns": "100"})
        rows.append(window(5) | {"p_think_ns": "100"})
        self.assertEqual([p.n for p in condense.condense(table(rows))], [1] * 9)

    def test_zero_and_empty_sampling_are_one_point(self):
        point, = condense.condense(table([window(5, 0), window(6, 1) | {"p_sample_every": ""}]))
        self.assertEqual(point.n, 2)

    def test_latency_windows_count_for_latencies_only(self):
        slow = {"p_sample_every": "64", "latency_p50_ns": "70"}
        rows = table([window(5), window(500, 1) | slow])
        self.assertEqual([p.samples for p in condense.condense(rows)], [(5,)])
        self.assertEqual([p.samples for p in condense.condense(rows, "ops")], [(1000,)])
        point, = condense.condense(rows, "latency_p50_ns")
        self.assertEqual((point.samples, point.key.param("p_sample_every")), ((70,), 64))

    def test_what_timing_does_not_bend_counts_in_latency_windows(self):
        rows = [fixture.cells("cache", workload="stampede", rep=rep, p_sample_every=1, ops=10,
                              loads_per_expiry=1.5) for rep in range(2)]
        point, = condense.condense(table(rows, "cache"), "loads_per_expiry")
        self.assertEqual(point.samples, (1.5, 1.5))
        self.assertEqual(condense.condense(table(rows, "cache"), "ops"), [])

    def test_failed_rows_never_count(self):
        rows = table([window(5), window(6, 1), window(7, 2) | FAILED])
        for lossy in (False, True):
            point, = condense.condense(rows, lossy=lossy)
            self.assertEqual((point.n, point.failed, point.unverified), (2, 1, 0))

    def test_a_point_of_failed_rows_can_be_named(self):
        point, = condense.condense(table([fixture.cells("counter", **FAILED)]))
        self.assertEqual((point.n, point.median, point.failed, point.lo), (0, None, 1, None))

    def test_unverified_rows_count_only_when_asked_for(self):
        rows = table([window(5, verified=0, flags="lossy"), window(7, 1)])
        point, = condense.condense(rows)
        self.assertEqual((point.samples, point.unverified), ((7,), 1))
        point, = condense.condense(rows, lossy=True)
        self.assertEqual((point.samples, point.unverified), ((5, 7), 0))

    def test_points_without_the_metric_are_left_out(self):
        self.assertEqual(condense.condense(table([window(5)]), "latency_p99_ns"), [])

    def test_runs_are_never_pooled(self):
        rows = table([window(5)]) + table([window(5, run_id="other")])
        with self.assertRaises(ValueError):
            condense.condense(rows)


class Where(unittest.TestCase):
    def test_parse(self):
        for texts, wanted in (
                (None, {}),
                (["p_read_pct=90,99"], {"p_read_pct": [90, 99]}),
                (["p_read_pct=90,exec=thread,task"], {"p_read_pct": [90],
                                                      "exec": ["thread", "task"]}),
                (["threads=1", "threads=2"], {"threads": [1, 2]}),
                (["p_hold_ns=1e2", "p_read_pct="], {"p_hold_ns": [100], "p_read_pct": [None]})):
            self.assertEqual(condense.parse_where(texts), wanted)

    def test_refused(self):
        for text in ("", "90", "colour=red", "ns_per_op=5", "verified=1", "p_read_pct=many",
                     "=5", "`touch x`=1", "threads=1,x"):
            with self.subTest(text), self.assertRaises(UsageError) as caught:
                condense.parse_where([text])
            self.assertEqual(caught.exception.exit_code, 2)

    def test_matches(self):
        row, = table([window(5, p_read_pct=90)])
        for text, wanted in (("p_read_pct=90", True), ("p_read_pct=50,90", True),
                             ("p_read_pct=", False), ("exec=task", False),
                             ("exec=thread,threads=1", True), ("p_pair=", True),
                             ("p_pair=1", False),
                             ("contestant=atomic_add", True)):
            self.assertEqual(condense.matches(row, condense.parse_where([text])), wanted, text)

    def test_metric_names(self):
        self.assertEqual(condense.check_metric("ops_per_s").better, "higher")
        for name in ("p_read_pct", "colour", "verified", "threads"):
            with self.assertRaises(UsageError):
                condense.check_metric(name)


if __name__ == "__main__":
    unittest.main()
