"""The charts of locks, primitives and tasks: what they compute, show, and leave out."""

import random
import unittest

import fixture
from contendlib import plot, plot_gnuplot, plot_lock, plot_source, plot_styles, plot_sync, reader
from test_plot import Scratch


def window(family, contestant, workload, ns, reps=6, seed=0, **more):
    rng = random.Random(f"{contestant}{workload}{ns}{seed}")
    return [fixture.cells(family, contestant=contestant, workload=workload, rep=rep,
                          **fixture.measured(rng, ns) | more) for rep in range(reps)]


def locks(contestants, threads=(1, 2, 4), **more):
    """Back to back, dearer with each thread."""
    return [r for i, c in enumerate(contestants) for t in threads
            for r in window("lock", c, "mutex", (4 + i) * t, threads=t, p_hold_ns=0, p_think_ns=0,
                            p_sample_every=0, flags="oversubscribed" if t > 2 else "", **more)]


def shared(speeds, threads=2, **more):
    """{(contestant, reads, hold): million operations a second}"""
    return [r for (c, reads, hold), speed in speeds.items()
            for r in window("lock", c, "rwmutex", 1000 / speed, threads=threads, p_read_pct=reads,
                            p_hold_ns=hold, p_think_ns=0, p_sample_every=0, **more)]


def handed(contestant, p50, threads=2, **more):
    return [r for r in window("lock", contestant, "handover", 50, threads=threads, p_hold_ns=1000,
                              p_think_ns=0, handover_pct=50, handover_p50_ns=p50,
                              handover_p99_ns=p50 * 3, handover_p999_ns=p50 * 9,
                              handover_max_ns=p50 * 20, handover_clock_ns=10, **more)]


class Case(Scratch):
    def chart(self, name, exec_name="thread", **tables):
        """The chart drawn from these rows, which must be drawable, or the sentence."""
        run = reader.read_run(self.run_of(**tables))
        made = plot.CHARTS[name][1](plot_source.Source(run, exec_name, "compact"))
        if not isinstance(made, str):
            plot_gnuplot.draw(made, "svg", self.dir / "x.svg")
        return made

    def texts(self, chart, table="numbers"):
        return [row[2] for row in chart.tables[table][1] if len(row) == 4]


class EvenLine(unittest.TestCase):
    def test_halfway_where_both_are_as_far_off(self):
        line = plot_lock.even_line({(0, 0): 0.5, (1, 0): 2.0, (0, 1): 0.5, (1, 1): 2.0})
        self.assertEqual(len(line), 1)
        for x, _ in line[0]:
            self.assertAlmostEqual(x, 0.5)
        self.assertEqual(sorted(y for _, y in line[0]), [0, 1])

    def test_nearer_to_the_one_that_is_nearer_to_even(self):
        line = plot_lock.even_line({(0, 0): 0.25, (1, 0): 2.0, (0, 1): 0.25, (1, 1): 2.0})
        self.assertAlmostEqual(line[0][0][0], 2 / 3)

    def test_none_on_one_side(self):
        self.assertEqual(plot_lock.even_line({(x, y): 1.5 for x in (0, 1) for y in (0, 1)}), [])
        self.assertEqual(plot_lock.even_line({(x, y): 0.5 for x in (0, 1) for y in (0, 1)}), [])

    def test_a_missing_corner_has_no_line(self):
        self.assertEqual(plot_lock.even_line({(0, 0): 0.5, (1, 0): 2.0, (0, 1): 2.0}), [])
        self.assertEqual(plot_lock.even_line({}), [])

    def test_a_saddle_has_two_that_do_not_cross(self):
        for middle in (3.0, 1.1):       # the mean is above even, and below
            ratios = {(0, 0): middle, (1, 1): middle, (1, 0): 0.5, (0, 1): 0.5}
            segments = plot_lock.even_line(ratios)
            self.assertEqual(len(segments), 2)
            around = [{min(ratios, key=lambda c: abs(c[0] - x) + abs(c[1] - y))
                       for x, y in [((a[0] + b[0]) / 2, (a[1] + b[1]) / 2)]}.pop()
                      for a, b in segments]
            cut_off = (0.5,) if middle > 2 else (middle,)
            self.assertTrue(all(ratios[c] in cut_off for c in around), (middle, segments))


