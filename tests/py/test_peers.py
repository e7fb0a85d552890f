"""Other people's libraries: the Go program's protocol, who takes part when, and their oracle."""

import csv
import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from contendlib import packages, peers, schema

ROOT = Path(__file__).resolve().parent.parent.parent
BIN = Path(os.environ.get("CONTEND_BIN", "build/release/bin"))
GO = BIN / "contend_go"
TIMEOUT_S = 300


def bench(family, *args):
    return subprocess.run([str(BIN / f"bench_{family}"), *args], capture_output=True, text=True,
                          timeout=TIMEOUT_S, check=False)


def listed(family):
    return [c["name"] for c in json.loads(bench(family, "--list", "--json").stdout)["contestants"]]


def measured(family, *args):
    """(the rows of a short run, what the binary said)."""
    folder = tempfile.mkdtemp(prefix="contend-peers-")
    try:
        done = bench(family, "--run-dir", folder, "--quiet", "--no-table", "--reps", "1",
                     "--window-ms", "5", "--warmup-ms", "1", "--watchdog-s", "100", *args)
        path = Path(folder, f"{family}.csv")
        if not path.exists():
            return [], done
        with open(path, newline="", encoding="utf-8") as file:
            return list(csv.DictReader(file)), done
    finally:
        shutil.rmtree(folder)


REQUEST = {"family": "counter", "peer": "sync.Mutex", "workload": "inc", "exec": "task",
           "threads": 2, "pus": 1, "cpus": [], "window_ns": 2000000, "warmup_ns": 1000000,
           "sample_every": 0, "work_pct": 100, "seed": 1, "params": {}}
CHANNEL = REQUEST | {"family": "channel", "peer": "chan", "workload": "stream", "roles": [0, 1],
                     "params": {"p_capacity": 1, "p_element_bytes": 8}}
POOL = REQUEST | {"family": "pool", "peer": "chan_pool", "workload": "overhead", "threads": 1,
                  "pus": 2, "params": {"p_workers": 2, "p_queue": 10}}

FLOW = REQUEST | {"family": "flow", "peer": "pipeline", "workload": "pipeline", "exec": "task",
                  "threads": 1, "pus": 2,
                  "params": {"p_width": 2, "p_depth": 2, "p_capacity": 4, "p_compute_us": 1}}


