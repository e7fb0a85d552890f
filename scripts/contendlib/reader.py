"""Result files in, checked rows out. Everything in a file is hostile until it has passed here.

What passes: names of a small alphabet, numbers that are finite and in range, whole rows, each
repetition once, and a footer that agrees with the bytes. Anything else is an InputError of one
line, `path:line: what, what was expected`; nothing is skipped in silence. `lenient` forgives only
what an interrupted run leaves behind (a torn last row, a missing or unfinished footer) and says so
in `Run.incomplete`.

Symbolic links are followed (people link result folders); what they lead to must be a regular file.
"""

import errno
import math
import os
import re
from dataclasses import dataclass, field

from contendlib import schema
from contendlib.errors import InputError, printable
from contendlib.rawfile import LIMITS, Limits, open_regular, read_json
from contendlib.records import Lines, Records

__all__ = ["LIMITS", "Limits", "Row", "Run", "Table", "read_csv", "read_json", "read_run",
           "read_runs"]

_INT = re.compile(r"-?(0|[1-9][0-9]{0,17})\Z")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?\Z")
_VERSIONS = range(1, schema.SCHEMA_VERSION + 1)
_METRICS = {(name, version): schema.metric_names(name, version)
            for name in schema.FAMILIES for version in _VERSIONS}
_PARAMS = {(name, version): schema.params(name, version)
           for name in schema.FAMILIES for version in _VERSIONS}


class Row:
    """One window. Reads like a dict of parsed values (None, int, float or str).

    A row of an older schema version has no newer columns: ask for those with get().
    """

    __slots__ = ("line", "_index", "_values")

    def __init__(self, index, values, line):
        self._index, self._values, self.line = index, values, line

    def __getitem__(self, name):
        return self._values[self._index[name]]

    def get(self, name, default=None):
        """The value, `default` where the column is not this family's."""
        at = self._index.get(name)
        return default if at is None else self._values[at]

    def __contains__(self, name):
        return name in self._index

    def __iter__(self):
        return iter(self._index)

    def keys(self):
        return self._index.keys()

    def items(self):
        return zip(self._index, self._values)

    @property
    def flags(self):
        text = self["flags"]
        return tuple(text.split(";")) if text else ()

    @property
    def failed(self):
        return "failed" in self.flags

    @property
    def noisy(self):
        return self["noise"] == "noisy"


@dataclass
class Table:
    """One checked CSV file. `truncated` says what was dropped at its end (lenient only)."""

    path: str
    family: str
    rows: list
    run_id: str
    size: int
    crc32: str
    version: int
    truncated: str | None = None

    @property
    def columns(self):
        return list(self.rows[0].keys())


@dataclass
class Run:
    """One run folder. `incomplete` holds a sentence for each thing a lenient reading forgave."""

    dir: str
    run_id: str
    environment: dict
    tables: dict
    footers: dict
    incomplete: list = field(default_factory=list)

    def rows(self, family=None):
        """All rows, or one family's (none if the run has no such family)."""
        if family is not None:
            return list(self.tables[family].rows) if family in self.tables else []
        return [row for table in self.tables.values() for row in table.rows]


def _name(text):
    if len(text) > schema.NAME_LIMIT or ".." in text or not schema.NAME.match(text):
        raise ValueError(f"a name ({schema.NAME_RULE})")
    return text


def _value(column, text):
    """The cell's value; ValueError(what was expected) where it is not one."""
    if text == "":
        if column.required or column.kind == "name":
            raise ValueError("a value: this column is never empty")
        return None
    if column.kind in ("name", "word"):
        return _name(text)
    if column.kind == "choice":
        if text not in column.choices:
            raise ValueError(column.range_text())
        return text
    if column.kind == "flags":
        words = text.split(";")
        if len(set(words)) != len(words) or not set(words) <= set(schema.FLAGS):
            raise ValueError("words joined by ';', each once, of " + " ".join(schema.FLAGS))
        return text
    if not (_INT if column.kind == "int" else _NUMBER).match(text):
        raise ValueError(column.range_text())
    value = int(text) if column.kind == "int" else float(text)
    if (not math.isfinite(value) or value < column.low or (column.above and value == column.low)
            or (column.high is not None and value > column.high)
            or (column.power_of_two and value & (value - 1))):
        raise ValueError(column.range_text())
    return value


def _shown(text):
    return f"'{printable(text)}'"


