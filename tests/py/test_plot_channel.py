"""The charts and tables of channels: what they show, and what they leave out."""

import unittest

from contendlib import plot, plot_channel, plot_source, plot_styles, reader, report_families
from test_plot_locks import Case, window


def streamed(contestant, ns, exec_name="thread", **more):
    """{capacity: ns} at 1:1 unless said otherwise."""
    return [r for capacity, each in ns.items()
            for r in window("channel", contestant, "stream", each, exec=exec_name,
                            **{"threads": 2, "p_capacity": capacity, "p_producers": 1,
                               "p_consumers": 1, "p_element_bytes": 8} | more)]


def counted(contestant, shares, exec_name="thread"):
    return [r for capacity, pct in shares.items()
            for r in window("channel", contestant, "blocked", 50, exec=exec_name, threads=2,
                            p_capacity=capacity, p_producers=1, p_consumers=1, p_element_bytes=8,
                            blocked_send_pct=pct, blocked_recv_pct=pct / 2)]


def offered(contestant, latencies, exec_name="thread", most=1e6):
    return [r for rate, p50 in latencies.items()
            for r in window("channel", contestant, "open_loop", 1e9 / min(rate, most),
                            exec=exec_name, threads=2, p_capacity=1024, p_producers=1,
                            p_consumers=1, p_element_bytes=8, p_rate_per_s=rate,
                            latency_p50_ns=p50, latency_p99_ns=10 * p50, latency_p999_ns=20 * p50,
                            latency_max_ns=30 * p50, latency_samples=100, clock_ns=20)]


def closed(contestant, latencies, exec_name="thread"):
    return [r for waiters, p50 in latencies.items()
            for r in window("channel", contestant, "close_wake", 1000, exec=exec_name,
                            threads=waiters + 1, p_capacity=0, p_waiters=waiters,
                            latency_p50_ns=p50, latency_p99_ns=3 * p50, latency_p999_ns=3 * p50,
                            latency_max_ns=3 * p50, latency_samples=100, wake_all_p50_ns=2 * p50,
                            wake_all_p99_ns=4 * p50)]


def selected(contestant, ns, exec_name="thread", capacity=64):
    return [r for cases, each in ns.items()
            for r in window("channel", contestant, "select", each, exec=exec_name, threads=2,
                            p_capacity=capacity, p_cases=cases)]


CAPACITIES = {0: 200, 1: 150, 64: 40, 1024: 20}


