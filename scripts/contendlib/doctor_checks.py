"""What makes measurements worse, one function a cause. Each yields Findings and changes nothing."""

import os
import resource
from dataclasses import dataclass

from contendlib import system

LEVELS = ("ok", "note", "warn")
CPU = "/sys/devices/system/cpu"


@dataclass(frozen=True)
class Finding:
    name: str
    level: str
    found: str
    advice: str = ""
    blocking: bool = False  # nothing can be measured while this is so


def ok(name, found):
    return Finding(name, "ok", found)


def note(name, found, advice=""):
    return Finding(name, "note", found, advice)


def warn(name, found, advice, blocking=False):
    return Finding(name, "warn", found, advice, blocking)


def listed(items, limit=6):
    items = list(items)
    more = f" and {len(items) - limit} more" if len(items) > limit else ""
    return ", ".join(items[:limit]) + more


def governor(tree):
    cpus = system.allowed_cpus(tree) or system.online_cpus(tree) or set()
    files = {n: tree.text(f"{CPU}/cpu{n}/cpufreq/scaling_governor") for n in sorted(cpus)}
    known = {n: g for n, g in files.items() if g}
    if not known:
        yield note("governor", "unknown: this machine does not show CPU frequencies",
                   "look at freq_mhz and freq_drift_pct in the rows: they are measured")
    elif other := sorted({g for g in known.values() if g != "performance"}):
        slow = sum(g != "performance" for g in known.values())
        yield warn("governor", f"{listed(other)} on {slow} of {len(files)} CPUs",
                   f"echo performance | sudo tee {CPU}/cpu*/cpufreq/scaling_governor")
    else:
        yield ok("governor", "performance")


def turbo(tree):
    no_turbo = tree.number(f"{CPU}/intel_pstate/no_turbo")
    boost = tree.number(f"{CPU}/cpufreq/boost")
    if no_turbo == 0:
        yield note("turbo", "on: the clock depends on how many cores work and how warm they are",
                   f"echo 1 | sudo tee {CPU}/intel_pstate/no_turbo")
    elif no_turbo is None and boost == 1:
        yield note("turbo", "on: the clock depends on how many cores work and how warm they are",
                   f"echo 0 | sudo tee {CPU}/cpufreq/boost")
    elif no_turbo is None and boost is None:
        yield note("turbo", "unknown: no switch for it in /sys",
                   "the firmware may have one; freq_mhz in the rows is measured")
    else:
        yield ok("turbo", "off")


def hypervisor(tree):
    flags = (tree.field("/proc/cpuinfo", "flags") or "").split()
    vendor = tree.text("/sys/class/dmi/id/sys_vendor")
    kind = tree.text("/sys/hypervisor/type")
    if "hypervisor" in flags or kind:
        who = kind or vendor or "vendor unknown"
        yield warn("hypervisor", f"virtual machine ({who}): the host can move virtual CPUs, which "
                   "changes contended numbers several times over",
                   "compare contestants of one run only (contend ratio) and look at hop_ns in the "
                   "rows; for figures to publish, use a bare machine")
    elif flags:
        yield ok("hypervisor", "none seen")
    else:
        yield note("hypervisor", "unknown: /proc/cpuinfo has no flags line")


def smt(tree):
    active = tree.number(f"{CPU}/smt/active")
    if active == 1:
        yield note("smt", "on: two workers can share one core",
                   "--placement cores keeps them apart, --placement smt puts them together")
    elif active == 0:
        yield ok("smt", "off")
    else:
        yield note("smt", "unknown", "contend plan shows which CPUs share a core")


def load(tree):
    text, cpus = tree.text("/proc/loadavg"), system.online_cpus(tree)
    if not text or not cpus:
        yield note("load", "unknown")
        return
    load1 = float(text.split()[0])
    if load1 > 0.5 * len(cpus):
        yield warn("load", f"{load1:g} on {len(cpus)} CPUs over the last minute",
                   "stop what else is running, or wait a minute if it has just ended")
    else:
        yield ok("load", f"{load1:g} on {len(cpus)} CPUs")


def quota(tree):
    cpus, allowed = system.cpu_quota(tree), system.allowed_cpus(tree)
    if cpus is None:
        yield ok("cpu_quota", "none")
    else:
        of = f" of {len(allowed)}" if allowed else ""
        yield warn("cpu_quota", f"the cgroup gets {cpus:.2f} CPUs{of}: windows are interrupted",
                   "lift it (docker --cpus, Kubernetes limits, systemd CPUQuota); "
                   f"else --threads up to {max(1, int(cpus))}")


