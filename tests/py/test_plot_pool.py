"""The charts and tables of worker pools: what they compute, show, and leave out."""

import unittest

import fixture
from contendlib import (plot, plot_gnuplot, plot_pool, plot_source, plot_styles, reader, report,
                        report_families, report_sizing)
from test_plot import Scratch
from test_report import Reader

RATES = (1, 1000), (10, 9000), (16, 15000), (20, 19000), (25, 19900), (64, 20000)
KNEE = (1, 1000), (2, 2000), (4, 4000), (8, 8000), (16, 15900), (20, 20000), (64, 20010)


def sizes(wait=90, rates=RATES, reps=6, **more):
    """Rows of sizing: each worker count at its rate, a tenth of a per mille apart from rep to rep."""
    return [fixture.cells("pool", rep=rep, p_workers=w, p_wait_pct=wait, ops=100, attempts=1,
                          window_ns=10 ** 9, ops_per_s=rate * (1 + rep / 10000),
                          ns_per_op=1e9 / rate, **({
                              "contestant": "channel", "workload": "sizing", "p_compute_us": 100,
                              "flags": "unpinned",
                              "predicted_workers": 200 / (100 - wait)} | more))
            for w, rate in rates for rep in range(reps)]


def job(workload, contestant, reps=6, **more):
    return [fixture.cells("pool", contestant=contestant, workload=workload, rep=rep,
                          **{"ops": 10, "window_ns": 1000, "attempts": 1, "ns_per_op": 100,
                             "ops_per_s": 1e7, "flags": "unpinned"} | more) for rep in range(reps)]


def empty_jobs(contestant, ns=100, workers=(1, 2, 4), **more):
    return [r for w in workers for r in job("overhead", contestant, p_workers=w, ns_per_op=ns,
                                            **{"p_queue": 100, "p_batch": 1, "p_submitters": 1}
                                            | more)]


class Case(Scratch):
    def chart(self, name, rows, version=2):
        """The chart drawn from these rows, which must be drawable, or the sentence."""
        fixture.write_run(self.dir / "run", {"pool": rows}, version=version)
        run = reader.read_run(self.dir / "run")
        made = plot.CHARTS[name][1](plot_source.Source(run, None, "compact"))
        if not isinstance(made, str):
            plot_gnuplot.draw(made, "svg", self.dir / "x.svg")
        return made

    def panel(self, chart, table, index=0):
        """Rows of a panel's part of a table."""
        parts, rows = [[]], chart.tables[table][1]
        for row in rows:
            if row == plot_gnuplot.BLOCK:
                parts.append([])
            elif isinstance(row, tuple):
                parts[-1].append(row)
        return parts[index]

    def texts(self, chart, index=0):
        return [r[2] for table in ("notes", "notes_right") for r in self.panel(chart, table, index)]


