"""The compiled programs: where they are, and asking them things."""

import json
import os
import pathlib
import subprocess

from contendlib.errors import EnvironmentProblem, InputError, UsageError

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
HOST = "contend_host"
ANSWER_TIMEOUT_S = 120

BUILD_FIRST = "build first: scripts/run or cmake --build --preset release"


def folder():
    return pathlib.Path(os.environ.get("CONTEND_BIN") or ROOT / "build" / "release" / "bin")


def find(name):
    """The absolute path of a binary; EnvironmentProblem, with what to do, if it is not there."""
    path = pathlib.Path(os.path.abspath(folder() / name))
    if not path.is_file():
        raise EnvironmentProblem(f"{name} is not in {folder()}; {BUILD_FIRST}")
    if not os.access(path, os.X_OK):
        raise EnvironmentProblem(f"{path} cannot be executed; {BUILD_FIRST}")
    return str(path)


def ask(name, *arguments):
    """The JSON object that a binary prints, or its complaint as an error."""
    argv = [find(name), *arguments]
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              timeout=ANSWER_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise EnvironmentProblem(
            f"{name} {arguments[0]} gave no answer in {ANSWER_TIMEOUT_S} s") from None
    except OSError as error:
        raise EnvironmentProblem(f"{argv[0]} does not start: {error.strerror}") from None
    if done.returncode != 0:
        raise _complaint(name, arguments, done)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise EnvironmentProblem(f"{name} {arguments[0]} printed no JSON object; {BUILD_FIRST}")
    return answer


def _complaint(name, arguments, done):
    lines = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if line.strip()]
    if done.returncode == 2 and lines:  # usage: the binary knows best what is wrong
        return UsageError(lines[-1].removeprefix("contend: "))
    if done.returncode == 3 and lines:  # bad input, and it has named the file
        return InputError(lines[-1].removeprefix("contend: "))
    how = (f"died by signal {-done.returncode}" if done.returncode < 0
           else f"ended with {done.returncode}")
    last = f": {lines[-1].removeprefix('contend: ')}" if lines else ""
    return EnvironmentProblem(f"{name} {arguments[0]} {how}{last}")
