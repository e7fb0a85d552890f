"""One CTest run over several builds: writes build/all/CTestTestfile.cmake for scripts/test.

    python3 -m contendlib.suite PRESET...

The tests of a preset are asked of CTest itself, get the preset's name in front (release goes
without), and keep their properties. So one closing summary counts them all. Where several run at
once, those that may take long begin first; those that need the machine to themselves are marked
RUN_SERIAL where they are defined.
"""

import json
import re
import shutil
import subprocess
import sys

from contendlib.binaries import ROOT

SHELL = ("scripts/run", "scripts/test", "scripts/deps.sh", ".ci/run")
CLANG_FORMAT = 14  # other versions break lines elsewhere
# Names that other tests refer to: they get the same prefix, so that presets stay apart.
NAMES = ("DEPENDS", "FIXTURES_SETUP", "FIXTURES_REQUIRED", "FIXTURES_CLEANUP")


def quote(text):
    equals = "="
    while f"]{equals}]" in text:
        equals += "="
    return f"[{equals}[{text}]{equals}]"


def add(name, command, properties):
    lines = [f"add_test({quote(name)} {' '.join(map(quote, command))})"]
    if properties:
        pairs = " ".join(f"{key} {quote(value)}" for key, value in properties)
        lines.append(f"set_tests_properties({quote(name)} PROPERTIES {pairs})")
    return lines


def as_text(prefix, key, value):
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    if isinstance(value, list):
        return ";".join(f"{prefix}{v}" if key in NAMES else str(v) for v in value)
    return str(value)


def tests_of(preset):
    """The preset's tests under their new names. Sanitized builds change nothing for Python's."""
    argv = ["ctest", "--test-dir", str(ROOT / "build" / preset), "--show-only=json-v1"]
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
    prefix = "" if preset == "release" else f"{preset}."
    for test in json.loads(done.stdout)["tests"]:
        if prefix and test["name"].startswith("py_"):
            continue
        given = {p["name"]: p["value"] for p in test.get("properties", [])}
        given.setdefault("COST", given.get("TIMEOUT", 0))
        properties = [(key, as_text(prefix, key, value)) for key, value in given.items()]
        yield from add(prefix + test["name"], test["command"], properties)


def checks():
    """The form of the sources, where the tool that judges it is there."""
    sources = sorted(str(path) for folder in ("lib", "bench", "tests")
                     for path in (ROOT / folder).rglob("*") if path.suffix in (".c", ".h", ".cc"))
    formatter = shutil.which(f"clang-format-{CLANG_FORMAT}") or shutil.which("clang-format")
    if formatter and version(formatter) == CLANG_FORMAT:
        yield from add("check.format", [formatter, "--dry-run", "-Werror", *sources], [])
    else:
        print(f"contend: check.format left out: needs clang-format {CLANG_FORMAT}", file=sys.stderr)
    shell = [str(ROOT / name) for name in SHELL]
    if shellcheck := shutil.which("shellcheck"):
        yield from add("check.shell", [shellcheck, "-x", "-P", "SCRIPTDIR", *shell], [])
    else:
        print("contend: check.shell left out: shellcheck not found", file=sys.stderr)


def version(program):
    done = subprocess.run([program, "--version"], stdin=subprocess.DEVNULL, capture_output=True,
                          check=True)
    match = re.search(rb"version ([0-9]+)", done.stdout)
    return int(match[1]) if match else None


def main(presets):
    lines = list(checks())
    for preset in sorted(presets, key=lambda p: p == "release"):  # the longest last
        lines += tests_of(preset)
    folder = ROOT / "build" / "all"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "CTestTestfile.cmake").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
