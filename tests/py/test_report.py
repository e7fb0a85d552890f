"""The report: what stands in it, and that nothing of a file becomes markup."""

import html.parser
import json
import os
import pathlib
import re
import types
import unittest
from unittest import mock

import fixture
from contendlib import plot, report, report_html, report_tables, reader
from contendlib.errors import InputError, OutputError
from test_plot import PAYLOADS, SMALL, CANARY, Scratch, increments, quietly

TAGS = {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "h3", "p", "dl", "dt",
        "dd", "nav", "a", "ol", "ul", "li", "figure", "figcaption", "div", "img", "table",
        "caption", "thead", "tbody", "tr", "th", "td", "small", "code", "details", "summary"}
VOID = {"meta", "img"}
ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "id", "href", "src",
              "alt", "width", "height", "tabindex", "scope"}


class Reader(html.parser.HTMLParser):
    """Collects text, links and images; refuses tags left open and attributes nobody wrote."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.texts, self.links, self.images, self.ids = [], [], [], [], []
        self.tags, self.attributes = set(), set()
        self.feed(text)
        self.close()
        if self.open:
            raise AssertionError(f"left open: {self.open}")

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.add(tag)
        self.attributes |= set(given)
        if "id" in given:
            self.ids.append(given["id"])
        if tag == "a":
            self.links.append(given["href"])
        if tag == "img":
            self.images.append(given)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if not self.open or self.open.pop() != tag:
            raise AssertionError(f"</{tag}> closes nothing")

    def handle_data(self, data):
        if "style" not in self.open:
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


class Reports(Scratch):
    def copy(self, charts=True):
        run_dir = self.dir / "run"
        run_dir.mkdir()
        for file in SMALL.iterdir():
            (run_dir / file.name).write_bytes(file.read_bytes())
        if charts:
            plot.render(run_dir, ("svg",))
        return run_dir

    def read(self, run_dir):
        path = report.write(run_dir)
        self.assertEqual(path, pathlib.Path(run_dir) / "report.html")
        return Reader(path.read_text(encoding="utf-8"))

    def test_what_it_holds(self):
        page = self.read(self.copy())
        for must in ("AMD EPYC 9R14 Processor", "Trust: low (hypervisor; cpu frequency unknown)",
                     "How the numbers were made", "Medians", "mutex (pthread)", "pthread_rwlock",
                     "gcc 12.2.0", "glibc 2.36", "6.1.0-37-cloud-amd64", "2 windows failed",
                     "mcs, inc, 8 threads", "stuck", "A/A pairs", "counter.csv", "n 4, 2 failed",
                     "Measured frequency", "L3 unified 32 MiB per 4 CPUs"):
            self.assertIn(must, page.text)
        self.assertEqual(len(page.images), len(plot.CHARTS))
        for image in page.images:
            self.assertTrue(image["src"].startswith("data:image/svg+xml;base64,"))
            self.assertGreater(len(image["alt"]), 40)
        self.assertEqual(len(page.ids), len(set(page.ids)))
        for link in page.links:
            if link.startswith("#"):
                self.assertIn(link[1:], page.ids)
            else:
                self.assertRegex(link, r"\A(\./|charts/)[A-Za-z0-9_./-]+\Z")

    def test_it_is_whole_by_itself(self):
        text = report.write(self.copy()).read_text()
        self.assertIn(f'content="{report_html.POLICY.replace(chr(39), "&#39;")}"', text)
        page = Reader(text)
        self.assertEqual(page.tags - TAGS, set())
        self.assertEqual(page.attributes - ATTRIBUTES, set())
        self.assertNotRegex(re.sub(r'src="data:[^"]*"', "", text),
                            r"https?:|//|url\(|@import|<script")

    def test_median_and_interval_of_a_known_point(self):
        run_dir = self.run_of(counter=increments(threads=(1,), contestants=("ref",), reps=7))
        page = self.read(run_dir)       # 5 6 7 8 9 10 11: the median 8, its interval the extremes
        self.assertIn("8.00 5.00 – 11.0", page.text)
        self.assertIn("median of 7 windows", page.text)

    def test_noisy_and_failed_are_named(self):
        rows = increments(threads=(1,), contestants=("ref",))
        rows[2].update(noise="noisy", flags="steal", attempts="4")
        page = self.read(self.run_of(counter=rows))
        self.assertIn("1 window noisy to the last attempt", page.text)
        self.assertIn("steal 1", page.text)
        self.assertIn("ref, inc, 1 thread counter 2 4 steal", page.text)

    def test_a_quiet_run_says_so(self):
        page = self.read(self.run_of(counter=increments()))
        self.assertIn("No window failed, none was noisy.", page.text)
        self.assertNotIn("control", page.ids)

    def test_long_lists_say_what_they_leave_out(self):
        rows = increments(reps=60)
        for row in rows:
            row.update(noise="noisy")
        with mock.patch.object(report_tables, "MAX_WINDOWS", 50):
            page = self.read(self.run_of(counter=rows))
        self.assertIn("... and 310 more, in the CSV.", page.text)

    def test_many_core_pairs_are_left_to_the_chart(self):
        page = self.read(self.run_of(machine=fixture.machine_rows(reps=1, cpus=range(9))))
        self.assertIn("36 core-to-core pairs are in the chart and in machine.csv", page.text)

    def test_without_charts(self):
        page = self.read(self.copy(charts=False))
        self.assertEqual(page.images, [])
        self.assertIn("Not drawn: counter-throughput, counter-all", page.text)

    def test_incomplete_run_says_so_first(self):
        run_dir = self.copy()
        (run_dir / "counter.footer.json").unlink()
        page = self.read(run_dir)
        self.assertIn("Incomplete run: counter.csv: no counter.footer.json", page.text)

    def test_same_bytes_twice(self):
        run_dir = self.copy()
        self.assertEqual(report.write(run_dir).read_bytes(), report.write(run_dir).read_bytes())

    def test_command_line(self):
        run_dir = self.run_of(counter=increments())
        with mock.patch("builtins.print") as printed:
            self.assertEqual(report.main(types.SimpleNamespace(run=str(run_dir))), 0)
        printed.assert_called_once_with(run_dir / "report.html")

    def test_faults(self):
        with self.assertRaises(InputError):
            report.write(self.dir / "nowhere")
        run_dir = self.copy()
        os.unlink(run_dir / "charts" / "fairness.svg")
        os.mkfifo(run_dir / "charts" / "fairness.svg")
        with self.assertRaises(InputError):
            report.write(run_dir)
        os.unlink(run_dir / "charts" / "fairness.svg")
        (run_dir / "report.html").mkdir()
        with self.assertRaises(OutputError):
            report.write(run_dir)


class Injection(Scratch):
    """Every text field of environment.json, with every payload, into the page."""

    def fields(self, value, path=()):
        """Paths of all leaves, lists and dicts descended into."""
        if isinstance(value, dict):
            for key in value:
                yield from self.fields(value[key], path + (key,))
        elif isinstance(value, list):
            for at, item in enumerate(value):
                yield from self.fields(item, path + (at,))
        else:
            yield path

    def hostile(self, payload):
        environment = fixture.environment()
        for path in list(self.fields(environment)):
            if path[0] in ("schema_version", "run_id") or path[-1] == "usable_pus":
                continue
            place = environment
            for key in path[:-1]:
                place = place[key]
            place[path[-1]] = payload
        environment["libraries"][payload] = payload
        environment["kernel"][payload] = payload
        return environment

    def test_nothing_becomes_markup(self):
        run_dir = self.run_of(counter=increments(), machine=fixture.machine_rows(reps=1))
        plain = Reader(report.write(run_dir).read_text())
        for payload in (*PAYLOADS, "\"><img src=x onerror=alert(1)>", "javascript:alert(1)",
                        "</title></style><b>", "&#x3c;script&#x3e;", "'onload='x", "é"):
            text = payload.format(self.dir / CANARY)
            (run_dir / "environment.json").write_text(json.dumps(self.hostile(text)))
            page = Reader(report.write(run_dir).read_text(encoding="utf-8"))
            self.assertEqual(page.tags, plain.tags, payload)
            self.assertEqual(page.attributes, plain.attributes, payload)
            self.assertEqual(page.links, plain.links, payload)
        self.assert_no_canary()

    def test_it_is_shown_as_text(self):
        run_dir = self.run_of(counter=increments())
        environment = fixture.environment()
        environment["cpu"]["name"] = "<b>A & B's</b>"
        (run_dir / "environment.json").write_text(json.dumps(environment))
        text = report.write(run_dir).read_text()
        self.assertIn("<h1>&lt;b&gt;A &amp; B&#39;s&lt;/b&gt;</h1>", text)

    def test_hostile_file_names_are_not_listed_or_are_escaped(self):
        run_dir = self.run_of(counter=increments())
        (run_dir / "charts").mkdir()
        for name in ("<script>x", "a\"b.csv", "charts/<img src=x>.svg", "charts/a b#c?%41.svg"):
            (run_dir / name.replace("/", os.sep)).write_text("x")
        if (run_dir / "a\"b.csv").exists():
            (run_dir / "a\"b.csv").unlink()     # the reader refuses a stranger's CSV by itself
        page = Reader(report.write(run_dir).read_text())
        self.assertNotIn("<script>x", page.text)
        self.assertIn("./charts/a b%23c%3F%2541.svg", page.links)
        self.assertEqual(page.images, [])

    def test_wrong_types(self):
        run_dir = self.run_of(counter=increments())
        for wrong in ([], {}, 5, None, True, 1e300, "x" * 5000, [[]], {"name": []}):
            environment = {k: wrong for k in fixture.environment()}
            environment.update(schema_version=1, run_id=fixture.RUN_ID)
            (run_dir / "environment.json").write_text(json.dumps(environment))
            Reader(report.write(run_dir).read_text())

    def test_escape_is_complete(self):
        self.assertEqual(report_html.esc("&<>\"'"), "&amp;&lt;&gt;&quot;&#39;")
        self.assertEqual(report_html.esc("a\x00\x1b\u202e\ud800b"),
                         "a\\u{0}\\u{1b}\\u{202e}\\u{d800}b")
        self.assertEqual(report_html.tag("p", "<", class_='"'), '<p class="&quot;">&lt;</p>')
        self.assertEqual(report_html.tag("p", [report_html.tag("b", "x"), "<"]),
                         "<p><b>x</b>&lt;</p>")

    def test_every_text_goes_through_it(self):
        """No module of the report writes a tag by hand."""
        for module in (report, report_tables):
            source = pathlib.Path(module.__file__).read_text()
            self.assertNotRegex(source, r"""["'][^"'\n]*</?(p|td|tr|th|div|li|a|img|h\d|span)\b""")


class FromTheCommandLine(Scratch):
    def test_plot_then_report(self):
        run_dir = self.run_of(counter=increments())
        drawn, said = quietly(plot.render, run_dir)
        self.assertEqual(len(drawn), 2 * 3)
        self.assertEqual(len(said.splitlines()), len(plot.CHARTS) - 3)
        run = reader.read_run(run_dir)
        self.assertEqual(len(Reader(report.write(run_dir).read_text()).images), 3)
        self.assertEqual(run.run_id, fixture.RUN_ID)


if __name__ == "__main__":
    unittest.main()
