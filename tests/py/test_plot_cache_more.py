"""The charts of bounded caches, of a stampede, of a long section and of memory."""

import unittest

from contendlib import plot_cache_hits, plot_styles
from test_plot_cache import Case, cached, row


def traced(contestant, capacity, ratio, workload="trace_zipf", **more):
    return [row(contestant, workload, **{"p_capacity": capacity, "p_keys": 1000,
                                         "hit_ratio": ratio} | more)]


class HitRatio(Case):
    def rows(self, workloads=("trace_zipf", "trace_loop"), keys=1000):
        return [r for w in workloads for i, capacity in enumerate((1, 10, 100), 1)
                for c, ratio in (("policy_lru", 0.1), ("policy_s3fifo", 0.2), ("policy_opt", 0.3),
                                 ("concurrent_s3fifo", 0.19))
                for r in traced(c, capacity, ratio * i, w, p_keys=keys)]

    def test_a_panel_for_each_trace_and_the_ceiling_dashed(self):
        chart = self.chart("cache-hit-ratio", self.rows())
        self.assertEqual(chart.parameters["panel"], ["Zipf, 1,000 keys", "loop, 1,000 keys"])
        self.assertEqual(chart.parameters["x_text"], ["0.1", "1", "10"])
        self.assertEqual([(round(x, 3), round(y, 3)) for x, y, _ in self.cells(chart, "dashes")],
                         [(0.1, 30), (1, 60), (10, 90)])
        self.assertEqual(self.names(chart), ["Belady (ceiling)", "S3-FIFO", "LRU"])
        self.assertIn("Zipf, 1 %: S3-FIFO 40 %, LRU 20 %, Belady (ceiling) 60 %", chart.alt)

    def test_caches_are_rings_in_their_policy_s_colour(self):
        chart = self.chart("cache-hit-ratio", self.rows())
        rings = [r for r in self.cells(chart, "points") if r[3] == plot_cache_hits.RING]
        self.assertEqual([round(r[1], 3) for r in rings], [19, 38, 57])
        self.assertEqual({r[4] for r in rings}, {plot_cache_hits.POLICIES["s3fifo"].colour})
        self.assertIn("ring: a cache with it", chart.subtitle)

    def test_noise_does_not_make_hits_hollow(self):
        rows = [r | {"noise": "noisy"} for r in self.rows()]
        chart = self.chart("cache-hit-ratio", rows)
        self.assertNotIn("hollow", chart.subtitle)
        self.assertNotIn(0xFFFFFF, {r[4] for r in self.cells(chart, "points")})

    def test_a_file_s_keys_may_be_unknown(self):
        chart = self.chart("cache-hit-ratio", self.rows(("trace_file",), keys=None))
        self.assertEqual(chart.parameters["panel"], ["the file given, capacity in entries"])
        self.assertEqual(chart.parameters["x_text"], ["1", "10", "100"])

    def test_each_trace_has_the_usual_keys_or_its_own(self):
        rows = self.rows(("trace_zipf",), 100_000) + self.rows(("trace_zipf",), 20_000) \
            + self.rows(("trace_file",), 777)
        self.assertEqual(self.chart("cache-hit-ratio", rows).parameters["panel"],
                         ["Zipf, 100,000 keys", "the file given, 777 keys"])

    def test_all_six(self):
        chart = self.chart("cache-hit-ratio", self.rows(tuple(plot_cache_hits.TRACES)))
        self.assertEqual(chart.parameters["panels"], 6)

    def test_parted(self):
        for contestant, found in (("policy_lru", ("", "lru")), ("concurrent", None), ("lru", None),
                                  ("rw_sharded_sieve", ("rw_sharded", "sieve")),
                                  ("guide_mutex", None)):
            self.assertEqual(plot_cache_hits.parted(contestant), found)

    def test_without_rows(self):
        self.assertEqual(self.chart("cache-hit-ratio", cached("policy_lru", 1e6)),
                         "no rows of workload trace_* with a hit ratio")


class Aside(Case):
    def bounded(self, contestant, capacity, rate, ratio, **more):
        return [row(contestant, "aside", rep, **{
            "threads": 2, "p_skew": 99, "p_keys": 100_000, "p_value_bytes": 8, "p_hold_ns": 1000,
            "p_capacity": capacity, "ops_per_s": rate, "ns_per_op": 1e9 / rate,
            "hit_ratio": ratio} | more) for rep in range(6)]

    def rows(self, **more):
        return [r for i, capacity in enumerate((1000, 10_000)) for c, rate in (
            ("concurrent_s3fifo", 2e7), ("sharded_lru", 1e7))
            for r in self.bounded(c, capacity, rate * (1 + i), 0.5 + 0.3 * i, **more)]

    def test_hits_across_and_speed_up(self):
        chart = self.chart("cache-aside", self.rows())
        self.assertEqual(self.names(chart), ["concurrent, S3-FIFO", "sharded, LRU"])
        self.assertEqual([(round(r[0], 3), r[1]) for r in self.cells(chart, "points")
                          if r[4] == plot_styles.BLACK], [(50, 20), (80, 40)])
        self.assertIn("capacity 1,000, 10,000 of 100,000 keys, Zipf 0.99", chart.subtitle)
        self.assertIn("computes the value, for 1\u00a0µs, and sets it", chart.caption)
        self.assertIn("At 2 workers and 10,000 entries: concurrent, S3-FIFO 40 million a second at "
                      "80 % hits.", chart.alt)

    def test_the_subtitle_fits_with_three_capacities_and_noise(self):
        rows = [r | {"noise": "noisy"} for r in self.rows() + self.bounded(
            "sharded_lru", 100, 1e6, 0.2)]
        self.assertIn("hollow = noisy", self.chart("cache-aside", rows).subtitle)

    def test_only_loads_with_all_capacities(self):
        rows = self.rows() + self.bounded("sharded_lru", 1000, 1e6, 0.4, threads=1)
        self.assertEqual(self.chart("cache-aside", rows).parameters["panel"],
                         ["2 threads, one per CPU"])

    def test_without_rows(self):
        self.assertIn("no rows of workload aside", self.chart("cache-aside", cached("a", 1)))


