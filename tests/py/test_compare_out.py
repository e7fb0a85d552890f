"""compare: differences of the environments, text, CSV, JSON and the chart, hostile texts in all."""

import argparse
import contextlib
import csv
import io
import os
import shutil
import unittest
import unittest.mock
from xml.etree import ElementTree

import fixture
from comparecase import BASE, ID_B, Case, samples, times, windows
from contendlib import (compare, compare_chart, compare_points, compare_text, condense,
                        plot_gnuplot, plot_layout, plot_styles, reader)
from contendlib.errors import EnvironmentProblem, OutputError

GNUPLOT = shutil.which("gnuplot")
CANARY = "contend-canary"
PAYLOADS = ("`touch {0}`", "'; system('touch {0}'); '", '"; system("touch {0}"); "', "$(touch {0})",
            "|touch {0}", "<touch {0}", "@macro %s%n%d", "line\nsystem('touch {0}')",
            "<script>touch('{0}')</script>", "</text><script>alert(1)</script>", "& < > \" '",
            "{{/:Bold x}}_{{y}}^z", "\x1b[31m; load '{0}'", "\u202etouch {0}", "=cmd()", "]]><x/>")


class Environment(Case):
    def differences(self, change):
        self.write("a", windows("ref", BASE))
        self.write("b", windows("ref", BASE), environment=change)
        return {d["field"]: (d["a"], d["b"]) for d in self.json()["environment_diff"]}

    def test_every_difference_is_named(self):
        def change(e):
            e["kernel"].update(release="6.12.1", mitigations={"spectre_v2": "Vulnerable"})
            e["libc"]["version"] = "2.41"
            e["compiler"].update(name="clang", flags="-O3", lto=True)
            e["cpu"].update(name="AMD EPYC 9R45", governor="performance")
            e["host"]["hypervisor"] = "none"
            e["suite"].update(commit="ffff", dirty=True)
            e["limits"].update(cpu_quota="0.5", cpuset="0")
            e["libraries"]["google_benchmark"] = "1.9.5"
            e["topology"]["caches"] = []
            del e["page_size"]
            e.update(new_field=1, time_utc="2026-12-01T00:00:00Z", load={"load1": 9})
            e["clock"]["cost_ns"] = 99
        found = self.differences(change)
        self.assertEqual(found.pop("topology.caches")[1], "[]")
        self.assertEqual(found, {
            "cpu.name": ("AMD EPYC 9R14", "AMD EPYC 9R45"),
            "cpu.governor": ("unknown", "performance"), "limits.cpu_quota": ("none", "0.5"),
            "limits.cpuset": ("0-1", "0"), "host.hypervisor": ("kvm", "none"),
            "kernel.mitigations.spectre_v2": ("Mitigation: Retpolines", "Vulnerable"),
            "kernel.release": ("6.1.0-18-amd64", "6.12.1"), "libc.version": ("2.36", "2.41"),
            "compiler.flags": ("-O2", "-O3"), "compiler.lto": (False, True),
            "compiler.name": ("gcc", "clang"), "libraries.google_benchmark": ("1.7.1", "1.9.5"),
            "suite.commit": ("1a2b3c4d5e", "ffff"), "suite.dirty": (False, True),
            "new_field": ("unknown", 1), "page_size": (4096, "unknown")})
        text = self.text()
        self.assertIn("the environments differ in 17 fields:\n", text)
        self.assertRegex(text, r"\n  kernel\.release +6\.1\.0-18-amd64 +6\.12\.1\n")
        self.assertRegex(text, r"\n  suite\.dirty +no +yes\n")
        self.assertIn("unknown on both sides: cpu.base_mhz, ", text)
        self.assertNotIn("cpu.governor,", text)

    def test_no_difference(self):
        self.assertEqual(self.differences(lambda e: None), {})
        self.assertIn("the environments do not differ in anything recorded\n", self.text())

    def test_measured_frequency(self):
        self.write("a", windows("ref", BASE, freq_mhz=2600))
        for mhz, different in ((2640, False), (2700, True), (None, True)):
            self.write("b", windows("ref", BASE, freq_mhz=mhz))
            fields = [d["field"] for d in self.json()["environment_diff"]]
            self.assertEqual("measured.freq_mhz" in fields, different)

    def test_a_median_that_overflows_is_unknown(self):
        self.write("a", windows("ref", BASE, hop_ns=1e308))
        self.write("b", windows("ref", BASE))
        answer = self.json()
        self.assertEqual(answer["environment_diff"], [
            {"field": "measured.hop_ns", "a": "unknown", "b": 50}])
        self.assertIsNone(answer["points"][0]["a"]["hop_ns"])

    def test_true_is_not_one(self):
        self.assertIn("cpu.family", self.differences(lambda e: e["cpu"].update(family=25.5)))
        self.assertEqual(self.differences(lambda e: e["cpu"].update(stepping=True)),
                         {"cpu.stepping": (1, True)})

    def test_hostile_texts(self):
        """In every output; what runs would leave the canary."""
        canary = self.dir / CANARY
        for payload in PAYLOADS:
            evil = payload.format(canary)

            def change(e):
                e["cpu"].update(name=evil, governor=evil)
                e["kernel"].update(release=evil, mitigations={evil: evil, "x": [{evil: evil}]})
                e["compiler"].update(flags=evil, name=evil, version=evil, march="-march=" + evil)
                e["suite"]["commit"] = evil
                e["host"]["hypervisor"] = evil
                e["limits"] = evil
                e[evil] = evil
            self.write("a", windows("ref", BASE))
            self.write("b", windows("ref", times(2)), environment=change)
            text = self.text()
            self.assertTrue(all(line.isprintable() and line.isascii()
                                for line in text.splitlines()), payload)
            answer = self.json()
            self.assertIn({"field": "cpu.governor", "a": "unknown", "b": evil},
                          answer["environment_diff"])
            target = self.dir / "evil.csv"
            self.text("--csv", target, "--force")
            self.assertNotIn(evil, target.read_text())
            self.assertFalse(canary.exists())
        many = {f"m{i}": "x" * 300 for i in range(500)}
        self.differences(lambda e: e["kernel"].update(mitigations=many))
        text = self.text()
        self.assertLess(text.count("\n"), 200)
        self.assertIn("more (--json lists them)", text)

    @unittest.skipUnless(GNUPLOT, "gnuplot is not installed")
    def test_hostile_texts_in_the_chart(self):
        canary = self.dir / CANARY
        self.write("a", windows("ref", BASE))
        for at, payload in enumerate(PAYLOADS):
            evil = payload.format(canary)

            def change(e):
                e["cpu"]["name"] = e["kernel"]["release"] = e["compiler"]["name"] = evil
                e["suite"]["commit"] = e["host"]["hypervisor"] = evil
            self.write("b", windows("ref", times(2)), environment=change)
            target = self.dir / f"evil{at}.svg"
            self.run_it("--chart", target)
            tags = {tag.tag.rpartition("}")[2] for tag in ElementTree.parse(target).iter()}
            self.assertFalse(tags & {"script", "x", "b"}, payload)
            self.assertNotIn(b"\x1b", target.read_bytes())
            self.assertFalse(canary.exists() or (plot_gnuplot.SCRIPTS / CANARY).exists(), payload)

    def test_nested_deeply(self):
        deep = {}
        for _ in range(300):
            deep = {"x": deep}
        self.differences(lambda e: e["kernel"].update(mitigations=deep))
        self.assertIn("kernel.mitigations.x", self.text())


