"""contend doctor: each cause is seen on a made-up machine, and absent on a quiet one."""

import json
import os
import pathlib
import tempfile
import unittest

from contendlib import doctor_checks, packages, system
from contendlib.families import FAMILIES
from runcase import RunCase

CPU = "sys/devices/system/cpu"

QUIET = {
    "proc/cpuinfo": "processor\t: 0\nflags\t\t: fpu tsc constant_tsc\n",
    "proc/loadavg": "0.10 0.20 0.30 1/100 1234\n",
    "proc/meminfo": "MemTotal: 100 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
    "proc/self/status": "Name:\tx\nCpus_allowed_list:\t0-3\n",
    "proc/self/timerslack_ns": "1\n",
    "proc/self/cgroup": "0::/user.slice\n",
    "proc/self/mountinfo": "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
    "proc/self/limits": "Limit  Soft Limit  Hard Limit  Units\n"
                        "Max processes             95000      95000      processes\n"
                        "Max open files            1024       4096       files\n"
                        "Max address space         unlimited  unlimited  bytes\n",
    "proc/sys/kernel/perf_event_paranoid": "2\n",
    "sys/fs/cgroup/user.slice/cpu.max": "max 100000\n",
    "sys/bus/event_source/devices/cpu/type": "4\n",
    "sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc\n",
    "sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never\n",
    f"{CPU}/online": "0-3\n",
    f"{CPU}/isolated": "2-3\n",
    f"{CPU}/smt/active": "0\n",
    f"{CPU}/intel_pstate/no_turbo": "1\n",
    f"{CPU}/vulnerabilities/meltdown": "Not affected\n",
    **{f"{CPU}/cpu{n}/cpufreq/scaling_governor": "performance\n" for n in range(4)},
}