def cpuset(tree):
    allowed, online = system.allowed_cpus(tree), system.online_cpus(tree)
    if allowed is None or online is None:
        yield note("cpuset", "unknown")
    elif len(allowed) == 1:
        wider = "; widen the cpuset (taskset, docker --cpuset-cpus)" if len(online) > 1 else ""
        yield warn("cpuset", f"one usable CPU of {len(online)}: nothing can run at the same time",
                   f"all contended numbers will be oversubscribed ones{wider}")
    elif allowed < online:
        yield note("cpuset", f"{len(allowed)} of {len(online)} CPUs may be used",
                   "widen it (taskset, docker --cpuset-cpus) if all were meant")
    else:
        yield ok("cpuset", f"all {len(online)} CPUs may be used")


def processes(shares):
    loud = [(name, share) for name, share in shares if share >= 0.05]
    if loud:
        text = listed((f"{name} {share * 100:.0f} %" for name, share in loud), 5)
        yield warn("busy_processes", f"{text} of a CPU", "stop them while measuring")
    else:
        yield ok("busy_processes", "none above 5 % of a CPU")


def steal(before, after, since_boot):
    if before is None or after is None:
        yield note("steal", "unknown")
        return
    total, stolen = (after[0] - before[0], after[1] - before[1])
    boot = 100 * since_boot[1] / since_boot[0] if since_boot[0] else 0
    if total > 0 and stolen / total > 0.01:
        yield warn("steal", f"{100 * stolen / total:.0f} % just now: the host runs others here",
                   "measure at another hour, or on a dedicated host")
    elif boot > 1:
        yield note("steal", f"{boot:.1f} % since boot",
                   "rows with steal are flagged; use a dedicated host")
    else:
        yield ok("steal", "none to speak of")


def memory(tree):
    total, free = (int((tree.field("/proc/meminfo", key) or "0").split()[0])
                   for key in ("SwapTotal", "SwapFree"))
    if total > free:
        yield note("swap", f"{(total - free) // 1024} MiB are swapped out",
                   "sudo swapoff -a while measuring, if memory allows")
    else:
        yield ok("swap", "unused" if total else "none")
    thp = tree.text("/sys/kernel/mm/transparent_hugepage/enabled")
    if thp and "[always]" in thp:
        yield note("huge_pages", "always on: what memory costs varies with luck",
                   "echo madvise | sudo tee /sys/kernel/mm/transparent_hugepage/enabled")
    elif thp:
        yield ok("huge_pages", thp)
    nodes = [n for n in tree.names("/sys/devices/system/node") if n.startswith("node")]
    if tree.number("/proc/sys/kernel/numa_balancing") == 1 and len(nodes) > 1:
        yield note("numa_balancing", "on: the kernel moves pages between nodes",
                   "sudo sysctl kernel.numa_balancing=0")


def isolation(tree):
    isolated = system.cpu_list(tree.text(f"{CPU}/isolated"))
    online = system.online_cpus(tree) or set()
    if isolated:
        yield ok("isolated_cpus", f"{len(isolated)} CPUs isolated from the scheduler")
    elif len(online) < 4:
        yield ok("isolated_cpus", f"none, and {len(online)} CPUs are too few to set some aside")
    else:
        last = max(online)
        apart = f"{len(online) // 2}-{last}"
        yield note("isolated_cpus", "none: interrupts and other tasks share every CPU",
                   f"for the quietest runs boot with isolcpus={apart} nohz_full={apart} "
                   f"rcu_nocbs={apart} and run under taskset -c {apart}")


def timer_slack(tree):
    slack = tree.number("/proc/self/timerslack_ns")
    if slack is not None and slack > 1000:
        yield note("timer_slack", f"{slack / 1000:g} us: most of the overshoot of short sleeps",
                   "nothing to do: it is every process's default, and machine/sleep measures it")
    elif slack is not None:
        yield ok("timer_slack", f"{slack} ns")


def clocksource(tree):
    source = tree.text("/sys/devices/system/clocksource/clocksource0/current_clocksource")
    if source in ("tsc", "arch_sys_counter", "riscv_clocksource", "timebase"):
        yield ok("clocksource", source)
    elif source in ("kvm-clock", "hyperv_clocksource_tsc_page"):
        yield note("clocksource", f"{source}: a little slower to read than tsc",
                   "clock_ns in latency rows says what a read costs")
    elif source:
        yield warn("clocksource", f"{source}: reading it may need a system call",
                   "boot with clocksource=tsc tsc=reliable if the CPU's TSC is invariant")
    else:
        yield note("clocksource", "unknown")


def perf(tree):
    devices = tree.names("/sys/bus/event_source/devices")
    if not any(d.startswith(("cpu", "armv8", "armv9")) for d in devices):
        yield note("perf", "no hardware counters here (usual in virtual machines)",
                   "nothing in the suite needs them; --benchmark_perf_counters will not work")
        return
    paranoid = tree.number("/proc/sys/kernel/perf_event_paranoid")
    if paranoid is not None and paranoid > 2:
        yield note("perf", f"closed to users (perf_event_paranoid = {paranoid})",
                   "for --benchmark_perf_counters: sudo sysctl kernel.perf_event_paranoid=2")
    else:
        yield ok("perf", "available")


