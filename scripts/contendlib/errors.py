"""The ways a command can end badly, each with its exit code and one line of text."""

import os


class ContendError(Exception):
    """Ends a command: the dispatcher prints `report()` on stderr and exits with `exit_code`."""

    def __init__(self, message, exit_code=1):
        super().__init__(message)
        self.exit_code = exit_code

    def report(self):
        return f"contend: {self}"


class ComparisonImpossible(ContendError):
    """The inputs are sound, but hold nothing that can be compared."""

    def __init__(self, message):
        super().__init__(message, 1)


class UsageError(ContendError):
    def __init__(self, message):
        super().__init__(message, 2)


class InputError(ContendError):
    """A bad input file. `line` is the 1-based line at fault, None where no line is."""

    def __init__(self, message, path=None, line=None):
        self.path, self.line = path, line
        where = "" if path is None else printable(os.fspath(path), 0) + ":"
        if line is not None:
            where += f"{line}:"
        super().__init__(f"{where} {message}" if where else message, 3)

    def report(self):
        return str(self) if self.path is not None else super().report()


class EnvironmentProblem(ContendError):
    def __init__(self, message):
        super().__init__(message, 4)


class OutputError(ContendError):
    def __init__(self, message):
        super().__init__(message, 5)


def printable(text, limit=60):
    """Text from a file, safe on a terminal: anything but printable ASCII becomes \\xNN.

    `limit` cuts long cells (0: never); paths are passed whole by callers that need them.
    """
    if isinstance(text, str):
        try:
            text = text.encode("utf-8", "surrogateescape")      # undecodable bytes of a path
        except UnicodeEncodeError:
            text = text.encode("utf-8", "surrogatepass")
    shown = "".join(chr(b) if 0x20 <= b < 0x7F and b != 0x5C else f"\\x{b:02x}" for b in text)
    if limit and len(shown) > limit:
        return shown[:limit] + "..."
    return shown