class Sizing(Case):
    def test_the_prediction_stands_at_its_place(self):
        chart = self.chart("pool-sizing", sizes())
        self.assertEqual({r[0] for r in self.panel(chart, "dashes")}, {20})
        self.assertIn("n ÷ (1 − 0.9) = 20", self.texts(chart))
        self.assertIn("optimum", self.texts(chart))
        self.assertEqual(chart.parameters["said_1_1"],
                         "optimum 25: 19,905 jobs/s; flat (shaded): 25 to 64")
        self.assertEqual(chart.parameters["said_2_1"], "predicted 20: loses 5 %; 8n: 25 %")

    def test_losses_at_multiples_of_the_cpus(self):
        """n is 2: at 4, 16 and 128 workers, 1 - 75 / 100, 1 - 90 / 100 and 1 - 40 / 100."""
        chart = self.chart("pool-sizing", sizes(wait=0, rates=(
            (1, 50), (2, 100), (4, 75), (16, 90), (128, 40))))
        self.assertEqual(chart.parameters["said_2_1"],
                         "predicted 2: loses 0 %; 2n, 8n, 64n: 25, 10, 60 %")
        self.assertIn("n = 2", self.texts(chart))

    def test_without_a_prediction_in_the_rows_the_machine_is_asked(self):
        chart = self.chart("pool-sizing", sizes(predicted_workers=None))     # it has 2 CPUs
        self.assertEqual({r[0] for r in self.panel(chart, "dashes")}, {20})

    def test_a_prediction_beyond_what_was_measured_is_on_the_axis(self):
        chart = self.chart("pool-sizing", sizes(wait=99))
        self.assertEqual({r[0] for r in self.panel(chart, "dashes")}, {200})
        self.assertGreater(chart.parameters["x_high"], 200)
        self.assertIn("n ÷ (1 − 0.99) = 200", self.texts(chart))

    def test_the_shade_covers_the_flat_part(self):
        chart = self.chart("pool-sizing", sizes(rates=((1, 10), (20, 199.9), (32, 200), (64, 150))))
        (area,) = self.panel(chart, "areas")
        self.assertTrue(1 < area[2] < 20 and 32 < area[3] < 64, area)
        chart = self.chart("pool-sizing", sizes(rates=((1, 50), (4, 100), (8, 100), (16, 90),
                                                       (64, 100))))
        self.assertEqual(len(self.panel(chart, "areas")), 2)
        self.assertIn("flat (shaded): 4 to 8, 64", chart.parameters["said_1_1"])

    def test_the_law_is_drawn_and_judged(self):
        fits = self.chart("pool-sizing", sizes(wait=0, rates=[
            (w, 1000 * w / (1 + 0.1 * (w - 1) + 0.001 * w * (w - 1))) for w in (1, 2, 4, 8, 16, 64)]))
        self.assertIn("σ 0.1, κ 0.001, residual 0 %", self.texts(fits))
        line = self.panel(fits, "rules")
        self.assertEqual((line[0][0], round(line[0][1])), (1, 1000))
        self.assertAlmostEqual(line[-1][0], 64, places=6)
        knee = self.chart("pool-sizing", sizes(rates=KNEE))
        self.assertTrue(any(t.startswith("rejected: ") for t in self.texts(knee)))
        few = self.chart("pool-sizing", sizes(rates=KNEE[:4]))
        self.assertEqual(self.panel(few, "rules"), [])

    def test_the_laws_note_is_clear_of_the_curve(self):
        """In a corner through which the curve does not go: rising, falling, early and late knee."""
        falling = ((1, 20000), (2, 19000), (8, 12000), (16, 7000), (64, 900))
        for rates in (RATES, KNEE, falling, ((1, 9), (2, 19), (4, 20), (16, 20), (64, 20))):
            chart = self.chart("pool-sizing", sizes(rates=rates))
            notes = [(r[0], r[1]) for t in ("notes", "notes_right")
                     for r in self.panel(chart, t) if r[2].startswith("thin:")]
            self.assertEqual(len(notes), 1)
            (x, y), = notes
            near = min(rates, key=lambda p: abs(p[0] - x))
            self.assertGreater(abs(near[1] - y), 0.04 * chart.parameters["y_high"], rates)

    def test_a_panel_for_each_wait_share_on_one_scale(self):
        chart = self.chart("pool-sizing", [r for w in (0, 50, 90, 99) for r in sizes(wait=w)])
        self.assertEqual(chart.parameters["panel"], ["pure compute", "50 % waiting",
                                                     "90 % waiting", "99 % waiting"])
        self.assertEqual(chart.parameters["y_low"], 0)
        self.assertNotIn("y_high_2", chart.parameters)

    def test_others_beside_the_pool_have_names(self):
        rows = sizes() + sizes(contestant="guide", rates=[(w, r / 2) for w, r in RATES])
        chart = self.chart("pool-sizing", rows)
        self.assertEqual({r[2] for r in self.panel(chart, "names")}, {"pool (guide)", "channel"})
        self.assertIn("optimum and law of channel", chart.subtitle)
        self.assertIn("optimum 25: 19,905", chart.parameters["said_1_1"])
        alone = self.chart("pool-sizing", sizes(contestant="guide"))
        self.assertEqual(self.panel(alone, "names"), [])
        self.assertIn("pool (guide)", alone.subtitle)

    def test_few_repetitions_shade_nothing_and_say_how_many_it_takes(self):
        chart = self.chart("pool-sizing", sizes(reps=5))
        self.assertEqual(self.panel(chart, "areas"), [])
        self.assertIn("an interval takes 6", chart.subtitle)
        self.assertIn("cannot tell, 5 repetitions, it takes 6", chart.parameters["said_1_1"])
        self.assertNotIn("optimum", self.texts(chart))

    def test_tasks_have_a_chart_of_their_own(self):
        rows = sizes() + sizes(exec="task", flags="")
        self.assertIn("threads", self.chart("pool-sizing", rows).title)
        self.assertIn("tasks", self.chart("pool-sizing-tasks", rows).title)
        self.assertIn("no rows of workload sizing with tasks",
                      self.chart("pool-sizing-tasks", sizes()))

    def test_other_jobs_are_not_mixed_in(self):
        rows = sizes() + sizes(p_compute_us=1) + sizes(p_limit=4) + sizes(workload="sizing_socket")
        chart = self.chart("pool-sizing", rows)
        self.assertEqual(len(self.panel(chart, "points")), len(RATES))

    def test_a_run_of_version_1(self):
        chart = self.chart("pool-sizing", sizes(contestant="guide"), version=1)
        self.assertIn("optimum 25", chart.parameters["said_1_1"])
        overhead = self.chart("pool-overhead", empty_jobs("guide"), version=1)
        self.assertEqual(overhead.parameters["panel"], "threads, 1 submitter".split("|"))

    def test_odd_runs(self):
        for rows in (sizes(rates=((1, 5),)), sizes(rates=((3, 5), (5, 1e9))), sizes(reps=1)):
            self.assertNotIsInstance(self.chart("pool-sizing", rows), str)

    def test_mixes(self):
        rows = [r for us in (1, 100) for wait in (0, 90) for way in ("thread", "task")
                for r in sizes(wait=wait, p_compute_us=us, exec=way, rates=[
                    (w, x * 100 / us) for w, x in KNEE])]
        chart = self.chart("pool-mixes", rows)
        self.assertEqual(chart.parameters["panel"], ["1 µs, pure compute", "1 µs, 90 % waiting",
                                                     "100 µs, pure compute", "100 µs, 90 % waiting"])
        self.assertEqual([chart.parameters[f"said_{i}_4"] for i in (1, 2)],
                         ["threads: 20 to 64", "tasks: 20 to 64"])
        self.assertEqual({r[0] for r in self.panel(chart, "dashes", 1)}, {20})
        self.assertIn("1\u00a0M", chart.parameters["y_text"])
        self.assertIn("more than one length", self.chart("pool-mixes", sizes()))

    def test_waits(self):
        rows = sizes(rates=KNEE) + sizes(rates=[(w, min(x, 4444)) for w, x in KNEE], p_limit=4)
        rows += sizes(rates=KNEE, workload="sizing_socket") + sizes(wait=50)
        chart = self.chart("pool-waits", rows)
        self.assertEqual(chart.parameters["panel"], ["threads, a timer", "threads, a socket echo"])
        self.assertEqual(chart.parameters["said_1_1"],
                         "optimum: 8 with 4 connections, 20 with no limit")
        self.assertEqual(sorted({round(r[0], 2) for r in self.panel(chart, "dashes")}), [4.44, 20])
        self.assertIn("90 % waiting", chart.title)
        self.assertIn("no rows", self.chart("pool-waits", sizes()))

    def test_price(self):
        """p99 and switches: (30 + 10) / 100 jobs, and none shown at the axis' foot."""
        timed = {f"latency_{q}_ns": 250_000 for q in ("p50", "p99", "p999", "max")}
        rows = sizes(wait=0, rates=KNEE, voluntary_switches=30, involuntary_switches=10, **timed)
        rows += sizes(rates=KNEE, exec="task", voluntary_switches=0, involuntary_switches=0, **timed)
        chart = self.chart("pool-sizing-price", rows)
        self.assertEqual(chart.parameters["panel"], [
            "threads: 99th percentile of a job, start to end",
            "threads: context switches per job (≥ 0.01)",
            "tasks: 99th percentile of a job, start to end",
            "tasks: context switches per job (≥ 0.01)"])
        for panel, value in enumerate((250_000, 0.4, 250_000, 0.01)):
            self.assertEqual({r[1] for r in self.panel(chart, "points", panel)}, {value})
        self.assertIn("no rows", self.chart("pool-sizing-price", sizes()))

    def test_quota(self):
        rows = sizes(wait=90, workload="quota", quota_cpus=1, rates=(
            (1, 1000), (4, 4000), (10, 10000), (20, 9000), (40, 8000)))
        chart = self.chart("pool-quota", rows)
        self.assertEqual({r[0] for r in self.panel(chart, "dashes")}, {10, 20})
        self.assertEqual(chart.parameters["said_2_1"],
                         "by the quota 10: loses 0 %; by the cores 20: loses 10 %")
        self.assertIn("a quota of 1 CPU ·", chart.subtitle)
        self.assertEqual(self.chart("pool-quota", sizes()), "no rows of workload quota")


