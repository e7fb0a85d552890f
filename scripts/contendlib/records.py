"""RFC 4180 records of a file, one at a time, with line numbers, limits and constant memory.

Our own parser, because the csv module knows neither the line a quote was opened on nor limits.
"""

import os
import zlib

from contendlib.errors import InputError, printable


class Lines:
    """Physical lines of a file, counted, limited and summed up on the way through."""

    def __init__(self, stream, path, limits):
        self.stream, self.path, self.limits = stream, path, limits
        self.number = self.size = self.crc = 0

    def read(self):
        """(text without the line's end, the line's end), or None at the end of the file."""
        try:
            raw = self.stream.readline(self.limits.line_bytes + 1)
        except OSError as e:
            raise InputError(f"cannot be read ({os.strerror(e.errno)}), expected a readable file",
                             self.path) from None
        if not raw:
            return None
        self.number += 1
        self.size += len(raw)
        self.crc = zlib.crc32(raw, self.crc)
        if len(raw) > self.limits.line_bytes:
            self.fail(f"line longer than {self.limits.line_bytes} bytes, expected a shorter one")
        if self.size > self.limits.file_bytes:
            self.fail(f"file longer than {self.limits.file_bytes} bytes, expected a shorter one")
        if self.number == 1 and raw.startswith(b"\xef\xbb\xbf"):
            raw = raw[3:]
        if b"\0" in raw:
            self.fail("NUL byte, expected text")
        end = b"\r\n" if raw.endswith(b"\r\n") else b"\n" if raw.endswith(b"\n") else b""
        body = raw[:len(raw) - len(end)]
        try:
            return body.decode("utf-8"), end.decode()
        except UnicodeDecodeError as e:
            shown = printable(body[e.start:e.start + 4])
            self.fail(f"invalid UTF-8 at byte {e.start + 1} ('{shown}'), expected UTF-8 text")

    def fail(self, message, line=None):
        raise InputError(message, self.path, line or self.number)


class Records:
    """RFC 4180 records: cells of a row, the line it started on, and whether its line was ended."""

    def __init__(self, lines):
        self.lines = lines

    def read(self):
        """(cells, line number, ended), or None at the end of the file."""
        line = self.lines.read()
        if line is None:
            return None
        text, end = line
        start = self.lines.number
        if '"' not in text:
            cells = text.split(",")
        else:
            cells, end = self._quoted(text, end, start)
        if len(cells) > self.lines.limits.columns:
            self.lines.fail(f"{len(cells)} columns, expected at most {self.lines.limits.columns}",
                            start)
        return cells, start, bool(end)

    def _quoted(self, text, end, start):
        cells, parts, at, opened, size = [], None, 0, 0, len(text)
        while True:
            if parts is None:               # at the start of a cell
                if text.startswith('"', at):
                    parts, at, opened = [], at + 1, self.lines.number
                    continue
                comma = text.find(",", at)
                cell = text[at:] if comma < 0 else text[at:comma]
                if '"' in cell:
                    self.lines.fail("quote inside an unquoted cell, expected RFC 4180 quoting")
                cells.append(cell)
                if comma < 0:
                    return cells, end
                at = comma + 1
                continue
            close = text.find('"', at)
            if close < 0:                   # the cell goes on in the next line
                parts.append(text[at:] + end)
                line = self.lines.read()
                if line is None:
                    self.lines.fail("quote never closed, expected a closing quote", opened)
                text, end = line
                at, size = 0, size + len(text) + 2
                if size > self.lines.limits.line_bytes:
                    self.lines.fail(f"row longer than {self.lines.limits.line_bytes} bytes, "
                                    "expected a shorter one", start)
                continue
            parts.append(text[at:close])
            at = close + 1
            if text.startswith('"', at):    # "" is a quote
                parts.append('"')
                at += 1
                continue
            cells.append("".join(parts))
            parts = None
            if at == len(text):
                return cells, end
            if text[at] != ",":
                self.lines.fail("text after a closing quote, expected a comma or the line's end")
            at += 1