class Outputs(Case):
    def test_json_shape(self):
        self.pair(BASE, times(1.2))
        answer = self.json()
        self.assertEqual(set(answer), {
            "metric", "ratio_is", "runs", "same_cpu", "min_effect", "aa_spread", "verdicts",
            "points", "geomeans", "environment_diff", "environment_unknown", "missing", "not_used",
            "not_compared", "incomplete"})
        point, = answer["points"]
        self.assertEqual(list(point), [
            "family", "workload", "exec", "placement", "threads", "p_hold_ns", "p_think_ns",
            "contestant", "verdict", "why", "ratio", "low", "high", "u", "p", "p_holm", "a", "b"])
        self.assertEqual(set(point["a"]), {"median", "low", "high", "n", "noisy", "hop_ns"})
        self.assertEqual(answer["verdicts"], {"worse": 1})
        self.assertEqual(answer["runs"], {"a": fixture.RUN_ID, "b": ID_B})
        self.assertEqual(point["why"], "p 0.00016 after Holm, 20.0 % apart")
        self.assertEqual(answer["ratio_is"], "A's ns_per_op / B's; above 1 B is faster")
        self.assertFalse((self.dir / "b" / "charts").exists())      # --json draws only if asked

    def test_csv_golden(self):
        quarters = tuple(8 + i / 4 for i in range(8))
        self.write("a", windows("ref", quarters), windows("mcs", quarters[:3]))
        self.write("b", windows("ref", times(1.25, quarters)), windows("mcs", (4, 4.125, 4.25)))
        target = self.dir / "points.csv"
        text = self.text("--csv", target)
        self.assertTrue(text.endswith(f"{target}\n"))
        self.assertEqual(target.read_text(), (
            "family,contestant,workload,exec,placement,threads,p_read_pct,p_hold_ns,p_think_ns,"
            "p_sample_every,metric,verdict,why,ratio,low,high,u,p,p_holm,a_run_id,a_n,a_median,"
            "a_low,a_high,a_noisy,a_hop_ns,b_run_id,b_n,b_median,b_low,b_high,b_noisy,b_hop_ns\n"
            "counter,ref,inc,thread,compact,2,,0,0,,ns_per_op,worse,"
            "\"p 0.00016 after Holm, 25.0 % apart\",0.8,0.7253333333333334,0.8823529411764706,0,"
            "0.0001554001554001554,0.0001554001554001554,20261121T092419Z-1a2b3c4-beef,8,8.875,8,"
            "9.75,0,50,20261122T092419Z-2b3c4d5-cafe,8,11.09375,10,12.1875,0,50\n"
            "counter,mcs,inc,thread,compact,2,,0,0,,ns_per_op,cannot tell,"
            "\"3 repetitions, need >= 6\",2,,,9,,,20261121T092419Z-1a2b3c4-beef,3,8.25,,,0,50,"
            "20261122T092419Z-2b3c4d5-cafe,3,4.125,,,0,50\n"))
        rows = list(csv.DictReader(io.StringIO(target.read_text())))
        self.assertEqual([float(r["ratio"]) for r in rows],
                         [p["ratio"] for p in self.json()["points"]])

    def test_files_are_not_replaced_unasked(self):
        self.pair(BASE, BASE)
        for option in (("--csv", self.dir / "a" / "counter.csv"), ("--chart", self.dir / "x.svg")):
            (self.dir / "x.svg").write_text("mine")
            before = option[1].read_bytes()
            with self.assertRaisesRegex(OutputError, "is there already"):
                self.run_it(*option)
            self.assertEqual(option[1].read_bytes(), before)
        with self.assertRaises(OutputError):
            self.text("--csv", self.dir / "nowhere" / "x.csv")
        self.text("--csv", self.dir / "x.svg", "--force")
        self.assertTrue((self.dir / "x.svg").read_text().startswith("family,"))

    def test_text_fits_and_sorts(self):
        fixture.write_run(self.dir / "a")
        rows = fixture.counter_rows(seed=7)
        for row in rows:
            if row["contestant"] in ("mcs", "ticket") and row["ns_per_op"]:
                factor = 1.3 if row["contestant"] == "mcs" else 0.01
                row["ns_per_op"] = str(float(row["ns_per_op"]) * factor)
        long = "x" * 90
        self.write("b", counter=rows + [r | {"contestant": long} for r in windows("ref", BASE)],
                   machine=fixture.machine_rows(8, 9))
        text = self.text()
        for line in text.splitlines():
            self.assertTrue(len(line) <= compare_text.WIDTH and line.isprintable(), line)
        self.assertIn("A and B: medians of ns_per_op; ratio = A's ns_per_op / B's; above 1 B is "
                      "faster", text)
        order = [line.split()[-1] for line in text.splitlines()
                 if line.startswith(("mcs", "ticket", "ref "))]
        self.assertEqual(order[:3], ["worse"] * 3)
        self.assertEqual(order[-3:], ["better"] * 3)
        self.assertRegex(text, r"\d+ points: 3 worse, \d+ cannot tell, \d+ same, 3 better\n")

    def test_long_names_have_a_line_of_their_own(self):
        long = "x" * 90
        for name, factor in (("a", 1), ("b", 1.5)):
            self.write(name, windows(long, times(factor)))
        lines = self.text().splitlines()
        at = lines.index(f"{long}  inc")
        self.assertRegex(lines[at + 1], r"^ +10\.35 +15\.52  0\.667 .* 8  worse$")

    def test_same_answer_every_time(self):
        fixture.write_run(self.dir / "a", {"counter": fixture.counter_rows(seed=1)})
        fixture.write_run(self.dir / "b", {"counter": fixture.counter_rows(seed=2)}, ID_B)
        self.assertEqual((self.text(), self.json()), (self.text(), self.json()))


