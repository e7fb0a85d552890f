"""The judge of the suite itself: known trials in, known verdicts out."""

import argparse
import contextlib
import io
import json
import pathlib
import random
import tempfile
import unittest

import fixture
from contendlib import control
from contendlib.errors import ComparisonImpossible, InputError


class Control(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.dir = pathlib.Path(holder.name) / "run"

    def call(self, rows, *more):
        fixture.write_run(self.dir, {"control": rows})
        parser = argparse.ArgumentParser()
        control.add_arguments(parser)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = control.main(parser.parse_args([str(self.dir), *more]))
        return code, out.getvalue()

    def judge(self, **how):
        code, text = self.call(fixture.control_rows(**how), "--json")
        answer = json.loads(text)
        self.assertEqual(code, 0 if answer["ok"] else 1)
        return answer

    def test_good_suite(self):
        answer = self.judge()
        self.assertTrue(answer["ok"])
        alarms = answer["false_alarms"]
        self.assertEqual((alarms["pairs"], alarms["hits"], alarms["ok"], alarms["low"]),
                         (20, 0, True, 0))
        self.assertAlmostEqual(alarms["high"], 0.16843, places=5)
        self.assertEqual((answer["slow_downs"]["hits"], answer["slow_downs"]["pairs"]), (10, 10))
        linear = answer["linearity"]
        self.assertTrue(1.99 < linear["low"] < linear["ratio"] < linear["high"] < 2.01)
        self.assertEqual(answer["min_effect"], 0.01)
        self.assertEqual((answer["noisy"], answer["rows"]), (0, 33 * 16))

    def test_false_alarms_break_the_limit(self):
        """Sides that differ by 3 % where they should be equal."""
        rng = random.Random(1)
        rows = fixture.control_rows(aa=40, slow=0, twice=0)
        for row in rows:
            if row["contestant"] == "b" and int(row["p_pair"]) <= 12:
                row["ns_per_op"] = str(103 + rng.random())
        code, text = self.call(rows)
        self.assertEqual(code, 1)
        self.assertRegex(text, r"A/A pairs: FAIL: 12 of 40 pairs called different = 30\.0 % \(95 % "
                               r"interval 16\.6 % to 46\.5 %\), limit at most 5\.0 %")
        self.assertIn("slow-down of 10 %: not measured\n", text)
        self.assertIn("few A/A pairs", text)

    def test_one_false_alarm_in_twenty_proves_nothing(self):
        rows = fixture.control_rows(aa=20, slow=0, twice=0)
        for row in rows:
            if row["contestant"] == "b" and row["p_pair"] == "1":
                row["ns_per_op"] = str(105 + int(row["rep"]) / 100)
        code, text = self.call(rows, "--json")
        self.assertEqual((code, json.loads(text)["false_alarms"]["hits"]), (0, 1))

    def test_slow_downs_not_found(self):
        answer = self.judge(slow_factor=1.0)
        self.assertFalse(answer["slow_downs"]["ok"])
        self.assertFalse(answer["ok"])
        self.assertTrue(answer["false_alarms"]["ok"])

    def test_a_speed_up_is_no_slow_down_found(self):
        answer = self.judge(slow_factor=0.9)
        self.assertEqual((answer["slow_downs"]["hits"], answer["ok"]), (0, False))

    def test_a_wide_aa_spread_raises_the_minimum_effect(self):
        answer = self.judge(noise=0.25, slow=10)
        self.assertGreater(answer["min_effect"], 0.05)
        self.assertFalse(answer["slow_downs"]["ok"])

    def test_not_linear(self):
        for factor, ok in ((1.85, False), (1.95, True), (2.05, True), (2.2, False)):
            self.assertEqual(self.judge(twice_factor=factor)["linearity"]["ok"], ok, factor)

    def test_linearity_is_not_moved_by_a_machine_that_changed(self):
        rows = fixture.control_rows(aa=0, slow=0, twice=4)
        for row in rows:
            if int(row["p_pair"]) > 2:
                row["ns_per_op"] = str(float(row["ns_per_op"]) * 7)
        code, text = self.call(rows, "--json")
        linear = json.loads(text)["linearity"]
        self.assertEqual(code, 0)
        self.assertTrue(1.97 < linear["low"] < 2 < linear["high"] < 2.03, linear)

    def test_few_repetitions_get_no_verdict(self):
        rows = fixture.control_rows(aa=3, slow=0, twice=0, reps=8)
        rows = [r for r in rows if r["p_pair"] != "1" or int(r["rep"]) < 5]
        code, text = self.call(rows)
        self.assertEqual(code, 0)
        self.assertIn("0 of 2 pairs called different", text)
        self.assertIn("not judged: 1 pairs with fewer than 6 repetitions\n", text)
        with self.assertRaisesRegex(ComparisonImpossible, "no control pair has 6 repetitions"):
            self.call(fixture.control_rows(reps=5))

    def test_half_pairs_and_noise_are_counted(self):
        rows = fixture.control_rows(aa=3, slow=0, twice=0)
        rows = [r for r in rows if r["p_pair"] != "2" or r["contestant"] == "a"]
        rows[0].update(noise="noisy", flags="steal")
        _, text = self.call(rows)
        self.assertIn("1 of 32 rows noisy\n", text)
        self.assertIn("not judged: 1 pairs without verified rows on both sides\n", text)

    def test_nothing_to_judge(self):
        with self.assertRaisesRegex(ComparisonImpossible, "no verified rows on both|both sides"):
            self.call([r for r in fixture.control_rows() if r["contestant"] == "a"])
        fixture.write_run(self.dir.parent / "other", {"machine": fixture.machine_rows(reps=1)})
        with self.assertRaisesRegex(ComparisonImpossible, "no control.csv"):
            control.main(argparse.Namespace(run=self.dir.parent / "other", lenient=False,
                                            json=False))

    def test_incomplete(self):
        fixture.write_run(self.dir, {"control": fixture.control_rows()})
        text = (self.dir / "control.csv").read_text()
        fixture.write(self.dir / "control.csv", text[:-5])
        args = argparse.Namespace(run=self.dir, lenient=False, json=False)
        with self.assertRaises(InputError):
            control.main(args)
        args.lenient = True
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(control.main(args), 0)
        self.assertIn("incomplete: control.csv: truncated last row", out.getvalue())


if __name__ == "__main__":
    unittest.main()