@unittest.skipUnless(GO.exists(), "contend_go is not part of this build")
class Protocol(unittest.TestCase):
    def talk(self, *lines):
        """The greeting and one answer a line."""
        text = "".join((line if isinstance(line, str) else json.dumps(line)) + "\n"
                       for line in lines)
        done = subprocess.run([str(GO)], input=text, capture_output=True, text=True,
                              timeout=TIMEOUT_S, check=False)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(len(answers), len(lines) + 1)
        return answers[0], answers[1:]

    def test_greeting(self):
        hello, _ = self.talk()
        self.assertEqual(hello["protocol"], 1)
        self.assertRegex(hello["go"], r"^go1\.[0-9]+")

    def test_a_window(self):
        for kind in ("task", "thread"):
            _, (answer,) = self.talk(REQUEST | {"exec": kind})
            self.assertEqual((len(answer["ops"]), len(answer["start_ns"])), (2, 2))
            self.assertGreaterEqual(answer["window_ns"], REQUEST["window_ns"])
            self.assertGreaterEqual(answer["total_ops"], sum(answer["ops"]))
            self.assertEqual((answer["value"], answer["torn"]), (answer["effects"], 0))
            self.assertGreater(answer["effects"], 0)

    def test_draws_are_the_harness_own(self):
        """All reads, no reads, and about half: the effects are the writes."""
        mixed = REQUEST | {"workload": "mixed", "threads": 1}
        _, (none, all_, half) = self.talk(*(mixed | {"params": {"p_read_pct": p}}
                                            for p in (100, 0, 50)))
        self.assertEqual((none["effects"], all_["effects"]), (0, all_["total_ops"]))
        self.assertAlmostEqual(half["effects"] / half["total_ops"], 0.5, delta=0.03)

    def test_latency_windows(self):
        _, (answer,) = self.talk(REQUEST | {"sample_every": 4})
        self.assertGreater(answer["latency"]["samples"], 0)
        self.assertLessEqual(answer["latency"]["p50_ns"], answer["latency"]["max_ns"])
        self.assertGreater(answer["clock_ns"], 0)

    def test_bad_input_is_refused_in_one_line_each_and_ends_nothing(self):
        bad = ["", "no json", "[]", "{}", '{"threads": "two"}', '{"unknown": 1}',
               json.dumps(REQUEST) + json.dumps(REQUEST), "\\u0000", "{" * 1000,
               REQUEST | {"exec": "fiber"}, REQUEST | {"threads": 0}, REQUEST | {"threads": 10**6},
               REQUEST | {"pus": 0}, REQUEST | {"cpus": [0]}, REQUEST | {"cpus": [0, -1]},
               REQUEST | {"cpus": [0, 10**6]}, REQUEST | {"window_ns": 0},
               REQUEST | {"work_pct": 0}, REQUEST | {"peer": "sync.Nothing"},
               REQUEST | {"workload": "inc\n\x1b[31m"}]
        _, answers = self.talk(*bad, REQUEST)
        for request, answer in zip(bad, answers):
            self.assertEqual(list(answer), ["error"], request)
            self.assertTrue(answer["error"].isprintable() and answer["error"], request)
        self.assertGreater(answers[-1]["effects"], 0)

    def test_channels(self):
        """Every workload: what was sent is what was received, by the program's own oracle."""
        wanted = [("stream", {"p_capacity": c, "p_element_bytes": b}, roles)
                  for c, b, roles in ((0, 8, [0, 1]), (1, 64, [1, 0, 0, 1]), (64, 256, [0, 1, 0]))]
        wanted += [("blocked", {"p_capacity": 1, "p_element_bytes": 8}, [0, 1, 0, 1]),
                   ("pingpong", {"p_capacity": 0}, [0, 1]), ("pingpong", {"p_capacity": 1}, [0, 1]),
                   ("close_wake", {"p_capacity": 0}, [1, 0, 0, 0]),
                   ("open_loop", {"p_capacity": 64, "p_rate_per_s": 20000}, [0, 1, 1])]
        wanted += [("select", {"p_capacity": 0, "p_cases": n}, [0, 1]) for n in (1, 2, 4, 16)]
        asked = [CHANNEL | {"workload": workload, "params": params, "roles": roles, "exec": kind,
                            "threads": len(roles)}
                 for workload, params, roles in wanted for kind in ("task", "thread")]
        _, answers = self.talk(*asked)
        for request, answer in zip(asked, answers):
            self.assertNotIn("error", answer, request)
            self.assertEqual((answer["value"], answer["torn"]), (answer["effects"], 0), request)
            self.assertGreater(answer["effects"], 0, request)
            if request["workload"] in ("close_wake", "open_loop"):
                self.assertGreater(answer["latency"]["samples"], 0, request)
                self.assertLessEqual(answer["latency"]["p50_ns"], answer["latency"]["max_ns"])

    def test_a_channel_that_does_wrong_is_caught(self):
        bugs = ("none", "lost", "twice", "swapped", "torn", "replaced")
        _, answers = self.talk(*(CHANNEL | {"peer": f"faulty:{bug}", "workload": "stream"}
                                 for bug in bugs))
        for bug, answer in zip(bugs, answers):
            self.assertGreater(answer["effects"], 200, bug)
            self.assertEqual(answer["value"] == answer["effects"] and answer["torn"] == 0,
                             bug == "none", (bug, answer))

    def test_channels_that_cannot_be(self):
        bad = [CHANNEL | {"roles": [0, 0]}, CHANNEL | {"roles": [1, 1]}, CHANNEL | {"roles": [0]},
               CHANNEL | {"roles": []}, CHANNEL | {"roles": [0, 7]},
               CHANNEL | {"params": {"p_capacity": -1}},
               CHANNEL | {"params": {"p_capacity": 2 ** 40}},
               CHANNEL | {"params": {"p_element_bytes": 9}},
               CHANNEL | {"workload": "select", "params": {"p_cases": 3}},
               CHANNEL | {"workload": "pingpong", "threads": 3, "roles": [0, 0, 1]}]
        _, answers = self.talk(*bad, CHANNEL)
        for request, answer in zip(bad, answers):
            self.assertEqual(list(answer), ["error"], request)
        self.assertGreater(answers[-1]["effects"], 0)

    def test_pools(self):
        """Every job has run, once, by the program's own oracle."""
        asked = [POOL | {"peer": peer, "pus": pus, "params": {
            "p_workers": workers, "p_queue": queue, "p_submitters": submitters, "p_batch": 1}}
                 for peer in ("chan_pool", "goroutines", "faulty:none") for pus in (1, 2)
                 for workers, queue, submitters in ((1, 0, 1), (2, 100, 1), (8, 1, 4))]
        _, answers = self.talk(*asked)
        for request, answer in zip(asked, answers):
            self.assertNotIn("error", answer, request)
            self.assertEqual((answer["value"], answer["torn"]), (answer["effects"], 0), request)
            self.assertEqual(answer["total_ops"], answer["effects"], request)
            self.assertGreater(answer["effects"], 0, request)

    def test_a_pool_that_does_wrong_is_caught(self):
        bugs = ("lost", "twice", "replaced")
        _, answers = self.talk(*(POOL | {"peer": f"faulty:{bug}"} for bug in bugs))
        for bug, answer in zip(bugs, answers):
            self.assertGreater(answer["effects"], 200, bug)
            self.assertTrue(answer["value"] != answer["effects"] or answer["torn"] > 0, bug)
            self.assertEqual(answer["value"] == answer["effects"], bug == "replaced", bug)

    def test_pools_that_cannot_be(self):
        bad = [POOL | {"params": POOL["params"] | params} for params in (
            {"p_workers": 0}, {"p_workers": 2 ** 40}, {"p_queue": -1}, {"p_queue": 2 ** 40},
            {"p_submitters": 0}, {"p_batch": 16})]
        _, answers = self.talk(*bad, POOL)
        for request, answer in zip(bad, answers):
            self.assertEqual(list(answer), ["error"], request)
        self.assertGreater(answers[-1]["effects"], 0)

    def test_flows(self):
        """Every item comes out once with the right result, by the program's own oracle."""
        asked = [FLOW | {"workload": workload, "pus": pus, "params": {
            "p_width": width, "p_depth": depth, "p_capacity": room, "p_compute_us": 1}}
                 for workload in ("fan_out", "pipeline") for pus in (1, 2)
                 for width, depth, room in ((1, 1, 0), (4, 1, 16), (2, 3, 1))]
        _, answers = self.talk(*asked)
        for request, answer in zip(asked, answers):
            self.assertNotIn("error", answer, request)
            self.assertEqual((answer["value"], answer["torn"]), (answer["effects"], 0), request)
            self.assertGreater(answer["latency"]["samples"], 0, request)

    def test_a_flow_that_does_wrong_is_caught(self):
        _, answers = self.talk(*(FLOW | {"peer": f"faulty:{bug}"}
                                 for bug in ("lost", "twice", "skipped")))
        for answer in answers:
            self.assertGreater(answer["effects"], 50)
            self.assertGreater(answer["torn"], 0, answer)

    def test_flows_that_cannot_be(self):
        bad = [FLOW | {"params": FLOW["params"] | params} for params in (
            {"p_width": 0}, {"p_width": 2 ** 40}, {"p_depth": 17}, {"p_capacity": -1})]
        _, answers = self.talk(*bad, FLOW | {"threads": 2}, FLOW)
        for request, answer in zip((*bad, 0), answers):
            self.assertEqual(list(answer), ["error"], request)
        self.assertGreater(answers[-1]["effects"], 0)

    def test_hand_overs(self):
        _, (answer,) = self.talk(REQUEST | {"family": "lock", "workload": "handover",
                                            "params": {"p_hold_ns": 100, "p_think_ns": 100}})
        self.assertEqual((answer["value"], answer["torn"]), (answer["effects"], 0))
        self.assertGreater(answer["effects"], 0)

    def test_actors(self):
        for workload, params in (("inc", {}), ("mixed", {"p_read_pct": 50})):
            for peer in ("actor", "actor_unbuffered"):
                for kind in ("task", "thread"):
                    _, (answer,) = self.talk(REQUEST | {
                        "peer": peer, "workload": workload, "exec": kind, "params": params})
                    self.assertEqual(answer["value"], answer["effects"], answer)
                    self.assertGreater(answer["effects"], 0)

    def test_contexts_and_timers(self):
        asked = [REQUEST | {"family": "context", "peer": peer, "workload": workload, "exec": kind,
                            "threads": 1, "params": params}
                 for kind in ("task", "thread") for peer, workload, params in (
                     ("context", "cancel", {"p_width": 3, "p_depth": 2}),
                     ("Timer", "timers", {"p_timers": 100}), ("Timer", "lateness", {"p_timers": 10}))]
        _, answers = self.talk(*asked)
        for request, answer in zip(asked, answers):
            self.assertEqual((answer["value"], answer["torn"]), (answer["effects"], 0), request)
            self.assertGreater(answer["effects"], 0, request)
            if request["workload"] != "timers":
                self.assertGreater(answer["latency"]["samples"], 0, request)

    def test_a_cpu_that_is_not_there(self):
        _, (answer,) = self.talk(REQUEST | {"exec": "thread", "cpus": [8191, 8191]})
        self.assertIn("CPU 8191", answer["error"])

    def test_no_arguments(self):
        done = subprocess.run([str(GO), "--version"], capture_output=True, text=True,
                              timeout=TIMEOUT_S, check=False)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1))
        self.assertTrue(done.stderr.startswith("contend: "))


