"""compare: statistics, verdicts, false alarms, and what was left out."""

import math
import random
import shutil
import unittest

import fixture
from comparecase import BASE, Case, failed, samples, times, windows
from contendlib import compare_chart, compare_points, condense, schema, stats
from contendlib.errors import ComparisonImpossible, InputError, UsageError

# a, b, their medians, scipy.stats.mannwhitneyu(a, b): U of a and p (SciPy 1.10.1)
SCIPY = (
    ([11.915, 12.067, 12.023, 11.636, 11.668, 11.822],
     [12.392, 12.655, 12.82, 12.427, 12.158, 12.274],
     11.8685, 12.4095, 0.0, 0.0021645021645021645),
    ([50.573, 50.131, 48.593, 50.818, 48.859, 49.828, 52.581, 48.476],
     [51.532, 51.853, 50.123, 49.244, 52.653, 52.457, 52.28, 51.387, 50.798, 52.195],
     49.9795, 51.692499999999995, 17.0, 0.04342063165592577),
    ([3.2612, 3.2011, 3.2577, 3.2447, 3.2054, 3.2149, 3.3484, 3.2574, 3.1648, 3.2526],
     [3.0454, 3.1129, 3.0105, 3.0681, 3.1043, 3.1199, 3.081, 2.9868, 3.0632, 3.0821, 3.0341,
      3.1143],
     3.24865, 3.07455, 120.0, 8.733926588357827e-05),
    ([99.0, 100.0, 100.0, 100.0, 101.0, 100.0, 100.0, 102.0, 102.0],
     [99.0, 100.0, 100.0, 102.0, 99.0, 100.0, 99.0, 99.0, 101.0],
     100.0, 100.0, 54.0, 0.22303211232609177),
    ([1807.7, 1648.1, 1645.3, 1891.5, 1798.1, 1815.1, 1771.3, 1581.7, 1817.7, 1450.1, 1740.0,
      1637.1, 1652.3, 1759.4, 1626.4, 1761.4, 1649.6, 1610.9, 1640.7, 1661.1],
     [1616.3, 1380.9, 1500.5, 1503.1, 1490.6, 1422.0, 1566.8, 1454.2, 1533.4, 1389.1, 1455.9,
      1572.9, 1533.5, 1598.4, 1529.6],
     1656.6999999999998, 1503.1, 285.0, 7.348600200557724e-06),
)


