"""The charts of caches: what they compute, show, and leave out."""

import re
import unittest

import fixture
from contendlib import (condense, plot, plot_cache, plot_cache_best, plot_cache_hits,
                        plot_cache_shards, plot_gnuplot, plot_layout, plot_source, plot_styles,
                        reader)
from test_plot import Scratch

USUAL = {"threads": 2, "p_read_pct": 90, "p_skew": 0, "p_keys": 100_000, "p_value_bytes": 8}


def row(contestant, workload, rep=0, **more):
    return fixture.cells("cache", contestant=contestant, workload=workload, rep=rep,
                         **{"ops": 10, "window_ns": 1000, "attempts": 1} | more)


def cached(contestant, rate, reps=6, **more):
    """Windows of get_set whose rates are a tenth of a per mille apart."""
    return [row(contestant, "get_set", rep, **USUAL | {
        "ops_per_s": rate * (1 + rep / 10_000), "ns_per_op": 1e9 / rate, "hit_ratio": 0.9} | more)
        for rep in range(reps)]


class Case(Scratch):
    def chart(self, name, rows, **environment):
        """The chart drawn from these rows, which must be drawable, or the sentence."""
        run_dir = self.run_of(cache=rows)
        made = plot.CHARTS[name][1](plot_source.Source(reader.read_run(run_dir), "thread",
                                                       "compact"))
        if not isinstance(made, str):
            plot_gnuplot.draw(made, "svg", self.dir / "x.svg")
            self.assertLessEqual(24 + plot_layout.text_width(made.subtitle, 13), made.width - 24)
            self.assertNotRegex(made.alt + made.caption, r"\{|\}|None|  |\.\.|nan")
        return made

    def cells(self, chart, table, panel=0):
        """Rows of a panel's part of a table."""
        parts = [[]]
        for r in chart.tables[table][1]:
            if r == plot_gnuplot.BLOCK:
                parts.append([])
            elif isinstance(r, tuple):
                parts[-1].append(r)
        return parts[panel]

    def names(self, chart, panel=0):
        return [r[2] for r in self.cells(chart, "names", panel)]


class Parts(Case):
    def test_collision(self):
        for shards, threads, chance in ((1, 1, 0), (1, 2, 1), (2, 2, 0.5), (256, 2, 1 / 256),
                                        (4, 3, 1 - 0.75 ** 2), (16, 1, 0)):
            self.assertAlmostEqual(plot_cache_shards.collision(shards, threads), chance)

    def test_most_common(self):
        pairs = {(90, s) for s in (1, 2, 4)} | {(0, 16), (99, 16)}
        self.assertEqual(plot_cache.most_common(pairs, lambda k: k[0], 50), 90)
        self.assertEqual(plot_cache.most_common({(1, 8), (1, 16)}, lambda k: k[1], 8), 8)
        self.assertEqual(plot_cache.most_common({(1, 8), (1, 32)}, lambda k: k[1], 16), 32)

    def points(self, rows):
        return condense.condense(reader.read_run(self.run_of(cache=rows)).rows("cache"))

    def test_hit_ratios(self):
        self.assertEqual(plot_cache.hits(self.points(cached("guide_mutex", 1, hit_ratio=None))),
                         "hit ratio not measured")
        both = cached("guide_mutex", 1, hit_ratio=0.8) + cached("concurrent", 1, hit_ratio=0.9) \
            + cached("guide_mutex", 1, hit_ratio=0.95, p_skew=99) \
            + cached("guide_mutex", 1, hit_ratio=0.97, p_skew=120)
        self.assertEqual(plot_cache.hits(self.points(both)),
                         "hit ratio 80 to 90 % uniform, 95 to 97 % Zipf")

    def kept(self, rows, *columns):
        rows = reader.read_run(self.run_of(cache=rows)).rows("cache")
        return {(r["contestant"], *(r[c] for c in columns))
                for r in plot_cache.usual(rows, *columns)}

    def test_usual_values(self):
        rows = [r for size in (8, 64, 1024) for r in cached("concurrent", 1, p_value_bytes=size)]
        self.assertEqual(self.kept(rows, "p_value_bytes"), {("concurrent", 8)})
        rows = cached("a", 1, p_value_bytes=64) + cached("b", 1, 1, p_value_bytes=1024) \
            + cached("null", 1, p_value_bytes=None)
        self.assertEqual(self.kept(rows, "p_value_bytes"), {("a", 64), ("null", None)})

    def test_everybody_has_shards_of_his_own(self):
        rows = cached("sharded", 1, p_shards=16) + cached("sharded", 1, p_shards=256) \
            + cached("std:unordered_map_sharded", 1, p_shards=256) + cached("concurrent", 1)
        self.assertEqual(self.kept(rows, "p_shards"),
                         {("sharded", 16), ("std:unordered_map_sharded", 256),
                          ("concurrent", None)})

    def test_rows_of_older_versions_are_drawn(self):
        rows = [r for share in (0, 90) for r in cached("guide_mutex", 1e6, p_read_pct=share,
                                                       p_value_bytes=24)]
        fixture.write_run(self.dir / "old", {"cache": [
            {k: v for k, v in r.items() if k not in ("p_capacity", "p_hold_ns", "hash")}
            for r in rows]}, version=2)
        source = plot_source.Source(reader.read_run(self.dir / "old"), "thread", "compact")
        self.assertIn("values of 24 bytes", plot_cache.throughput(source).parameters["said_1_1"])

    def test_well_swept(self):
        swept = {1: {90}, 2: {0, 50, 90, 100}, 4: {0, 90, 100}}
        self.assertEqual(plot_cache.well_swept([1, 2, 4], swept), [2, 4])
        self.assertEqual(plot_cache.well_swept([], {}), [])


