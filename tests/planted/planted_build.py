"""Programs with a planted bug in them, built fast.

A build without any bug is made by the project's own build files. For each bug, only the files that
mention it, themselves or through what they include, are compiled again, and the program is linked
as it was, with the new objects in place of the old ones.
"""

import json
import os
import re
import shlex
import subprocess


class PlantedBuild:
    def __init__(self, folder, call, targets):
        """folder: configured, with Ninja; call: runs a command or raises; targets: the programs
        that build() will be asked for."""
        self.dir = folder
        self.call = call
        self.texts = {}
        self.links = {}
        call(["cmake", "--build", folder, "-j", "2", "--target", *targets])
        self.units = self._units()
        self.includes = self._includes()
        for target in targets:
            self.links[target] = self._link(target)

    def _units(self):
        """object file -> how it is compiled"""
        with open(os.path.join(self.dir, "compile_commands.json"), encoding="utf-8") as f:
            units = json.load(f)
        for unit in units:
            unit["words"] = shlex.split(unit["command"])
        return {u["words"][u["words"].index("-o") + 1]: u for u in units}

    def _ask(self, *words):
        done = subprocess.run(["ninja", "-C", self.dir, "-t", *words], stdout=subprocess.PIPE,
                              text=True, check=True)
        return done.stdout.splitlines()

    def _includes(self):
        """object file -> the files that it was made of"""
        files, current = {}, None
        for line in self._ask("deps"):
            if line.startswith(" "):
                files[current].append(line.strip())
            elif ":" in line:
                current = line.split(":")[0]
                files[current] = []
        return files

    def _link(self, target):
        """(the words that link it, the objects that are or may be in it)"""
        path = f"bin/{target}"
        lines = [shlex.split(line) for line in self._ask("commands", path)]
        words = next(w for w in lines if "-o" in w and w[w.index("-o") + 1] == path)
        words = words[words.index("&&") + 1:]  # `: && cc ... && :`
        words = words[:words.index("&&")]
        objects = [w for w in words if w in self.units]
        for line in lines:
            if "qc" not in line:  # `ar qc ARCHIVE OBJECT...`
                continue
            archive, *members = line[line.index("qc") + 1:]
            if archive in words:
                objects += [m for m in members if m in self.units]
        return words, objects

    def _mentions(self, path, name):
        path = os.path.join(self.dir, path)
        if path not in self.texts:
            with open(path, encoding="utf-8", errors="replace") as f:
                self.texts[path] = f.read()
        return re.search(rf"\bCT_PLANT_{name}\b", self.texts[path]) is not None

    def _affected(self, output, name):
        files = [self.units[output]["file"], *self.includes.get(output, [])]
        return any(self._mentions(f, name) for f in files if not f.startswith("/usr/"))

    def _compile(self, unit, name, output):
        words, old = [], iter(unit["words"])
        for word in old:
            if word in ("-MT", "-MF"):  # the build's own lists of dependencies stay as they are
                next(old)
            elif word != "-MD":
                words.append(word)
        words[words.index("-o") + 1] = output
        self.call([*words, f"-DCT_PLANT_{name}=1"], cwd=unit["directory"])

    def build(self, target, name, folder):
        """The program with the bug in it, in `folder`. None if no file of it mentions the bug."""
        words, objects = self.links[target]
        changed = {}
        for output in objects:
            if self._affected(output, name):
                changed[output] = os.path.join(folder, f"{target}.{len(changed)}.o")
                self._compile(self.units[output], name, changed[output])
        if not changed:
            return None
        program = os.path.join(folder, target)
        # A member of an archive is not taken from there once all that it defines is defined.
        members = [new for old, new in changed.items() if old not in words]
        words = [changed.get(w, w) for w in words]
        words[words.index("-o") + 1] = program
        first = next((i for i, w in enumerate(words) if w.endswith(".a")), len(words))
        self.call([*words[:first], *members, *words[first:]], cwd=self.dir)
        return program
