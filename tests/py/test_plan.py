"""`contend_host plan` as a user meets it: tables, JSON, exit codes, refusals in one line."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

HOST = os.path.join(os.environ.get("CONTEND_BIN", "build/release/bin"), "contend_host")

# hwloc's own way to put another machine in place of this one: 2 packages, 2 L3 each, 2 cores, SMT.
SERVER = {"HWLOC_SYNTHETIC": "pack:2 l3:2 core:2 pu:2"}

# The smallest export that hwloc reads: one package, two cores.
ATTRIBUTES = ('cpuset="0x{0:x}" complete_cpuset="0x{0:x}" nodeset="0x1" complete_nodeset="0x1"')


def pu(n):
    sets = ATTRIBUTES.format(1 << n)
    return f'<object type="Core" {sets}><object type="PU" os_index="{n}" {sets}/></object>\n'


SMALL = ('<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE topology SYSTEM "hwloc2.dtd">\n'
         '<topology version="2.0">\n<object type="Machine" os_index="0" allowed_cpuset="0xc" '
         'allowed_nodeset="0x1" ' + ATTRIBUTES.format(12) + '>\n'
         '<object type="NUMANode" os_index="0" ' + ATTRIBUTES.format(12) + '/>\n'
         '<object type="Package" os_index="0" ' + ATTRIBUTES.format(12) + '>\n'
         + pu(2) + pu(3) + '</object></object>\n</topology>\n')


def plan(*args, env=None, **more):
    full = {k: v for k, v in os.environ.items() if not k.startswith("HWLOC_")}
    full.update(env or {})
    return subprocess.run([HOST, "plan", *args], env=full, stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=60, **more)


class Plan(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def refused(self, code, line, *args, env=None):
        r = plan(*args, env=env)
        self.assertEqual((r.returncode, r.stdout, r.stderr), (code, "", line + "\n"))

    def test_table(self):
        r = plan("--placement", "compact", "--threads", "3", env=SERVER)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        rows = [line.split() for line in r.stdout.splitlines()]
        self.assertEqual(rows[0], ["thread", "PU", "core", "L3", "NUMA", "package", "kind"])
        self.assertEqual(rows[1:4], [["0", "0", "0", "0", "0", "0", "-"],
                                     ["1", "2", "1", "0", "0", "0", "-"],
                                     ["2", "4", "2", "1", "0", "0", "-"]])
        self.assertEqual(r.stdout.splitlines()[4:],
                         ["compact: 3 threads on 3 PUs, 3 cores, 2 L3s, 1 NUMA node, 1 package; "
                          "oversubscribed: no"])

    def test_oversubscribed(self):
        r = plan("--placement=one", "--threads=2", env=SERVER)
        self.assertEqual(r.stdout.splitlines()[-1],
                         "one: 2 threads on 1 PU, 1 core, 1 L3, 1 NUMA node, 1 package; "
                         "oversubscribed: yes")

    def test_none(self):
        r = plan("--placement", "none", "--threads", "1", env=SERVER)
        self.assertEqual(r.stdout.splitlines()[1].split(), ["0"] + ["-"] * 6)
        self.assertEqual(r.stdout.splitlines()[2],
                         "none: 1 thread, not bound; allowed: 16 PUs, 8 cores, 4 L3s, 1 NUMA node, "
                         "2 packages; oversubscribed: no")

    def test_json(self):
        r = plan("--placement", "smt", "--threads", "17", "--json", env=SERVER)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        answer = json.loads(r.stdout)
        self.assertEqual((answer["schema_version"], answer["topology"], answer["this_system"]),
                         (1, "this machine", False))
        (one,) = answer["plans"]
        self.assertEqual((one["placement"], one["threads"], one["bound"], one["oversubscribed"]),
                         ("smt", 17, True, True))
        self.assertEqual(one["distinct"],
                         {"pus": 16, "cores": 8, "l3s": 4, "numas": 1, "packages": 2})
        self.assertEqual([row["pu"] for row in one["plan"]], list(range(16)) + [0])
        self.assertEqual(one["plan"][15], {"thread": 15, "pu": 15, "pu_logical": 15, "core": 7,
                                           "l3": 3, "numa": 0, "package": 1, "kind": None})

    def test_all(self):
        r = plan("--placement", "all", "--threads", "2", env=SERVER)
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        lines = [line.split() for line in r.stdout.splitlines()]
        self.assertEqual([line[0] for line in lines],
                         ["compact", "scatter", "smt", "cores", "same-l3", "cross-l3",
                          "cross-numa", "pcores", "ecores", "one", "none"])
        self.assertEqual([line[1] for line in lines],
                         ["0,2", "0,8", "0,1", "0,2", "0,2", "0,4", "refused:", "refused:",
                          "refused:", "0,0", "not"])
        plans = json.loads(plan("--placement", "all", "--threads", "2", "--json",
                                env=SERVER).stdout)["plans"]
        self.assertEqual([p["placement"] for p in plans], [line[0] for line in lines])
        self.assertEqual([p["placement"] for p in plans if "refused" in p],
                         ["cross-numa", "pcores", "ecores"])

    def test_file(self):
        path = self.file("small.xml", SMALL)
        r = plan("--topology", path, "--placement", "compact", "--threads", "3", "--json")
        self.assertEqual((r.returncode, r.stderr), (0, ""))
        answer = json.loads(r.stdout)
        self.assertEqual((answer["topology"], answer["this_system"]), (path, False))
        self.assertEqual([row["pu"] for row in answer["plans"][0]["plan"]], [2, 3, 2])
        self.refused(4, "contend: placement smt: no core of this topology has SMT siblings in the "
                     "allowed set", "--topology", path, "--placement", "smt", "--threads", "1")

    def test_bad_files(self):
        v3 = self.file("v3.xml", SMALL.replace('version="2.0"', 'version="3.0"'))
        crash = self.file("crash.xml", SMALL.replace("complete_cpuset", "completely"))
        fifo = os.path.join(self.folder, "fifo")
        os.mkfifo(fifo)
        cases = {
            v3: "hwloc XML version 3.0, expected version 2 (this hwloc reads version 2)",
            crash: "hwloc cannot read it: damaged hwloc XML",
            fifo: "not a regular file, expected hwloc XML",
            self.folder: "not a regular file, expected hwloc XML",
            self.file("empty", ""): "empty, expected hwloc XML",
            self.file("garbage", "family,contestant\n"): "not hwloc XML: no <topology> in it",
            os.path.join(self.folder, "missing"): "No such file or directory",
        }
        for path, reason in cases.items():
            with self.subTest(path):
                self.refused(3, f"{path}: {reason}", "--topology", path, "--placement", "compact",
                             "--threads", "1")
                self.refused(3, f"{path}: {reason}", "--topology", path, "--placement", "all",
                             "--threads", "1", "--json")

    def test_machine_that_hwloc_cannot_read(self):
        v3 = self.file("v3.xml", SMALL.replace('version="2.0"', 'version="3.0"'))
        r = plan("--placement", "one", "--threads", "1", env={"HWLOC_XMLFILE": v3})
        self.assertEqual((r.returncode, r.stdout), (4, ""))
        self.assertIn("contend: topology: hwloc cannot read this machine's\n", r.stderr)

    def test_usage(self):
        see = " (see plan --help)"
        number = "expected a number from 1 to 4096"
        cases = [
            ([], "contend: plan: --placement is missing" + see),
            (["--placement", "compact"], "contend: plan: --threads is missing" + see),
            (["--placement"], "contend: plan: --placement needs a value" + see),
            (["--threads", "1", "--placement", "Compact"],
             "contend: unknown placement 'Compact'" + see),
            (["--threads", "1", "--placement", "\x1b[2J"],
             "contend: unknown placement '\\x1b[2J'" + see),
            (["--bogus"], "contend: plan: unknown option '--bogus'" + see),
            (["--thread", "1"], "contend: plan: unknown option '--thread'" + see),
            (["--json=yes"], "contend: plan: unknown option '--json=yes'" + see),
            (["compact"], "contend: plan: unknown option 'compact'" + see),
        ]
        for n in ["0", "-1", "4097", "1e3", "", " 1", "1x", "99999999999999999999"]:
            cases.append((["--placement", "compact", "--threads", n],
                          f"contend: --threads '{n}': {number}"))
        for args, line in cases:
            with self.subTest(args):
                self.refused(2, line, *args)

    def test_most_threads(self):
        r = plan("--placement", "scatter", "--threads", "4096", env=SERVER)
        self.assertEqual((r.returncode, len(r.stdout.splitlines())), (0, 4098))

    def test_output_that_cannot_be_written(self):
        for args in (["--help"], ["--placement", "all", "--threads", "1"],
                     ["--placement", "one", "--threads", "1", "--json"]):
            with self.subTest(args), open("/dev/full", "wb") as full:
                r = subprocess.run([HOST, "plan", *args], stdout=full, stderr=subprocess.PIPE,
                                   text=True, timeout=60, check=False)
                self.assertEqual((r.returncode, r.stderr),
                                 (5, "contend: standard output: No space left on device\n"))

    def test_commands(self):
        for args, code, out, err in [
                (["--help"], 0, "usage: contend_host COMMAND", ""),
                (["plan", "--help"], 0, "usage: contend_host plan", ""),
                ([], 2, "", "contend: contend_host needs a command (see contend_host --help)\n"),
                (["nope\n"], 2, "",
                 "contend: unknown command 'nope\\x0a' (see contend_host --help)\n")]:
            with self.subTest(args):
                r = subprocess.run([HOST, *args], capture_output=True, text=True, timeout=60,
                                   check=False)
                self.assertEqual((r.returncode, r.stderr), (code, err))
                self.assertTrue(r.stdout.startswith(out))

    def test_this_machine(self):
        """Under an affinity of one CPU, that CPU is all there is; CPU 0 is nothing special."""
        mine = sorted(os.sched_getaffinity(0))
        if len(mine) < 2:
            print("SKIPPED: needs two usable CPUs", file=sys.stderr)
            self.skipTest("needs two usable CPUs")
        for cpu in (mine[0], mine[-1]):
            with self.subTest(cpu=cpu):
                r = plan("--placement", "compact", "--threads", "2", "--json",
                         preexec_fn=lambda c=cpu: os.sched_setaffinity(0, {c}))
                self.assertEqual((r.returncode, r.stderr), (0, ""))
                answer = json.loads(r.stdout)
                self.assertTrue(answer["this_system"])
                (one,) = answer["plans"]
                self.assertEqual([row["pu"] for row in one["plan"]], [cpu, cpu])
                self.assertTrue(one["oversubscribed"])
                self.assertEqual(one["distinct"]["pus"], 1)
        r = plan("--placement", "compact", "--threads", str(len(mine)), "--json")
        self.assertEqual(sorted(row["pu"] for row in json.loads(r.stdout)["plans"][0]["plan"]),
                         mine)


if __name__ == "__main__":
    unittest.main()
