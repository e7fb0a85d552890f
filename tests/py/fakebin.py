"""Stand-ins for the compiled programs: they keep their contract, and misbehave on order.

A binary does what <bin>/<name>.json says, a list with one entry for each time that it measures (the
last entry stays):
    {"do": "finish"}                      all rows, complete footer
    {"do": "fail"}                        the same, exit 1
    {"do": "wait"}                        some rows, "ready" on stderr, ends at the first signal
    {"do": "stubborn"}                    the same, but no signal ends it
    {"do": "die", "signal": 11}           some rows, half a row, then that signal
    {"do": "exit", "code": 5}             some rows, incomplete footer, that code
    {"do": "refuse", "code": 2}           no file at all, that code
and appends its argv to <name>.argv, one JSON list a line. Waiting binaries note in <name>.signals
how many signals came within 0.3 s of the first.
"""

import json
import os
import pathlib
import stat
import sys

import fixture
from contendlib.families import FAMILIES

PROGRAM = r'''#!{python} -IS
import json, os, re, signal, sys, time, zlib

here, name = os.path.split(os.path.abspath(__file__))
argv = sys.argv[1:]


def note(suffix, value):
    with open(os.path.join(here, name + suffix), "a") as file:
        file.write(json.dumps(value) + "\n")


def value(option):
    return argv[argv.index(option) + 1] if option in argv else None


family = "control" if "--control" in argv else name.removeprefix("bench_")
with open(os.path.join(here, name + ".json")) as file:
    plan = json.load(file)

if "--list" in argv:
    print(json.dumps({{"family": family, "contestants": plan["contestants"],
                      "workloads": [{{"name": "inc", "params": {{"p_hold_ns": [0, 100]}}}}]}}))
    sys.exit(0)
if "--plan" in argv:
    pattern = value("--contestants")
    names = [c["name"] for c in plan["contestants"]]
    if pattern is not None and not any(re.fullmatch(pattern, n) for n in names):
        sys.stderr.write("contend: %s: nothing to measure is left\n" % name)
        sys.exit(2)
    print(json.dumps({{"placement": "compact", "plans": []}}))
    sys.exit(0)

note(".argv", argv)
order = plan["orders"][0]
if len(plan["orders"]) > 1:
    plan["orders"].pop(0)
    with open(os.path.join(here, name + ".json"), "w") as file:
        json.dump(plan, file)
what = order["do"]
if what == "refuse":
    sys.stderr.write("contend: %s refuses\n" % name)
    sys.exit(order["code"])

folder, run_id = value("--run-dir"), value("--run-id")
partial = os.path.join(folder, family + ".csv.partial")
with open(os.path.join(here, family + ".csv")) as file:
    lines = file.read().replace("RUNID", run_id).splitlines(True)
if os.path.exists(partial) != ("--resume" in argv):
    sys.stderr.write("contend: --resume and the partial file do not agree\n")
    sys.exit(5)


def footer(text, complete, reason):
    data = {{"schema_version": 1, "file": family + ".csv", "complete": complete, "reason": reason,
            "rows": max(0, text.count("\n") - 1), "bytes": len(text),
            "crc32": "%08x" % zlib.crc32(text.encode())}}
    with open(os.path.join(folder, family + ".footer.json"), "w") as file:
        json.dump(data, file)


def write(text):
    with open(partial, "w") as file:
        file.write(text)


footer("", False, "running")
with open(os.path.join(folder, "environment.json"), "w") as file:
    with open(os.path.join(here, "environment.json")) as source:
        file.write(source.read().replace("RUNID", run_id))
print("Google Benchmark's table")
some = "".join(lines[:4])
if what in ("finish", "fail"):
    text = "".join(lines)
    write(text)
    footer(text, True, "finished")
    os.rename(partial, partial.removesuffix(".partial"))
    for word in argv:
        if word.startswith("--benchmark_out="):
            with open(word.split("=", 1)[1], "w") as file:
                file.write("{{}}")
    sys.exit(what == "fail")
if what == "die":
    write(some + lines[4][:20])
    os.kill(os.getpid(), order["signal"])
write(some)
if what == "exit":
    footer(some, False, "output")
    sys.stderr.write("contend: %s.csv: cannot be written\n" % family)
    sys.exit(order["code"])
watched = {{signal.SIGINT, signal.SIGTERM, signal.SIGHUP}}
signal.pthread_sigmask(signal.SIG_BLOCK, watched)
sys.stderr.write("ready\n")
sys.stderr.flush()
first = signal.sigwait(watched)
while what == "stubborn":
    sys.stderr.write("ignored\n")
    sys.stderr.flush()
    signal.sigwait(watched)
count, end = 1, time.monotonic() + 0.3
while signal.sigtimedwait(watched, max(0, end - time.monotonic())):
    count += 1
note(".signals", count)
footer(some, False, "signal %d" % first)
sys.exit(128 + first)
'''

HOST = r'''#!{python} -IS
import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
if sys.argv[1] == "environment":
    changed = os.path.join(here, "host.json")
    with open(changed if os.path.exists(changed) else os.path.join(here, "environment.json")) as file:
        print(file.read())
elif sys.argv[1] == "plan":
    print(json.dumps(sys.argv[2:]))
    sys.exit(4 if "--threads" in sys.argv else 0)
elif sys.argv[1] == "self-test":
    print(json.dumps({{"gate_skew_p50_ns": 90}}) if "--json" in sys.argv else "gate skew p50 90 ns")
'''


def program(folder, name, text):
    path = pathlib.Path(folder, name)
    path.write_text(text.format(python=sys.executable), encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def order(folder, binary, *orders):
    """What the binary does the next times that it measures."""
    own = {"bench_counter": "atomic_add", "bench_machine": "hop"}.get(binary, "own")
    contestants = [{"name": "null", "source": "", "caps": ["FLOOR"], "house": False},
                   {"name": own, "source": "C11", "caps": [], "house": True}]
    orders = [{"do": o} if isinstance(o, str) else o for o in orders]
    fixture.write(os.path.join(folder, f"{binary}.json"),
                  json.dumps({"contestants": contestants, "orders": orders}))


def make(folder):
    """A folder of binaries that all do what they should."""
    os.makedirs(folder)
    tables = {family: fixture.other_rows(family) for family in FAMILIES}
    tables |= {"counter": fixture.counter_rows(reps=6, threads=(1, 2)),
               "machine": fixture.machine_rows(),
               "control": fixture.control_rows(aa=2, slow=1, twice=1)}
    for family, rows in tables.items():
        text = fixture.csv_text(family, [row | {"run_id": "RUNID"} for row in rows])
        fixture.write(os.path.join(folder, f"{family}.csv"), text)
    fixture.write(os.path.join(folder, "environment.json"),
                  json.dumps(fixture.environment("RUNID")))
    for family in FAMILIES.values():
        program(folder, family.binary, PROGRAM)
        order(folder, family.binary, "finish")
    program(folder, "contend_host", HOST)
    return folder


def machine(folder, **changed):
    """From now on contend_host environment says this beside what it says anyway."""
    fixture.write(os.path.join(folder, "host.json"), json.dumps(fixture.environment() | changed))


def argvs(folder, binary):
    """Every argv with which the binary measured."""
    path = pathlib.Path(folder, f"{binary}.argv")
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
