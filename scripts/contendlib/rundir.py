"""A run's folder: making it, proving that it can be written, locking it, and reading its state.

<out>/<cpu-slug>/<YYYYmmddTHHMMSSZ>-<sha7>/ holds <family>.csv with <family>.footer.json, or
<family>.csv.partial while the family runs or after it was interrupted.
"""

import contextlib
import csv
import errno
import fcntl
import json
import os
import pathlib
import re
import stat
import tempfile
import time
import zlib

from contendlib.errors import EnvironmentProblem, InputError, OutputError, printable

SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}\Z")
NAME = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{7}\Z")
RUN_ID = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{7}-[0-9a-f]{4}\Z")
# More than a quick run writes before its charts; enough to see a full disk before the first window.
PROBE_BYTES = 1 << 20
JSON_LIMIT = 1 << 20


def reason(error):
    return error.strerror or str(error)


def create(out, slug, sha7):
    """Makes the folder and proves that it can be written; returns all folders made, the run's last.

    Nothing is left behind if it cannot be done.
    """
    parent = pathlib.Path(os.path.abspath(out)) / slug
    made = []
    try:
        for folder in [*reversed(parent.parents), parent]:
            with contextlib.suppress(FileExistsError):
                # EROFS comes before EEXIST on some file systems: ask first.
                if not folder.is_dir():
                    os.mkdir(folder)
                    made.append(folder)
        path = _make_new(parent, sha7)
        made.append(path)
        probe(path)
        return made
    except OSError as error:
        remove_empty(made)
        raise OutputError(f"cannot write to {parent}: {reason(error)}") from None
    except BaseException:
        remove_empty(made)
        raise


def _make_new(parent, sha7):
    while True:
        path = parent / f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{sha7}"
        try:
            os.mkdir(path)
            return path
        except FileExistsError:
            time.sleep(0.1)  # another run began in this second


def probe(path):
    """Writes as much as a run needs at least, to the disk and not only to the cache."""
    fd, name = tempfile.mkstemp(prefix=".probe-", dir=path)
    try:
        block = memoryview(bytes(PROBE_BYTES))
        while block:
            block = block[os.write(fd, block):]
        os.fsync(fd)
    finally:
        os.close(fd)
        os.unlink(name)


def remove_empty(folders):
    """The folders this process made, innermost first, as far as they are empty."""
    for folder in reversed(folders):
        with contextlib.suppress(OSError):
            os.rmdir(folder)


def lock(path):
    """An open descriptor of the folder that holds its lock; children inherit it.

    So a family binary that outlives this process (SIGKILL) still keeps others out.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise InputError(f"no run folder: {reason(error)}", path) from None
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(fd)
        if error.errno == errno.EWOULDBLOCK:
            raise EnvironmentProblem(f"another run is writing to {path}") from None
        raise EnvironmentProblem(f"cannot lock {path}: {reason(error)}") from None
    return fd


def write_json(path, value):
    """The file is there whole or not at all; a link of that name is replaced, not followed."""
    data = (json.dumps(value, indent=1) + "\n").encode()
    name = None
    try:
        fd, name = tempfile.mkstemp(prefix=".tmp-", dir=path.parent)
        with os.fdopen(fd, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(fd, 0o644)
            os.fsync(fd)
        os.replace(name, path)
    except OSError as error:
        if name is not None:
            with contextlib.suppress(OSError):
                os.unlink(name)
        raise OutputError(f"cannot write {path}: {reason(error)}") from None


def read_json(path):
    """A small JSON object from a regular file, else InputError."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(fd, "rb") as file:
            if not stat.S_ISREG(os.fstat(fd).st_mode):
                raise InputError("not a regular file", path)
            data = file.read(JSON_LIMIT + 1)
    except OSError as error:
        raise InputError(reason(error), path) from None
    if len(data) > JSON_LIMIT:
        raise InputError(f"larger than {JSON_LIMIT} bytes", path)
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise InputError("not JSON", path, 1) from None
    if not isinstance(value, dict):
        raise InputError("not a JSON object", path, 1)
    return value


def csv_file(path, family):
    """The family's CSV as it is now: finished, partial, or None."""
    for name in (f"{family}.csv", f"{family}.csv.partial"):
        if (path / name).is_file():
            return path / name
    return None


def is_complete(path, family):
    """True if a footer says so and the CSV is the file that it describes."""
    footer_path = path / f"{family}.footer.json"
    if not footer_path.exists():
        return False
    footer = read_json(footer_path)
    if footer.get("complete") is not True:
        return False
    csv_path = path / f"{family}.csv"
    size, crc, _ = measure(csv_path)
    if footer.get("bytes") != size or footer.get("crc32") != crc:
        raise InputError("is not the file that its footer describes (bytes and crc32)", csv_path)
    return True


def measure(path):
    """Bytes, crc32 and finished lines of a file."""
    size = crc = lines = 0
    try:
        with open(path, "rb") as file:
            while block := file.read(1 << 20):
                size += len(block)
                crc = zlib.crc32(block, crc)
                lines += block.count(b"\n")
    except OSError as error:
        raise InputError(reason(error), path) from None
    return size, f"{crc:08x}", lines


def is_settled(path, family):
    """True if the binary came to its own end and said so in the footer."""
    footer_path = path / f"{family}.footer.json"
    return footer_path.exists() and read_json(footer_path).get("reason") != "running"


def mark_incomplete(path, family, why):
    """The last word on a family whose binary died before it could say it."""
    csv_path = csv_file(path, family)
    if csv_path is None:
        return
    size, crc, lines = measure(csv_path)
    write_json(path / f"{family}.footer.json",
               {"schema_version": 1, "file": f"{family}.csv", "complete": False, "reason": why,
                "rows": max(0, lines - 1), "bytes": size, "crc32": crc})


def tally(path, family):
    """{"rows", "noisy", "failed"} of a family's CSV, finished or not."""
    counts = {"rows": 0, "noisy": 0, "failed": 0}
    csv_path = csv_file(path, family)
    if csv_path is None:
        return counts
    try:
        with open(csv_path, encoding="utf-8", errors="replace", newline="") as file:
            rows = csv.DictReader(file)
            for row in rows:
                if None in row or None in row.values():
                    continue  # the row that was being written when the binary died
                counts["rows"] += 1
                counts["noisy"] += row.get("noise") == "noisy"
                counts["failed"] += "failed" in (row.get("flags") or "").split(";")
    except (OSError, csv.Error) as error:
        raise InputError(printable(str(error)), csv_path) from None
    return counts


def newest_unfinished(out, slug):
    """The youngest run below out/slug with a family that is not complete, or None."""
    parent = pathlib.Path(os.path.abspath(out)) / slug
    try:
        names = sorted((n for n in os.listdir(parent) if NAME.match(n)), reverse=True)
    except OSError:
        return None
    for name in names:
        path = parent / name
        if not (path / "run.json").is_file():
            continue
        families = read_json(path / "run.json").get("families")
        if isinstance(families, list) and not all(is_complete(path, str(f)) for f in families):
            return path
    return None
