"""Files opened with suspicion: regular files of a bounded size only, and strict JSON from them."""

import json
import math
import os
import stat
from dataclasses import dataclass

from contendlib import schema
from contendlib.errors import InputError, printable


@dataclass(frozen=True)
class Limits:
    file_bytes: int = 64 << 20
    line_bytes: int = 64 << 10
    columns: int = 256
    rows: int = 200_000
    json_bytes: int = 4 << 20


LIMITS = Limits()


def open_regular(path, limit):
    """A binary stream on a regular file of at most `limit` bytes."""
    try:
        # O_NONBLOCK: a FIFO must be refused, not waited for.
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except OSError as e:
        raise InputError(f"cannot be opened ({os.strerror(e.errno)}), expected a readable file",
                         path) from None
    except ValueError:
        raise InputError("has a NUL in its name, expected a readable file", path) from None
    info = os.fstat(fd)
    if not stat.S_ISREG(info.st_mode):
        os.close(fd)
        raise InputError("is not a regular file, expected one", path)
    if info.st_size > limit:
        os.close(fd)
        raise InputError(f"has {info.st_size} bytes, expected at most {limit}", path)
    return os.fdopen(fd, "rb")


def _no_constant(text):
    raise ValueError(f"{text} is not JSON")


def _finite(text):
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("number out of range")
    return value


def _unique(pairs):
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key twice in one object")
    return made


def read_json(path, limits=LIMITS):
    """The JSON object in a file of this suite: strict JSON, finite numbers, a schema_version."""
    path = os.fspath(path)
    with open_regular(path, limits.json_bytes) as stream:
        raw = stream.read(limits.json_bytes + 1)
    if len(raw) > limits.json_bytes:
        raise InputError(f"longer than {limits.json_bytes} bytes, expected a shorter file", path)
    try:
        value = json.loads(raw.decode("utf-8-sig"), parse_constant=_no_constant,
                           parse_float=_finite, object_pairs_hook=_unique)
        # A lone surrogate (\ud800) parses, but would blow up whoever prints or writes it.
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except json.JSONDecodeError as e:
        raise InputError(f"{e.msg}, expected JSON", path, e.lineno) from None
    except UnicodeError:
        raise InputError("invalid UTF-8, expected UTF-8 text", path) from None
    except RecursionError:
        raise InputError("nested too deeply, expected an object of a few levels", path) from None
    except ValueError as e:
        raise InputError(f"{printable(str(e))}, expected JSON", path) from None
    if not isinstance(value, dict):
        raise InputError("not a JSON object, expected one", path)
    version = value.get("schema_version")
    if type(version) is not int or version < 1:
        raise InputError(f"no schema_version, expected 1 to {schema.SCHEMA_VERSION}", path)
    if version > schema.SCHEMA_VERSION:
        raise InputError(f"schema_version {version}: made by a newer tool, expected "
                         f"{schema.SCHEMA_VERSION} at most", path)
    return value