class MadeUp(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = pathlib.Path(scratch.name)

    def tree(self):
        return system.Tree(self.root)

    def machine(self, changes):
        """The quiet machine with some files changed; None takes a file away."""
        for name, text in {**QUIET, **changes}.items():
            path = self.root / name
            if text is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
        return system.Tree(self.root)

    def findings(self, changes):
        tree = self.machine(changes)
        return {f.name: f for check in doctor_checks.TREE_CHECKS for f in check(tree)}

    def seen(self, name, level, changes, *parts):
        finding = self.findings(changes)[name]
        self.assertEqual(finding.level, level, finding)
        for part in parts:
            self.assertIn(part, f"{finding.found} {finding.advice}")
        if level == "warn":
            self.assertTrue(finding.advice)


class Trees(MadeUp):
    def test_quiet_machine(self):
        self.assertEqual({n: f for n, f in self.findings({}).items() if f.level != "ok"}, {})

    def test_empty_root_is_unknown_not_a_crash(self):
        tree = system.Tree(self.root)
        found = [f for check in doctor_checks.TREE_CHECKS for f in check(tree)]
        self.assertEqual([f for f in found if f.level == "warn"], [])
        self.assertEqual(next(f for f in found if f.name == "governor").level, "note")

    def test_governor(self):
        self.seen("governor", "warn", {f"{CPU}/cpu1/cpufreq/scaling_governor": "powersave\n"},
                  "powersave on 1 of 4 CPUs", "echo performance | sudo tee")

    def test_governor_of_forbidden_cpus_does_not_matter(self):
        self.seen("governor", "ok", {"proc/self/status": "Cpus_allowed_list:\t0,2-3\n",
                                     f"{CPU}/cpu1/cpufreq/scaling_governor": "powersave\n"})

    def test_no_cpufreq(self):
        governors = {f"{CPU}/cpu{n}/cpufreq/scaling_governor": None for n in range(4)}
        self.seen("governor", "note", governors, "unknown")

    def test_turbo(self):
        self.seen("turbo", "note", {f"{CPU}/intel_pstate/no_turbo": "0"}, "no_turbo")
        (self.root / CPU / "intel_pstate/no_turbo").unlink()
        self.seen("turbo", "note", {f"{CPU}/intel_pstate/no_turbo": None,
                                    f"{CPU}/cpufreq/boost": "1"}, "boost")

    def test_hypervisor(self):
        self.seen("hypervisor", "warn", {"proc/cpuinfo": "flags : fpu hypervisor\n",
                                         "sys/class/dmi/id/sys_vendor": "QEMU\n"}, "QEMU", "hop_ns")

    def test_smt(self):
        self.seen("smt", "note", {f"{CPU}/smt/active": "1"}, "--placement cores")

    def test_load(self):
        self.seen("load", "warn", {"proc/loadavg": "2.01 1 1 1/1 1"}, "2.01 on 4 CPUs")
        self.seen("load", "ok", {"proc/loadavg": "2.00 1 1 1/1 1"})

    def test_quota_v2_of_a_parent(self):
        self.seen("cpu_quota", "warn", {"proc/self/cgroup": "0::/a/b\n",
                                        "sys/fs/cgroup/a/cpu.max": "150000 100000\n",
                                        "sys/fs/cgroup/a/b/cpu.max": "max 100000\n"},
                  "1.50 CPUs of 4", "--threads up to 1")

    def test_quota_v2_in_a_container(self):
        mount = "30 24 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"
        for own in ("/", "/docker/abc", "/../../other"):
            with self.subTest(own=own):
                self.seen("cpu_quota", "warn", {"proc/self/mountinfo": mount,
                                                "proc/self/cgroup": f"0::{own}\n",
                                                "sys/fs/cgroup/cpu.max": "20000 100000\n"},
                          "0.20 CPUs")

    def test_quota_v1_beside_v2(self):
        mounts = ("30 24 0:26 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
                  "31 24 0:27 / /sys/fs/cgroup/cpu rw shared:1 - cgroup cgroup rw,cpu,cpuacct\n")
        changes = {"proc/self/mountinfo": mounts,
                   "proc/self/cgroup": "4:cpu,cpuacct:/x\n1:name=systemd:/\n0::/\n",
                   "sys/fs/cgroup/cpu/x/cpu.cfs_quota_us": "250000\n",
                   "sys/fs/cgroup/cpu/x/cpu.cfs_period_us": "100000\n",
                   "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
                   "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n"}
        self.seen("cpu_quota", "warn", changes, "2.50 CPUs")

    def test_cpuset(self):
        self.seen("cpuset", "note", {"proc/self/status": "Cpus_allowed_list:\t1,3\n"}, "2 of 4")
        self.seen(
    "cpuset", "warn", {
        "proc/self/status": "Cpus_allowed_list:\t1\n"}, "one usable CPU")

    def test_memory(self):
        self.seen(
    "swap", "note", {
        "proc/meminfo": "SwapTotal: 4096 kB\nSwapFree: 2048 kB\n"}, "2 MiB")
        self.seen("huge_pages", "note",
                  {"sys/kernel/mm/transparent_hugepage/enabled": "[always] madvise never"},
                  "madvise")
        self.seen("numa_balancing", "note",
                  {"proc/sys/kernel/numa_balancing": "1", "sys/devices/system/node/node0/x": "",
                   "sys/devices/system/node/node1/x": ""}, "sysctl")

    def test_isolation(self):
        self.seen("isolated_cpus", "note", {f"{CPU}/isolated": "\n"}, "isolcpus=2-3")
        self.seen(
    "isolated_cpus", "ok", {
        f"{CPU}/isolated": "\n", f"{CPU}/online": "0-1"}, "too few")

    def test_clocksource(self):
        name = "sys/devices/system/clocksource/clocksource0/current_clocksource"
        self.seen("clocksource", "warn", {name: "hpet"}, "hpet")
        self.seen("clocksource", "note", {name: "kvm-clock"})
        self.seen("clocksource", "ok", {name: "arch_sys_counter"})

    def test_timer_slack(self):
        self.seen("timer_slack", "note", {"proc/self/timerslack_ns": "50000"}, "50 us")

    def test_perf(self):
        self.seen("perf", "note", {"proc/sys/kernel/perf_event_paranoid": "3"}, "sysctl")
        (self.root / "sys/bus/event_source/devices/cpu/type").unlink()
        (self.root / "sys/bus/event_source/devices/cpu").rmdir()
        self.seen("perf",
    "note",
    {"sys/bus/event_source/devices/cpu/type": None},
     "no hardware counters")

    def test_heat_and_power(self):
        found = self.findings({f"{CPU}/cpu0/thermal_throttle/core_throttle_count": "3",
                               "sys/class/power_supply/AC/type": "Mains",
                               "sys/class/power_supply/AC/online": "0"})
        self.assertEqual((found["thermal"].level, found["power"].level), ("note", "warn"))

    def test_mitigations(self):
        on = {f"{CPU}/vulnerabilities/spectre_v2": "Mitigation: Retpolines"}
        self.seen("mitigations", "note", on, "1 on: spectre_v2")

    def test_limits(self):
        text = QUIET["proc/self/limits"].replace("95000  ", "20     ", 1)
        self.seen("limits", "warn", {"proc/self/limits": text}, "processes 20", "ulimit -u")


class Processes(MadeUp):
    def stat(self, pid, name, ticks, start=5):
        path = self.root / "proc" / str(pid) / "stat"
        path.parent.mkdir(parents=True, exist_ok=True)
        fields = ["S"] + ["0"] * 10 + [str(ticks), "0"] + ["0"] * 6 + [str(start)] + ["0"] * 5
        path.write_text(f"{pid} ({name}) {' '.join(fields)}\n")

    def test_busy(self):
        hostile = "x) S 1 2 (\x1b[31m"
        self.stat(10, "idle", 100)
        self.stat(11, hostile, 100)
        self.stat(12, "me", 0)
        self.stat(13, "reused", 500, start=5)
        before = system.process_times(self.tree())
        self.stat(11, hostile, 125)
        self.stat(12, "me", 30)
        self.stat(13, "reused", 1, start=9)  # another process under an old number
        self.stat(14, "new", 15)
        after = system.process_times(self.tree())
        self.assertEqual(system.busy(before, after, 0.3, 100, without=(12,)),
                         [(hostile, 25 / 100 / 0.3)])

    def test_findings(self):
        (loud,) = doctor_checks.processes([("cc1", 0.9), ("sshd", 0.04)])
        self.assertEqual(loud.level, "warn")
        self.assertIn("cc1 90 %", loud.found)
        self.assertNotIn("sshd", loud.found)
        (still,) = doctor_checks.processes([("sshd", 0.04)])
        self.assertEqual(still.level, "ok")

    def test_steal(self):
        (now,) = doctor_checks.steal((1000, 0), (1060, 3), (1060, 3))
        (boot,) = doctor_checks.steal((1000, 20), (1060, 20), (1060, 20))
        (none,) = doctor_checks.steal((1000, 0), (1060, 0), (1060, 0))
        (unknown,) = doctor_checks.steal(None, None, None)
        self.assertEqual([f.level for f in (now, boot, none, unknown)],
                         ["warn", "note", "ok", "note"])

    def test_jiffies(self):
        self.machine({"proc/stat": "cpu  10 20 30 40 5 6 7 8 0 0\ncpu0 1\n"})
        self.assertEqual(system.cpu_jiffies(self.tree()), (126, 8))


class Builds(unittest.TestCase):
    def level(self, *arguments):
        (finding,) = doctor_checks.build(*arguments)
        return finding.level, finding.blocking

    def test_build(self):
        def compiler(**facts):
            return {"compiler": {"name": "gcc", "version": "12", "flags": "-O2", **facts}}

        self.assertEqual(self.level(["bench_counter"], None), ("warn", True))
        self.assertEqual(self.level([], None), ("warn", True))
        self.assertEqual(self.level([], compiler(build_type="Release")), ("ok", False))
        self.assertEqual(self.level([], compiler(build_type="Debug")), ("warn", False))
        self.assertEqual(self.level([], compiler(build_type="Release", flags="-fsanitize=thread")),
                         ("warn", False))

    def test_peers(self):
        (finding,) = doctor_checks.peers(["go 1.26.8"], ["not built: ck (libck-dev not found)"])
        self.assertEqual(finding.level, "note")
        self.assertIn("go 1.26.8; not built: ck (libck-dev not found)", finding.found)
        self.assertIn("scripts/run --with-peers", finding.advice)
        self.assertEqual([f.level for f in doctor_checks.peers(["go 1.26.8"], [])], ["ok"])
        self.assertEqual(list(doctor_checks.peers([], [])), [])

    def test_packages(self):
        (finding,) = doctor_checks.packages(["gnuplot-nox", "libcjson-dev"])
        self.assertEqual(finding.level, "note")
        self.assertTrue(finding.advice.endswith("apt-get install --no-install-recommends "
                                                "gnuplot-nox libcjson-dev"))
        self.assertEqual(next(doctor_checks.packages([])).level, "ok")

    def test_package_list(self):
        self.assertIn(("gnuplot-nox", "gnuplot"), packages.needed("run"))
        self.assertIn(("libhwloc-dev", None), packages.needed("run"))
        self.assertEqual(set(packages.needed("run")) - set(packages.needed("test")), set())

    def test_disk(self):
        with tempfile.TemporaryDirectory() as folder:
            (finding,) = doctor_checks.disk(os.path.join(folder, "not", "yet"))
            self.assertFalse(finding.blocking)
            self.assertIn(folder, finding.found)
        (finding,) = doctor_checks.disk("/proc/results")
        self.assertTrue(finding.blocking)


class Command(RunCase):
    def doctor(self, *argv, **options):
        return self.contend("doctor", "--out", str(self.scratch), *argv, **options)

    def test_text(self):
        result = self.doctor()
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertRegex(result.stdout, r"(?m)^ok    build +Release, gcc")

    def test_json(self):
        answer = json.loads(self.doctor("--json").stdout)
        levels = [f["level"] for f in answer["findings"]]
        self.assertEqual(answer["worst"], levels[0])
        self.assertEqual(
    levels,
    sorted(
        levels,
        key=lambda level: -
        doctor_checks.LEVELS.index(level)))

    def test_self_test(self):
        self.assertIn("gate skew p50 90 ns", self.doctor("--self-test").stdout)
        answer = json.loads(self.doctor("--self-test", "--json").stdout)
        self.assertEqual(answer["self_test"], {"gate_skew_p50_ns": 90})

    def test_nothing_built(self):
        result = self.doctor(env=self.environment(CONTEND_BIN=str(self.scratch / "no")))
        self.assertEqual(result.returncode, 4)
        self.assertIn("not built: " + " ".join([f.binary for f in FAMILIES.values()] + ["contend_host"]), result.stdout)


if __name__ == "__main__":
    unittest.main()
