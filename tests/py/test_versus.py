"""ratio and versus, from a run folder to what they print."""

import argparse
import contextlib
import io
import json
import pathlib
import tempfile
import unittest

import fixture
from contendlib import pairing, ratio, versus
from contendlib.errors import ComparisonImpossible, ContendError, InputError, UsageError

# Six repetitions; the medians are 10.25 and 20.5 below.
BASE = (10, 10.1, 10.2, 10.3, 10.4, 10.5)


def windows(contestant, values, reps=None, **more):
    made = []
    for rep, ns in zip(reps or range(len(values)), values):
        cells = {"p_hold_ns": 0, "p_think_ns": 0, "p_sample_every": 0, "threads": 2, "hop_ns": 50,
                 "ops": 1000, "ns_per_op": ns, "ops_per_s": 1e9 / ns, "fairness_min_max": 0.5}
        made.append(fixture.cells("counter", contestant=contestant, rep=rep, **(cells | more)))
    return made


def times(factor):
    return tuple(round(x * factor, 6) for x in BASE)


class Commands(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.dir = pathlib.Path(holder.name) / "run"

    def call(self, module, *arguments):
        parser = argparse.ArgumentParser()
        module.add_arguments(parser)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.assertEqual(module.main(parser.parse_args([*map(str, arguments)])), 0)
        return out.getvalue()

    def write(self, *groups, name=None, run_id=fixture.RUN_ID):
        return fixture.write_run(name or self.dir, {"counter": sum(groups, [])}, run_id)

    def ratio(self, *more, runs=()):
        return json.loads(self.call(ratio, self.dir, *runs, "--a", "mutex_go", "--b", "ref",
                                    "--json", *more))

    def versus(self, *more):
        return json.loads(self.call(versus, self.dir, "--json", *more))


class Ratio(Commands):
    def test_one_point(self):
        self.write(windows("mutex_go", BASE), windows("ref", times(2)[::-1]))
        answer = self.ratio()
        point, = answer["points"]
        self.assertAlmostEqual(point["ratio"], 2, places=12)
        self.assertTrue(1.9 < point["low"] < 2 < point["high"] < 2.1)
        self.assertEqual({k: point[k] for k in ("ours", "peer", "n", "hop_ns", "noisy", "rows",
                                                "paired", "notes", "run")},
                         {"ours": "mutex_go", "peer": "ref", "n": 6, "hop_ns": 50, "noisy": 0,
                          "rows": 12, "paired": True, "notes": [], "run": fixture.RUN_ID})
        self.assertEqual(point["where"], {"family": "counter", "workload": "inc", "exec": "thread",
                                          "placement": "compact", "threads": 2, "p_hold_ns": 0,
                                          "p_think_ns": 0})
        self.assertAlmostEqual(answer["geomean"], 2, places=12)
        self.assertEqual(answer["worst"], point)
        self.assertEqual((answer["count"], answer["metric"]), (1, "ns_per_op"))

    def test_above_one_is_better_whichever_way_the_metric_points(self):
        self.write(windows("mutex_go", BASE, fairness_min_max=0.9),
                   windows("ref", times(2), fairness_min_max=0.3))
        for metric, wanted in (("ns_per_op", 2), ("ops_per_s", 2), ("fairness_min_max", 3)):
            self.assertAlmostEqual(self.ratio("--metric", metric)["geomean"], wanted, places=9)
        other = json.loads(self.call(ratio, self.dir, "--a", "ref", "--b", "mutex_go", "--json"))
        self.assertAlmostEqual(other["geomean"], 0.5, places=12)

    def test_latency_windows(self):
        latency = {"p_sample_every": 64, "latency_p99_ns": 900, "ns_per_op": None,
                   "ops_per_s": None}
        self.write(windows("mutex_go", BASE), windows("ref", times(2)),
                   windows("mutex_go", BASE, **latency),
                   windows("ref", BASE, **(latency | {"latency_p99_ns": 1350})))
        self.assertEqual([p["where"].get("p_sample_every") for p in self.ratio()["points"]], [None])
        point, = self.ratio("--metric", "latency_p99_ns")["points"]
        self.assertEqual((point["ratio"], point["where"]["p_sample_every"]), (1.5, 64))

    def test_timed_throughput_is_ignored(self):
        """A writer that fills ns_per_op in latency windows does not get them compared."""
        self.write(windows("mutex_go", BASE, p_sample_every=64),
                   windows("ref", times(9), p_sample_every=64),
                   windows("mutex_go", BASE), windows("ref", times(2)))
        self.assertAlmostEqual(self.ratio()["geomean"], 2, places=12)

    def test_few_repetitions(self):
        self.write(windows("mutex_go", BASE[:5]), windows("ref", times(2)))
        point, = self.ratio()["points"]
        self.assertEqual((point["low"], point["high"], point["n"]), (None, None, 5))
        self.assertEqual(point["notes"], ["need >= 6 repetitions for an interval"])
        text = self.call(ratio, self.dir, "--a", "mutex_go", "--b", "ref")
        self.assertIn("need >= 6 repetitions", text)
        self.assertNotIn("[2.", text)

    def test_failed_and_unverified_rows_are_listed_not_used(self):
        bad = windows("mutex_go", (1,), reps=[6], ops=None, ns_per_op=None, ops_per_s=None,
                      hop_ns=None, fairness_min_max=None, verified=0, noise=None,
                      flags="failed;wrong")
        lost = windows("mutex_go", (1, 1), reps=[7, 8], verified=0, flags="lossy")
        self.write(windows("mutex_go", BASE), bad, lost, windows("ref", times(2)))
        answer = self.ratio()
        self.assertAlmostEqual(answer["geomean"], 2, places=12)
        unused, = answer["not_used"]
        self.assertEqual((unused["contestant"], unused["failed"], unused["unverified"]),
                         ("mutex_go", 1, 2))
        text = self.call(ratio, self.dir, "--a", "mutex_go", "--b", "ref")
        self.assertIn("not used: mutex_go at counter inc thread/compact T=2 p_hold_ns=0 "
                      "p_think_ns=0: 1 failed, 2 unverified rows\n", text)

    def test_noisy_rows_are_used_and_counted(self):
        noisy = windows("ref", times(3)[:3], reps=range(6, 9), noise="noisy", flags="steal")
        self.write(windows("mutex_go", BASE), windows("ref", times(2)), noisy)
        point, = self.ratio()["points"]
        self.assertEqual((point["noisy"], point["rows"], point["n"], point["paired"]),
                         (3, 15, 6, False))
        self.assertGreater(point["ratio"], 2)
        self.assertIn("3 of 15", self.call(ratio, self.dir, "--a", "mutex_go", "--b", "ref"))

    def test_pairs_are_made_of_equal_repetitions_only(self):
        self.write(windows("mutex_go", BASE), windows("ref", times(2), reps=range(1, 7)))
        point, = self.ratio()["points"]
        self.assertEqual((point["n"], point["paired"]), (6, False))
        self.assertLess(point["low"], point["high"])

    def test_a_hop_that_moved_is_said(self):
        self.write(windows("mutex_go", BASE), windows("ref", times(2), hop_ns=270))
        self.assertEqual(self.ratio()["points"][0]["notes"], ["hop moved"])

    def test_filters(self):
        self.write(*(windows(name, times(factor * t), threads=t, workload="mixed", p_read_pct=reads)
                     for name, factor in (("mutex_go", 1), ("ref", 2)) for t in (1, 2, 4)
                     for reads in (0, 90)), windows("mutex_go", BASE), windows("ref", BASE))
        for arguments, wanted in (((), 7), (("--workload", "mixed"), 6), (("--threads", "1,4"), 4),
                                  (("--where", "p_read_pct=90"), 3),
                                  (("--where", "p_read_pct=0,90,threads=2"), 2),
                                  (("--where", "p_read_pct="), 1), (("--family", "counter"), 7)):
            self.assertEqual(self.ratio(*arguments)["count"], wanted, arguments)

    def test_a_zero_is_not_divided_by(self):
        self.write(windows("mutex_go", BASE, lost_pct=0), windows("ref", BASE, lost_pct=1))
        with self.assertRaisesRegex(ComparisonImpossible, "1 points have a value of 0"):
            self.ratio("--metric", "lost_pct")

    def test_nothing_in_common(self):
        self.write(windows("mutex_go", BASE), windows("ref", BASE, threads=4),
                   windows("racy", BASE, verified=0, flags="lossy"))
        for a, b in (("mutex_go", "ref"), ("mutex_go", "nobody"), ("racy", "mutex_go")):
            with self.assertRaisesRegex(ComparisonImpossible, "^nothing in common: ") as caught:
                self.call(ratio, self.dir, "--a", a, "--b", b)
            self.assertEqual(caught.exception.exit_code, 1)
            self.assertNotIn("\n", caught.exception.report())

    def test_usage(self):
        self.write(windows("mutex_go", BASE), windows("ref", BASE))
        for more in (("--metric", "colour"), ("--metric", "window_ns"), ("--threads", "many"),
                     ("--where", "x"), ("--threads", "1", "--where", "threads=2"),
                     ("--workload", "inc", "--where", "workload=inc")):
            with self.assertRaises(UsageError) as caught:
                self.ratio(*more)
            self.assertEqual(caught.exception.exit_code, 2)
        with self.assertRaises(UsageError):
            self.call(ratio, self.dir, "--a", "ref", "--b", "ref")
        with self.assertRaises(InputError):
            self.call(ratio, self.dir / "none", "--a", "mutex_go", "--b", "ref")

    def test_runs_are_compared_inside_themselves(self):
        """The second run is ten times slower for both: pooled, the ratio would drown."""
        self.write(windows("mutex_go", BASE), windows("ref", times(2)))
        other = self.write(windows("mutex_go", times(10)), windows("ref", times(40)),
                           name=self.dir.parent / "other", run_id="other-run")
        answer = self.ratio(runs=[other])
        self.assertEqual([(p["run"], round(p["ratio"], 9)) for p in answer["points"]],
                         [(fixture.RUN_ID, 2), ("other-run", 4)])
        self.assertAlmostEqual(answer["geomean"], 8 ** 0.5, places=9)
        text = self.call(ratio, self.dir, other, "--a", "mutex_go", "--b", "ref")
        self.assertIn("run other-run on AMD EPYC 9R14\n", text)

    def test_incomplete_runs(self):
        self.write(windows("mutex_go", BASE), windows("ref", times(2)))
        (self.dir / "counter.footer.json").unlink()
        with self.assertRaises(InputError):
            self.ratio()
        text = self.call(ratio, self.dir, "--a", "mutex_go", "--b", "ref", "--lenient")
        self.assertIn("incomplete: counter.csv: no counter.footer.json\n", text)

    def test_a_hostile_cpu_name_is_shown_as_text(self):
        self.write(windows("mutex_go", BASE), windows("ref", times(2)))
        environment = fixture.environment()
        environment["cpu"]["name"] = "\x1b[2Jevil\nrun"
        fixture.write(self.dir / "environment.json", json.dumps(environment))
        text = self.call(ratio, self.dir, "--a", "mutex_go", "--b", "ref")
        self.assertIn("on \\x1b[2Jevil\\x0arun\n", text)
        self.assertNotIn("\x1b", text)


class Versus(Commands):
    def setUp(self):
        super().setUp()
        self.write(windows("mutex_go", BASE), windows("ticket", times(0.5)),
                   windows("ref", times(2)), windows("ck:mcs", times(0.8)),
                   windows("null", times(0.1)),
                   windows("racy", times(0.2)),
                   windows("mutex_go", times(3), threads=4), windows("ref", times(1.5), threads=4))

    def test_sides_by_default(self):
        names = ["atomic_add", "ck:mcs", "mutex_go", "null", "pthread_rwlock", "racy", "ref"]
        self.assertEqual(versus.sides(names), (["atomic_add", "mutex_go"],
                                               ["ck:mcs", "pthread_rwlock", "ref"]))
        self.assertEqual(versus.sides(names, ours="r.*", peers="r.*|pthread_rwlock"),
                         (["racy", "ref"], ["pthread_rwlock"]))
        self.assertEqual(versus.sides(names, peers=":")[1], ["ck:mcs"])
        with self.assertRaises(UsageError):
            versus.sides(names, ours="(")

    def test_points_and_summaries(self):
        answer = self.versus()
        found = {(p["ours"], p["peer"], p["where"]["threads"]): round(p["ratio"], 9)
                 for p in answer["points"]}
        self.assertEqual(found, {("mutex_go", "ck:mcs", 2): 0.8, ("mutex_go", "ref", 2): 2,
                                 ("mutex_go", "ref", 4): 0.5, ("ticket", "ck:mcs", 2): 1.6,
                                 ("ticket", "ref", 2): 4})
        summaries = {(s["ours"], s["peer"]): (s["count"], round(s["geomean"], 9))
                     for s in answer["summaries"]}
        self.assertEqual(summaries, {
            ("mutex_go", "ck:mcs"): (1, 0.8), ("mutex_go", "ref"): (2, 1),
            ("mutex_go", "best peer"): (2, round(0.4 ** 0.5, 9)), ("ticket", "ck:mcs"): (1, 1.6),
            ("ticket", "ref"): (1, 4), ("ticket", "best peer"): (1, 1.6)})
        self.assertEqual(answer["count"], 3)
        self.assertAlmostEqual(answer["geomean"], (0.8 * 0.5 * 1.6) ** (1 / 3), places=9)
        self.assertEqual((answer["worst"]["ours"], answer["worst"]["where"]["threads"]),
                         ("mutex_go", 4))

    def test_best_peer_by_throughput(self):
        """For a metric where more is better the best peer is the one with the most."""
        answer = self.versus("--metric", "ops_per_s", "--ours", "mutex_go", "--threads", "2")
        self.assertEqual((answer["worst"]["peer"], answer["count"]), ("ck:mcs", 1))
        self.assertAlmostEqual(answer["geomean"], 0.8, places=6)

    def test_patterns(self):
        self.assertEqual({(p["ours"], p["peer"]) for p in
                          self.versus("--ours", "^racy$", "--peers", "null|ticket")["points"]},
                         {("racy", "null"), ("racy", "ticket")})

    def test_text(self):
        text = self.call(versus, self.dir)
        lines = text.splitlines()
        self.assertTrue(all(line.isprintable() for line in lines))
        row = next(line for line in lines if "T=4" in line and "worst" not in line)
        self.assertRegex(row, r"mutex_go +ref +30.75 +15.38 +0\.500 \[0\.500, 0\.500\] +6 +50\.0 +"
                              r"0\.50 / 0\.50 +0 of 12$")
        self.assertRegex(text, r"mutex_go against ref: 1\.000x over 2 points \(geometric mean; 0 "
                               r"of 24 rows noisy\), worst 0\.500 \[.*\] against ref at .* T=4")
        self.assertIn("mutex_go against the best peer: 0.632x over 2 points", text)
        self.assertIn("all of ours against the best peer: 0.862x over 3 points", text)

    def test_threads_side_by_side(self):
        text = self.call(versus, self.dir, "--ours", "mutex_go")
        lines = text[text.index("mutex_go: counter inc thread/compact"):].splitlines()
        self.assertEqual(lines[0], "mutex_go: counter inc thread/compact p_hold_ns=0 p_think_ns=0")
        table = {line[:18].strip(): line[18:] for line in lines[1:]}
        self.assertRegex(table["ref"], r"2\.000 \[.*\] +0\.500 \[.*\] +1\.000$")
        self.assertRegex(table["ck:mcs"], r"0\.800 \[.*\] +- +0\.800$")
        self.assertRegex(table["best of peers"], r"0\.800 \[.*\] +0\.500 \[.*\] +0\.632$")
        self.assertRegex(table["fairness of ours"], r"0\.50 +0\.50$")
        self.assertRegex(table["hop ns"], r"50\.0 +50\.0$")
        rows = self.versus("--ours", "mutex_go")["by_threads"][0]["peers"]
        self.assertEqual([r["peer"] for r in rows], ["ck:mcs", "ref", "best of peers"])
        self.assertEqual((rows[-1]["threads"]["2"]["against"], rows[-1]["threads"]["4"]["against"]),
                         ("ck:mcs", "ref"))

    def test_a_peer_that_starves_somebody_is_marked_and_left_out_of_the_best_fair_ones(self):
        self.write(windows("mutex_go", BASE), windows("ref", times(2)),
                   windows("ck:fas", times(0.5), fairness_min_max=0.02))
        answer = self.versus("--ours", "mutex_go")
        self.assertAlmostEqual(answer["geomean"], 0.5, places=9)
        self.assertAlmostEqual(answer["fair"]["geomean"], 2, places=9)
        self.assertEqual({p["peer"]: p["notes"] for p in answer["points"]},
                         {"ref": [], "ck:fas": ["peer unfair"]})
        self.assertEqual({s["peer"] for s in answer["summaries"]},
                         {"ref", "ck:fas", "best peer", "best fair peer"})
        text = self.call(versus, self.dir, "--ours", "mutex_go")
        self.assertRegex(text, r"(?m)^  ck:fas +0\.500 \[.*\]! +0\.500$")
        self.assertRegex(text, r"(?m)^  best without ! +2\.000 \[.*\] +2\.000$")
        self.assertIn("all of ours against the best fair peer: 2.000x", text)
        self.assertIn("! unfair: ", text)

    def test_a_peer_of_another_contract_is_marked_and_not_among_the_best(self):
        ring = "moodycamel:BlockingConcurrentQueue"
        self.write(windows("mutex_go", BASE), windows("ref", times(2)), windows(ring, times(0.5)))
        answer = self.versus("--ours", "mutex_go")
        self.assertAlmostEqual(answer["geomean"], 2, places=9)
        self.assertEqual({p["peer"]: p["notes"] for p in answer["points"]},
                         {"ref": [], ring: ["peer has another contract"]})
        text = self.call(versus, self.dir, "--ours", "mutex_go")
        self.assertRegex(text, rf"(?m)^  {ring} ~ +0\.500 \[.*\] +0\.500$")
        self.assertRegex(text, r"(?m)^  best of peers +2\.000 \[.*\] +2\.000$")
        self.assertIn("~ another contract: ", text)
        alone = self.versus("--ours", "mutex_go", "--peers", "moody.*")
        self.assertAlmostEqual(alone["geomean"], 0.5, places=9)

    def test_channels_are_paired_where_all_that_shapes_them_is_equal(self):
        def channel(contestant, capacity, producers, consumers, size, ns):
            return [fixture.cells(
                "channel", contestant=contestant, workload="stream", exec="task", rep=rep,
                threads=producers + consumers, hop_ns=50, ops=1000, ns_per_op=ns * value,
                ops_per_s=1e9 / (ns * value), fairness_min_max=1, p_capacity=capacity,
                p_producers=producers, p_consumers=consumers, p_element_bytes=size)
                    for rep, value in enumerate(BASE)]

        shapes = [(0, 1, 1, 8), (64, 1, 1, 8), (64, 1, 3, 8), (64, 3, 1, 8), (64, 3, 1, 256)]
        rows = [channel("chan", *shape, 1) for shape in shapes]
        rows += [channel("go:chan", *shape, 2 + i) for i, shape in enumerate(shapes)]
        fixture.write_run(self.dir, {"channel": sum(rows, [])})
        found = {tuple(p["where"][k] for k in ("p_capacity", "p_producers", "p_consumers",
                                               "p_element_bytes")): round(p["ratio"], 6)
                 for p in self.versus("--family", "channel")["points"]}
        self.assertEqual(found, {shape: 2 + i for i, shape in enumerate(shapes)})

    def test_nobody_on_a_side(self):
        for more, side in ((("--ours", "nobody"), "ours"), (("--peers", "nobody"), "peers"),
                           (("--workload", "none"), "ours")):
            with self.assertRaisesRegex(ComparisonImpossible, f"side of {side}"):
                self.versus(*more)

    def test_nothing_in_common(self):
        with self.assertRaisesRegex(ComparisonImpossible, "^nothing in common"):
            self.write(windows("mutex_go", BASE), windows("ref", BASE, threads=4))
            self.versus()

    def test_same_answer_every_time(self):
        self.assertEqual(self.versus(), self.versus())


class Pools(Commands):
    """Their threads say nothing: what is side by side is the number of workers."""

    def setUp(self):
        super().setUp()
        rows = []
        for name, exec_, ns in (("stealing", "task", {1: 20, 2: 20, 8: 20}),
                                ("stealing", "thread", {1: 40, 2: 40}),
                                ("go:chan_pool", "task", {1: 50, 2: 30}),
                                ("tbb:task_group", "thread", {1: 30, 2: 80, 8: 10})):
            for workers, value in ns.items():
                for rep in range(6):
                    rows.append(fixture.cells(
                        "pool", contestant=name, workload="overhead", exec=exec_, threads=1,
                        rep=rep, p_workers=workers, p_queue=100, p_batch=1, p_submitters=1, ops=1000,
                        ns_per_op=value + rep / 10, ops_per_s=1e9 / (value + rep / 10)))
        fixture.write_run(self.dir, {"pool": rows})

    def ratios(self, table, peer):
        (row,) = (r for r in table["peers"] if r["peer"] == peer)
        return {w: round(e["ratio"], 1) for w, e in row["p_workers"].items()}

    def test_by_workers(self):
        tasks, threads = sorted(self.versus()["by_threads"], key=lambda t: t["where"]["exec"])
        self.assertEqual((tasks["axis"], tasks["ours"]), ("p_workers", "stealing"))
        self.assertNotIn("p_workers", tasks["where"])
        self.assertEqual([r["peer"] for r in tasks["peers"]], ["go:chan_pool"])
        self.assertEqual(self.ratios(tasks, "go:chan_pool"), {"1": 2.5, "2": 1.5})
        self.assertEqual(self.ratios(threads, "tbb:task_group"), {"1": 0.8, "2": 2.0})
        text = self.call(versus, self.dir)
        self.assertRegex(text, r"(?m)^ +W=1 +W=2 +geomean$")

    def test_any_exec(self):
        tables = self.versus("--any-exec")["by_threads"]
        tasks = next(t for t in tables if t["where"]["exec"] == "task")
        self.assertEqual([r["peer"] for r in tasks["peers"]],
                         ["go:chan_pool", "tbb:task_group (thread)", "best of peers"])
        self.assertEqual(self.ratios(tasks, "best of peers"), {"1": 1.5, "2": 1.5, "8": 0.5})
        best = tasks["peers"][-1]["p_workers"]
        self.assertEqual([e["against"] for e in best.values()],
                         ["tbb:task_group (thread)", "go:chan_pool", "tbb:task_group (thread)"])
        text = self.call(versus, self.dir, "--any-exec")
        self.assertRegex(text, r"(?m)^  tbb:task_group \(thread\) +1\.494 .*\] +3\.963 .*\] +0\.50")


class Whole(Commands):
    def test_the_fixture_run(self):
        fixture.write_run(self.dir)
        answer = self.versus("--workload", "inc")
        self.assertEqual({p["peer"] for p in answer["points"]},
                         {"ref", "pthread_adaptive", "pthread_spin"})
        self.assertEqual({u["contestant"] for u in answer["not_used"]}, {"cas_loop"})
        self.assertEqual(answer["count"], 6 * 3)
        self.assertIn("run ", self.call(versus, self.dir))

    def test_every_end_is_a_contend_error(self):
        """Damage anywhere in the run ends in a ContendError, never in a traceback."""
        fixture.write_run(self.dir, {"counter": fixture.counter_rows(reps=1, threads=(1,))})
        for name in ("counter.csv", "counter.footer.json", "environment.json"):
            path = self.dir / name
            whole = path.read_bytes()
            for at in range(0, len(whole), max(1, len(whole) // 60)):
                fixture.write(path, whole[:at] + b"\xff" + whole[at + 1:])
                with self.assertRaises(ContendError):
                    self.versus()
            fixture.write(path, whole)
        self.versus()


class Describe(unittest.TestCase):
    def test_large_parameters_keep_their_digits(self):
        where = {"family": "counter", "workload": "mixed", "exec": "task", "placement": "one",
                 "threads": 64, "p_hold_ns": 1000000.0, "p_think_ns": 0.5}
        self.assertEqual(pairing.describe(where),
                         "counter mixed task/one T=64 p_hold_ns=1000000 p_think_ns=0.5")


if __name__ == "__main__":
    unittest.main()
