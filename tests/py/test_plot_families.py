"""The charts of limiters and the tables of several families: what they compute, show, leave out."""

import csv
import json
import unittest

import fixture
from contendlib import (plot, plot_gnuplot, plot_layout, plot_limiter, plot_panels, plot_source,
                        plot_styles, reader, report_families)
from test_plot import SMALL, Scratch
from test_report import Reader


RATES = (1, 1000), (10, 9000), (16, 15000), (20, 19000), (25, 19900), (64, 20000)


def sizes(wait=90, rates=RATES, reps=6, **more):
    """Rows of sizing: each worker count at its rate, a per mille apart from rep to rep."""
    return [fixture.cells("pool", contestant="guide", workload="sizing", rep=rep, p_workers=w,
                          p_wait_pct=wait, flags="unpinned", ops=100, window_ns=10 ** 9, attempts=1,
                          ops_per_s=rate * (1 + rep / 1000), ns_per_op=1e9 / rate, **more)
            for w, rate in rates for rep in range(reps)]


def cached(contestant, rate, reps=6, **more):
    return [fixture.cells("cache", contestant=contestant, workload="get_set", rep=rep,
                          **{"threads": 2, "p_read_pct": 90, "p_skew": 0, "p_keys": 1000,
                             "ops": 10, "window_ns": 1000, "ops_per_s": rate, "attempts": 1,
                             "ns_per_op": 1e9 / rate, "hit_ratio": 0.9} | more)
            for rep in range(reps)]


def limited(contestant, workload, reps=6, **more):
    return [fixture.cells("limiter", contestant=contestant, workload=workload, rep=rep,
                          **{"ops": 10, "attempts": 1} | more) for rep in range(reps)]


class Case(Scratch):
    def chart(self, name, **tables):
        """The chart drawn from these rows, which must be drawable, or the sentence."""
        run = reader.read_run(self.run_of(**tables))
        build = plot.CHARTS[name][1]
        made = build(plot_source.Source(run, "thread", "compact"))
        if not isinstance(made, str):
            plot_gnuplot.draw(made, "svg", self.dir / "x.svg")
        return made