class Overhead(Case):
    def test_it_keeps_one_queue(self):
        """Where several queues were measured, the one with most rows, said in the subtitle."""
        rows = empty_jobs("guide") + empty_jobs("guide", 7, (2,), p_queue=0)
        chart = self.chart("pool-overhead", rows)
        self.assertIn("queue of 100", chart.subtitle)
        self.assertEqual({r[1] for r in chart.tables["points"][1] if r}, {100})
        self.assertTrue(any("oversubscribed" in r[2] for r in chart.tables["notes"][1]
                            if isinstance(r, tuple)))

    def test_threads_and_tasks_side_by_side_with_peers(self):
        rows = (empty_jobs("stealing", 40) + empty_jobs("go:chan_pool", 57)
                + empty_jobs("stealing", 20, exec="task") + empty_jobs("unbounded", 9000)
                + empty_jobs("unbounded", 300, exec="task"))
        chart = self.chart("pool-overhead", rows)
        self.assertEqual(chart.parameters["panel"], ["threads, 1 submitter", "tasks, 1 submitter"])
        self.assertEqual({r[2] for r in self.panel(chart, "names")},
                         {"stealing", "go:chan_pool", "thread per job"})
        self.assertEqual({r[2] for r in self.panel(chart, "names", 1)}, {"stealing", "task per job"})
        self.assertIn("threads: stealing takes 40\u00a0ns; tasks: stealing takes 20\u00a0ns", chart.alt)

    def test_many_submitters_only_where_they_were_swept(self):
        rows = empty_jobs("channel") + empty_jobs("channel", 50, (2,), p_submitters=4)
        self.assertEqual(self.chart("pool-overhead", rows).parameters["panels"], 1)
        rows = empty_jobs("channel") + empty_jobs("channel", 50, p_submitters=4)
        self.assertEqual(self.chart("pool-overhead", rows).parameters["panel"],
                         ["threads, 1 submitter", "threads, 4 submitters"])

    def test_batches(self):
        rows = [r for batch, ns in ((1, 100), (16, 30), (256, 20))
                for r in empty_jobs("channel", ns, (2,), p_batch=batch)]
        chart = self.chart("pool-batch", rows + empty_jobs("guide") + empty_jobs("channel", 90, (4,)))
        self.assertEqual([r[:2] for r in self.panel(chart, "points")],
                         [(1, 100), (16, 30), (256, 20)])
        self.assertIn("2 workers, 1 submitter, queue of 100", chart.subtitle)
        self.assertIn("more than one p_batch", self.chart("pool-batch", empty_jobs("channel")))

    def test_names(self):
        self.assertEqual([plot_pool.name(*who) for who in (
            ("unbounded", "thread"), ("unbounded", "task"), ("ref",), ("channel",))],
            ["thread per job", "task per job", "mutex + condition", "channel"])


