"""Programs of the simulator with a planted bug in them, built fast.

The simulator's client programs and what they test are some dozens of small files. One build
without any bug is made by the project's own build files; for each bug, only the files that mention
it, themselves or through what they include, are compiled again, and everything is linked anew.
"""

import json
import os
import re
import shlex
import subprocess
import tempfile

TARGETS = ("sim_explore", "ct_sync_sim", "ct_base_sim", "ct_sim")


class SimBuild:
    def __init__(self, build, call):
        """build: a configured folder; call: runs a command or raises."""
        self.dir = build
        self.call = call
        self.texts = {}
        call(["cmake", "--build", build, "-j", "2", "--target", "sim_explore"])
        self.units = [u for u in self._units() if self._target(u["output"]) in TARGETS]
        self.includes = self._includes()

    def _units(self):
        with open(os.path.join(self.dir, "compile_commands.json"), encoding="utf-8") as f:
            units = json.load(f)
        for unit in units:
            words = shlex.split(unit["command"])
            unit["words"] = words
            unit["output"] = words[words.index("-o") + 1]
        return units

    @staticmethod
    def _target(output):
        match = re.search(r"([^/]+)\.dir/", output)
        return match and match.group(1)

    def _includes(self):
        """object file -> the files that it was made of"""
        done = subprocess.run(["ninja", "-C", self.dir, "-t", "deps"], capture_output=True,
                              text=True, check=True)
        files, current = {}, None
        for line in done.stdout.splitlines():
            if line.startswith(" "):
                files[current].append(line.strip())
            elif ":" in line:
                current = line.split(":")[0]
                files[current] = []
        return files

    def _mentions(self, path, name):
        path = os.path.join(self.dir, path)
        if path not in self.texts:
            with open(path, encoding="utf-8", errors="replace") as f:
                self.texts[path] = f.read()
        return re.search(rf"\bCT_PLANT_{name}\b", self.texts[path]) is not None

    def _affected(self, unit, name):
        files = [unit["file"], *self.includes.get(unit["output"], [])]
        return any(self._mentions(f, name) for f in files
                   if not os.path.isabs(f) or not f.startswith("/usr/"))

    def build(self, name, folder):
        """The explorer with the bug in it, in `folder`. None if no file mentions the bug."""
        objects, changed = [], 0
        for number, unit in enumerate(self.units):
            if not self._affected(unit, name):
                objects.append(os.path.join(self.dir, unit["output"]))
                continue
            changed += 1
            output = os.path.join(folder, f"{number}.o")
            words = list(unit["words"])
            words[words.index("-o") + 1] = output
            self.call([*words, f"-DCT_PLANT_{name}=1"], cwd=unit["directory"])
            objects.append(output)
        if not changed:
            return None
        program = os.path.join(folder, "sim_explore")
        self.call([self.units[0]["words"][0], "-rdynamic", "-o", program, *objects,
                   "-lboost_context", "-ldl"])
        return program

    def programs(self):
        done = subprocess.run([os.path.join(self.dir, "bin", "sim_explore"), "list"],
                              capture_output=True, text=True, check=True)
        return {line.split()[0] for line in done.stdout.splitlines()}

    def folder(self):
        return tempfile.TemporaryDirectory(prefix="plant", dir=self.dir)


def reason(output):
    """(program, what it found), from the explorer's output"""
    table = re.findall(r"^(\S+) +(\S.*?) +(\d+) +(?:yes|no|-) +\d+ +[\d.]+  (.*)$", output, re.M)
    match = re.search(r"^  (\S+): ([A-Z ]+): (.*)$", output, re.M)
    if not match:
        return None, "failed without a report"
    program, verdict, message = match.groups()
    tried = next((f"{strategy} schedule {int(n):,}" for name, strategy, n, end in table
                  if name == program and end == verdict), "?")
    return program, f"{verdict.lower()} in {tried}: {message[:90]}"