class Map(Case):
    SPEEDS = {("mutex_go", r, h): 10 for r in (50, 99) for h in (0, 1000)} | {
        ("rwmutex_go", 50, 0): 5, ("rwmutex_go", 99, 0): 10, ("rwmutex_go", 50, 1000): 10,
        ("rwmutex_go", 99, 1000): 20}

    def test_cells_are_ratios_of_medians(self):
        chart = self.chart("rwmutex-map", lock=shared(self.SPEEDS))
        ratios = [float(t.strip("(×)")) for t in self.texts(chart)]
        for found, expected in zip(ratios, (0.5, 1, 1, 2)):
            self.assertAlmostEqual(found, expected, delta=0.1)
        self.assertIn("2 threads, one per CPU", chart.subtitle)
        self.assertEqual(chart.parameters["panel"], ["rwmutex (Go) ÷ mutex (Go)"])

    def test_each_is_measured_against_its_own_kind(self):
        self.assertEqual(plot_lock.pairs({"ref", "pthread_rwlock", "mutex_go", "rwmutex_go",
                                          "mutex_own", "rwmutex_own", "std:mutex"}),
                         [("rwmutex_go", "mutex_go"), ("pthread_rwlock", "ref"),
                          ("rwmutex_own", "mutex_own")])
        self.assertEqual(plot_lock.pairs({"rwmutex_own", "mutex_go"}), [("rwmutex_own", "mutex_go")])
        self.assertEqual(plot_lock.pairs({"rwmutex_go", "ref"}), [])

    def test_missing_cells_and_partners(self):
        speeds = dict(self.SPEEDS)
        del speeds["rwmutex_go", 99, 1000]
        self.assertEqual(len(self.texts(self.chart("rwmutex-map", lock=shared(speeds)))), 3)
        alone = {k: v for k, v in self.SPEEDS.items() if k[0] == "rwmutex_go"}
        self.assertIsInstance(self.chart("rwmutex-map", lock=shared(alone)), str)
        one = {k: v for k, v in self.SPEEDS.items() if k[1:] == (99, 0)}
        self.assertEqual(len(self.texts(self.chart("rwmutex-map", lock=shared(one)))), 1)
        self.assertIsInstance(self.chart("rwmutex-map", lock=locks(["ref"])), str)

    def test_colours_part_at_one(self):
        even, more, less = (plot_styles.diverging(v) for v in (1, 4, 0.25))
        self.assertEqual(even >> 16, (even >> 8 & 255) + 2)         # nearly grey
        self.assertGreater(more & 255, more >> 16)
        self.assertGreater(less >> 16, less & 255)
        self.assertEqual(plot_styles.diverging(1e9), plot_styles.BLUE)
        self.assertEqual(plot_styles.diverging(1e-9), plot_styles.VERMILION)


