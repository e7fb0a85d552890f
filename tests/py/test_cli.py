"""The command line: every misuse is one line on stderr and the promised exit code."""

import argparse
import importlib
import json
import os
import subprocess
import sys
import unittest

from contendlib import cli, options
from contendlib.families import FAMILIES
from runcase import CONTEND, TIMEOUT_S, RunCase


class Dispatcher(RunCase):
    def test_every_command_has_what_the_dispatcher_calls(self):
        for name, (module, about) in cli.COMMANDS.items():
            with self.subTest(command=name):
                loaded = importlib.import_module(f"contendlib.{module}")
                self.assertTrue(callable(loaded.add_arguments) and callable(loaded.main))
                self.assertNotIn("\n", about)

    def test_overview_names_every_command(self):
        result = self.contend("--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for name, (_, about) in cli.COMMANDS.items():
            self.assertRegex(result.stdout, rf"(?m)^  {name} +{about}$")

    def test_help_of_commands(self):
        for name in cli.COMMANDS:
            if name != "plan":  # contend_host's own
                with self.subTest(command=name):
                    result = self.contend(name, "--help")
                    self.assertEqual((result.returncode, result.stderr), (0, ""))
                    self.assertIn(f"usage: contend {name}", result.stdout)

    MISUSES = """
        bench | --version | -x | run --nonsense | run word | run --rep 3
        run --reps | run --reps x | run --reps 0 | run --reps -1 | run --reps 1e3 | run --reps 10001
        run --window-ms 0 | run --seed -1 | run --seed 9223372036854775808
        run --threads 0 | run --threads 1,,2 | run --threads 1,2, | run --threads 99999
        run --families counter,nope | run --control aa --families counter
        run --where reps=1 | run --where p_x | run --where p_x=a | run --where p_x=-1
        run --budget soon | run --budget 0 | run --budget 10d
        run --quick --full | run --pairs 3 | run --control bb | run --no-plots --require-charts
        run --benchmark_out=x | run --benchmark_list_tests | run --benchmark_filter x
        run --benchmark;x=1 | list more | doctor --nonsense"""

    def test_misuse(self):
        misuses = [words.split() for line in self.MISUSES.split("\n") for words in line.split("|")]
        for argv in [*filter(None, misuses), [], [""], ["run\n\x1b[31m"], ["run", "--threads", ""],
                     ["run", "--threads", ",".join(["1"] * 65)], ["run", "--families", ""],
                     ["run", "--contestants", ""], ["run", "--contestants", "x" * 501],
                     ["run", "--out", ""]]:
            with self.subTest(argv=argv):
                self.one_line(self.contend(*argv), 2)

    def test_message_names_what_is_known(self):
        self.one_line(self.contend("runn"), 2, "'runn'", "run, list, plan, doctor")
        self.one_line(self.contend("run", "--families", "nope"), 2, "'nope'", "counter, lock, sync, task, channel, context, machine")
        self.one_line(self.contend("run", "--budget", "soon"), 2, "90s, 10m or 2h", "run --help")

    def test_control_characters_are_shown_as_escapes(self):
        result = self.contend("a\x1b]0;x\x07\nb")
        self.one_line(result, 2, r"a\x1b]0;x\x07\nb")

    def test_bytes_that_are_not_utf8(self):
        for locale in ("C", "C.UTF-8", "POSIX"):
            with self.subTest(locale=locale):
                self.one_line(self.contend(b"\xff\xfe", env=self.environment(LC_ALL=locale)), 2)

    def test_reader_that_leaves(self):
        read, write = os.pipe()
        os.close(read)
        for unbuffered in ("", "1"):
            env = self.environment(PYTHONUNBUFFERED=unbuffered)
            process = subprocess.run([sys.executable, CONTEND, "list"], env=env, stdout=write,
                                     stderr=subprocess.PIPE, timeout=TIMEOUT_S, check=False)
            self.assertEqual((process.returncode, process.stderr), (0, b""))
        os.close(write)

    def test_full_output(self):
        for unbuffered in ("", "1"):
            env = self.environment(PYTHONUNBUFFERED=unbuffered)
            with open("/dev/full", "w") as full:
                process = subprocess.run([sys.executable, CONTEND, "list"], env=env, stdout=full,
                                         stderr=subprocess.PIPE, encoding="utf-8",
                                         timeout=TIMEOUT_S, check=False)
            self.one_line(process, 5, "cannot write output: No space left on device")


class Commands(RunCase):
    def test_list(self):
        result = self.contend("list")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        for text in ("counter: ", "machine: ", "atomic_add", "floor", "C11", "p_hold_ns=0,100"):
            self.assertIn(text, result.stdout)

    def test_list_json(self):
        answer = json.loads(self.contend("list", "--json").stdout)
        self.assertEqual([f["family"] for f in answer["families"]], list(FAMILIES))
        self.assertEqual(answer["families"][0]["contestants"][1]["name"], "atomic_add")

    def test_list_without_binaries(self):
        env = self.environment(CONTEND_BIN=str(self.scratch / "nowhere"))
        self.one_line(self.contend("list", env=env), 4, "build first: scripts/run")

    def test_plan_passes_everything_on(self):
        result = self.contend("plan", "--placement", "smt", "--help", "-x")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertEqual(json.loads(result.stdout), ["--placement", "smt", "--help", "-x"])

    def test_plan_keeps_the_exit_code(self):
        self.assertEqual(self.contend("plan", "--threads", "9").returncode, 4)


class Values(unittest.TestCase):
    def test_seconds(self):
        for text, expected in (("90", 90), ("90s", 90), ("10m", 600), ("1.5h", 5400), ("2h", 7200)):
            self.assertEqual(options.seconds(text), expected)

    def test_what_collect_makes_is_what_check_accepts(self):
        chosen = {"contestants": "a|b", "threads": "1,2", "reps": "3", "quick": True,
                  "where": ["p_read_pct=0,50"], "benchmark": ["--benchmark_filter=x"]}
        options.check(json.loads(json.dumps(chosen)), "run.json")
        self.assertEqual(options.to_argv(chosen), [
            "--contestants", "a|b", "--threads", "1,2", "--where", "p_read_pct=0,50", "--reps", "3",
            "--quick", "--benchmark_filter=x"])

    def test_a_trace_is_found_from_every_folder(self):
        path = os.path.join(os.getcwd(), "a", "t.lis")
        for text in ("a/t.lis", "./a/../a/t.lis", path):
            self.assertEqual(options.file(text), path)
        for text in ("", "a\0b", "x" * 600):
            with self.assertRaises(argparse.ArgumentTypeError):
                options.file(text)
        parser = argparse.ArgumentParser()
        options.add_arguments(parser)
        chosen = options.collect(parser.parse_args(["--trace", "a/t.lis", "--reps", "2"]), [])
        self.assertEqual(options.to_argv(options.check(chosen, "run.json")),
                         ["--trace", path, "--reps", "2"])


if __name__ == "__main__":
    unittest.main()
