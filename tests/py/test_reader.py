"""The reader against hostile files: a table of inputs with golden verdicts, and the footers."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import fixture
from contendlib import reader, schema
from contendlib.errors import InputError

NAMES = schema.header("counter")
COLUMNS = len(NAMES)


def row(rep=0, **changed):
    """A valid counter row as text; `changed` cells are put in as they are."""
    made = fixture.cells("counter", rep=rep, ops=1000, window_ns=50000, ops_per_s=2e7, ns_per_op=50)
    made.update(changed)
    return ",".join(made[name] for name in NAMES)


HEADER = ",".join(NAMES)
GOOD = f"{HEADER}\n{row()}\n"


def with_row(**changed):
    """The header, a good row, and a second row with these cells."""
    return f"{HEADER}\n{row()}\n{row(**({'rep': '1'} | changed))}\n"


def without(name):
    at = NAMES.index(name)
    return "\n".join(",".join(cell for i, cell in enumerate(line.split(",")) if i != at)
                     for line in GOOD.splitlines()) + "\n"


def extra(name, cell="1"):
    lines = GOOD.splitlines()
    return f"{lines[0]},{name}\n{lines[1]},{cell}\n"


def renamed(old, new):
    return GOOD.replace(f",{old},", f",{new},", 1)


FAILED = dict.fromkeys(schema.metric_names("counter"), "") | {
    "verified": "0", "noise": "", "flags": "failed;crashed"}
NAME = "expected a name"
NAME_CELLS = ("run_id", "contestant", "workload", "placement")

# (what, content, the message after the path). {n} is the number of columns.
REFUSED = [
    # the file as a whole
    ("empty", "", ": no results (empty file), expected a header and rows"),
    ("header only", HEADER + "\n", ": no results (header only), expected rows"),
    ("header without its end", HEADER, ":1: no results (truncated header)"),
    ("only a newline", "\n", ": no results (header only)"),
    ("only a BOM", b"\xef\xbb\xbf", ":1: no results (truncated header)"),
    ("torn last row", GOOD + row(rep=1)[:40], ":3: incomplete run: truncated last row"),
    ("whole last row without newline", GOOD + row(rep=1), ":3: incomplete run: truncated last row"),
    ("binary", bytes(range(1, 256)), ":2: invalid UTF-8 at byte 118 ('\\x80\\x81\\x82\\x83')"),
    ("other text", "name,size\na,1\n", ":1: column 'schema_version' missing"),
    ("HTML", "<script>alert(1)</script>\nx\n", ":1: column 'schema_version' missing"),
    # bytes
    ("NUL in a cell", with_row(contestant="a\0b"), ":3: NUL byte, expected text"),
    ("NUL in the header", "schema\0_version\n1\n", ":1: NUL byte, expected text"),
    ("invalid UTF-8", GOOD.encode() + b"\xff\xfe\n", ":3: invalid UTF-8 at byte 1 ('\\xff\\xfe')"),
    ("overlong UTF-8", GOOD.encode() + b"ab\xc0\xaf\n",
     ":3: invalid UTF-8 at byte 3 ('\\xc0\\xaf')"),
    ("surrogate in UTF-8", GOOD.encode() + b"\xed\xa0\x80\n", ":3: invalid UTF-8 at byte 1"),
    ("two BOMs", b"\xef\xbb\xbf\xef\xbb\xbf" + GOOD.encode(),
     ":1: column 'schema_version' missing"),
    ("UTF-16", GOOD.encode("utf-16"), ":1: NUL byte"),
    ("bare CR as line ends", GOOD.replace("\n", "\r"), ":1: no results (truncated header)"),
    ("two CRs", GOOD.replace("\n", "\r\r\n"), ":1: unknown column 'flags\\x0d'"),
    # columns
    ("a column missing", without("ns_per_op"),
     ":1: column 'ns_per_op' missing, expected the {n} columns of family counter, found 43"),
    ("family column missing", without("family"), ":1: column 'family' missing"),
    ("version column missing", without("schema_version"), ":1: column 'schema_version' missing"),
    ("an unknown column", extra("colour"),
     ":1: unknown column 'colour', expected the {n} columns of family counter, found 45"),
    ("an unnamed column", extra(""), ":1: unknown column ''"),
    ("another family's parameter", extra("p_pair"), ":1: unknown column 'p_pair'"),
    ("a column twice", extra("rep"), ":1: column 'rep' twice, expected each once"),
    ("a column renamed", renamed("ops", "Ops"), ":1: unknown column 'Ops'"),
    ("a space in the header", renamed("ops", " ops"), ":1: unknown column ' ops'"),
    ("a tag as a column", extra("<script>"), ":1: unknown column '<script>'"),
    ("too many columns", ",".join(f"c{i}" for i in range(300)) + "\n",
     ":1: 300 columns, expected at most 256"),
    ("a first row of one cell", HEADER + "\n1\n", ":2: 1 columns, expected {n}"),
    ("a cell too few", GOOD + row(rep=1).rsplit(",", 1)[0] + "\n", ":3: 43 columns, expected {n}"),
    ("a cell too many", GOOD + row(rep=1) + ",\n", ":3: 45 columns, expected {n}"),
    ("decimal comma", with_row(ns_per_op="1,5"), ":3: 45 columns, expected {n}"),
    ("an empty line", GOOD + "\n", ":3: 1 columns, expected {n}"),
    ("a comment", GOOD + "# comment\n", ":3: 1 columns, expected {n}"),
    ("semicolons", GOOD.replace(",", ";"), ":1: column 'schema_version' missing"),
    ("a second header", GOOD + HEADER + "\n",
     ":3: schema_version 'schema_version', expected integer >= 1"),
    # quotes
    ("quote never closed", f'{HEADER}\n"{row()}\n{row(rep=1)}\n',
     ":2: quote never closed, expected a closing quote"),
    ("quote never closed, later cell", GOOD + row(rep=1, contestant='"x') + "\n",
     ":3: quote never closed"),
    ("quote opened on a later line", GOOD + '"a\nb",x,"c\n' + row() + "\n",
     ":4: quote never closed"),
    ("quote inside a cell", with_row(contestant='a"b'), ":3: quote inside an unquoted cell"),
    ("text after a quote", with_row(contestant='"a"b'), ":3: text after a closing quote"),
    ("newline in a cell", with_row(contestant='"a\nb"'), f":3: contestant 'a\\x0ab', {NAME}"),
    ("quotes in a cell", with_row(contestant='"a""b"'), f":3: contestant 'a\"b', {NAME}"),
    ("comma in a cell", with_row(contestant='"a,b"'), f":3: contestant 'a,b', {NAME}"),
    # versions, families, runs
    ("a newer schema", GOOD.replace("\n3,", "\n4,"),
     ":2: schema_version 4: made by a newer tool, expected 3 at most"),
    ("a newer schema with a new column", extra("colour").replace("\n3,", "\n7,"),
     ":2: schema_version 7: made by a newer tool, expected 3 at most"),
    ("two schemas", with_row(schema_version="1"), ":3: schema_version 1 after 3 in one file"),
    ("a newer schema later", with_row(schema_version="4"), ":3: schema_version 4 after 3 in one"),
    ("schema 0", with_row(schema_version="0"), ":3: schema_version '0', expected integer >= 1"),
    ("schema 1.0", with_row(schema_version="1.0"),
     ":3: schema_version '1.0', expected integer >= 1"),
    ("no schema", GOOD.replace("\n3,", "\n,"), ":2: schema_version '', expected a value"),
    ("unknown family", GOOD.replace(",counter,", ",nope,"),
     ":2: family 'nope', expected one of " + ", ".join(schema.FAMILIES)),
    ("two families", with_row(family="machine"), ":3: family machine, expected counter"),
    ("two runs", with_row(run_id="20270101T000000Z-0000000-0000"), ":3: run_id 20270101T000000Z"),
    ("a row twice", GOOD + row() + "\n", ":3: same point and rep as line 2"),
    # text
    ("empty name", with_row(contestant=""), ":3: contestant '', expected a value"),
    ("long name", with_row(contestant="a" * 129), f":3: contestant '{'a' * 60}...', {NAME}"),
    ("unknown exec", with_row(exec="fiber"), ":3: exec 'fiber', expected thread or task"),
    ("verified 2", with_row(verified="2"), ":3: verified '2', expected integer from 0 to 1"),
    ("unknown noise", with_row(noise="quiet"), ":3: noise 'quiet', expected ok or noisy or empty"),
    ("unknown flag", with_row(flags="lossy;shiny"), ":3: flags 'lossy;shiny', expected words"),
    ("flag twice", with_row(flags="hop;hop"), ":3: flags 'hop;hop', expected words"),
    ("empty flag", with_row(flags="hop;"), ":3: flags 'hop;', expected words"),
    # rows that contradict themselves
    ("failed with numbers", with_row(**(FAILED | {"ops": "5"})), ":3: a failed row with ops"),
    ("failed and verified", with_row(**(FAILED | {"verified": "1"})), ":3: a failed row with a "
     "verdict"),
    ("failed and quiet", with_row(**(FAILED | {"noise": "ok"})), ":3: a failed row with a verdict"),
    ("no noise verdict", with_row(noise=""), ":3: noise is empty, expected ok or noisy"),
    ("no metrics", with_row(**(FAILED | {"verified": "1", "noise": "ok", "flags": ""})),
     ":3: a row without metrics"),
    ("unverified without a reason", with_row(verified="0"), ":3: verified 0 without the flag"),
]

NUMBERS = ["nan", "NaN", "inf", "-inf", "Infinity", "1e999", "0x1p3", "0x10", "12abc", "1 ", " 1",
           "+1", "1_000", "1e", ".5", "5.", "--1", "1.2.3", "01", "1e+", "٣", "-1", "0", "-0",
           "1'000", "=1+1", "NULL", "-", "1e-999"]
REFUSED += [(f"ns_per_op {text}", with_row(ns_per_op=text), ":3: ns_per_op '") for text in NUMBERS]
REFUSED += [(f"{name} {text}", with_row(**{name: text}), f":3: {name} '{text}', expected {wanted}")
            for name, text, wanted in (
    ("threads", "0", "integer from 1 to 1000000"), ("threads", "2.0", "integer from 1"),
    ("threads", "", "a value"), ("rep", "-1", "integer from 0"), ("rep", "1e3", "integer from 0"),
    ("ops", "1.5", "integer >= 0"), ("ops", "9999999999999999999", "integer >= 0"),
    ("overlap_ratio", "1.01", "number from 0 to 1"),
    ("overlap_ratio", "-0.1", "number from 0 to 1"),
    ("fairness_jain", "0", "number above 0 to 1"), ("fairness_min_max", "2", "number from 0 to 1"),
    ("lost_pct", "100.1", "number from 0 to 100"), ("steal_pct", "-1", "number from 0 to 100"),
    ("p_read_pct", "101", "integer from 0 to 100"), ("p_sample_every", "3", "0 or a power of two"),
    ("p_sample_every", "-2", "0 or a power of two"), ("attempts", "5", "integer from 1 to 4"),
    ("attempts", "0", "integer from 1 to 4"), ("hop_ns", "0", "number > 0"),
    ("window_ns", "0", "number > 0"), ("ops_per_s", "0", "number > 0"))]

PAYLOADS = ["`touch x`", "'; system('touch x') #", "$(touch x)", "<script>alert(1)</script>",
            "</text><svg onload=alert(1)>", "javascript:alert(1)//'", "\x1b[2J\x1b]0;owned\x07",
            "=cmd()", "@SUM(A1)", "+1+1", "-rf", "--help", "../../x", "a/../../x", "/etc/passwd",
            "..", ".", "|touch x", "<touch x", "&amp;", "%s%n", "a b", "a\tb", "a\rb", "é",
            "\u202ex", "a\\nb", "a;b", "{/Symbol a}", "a^2", "@macro", "'", "ref\u00a0"]


class Cases(unittest.TestCase):
    def setUp(self):
        holder = tempfile.TemporaryDirectory()
        self.addCleanup(holder.cleanup)
        self.dir = pathlib.Path(holder.name)
        self.path = self.dir / "t.csv"

    def refuse(self, content, message, **how):
        """Reads `content` and checks the one-line, printable, exit-3 refusal."""
        fixture.write(self.path, content)
        with self.assertRaises(InputError) as caught:
            reader.read_csv(self.path, **how)
        text = caught.exception.report()
        self.assertEqual(caught.exception.exit_code, 3)
        self.assertTrue(text.startswith(f"{self.path}{message}"), f"{text!r} lacks {message!r}")
        self.assertTrue(text.isascii() and text.isprintable(), f"{text!r} has other characters")
        self.assertIn("expected", text)
        self.assertLess(len(text), 700)
        return text

    def accept(self, content, **how):
        fixture.write(self.path, content)
        return reader.read_csv(self.path, **how)


class Hostile(Cases):
    def test_table_is_long_enough(self):
        self.assertGreaterEqual(len(REFUSED) + len(PAYLOADS) * len(NAME_CELLS), 60)
        self.assertEqual(len({name for name, _, _ in REFUSED}), len(REFUSED))

    def test_refused(self):
        for name, content, message in REFUSED:
            with self.subTest(name):
                self.refuse(content, message.replace("{n}", str(COLUMNS)))

    def test_lenient_forgives_torn_rows_only(self):
        for name, content, message in REFUSED:
            if "truncated last row" in message:
                continue
            with self.subTest(name):
                self.refuse(content, message.replace("{n}", str(COLUMNS)), lenient=True)

    def test_payloads_in_names(self):
        for column in NAME_CELLS:
            for payload in PAYLOADS:
                with self.subTest(f"{column} {payload!r}"):
                    quoted = '"' + payload.replace('"', '""') + '"'
                    self.refuse(with_row(**{column: quoted}), f":3: {column} '")

    def test_payloads_elsewhere(self):
        for column in ("family", "exec", "noise", "flags", "threads", "ns_per_op", "p_hold_ns",
                       "schema_version", "verified"):
            for payload in PAYLOADS:
                with self.subTest(f"{column} {payload!r}"):
                    self.refuse(with_row(**{column: f'"{payload}"'}), ":3: ")

    def test_payloads_as_columns(self):
        for payload in PAYLOADS:
            with self.subTest(repr(payload)):
                self.refuse(extra(f'"{payload}"'), ":1: unknown column '")

    def test_escape_sequences_are_shown_not_sent(self):
        text = self.refuse(with_row(contestant="\x1b[2Jx"), ":3: ")
        self.assertIn("contestant '\\x1b[2Jx'", text)

    def test_limits(self):
        self.refuse(GOOD + "x" * 70_000 + "\n", ":3: line longer than 65536 bytes")
        self.refuse(GOOD + '"' + "a\n" * 40_000 + '"\n', ":3: row longer than 65536 bytes")
        tight = reader.Limits(rows=2)
        three = GOOD + row(rep=1) + "\n" + row(rep=2) + "\n"
        self.refuse(three, ":4: more than 2 rows", limits=tight)
        self.accept(GOOD + row(rep=1) + "\n", limits=tight)
        self.refuse(GOOD, ": has ", limits=reader.Limits(file_bytes=500))

    def test_a_sparse_gigabyte_is_refused_unread(self):
        with open(self.path, "wb") as stream:
            stream.truncate(1 << 30)
        with self.assertRaisesRegex(InputError, "has 1073741824 bytes, expected at most 67108864"):
            reader.read_csv(self.path)

    def test_a_file_that_grows_past_the_limit(self):
        read_end, write_end = os.pipe()
        os.write(write_end, (GOOD + row(rep=1) + "\n").encode())
        os.close(write_end)
        with os.fdopen(read_end, "rb") as stream:
            limits = reader.Limits(file_bytes=len(GOOD))
            with self.assertRaisesRegex(InputError, "t.csv:3: file longer than"):
                reader._Reading(str(self.path), stream, limits).table(False)

    def test_many_quotes_are_no_slower(self):
        text = '""' * 20 + "\n"
        self.refuse(GOOD + '"' + text * 1500 + '"\n', ":3: 1 columns")


class Kinds(Cases):
    def refuse_path(self, path, pattern):
        with self.assertRaisesRegex(InputError, pattern) as caught:
            reader.read_csv(path)
        self.assertEqual(caught.exception.exit_code, 3)

    def test_only_regular_files(self):
        fifo = self.dir / "fifo"
        os.mkfifo(fifo)
        self.refuse_path(fifo, "not a regular file")
        self.refuse_path(self.dir, "not a regular file")
        self.refuse_path("/dev/zero", "not a regular file")
        self.refuse_path(self.dir / "none.csv", "No such file")
        self.refuse_path(self.path / "below", "No such file|Not a directory")
        link = self.dir / "loop"
        link.symlink_to(link)
        self.refuse_path(link, "cannot be opened")

    def test_symlinks_are_followed_to_regular_files_only(self):
        fixture.write(self.path, GOOD)
        link = self.dir / "link.csv"
        link.symlink_to(self.path)
        self.assertEqual(len(reader.read_csv(link).rows), 1)
        zero = self.dir / "zero.csv"
        zero.symlink_to("/dev/zero")
        self.refuse_path(zero, "not a regular file")

    def test_strange_file_names(self):
        for name in ("-rf", "--help", "a;b", "$(x)", "a\nb", "\x1b[2J", "é"):
            path = self.dir / name
            fixture.write(path, GOOD)
            self.assertEqual(len(reader.read_csv(path).rows), 1)
            fixture.write(path, "")
            with self.assertRaises(InputError) as caught:
                reader.read_csv(path)
            self.assertTrue(caught.exception.report().isprintable())
            self.assertTrue(caught.exception.report().isascii())


class Accepted(Cases):
    def test_values(self):
        table = self.accept(with_row(ns_per_op="12.5", ops="7", hop_ns="4.5e1", flags="hop;skew",
                                     noise="noisy", contestant="ck:mcs/2.0-x_Y"))
        self.assertEqual((table.family, len(table.rows), table.run_id),
                         ("counter", 2, fixture.RUN_ID))
        row = table.rows[1]
        self.assertEqual(row.line, 3)
        self.assertEqual((row["ns_per_op"], row["ops"], row["hop_ns"], row["contestant"]),
                         (12.5, 7, 45.0, "ck:mcs/2.0-x_Y"))
        self.assertEqual([type(row[n]) for n in ("ns_per_op", "ops", "threads", "verified")],
                         [float, int, int, int])
        self.assertIsNone(row["latency_p50_ns"])
        self.assertEqual(row.flags, ("hop", "skew"))
        self.assertTrue(row.noisy)
        self.assertFalse(row.failed)
        self.assertEqual(list(row), NAMES)
        self.assertEqual(dict(row.items())["rep"], 1)
        self.assertIsNone(row.get("p_pair"))
        self.assertIn("ops", row)
        with self.assertRaises(KeyError):
            row["p_pair"]

    def test_same_values_however_the_lines_end(self):
        plain = self.accept(GOOD)
        for content in (GOOD.replace("\n", "\r\n"), "\ufeff" + GOOD,
                        "\ufeff" + GOOD.replace("\n", "\r\n"),
                        ",".join(f'"{n}"' for n in NAMES) + "\n" + GOOD.split("\n", 1)[1],
                        GOOD.replace("atomic_add", '"atomic_add"')):
            other = self.accept(content)
            self.assertEqual(list(other.rows[0].items()), list(plain.rows[0].items()))

    def test_columns_are_found_by_name(self):
        table = self.accept("\n".join(",".join(reversed(line.split(",")))
                                      for line in GOOD.splitlines()) + "\n")
        self.assertEqual(table.rows[0]["ns_per_op"], 50.0)

    def test_failed_and_lossy_rows(self):
        table = self.accept(with_row(**FAILED))
        self.assertTrue(table.rows[1].failed)
        table = self.accept(with_row(verified="0", flags="lossy", contestant="racy"))
        self.assertEqual(table.rows[1]["verified"], 0)

    def test_lenient_drops_a_torn_row_and_says_so(self):
        table = self.accept(GOOD + row(rep=1)[:-2], lenient=True)
        self.assertEqual((len(table.rows), table.truncated),
                         (1, "truncated last row (line 3 has no end), row dropped"))
        self.refuse(HEADER + "\n" + row(), ": no results (header only)", lenient=True)

    def test_every_truncation_is_noticed(self):
        """Cut anywhere, the file is refused, or it is a whole prefix that its footer gives away."""
        content = (GOOD + row(rep=1) + "\n").encode()
        whole = {len(GOOD.encode()), len(content)}
        for length in range(len(content) + 1):
            fixture.write(self.path, content[:length])
            try:
                reader.read_csv(self.path)
                self.assertIn(length, whole)
            except InputError:
                self.assertNotIn(length, whole)

    def test_mutations_are_refused_or_read_as_they_stand(self):
        """Every cell of an accepted mutant, written back, is what the file says."""
        import random
        rng, accepted = random.Random(5), 0
        base = (GOOD + row(rep=1) + "\n").encode()
        for _ in range(3000):
            data = bytearray(base)
            for _ in range(rng.randint(1, 3)):
                at = rng.randrange(len(HEADER), len(data))
                new = rng.choice(b'0123456789.,"-e\n\r\0a;:\xff')
                data[at:at + rng.randint(0, 1)] = bytes([new])
            fixture.write(self.path, bytes(data))
            try:
                table = reader.read_csv(self.path)
            except InputError:
                continue
            accepted += 1
            lines = bytes(data).decode().replace("\r\n", "\n").splitlines()
            for parsed in table.rows:
                cells = lines[parsed.line - 1].replace('"', "").split(",")
                for name, text in zip(NAMES, cells):
                    value = parsed[name]
                    self.assertTrue(str(value) == text or (text == "" and value is None)
                                    or float(text) == value, f"{name}: {text!r} read as {value!r}")
        self.assertGreater(accepted, 50)


class Runs(Cases):
    def setUp(self):
        super().setUp()
        self.run_dir = self.dir / "run"
        fixture.write_run(self.run_dir, {"counter": fixture.counter_rows(reps=1, threads=(1, 2)),
                                         "machine": fixture.machine_rows(reps=1)})

    def refuse_run(self, pattern, **how):
        with self.assertRaisesRegex(InputError, pattern) as caught:
            reader.read_run(self.run_dir, **how)
        self.assertEqual(caught.exception.exit_code, 3)
        self.assertTrue(caught.exception.report().isprintable())

    def change_footer(self, **changed):
        content = (self.run_dir / "counter.csv").read_bytes()
        fixture.write(self.run_dir / "counter.footer.json",
                      json.dumps(fixture.footer("counter", content, **changed)))

    def incomplete(self, pattern, rows=None):
        """Refused as it is; read whole with lenient, which says why."""
        self.refuse_run("incomplete run: .*" + pattern)
        run = reader.read_run(self.run_dir, lenient=True)
        self.assertEqual(len(run.incomplete), 1)
        self.assertRegex(run.incomplete[0], pattern)
        if rows is not None:
            self.assertEqual(len(run.rows("counter")), rows)
        return run

    def test_whole_run(self):
        run = reader.read_run(self.run_dir)
        self.assertEqual(list(run.tables), ["counter", "machine"])
        self.assertEqual((run.run_id, run.incomplete), (fixture.RUN_ID, []))
        self.assertEqual(run.environment["cpu"]["slug"], fixture.SLUG)
        self.assertEqual(len(run.rows()), len(run.rows("counter")) + len(run.rows("machine")))
        self.assertEqual(run.rows("control"), [])
        self.assertTrue(run.footers["counter"]["complete"])

    def test_footer_missing(self):
        os.unlink(self.run_dir / "counter.footer.json")
        self.incomplete("no counter.footer.json")

    def test_footer_says_interrupted(self):
        self.change_footer(complete=False, reason="signal 2")
        self.incomplete("its footer says 'signal 2'")

    def test_footer_disagrees(self):
        rows = reader.read_csv(self.run_dir / "counter.csv").rows
        for changed in ({"crc32": "00000000"}, {"rows": len(rows) + 1}, {"rows": len(rows) - 1},
                        {"bytes": 1}, {"crc32": None}, {"rows": "many"}, {"file": "machine.csv"}):
            with self.subTest(str(changed)):
                self.change_footer(**changed)
                self.incomplete("its footer says", rows=len(rows))

    def test_one_changed_digit_is_found(self):
        path = self.run_dir / "counter.csv"
        text = path.read_text()
        at = text.rindex(",48.5,") + 4
        fixture.write(path, text[:at] + "6" + text[at + 1:])
        self.incomplete("crc32 .*, its footer says")

    def test_a_removed_last_row_is_found(self):
        path = self.run_dir / "counter.csv"
        lines = path.read_text().splitlines(keepends=True)
        fixture.write(path, "".join(lines[:-1]))
        self.incomplete("rows .*, its footer says", rows=len(lines) - 2)

    def test_torn_row(self):
        path = self.run_dir / "counter.csv"
        text = path.read_text()
        fixture.write(path, text[:-9])
        self.refuse_run(f"counter.csv:{text.count(chr(10))}: incomplete run: truncated last row")
        run = reader.read_run(self.run_dir, lenient=True)
        self.assertEqual(len(run.rows("counter")), text.count("\n") - 2)
        self.assertIn("truncated last row", run.incomplete[0])

    def test_partial_file(self):
        os.rename(self.run_dir / "counter.csv", self.run_dir / "counter.csv.partial")
        self.incomplete("interrupted")
        partial = (self.run_dir / "counter.csv.partial").read_bytes()
        fixture.write(self.run_dir / "counter.csv", partial)
        self.incomplete("left beside counter.csv, not used")

    def test_bad_footers(self):
        for content, pattern in (("", "expected JSON"), ("[]", "not a JSON object"),
                                 ("{}", "no schema_version"), ("{\"schema_version\":1,", "JSON"),
                                 ('{"schema_version":4}', "made by a newer tool"),
                                 ('{"schema_version":true}', "no schema_version"),
                                 ('{"schema_version":1,"rows":NaN}', "NaN is not JSON"),
                                 ('{"schema_version":1,"rows":1e999}', "out of range"),
                                 ('{"schema_version":1,"rows":1,"rows":2}', "a key twice"),
                                 ('{"schema_version":1,"a":["\\ud800"]}', "invalid UTF-8"),
                                 (b"\xff{}", "invalid UTF-8"), ("[" * 100_000, "nested too deeply"),
                                 ('{"schema_version":1,"a":' + "9" * 5000 + "}", "expected JSON")):
            with self.subTest(str(content)[:40]):
                fixture.write(self.run_dir / "counter.footer.json", content)
                self.refuse_run(pattern)
                self.refuse_run(pattern, lenient=True)

    def test_environment(self):
        path = self.run_dir / "environment.json"
        os.unlink(path)
        self.incomplete("environment.json: missing|missing")
        fixture.write(path, json.dumps(fixture.environment("20270101T000000Z-0000000-0000")))
        self.refuse_run("environment.json: run_id '20270101T000000Z-0000000-0000', expected")
        fixture.write(path, "not json")
        self.refuse_run("environment.json:1: ")
        os.unlink(path)
        os.mkfifo(path)
        self.refuse_run("environment.json: is not a regular file")

    def test_tables_that_do_not_belong(self):
        machine = (self.run_dir / "machine.csv").read_text()
        fixture.write(self.run_dir / "counter.csv", machine)
        self.refuse_run("counter.csv: rows of family machine, expected counter")
        fixture.write_table(self.run_dir, "counter", fixture.counter_rows(reps=1))
        fixture.write_table(self.run_dir, "machine", [r | {"run_id": "other"} for r in
                                                      fixture.machine_rows(reps=1)])
        self.refuse_run("machine.csv: run_id other, expected " + fixture.RUN_ID)
        fixture.write(self.run_dir / "nope.csv", machine)
        self.refuse_run("nope.csv: unknown family, expected " + ", ".join(schema.FAMILIES))

    def test_two_schemas_in_one_run(self):
        path = self.run_dir / "machine.csv"
        fixture.write(path, path.read_text().replace("\n3,", "\n1,"))
        self.refuse_run("machine.csv: schema_version 1, expected 3 as in the other files")
        fixture.write(path, path.read_text().replace("\n1,", "\n4,"))
        self.refuse_run("machine.csv:2: schema_version 4: made by a newer tool, expected 3")

    def test_no_run(self):
        with self.assertRaisesRegex(InputError, "expected a run folder"):
            reader.read_run(self.dir / "none")
        with self.assertRaisesRegex(InputError, "not a folder, expected a run folder"):
            reader.read_run(self.run_dir / "counter.csv")
        (self.dir / "empty").mkdir()
        with self.assertRaisesRegex(InputError, "no results, expected counter.csv"):
            reader.read_run(self.dir / "empty")

    def test_the_same_run_twice(self):
        with self.assertRaisesRegex(InputError, f"run_id {fixture.RUN_ID} again"):
            reader.read_runs([self.run_dir, self.run_dir])
        other = fixture.write_run(self.dir / "other", {"machine": fixture.machine_rows(reps=1)},
                                  run_id="20270101T000000Z-0000000-0000")
        self.assertEqual(len(reader.read_runs([self.run_dir, other])), 2)


class Memory(Cases):
    def test_a_long_line_costs_no_more_than_the_limit(self):
        """60 MB in one line are refused within 40 MB of memory over what Python itself needs."""
        with open(self.path, "wb") as stream:
            stream.write(GOOD.encode())
            for _ in range(60):
                stream.write(b"x" * (1 << 20))
        code = ("import resource, sys\n"
                "from contendlib import reader, errors\n"
                "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
                "try:\n    reader.read_csv(sys.argv[1])\n"
                "except errors.InputError as e:\n    print(e)\n"
                "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n")
        done = subprocess.run([sys.executable, "-B", "-c", code, self.path], capture_output=True,
                              text=True, check=True)
        message, grown = done.stdout.splitlines()
        self.assertIn(":3: line longer than", message)
        self.assertLess(int(grown), 40 * 1024)


if __name__ == "__main__":
    unittest.main()
