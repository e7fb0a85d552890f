"""The charts and tables of flows: what they show, and what they leave out."""

import unittest

from contendlib import plot, plot_source, reader, report_families
from test_plot_locks import Case, window


def stream(workload, contestant, ns, exec_name="task", p99=None, **params):
    """{width: ns an item}"""
    return [r for width, each in ns.items()
            for r in window("flow", contestant, workload, each, exec=exec_name, p_width=width,
                            latency_p50_ns=p99 and p99 // 3, latency_p99_ns=p99, **params)]


def fanned(us, task, thread):
    return (stream("fan_out", "null", {1: us * 1000}, "thread", p_compute_us=us)
            + stream("fan_out", "flow", task, p_compute_us=us)
            + stream("fan_out", "flow", thread, "thread", p_compute_us=us)
            + stream("fan_out", "ref", thread, "thread", p_compute_us=us))


def ordered():
    rows = stream("ordered", "null", {1: 20_000}, "thread")
    for way in ("task", "thread"):
        for contestant, share in (("unordered", 25), ("ordered_stream", 0)):
            rows += stream("ordered", contestant, {1: 21_000, 2: 11_000}, way, p99=90_000,
                           reordered_pct=share)
    return rows


def piped(capacities=(0, 16), depths=(1, 4)):
    rows = []
    for depth in depths:
        rows += stream("pipeline", "null", {1: 2000 * depth}, "thread", p_depth=depth, p_capacity=0)
        for capacity in capacities:
            for way in ("task", "thread"):
                rows += stream("pipeline", "flow", {1: 1500 * depth}, way, p_depth=depth,
                               p_capacity=capacity)
    return rows


def batched(rate=None, size=16, ns=1000, exec_name="task", contestant="flow", p50=50_000):
    return window("flow", contestant, "batcher", ns, exec=exec_name, p_batch=size, p_age_us=1000,
                  p_rate_per_s=rate, batch_mean_items=size, latency_p50_ns=p50,
                  latency_p99_ns=2 * p50)


class Drawn(Case):
    def flow(self, name, rows):
        return self.chart(name, exec_name=None, flow=rows)

    def heights(self, chart):
        found = [row[1] for row in chart.tables["lines"][1] if isinstance(row, tuple)]
        self.assertTrue(found)
        return found

    def test_widths_against_the_sequential_run(self):
        chart = self.flow("flow-width", fanned(100, {1: 104_000, 2: 52_000}, {1: 120_000, 2: 80_000})
                          + fanned(1, {1: 1100, 2: 600}, {1: 5000, 2: 3000}))
        self.assertEqual(chart.parameters["panel"],
                         ["tasks: 100\u00a0µs an item", "tasks: 1\u00a0µs an item",
                          "threads: 100\u00a0µs an item", "threads: 1\u00a0µs an item"])
        for got, want in zip(self.heights(chart), (100 / 104, 100 / 52, 1000 / 1100, 1000 / 600)):
            self.assertAlmostEqual(got, want, delta=0.06 * want)
        self.assertLessEqual({"flow", "pthread"}, set(self.texts(chart, "names")))
        self.assertIn("sequential", self.texts(chart, "notes_right"))

    def test_without_its_sequential_run_there_is_nothing_to_compare(self):
        rows = [r for r in fanned(100, {1: 104_000}, {1: 120_000}) if r["contestant"] != "null"]
        self.assertRegex(self.flow("flow-width", rows), "^no rows of workload fan_out beside")

    def test_real_work_by_what_it_is(self):
        rows = (stream("log", "null", {1: 12_000}, "thread") + stream("log", "flow", {1: 13_000})
                + stream("image", "flow", {1: 60_000}))         # no floor: left out
        chart = self.flow("flow-shapes", rows)
        self.assertEqual(chart.parameters["panel"], ["tasks: logs, 11.9\u00a0µs each"])

    def test_pipelines_by_depth_and_by_room(self):
        chart = self.flow("flow-pipeline", piped())
        self.assertEqual(chart.parameters["panel"][:3],
                         ["tasks: capacity 0", "tasks: capacity 16", "tasks: 4 stages"])
        self.assertEqual(len(chart.parameters["panel"]), 6)
        for height in self.heights(chart):
            self.assertAlmostEqual(height, 1500, delta=150)     # an item and a stage

    def test_order_has_its_price_and_its_share(self):
        chart = self.flow("flow-order", ordered())
        self.assertEqual(set(self.texts(chart, "names")), {"unordered", "reorder buffer"})
        self.assertIn("up to 25 % of the items", chart.alt)
        self.assertEqual(len(chart.parameters["panel"]), 4)

    def test_batches_by_size_and_by_rate(self):
        rows = (batched(size=1, ns=21_000) + batched(size=256, ns=100)
                + batched(size=1, ns=20_000, exec_name="thread", contestant="null")
                + batched(rate=10_000, size=1) + batched(rate=10_000, size=16)
                + batched(rate=320_000, size=16))
        chart = self.flow("flow-batcher", rows)
        self.assertEqual(chart.parameters["panel"], ["tasks: million a second",
                                                     "tasks: wait, median", "tasks: wait, p99"])
        self.assertLessEqual({"flow", "no batches", "16, 1\u00a0ms"},
                             set(self.texts(chart, "names")))

    def test_without_its_rows_each_says_so(self):
        other = {"flow-width": ordered(), "flow-shapes": ordered(), "flow-pipeline": ordered(),
                 "flow-order": piped(), "flow-batcher": ordered()}
        for name, rows in other.items():
            run = reader.read_run(self.run_of(flow=rows))
            made = plot.CHARTS[name][1](plot_source.Source(run, None, "compact"))
            self.assertRegex(made, "^no rows of workload", name)


class Tables(Case):
    def test_each_workload_has_one(self):
        workloads = {t.workload for t in report_families.TABLES["flow"]}
        self.assertEqual(workloads, {"fan_out", "pipeline", "ordered", "batcher", "retry",
                                     "breaker", "image", "log", "etl"})

    def test_batches_with_a_rate_stand_apart_from_those_without(self):
        run = reader.read_run(self.run_of(flow=batched(size=16) + batched(rate=10_000, size=16)))
        summaries = [str(s) for s, _ in report_families.tabled("flow", run.rows("flow"))]
        self.assertEqual(sum("as fast as they can" in s for s in summaries), 1)
        self.assertEqual(sum("was due" in s for s in summaries), 1)


if __name__ == "__main__":
    unittest.main()
