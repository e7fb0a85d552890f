"""The charts and tables of contexts and timers: what they show, and what they leave out."""

import unittest

from contendlib import plot, plot_source, reader, report_families
from test_plot_locks import Case, window


def timed(p50):
    return {"latency_p50_ns": p50, "latency_p99_ns": 3 * p50, "latency_p999_ns": 4 * p50,
            "latency_max_ns": 5 * p50, "latency_samples": 100, "clock_ns": 20}


def cancelled(contestant, latencies, exec_name="task"):
    """{(width, depth): p50}"""
    return [r for (width, depth), p50 in latencies.items()
            for r in window("context", contestant, "cancel", 100_000, exec=exec_name,
                            p_width=width, p_depth=depth, cancel_call_ns=p50, **timed(p50))]


def stopped(contestant, ns, exec_name="task", threads=1):
    return [r for timers, each in ns.items()
            for r in window("context", contestant, "timers", each, exec=exec_name,
                            threads=threads, p_timers=timers)]


def late(contestant, latencies, exec_name="task"):
    return [r for timers, p50 in latencies.items()
            for r in window("context", contestant, "lateness", 100_000, exec=exec_name,
                            p_timers=timers, **timed(p50))]


TREES = {(1, 1): 600, (100, 1): 13_000, (1, 100): 4000}


class Drawn(Case):
    def context(self, name, rows):
        return self.chart(name, exec_name=None, context=rows)

    def test_cancels_by_width_and_depth_for_both_ways(self):
        chart = self.context("context-cancel", cancelled("context", TREES)
                             + cancelled("context", TREES, "thread")
                             + cancelled("ref", TREES, "thread"))
        heads = chart.parameters["panel"]
        self.assertEqual(heads[:3], ["tasks: side by side, median", "tasks: side by side, p99",
                                     "tasks: one below the other, median"])
        self.assertEqual(len(heads), 6)
        self.assertEqual(set(self.texts(chart, "names")), {"context", "pthread flag"})
        self.assertIn("up to 100 contexts", chart.alt)

    def test_trees_that_are_wide_and_deep_are_in_the_table_only(self):
        self.assertEqual(self.context("context-cancel", cancelled("context", {(10, 10): 500})),
                         "no rows of workload cancel")

    def test_timers_by_how_many_run(self):
        chart = self.context("context-timers", stopped("context", {10: 40, 100_000: 600})
                             + stopped("null", {10: 0.3}) + late("context", {10: 25_000})
                             + stopped("context", {10: 5000}, threads=4)
                             + stopped("ref", {10: 1000}, "thread"))
        self.assertEqual(chart.parameters["panel"][:3],
                         ["tasks: a stop and a start", "tasks: late, median",
                          "tasks: late, 99th percentile"])
        self.assertEqual(set(self.texts(chart, "names")), {"timer", "timerfd"})
        self.assertIn("100,000 timers", chart.alt)

    def test_without_its_rows_each_says_so(self):
        for name, rows in (("context-cancel", stopped("context", {10: 40})),
                           ("context-timers", cancelled("context", TREES))):
            run = reader.read_run(self.run_of(context=rows))
            made = plot.CHARTS[name][1](plot_source.Source(run, None, "compact"))
            self.assertRegex(made, "^no rows of workload", name)


class Tables(Case):
    def test_each_workload_has_one(self):
        rows = (cancelled("context", TREES) + stopped("context", {10: 40}) + late("context", {10: 9}))
        workloads = {t.workload for t in report_families.TABLES["context"]}
        self.assertEqual(workloads, {r["workload"] for r in rows})


if __name__ == "__main__":
    unittest.main()