class Limiter(Case):
    def law(self, ratios, **more):
        return [r for c, pair in ratios.items() for adversary, ratio in enumerate(pair)
                for r in limited(c, "law", p_rate_per_s=100, p_burst=100, p_adversary=adversary,
                                 burst_ratio=ratio, **more)]

    def texts(self, chart):
        return [r[2] for r in chart.tables["notes"][1] if isinstance(r, tuple)]

    def test_burst_shows_the_numbers_and_the_limit(self):
        chart = self.chart("limiter-burst", limiter=self.law(
            {"guide_fixed_window": (1.33, 2), "guide_sliding_log": (1, 1)}))
        self.assertEqual([t for t in self.texts(chart) if t.endswith("x")],
                         ["1.000x", "1.330x", "1.000x", "2.000x"])
        self.assertEqual(self.texts(chart).count("the limit"), 2)
        self.assertEqual({r[0] for r in chart.tables["rules"][1] if isinstance(r, tuple)}, {1})
        self.assertIn("exact: the same in 6 repetitions", chart.subtitle)
        self.assertEqual([r[2] for r in chart.tables["row_names"][1] if isinstance(r, tuple)
                          and isinstance(r[2], str)], ["sliding log", "fixed window"])

    def test_bars_end_at_their_value(self):
        chart = self.chart("limiter-burst", limiter=self.law({"guide_leaky": (1, 1.5)}))
        bars = [r for r in chart.tables["areas"][1] if isinstance(r, tuple)]
        self.assertEqual([(b[2], b[3]) for b in bars], [(0, 1), (0, 1.5)])

    def test_burst_that_differs_is_not_called_exact(self):
        rows = self.law({"guide_leaky": (1, 1.5)})
        rows[0]["burst_ratio"] = "0.5"
        chart = self.chart("limiter-burst", limiter=rows)
        self.assertNotIn("exact", chart.subtitle)
        self.assertIn("median of 6 windows", chart.subtitle)

    def test_a_missing_side_says_so(self):
        rows = self.law({"guide_leaky": (1, 1), "guide_ticker": (1, 2)})
        rows = [r for r in rows if (r["contestant"], r["p_adversary"]) != ("guide_leaky", "1")]
        self.assertIn("not measured", self.texts(self.chart("limiter-burst", limiter=rows)))

    def asked(self, rate, threads, ns, contestant="guide_ticker"):
        return limited(contestant, "allow", p_rate_per_s=rate, p_burst=10, p_users=1,
                       threads=threads, ns_per_op=ns, ops_per_s=1e9 / ns, window_ns=1000)

    def test_cost_parts_admitted_from_refused(self):
        rows = [r for t in (1, 2, 4) for r in self.asked(10 ** 9, t, 30 * t)]
        rows += self.asked(1000, 1, 50) + self.asked(1000, 4, 90)
        chart = self.chart("limiter-cost", limiter=rows)
        self.assertEqual(len(chart.parameters["panel"]), 2)
        self.assertTrue(chart.parameters["panel"][0].startswith("never limited"))
        self.assertTrue(any("oversubscribed" in t for t in self.texts(chart)))
        alone = self.chart("limiter-cost", limiter=self.asked(1000, 1, 50))
        self.assertEqual(alone.parameters["panels"], 1)
        self.assertTrue(alone.parameters["panel"][0].startswith("exhausted"))

    def test_many_users_are_another_question(self):
        rows = self.asked(10 ** 9, 1, 30) + [r | {"p_users": "256", "ns_per_op": "77"}
                                             for r in self.asked(10 ** 9, 1, 30)]
        chart = self.chart("limiter-cost", limiter=rows)
        self.assertNotIn("77", str(chart.tables["points"]))

    def waits(self, rate, error, p50, p99):
        return limited("guide_leaky", "wait", p_rate_per_s=rate, p_burst=1, rate_error_pct=error,
                       gap_jitter_p50_ns=p50, gap_jitter_p99_ns=p99, window_ns=1000)

    def test_accuracy_has_error_and_both_jitters(self):
        rows = self.waits(100, 0.5, 900, 8000) + self.waits(100_000, -87.5, 70_000, 90_000)
        chart = self.chart("limiter-accuracy", limiter=rows)
        self.assertEqual(chart.parameters["panels"], 3)
        self.assertEqual(chart.parameters["x_text"], ["100", "100k"])
        scales = [chart.parameters.get(f"y_scale_{i}", chart.parameters["y_scale"])
                  for i in (1, 2, 3)]
        self.assertEqual(scales, ["linear", "log", "log"])
        ends = {r[1] for r in chart.tables["points"][1] if isinstance(r, tuple)}
        self.assertTrue({0.5, -87.5, 900, 70_000, 8000, 90_000} <= ends, ends)
        self.assertIn("as asked", [r[2] for r in chart.tables["notes_right"][1]
                                   if isinstance(r, tuple)])

    def test_no_jitter_at_all_is_drawn_at_the_edge(self):
        chart = self.chart("limiter-accuracy", limiter=self.waits(100, 0, 0, 0))
        self.assertNotIsInstance(chart, str)

    def test_thousands(self):
        self.assertEqual([plot_limiter.thousands(v) for v in (100, 1000, 10_000, 1500, 10 ** 6)],
                         ["100", "1k", "10k", "1,500", "1,000k"])

    def test_without_rows(self):
        rows = limited("guide_leaky", "other", p_rate_per_s=1, p_burst=1)
        for name in ("limiter-cost", "limiter-accuracy", "limiter-burst"):
            self.assertRegex(self.chart(name, limiter=rows), r"\Ano rows of workload \w+")


class Panels(unittest.TestCase):
    def test_linear_ticks(self):
        self.assertEqual(plot_layout.linear_ticks(0, 21_000), [0, 5000, 10_000, 15_000, 20_000])
        self.assertEqual(plot_layout.linear_ticks(-93, 11), [-80, -60, -40, -20, 0])
        self.assertEqual(plot_layout.linear_ticks(0, 0.34, 4), [0, 0.1, 0.2, 0.3])
        for high in (1e-9, 0.7, 3, 99, 1e12):
            for most in (2, 5, 9):
                ticks = plot_layout.linear_ticks(0, high, most)
                self.assertTrue(1 < len(ticks) <= most + 1, (high, ticks))

    def test_ticks_are_never_exponents(self):
        self.assertEqual([plot_panels.count_text(v) for v in (0, 0.5, 15_000.0, 1e7, 0.0001)],
                         ["0", "0.5", "15,000", "10,000,000", "0.0001"])

    def test_only_what_differs_is_said_for_a_panel_alone(self):
        place, x = (0, 100, 0, 100), {"x_low": 1, "x_high": 2, "x_scale": "log"}
        low, high = plot_panels.linear_axis(0, 1), plot_panels.linear_axis(0, 50)
        panels = [plot_panels.Panel(place, x, y) for y in (low, low, high)]
        made = plot_panels.chart("n", "t", "s", [], 100, 100, "a", "c", panels)
        self.assertEqual(made.parameters["y_high"], 1)
        self.assertEqual([n for n in made.parameters if n.startswith("y_high")],
                         ["y_high", "y_high_3"])


