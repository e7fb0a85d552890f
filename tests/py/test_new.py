"""The contestant generator: what it makes compiles into the list, and it spoils nothing."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


class New(unittest.TestCase):
    def setUp(self):
        self.root = pathlib.Path(tempfile.mkdtemp(prefix="contend-new-"))
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copytree(ROOT / "bench" / "counter", self.root / "bench" / "counter")
        self.list = self.root / "bench" / "counter" / "contestants.h"

    def new(self, *args):
        return subprocess.run([sys.executable, ROOT / "scripts" / "contend", "new", "--root", self.root, *args],
                              capture_output=True, text=True, timeout=60)

    def test_both_kinds_compile_with_their_line(self):
        for kind in ("locked", "lockless"):
            done = self.new("counter", f"my_{kind}", "--kind", kind)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(f"X(my_{kind})", self.list.read_text())
            compiled = subprocess.run(
                ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", f"-I{self.root}/bench",
                 f"-I{ROOT}/lib", "-fsyntax-only", str(self.root / "bench" / "counter" / f"my_{kind}.c")],
                capture_output=True, text=True, timeout=60, env={**os.environ, "LC_ALL": "C"})
            self.assertEqual(compiled.returncode, 0, compiled.stderr)
        names = [line.split("X(")[1].split(")")[0] for line in self.list.read_text().split("\n")[2:] if "X(" in line]
        self.assertEqual(names[-2:], ["my_locked", "my_lockless"])
        self.assertTrue(all(line.endswith("\\") for line in self.list.read_text().rstrip("\n").split("\n")[1:-1]))

    def test_refusals_change_nothing(self):
        before = self.list.read_bytes()
        for args, word in [(("counter", "ref"), "already"), (("counter", "Bad-Name"), "expected"),
                           (("counter", "../x"), "expected"), (("nosuch", "x"), "expected one of: counter"),
                           (("counter", "x", "--kind", "y"), "expected one of: locked")]:
            done = self.new(*args)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertIn(word, done.stderr)
            self.assertEqual(done.stderr.count("\n"), 1)
        self.assertEqual(self.list.read_bytes(), before)

    def test_an_existing_file_is_kept(self):
        target = self.root / "bench" / "counter" / "mine.c"
        target.write_text("precious")
        self.assertEqual(self.new("counter", "mine").returncode, 2)
        self.assertEqual(target.read_text(), "precious")
        self.assertNotIn("X(mine)", self.list.read_text())


if __name__ == "__main__":
    unittest.main()