class Throughput(Case):
    def rows(self, **more):
        return [r for skew in (0, 80, 99, 120) for t in (1, 2, 4)
                for c, rate in (("concurrent", 5e7), ("guide_mutex", 5e6), ("null", 1e9),
                                ("tbb:concurrent_hash_map", 3e7))
                for r in cached(c, rate * (1 + t / 10), threads=t, p_skew=skew, **more)]

    def test_uniform_and_zipf(self):
        chart = self.chart("cache-throughput", self.rows())
        self.assertEqual(chart.parameters["panel"], ["uniform keys", "Zipf 0.99 keys"])
        self.assertEqual(chart.parameters["said_1_1"],
                         "90 % reads, 100,000 keys, values of 8 bytes")
        self.assertEqual(set(self.names(chart)), {"concurrent", "map + mutex", "tbb:hash_map"})
        self.assertIn("hit ratio 90 % uniform, 90 % Zipf", chart.subtitle)
        self.assertIn("uniform keys at 4 threads: concurrent 70 million a second, the best of the "
                      "others tbb:hash_map 42", chart.alt)

    def test_only_the_usual_setting(self):
        rows = self.rows() + cached("concurrent", 9e9, p_value_bytes=1024) \
            + cached("concurrent", 9e9, p_keys=1000) + cached("concurrent", 9e9, p_read_pct=100) \
            + cached("concurrent", 9e9, p_capacity=10) + cached("concurrent", 9e9, p_hold_ns=10)
        chart = self.chart("cache-throughput", rows)
        self.assertLess(max(r[1] for r in self.cells(chart, "points")), 100)

    def test_one_kind_of_keys_one_panel(self):
        chart = self.chart("cache-throughput", cached("concurrent", 1e7, p_skew=120))
        self.assertEqual(chart.parameters["panel"], ["Zipf 1.2 keys"])

    def test_without_rows(self):
        self.assertEqual(self.chart("cache-throughput", cached("null", 1e6)),
                         "no rows of workload get_set")

    def test_everybody_s_name_fits(self):
        """The longest names there are, noisy, with the widest hit ratios."""
        everybody = [*(c for c in plot_cache.SHORT), "concurrent", "sharded", "guide_counters",
                     "rw_sharded", "syncmap", "guide_mutex", "guide_rwmutex", "guide_sharded"]
        rows = [r for i, c in enumerate(everybody) for skew in (0, 99) for t in (1, 2, 4)
                for r in cached(c, 1e7 + i, threads=t, p_skew=skew, noise="noisy",
                                hit_ratio=0.9 + (i % 2) / 100, bytes_per_entry=100 + i)]
        for name in ("cache-throughput", "cache-memory"):
            chart = self.chart(name, rows)
            for place, right in enumerate(chart.parameters["right"]):
                room = (chart.parameters["left"] + [chart.width + 30])[place + 1] - 36 - right
                for text in self.names(chart, place):
                    self.assertLessEqual(8 + plot_layout.text_width(text, 11), room, text)