class _Reading:
    """One pass over one CSV file."""

    def __init__(self, path, stream, limits):
        self.path, self.limits = path, limits
        self.lines = Lines(stream, path, limits)
        self.records = Records(self.lines)
        self.names = self.family = self.columns = self.index = self.run_id = None
        self.version = None
        self.rows, self.seen = [], {}

    def table(self, lenient):
        truncated = None
        self._header()
        while (record := self.records.read()) is not None:
            cells, line, ended = record
            if not ended:
                truncated = f"truncated last row (line {line} has no end), row dropped"
                if not lenient:
                    raise InputError("incomplete run: truncated last row, expected a newline at "
                                     "its end", self.path, line)
                break
            if len(self.rows) == self.limits.rows:
                raise InputError(f"more than {self.limits.rows} rows, expected fewer", self.path,
                                 line)
            self._row(cells, line)
        if not self.rows:
            raise InputError("no results (header only), expected rows", self.path)
        return Table(self.path, self.family, self.rows, self.run_id, self.lines.size,
                     f"{self.lines.crc:08x}", self.version, truncated)

    def _header(self):
        record = self.records.read()
        if record is None:
            raise InputError("no results (empty file), expected a header and rows", self.path)
        names, line, ended = record
        if not ended:
            raise InputError("no results (truncated header), expected a header and rows", self.path,
                             line)
        twice = next((n for i, n in enumerate(names) if n in names[:i]), None)
        if twice is not None:
            raise InputError(f"column {_shown(twice)} twice, expected each once", self.path, line)
        self.names = names

    def _start(self, cells, line):
        """The first row names the version and the family, and so the columns there must be."""
        if "family" not in self.names:
            raise InputError("column 'family' missing, expected the header of a result file",
                             self.path, 1)
        family = cells[self.names.index("family")]
        if family not in schema.families(self.version):
            known = ", ".join(schema.families(self.version))
            since = (f" of schema version {schema.family(family).since} in a file of version "
                     f"{self.version}" if family in schema.FAMILIES else "")
            raise InputError(f"family {_shown(family)}{since}, expected one of {known}", self.path,
                             line)
        wanted = schema.header(family, self.version)
        whose = family if self.version == schema.SCHEMA_VERSION else (
            f"{family} in version {self.version}")
        counts = f"expected the {len(wanted)} columns of family {whose}, found {len(self.names)}"
        later = {c.name: c.since for c in schema.columns(family) if c.since > self.version}
        for name in self.names:
            if name in later:
                raise InputError(f"column '{name}' of schema version {later[name]} in a file of "
                                 f"version {self.version}, {counts}", self.path, 1)
            if name not in wanted:
                raise InputError(f"unknown column {_shown(name)}, {counts}", self.path, 1)
        for name in wanted:
            if name not in self.names:
                raise InputError(f"column '{name}' missing, {counts}", self.path, 1)
        self.family = family
        self.columns = [schema.column(name) for name in self.names]
        self.index = {name: at for at, name in enumerate(self.names)}

    def _version(self, cells, line):
        """Asked before anything else: a newer tool's file may differ in every other way."""
        if "schema_version" not in self.names:
            raise InputError("column 'schema_version' missing, expected the header of a result "
                             "file", self.path, 1)
        at = self.names.index("schema_version")
        text = cells[at] if at < len(cells) else ""
        if not _INT.match(text) or int(text) < 1:   # nonsense: the column's own check says so
            self.version = self.version or schema.SCHEMA_VERSION
            return
        version = int(text)
        if self.rows and version != self.version:
            raise InputError(f"schema_version {version} after {self.version} in one file, expected "
                             "one version", self.path, line)
        if version > schema.SCHEMA_VERSION:
            raise InputError(f"schema_version {version}: made by a newer tool, expected "
                             f"{schema.SCHEMA_VERSION} at most", self.path, line)
        self.version = version

    def _row(self, cells, line):
        self._version(cells, line)
        if len(cells) != len(self.names):
            raise InputError(f"{len(cells)} columns, expected {len(self.names)}", self.path, line)
        if self.family is None:
            self._start(cells, line)
        values = []
        for column, text in zip(self.columns, cells):
            try:
                values.append(_value(column, text))
            except ValueError as e:
                raise InputError(f"{column.name} {_shown(text)}, expected {e}", self.path,
                                 line) from None
        row = Row(self.index, tuple(values), line)
        self._consistent(row)
        self.rows.append(row)

    def _consistent(self, row):
        def refuse(message):
            raise InputError(message, self.path, row.line)

        if row["family"] != self.family:
            refuse(f"family {row['family']}, expected {self.family} as in the rows before")
        if self.run_id is None:
            self.run_id = row["run_id"]
        if row["run_id"] != self.run_id:
            refuse(f"run_id {row['run_id']}, expected {self.run_id} as in the rows before")
        measured = [n for n in _METRICS[self.family, self.version] if row[n] is not None]
        if row.failed:
            if row["verified"] or row["noise"]:
                refuse("a failed row with a verdict, expected verified 0 and an empty noise")
            if measured:
                refuse(f"a failed row with {measured[0]}, expected no metrics")
        else:
            if not row["noise"]:
                refuse("noise is empty, expected ok or noisy (only failed rows have none)")
            if not measured:
                refuse("a row without metrics, expected at least one (or the flag failed)")
            if not row["verified"] and "lossy" not in row.flags:
                refuse("verified 0 without the flag failed or lossy, expected one of them")
        key = tuple(row[n] for n in ("contestant", "workload", "exec", "placement", "threads",
                                     "rep") + _PARAMS[self.family, self.version])
        first = self.seen.setdefault(key, row.line)
        if first != row.line:
            refuse(f"same point and rep as line {first}, expected each repetition once")