class Drawn(Case):
    def channel(self, name, rows):
        return self.chart(name, exec_name=None, channel=rows)

    def names(self, chart):
        return {t for t in self.texts(chart, "names")}

    def test_tasks_and_threads_side_by_side(self):
        rows = (streamed("chan", CAPACITIES, "task") + streamed("chan", CAPACITIES)
                + streamed("guide", CAPACITIES) + streamed("go:chan", CAPACITIES, "task"))
        chart = self.channel("channel-capacity", rows)
        heads = chart.parameters["panel"]
        self.assertEqual([h.split(" ")[0] for h in heads], ["tasks", "threads,"])
        self.assertEqual(self.names(chart), {"chan", "guide", "go:chan"})
        self.assertEqual(chart.parameters["x_text"], ["0", "1", "64", "1,024"])

    def test_two_crowds_are_enough(self):
        rows = [r for n in (1, 2, 4, 8)
                for r in streamed("chan", CAPACITIES, threads=2 * n, p_producers=n, p_consumers=n)]
        heads = self.channel("channel-capacity", rows).parameters["panel"]
        self.assertEqual([h.rsplit(", ")[-1] for h in heads], ["1 : 1", "4 : 4"])

    def test_one_way_and_one_crowd_draw_too(self):
        chart = self.channel("channel-capacity", streamed("ref", CAPACITIES))
        self.assertEqual(len(chart.parameters["panel"]), 1)
        self.assertEqual(self.names(chart), {"pthread ring"})

    def test_other_sizes_of_value_are_not_mixed_in(self):
        rows = streamed("chan", CAPACITIES) + streamed("chan", {64: 9000}, p_element_bytes=256)
        chart = self.channel("channel-capacity", rows)
        self.assertNotIn("256", chart.subtitle)
        self.assertLess(max(p[1] for p in chart.tables["points"][1] if len(p) == 5), 1000)

    def test_blocked_is_of_both_sides(self):
        chart = self.channel("channel-blocked", counted("chan", {0: 50, 64: 1}, "task")
                             + counted("ref", {0: 90, 64: 2}))
        self.assertEqual(len(chart.parameters["panel"]), 4)
        self.assertEqual(self.names(chart), {"chan", "pthread ring"})

    def test_the_map_has_a_cell_for_each_crowd(self):
        rows = [r for s in (1, 2, 4) for c in (1, 4)
                for r in streamed("chan", {64: 10 * s * c}, "task", threads=s + c, p_producers=s,
                                  p_consumers=c)]
        chart = self.channel("channel-map", rows + streamed("chan_spsc", {64: 5}, "task"))
        numbers = sorted(float(t.removesuffix("\u00a0ns")) for t in self.texts(chart))
        for found, expected in zip(numbers, (10, 20, 40, 40, 80, 160), strict=True):
            self.assertAlmostEqual(found, expected, delta=0.05 * expected)
        self.assertEqual(chart.parameters["panel"], ["chan, tasks"])
        cells = {c[6] for c in chart.tables["cells"][1] if len(c) == 7}
        self.assertIn(plot_styles.ramp(0), cells)
        self.assertIn(plot_styles.ramp(1), cells)
        self.assertIsInstance(self.channel("channel-map", streamed("chan", {64: 10})), str)

    def test_the_load_says_what_came_through(self):
        chart = self.channel("channel-load", offered("chan", {1000: 500, 10 ** 7: 10 ** 6})
                             + offered("guide", {1000: 20_000}))
        self.assertEqual(len(chart.parameters["panel"]), 2)
        notes = self.texts(chart, "notes")
        self.assertEqual(notes[0], "most received:")
        self.assertEqual([n.split(":")[0] for n in notes[1:]], ["chan", "guide"])
        self.assertEqual(chart.parameters["x_text"], ["1k", "10M"])

    def test_closes_by_waiters(self):
        chart = self.channel("channel-close", closed("chan", {1: 200, 16: 900}, "task")
                             + closed("ref", {1: 20_000, 16: 90_000}))
        self.assertEqual(len(chart.parameters["panel"]), 6)
        self.assertIn("16 waiters", chart.alt)

    def test_selects_of_the_largest_capacity(self):
        rows = selected("chan", {1: 20, 16: 90}) + selected("chan", {1: 400, 16: 900}, capacity=0)
        chart = self.channel("channel-select", rows)
        self.assertIn("capacity 64", chart.subtitle)
        self.assertEqual(chart.parameters["x_text"], ["1", "16"])

    def test_without_its_rows_each_says_so(self):
        for name, (family, build) in plot.CHARTS.items():
            if family == "channel":
                run = reader.read_run(self.run_of(channel=window("channel", "chan", "pingpong", 90,
                                                                 threads=2, p_capacity=0)))
                made = build(plot_source.Source(run, None, "compact"))
                self.assertRegex(made, "^no rows of workload ", name)

    def test_names_stay_short(self):
        for contestant in ("tbb:concurrent_bounded_queue", "moodycamel:BlockingConcurrentQueue",
                           "glib:GAsyncQueue", "boost:fiber_channel"):
            self.assertLessEqual(len(plot_channel.name(contestant)), 17)


class Tables(Case):
    def tables(self, rows):
        run = reader.read_run(self.run_of(channel=rows))
        return report_families.tabled("channel", run.rows("channel"))

    def test_a_table_for_each_crowd(self):
        rows = streamed("chan", CAPACITIES) + streamed("chan", {64: 60}, threads=8, p_producers=4,
                                                       p_consumers=4)
        found = [summary for summary, _ in self.tables(rows)]
        self.assertTrue(any(s.startswith("stream, 1 : 1: wall time") for s in found), found)
        self.assertEqual([s for s in found if "least worker" in s and "1 : 1" in s], [])
        self.assertTrue(any("4 : 4: least worker" in s for s in found), found)

    def test_sizes_part_tables(self):
        found = [summary for summary, _ in self.tables(
            streamed("chan", {64: 40}) + streamed("chan", {64: 60}, p_element_bytes=256))]
        self.assertTrue(any("1 : 1, 256 bytes" in s for s in found), found)


if __name__ == "__main__":
    unittest.main()