class Stampede(Case):
    def asked(self, contestant, loads, p99, **more):
        return [row(contestant, "stampede", rep, **{
            "threads": 2, "p_sample_every": 1, "p_hold_ns": 20_000, "loads_per_expiry": loads,
            "latency_p50_ns": 50, "latency_p99_ns": p99, "latency_p999_ns": 2 * p99,
            "latency_max_ns": 9 * p99, "latency_samples": 100, "clock_ns": 20} | more)
            for rep in range(6)]

    def test_latency_and_loads(self):
        rows = self.asked("thundering", 1.93, 90_000) + self.asked("concurrent", 1, 20_000)
        chart = self.chart("cache-stampede", rows)
        self.assertEqual([r[2] for r in self.cells(chart, "names")],
                         ["concurrent", "thundering herd"])
        self.assertEqual([r[2] for r in self.cells(chart, "numbers")], ["1 load", "1.93 loads"])
        self.assertIn("concurrent 1 load an expiry, p99 20\u00a0µs", chart.alt)
        self.assertIn("Loading takes 20\u00a0µs.", chart.caption)

    def test_a_little_more_than_one_is_not_one(self):
        chart = self.chart("cache-stampede", self.asked("concurrent", 1.01, 20_000))
        self.assertEqual([r[2] for r in self.cells(chart, "numbers")], ["1.01 loads"])

    def test_unknown_loads_say_so(self):
        chart = self.chart("cache-stampede", self.asked("concurrent", None, 20_000))
        self.assertEqual([r[2] for r in self.cells(chart, "numbers")], ["loads unknown"])
        self.assertIn("loads not measured", chart.alt)

    def test_without_rows(self):
        rows = self.asked("concurrent", 1, 9, latency_p50_ns=None)
        self.assertEqual(self.chart("cache-stampede", rows),
                         "no rows of workload stampede with latencies")


class Section(Case):
    def rows(self, holds=(100, 1000, 10_000), workloads=("section_inside", "section_outside")):
        return [r | {"workload": w, "p_hold_ns": str(hold)}
                for w, rate in zip(workloads, (1e6, 2e6)) for hold in holds for t in (1, 2, 4)
                for c in ("guide_mutex", "guide_sharded")
                for r in cached(c, rate * t, threads=t)]

    def test_inside_above_outside(self):
        chart = self.chart("cache-section", self.rows())
        self.assertEqual(chart.parameters["panel"][0], "100\u00a0ns under the lock")
        self.assertEqual(chart.parameters["panel"][5], "10\u00a0µs before it")
        self.assertIn("With 10\u00a0µs and 4 workers, before the lock is sharded (guide) 2 times, "
                      "map + mutex 2 times as fast.", chart.alt)

    def test_many_lengths_leave_three(self):
        chart = self.chart("cache-section", self.rows((1, 10, 100, 1000, 10_000)))
        self.assertEqual(chart.parameters["panels"], 6)

    def test_both_sides_are_needed(self):
        self.assertEqual(self.chart("cache-section", self.rows(workloads=("section_inside",))),
                         "no rows of workloads section_inside and section_outside")


class Memory(Case):
    def test_bytes_and_what_is_not_the_value(self):
        rows = [r for size in (8, 64, 1024) for c, rest in (("concurrent", 90), ("syncmap", 140))
                for r in cached(c, 1e6, threads=1, p_value_bytes=size, bytes_per_entry=size + rest)]
        rows += cached("concurrent", 1e6, threads=2, bytes_per_entry=9999)
        chart = self.chart("cache-memory", rows)
        self.assertEqual([r[:2] for r in self.cells(chart, "dashes")],
                         [(8, 8), (64, 64), (1024, 1024)])
        self.assertEqual({r[1] for r in self.cells(chart, "points", 1)}, {90, 140})
        self.assertIn("Beside a value of 8 bytes: concurrent 90 bytes, sync map 140.", chart.alt)

    def test_one_size_alone(self):
        chart = self.chart("cache-memory", cached("concurrent", 1e6, bytes_per_entry=98))
        self.assertEqual(chart.parameters["x_at"], [8])

    def test_without_rows(self):
        self.assertIn("no rows of workload get_set with bytes_per_entry",
                      self.chart("cache-memory", cached("concurrent", 1e6)))


if __name__ == "__main__":
    unittest.main()