class Locks(Case):
    def test_throughput_survives_whoever_is_missing(self):
        for names in (["ref"], ["null"], ["mutex_go", "std:mutex"], ["own_thing"]):
            chart = self.chart("lock-throughput", lock=locks(names))
            self.assertEqual(len(self.texts(chart, "names")), len(names))
        self.assertIsInstance(self.chart("lock-throughput", lock=handed("ref", 100)), str)

    def test_one_that_falls_to_nothing_says_how_far(self):
        rows = locks(["ref"]) + [r for t, ns in ((1, 5), (2, 50), (4, 5e6))
                                 for r in window("lock", "ticket", "mutex", ns, threads=t,
                                                 p_hold_ns=0, p_think_ns=0)]
        names = self.texts(self.chart("lock-throughput", lock=rows), "names")
        self.assertTrue(any(n.startswith("ticket spin: 0.0002") for n in names), names)

    def test_two_panels_where_there_are_two_lengths(self):
        rows = locks(["ref"]) + [r | {"p_hold_ns": "100", "p_think_ns": "400"}
                                 for r in locks(["ref"], threads=(2, 4))]
        chart = self.chart("lock-throughput", lock=rows)
        self.assertEqual(chart.parameters["panels"], 2)
        self.assertIn("100\u00a0ns held", chart.parameters["panel"][1])

    def test_latency_windows_are_not_throughput(self):
        rows = [r | {"p_sample_every": "64"} for r in locks(["ref"])]
        self.assertIsInstance(self.chart("lock-throughput", lock=rows), str)

    def test_fairness_is_about_locks(self):
        chart = self.chart("lock-fairness", lock=locks(["ref", "mutex_go", "null"]))
        self.assertIn("lock operations", chart.subtitle)
        self.assertEqual(chart.name, "lock-fairness")

    def test_hand_over_rows(self):
        rows = handed("ref", 900) + handed("ticket", 60) + handed("ticket", 5000, threads=4)
        chart = self.chart("lock-handover", lock=rows)
        self.assertEqual(self.texts(chart, "names"), ["ticket spin", "mutex (pthread)"])
        self.assertIn("no result", self.texts(chart))
        self.assertIsInstance(self.chart("lock-handover", lock=locks(["ref"])), str)

    def test_tasks_have_charts_of_their_own(self):
        rows = locks(["ref", "mutex_go"]) + [r | {"exec": "task"} for r in locks(["mutex_go"])]
        run = reader.read_run(self.run_of(lock=rows))
        made = [c for c, _ in plot.charts(run, "lock-throughput")]
        self.assertEqual([c.name for c in made],
                         ["lock-throughput", "lock-throughput-task-compact"])
        self.assertIn("tasks", made[1].title)
        only = reader.read_run(self.run_of(lock=[r for r in rows if r["exec"] == "task"]))
        self.assertEqual([c.name for c, _ in plot.charts(only, "lock-throughput")],
                         ["lock-throughput"])


class Ladder(Case):
    def once(self, contestant, ns, threads=1, **more):
        return window("sync", contestant, "once", ns, threads=threads, **more)

    def test_ours_the_reference_and_the_best_of_the_rest(self):
        rows = (self.once("once", 1) + self.once("ref", 4) + self.once("std:call_once", 3)
                + self.once("absl:once", 2) + self.once("null", 0.3))
        chart = self.chart("sync-ladder", sync=rows)
        self.assertEqual(self.texts(chart), ["4×"])
        shown = {row[4] for row in chart.tables["points"][1] if len(row) == 5}
        self.assertEqual(shown, {w[1] for w in plot_sync.WHOSE.values()})
        peer = [row[0] for row in chart.tables["points"][1]
                if len(row) == 5 and row[4] == plot_styles.PURPLE and row[1] == 0]
        self.assertAlmostEqual(peer[0], 2, delta=0.2)

    def test_without_a_reference_the_time_itself(self):
        chart = self.chart("sync-ladder", sync=self.once("once", 5))
        self.assertRegex(self.texts(chart)[0], "ns$")
        self.assertNotIn("ref ÷ ours", chart.subtitle)

    def test_without_ours_no_row(self):
        self.assertIsInstance(self.chart("sync-ladder", sync=self.once("ref", 5)), str)

    def test_rows_are_named_by_their_parameters(self):
        rows = [r for calls in (1, 16) for r in window("sync", "waitgroup", "waitgroup", 50,
                                                       p_batch=16, p_calls=calls)]
        rows += window("sync", "semaphore", "semaphore", 9, p_permits=1, p_hold_ns=0)
        chart = self.chart("sync-ladder", sync=rows)
        self.assertEqual(self.texts(chart, "names"),
                         ["wait group: 16 jobs, one add", "wait group: 16 jobs, an add each",
                          "semaphore, 1 permit"])


