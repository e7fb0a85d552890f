"""The charts: goldens, layout, what is skipped, and that no text of a file is ever a command."""

import contextlib
import csv
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import types
import unittest
import unittest.mock
from xml.etree import ElementTree

import fixture
from contendlib import (plot, plot_areas, plot_gnuplot, plot_layout, plot_lines, plot_rows,
                        plot_source, plot_styles, reader)
from contendlib.errors import EnvironmentProblem, InputError, OutputError, UsageError

DATA = pathlib.Path(__file__).resolve().parent.parent / "data"
SMALL, GOLDEN = DATA / "small-run", DATA / "golden"
GNUPLOT = shutil.which("gnuplot")
SVG = "{http://www.w3.org/2000/svg}"

# A payload makes the file CANARY, by its absolute path or where gnuplot works, or closes a tag.
CANARY = "contend-canary"
PAYLOADS = (
    "`touch {0}`", "'; system('touch {0}'); '", '"; system("touch {0}"); "', "$(touch {0})",
    "|touch {0}", "<touch {0}", "@macro", "%s%n%d", "line\nsystem('touch {0}')", "\\n`touch {0}`",
    "<script>touch('{0}')</script>", "</text><script>alert(1)</script>", "&lt;b&gt; & < > \" '",
    "!touch {0}", "{{/:Bold x}}_{{y}}^z", "\x1b[31m; load '{0}'", "#\t`touch {0}`", "-e 'x'",
    "\u202etouch {0}", "]]><x/>",
)


def quietly(call, *args, **kwargs):
    """(result, what was said on stderr)."""
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        return call(*args, **kwargs), said.getvalue()


def texts(svg):
    return [t.text for t in ElementTree.parse(svg).iter(SVG + "text")]