class Statistics(Case):
    def test_medians_u_and_p_are_those_of_scipy(self):
        for a, b, median_a, median_b, u, p in SCIPY:
            self.pair(a, b)
            point, = self.json()["points"]
            for found, wanted in ((point["a"]["median"], median_a), (point["u"], u),
                                  (point["b"]["median"], median_b), (point["p"], p),
                                  (point["p_holm"], p), (point["ratio"], median_a / median_b)):
                self.assertAlmostEqual(found, wanted, delta=1e-9)
            self.assertEqual((point["a"]["n"], point["b"]["n"]), (len(a), len(b)))
            self.assertEqual((point["a"]["low"], point["a"]["high"]), stats.median_ci(a))
            self.assertTrue(point["low"] <= point["ratio"] <= point["high"])

    def test_holm_counts_every_compared_point(self):
        names = ("ref", "mcs", "ticket", "mutex_go", "cas_loop")
        self.write("a", *(windows(n, SCIPY[1][0], threads=1) for n in names), windows("sharded", BASE[:5]))
        self.write("b", *(windows(n, SCIPY[1][1], threads=1) for n in names), windows("sharded", BASE[:5]))
        answer = self.json()
        points = [p for p in answer["points"] if p["contestant"] != "sharded"]
        for p in points:        # five of them have a p, the sixth has too few repetitions
            self.assertAlmostEqual(p["p_holm"], min(1, 5 * SCIPY[1][5]), delta=1e-9)
            self.assertEqual(p["verdict"], "cannot tell")
        self.assertEqual([p["p_holm"] for p in answer["points"] if p not in points], [None])
        self.assertIn("Holm over 5 points", self.text())
        self.assertEqual(self.json("--contestants", "ref")["points"][0]["verdict"], "worse")

    def test_smaller_is_better_only_where_it_is(self):
        self.write("a", windows("ref", BASE, fairness_min_max=0.3))
        self.write("b", windows("ref", times(0.5), ops_per_s=2e8, fairness_min_max=0.9))
        for metric, ratio in (("ns_per_op", 2), ("ops_per_s", 2), ("fairness_min_max", 3)):
            answer = self.json("--metric", metric)
            self.assertAlmostEqual(answer["points"][0]["ratio"], ratio, places=9)
            self.assertEqual(answer["points"][0]["verdict"], "better")
            self.assertIn("above 1 B is", answer["ratio_is"])
        self.assertIn("B's ops_per_s / A's", self.json("--metric", "ops_per_s")["ratio_is"])

    def test_sides_are_resampled_independently(self):
        self.pair(BASE, times(1.1))
        point, = self.json()["points"]
        wanted = stats.ratio_of_medians_ci(BASE, times(1.1), 1)
        self.assertEqual((point["ratio"], point["low"], point["high"]), wanted)

    def test_geomean_over_common_points_of_each_family(self):
        self.write("a", windows("ref", BASE), windows("mcs", BASE), windows("ticket", times(99)))
        self.write("b", windows("ref", times(2)), windows("mcs", times(0.5)),
                   windows("cas_loop", times(9)))
        found = self.json()["geomeans"]
        self.assertEqual(found["counter"]["count"], 2)
        self.assertAlmostEqual(found["counter"]["ratio"], 1, places=12)


