"""scripts/run and scripts/test: what they pass on, and machines that they cannot set up."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from contendlib import packages, suite

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SHELL = [ROOT / name for name in suite.SHELL]
TIMEOUT_S = 60


class Shell(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.scratch = pathlib.Path(scratch.name).resolve()
        self.path = self.scratch / "path"
        self.path.mkdir()

    def program(self, name, text):
        (self.path / name).write_text(f"#!/bin/sh\n{text}\n")
        (self.path / name).chmod(0o755)

    def tools(self, *names):
        """Only these of the system's programs are on PATH."""
        for name in ("bash", "env", "readlink", "dirname", "sed", "tr", "awk", "cat", "mktemp",
                     "rm", "tail", "grep", "cksum", "mkdir", "nproc", *names):
            os.symlink(shutil.which(name), self.path / name)

    def script(self, name, *argv, root=ROOT, **env):
        env = {"PATH": str(self.path), "HOME": str(self.scratch), "LC_ALL": "C", **env}
        return subprocess.run([str(root / "scripts" / name), *argv], env=env, cwd=self.scratch,
                              stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                              timeout=TIMEOUT_S, check=False)

    def os_release(self, text):
        path = self.scratch / "os-release"
        path.write_text(text)
        return str(path)


class Form(Shell):
    def test_syntax(self):
        for path in SHELL:
            done = subprocess.run(["bash", "-n", str(path)], capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (0, b""), path)

    def test_executable_but_for_the_sourced_one(self):
        for path in SHELL:
            self.assertEqual(os.access(path, os.X_OK), path.name != "deps.sh", path)
        self.assertTrue(os.access(ROOT / "scripts" / "contend", os.X_OK))

    def test_strict(self):
        for path in SHELL:
            if path.name != "deps.sh":
                self.assertIn("\nset -euo pipefail\n", path.read_text())