class Shards(Case):
    def rows(self, threads=(1, 2, 4), shards=(1, 4, 256), skews=(0, 99), **more):
        made = []
        for t in threads:
            for skew in skews:
                for s in shards:
                    made += cached("sharded", 1e6 * s ** 0.3, threads=t, p_skew=skew, p_shards=s,
                                   contended_pct=20 / s, **more)
                made += cached("guide_mutex", 2e6, threads=t, p_skew=skew)
                made += cached("guide_rwmutex", 1e6, threads=t, p_skew=skew)
                made += cached("null", 1e9, threads=t, p_skew=skew, hit_ratio=None)
        return made

    def test_curve_references_and_chance(self):
        chart = self.chart("cache-shards", self.rows())
        self.assertEqual(chart.parameters["panels"], 9)         # 3 loads x (2 kinds of keys + 1)
        self.assertEqual(chart.parameters["x_at"], [1, 4, 256])
        rules = chart.tables["rules"][1]
        self.assertEqual(len([r for r in rules if isinstance(r, tuple)]), 2 * 2 * 6)
        dashes = [r for r in chart.tables["dashes"][1] if isinstance(r, tuple)]
        self.assertIn((4, 25.0, 0x555555), dashes)              # 2 threads
        self.assertIn((1, 0.0, 0x555555), dashes)               # alone
        self.assertIn("1−(1−1/S)^(T−1)", self.names(chart, 7))
        self.assertNotIn("null", str(chart.tables))
        self.assertEqual([p for p in chart.parameters if p.startswith("y_high_")],
                         ["y_high_7", "y_high_8", "y_high_9"])

    def test_the_measured_share_stands_beside_the_prediction(self):
        chart = self.chart("cache-shards", self.rows(shards=(1, 4, 16)))
        self.assertEqual(self.names(chart, 7)[1:], ["uniform", "Zipf"])
        blue = [r[:2] for r in self.cells(chart, "points", 7) if r[4] == plot_styles.BLUE]
        self.assertEqual(blue, [(1, 20), (4, 5), (16, 1.25)])
        self.assertIn("Acquisitions that found one of 16 locks of sharded held: uniform keys 1.2 % "
                      "(formula 18 %), Zipf 0.99 keys 1.2 % (formula 18 %).", chart.alt)

    def test_without_a_count_only_the_prediction(self):
        rows = [r | {"contended_pct": ""} for r in self.rows()]
        chart = self.chart("cache-shards", rows)
        self.assertEqual(self.names(chart, 7), ["1−(1−1/S)^(T−1)"])
        self.assertIn("was not measured", chart.alt)

    def test_the_guide_s_shards_where_there_are_no_others(self):
        rows = [r | {"contestant": "guide_sharded"} if r["contestant"] == "sharded" else r
                for r in self.rows()]
        self.assertIn("sharded (guide)", self.names(self.chart("cache-shards", rows)))

    def test_gain_over_one_lock(self):
        chart = self.chart("cache-shards", self.rows(shards=(1, 16)))
        self.assertIn(f"16 shards {16 ** 0.3 / 2:.1f} times one lock", chart.alt)

    def test_the_read_share_with_the_curve_is_drawn(self):
        rows = self.rows() + [r for share in (0, 99) for r in cached(
            "sharded", 5e8, p_read_pct=share, p_shards=16)]
        chart = self.chart("cache-shards", rows)
        self.assertIn("90 % reads", chart.subtitle)
        self.assertNotIn(16, chart.parameters["x_at"])

    def test_without_rows(self):
        for rows in (cached("guide_mutex", 1e6), cached("sharded", 1e6, p_shards=16)):
            self.assertEqual(self.chart("cache-shards", rows),
                             "no rows of a sharded cache with several p_shards")


class ReadShare(Case):
    def test_one_shard_count(self):
        rows = [r for share in (0, 90, 100) for c, rate, more in (
            ("guide_mutex", 1e6, {}), ("guide_rwmutex", 2e6, {}),
            ("guide_sharded", 3e6, {"p_shards": 16}), ("null", 1e9, {"hit_ratio": None}),
            ("guide_counters", 9e6, {}), ("tbb:concurrent_hash_map", 9e6, {}))
            for r in cached(c, rate, p_read_pct=share, **more)]
        rows += cached("guide_sharded", 9e6, p_shards=256)
        chart = self.chart("cache-read-share", rows)
        self.assertEqual(set(self.names(chart)),
                         {"sharded (guide)", "map + mutex", "map + rwmutex"})
        self.assertIn("What is sharded has 16 shards here.", chart.caption)
        self.assertIn("hit ratio 90 % uniform", chart.subtitle)
        self.assertLess(max(r[1] for r in self.cells(chart, "points")), 4)

    def test_without_rows(self):
        self.assertEqual(self.chart("cache-read-share", cached("null", 1e6)),
                         "no rows of workload get_set")