class Scratch(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="contend-test-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def run_of(self, **tables):
        """A run folder of rows made by fixture.cells."""
        return pathlib.Path(fixture.write_run(str(self.dir / "run"), tables))

    def charts(self, run_dir):
        return plot.charts(reader.read_run(run_dir, lenient=True))

    def assert_no_canary(self):
        for folder in (self.dir, plot_gnuplot.SCRIPTS, pathlib.Path.cwd()):
            self.assertEqual([str(p) for p in folder.rglob("*" + CANARY + "*")], [])


def increments(threads=(1, 2, 4), reps=6, contestants=("atomic_add", "ref"), **more):
    return [fixture.cells("counter", contestant=c, threads=t, rep=rep, p_hold_ns=0, p_think_ns=0,
                          p_sample_every=0, flags="oversubscribed" if t > 2 else "",
                          **{"ops": 1000, "window_ns": 1000 * t * (rep + 5), "attempts": 1,
                             "ops_per_s": 1e9 / (t * (rep + 5)), "ns_per_op": t * (rep + 5)} | more)
            for c in contestants for t in threads for rep in range(reps)]


class Goldens(Scratch):
    """Made by tests/py/make_golden.py. A change here is a change of what users see: look at it."""

    def test_tables(self):
        made = {chart.name: golden_tables(chart) for chart, _ in self.charts(SMALL)}
        self.assertEqual(sorted(made), sorted(plot.CHARTS))
        for name, text in made.items():
            self.assertEqual(text, (GOLDEN / f"{name}.tables").read_text(), name)

    def test_svg_bytes(self):
        version = subprocess.run([GNUPLOT, "--version"], capture_output=True, text=True,
                                 check=True).stdout
        if not version.startswith("gnuplot 5.4"):
            print(f"\nSKIPPED: golden SVGs are gnuplot 5.4's, this is {version.strip()}",
                  file=sys.stderr)
            self.skipTest(f"golden SVGs are gnuplot 5.4's, this is {version.strip()}")
        drawn, said = quietly(plot.render, SMALL, ("svg",), None, self.dir)
        self.assertEqual(said, "")
        self.assertEqual([p.stem for p in drawn], list(plot.CHARTS))
        for path in drawn:
            self.assertEqual(path.read_bytes(), (GOLDEN / path.name).read_bytes(), path.name)

    def test_same_bytes_twice(self):
        for out in ("a", "b"):
            plot.render(SMALL, ("svg", "png"), None, self.dir / out)
        names = sorted(os.listdir(self.dir / "a"))
        self.assertEqual(len(names), 2 * len(plot.CHARTS))
        for name in names:
            self.assertEqual((self.dir / "a" / name).read_bytes(),
                             (self.dir / "b" / name).read_bytes(), name)

    def test_what_a_chart_must_carry(self):
        plot.render(SMALL, ("svg",), None, self.dir)
        for path in self.dir.iterdir():
            found = texts(path)
            whole = " ".join(found).replace("\u00a0", " ")
            # Its threads are more than there are CPUs; its tasks' carriers are bound.
            tasks = path.name == "pool-sizing-tasks.svg"
            pool = path.name.startswith("pool") and not tasks
            alone = tasks or path.name in ("limiter-accuracy.svg", "limiter-burst.svg", "task-memory.svg",
                                  "task-timers.svg", "cache-hit-ratio.svg", "cache-memory.svg")
            for must in ("AMD EPYC 9R14", "Linux 6.1.0", "gcc 12.2.0 -O2", "commit 4f2a9c1",
                         "repetitions", "noisy", "placement compact, " + "un" * pool + "pinned",
                         "" if pool or alone else "hop "):
                self.assertIn(must, whole, path.name)
            self.assertFalse([t for t in found if re.search(r"\de[+-]?\d", t)], path.name)
            sizes = [float(s) for s in re.findall(r'font-size="([0-9.]+)"', path.read_text())]
            self.assertGreaterEqual(min(sizes), 11, path.name)
            self.assertNotRegex(path.read_text(), r"<script|javascript|\b20\d\d-\d\d-\d\d")
        whole = " ".join(texts(self.dir / "counter-throughput.svg"))
        self.assertIn("2 failed", whole)
        self.assertIn("10,000", whole)
        self.assertIn("oversubscribed", whole)
        self.assertIn("good: fast and fair", texts(self.dir / "fairness.svg"))
        self.assertTrue(any("clock read" in t for t in texts(self.dir / "latency.svg")))

    def test_texts_stay_inside(self):
        """By the width of DejaVu Sans: nothing that is written runs off the picture."""
        plot.render(SMALL, ("svg",), None, self.dir)
        for path in self.dir.iterdir():
            root = ElementTree.parse(path).getroot()
            width, height = float(root.get("width")), float(root.get("height"))
            for group in root.iter(SVG + "g"):
                found = group.find(SVG + "text")
                if found is None or "rotate" in group.get("transform"):
                    continue
                x, y = map(float, re.findall(r"[-0-9.]+", group.get("transform"))[:2])
                wide = plot_layout.text_width(found.text, float(group.get("font-size")))
                left = x - {"start": 0, "middle": wide / 2, "end": wide}[group.get("text-anchor")]
                where = f"{path.name}: {found.text}"
                self.assertGreaterEqual(left, 0, where)
                self.assertLessEqual(left + wide, width, where)
                self.assertTrue(8 <= y <= height, where)


def golden_tables(chart):
    """Everything gnuplot is given, as one text."""
    parts = [f"== {chart.script}.gp: parameters ==\n{plot_gnuplot.parameter_text(chart)}"]
    parts += [f"== {name} ==\n{plot_gnuplot.table_text(columns, rows)}"
              for name, (columns, rows) in chart.tables.items()]
    return "\n".join(parts)


class Injection(Scratch):
    """Every text of a run that can reach a picture, with every payload."""

    FIELDS = (("cpu", "name"), ("kernel", "release"), ("compiler", "name"), ("compiler", "version"),
              ("compiler", "flags"), ("compiler", "march"), ("suite", "commit"),
              ("host", "hypervisor"), ("topology", "usable_cores"))

    def hostile_run(self, payload):
        run_dir = self.run_of(counter=increments(), machine=fixture.machine_rows(reps=1))
        environment = fixture.environment()
        for group, key in self.FIELDS:
            environment[group][key] = payload
        environment["trust_reasons"] = [payload]
        (run_dir / "environment.json").write_text(json.dumps(environment))
        return run_dir

    def test_environment_never_runs_and_never_tags(self):
        names = ("counter-throughput", "cost-ladder", "core-to-core")
        self.assertGreaterEqual(len(PAYLOADS), 12)
        for number, payload in enumerate(PAYLOADS):
            for path in (str(self.dir / CANARY), CANARY):
                run_dir = self.hostile_run(payload.format(path))
                for name in names:
                    out = self.dir / f"out{number}"
                    drawn, _ = quietly(plot.render, run_dir, ("svg",), name, out)
                    root = ElementTree.parse(drawn[0]).getroot()    # well-formed
                    tags = {e.tag.removeprefix(SVG) for e in root.iter()}
                    self.assertEqual(tags & {"script", "b", "x", "foreignObject", "a"}, set())
                self.assert_no_canary()

    def test_png_too(self):
        for payload in PAYLOADS[:6]:
            quietly(plot.render, self.hostile_run(payload.format(self.dir / CANARY)), ("png",),
                    "counter-throughput")
        self.assert_no_canary()

    def test_foreign_text_is_shown_as_it_is(self):
        run_dir = self.hostile_run("A_b^{c} `d` <e> & @f %s $(g)")
        drawn, _ = quietly(plot.render, run_dir, ("svg",), "counter-throughput")
        self.assertIn("A_b^{c} `d` <e> & @f %s $(g)", " ".join(texts(drawn[0])))

    def test_every_table_cell_and_parameter(self):
        """The sink itself: charts whose every text is the payload."""
        base = [c for c, _ in self.charts(SMALL)]
        for payload in PAYLOADS:
            text = payload.format(self.dir / CANARY)
            for chart in base:
                hostile = {n: text if isinstance(v, str) and n not in ("x_scale", "y_scale") else v
                           for n, v in chart.parameters.items()}
                tables = {n: (c, [r if r is None or isinstance(r, str) else
                                  tuple(text if isinstance(v, str) else v for v in r)
                                  for r in rows]) for n, (c, rows) in chart.tables.items()}
                made = plot_gnuplot.Chart(chart.name, chart.script, text, text, [text, text],
                                          chart.width, chart.height, "", "", hostile, tables)
                if chart.name in ("counter-throughput", "fairness", "machine-limits"):
                    plot_gnuplot.draw(made, "svg", self.dir / "x.svg")
                    self.assertNotIn("<script", (self.dir / "x.svg").read_text())
        self.assert_no_canary()

    def test_hostile_folders(self):
        for name in ("a'b", 'c"d', "`touch x`", "$(touch x)", "|e", "-rf", "<f", "g h;i", "%s"):
            out = self.dir / name
            drawn, _ = quietly(plot.render, SMALL, ("svg",), "lost-updates", out)
            self.assertEqual([p.name for p in drawn], ["lost-updates.svg"])
        self.assertFalse(list(self.dir.rglob("x")))

    def test_contestants_cannot_be_hostile(self):
        for payload in PAYLOADS:
            rows = increments(contestants=(payload.format("y").replace('"', "").replace("\n", ""),))
            with self.assertRaises(InputError):
                plot.render(self.run_of(counter=rows), ("svg",))

    def test_scripts_hold_no_commands(self):
        for script in plot_gnuplot.SCRIPTS.glob("*.gp"):
            code = "\n".join(line for line in script.read_text().splitlines()
                             if not line.lstrip().startswith("#"))
            for banned in ("system", "`", "!", "eval", "@", '"', "shell", "call ", "popen"):
                self.assertNotIn(banned, code.replace("!=", ""), script.name)

    def test_startup_files_and_environment_are_ignored(self):
        (self.dir / ".gnuplot").write_text(f"system('touch {self.dir / CANARY}')\n")
        environment = os.environ | {"HOME": str(self.dir), "GNUPLOT_LIB": str(self.dir),
                                    "LC_ALL": "de_DE.UTF-8"}
        code = ("import sys; from contendlib import plot; "
                "plot.render(sys.argv[1], ('svg',), 'fairness', sys.argv[2])")
        subprocess.run([sys.executable, "-B", "-c", code, str(SMALL), str(self.dir)],
                       env=environment, check=True)
        self.assertEqual((self.dir / "fairness.svg").read_bytes(),
                         (plot.render(SMALL, ("svg",), "fairness", self.dir / "b")[0]).read_bytes())
        self.assert_no_canary()


class Faults(Scratch):
    def test_no_gnuplot(self):
        with unittest.mock.patch.dict(os.environ, {"PATH": str(self.dir)}):
            with self.assertRaises(EnvironmentProblem) as caught:
                plot.render(SMALL, ("svg",), None, self.dir / "out")
        self.assertEqual(caught.exception.exit_code, 4)
        self.assertFalse((self.dir / "out").exists())

    def fake_gnuplot(self, script):
        fake = self.dir / "gnuplot"
        fake.write_text("#!/bin/sh\n" + script)
        fake.chmod(0o755)
        return unittest.mock.patch.dict(os.environ, {"PATH": f"{self.dir}:/usr/bin:/bin"})

    def test_gnuplot_that_fails_warns_or_leaves_nothing(self):
        for script in ("exit 1\n", "echo 'warning: skipping data file' >&2\n", "exit 0\n",
                       "printf '<svg' > \"$6\"\n", "kill -SEGV $$\n"):
            with self.fake_gnuplot(script), self.assertRaises(EnvironmentProblem, msg=script):
                plot.render(SMALL, ("svg",), "fairness", self.dir / "out")
            self.assertEqual(os.listdir(self.dir / "out"), [], script)

    def test_gnuplot_that_hangs_is_ended(self):
        with self.fake_gnuplot(f"echo $$ > {self.dir}/pid\nexec sleep 600\n"), \
                unittest.mock.patch.object(plot_gnuplot, "TIMEOUT_S", 0.5):
            with self.assertRaises(EnvironmentProblem):
                plot.render(SMALL, ("svg",), "fairness", self.dir / "out")
        pid = int((self.dir / "pid").read_text())
        self.assertFalse(os.path.exists(f"/proc/{pid}"))

    def test_folder_that_cannot_be(self):
        (self.dir / "file").write_text("")
        with self.assertRaises(OutputError):
            plot.render(SMALL, ("svg",), "fairness", self.dir / "file" / "out")

    def test_a_link_is_replaced_not_followed(self):
        (self.dir / "precious").write_text("kept")
        (self.dir / "fairness.svg").symlink_to(self.dir / "precious")
        plot.render(SMALL, ("svg",), "fairness", self.dir)
        self.assertEqual((self.dir / "precious").read_text(), "kept")
        self.assertFalse((self.dir / "fairness.svg").is_symlink())

    def test_command_line(self):
        for given in ({"only": "nonsense"}, {"format": "pdf"}, {"format": ""}):
            args = types.SimpleNamespace(**{"run": str(SMALL), "only": None, "format": "svg",
                                            "out": str(self.dir)} | given)
            with self.assertRaises(UsageError):
                plot.main(args)
        with self.assertRaises(InputError):
            plot.render(self.dir / "nowhere")

    def test_numbers_that_are_none(self):
        for bad in (float("nan"), float("inf")):
            with self.assertRaises(ValueError):
                plot_gnuplot.table_text(2, [(1, bad)])
        with self.assertRaises(ValueError):
            plot_gnuplot.table_text(3, [(1, 2)])


class Skips(Scratch):
    def sentences(self, run_dir):
        return [s for c, s in self.charts(run_dir) if c is None]

    def test_a_chart_without_rows_says_so(self):
        run_dir = self.run_of(counter=increments(threads=(1,)))
        drawn, said = quietly(plot.render, run_dir, ("svg",))
        self.assertEqual({p.stem for p in drawn}, {"counter-throughput", "counter-all",
                                                   "cost-ladder"})
        self.assertIn("chart fairness: no rows with threads > 1\n", said)
        self.assertIn("chart machine-limits: no family machine in this run\n", said)
        self.assertEqual(len(said.splitlines()), len(plot.CHARTS) - 3)

    def test_failed_rows_are_counted_never_drawn(self):
        failed = [r | {"contestant": "mcs", "verified": "0", "noise": "", "flags": "failed",
                       "ops": "", "window_ns": "", "ops_per_s": "", "ns_per_op": "", "attempts": ""}
                  for r in increments(contestants=("ref",))]
        chart = self.charts(self.run_of(counter=increments() + failed))[0][0]
        self.assertIn("18 failed", " ".join(chart.foot))
        self.assertNotIn("MCS spin", str(chart.tables))

    def test_only_failed_rows(self):
        failed = [r | {"verified": "0", "noise": "", "flags": "failed", "ops": "", "window_ns": "",
                       "ops_per_s": "", "ns_per_op": "", "attempts": ""} for r in increments()]
        self.assertEqual(len(self.sentences(self.run_of(counter=failed))), len(plot.CHARTS))

    def test_noisy_points_are_hollow(self):
        rows = increments(contestants=("ref",))
        for row in rows[:3]:                                        # 3 of 6 windows at T = 1
            row["noise"] = "noisy"
        chart = self.charts(self.run_of(counter=rows))[0][0]
        style = plot_styles.style("ref")
        points = chart.tables["points"][1]
        self.assertEqual([p[3] for p in points if p[0] == 1], [style.point, style.hollow])
        self.assertEqual([p[3] for p in points if p[0] == 2], [style.point])
        self.assertIn("hollow = noisy", chart.subtitle)

    def test_the_longest_subtitles_fit(self):
        """Every chart with noisy and failed windows, at 4 to 6 repetitions."""
        rows = {family: [] for family, _ in plot.CHARTS.values()}
        for family, kept in rows.items():
            with open(SMALL / f"{family}.csv") as file:
                kept += [r | {"noise": r["noise"] and "noisy"} for r in csv.DictReader(file)]
        made = self.charts(self.run_of(**rows))
        self.assertEqual([s for _, s in made if s], [])
        for chart, _ in made:
            wide = plot_layout.text_width(chart.subtitle, plot_source.SUBTITLE_SIZE)
            self.assertLessEqual(wide, chart.width - 2 * plot_source.MARGIN, chart.subtitle)
            if chart.name != "cache-hit-ratio":     # which keys hit does not depend on noise
                self.assertIn("noisy", chart.subtitle)

    def test_no_band_below_six_windows(self):
        chart = self.charts(self.run_of(counter=increments(reps=5)))[0][0]
        self.assertEqual(chart.tables["bands"][1], [])
        self.assertIn("an interval takes 6", chart.subtitle)

    def test_latency_windows_are_not_throughput(self):
        timed = [r | {"p_sample_every": "64", "ops_per_s": "", "ns_per_op": ""}
                 | {f"latency_{q}_ns": "50" for q in plot_rows.QUANTILES} for r in increments(threads=(1, 2))]
        drawn, _ = quietly(plot.render, self.run_of(counter=timed), ("svg",))
        self.assertEqual([p.stem for p in drawn], ["latency"])

    def test_other_ways_of_running_have_their_own_charts(self):
        rows = increments() + [r | {"placement": "scatter"} for r in increments()]
        made = [c for c, _ in self.charts(self.run_of(counter=rows)) if c]
        self.assertEqual([c.name for c in made[:2]],
                         ["counter-throughput", "counter-throughput-thread-scatter"])
        self.assertIn("scatter", made[1].title)
        self.assertIn("placement scatter", " ".join(made[1].foot))

    def test_odd_runs_draw(self):
        """One thread count, one contestant, one value, strangers, no environment."""
        many = tuple(f"lib{i}:mutex" for i in range(30))
        for rows in (increments(threads=(1,), contestants=("ref",), reps=1),
                     increments(threads=(7,), contestants=("ref",), ops_per_s=1, ns_per_op=1),
                     increments(threads=(1, 2, 3, 4, 6, 8, 12, 16, 17, 32, 64, 65, 128, 1000)),
                     increments(contestants=many, fairness_min_max=0)):
            run_dir = self.run_of(counter=rows)
            (run_dir / "environment.json").write_text(json.dumps(
                {"schema_version": 1, "run_id": fixture.RUN_ID}))
            drawn, _ = quietly(plot.render, run_dir, ("svg",))
            self.assertGreaterEqual(len(drawn), 3)
            shutil.rmtree(run_dir)

    def test_incomplete_run_is_drawn_and_named(self):
        run_dir = self.run_of(counter=increments())
        (run_dir / "counter.footer.json").unlink()
        self.assertIn("incomplete run", " ".join(self.charts(run_dir)[0][0].foot))


class HeatMap(Scratch):
    def hops(self, cpus, noise=None):
        return [fixture.cells("machine", contestant="hop", workload="core_to_core", threads=2,
                              p_cpu_a=a, p_cpu_b=b, ns_per_op=40 + (a + b) % 50,
                              noise=noise or "ok")
                for a in cpus for b in cpus if a < b]

    def chart(self, cpus, **more):
        made = self.charts(self.run_of(machine=self.hops(cpus, **more)))
        return next(c for c, _ in made if c and c.name == "core-to-core")

    def test_two_cpus(self):
        chart = self.chart((3, 8))
        self.assertEqual([(c[0], c[1]) for c in chart.tables["cells"][1]], [(0, 1), (1, 0)])
        self.assertEqual(chart.parameters["x_text"], ["3", "8"])
        self.assertEqual({n[2] for n in chart.tables["numbers"][1]}, {"51"})

    def test_many_cpus_lose_their_numbers(self):
        chart = self.chart(range(70))
        self.assertEqual(chart.tables["numbers"][1], [])
        self.assertGreaterEqual(len(chart.tables["cells"][1]), 70 * 69)
        self.assertLess(len(chart.parameters["x_at"]), 40)
        plot_gnuplot.draw(chart, "svg", self.dir / "x.svg")

    def test_numbers_can_be_read_on_their_cells(self):
        chart = self.chart(range(8))
        ink = {(n[0], n[1]): n[3] for n in chart.tables["numbers"][1]}
        for x, y, *_, fill in chart.tables["cells"][1]:
            if (x, y) in ink:
                light, dark = sorted((plot_styles.luminance(fill),
                                      plot_styles.luminance(ink[x, y])), reverse=True)
                self.assertGreaterEqual((light + 0.05) / (dark + 0.05), 4.5)

    def test_noisy_numbers_stand_in_brackets(self):
        chart = self.chart((0, 1), noise="noisy")
        self.assertEqual({n[2] for n in chart.tables["numbers"][1]}, {"(41)"})


class Layout(unittest.TestCase):
    def test_spread_keeps_what_fits(self):
        self.assertEqual(plot_layout.spread([10, 50, 90], 16, 0, 100), [10, 50, 90])

    def test_spread_parts_what_overlaps(self):
        self.assertEqual(plot_layout.spread([50, 50, 50], 10, 0, 100), [40, 50, 60])
        self.assertEqual(plot_layout.spread([], 10, 0, 100), [])

    def test_spread_properties(self):
        import random
        rng = random.Random(1)
        for _ in range(300):
            wanted = [rng.choice((rng.uniform(-20, 420), 200)) for _ in range(rng.randrange(1, 25))]
            places = plot_layout.spread(wanted, 16, 0, 400)
            ordered = sorted(places)
            gap = min(16, 400 / max(1, len(wanted) - 1))
            self.assertTrue(all(b - a >= gap - 1e-6 for a, b in zip(ordered, ordered[1:])))
            self.assertGreaterEqual(ordered[0], -1e-6)
            self.assertLessEqual(ordered[-1], 400 + 1e-6)
            by_wish = sorted(range(len(wanted)), key=lambda i: (wanted[i], i))
            self.assertEqual([places[i] for i in by_wish], ordered)

    def test_labels_of_a_scatter_do_not_overlap(self):
        points = [(100, 100), (104, 102), (100, 108), (98, 95), (300, 100), (396, 100), (5, 200)]
        names = ["mutex (pthread)"] * len(points)
        boxes = []
        for x, y, side in plot_layout.place_labels(points, names, 11, (0, 0, 400, 300)):
            wide = plot_layout.text_width(names[0], 11)
            left = x if side == "left" else x - wide
            boxes.append((left, y - 6, left + wide, y + 6))
        for i, a in enumerate(boxes):
            self.assertTrue(a[0] >= 0 and a[2] <= 400 and a[1] >= 0 and a[3] <= 300, a)
            for b in boxes[i + 1:]:
                self.assertFalse(a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3])

    def test_numbers_and_durations(self):
        for value, text in ((0, "0"), (1234567, "1,234,567"), (0.00012, "0.00012"),
                            (12.345, "12.3"), (1e6, "1,000,000"), (5e-7, "0.0000005"),
                            (100, "100")):
            self.assertEqual(plot_layout.number(value), text)
        self.assertEqual(plot_layout.number(14, trim=False), "14.0")
        for ns, text in ((0.27, "0.27 ns"), (18412, "18.4 µs"), (999.7, "1 µs"), (2e6, "2 ms"),
                         (3.2e9, "3.2 s"), (0, "0 ns"), (118, "118 ns")):
            self.assertEqual(plot_layout.duration(ns).replace("\u00a0", " "), text)

    def test_log_ticks(self):
        self.assertEqual(plot_layout.log_ticks(0.5, 200), [1, 10, 100])
        self.assertEqual(plot_layout.log_ticks(3, 40), [5, 10, 20])
        for low in (1e-9, 0.3, 7, 99):
            for factor in (1.5, 8, 1e3, 1e12):
                for ticks in plot_layout.spaced_ticks(low, low * factor):
                    self.assertEqual(ticks, sorted(set(ticks)))

    def test_wrap_and_thin(self):
        lines = plot_layout.wrap(["aaaa"] * 20, 11, 200)
        self.assertGreater(len(lines), 1)
        self.assertTrue(all(plot_layout.text_width(line, 11) <= 200 for line in lines))
        self.assertEqual(" · ".join(lines).count("aaaa"), 20)
        self.assertEqual(plot_layout.thin([0, 5, 20, 24], 10, first=(3,)), [0, 3])

    def test_thread_axis_marks_every_count(self):
        threads = [1, 2, 3, 4, 8, 16, 32, 63, 64, 65, 128]
        axis, _ = plot_lines.thread_axis(threads, 64, 80, 500)
        self.assertEqual(sorted(axis["x_at"] + axis["x_mark"]), threads)
        self.assertIn(64, axis["x_at"])
        self.assertTrue(64 < axis["shade"] < 65)

    def test_plain_text(self):
        self.assertEqual(plot_gnuplot.plain('a"b\\c\td\ne\x1b\u202e'), "a b c d e")
        self.assertEqual(len(plot_gnuplot.plain("x" * 500)), 200)