class Chart(Case):
    def chart(self, *more):
        parser = argparse.ArgumentParser()
        compare.add_arguments(parser)
        return compare_chart.chart(compare.find(parser.parse_args(
            [str(self.dir / "a"), str(self.dir / "b"), *more])))

    def whole(self, contestant="mutex_go", factor=1.2):
        rows = fixture.counter_rows(seed=2)
        for row in rows:
            if row["contestant"] == contestant and row["ns_per_op"]:
                row["ns_per_op"] = str(float(row["ns_per_op"]) * factor)
        self.write("a", counter=fixture.counter_rows(seed=1), machine=fixture.machine_rows(8, 3))
        self.write("b", counter=rows, machine=fixture.machine_rows(8, 4))

    def test_the_most_different_points_and_the_count_of_the_others(self):
        self.whole()
        chart = self.chart()
        self.assertEqual(len(chart.tables["points"][1]), compare_chart.MOST_POINTS)
        self.assertEqual([t[2] for t in chart.tables["heads"][1]], ["counter", "machine"])
        colours = [row[4] for row in chart.tables["points"][1]]
        self.assertEqual(colours.count(compare_chart.LOOKS["worse"][0]), 18)
        small = [row[2] for row in chart.tables["small"][1]]
        tails = [text for text in small if text.startswith("not drawn: ")]
        self.assertEqual([text.split()[2] for text in tails], ["71", "2"])
        self.assertEqual(chart.title, "B against A: 18 of 113 points worse, none better")
        self.assertEqual(sum(t.startswith(("worse (18)", "cannot tell (", "same ("))
                             for t in small), 3)

    def test_rows_of_every_family_even_beside_a_large_one(self):
        def entry(family, at, ratio, verdict="cannot tell"):
            key = condense.Key(family, f"c{at}", "inc", "thread", "compact", 2, ())
            point = samples(key, [1])
            return compare_points.Entry(point, point, ratio, None, None, 0, None, None, verdict)
        entries = [entry("counter", i, 1 + i / 100) for i in range(100)]
        entries += [entry("machine", i, 1.001) for i in range(5)]
        entries[3] = entry("counter", 3, 1.03, "better")
        kept = compare_chart.chosen(entries)
        self.assertEqual({f: (len(a), len(b)) for f, (a, b) in kept.items()},
                         {"counter": (35, 65), "machine": (5, 0)})
        drawn = {e.key.contestant for e in kept["counter"][0]}
        self.assertEqual(drawn, {"c3", *(f"c{i}" for i in range(66, 100))})

    def test_worse_stands_left_and_better_right(self):
        self.whole("ticket", 0.5)
        chart = self.chart("--contestants", "ticket|ref")
        scale = [chart.parameters[k] for k in ("x_low", "x_high")]
        self.assertAlmostEqual(scale[0] * scale[1], 1)
        for ratio, *_, colour in chart.tables["points"][1]:
            if colour == compare_chart.LOOKS["better"][0]:
                self.assertGreater(ratio, 1)
        self.assertEqual(chart.title, "B against A: 3 of 21 points better, none worse")
        low, high = chart.tables["band"][1][0][2:4]
        self.assertAlmostEqual(low * high, 1)
        self.assertAlmostEqual(high, 1.01)

    def test_bars_and_ticks_stay_on_the_axis(self):
        for factor in (1.0, 1.05, 3, 1e-3, 1e9):
            self.whole("ref", factor)
            chart = self.chart()
            low, high = chart.parameters["x_low"], chart.parameters["x_high"]
            rows = [r for r in chart.tables["bars"][1] + chart.tables["points"][1] if r]
            self.assertTrue(all(low <= r[0] <= high for r in rows))
            ticks = chart.parameters["x_at"]
            self.assertTrue(1 in ticks and len(ticks) >= 3, ticks)
            self.assertTrue(all(low <= t <= high for t in ticks))
            self.assertEqual(len(ticks), len(chart.parameters["x_text"]))

    def test_an_interval_out_of_all_proportion_is_cut_at_the_edge(self):
        wild = (1, 1, 1, 10, 10.1, 900, 1000, 1000)
        self.write("a", windows("ref", wild), windows("mcs", BASE))
        self.write("b", windows("ref", BASE), windows("mcs", BASE))
        point = next(p for p in self.json()["points"] if p["contestant"] == "ref")
        self.assertGreater(point["high"], 50)
        chart = self.chart()
        high = chart.parameters["x_high"]
        self.assertLess(high, 2)
        ends = [row[0] for row in chart.tables["bars"][1] if row]
        self.assertEqual((min(ends), max(ends)), (1 / high, high))

    def test_looks_differ_in_colour_and_in_shape(self):
        looks = compare_chart.LOOKS
        self.assertEqual(looks["worse"][0], plot_styles.VERMILION)
        self.assertEqual(looks["better"][0], plot_styles.BLUE)
        self.assertEqual(len({point for _, point in looks.values()}), len(looks))

    def test_side_by_side_without_a_band(self):
        self.write("a", windows("ref", BASE))
        self.write("b", windows("ref", times(1.5)),
                   environment=lambda e: e["cpu"].update(slug="other", name="Other CPU"))
        chart = self.chart()
        self.assertEqual(chart.tables["band"][1], [])
        self.assertEqual(chart.title, "A and B on two CPUs, side by side at 1 point")
        self.assertIn("Other CPU", " ".join(chart.foot))
        self.assertIn("not judged", " ".join(chart.foot))

    def test_foot_and_text_fit(self):
        def wide(e):
            e["cpu"]["name"] = e["kernel"]["release"] = "W" * 300
            e["compiler"]["flags"] = " ".join(f"-march={i:060}" for i in range(9))
        for name, factor, change in (("a", 1, wide), ("b", 2, wide)):
            self.write(name, windows("x" * 120, times(factor)), windows("ref", BASE),
                       environment=change)
        chart = self.chart()
        self.assertLessEqual(len(chart.foot), 4)
        for line in chart.foot:
            self.assertLessEqual(plot_layout.text_width(line, 11), chart.width - 48)
        left, right = chart.parameters["left"][0], chart.parameters["right"][0]
        self.assertTrue(0 < left and left + 300 < right < chart.width)

    @unittest.skipUnless(GNUPLOT, "gnuplot is not installed")
    def test_pictures(self):
        self.whole()
        for at in (1, 2):
            self.run_it("--chart", self.dir / f"{at}.svg", "--chart", self.dir / f"{at}.png")
        for ending in ("svg", "png"):
            first, second = ((self.dir / f"{at}.{ending}").read_bytes() for at in (1, 2))
            self.assertEqual(first, second)
        svg = (self.dir / "1.svg").read_text()
        for text in ("B against A: 18 of 113 points worse", "B slower", "B faster", "log2 axis",
                     "geometric mean", "not drawn: 71 points", "mutex (Go)", "mixed, 2 threads",
                     fixture.RUN_ID, ID_B, "Holm over 113 points"):
            self.assertIn(text, svg.replace("\u00a0", " "))

    @unittest.skipUnless(GNUPLOT, "gnuplot is not installed")
    def test_default_pictures(self):
        self.pair(BASE, times(1.1))
        name = f"compare-with-{fixture.RUN_ID}"
        for _ in range(2):              # drawn again without --force: the name is ours
            text = self.run_it()
            for ending in ("svg", "png"):
                path = self.dir / "b" / "charts" / f"{name}.{ending}"
                self.assertGreater(path.stat().st_size, 1000)
                self.assertIn(f"{path}\n", text)
        reader.read_run(self.dir / "b")     # pictures do not disturb the reader
        self.assertFalse((self.dir / "a" / "charts").exists())

    def test_without_gnuplot(self):
        self.pair(BASE, times(1.1))
        with unittest.mock.patch.dict(os.environ, {"PATH": str(self.dir)}):
            self.assertIn("chart skipped: gnuplot not found\n", self.run_it())
            with self.assertRaises(EnvironmentProblem):
                self.run_it("--chart", self.dir / "x.svg")

    def test_no_chart(self):
        self.pair(BASE, times(1.1))
        self.text()
        self.assertFalse((self.dir / "b" / "charts").exists())
        with self.assertRaises(SystemExit), contextlib.redirect_stderr(io.StringIO()):
            self.run_it("--no-chart", "--chart", "x.svg")


if __name__ == "__main__":
    unittest.main()