class Best(Case):
    def rows(self, rates, shares=(0, 90), skews=(0, 99), **more):
        return [r for share in shares for skew in skews for c, rate in rates.items()
                for r in cached(c, rate, p_read_pct=share, p_skew=skew, **more)]

    def texts(self, chart, panel=0):
        """{(column, row): [lines from the top]}."""
        cells = {}
        for x, y, text, _ in sorted(self.cells(chart, "numbers", panel), key=lambda r: -r[1]):
            cells.setdefault((x, round(y)), []).append(text)
        return cells

    def test_name_and_factors(self):
        chart = self.chart("cache-best", self.rows({
            "concurrent": 6e6, "sharded": 4e6, "guide_mutex": 2e6, "null": 1e9}))
        cells = self.texts(chart)
        self.assertEqual(set(cells), {(x, y) for x in (0, 1) for y in (0, 1)})
        self.assertEqual(cells[0, 0], ["concurrent", "3× map + mutex", "1.50× sharded"])
        self.assertEqual(chart.parameters["y_text"], ["uniform", "Zipf 0.99"])
        self.assertIn("concurrent is the fastest in 4 of 4 cells.", chart.alt)

    def test_overlapping_intervals_are_called_even(self):
        rows = self.rows({"guide_mutex": 2e6})
        for share in (0, 90):
            for skew in (0, 99):
                for c, shift in (("concurrent", 1), ("sharded", 0)):
                    rows += [row(c, "get_set", rep, **USUAL | {
                        "ops_per_s": 1e7 + 1e5 * (rep + shift), "ns_per_op": 100,
                        "p_read_pct": share, "p_skew": skew}) for rep in range(6)]
        self.assertEqual(self.texts(self.chart("cache-best", rows))[0, 0],
                         ["concurrent", "5.2× map + mutex", "even with sharded"])

    def test_the_single_lock_can_win_and_can_be_next(self):
        chart = self.chart("cache-best", self.rows({"guide_mutex": 4e6, "concurrent": 2e6}))
        self.assertEqual(self.texts(chart)[0, 0], ["map + mutex", "2× concurrent"])
        chart = self.chart("cache-best", self.rows({"guide_mutex": 2e6, "concurrent": 4e6}))
        self.assertEqual(self.texts(chart)[0, 0], ["concurrent", "2× map + mutex"])

    def test_noisy_winners_stand_in_brackets(self):
        rates = {"guide_mutex": 2e6, "concurrent": 4e6}
        chart = self.chart("cache-best", self.rows(rates, noise="noisy"))
        self.assertEqual(self.texts(chart)[0, 0][0], "(concurrent)")
        self.assertIn("(name) = noisy", chart.subtitle)

    def test_counters_lossy_ones_and_lone_contestants_do_not_compete(self):
        chart = self.chart("cache-best", self.rows({
            "guide_mutex": 2e6, "concurrent": 4e6, "guide_counters": 9e6, "racy": 9e6}))
        self.assertEqual(self.texts(chart)[0, 0][0], "concurrent")
        self.assertEqual(self.chart("cache-best", self.rows({"concurrent": 4e6})),
                         "no rows of workload get_set at several shares of reads or skews of the "
                         "keys")

    def test_numbers_can_be_read_on_their_cells(self):
        rows = [r for i, share in enumerate((0, 50, 90, 99, 100)) for c, rate in (
            ("guide_mutex", 1e6), ("concurrent", 2e6 * 3 ** i))
            for r in cached(c, rate, p_read_pct=share)]
        chart = self.chart("cache-best", rows)
        fills = {(c[0], c[1]): c[6] for c in self.cells(chart, "cells")}
        self.assertEqual(len(set(fills.values())), 5)
        for x, y, _, ink in self.cells(chart, "numbers"):
            light, dark = sorted((plot_styles.luminance(fills[x, round(y)]),
                                  plot_styles.luminance(ink)), reverse=True)
            self.assertGreaterEqual((light + 0.05) / (dark + 0.05), 4.5)

    def test_long_names_are_cut_to_their_cell(self):
        names = {f"library{i}:a_very_long_name_of_a_hash_map_{i}": 1e6 + i for i in range(3)}
        chart = self.chart("cache-best", self.rows(names, (0, 50, 90, 99, 100)))
        wide = (chart.parameters["right"][0] - chart.parameters["left"][0]) / 5
        for r in self.cells(chart, "numbers"):
            self.assertLessEqual(plot_layout.text_width(r[2], 12), wide)


class Looks(unittest.TestCase):
    def test_policies_and_kinds_differ(self):
        looks = [(s.colour, s.point) for s in plot_cache_hits.POLICIES.values()]
        self.assertEqual(len(looks), len(set(looks)))
        self.assertEqual(len({colour for _, colour in plot_cache_hits.KINDS.values()}),
                         len(plot_cache_hits.KINDS))

    def test_short_names_keep_their_library(self):
        for contestant, text in plot_cache.SHORT.items():
            self.assertEqual(text.split(":")[0], contestant.split(":")[0])
            self.assertTrue(re.fullmatch(r"[\w:.,+ ]+", text), text)
        self.assertEqual(len(set(plot_cache.SHORT.values())), len(plot_cache.SHORT))
        self.assertTrue(plot_cache_best.SINGLE in plot_styles.STYLES)


if __name__ == "__main__":
    unittest.main()
