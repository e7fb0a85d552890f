"""The dispatcher: finds the command, and turns every foreseen failure into one line and a code."""

import argparse
import errno
import importlib
import os
import sys

from contendlib.errors import ContendError, UsageError
from contendlib.signals import Interrupted

# name: (module, what it is for). Modules are imported only when they are asked for.
COMMANDS = {
    "run": ("run", "measure; write the CSV, the charts and the report"),
    "list": ("listing", "families, contestants, workloads and parameters"),
    "plan": ("plan", "which worker goes to which CPU; runs nothing"),
    "doctor": ("doctor", "what on this machine makes numbers worse, and what to do"),
    "compare": ("compare", "two runs, point by point, with verdicts and a chart"),
    "ratio": ("ratio", "two contestants of one run, at given points"),
    "versus": ("versus", "our contestants against everyone else's, per point, in one run"),
    "control": ("control", "what the A/A pairs and the planted slow-downs showed"),
    "sizing": ("sizing", "how many workers a pool takes: measured, by rule, by law"),
    "plot": ("plot", "draw the charts of a run again"),
    "new": ("new", "the skeleton of a new contestant"),
    "report": ("report", "write the report of a run again"),
}

OUTPUT_ERRNOS = (errno.ENOSPC, errno.EROFS, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Parser(argparse.ArgumentParser):
    """argparse, with its errors as one line through the dispatcher's own way out."""

    def __init__(self, command):
        super().__init__(prog=f"contend {command}", allow_abbrev=False,
                         description=COMMANDS[command][1])
        self.command = command

    def error(self, message):
        raise UsageError(f"{self.command}: {message} (see contend {self.command} --help)")


def one_line(text):
    """The text with everything that could move a cursor or start a line written as an escape."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def overview():
    width = max(map(len, COMMANDS))
    lines = ["usage: contend COMMAND [options]", "",
             "What Go's concurrency patterns cost on this CPU.", ""]
    lines += [f"  {name:<{width}}  {about}" for name, (_, about) in COMMANDS.items()]
    lines += ["", "contend COMMAND --help shows the options of a command."]
    return "\n".join(lines)


def dispatch(argv):
    if not argv:
        raise UsageError(f"a command is needed: {', '.join(COMMANDS)}")
    name, rest = argv[0], argv[1:]
    if name in ("-h", "--help", "help"):
        print(overview())
        return 0
    if name not in COMMANDS:
        raise UsageError(f"unknown command '{name}', the commands are: {', '.join(COMMANDS)}")
    module = importlib.import_module(f"contendlib.{COMMANDS[name][0]}")
    parser = Parser(name)
    module.add_arguments(parser)
    # A module with a parse() of its own passes arguments on that argparse does not know.
    args = module.parse(parser, rest) if hasattr(module, "parse") else parser.parse_args(rest)
    return module.main(args)


def complain(line):
    try:
        print(one_line(line), file=sys.stderr, flush=True)
    except OSError:
        pass  # nobody is listening; the exit code still says it


def open_standard_files():
    """A file opened later must not become fd 1 and be written to by a child that prints."""
    for fd, mode, name in ((0, "r", "stdin"), (1, "w", "stdout"), (2, "w", "stderr")):
        try:
            os.fstat(fd)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, so this one
            setattr(sys, name, os.fdopen(fd, mode))
    # Names come from the command line and from files: never a UnicodeEncodeError over one.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")


def flush_stdout(code):
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        leave_closed_pipe()
    except OSError as error:
        complain(f"contend: cannot write output: {error.strerror}")
        leave_closed_pipe()
        return 5
    return code


def leave_closed_pipe():
    """What is still buffered goes nowhere: the interpreter's own flush must not fail again."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)


def main(argv):
    open_standard_files()
    try:
        return flush_stdout(dispatch(argv))
    except ContendError as error:
        code = flush_stdout(error.exit_code)
        complain(error.report())
        return code
    except BrokenPipeError:
        leave_closed_pipe()
        return 0  # the reader has what it wanted
    except Interrupted as error:
        return 128 + error.signum
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno in OUTPUT_ERRNOS:
            leave_closed_pipe()
            where = "output" if error.filename is None else os.fsdecode(error.filename)
            complain(f"contend: cannot write {where}: {error.strerror}")
            return 5
        where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
        complain(f"contend: {where}{error.strerror or error}")
        return 4
    except SystemExit as error:  # argparse after --help
        return flush_stdout(error.code if isinstance(error.code, int) else 2)