class Verdicts(Case):
    def test_a_run_with_itself(self):
        fixture.write_run(self.dir / "a")
        shutil.copytree(self.dir / "a", self.dir / "copy")
        for b in ("a", "copy"):
            answer = self.json(b=b)
            self.assertEqual({(p["verdict"], p["ratio"]) for p in answer["points"]}, {("same", 1)})
            self.assertGreater(len(answer["points"]), 100)
            self.assertEqual({f: g["ratio"] for f, g in answer["geomeans"].items()},
                             {"counter": 1, "machine": 1})
            self.assertEqual((answer["environment_diff"], answer["missing"]),
                             ([], {"a": [], "b": []}))

    def test_a_run_with_itself_is_the_same_whatever_it_lacks(self):
        self.write("a", windows("ref", BASE[:2]), windows("mcs", BASE, noise="noisy"),
                   environment=lambda e: e["cpu"].update(slug="unknown"))
        self.assertEqual({p["verdict"] for p in self.json(b="a")["points"]}, {"same"})

    def test_equal_samples_of_two_runs(self):
        self.pair((1, 2, 3, 4, 5, 60, 70, 80), (80, 1, 70, 2, 60, 3, 5, 4))
        self.assertEqual(self.verdict(), ("same", "the same samples on both sides"))

    def test_one_run_id_with_other_rows_is_refused(self):
        self.pair(BASE, BASE)
        self.write("b", windows("ref", times(2)), run_id=fixture.RUN_ID)
        with self.assertRaisesRegex(InputError, f"run_id {fixture.RUN_ID} as in .* other rows"):
            self.json()

    def test_a_planted_slow_down_and_nothing_else(self):
        """1.2x in one contestant, everything else measured again with its usual spread."""
        for seed, contestant in ((2, "mutex_go"), (5, "ticket"), (9, "ref")):
            a, b = fixture.counter_rows(seed=1), fixture.counter_rows(seed=seed)
            for row in b:
                if row["contestant"] == contestant and row["ns_per_op"]:
                    row["ns_per_op"] = str(float(row["ns_per_op"]) * 1.2)
            self.write("a", counter=a, machine=fixture.machine_rows(8, 3))
            self.write("b", counter=b, machine=fixture.machine_rows(8, 4))
            points = self.json()["points"]
            planted = [p for p in points if p["contestant"] == contestant]
            self.assertGreater(len(planted), 2)
            self.assertEqual({p["verdict"] for p in planted}, {"worse"})
            self.assertEqual({p["contestant"] for p in points if p["verdict"] == "worse"},
                             {contestant})
            self.assertNotIn("better", {p["verdict"] for p in points})
            self.assertEqual(points[:len(planted)], sorted(planted, key=lambda p: p["ratio"]))

    def test_fail_if_worse(self):
        self.pair(BASE, times(1.5))
        self.run_it("--json", "--fail-if-worse", code=1)
        self.run_it("--json")
        shutil.rmtree(self.dir / "a")
        shutil.rmtree(self.dir / "b")
        self.pair(times(1.5), BASE)
        self.run_it("--json", "--fail-if-worse")

    def test_too_few_repetitions(self):
        self.pair(BASE, times(2)[:5])
        self.assertEqual(self.verdict(), ("cannot tell", "8/5 repetitions, need >= 6"))
        point, = self.json()["points"]
        self.assertEqual([point[k] for k in ("low", "high", "p", "p_holm")], [None] * 4)
        self.assertAlmostEqual(point["ratio"], 10.35 / 20.4)
        self.assertRegex(self.text(), r"0\.507 +8/5  cannot tell: n\n")

    def test_noisy(self):
        for noisy, verdict in ((3, "worse"), (4, "cannot tell")):
            rows = windows("ref", times(2))
            for row in rows[:noisy]:
                row.update(noise="noisy", flags="steal")
            self.write("a", windows("ref", BASE))
            self.write("b", rows)
            self.assertEqual(self.verdict()[0], verdict)
            self.assertIn(f"noisy windows: 0 of 8 in A, {noisy} of 8 in B", self.text())
            self.assertEqual(self.json()["points"][0]["b"]["noisy"], noisy)
        self.assertEqual(self.verdict()[1], "4 of 8 windows of B noisy")

    def test_hop_moved(self):
        for threads, hop, verdict in ((2, 62, "worse"), (2, 63, "cannot tell"), (1, 90, "worse"),
                                      (2, 39, "cannot tell"), (2, None, "cannot tell")):
            self.write("a", windows("ref", BASE, threads=threads))
            self.write("b", windows("ref", times(2), threads=threads, hop_ns=hop))
            self.assertEqual(self.verdict()[0], verdict, (threads, hop))
        self.assertEqual(self.verdict()[1], "hop not measured in B")
        self.write("b", windows("ref", times(2), hop_ns=91.25))
        self.assertEqual(self.verdict()[1], "hop 50 ns in A, 91.25 ns in B")
        self.assertIn({"field": "measured.hop_ns", "a": 50, "b": 91.25},
                      self.json()["environment_diff"])
        self.write("a", windows("ref", BASE, hop_ns=None))
        self.write("b", windows("ref", times(2), hop_ns=None))
        self.assertEqual(self.verdict()[0], "worse")

    def test_interval_decides_between_same_and_cannot_tell(self):
        near = tuple(10 + i / 1000 for i in range(8))
        self.pair(near, times(1.002, near))
        self.assertEqual(self.verdict(), ("same", "interval within 1.0 % of 1"))
        self.pair(near, times(1.012, near))
        self.assertEqual(self.verdict()[0], "worse")
        self.pair(BASE, times(1.004))
        self.assertEqual(self.verdict(), ("cannot tell", "interval crosses 1 by 1.0 %"))

    def test_contended_points_of_two_processes_take_five_per_cent(self):
        near = tuple(10 + i / 1000 for i in range(8))
        for factor, threads, verdict in ((1.04, 1, "worse"), (1.04, 2, "cannot tell"),
                                         (0.96, 2, "cannot tell"), (1.06, 2, "worse"),
                                         (0.94, 8, "better")):
            self.write("a", windows("ref", near, threads=threads))
            self.write("b", windows("ref", times(factor, near), threads=threads))
            self.assertEqual(self.verdict()[0], verdict, (factor, threads))

    def test_less_than_the_effect_is_never_a_difference(self):
        near = tuple(10 + i / 1000 for i in range(8))
        self.pair(near, times(1.0095, near))
        point, = self.json()["points"]
        self.assertLess(point["p_holm"], 0.001)
        self.assertNotIn(point["verdict"], ("worse", "better"))

    def test_effect_of_the_wider_control(self):
        near = tuple(10 + i / 1000 for i in range(8))
        for noise_a, noise_b in ((0.001, 0.2), (0.2, 0.001)):
            for name, values, noise in (("a", near, noise_a), ("b", times(1.03, near), noise_b)):
                self.write(name, windows("ref", values), control=fixture.control_rows(noise=noise))
            answer = self.json()
            self.assertAlmostEqual(answer["min_effect"], math.expm1(2 * answer["aa_spread"]))
            self.assertGreater(answer["min_effect"], 0.031)
            self.assertNotEqual(answer["points"][0]["verdict"], "worse")
            self.assertEqual(len(answer["points"]), 1)      # controls are not compared
        self.pair(near, times(1.03, near))
        for name in ("a", "b"):
            for file in self.dir.glob(f"{name}/control.*"):
                file.unlink()
        answer = self.json()
        self.assertEqual((answer["min_effect"], answer["aa_spread"]), (0.01, None))
        self.assertEqual(answer["points"][0]["verdict"], "worse")

    def test_too_few_repetitions_for_so_many_points(self):
        rows = [windows("ref", BASE[:6], p_hold_ns=hold) for hold in range(24)]
        twice = [windows("ref", times(2)[:6], p_hold_ns=hold) for hold in range(24)]
        self.write("a", *rows)
        self.write("b", *twice)
        text = " ".join(self.text().split())
        self.assertIn("no difference could have been shown: so few repetitions give p >= 0.0022, "
                      "and Holm multiplies it by up to 24 points; measure with --reps 7", text)
        self.assertIn("24 cannot tell", text)
        few = self.json("--where", "p_hold_ns=0,1,2")
        self.assertEqual({p["verdict"] for p in few["points"]}, {"worse"})
        self.assertNotIn("could have been shown", self.text("--where", "p_hold_ns=0,1,2"))

    def test_other_cpu(self):
        self.write("a", windows("ref", BASE))
        self.write("b", windows("ref", times(1.5), hop_ns=200),
                   environment=lambda e: e["cpu"].update(slug="arm-n1", name="Neoverse-N1"))
        answer = self.json()
        self.assertEqual(answer["points"][0]["verdict"], "other CPU")
        self.assertAlmostEqual(answer["points"][0]["ratio"], 1 / 1.5, places=6)
        self.assertEqual(answer["geomeans"], {"counter": {"ratio": None, "count": 1}})
        self.assertIs(answer["same_cpu"], False)
        text = self.text("--fail-if-worse")
        self.assertIn("other CPUs: laid side by side, never pooled; no verdicts", text)
        self.assertNotIn("geometric mean", text)
        answer = self.json("--across-cpus")
        self.assertEqual(answer["points"][0]["verdict"], "worse")
        self.assertAlmostEqual(answer["geomeans"]["counter"]["ratio"], 1 / 1.5, places=6)

    def test_unknown_cpu(self):
        self.write("a", windows("ref", BASE))
        for slug in ("unknown", None, "", 7, ["x"], {"x": 1}):
            self.write("b", windows("ref", times(2)),
                       environment=lambda e: e["cpu"].update(slug=slug))
            self.assertEqual(self.verdict(), ("cannot tell", "the CPU of a side is unknown"))
        self.assertEqual(self.verdict("--across-cpus")[0], "worse")

    def test_every_verdict_and_cause_is_documented(self):
        self.assertEqual(set(compare_chart.LOOKS), set(compare_points.VERDICTS))
        self.assertEqual(set(compare_points.CAUSES), {"cpu", "n", "noise", "hop", "process", "holm",
                                                     "wide"})