class OtherMachines(Shell):
    def test_not_debian(self):
        self.tools()
        release = self.os_release('NAME="Fedora Linux"\nID=fedora\nVERSION_ID=40\n')
        for name, purpose in (("run", "run"), ("test", "test")):
            result = self.script(name, CONTEND_OS_RELEASE=release)
            self.assertEqual((result.returncode, result.stderr.count("\n")), (4, 1), result.stderr)
            self.assertTrue(result.stderr.startswith("contend: not Debian or Ubuntu"))
            for package, _ in packages.needed(purpose):
                self.assertIn(f" {package}", result.stderr)
            self.assertIn("CONTEND_NO_INSTALL=1", result.stderr)

    def test_no_os_release(self):
        self.tools()
        result = self.script("run", CONTEND_OS_RELEASE=str(self.scratch / "none"))
        self.assertEqual((result.returncode, result.stderr.count("\n")), (4, 1), result.stderr)

    def test_installs_only_what_is_missing(self):
        """A Debian derivative with all but two packages, seen through stand-ins for its tools."""
        self.tools()
        self.program("dpkg-query", 'case $* in *libhwloc-dev*) echo config-files; exit 0;; '
                                   '*libcjson-dev*) exit 1;; esac; echo installed')
        for name in ("g++", "cmake", "ninja", "pkg-config", "git", "python3", "gnuplot"):
            self.program(name, "exit 0")
        log = self.scratch / "log"
        stand_in = f'echo "$(basename "$0") $*" >>{log}; case "$*" in *install*) exit 100;; esac'
        os.symlink(shutil.which("basename"), self.path / "basename")
        self.program("apt-get", stand_in)
        self.program("sudo", 'exec "$@"')
        result = self.script("run", CONTEND_OS_RELEASE=self.os_release(
            'ID=mint\nID_LIKE="ubuntu debian"\n'))
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertIn("could not install libhwloc-dev libcjson-dev\n", result.stderr)
        update, install = log.read_text().splitlines()
        self.assertEqual(update, "apt-get update -q")
        self.assertIn("--no-install-recommends", install)
        self.assertTrue(install.endswith(" libhwloc-dev libcjson-dev"), install)

    def test_peers_are_installed_only_when_asked_for_and_none_is_needed(self):
        """One that cannot be had is named, the others are installed, and the run goes on."""
        self.tools("basename")
        self.program("dpkg-query", 'case $* in *libnsync*|*libck*) exit 1;; esac; echo installed')
        for name in ("g++", "cmake", "ninja", "pkg-config", "git", "python3", "gnuplot", "go"):
            self.program(name, "exit 0")
        log = self.scratch / "log"
        self.program("apt-get", f'echo "$*" >>{log}; case "$*" in *libck-dev*) exit 100;; esac')
        self.program("sudo", 'exec "$@"')
        copy = self.scratch / "check out"
        (copy / "scripts").mkdir(parents=True)
        for name in ("run", "deps.sh", "packages.txt", "packages-peers.txt"):
            shutil.copy(ROOT / "scripts" / name, copy / "scripts" / name)
        self.assertFalse(log.exists())
        result = self.script("run", "--with-peers", root=copy,
                             CONTEND_OS_RELEASE=self.os_release("ID=debian\n"))
        asked = [line.rpartition("=120 ")[2] for line in log.read_text().splitlines()]
        self.assertEqual(asked, ["update -q", "libnsync-dev libck-dev", "libnsync-dev",
                                 "libck-dev"])
        self.assertIn("contend: could not install libck-dev; going on without it\n", result.stderr)
        self.assertNotIn("golang-go", log.read_text())

    @unittest.skipIf(os.geteuid() == 0 and not shutil.which("setpriv"),
                     "needs setpriv to stop being root")
    def test_neither_root_nor_sudo(self):
        self.tools()
        self.program("dpkg-query", "exit 1")
        self.scratch.chmod(0o755)
        release = self.os_release("ID=debian\n")
        user = ["setpriv", "--reuid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        copy = self.scratch / "copy" / "scripts"  # the checkout may be out of nobody's reach
        copy.mkdir(parents=True)
        for name in ("run", "deps.sh", "packages.txt"):
            shutil.copy(ROOT / "scripts" / name, copy / name)
        result = subprocess.run(
            [*([shutil.which(user[0])] + user[1:] if user else []), str(copy / "run")],
            env={"PATH": str(self.path), "CONTEND_OS_RELEASE": release}, stdin=subprocess.DEVNULL,
            capture_output=True, encoding="utf-8", timeout=TIMEOUT_S, check=False)
        self.assertEqual((result.returncode, result.stderr.count("\n")), (4, 1), result.stderr)
        self.assertIn("not root and no sudo", result.stderr)
        self.assertIn("libbenchmark-dev", result.stderr)


class Run(Shell):
    """scripts/run in a copy of the checkout whose cmake and contend are stand-ins."""

    def setUp(self):
        super().setUp()
        self.tools()
        self.root = self.scratch / "check out"
        (self.root / "scripts").mkdir(parents=True)
        for name in ("run", "deps.sh", "packages.txt", "packages-peers.txt"):
            shutil.copy(ROOT / "scripts" / name, self.root / "scripts" / name)
        contend = self.root / "scripts" / "contend"
        contend.write_text(
            '#!/bin/sh\npwd\nfor word; do printf "<%s>" "$word"; done; echo\nexit 7\n')
        contend.chmod(0o755)
        self.calls = self.scratch / "cmake-calls"
        self.program("cmake", f'echo "$*" >>{self.calls}\nfor word; do last=$word; done\n'
                              'case "$*" in --fresh*) : >"$last/build.ninja";; esac')

    def run_script(self, *argv):
        return self.script("run", *argv, root=self.root, CONTEND_NO_INSTALL="1")

    def passed_on(self, *argv):
        result = self.run_script(*argv)
        self.assertEqual(result.returncode, 7, result.stderr)
        folder, words = result.stdout.splitlines()
        self.assertEqual(folder, str(self.scratch))  # relative paths stay the user's
        return words

    def test_quick_unless_told_otherwise(self):
        self.assertEqual(self.passed_on(), "<run><--quick>")
        self.assertEqual(self.passed_on("--reps", "3", "--out", "a b;c"),
                         "<run><--quick><--reps><3><--out><a b;c>")
        for words in (["--quick"], ["--full"], ["--resume"], ["--resume=x"], ["--control", "aa"]):
            self.assertEqual(self.passed_on(*words), "<run>" + "".join(f"<{w}>" for w in words))

    def test_help_needs_nothing(self):
        result = self.run_script("--help")
        self.assertIn("usage: scripts/run", result.stdout)
        self.assertIn("<run><--help>", result.stdout)
        self.assertFalse(self.calls.exists())

    def test_configures_once(self):
        self.passed_on()
        self.passed_on()
        calls = self.calls.read_text().splitlines()
        folder = f"{self.root}/build/release"
        self.assertEqual([c.split(" --parallel")[0] for c in calls],
                         [f"--fresh --preset release -B {folder}",
                          f"--build {folder} --target clean", f"--build {folder}",
                          f"--build {folder}"])

    def test_another_machine_builds_anew(self):
        self.passed_on()
        (self.root / "build/release/machine").write_text("another\n")
        self.calls.unlink()
        self.passed_on()
        self.assertIn("--fresh", self.calls.read_text())

    def test_peers_that_came_later_are_looked_for_once(self):
        self.program("dpkg-query", "echo installed")
        self.passed_on()
        self.calls.unlink()
        self.assertIn("<--with-peers>", self.passed_on("--with-peers"))
        self.assertIn("--fresh", self.calls.read_text())
        self.calls.unlink()
        self.passed_on("--with-peers")
        self.assertNotIn("--fresh", self.calls.read_text())
        self.program("dpkg-query", "case $* in *libck*) exit 1;; esac; echo installed")
        self.passed_on("--with-peers")
        self.assertIn("--fresh", self.calls.read_text())

    def test_failing_build(self):
        self.program("cmake", "echo the compiler complains; exit 1")
        result = self.run_script()
        self.assertEqual(result.returncode, 4)
        self.assertIn("the compiler complains\n", result.stderr)
        self.assertEqual(result.stderr.splitlines()[-1],
     "contend: the build in build/release failed")


class Test(Shell):
    def test_misuse(self):
        self.tools()
        for argv in (["--nonsense"], ["-R"], ["word"]):
            result = self.script("test", *argv)
            self.assertEqual((result.returncode, result.stderr.count("\n")), (2, 1), result.stderr)

    def test_help(self):
        self.tools()
        result = self.script("test", "--help")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("--fast", result.stdout)


class Suite(unittest.TestCase):
    @staticmethod
    def ctest(folder, option):
        return subprocess.run(["ctest", "--test-dir", folder, option], capture_output=True,
                              encoding="utf-8", timeout=TIMEOUT_S, check=False)

    def test_joined_run_keeps_commands_and_properties(self):
        """What suite writes is read back by CTest itself."""
        with tempfile.TemporaryDirectory() as folder:
            check = """test "$X" = 'a b]=]' && test "$0" = 'q;\\"$r'"""
            lines = [*suite.add("tsan.b", ["/bin/sh", "-c", check, 'q;\\"$r'],
                                [("ENVIRONMENT", "X=a b]=]"), ("TIMEOUT", "20.0")]),
                     *suite.add("a", ["/bin/false"], [("WILL_FAIL", "ON")])]
            pathlib.Path(folder, "CTestTestfile.cmake").write_text("\n".join(lines))
            done = self.ctest(folder, "--output-on-failure")
            self.assertEqual(done.returncode, 0, done.stdout)
            self.assertIn("100% tests passed, 0 tests failed out of 2", done.stdout)
            shown = json.loads(self.ctest(folder, "--show-only=json-v1").stdout)
            properties = {p["name"]: p["value"] for p in shown["tests"][0]["properties"]}
            self.assertEqual((properties["ENVIRONMENT"], properties["TIMEOUT"]), (["X=a b]=]"], 20))

    def test_names_other_tests_refer_to_get_the_prefix(self):
        self.assertEqual(suite.as_text("", "WILL_FAIL", True), "ON")
        self.assertEqual(suite.as_text("asan.", "DEPENDS", ["x", "y"]), "asan.x;asan.y")
        self.assertEqual(suite.as_text("asan.", "LABELS", ["x", "y"]), "x;y")


if __name__ == "__main__":
    unittest.main()