class Styles(unittest.TestCase):
    def test_nobody_looks_like_another(self):
        looks = [(s.colour, s.point) for s in plot_styles.STYLES.values()]
        self.assertEqual(len(looks), len(set(looks)))

    def test_featured_differ_in_colour_and_are_few(self):
        for workload, names in plot_styles.FEATURED.items():
            self.assertEqual(len({plot_styles.style(n).colour for n in names}), len(names))
            self.assertEqual(plot_styles.coloured({*plot_styles.STYLES, *names}, workload),
                             list(names[:plot_styles.MAX_COLOURED]))
            if workload in ("inc", "mixed"):
                self.assertIn("actor_guide", names[:plot_styles.MAX_COLOURED])

    def test_strangers_have_a_style_of_their_name(self):
        self.assertEqual(plot_styles.style("absl:mutex"), plot_styles.style("absl:mutex"))
        known = {(s.colour, s.point) for s in plot_styles.STYLES.values()}
        self.assertNotIn(plot_styles.style("absl:mutex")[1:], known)

    def test_every_library_has_a_shape_left(self):
        for library in plot_styles.LIBRARIES:
            self.assertEqual(plot_styles.style(f"{library}:x").label, f"{library}:x")

    def test_names_are_legible(self):
        for style in plot_styles.STYLES.values():
            self.assertGreaterEqual(1.05 / (plot_styles.luminance(style.ink) + 0.05), 4.5)

    def test_loads(self):
        run = reader.read_run(SMALL)
        source = plot_source.Source(run, "thread", "compact")
        self.assertEqual(source.cpus, 4)
        self.assertEqual(source.loads([1, 2, 3, 4, 5, 8, 16]), [1, 4, 8])
        self.assertEqual(source.loads([2, 3, 5]), [3, 5])
        self.assertEqual(source.loads([]), [])

    def test_a_chart_that_fits_its_name(self):
        self.assertIs(plot.CHARTS["fairness"][1], plot_areas.fairness)


if __name__ == "__main__":
    unittest.main()
