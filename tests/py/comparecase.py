"""What the tests of compare share: run folders of a few points, and the command in-process."""

import argparse
import contextlib
import io
import json
import pathlib
import shutil
import tempfile
import unittest

import fixture
from contendlib import compare, condense

ID_B = "20261122T092419Z-2b3c4d5-cafe"
BASE = (10, 10.1, 10.2, 10.3, 10.4, 10.5, 10.6, 10.7)


def windows(contestant, values, **more):
    cells = {"p_hold_ns": 0, "p_think_ns": 0, "p_sample_every": 0, "threads": 2, "hop_ns": 50,
             "ops": 1000, "ops_per_s": 1e8}
    return [fixture.cells("counter", contestant=contestant, rep=rep, **(
        cells | {"ns_per_op": ns} | more)) for rep, ns in enumerate(values)]


def times(factor, base=BASE):
    return tuple(round(x * factor, 6) for x in base)


def failed(contestant, reps, **more):
    return windows(contestant, [None] * reps, ops=None, ops_per_s=None, hop_ns=None, verified=0,
                   noise=None, flags="failed;wrong", **more)


def samples(key, values):
    return condense.Point(key, "ns_per_op", (), tuple(values), 0, 0)


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="contend-test-"))
        self.addCleanup(shutil.rmtree, self.dir)

    def write(self, name, *groups, run_id=None, environment=None, **tables):
        """A run folder `name`; `environment` is a function that changes environment.json."""
        run_id = run_id or (fixture.RUN_ID if name == "a" else ID_B)
        if groups:
            tables["counter"] = sum(groups, [])
        fixture.write_run(self.dir / name, tables, run_id)
        if environment:
            made = fixture.environment(run_id)
            environment(made)
            fixture.write(self.dir / name / "environment.json", json.dumps(made))

    def pair(self, a, b):
        """Both sides of one point: ref with these samples, on one thread."""
        self.write("a", windows("ref", a, threads=1))
        self.write("b", windows("ref", b, threads=1))

    def run_it(self, *more, a="a", b="b", code=0):
        parser = argparse.ArgumentParser(allow_abbrev=False)
        compare.add_arguments(parser)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            args = parser.parse_args([str(self.dir / a), str(self.dir / b), *map(str, more)])
            self.assertEqual(compare.main(args), code)
        return out.getvalue()

    def text(self, *more, **where):
        return self.run_it("--no-chart", *more, **where)

    def json(self, *more, **where):
        return json.loads(self.run_it("--json", *more, **where))

    def verdict(self, *more):
        point, = self.json(*more)["points"]
        return point["verdict"], point["why"]
