"""A small valid run folder for tests: CSV files, footers and environment.json, made from a seed."""

import json
import os
import random
import zlib

from contendlib import schema

RUN_ID = "20261121T092419Z-1a2b3c4-beef"
SLUG = "amd-epyc-f25m17"

# contestant: (ns at one thread, growth a thread); made up, but of the right order
COUNTER = {"null": (0.3, 0.0), "racy": (1.2, 3.0), "atomic_add": (5.0, 18.0),
           "cas_loop": (8.0, 40.0), "sharded": (5.5, -1.0), "ref": (12.0, 60.0),
           "pthread_adaptive": (13.0, 50.0), "pthread_spin": (9.0, 70.0), "ticket": (10.0, 55.0),
           "mcs": (12.0, 45.0), "mutex_go": (11.0, 40.0)}
MIXED = ("ref", "pthread_rwlock", "mutex_go", "rwmutex_go")


def cells(family, **values):
    """A row as {column: text}; columns not given are empty. Valid where the arguments are."""
    row = dict.fromkeys(schema.header(family), "")
    row.update(schema_version=str(schema.SCHEMA_VERSION), run_id=RUN_ID, family=family, contestant="atomic_add",
               workload="inc", exec="thread", placement="compact", threads="1", rep="0",
               verified="1", noise="ok")
    unknown = set(values) - set(row)
    if unknown:
        raise KeyError(f"no column {unknown}")
    row.update((name, "" if value is None else str(value)) for name, value in values.items())
    return row


def measured(rng, ns, noise=0.02):
    """The cells of a throughput window that took about `ns` an operation."""
    ns = round(ns * rng.lognormvariate(0, noise), 4)
    ops = int(50e6 / ns)
    return {"ops": ops, "window_ns": 50_000_000, "ops_per_s": round(1e9 / ns, 1), "ns_per_op": ns,
            "overlap_ratio": 0.998, "start_skew_ns": 350, "fairness_jain": 0.97,
            "fairness_min_max": round(rng.uniform(0.7, 1), 3), "voluntary_switches": 0,
            "involuntary_switches": 0, "migrations": 0, "steal_pct": 0, "other_cpu_pct": 0.4,
            "run_delay_pct": 0, "freq_mhz": 2599.8, "freq_drift_pct": 0.1, "throttled": 0,
            "attempts": 1}


def counter_rows(reps=8, seed=1, threads=(1, 2, 4), cores=2):
    """inc and mixed throughput windows, latency windows, one noisy row and one failed row."""
    rng, rows = random.Random(seed), []

    def settings(t):
        return {"threads": t, "flags": "oversubscribed" if t > cores else "",
                "hop_ns": 48.5 if t > 1 else None, "hop_after_ns": 49 if t > 1 else None}

    for rep in range(reps):
        for t in threads:
            for name, (base, growth) in COUNTER.items():
                ns = max(0.2, base + growth * (t - 1) / 2) if name != "null" else base / t
                row = cells("counter", contestant=name, rep=rep, p_hold_ns=0, p_think_ns=0,
                            p_sample_every=0, **settings(t), **measured(rng, ns))
                if name == "racy" and t > 1:
                    row.update(verified="0", lost_pct="31.5",
                               flags=";".join(filter(None, (row["flags"], "lossy"))))
                rows.append(row)
            for name in MIXED:
                for reads in (0, 50, 90, 99, 100):
                    ns = 40 + 20 * t - (0.3 * reads if "rw" in name else 0)
                    rows.append(cells("counter", contestant=name, workload="mixed", rep=rep,
                                      p_read_pct=reads, p_hold_ns=100, p_think_ns=200,
                                      p_sample_every=0, **settings(t), **measured(rng, ns)))
            for name in ("ref", "mutex_go"):
                rows.append(cells("counter", contestant=name, rep=rep, p_hold_ns=0, p_think_ns=0,
                                  p_sample_every=64, **settings(t), ops=900_000,
                                  window_ns=50_000_000, latency_p50_ns=55, latency_p99_ns=900,
                                  latency_p999_ns=21000, latency_max_ns=130000,
                                  latency_samples=14062, clock_ns=21.5, attempts=1))
    rows[0]["noise"] = "noisy"
    rows[0]["flags"] = "involuntary"
    bad = next(r for r in rows if r["contestant"] == "cas_loop")
    for name in schema.metric_names("counter"):
        bad[name] = ""
    bad.update(verified="0", noise="", flags="failed;stuck")
    return rows


def machine_rows(reps=6, seed=2, cpus=(0, 1, 2, 3)):
    rng, rows = random.Random(seed), []
    alone = {"atomic_add": 5.1, "cas": 5.4, "exchange": 5.0, "fence": 8.2, "load_store": 0.6,
             "clock": 21.5, "tsc": 9.0, "pause": 11.0, "sched_yield": 310.0}

    def latencies(ns):
        return {"latency_p50_ns": round(ns), "latency_p99_ns": round(ns * 3),
                "latency_p999_ns": round(ns * 7), "latency_max_ns": round(ns * 9),
                "latency_samples": 500, "clock_ns": 21.5}

    for rep in range(reps):
        for name, ns in alone.items():
            rows.append(cells("machine", contestant=name, workload="uncontended", rep=rep,
                              **measured(rng, ns)))
        for a in cpus:
            for b in cpus:
                if a < b:
                    rows.append(cells("machine", contestant="hop", workload="core_to_core", rep=rep,
                                      threads=2, p_cpu_a=a, p_cpu_b=b,
                                      ns_per_op=round(45 + 8 * (b - a) + rng.random(), 2)))
        for workload in ("same_core", "other_core"):
            for idle in (0, 100, 1000):
                ns = 3500 + 20 * idle + rng.randrange(200)
                rows.append(cells("machine", contestant="futex_wake", workload=workload, rep=rep,
                                  threads=2, p_idle_us=idle, ns_per_op=ns, **latencies(ns)))
        rows.append(cells("machine", contestant="thread_create", workload="join", rep=rep,
                          **measured(rng, 17000)))
        for sleep in (20, 100, 1000):
            rows.append(cells("machine", contestant="sleep", workload="overshoot", rep=rep,
                              p_sleep_us=sleep, **latencies(52000 + rng.randrange(900))))
        rows.append(cells("machine", contestant="frequency", workload="measured", rep=rep,
                          freq_mhz=2600.2))
    return rows