class Load(Case):
    def loaded(self, workload, shares, exec_name="thread", p99=1_000_000):
        metric = "blocked_submit_pct" if workload == "queue" else "refused_pct"
        return [r for queue, share in shares.items() for r in job(
            workload, "channel", exec=exec_name, p_workers=2, p_queue=queue, p_compute_us=100,
            latency_p50_ns=p99 / 2, latency_p99_ns=p99 * queue, latency_p999_ns=p99 * queue,
            latency_max_ns=p99 * queue, latency_samples=10, **{metric: share})]

    def both(self):
        return (self.loaded("queue", {1: 40, 16: 3, 256: 0})
                + self.loaded("queue", {1: 30, 16: 2, 256: 0}, "task")
                + self.loaded("overload_200", {1: 60, 16: 51, 256: 50}))

    def test_shares(self):
        chart = self.chart("pool-queue", self.both())
        self.assertEqual(chart.parameters["panel"], [
            "threads: 80 % load, submits that waited", "tasks: 80 % load, submits that waited",
            "threads: 200 % load, jobs refused", "tasks: 200 % load, jobs refused"])
        self.assertEqual([r[:2] for r in self.panel(chart, "points", 2)],
                         [(1, 60), (16, 51), (256, 50)])
        self.assertIn("100 µs, 2 workers", chart.subtitle)

    def test_latencies(self):
        chart = self.chart("pool-queue-latency", self.both())
        self.assertEqual([r[:2] for r in self.panel(chart, "points")],
                         [(1, 1e6), (16, 16e6), (256, 256e6)])

    def test_balance(self):
        rows = [r for who, ratios in (("channel", (1, 1.1, 2)), ("fixed", (1, 3, 4)))
                for load, ratio in zip(("equal", "pareto", "elephant"), ratios)
                for r in job(f"balance_{load}", who, p_workers=2, p_compute_us=100,
                             busiest_ratio=ratio)]
        rows += job("balance_pareto", "channel", exec="task", p_workers=2, p_compute_us=100,
                    busiest_ratio=1.2)
        chart = self.chart("pool-balance", rows)
        self.assertEqual(chart.parameters["panel"], ["equal jobs", "Pareto", "one elephant"])
        self.assertEqual([r[2] for r in self.panel(chart, "names")],
                         ["channel, threads", "fixed share, threads", "channel, tasks"])
        self.assertEqual([r[2] for r in self.panel(chart, "numbers", 2)],
                         ["2x", "4x", "no result"])
        self.assertTrue(all(t.endswith("x") for t in chart.parameters["x_text"]))
        self.assertIn("2 workers, jobs of 100 µs", chart.subtitle)

    def test_memory_says_the_difference(self):
        rows = [r for n, a, b in ((1000, 3, 15), (5000, 5, 66)) for c, mb in (
            ("guide", a), ("unbounded", b)) for r in job("memory", c, p_workers=20, p_queue=n,
                                                         p_jobs=n, peak_rss_mb=mb)]
        rows += job("memory", "unbounded", exec="task", p_workers=20, p_queue=1000, p_jobs=1000,
                    peak_rss_mb=11)
        chart = self.chart("pool-memory", rows)
        self.assertEqual({r[2] for r in self.panel(chart, "names")},
                         {"pool (guide) 5", "thread per job 66"})
        self.assertEqual([r[2] for r in self.panel(chart, "names", 1)], ["task per job 11"])
        self.assertEqual(chart.parameters["panels"], 4)
        self.assertIn("5,000 threads: pool (guide) 5 MiB, thread per job 66 MiB", chart.alt)

    def test_without_rows(self):
        rows = job("other", "guide", p_workers=1)
        for name, sentence in (("pool-overhead", "no rows of workload overhead"),
                               ("pool-memory", "no rows of workload memory with peak_rss_mb"),
                               ("pool-balance", "no rows of workloads balance_equal"),
                               ("pool-queue", "no rows of workloads queue"),
                               ("pool-queue-latency", "no rows of workloads queue"),
                               ("pool-sizing", "no rows of workload sizing with threads")):
            self.assertIn(sentence, self.chart(name, rows))