def parked(contestant, count, bytes_each, exec_name="task"):
    return [fixture.cells("task", contestant=contestant, workload="parked", rep=rep,
                          exec=exec_name, p_tasks=count, attempts=1,
                          bytes_per_task=bytes_each + rep, spawn_ns_per_task=900 + rep,
                          wake_ns_per_task=300 + rep) for rep in range(6)]


def slept(contestant, timers, late, exec_name="task"):
    return [fixture.cells("task", contestant=contestant, workload="sleep", rep=rep, exec=exec_name,
                          p_timers=timers, attempts=1, latency_p50_ns=late,
                          latency_p99_ns=late * 2, latency_p999_ns=late * 3,
                          latency_max_ns=late * 4, latency_samples=100) for rep in range(6)]


class Tasks(Case):
    def rows(self):
        return (window("task", "task", "yield", 5, exec="task")
                + window("task", "ref", "yield", 500, exec="thread")
                + window("task", "go:Gosched", "yield", 80, exec="task")
                + window("task", "null", "yield", 0.3, exec="thread"))

    def chart(self, name, **tables):
        return super().chart(name, None, **tables)

    def test_tasks_and_threads_stand_in_one_chart(self):
        chart = self.chart("task-cost", task=self.rows())
        self.assertEqual(self.texts(chart, "names"), ["", "task", "go:Gosched", "threads (pthread)"])
        run = reader.read_run(self.run_of(task=self.rows()))
        self.assertEqual([c.name for c, _ in plot.charts(run, "task-cost")], ["task-cost"])

    def test_a_batch_counts_by_the_task(self):
        rows = window("task", "task", "spawn_batch", 80_000, exec="task", p_spawned=1000)
        chart = self.chart("task-cost", task=rows)
        self.assertEqual(len(self.texts(chart)), 1)
        point = [row for row in chart.tables["points"][1] if len(row) == 5][0]
        self.assertAlmostEqual(point[0], 80, delta=8)
        self.assertIn("start 1,000", self.texts(chart, "notes")[0])

    def test_only_one_of_both(self):
        for exec_name in ("task", "thread"):
            rows = [r for r in self.rows() if r["exec"] == exec_name]
            self.assertNotIsInstance(self.chart("task-cost", task=rows), str)
        self.assertIsInstance(self.chart("task-cost", task=parked("task", 1000, 4000)), str)

    def test_memory_by_number(self):
        rows = (parked("task", 1000, 4100) + parked("task", 10 ** 6, 4000)
                + parked("ref", 1000, 9000, "thread"))
        chart = self.chart("task-memory", task=rows)
        self.assertEqual(chart.parameters["panels"], 3)
        self.assertEqual(sorted(set(self.texts(chart, "names"))), ["task", "thread"])
        self.assertIn("1M", chart.parameters["x_text"])
        self.assertIsInstance(self.chart("task-memory", task=self.rows()), str)

    def test_memory_that_did_not_grow_is_left_out(self):
        chart = self.chart("task-memory", task=[r | {"bytes_per_task": "0"}
                                                for r in parked("task", 1000, 1)])
        self.assertEqual(chart.parameters["panels"], 2)

    def test_timers_by_how_many_sleep(self):
        rows = (slept("task", 10, 20_000) + slept("task", 1000, 30_000)
                + slept("ref", 10, 60_000, "thread"))
        chart = self.chart("task-timers", task=rows)
        self.assertEqual(self.texts(chart, "names"),
                         ["threads (pthread), 10 sleep", "task, 10 sleep", "task, 1,000 sleep"])
        self.assertIsInstance(self.chart("task-timers", task=self.rows()), str)


if __name__ == "__main__":
    unittest.main()