class FalseAlarms(unittest.TestCase):
    def test_same_machine_twice(self):
        """300 comparisons of equal sides: spread of 0.5 to 3 %, slow windows, and a shift from
        process to process. Of all points at most 5 % may be called different."""
        rng, called, points = random.Random(20261121), 0, 0
        column = schema.column("ns_per_op")
        for trial in range(300):
            pairs = []
            for at in range(6):
                key = condense.Key("counter", f"c{at}", "inc", "thread", "compact", 2, ())
                spread = rng.uniform(0.005, 0.03)
                sides = []
                for _ in range(2):
                    level = 20 * rng.lognormvariate(0, 0.002)
                    sides.append(samples(key, [level * rng.lognormvariate(0, spread) *
                                               (rng.uniform(1.02, 1.3) if rng.random() < 0.08
                                                else 1) for _ in range(rng.choice((6, 8, 10)))]))
                pairs.append(sides)
            found = compare_points.compare(pairs, column, compare_points.Ground(0.01))
            called += sum(e.verdict in ("worse", "better") for e in found)
            points += len(found)
        self.assertEqual(points, 1800)
        self.assertLessEqual(called / points, 0.05)

    def test_slow_downs_are_found(self):
        """The other side of it: 10 % slower at 2 % spread is found."""
        rng, found = random.Random(5), 0
        column = schema.column("ns_per_op")
        key = condense.Key("counter", "ref", "inc", "thread", "compact", 2, ())
        for _ in range(50):
            a, b = ([level * rng.lognormvariate(0, 0.02) for _ in range(8)] for level in (20, 22))
            entry, = compare_points.compare([(samples(key, a), samples(key, b))], column,
                                            compare_points.Ground(0.01))
            found += entry.verdict == "worse"
        self.assertGreaterEqual(found, 45)