def read_csv(path, lenient=False, limits=LIMITS):
    """The Table in one CSV file; looks at no footer (read_run does)."""
    path = os.fspath(path)
    with open_regular(path, limits.file_bytes) as stream:
        return _Reading(path, stream, limits).table(lenient)


def _footer_fault(footer, table):
    """Why the footer does not vouch for the file; None when it does."""
    if footer.get("complete") is not True:
        return f"its footer says {_shown(str(footer.get('reason', 'nothing')))}"
    for key, found in (("file", f"{table.family}.csv"), ("rows", len(table.rows)),
                       ("bytes", table.size), ("crc32", table.crc32)):
        if footer.get(key) != found:
            return f"{key} {found}, its footer says {_shown(str(footer.get(key)))}"
    return None


def _family_files(directory):
    """[(family, file name, partial)] of a run folder, in the schema's order."""
    try:
        names = sorted(os.listdir(directory))
    except OSError as e:
        text = "not a folder" if e.errno == errno.ENOTDIR else os.strerror(e.errno)
        raise InputError(f"{text}, expected a run folder", directory) from None
    except ValueError:
        raise InputError("has a NUL in its name, expected a run folder", directory) from None
    found = []
    for name in names:
        partial = name.endswith(".csv.partial")
        if not partial and not name.endswith(".csv"):
            continue
        family = name.removesuffix(".partial").removesuffix(".csv")
        if family not in schema.FAMILIES:
            raise InputError("unknown family, expected " + ", ".join(schema.FAMILIES),
                             os.path.join(directory, name))
        found.append((family, name, partial))
    if not found:
        raise InputError("no results, expected " +
                         " or ".join(f"{f}.csv" for f in schema.FAMILIES), directory)
    order = list(schema.FAMILIES)
    return sorted(found, key=lambda f: (order.index(f[0]), f[2]))


def read_run(directory, lenient=False, limits=LIMITS):
    """The Run in a run folder: every table vouched for by its footer, one run_id, one schema."""
    directory = os.fspath(directory)
    run = Run(directory, None, {}, {}, {})

    def incomplete(path, why):
        if not lenient:
            raise InputError(f"incomplete run: {why}, expected a finished one", path)
        run.incomplete.append(f"{printable(os.path.basename(path), 0)}: {why}")

    for family, name, partial in _family_files(directory):
        path = os.path.join(directory, name)
        if family in run.tables:
            incomplete(path, f"left beside {family}.csv, not used")
            continue
        if partial:
            incomplete(path, "interrupted")
        table = read_csv(path, lenient, limits)
        if table.family != family:
            raise InputError(f"rows of family {table.family}, expected {family}", path)
        if run.run_id not in (None, table.run_id):
            raise InputError(f"run_id {table.run_id}, expected {run.run_id} as in the other files",
                             path)
        version = next((t.version for t in run.tables.values()), table.version)
        if table.version != version:
            raise InputError(f"schema_version {table.version}, expected {version} as in the other "
                             "files", path)
        run.tables[family], run.run_id = table, table.run_id
        if table.truncated:
            run.incomplete.append(f"{name}: {table.truncated}")
        footer_path = os.path.join(directory, f"{family}.footer.json")
        if not os.path.lexists(footer_path):
            incomplete(path, f"no {family}.footer.json")
            continue
        run.footers[family] = footer = read_json(footer_path, limits)
        if fault := _footer_fault(footer, table):
            incomplete(path, fault)

    env_path = os.path.join(directory, "environment.json")
    if not os.path.lexists(env_path):
        incomplete(env_path, "missing")
        return run
    run.environment = read_json(env_path, limits)
    if run.environment.get("run_id") != run.run_id:
        raise InputError(f"run_id {_shown(str(run.environment.get('run_id')))}, expected "
                         f"{run.run_id} as in the result files", env_path)
    return run


def read_runs(directories, lenient=False, limits=LIMITS):
    """Several runs; one that is given twice is refused, for it would count twice."""
    runs = []
    for directory in directories:
        run = read_run(directory, lenient, limits)
        for other in runs:
            if other.run_id == run.run_id:
                raise InputError(f"run_id {run.run_id} again, expected another run than "
                                 f"{printable(other.dir, 0)}", run.dir)
        runs.append(run)
    return runs