class Report(Case):
    def tables(self, rows):
        run = reader.read_run(self.run_of(pool=rows))
        return [(summary, Reader(str(content)).text)
                for summary, content in report_families.tabled("pool", run.rows("pool"))]

    def test_workers_down_and_wait_shares_across(self):
        rows = sizes(wait=0, rates=((1, 100), (2, 200))) + sizes(wait=90, rates=((2, 50),))
        ((summary, text),) = self.tables(rows)
        self.assertEqual(summary, "sizing, channel: jobs per second")
        self.assertIn("workers pure compute 90 % waiting 1 worker 100 100 – 100 – 2 workers 200 "
                      "200 – 200 50.0 ", text)

    def test_what_is_not_the_usual_job_has_a_table_of_its_own(self):
        rows = sizes() + sizes(p_compute_us=1) + sizes(p_limit=4)
        self.assertEqual([s for s, _ in self.tables(rows)], [
            "sizing, channel: jobs per second", "sizing, channel, 4 connections: jobs per second",
            "sizing, channel, 1 µs of computing: jobs per second"])

    def test_how_jobs_are_handed_over(self):
        rows = (empty_jobs("channel") + empty_jobs("channel", p_submitters=4)
                + empty_jobs("channel", p_batch=16))
        self.assertEqual([s.split(": wall")[0] for s, _ in self.tables(rows)], [
            "overhead, queue of 100", "overhead, queue of 100, 16 jobs a call",
            "overhead, queue of 100, 4 submitters"])

    def test_each_workload_has_a_table(self):
        rows = job("balance_pareto", "fixed", p_workers=2, busiest_ratio=3.25)
        rows += job("overload_120", "channel", p_workers=2, p_queue=16, refused_pct=17.5)
        text = " ".join(t for _, t in self.tables(rows))
        self.assertIn("3.25", text)
        self.assertIn("room for 16", text)
        self.assertIn("17.5", text)

    def test_the_section_on_how_many(self):
        without = reader.read_run(self.run_of(counter=fixture.counter_rows(reps=1)))
        self.assertEqual(report_sizing.section(without), [])
        run = reader.read_run(self.run_of(pool=sizes(rates=KNEE) + sizes(wait=50, reps=3)))
        page = Reader("".join(map(str, report_sizing.section(run))))
        self.assertIn("channel, threads: for 100 us of computing, 90 % waiting: use 20 workers here",
                      page.text)
        self.assertIn("Cannot tell for 1 of 2 curves: 3 repetitions, it takes 6 to tell 6 sizes "
                      "apart.", page.text)
        self.assertIn("fit rejected", page.text)

    def test_it_is_on_the_page(self):
        run_dir = self.run_of(pool=sizes(rates=KNEE))
        page = Reader(report.write(run_dir).read_text(encoding="utf-8"))
        self.assertIn("sizing", page.ids)
        self.assertIn("#sizing", page.links)


class Looks(unittest.TestCase):
    def test_each_kind_is_known(self):
        for kind in ("channel", "stealing", "fixed", "dynamic", "priority", "unbounded",
                     "semaphore", "guide"):
            self.assertIn(kind, plot_styles.STYLES)


if __name__ == "__main__":
    unittest.main()