class TakingPart(unittest.TestCase):
    FAMILIES = ("counter", "lock", "sync", "task", "channel", "context", "pool", "flow", "cache")
    # Points with everybody in them; the other workloads are the Go program's alone, see Protocol.
    SHORT = ("--where", "p_hold_ns=0", "--where", "p_think_ns=0")
    FEWER = {"counter": SHORT, "lock": SHORT,
             "cache": ("--workloads", "get_set", "--where", "p_keys=1000"),
             "channel": ("--workloads", "stream|pingpong|close_wake",
                         "--where", "p_capacity=0,1024"),
             "flow": ("--workloads", "fan_out", "--where", "p_compute_us=1"),
             "pool": ("--workloads", "overhead", "--where", "p_workers=1,2,4,8",
                      "--where", "p_submitters=1", "--where", "p_batch=1")}

    def setUp(self):
        if not any(":" in name for name in listed("lock")):
            self.skipTest("no peers in this build")

    def names(self, *args):
        rows, done = measured("lock", "--workloads", "mutex", "--threads", "2", "--exec", "thread",
                              "--where", "p_hold_ns=0", "--where", "p_think_ns=0", *args)
        self.assertEqual(done.returncode, 0, done.stderr)
        return {row["contestant"] for row in rows}

    def test_not_asked_for(self):
        self.assertFalse({n for n in self.names("--contestants", "ref|mutex_go|[^:]*x") if ":" in n})

    def test_asked_for_by_a_colon(self):
        self.assertEqual({n for n in self.names("--contestants", "ref|std:mutex")},
                         {"ref", "std:mutex"})
        self.assertEqual(self.names("--contestants", "[[:alpha:]]*ref"), {"ref"})

    def test_asked_for_all_together(self):
        names = self.names("--with-peers", "--contestants", "ref|.*mutex|.*Mutex")
        self.assertLessEqual({"ref", "std:mutex"}, names)
        if GO.exists():
            self.assertIn("go:sync.Mutex", names)

    def test_every_peer_passes_its_oracle(self):
        for family in self.FAMILIES:
            wanted = {n for n in listed(family) if ":" in n}
            rows, done = measured(family, "--contestants", "[^:]+:.*", "--threads", "2",
                                  *self.FEWER.get(family, ()))
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual({r["contestant"] for r in rows}, wanted, family)
            for row in rows:
                self.assertEqual((row["verified"], "failed" in row["flags"]), ("1", False), row)
                # no figure is asked for: on a busy machine nobody may have run in 5 ms

    def test_pools_are_measured_at_every_number_of_workers(self):
        """By threads, except for Go's, and with several submitters where a library takes them."""
        rows, done = measured("pool", "--contestants", "[^:]+:.*", "--workloads", "overhead")
        self.assertEqual(done.returncode, 0, done.stderr)
        found = {}
        for row in rows:
            found.setdefault(row["contestant"], set()).add(
                (row["exec"], int(row["p_submitters"]) > 1, int(row["p_workers"])))
        for name, points in found.items():
            by = "task" if name.startswith("go:") else "thread"
            self.assertEqual({p[0] for p in points}, {by}, name)
            self.assertLessEqual({(by, False, w) for w in (1, 2, 4)}, points, name)
            self.assertEqual(any(many for _, many, _ in points),
                             name not in ("libuv:queue_work", "tbb:task_group"), name)

    def test_what_has_another_contract_says_so(self):
        for family in self.FAMILIES:
            found = json.loads(bench(family, "--list", "--json").stdout)["contestants"]
            for c in found:
                if ":" in c["name"]:
                    self.assertEqual("(other contract: " in c["source"],
                                     schema.other_contract(c["name"]), c)

    def test_go_rows_have_what_ours_have(self):
        if not GO.exists():
            self.skipTest("contend_go is not part of this build")
        rows, done = measured("lock", "--contestants", "go:sync.Mutex|mutex_go", "--workloads",
                              "mutex", "--threads", "2", "--where", "p_hold_ns=0",
                              "--where", "p_think_ns=0")
        self.assertEqual(done.returncode, 0, done.stderr)
        for row in rows:
            for column in ("window_ns", "overlap_ratio", "start_skew_ns", "freq_mhz", "attempts",
                           "involuntary_switches", "voluntary_switches", "noise"):
                self.assertNotEqual(row[column], "", (column, row))

    def test_go_is_named_with_its_version(self):
        if not GO.exists():
            self.skipTest("contend_go is not part of this build")
        found = json.loads(bench("lock", "--list", "--json").stdout)["contestants"]
        source = next(c["source"] for c in found if c["name"] == "go:sync.Mutex")
        hello = subprocess.run([str(GO)], input="", capture_output=True, text=True, check=True)
        version = json.loads(hello.stdout)["go"].removeprefix("go")
        self.assertEqual(source, f"Go {version} sync.Mutex")
        done = subprocess.run([str(BIN / "contend_host"), "environment"], capture_output=True,
                              check=True)
        self.assertEqual(json.loads(done.stdout)["peers"]["go"], version)