class LeftOut(Case):
    def test_missing_points(self):
        self.write("a", windows("ref", BASE), windows("mcs", BASE), windows("mcs", BASE, threads=4),
                   machine=fixture.machine_rows(1))
        self.write("b", windows("ref", BASE), windows("ref", BASE, workload="mixed", p_read_pct=50))
        missing = self.json()["missing"]
        self.assertEqual([(p["contestant"], p["threads"]) for p in missing["b"][:2]],
                         [("mcs", 2), ("mcs", 4)])
        self.assertEqual({p["family"] for p in missing["b"][2:]}, {"machine"})
        self.assertEqual([(p["workload"], p["p_read_pct"]) for p in missing["a"]], [("mixed", 50)])
        text = self.text()
        self.assertIn("in A only: counter mcs, 2 points: inc T=2, inc T=4\n", text)
        self.assertIn("in A only: all of family machine, 22 points\n", text)
        self.assertIn("in B only: counter ref, 1 point: mixed\n", text)

    def test_failed_and_unverified_rows(self):
        self.write("a", windows("ref", BASE), windows("mcs", BASE), windows("racy", BASE))
        self.write("b", windows("ref", times(1.5)), failed("mcs", 3),
                   windows("racy", times(9), verified=0, flags="lossy", lost_pct=3))
        answer = self.json()
        self.assertEqual([p["contestant"] for p in answer["points"]], ["ref"])
        self.assertEqual([p["contestant"] for p in answer["missing"]["b"]], ["mcs", "racy"])
        self.assertEqual([(u["side"], u["contestant"], u["failed"], u["unverified"])
                          for u in answer["not_used"]], [("b", "mcs", 3, 0), ("b", "racy", 0, 8)])
        text = self.text()
        self.assertIn("not used in B: 3 failed rows: counter mcs, 1 point: inc\n", text)
        self.assertIn("not used in B: 8 unverified rows: counter racy, 1 point: inc\n", text)

    def test_values_that_give_no_ratio(self):
        for value in (1e308, 1e-300):
            self.write("a", windows("ref", BASE), windows("mcs", [value] * 8, hop_ns=1e308))
            self.write("b", windows("ref", BASE), windows("mcs", BASE), windows("mcs", BASE,
                                                                                threads=8))
            answer = self.json()
            self.assertEqual([p["contestant"] for p in answer["not_compared"]], ["mcs"])
            self.assertEqual(len(answer["points"]), 1)
            self.assertIn("not compared, a value is 0 or beyond measure: counter mcs", self.text())
        self.write("a", windows("ref", BASE, fairness_min_max=0))
        with self.assertRaisesRegex(ComparisonImpossible, "1 points have a value of 0"):
            self.write("b", windows("ref", BASE, fairness_min_max=0.5))
            self.json("--metric", "fairness_min_max")

    def test_extreme_controls(self):
        control = fixture.control_rows(aa=3, slow=0, twice=0)
        for row in control:
            row["ns_per_op"] = "1e308" if row["contestant"] == "a" else "1e-300"
        self.write("a", windows("ref", BASE), control=control)
        self.write("b", windows("ref", BASE))
        self.assertEqual(self.json()["min_effect"], 0.01)

    def test_nothing_in_common(self):
        self.write("a", windows("ref", BASE))
        self.write("b", windows("ref", BASE, threads=4), windows("mcs", BASE))
        with self.assertRaisesRegex(ComparisonImpossible, "nothing in common: .*A has 1 points, "
                                                          "B 2") as caught:
            self.json()
        self.assertEqual(caught.exception.exit_code, 1)

    def test_filters(self):
        self.write("a", counter=fixture.counter_rows(reps=2), machine=fixture.machine_rows(2))
        self.write("b", counter=fixture.counter_rows(reps=2), machine=fixture.machine_rows(2))
        self.assertEqual({p["family"] for p in self.json("--family", "machine")["points"]},
                         {"machine"})
        points = self.json("--workload", "mixed", "--where", "p_read_pct=90,99,threads=2",
                           "--contestants", "mutex.*|ref")["points"]
        self.assertEqual({(p["contestant"], p["p_read_pct"], p["threads"]) for p in points},
                         {(c, r, 2) for c in ("mutex_go", "ref") for r in (90, 99)})
        for bad in (("--family", "control"), ("--contestants", "("), ("--metric", "ops"),
                    ("--metric", "x"), ("--where", "reps=1"), ("--chart", "x.pdf"),
                    ("--family", "counter", "--where", "family=machine")):
            with self.assertRaises(UsageError):
                self.json(*bad)

    def test_latency_windows(self):
        latency = {"p_sample_every": 64, "ops_per_s": None}
        for name, p99 in (("a", 900), ("b", 1350)):
            rows = windows("ref", [None] * 8, **latency)
            for row in rows:
                row["latency_p99_ns"] = str(p99 + int(row["rep"]))
            self.write(name, windows("ref", BASE), rows)
        point, = self.json("--metric", "latency_p99_ns")["points"]
        self.assertEqual((point["verdict"], point["p_sample_every"]), ("worse", 64))
        self.assertNotIn("p_sample_every", self.json()["points"][0])

    def test_bad_input(self):
        self.pair(BASE, BASE)
        (self.dir / "b" / "counter.footer.json").unlink()
        with self.assertRaises(InputError):
            self.json()
        answer = self.json("--lenient")
        self.assertEqual(answer["incomplete"], {"a": [], "b": [
            "counter.csv: no counter.footer.json"]})
        self.assertIn("incomplete: B: counter.csv: no counter.footer.json\n",
                      self.text("--lenient"))
        with self.assertRaises(InputError):
            self.json(b="nowhere")


if __name__ == "__main__":
    unittest.main()