def throttling(tree):
    counts = [tree.number(f"{CPU}/{n}/thermal_throttle/core_throttle_count") or 0
              for n in tree.names(CPU) if n[3:].isdigit()]
    if sum(counts):
        yield note("thermal", f"{sum(counts)} thermal slow-downs since boot",
                   "better cooling, or longer pauses; freq_drift_pct shows it")
    for name in tree.names("/sys/class/power_supply"):
        if tree.text(f"/sys/class/power_supply/{name}/type") == "Mains" and \
                tree.number(f"/sys/class/power_supply/{name}/online") == 0:
            yield warn("power", "running on battery", "plug it in")


def mitigations(tree):
    folder = f"{CPU}/vulnerabilities"
    on = [n for n in tree.names(folder)
          if (tree.text(f"{folder}/{n}") or "").startswith("Mitigation")]
    if on:
        yield note("mitigations", f"{len(on)} on: {listed(on, 20)}",
                   "they make system calls and wakes dearer; they are recorded, leave them on")
    else:
        yield ok("mitigations", "none on")


def limits(tree):
    """Limits of this process that a big sweep can run into."""
    wanted = {"Max processes": (4096, "-u"), "Max open files": (256, "-n"),
              "Max address space": (4 << 30, "-v"), "Max file size": (256 << 20, "-f")}
    low = []
    for line in (tree.text("/proc/self/limits") or "").splitlines():
        for name, (least, flag) in wanted.items():
            soft = line[len(name):].split()[:1] if line.startswith(name) else []
            if soft and soft[0].isdigit() and int(soft[0]) < least:
                low.append((f"{name[4:]} {soft[0]}", f"ulimit {flag} unlimited"))
    if low:
        yield warn("limits", f"low: {listed(text for text, _ in low)}",
                   "; ".join(command for _, command in low))
    else:
        yield ok("limits", "high enough")


def packages(missing):
    if missing:
        yield note("packages", f"not installed: {' '.join(missing)}",
                   f"sudo apt-get install --no-install-recommends {' '.join(missing)}")
    else:
        yield ok("packages", "all there")


def peers(found, absent):
    """Other people's libraries to compare with: `found` and `absent` are lines of text."""
    if absent:
        yield note("peers", f"{listed(found, 20) or 'none built'}; {'; '.join(absent)}",
                   "scripts/run --with-peers installs and builds them; nothing else needs them")
    elif found:
        yield ok("peers", listed(found, 20))


def disk(folder):
    """Room and permission where results go, asked of the nearest folder that exists."""
    folder = os.path.abspath(folder)
    existing = folder
    while not os.path.isdir(existing):
        existing = os.path.dirname(existing)
    state = os.statvfs(existing)
    free = state.f_bavail * state.f_frsize
    if state.f_flag & os.ST_RDONLY or not os.access(existing, os.W_OK | os.X_OK):
        yield warn("results_folder", f"{existing} cannot be written", "--out DIR", blocking=True)
    elif free < 4 << 20:
        yield warn("results_folder", f"{existing} is full ({free >> 10} KiB free)",
                   "make room, or --out DIR", blocking=True)
    elif free < 100 << 20:
        yield warn("results_folder", f"{free >> 20} MiB free at {existing}",
                   "a full sweep with charts can need more: make room, or --out DIR")
    else:
        yield ok("results_folder", f"{free >> 20} MiB free at {existing}")


def build(missing, environment):
    """The binaries: whether they are there, and whether they are fit to be timed."""
    if missing:
        yield warn("build", f"not built: {' '.join(missing)}",
                   "scripts/run, or cmake --preset release && cmake --build --preset release",
                   blocking=True)
        return
    if environment is None:
        yield warn("build", "contend_host environment failed", "contend_host environment says why",
                   blocking=True)
        return
    compiler = environment.get("compiler", {})
    kind, flags = str(compiler.get("build_type", "unknown")), str(compiler.get("flags", ""))
    if "-fsanitize" in flags:
        yield warn("build", "built with a sanitizer: every number is many times too high",
                   "unset CONTEND_BIN, or cmake --build --preset release")
    elif kind not in ("Release", "RelWithDebInfo"):
        yield warn("build", f"built as {kind}, not Release", "cmake --build --preset release")
    else:
        yield ok("build", f"{kind}, {compiler.get('name', '?')} {compiler.get('version', '?')}")


TREE_CHECKS = (governor, turbo, hypervisor, smt, load, quota, cpuset, memory, isolation,
               timer_slack, clocksource, perf, throttling, mitigations, limits)


def priority():
    """Whether this process is nicer than others: its workers inherit it."""
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    if nice > 0:
        yield warn("nice", f"this shell runs at nice {nice}: others go first",
                   "start it without nice")
    if resource.getrlimit(resource.RLIMIT_CPU)[0] != resource.RLIM_INFINITY:
        yield warn("cpu_time_limit", "a CPU time limit is set: it ends long sweeps",
                   "ulimit -t unlimited")