class WithoutPeers(unittest.TestCase):
    def test_configure(self):
        """Nothing else needs them: a build without is configured, and says so, one line each."""
        with tempfile.TemporaryDirectory(prefix="contend-peers-") as folder:
            done = subprocess.run(
                ["cmake", "-S", str(ROOT), "-B", folder, "-DCT_PEERS=OFF", "-DBUILD_TESTING=OFF",
                 "-DCMAKE_BUILD_TYPE=Debug"], capture_output=True, text=True, timeout=TIMEOUT_S,
                check=False)
            self.assertEqual(done.returncode, 0, done.stderr)
            said = re.findall(r"^-- peer (\w+): not built \(CT_PEERS is off\)$", done.stdout, re.M)
            self.assertEqual(set(said), set(packages.of_peers()) | {"std"})
            for family in TakingPart.FAMILIES:
                (header,) = Path(folder).rglob(f"{family}_peers.h")
                self.assertTrue(header.read_text(encoding="utf-8").endswith("_PEERS(X)\n"), header)


class State(unittest.TestCase):
    BUILT = {"nsync": "1.25.0", "ck": "not built: libck-dev not found", "go": "not built"}

    def test_lines(self):
        self.assertEqual(peers.present(self.BUILT), ["nsync 1.25.0"])
        self.assertEqual(peers.missing(self.BUILT), ["not built: ck (libck-dev not found)",
                                                     "not built: go (golang-go not found)"])

    def test_environments_that_do_not_say(self):
        for environment in (None, {}, [], {"peers": None}, {"peers": [1]}):
            self.assertEqual(peers.in_environment(environment), {})

    def test_each_package_brings_one_peer(self):
        self.assertEqual([p for p, _ in packages.needed("peers")],
                         list(packages.of_peers().values()))


if __name__ == "__main__":
    unittest.main()