def other_rows(family, reps=6, seed=4):
    """A family that no test looks into: two contestants, one workload."""
    rng = random.Random(seed)
    return [cells(family, contestant=name, workload="any", rep=rep, **measured(rng, ns))
            for rep in range(reps) for name, ns in (("null", 1.0), ("own", 20.0))]


def control_rows(aa=20, slow=10, twice=3, reps=8, seed=3, noise=0.005, slow_factor=1.10,
                 twice_factor=2.0):
    rng, rows = random.Random(seed), []
    pair = 0
    for work, count, factor in ((100, aa, 1.0), (110, slow, slow_factor),
                                (200, twice, twice_factor)):
        for _ in range(count):
            pair += 1
            for rep in range(reps):
                for name, ns in (("a", 100.0), ("b", 100.0 * factor)):
                    rows.append(cells("control", contestant=name, workload="spin", rep=rep,
                                      p_pair=pair, p_work_pct=work, **measured(rng, ns, noise)))
    return rows


def environment(run_id=RUN_ID):
    return {"schema_version": 1, "run_id": run_id, "time_utc": "2026-11-21T09:24:19Z",
            "trust": "low", "trust_reasons": ["hypervisor"],
            "suite": {"commit": "1a2b3c4d5e", "dirty": False, "version": "0.1.0"},
            "cpu": {"vendor": "AuthenticAMD", "family": 25, "model": 17, "stepping": 1,
                    "name": "AMD EPYC 9R14", "slug": SLUG, "microcode": "unknown",
                    "base_mhz": "unknown", "max_mhz": "unknown", "scaling_driver": "unknown",
                    "governor": "unknown", "epp": "unknown", "boost": "unknown",
                    "tsc_mhz": 2600.0, "tsc_invariant": True},
            "topology": {"packages": 1, "dies": 1, "l3_groups": 1, "numa_nodes": 1, "cores": 2,
                         "pus": 2, "smt": 1, "allowed_pus": 2, "usable_pus": 2, "usable_cores": 2,
                         "cpuset_list": "0-1", "line_size": 64,
                         "caches": [{"level": 1, "type": "data", "size_bytes": 32768,
                                     "shared_by": 1}],
                         "kinds": [{"pus": "0-1", "efficiency": 0}]},
            "limits": {"cpu_quota": "none", "cpuset": "0-1"},
            "host": {"hypervisor": "kvm", "dmi": "unknown", "container": "none"},
            "kernel": {"release": "6.1.0-18-amd64", "version": "#1 SMP", "preempt": "voluntary",
                       "hz": 250, "mitigations": {"spectre_v2": "Mitigation: Retpolines"},
                       "thp": "madvise", "aslr": 2, "sched_class": "other", "isolcpus": "",
                       "nohz_full": "", "clocksource": "tsc"},
            "libc": {"name": "glibc", "version": "2.36"},
            "compiler": {"name": "gcc", "version": "12.2.0", "flags": "-O2", "march": "native",
                         "lto": False, "build_type": "Release"},
            "libraries": {"google_benchmark": "1.7.1", "hwloc": "2.9.0", "cjson": "1.7.15"},
            "load": {"load1": 0.1, "load5": 0.2, "load15": 0.2},
            "clock": {"source": "tsc", "cost_ns": 21.5}, "page_size": 4096}


def csv_text(family, rows):
    """The file of these rows, with the columns of the version that they say."""
    names = schema.header(family, int(rows[0]["schema_version"]))
    lines = [",".join(names)] + [",".join(row[name] for name in names) for row in rows]
    return "\n".join(lines) + "\n"


def write(path, content):
    with open(path, "wb") as stream:
        stream.write(content.encode() if isinstance(content, str) else content)


def footer(family, content, **changed):
    """The footer of a complete file with these bytes; `changed` overrides what it says."""
    content = content.encode() if isinstance(content, str) else content
    made = {"schema_version": 1, "file": f"{family}.csv", "complete": True, "reason": "finished",
            "rows": content.count(b"\n") - 1, "bytes": len(content),
            "crc32": f"{zlib.crc32(content):08x}"}
    return made | changed


def write_table(directory, family, rows):
    """One CSV file and its footer."""
    text = csv_text(family, rows)
    write(os.path.join(directory, f"{family}.csv"), text)
    write(os.path.join(directory, f"{family}.footer.json"), json.dumps(footer(family, text)))


def write_run(directory, tables=None, run_id=RUN_ID, version=schema.SCHEMA_VERSION):
    """A whole run folder; `tables` is {family: rows}, by default counter, machine and control."""
    if tables is None:
        tables = {"counter": counter_rows(), "machine": machine_rows(), "control": control_rows()}
    os.makedirs(directory, exist_ok=True)
    for family, rows in tables.items():
        changed = {"run_id": run_id, "schema_version": str(version)}
        write_table(directory, family, [row | changed for row in rows])
    write(os.path.join(directory, "environment.json"), json.dumps(environment(run_id)))
    return directory
