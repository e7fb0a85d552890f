"""The packages that scripts/packages.txt and packages-peers.txt name, and what is not there."""

import shutil
import subprocess

from contendlib.binaries import ROOT

LIST = ROOT / "scripts" / "packages.txt"
PEERS_LIST = ROOT / "scripts" / "packages-peers.txt"


def needed(purpose):
    """[(package, program that will do in its place or None)] for run, test or peers."""
    found = []
    path = PEERS_LIST if purpose == "peers" else LIST
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.partition("#")[0].split()
        if purpose in words[2:]:
            found.append((words[0], None if words[1] == "-" else words[1]))
    return found


def of_peers():
    """{peer: the Debian package that brings it}, in the list's order."""
    lines = (line.partition("#")[0].split()
             for line in PEERS_LIST.read_text(encoding="utf-8").splitlines())
    return {words[3]: words[0] for words in lines if len(words) > 3}


def missing(purpose):
    """Packages that are not there. Without dpkg only those that a program on PATH can speak for."""
    dpkg = shutil.which("dpkg-query")
    return [package for package, program in needed(purpose)
            if not (program and shutil.which(program))
            and (program if dpkg is None else not installed(dpkg, package))]


def installed(dpkg, package):
    done = subprocess.run([dpkg, "--show", "--showformat=${db:Status-Status}\n", "--", package],
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    return done.returncode == 0 and b"installed" in done.stdout.split()