class Actors(Scratch):
    def test_they_stand_in_the_counter_charts(self):
        made = {c.name: c for c, _ in self.charts(SMALL)}
        wine = plot_styles.style("actor_guide").colour
        for name in ("counter-throughput", "read-share"):
            self.assertIn(wine, {r[2] for r in made[name].tables["lines"][1]
                                 if isinstance(r, tuple)}, name)
        names = [r[2] for r in made["cost-ladder"].tables["names"][1] if isinstance(r, tuple)]
        self.assertEqual(names[-1], "actor (reply)")
        self.assertIn("actor (async)", names)


class Tables(Scratch):
    def tables(self, family, rows):
        run = reader.read_run(self.run_of(**{family: rows}))
        return report_families.tabled(family, run.rows(family))

    def text(self, parts):
        return [(summary, Reader(str(content)).text) for summary, content in parts]

    def test_every_family_of_the_small_run(self):
        run = reader.read_run(SMALL)
        for name, must in (("pool", ("pure compute", "thread per job", "256 workers", "fixed share",
                                    "room for 16", "16 jobs a call")),
                           ("cache", ("16 shards", "map + rwmutex", "0.926", "Zipf 0.99 keys",
                                     "loads each time the hot key expires", "1,000 entries",
                                     "1,024 bytes a value", "5 µs held", "std_hash: std:map",
                                     "policy_sieve", "hashed by ct_hash: sharded, concurrent")),
                           ("limiter", ("2.000x", "1.990x", "never limited", "p99 ",
                                        "100,000 a second"))):
            page = Reader("".join(map(str, report_families.family(name, run.rows(name)))))
            for word in must:
                self.assertIn(word, page.text, name)

    def test_workers_down_and_wait_shares_across(self):
        rows = sizes(wait=0, rates=((1, 100), (2, 200))) + sizes(wait=90, rates=((2, 50),))
        ((summary, text),) = self.text(self.tables("pool", rows))
        self.assertEqual(summary, "sizing, pool (guide): jobs per second")
        self.assertIn("workers pure compute 90 % waiting 1 worker 100 100 – 100 – 2 workers 200 ",
                      text.replace(".0", "").replace(".3", "").replace(".5", ""))

    def test_another_way_of_running_has_its_own_table(self):
        rows = sizes() + [r | {"placement": "scatter"} for r in sizes()]
        summaries = [s for s, _ in self.tables("pool", rows)]
        self.assertEqual(len(summaries), 2)
        self.assertIn("placement scatter", summaries[1])

    def test_what_has_no_place_is_counted(self):
        rows = cached("guide_mutex", 1e6) + cached("guide_mutex", 2e6, p_capacity=500)
        self.assertIn("1 more point in the CSV", self.text(self.tables("cache", rows))[0][1])

    def test_failed_rows_are_named(self):
        rows = sizes(rates=((2, 100),))
        for row in rows[:2]:
            row.update({m: "" for m in ("ops", "window_ns", "ops_per_s", "ns_per_op", "attempts")},
                       verified="0", noise="", flags="failed;wrong")
        self.assertIn("2 failed", self.text(self.tables("pool", rows))[0][1])

    def test_a_family_without_tables_of_its_own_has_the_usual_ones(self):
        run = reader.read_run(SMALL)
        page = Reader("".join(map(str, report_families.family("counter", run.rows("counter")))))
        self.assertIn("actor (reply)", page.text)


class SmallRun(unittest.TestCase):
    def test_it_is_whole_and_small(self):
        run = reader.read_run(SMALL)
        self.assertEqual(run.incomplete, [])
        self.assertEqual(sorted(f for f in run.tables if f != "control"),
                         sorted(json.loads((SMALL / "run.json").read_text())["families"]))
        self.assertLess(sum(f.stat().st_size for f in SMALL.iterdir()),
                        len(run.tables) * (90 << 10))
        for file in SMALL.glob("*.csv"):
            with open(file) as lines:
                self.assertGreater(sum(1 for _ in csv.reader(lines)), 100, file.name)


if __name__ == "__main__":
    unittest.main()
