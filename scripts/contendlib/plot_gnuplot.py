"""One picture from one Chart: tables into a private folder, gnuplot over them, picture into place.

No text of ours or of a file ever becomes part of a gnuplot script: the scripts in plots/ are fixed,
numbers and texts reach them as data files, and the three arguments are a format and two paths of
our own making. gnuplot is started without a shell and without its start-up files, and what it left
is looked at.
"""

import math
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass, field
from xml.etree import ElementTree

from .errors import EnvironmentProblem, OutputError, printable

SCRIPTS = pathlib.Path(__file__).resolve().parents[2] / "plots"
FORMATS = ("svg", "png")
TIMEOUT_S = 120
BREAK = None            # as a row of a table: lifts the pen
BLOCK = "block"         # as a row of a table: starts gnuplot's next index
NOTHING = "nothing"     # as a row of a table: a point off every axis, for a block without any
# What gnuplot's drawings consist of: anything else in one did not come from a drawing command.
_ELEMENTS = {"{http://www.w3.org/2000/svg}" + name for name in (
    "svg", "title", "desc", "defs", "g", "path", "rect", "circle", "use", "polygon", "polyline",
    "line", "text", "tspan", "filter", "feFlood", "feComposite")}
_END = {"svg": b"</svg>", "png": b"IEND\xaeB`\x82"}


@dataclass
class Chart:
    """What a script in plots/ needs. `parameters` are numbers, texts, or lists of either."""

    name: str               # of the picture's file
    script: str             # in plots/, without .gp
    title: str
    subtitle: str
    foot: list              # lines
    width: int
    height: int
    alt: str                # what the picture shows, for those who cannot see it
    caption: str            # how to read it
    parameters: dict = field(default_factory=dict)
    tables: dict = field(default_factory=dict)      # name -> (columns, rows)


def plain(text, limit=200):
    """Foreign text as it may stand in a table: one line of printable text.

    The quote and the backslash go because gnuplot's own reader of data files would take them as
    syntax (it runs nothing, but it would lose or change text).
    """
    text = "".join(c if c.isprintable() and c not in '"\\' else " " for c in str(text))
    text = " ".join(text.split())
    return text if len(text) <= limit else text[:limit - 3].rstrip() + "..."


def _number(value):
    """8 significant digits; no exponent, for gnuplot 5.4 refuses '5e-07' + 0 as trailing text."""
    if not math.isfinite(value):
        raise ValueError(f"{value} in a chart's table")
    if value == int(value):
        return str(int(value))
    text = f"{value:.{max(0, 7 - math.floor(math.log10(abs(value))))}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _cell(value):
    return plain(value).replace(" ", "\u00a0") if isinstance(value, str) else _number(value)


def _text_cell(value):
    return plain(value) if isinstance(value, str) else _number(value)


def _off_the_chart(columns):
    # Not NaN: gnuplot 5.4 dies of a "with labels" whose points are all undefined.
    return "\t".join(["1e99", "1e99"] + ["0"] * (columns - 2))


def table_text(columns, rows):
    """A table as gnuplot reads it. An empty file is an error to it, so there is always a row."""
    lines = []
    for row in rows:
        if row is BREAK:
            lines.append("")
        elif row == BLOCK:
            lines += ["", ""]
        elif row == NOTHING:
            lines.append(_off_the_chart(columns))
        else:
            if len(row) != columns:
                raise ValueError(f"{len(row)} cells in a table of {columns} columns")
            lines.append("\t".join(map(_text_cell, row)))
    if not any(lines):
        lines.append(_off_the_chart(columns))
    return "\n".join(lines) + "\n"


def blocks(parts):
    """Rows of an indexed table: one block for each part, an empty part too."""
    rows = []
    for part in parts:
        part = list(part)
        while part and part[-1] is BREAK:       # a second empty line would be a block of its own
            part.pop()
        rows += ([BLOCK] if rows else []) + (part or [NOTHING])
    return rows


def parameter_text(chart):
    """`name TAB value` lines. A list is one value whose items are parted by spaces, so that a space
    inside an item has to be a no-break one."""
    values = {"width": chart.width, "height": chart.height, "title": chart.title,
              "subtitle": chart.subtitle}
    values.update((f"foot_{i}", line) for i, line in enumerate(reversed(chart.foot), 1))
    values.update(chart.parameters)
    lines = []
    for name, value in values.items():
        if isinstance(value, (list, tuple)):
            lines.append(name + "\t" + " ".join(map(_cell, value)))
        else:
            lines.append(f"{name}\t{_text_cell(value)}")
    return "\n".join(lines) + "\n"


def write_tables(chart, folder):
    for name, (columns, rows) in chart.tables.items():
        (folder / name).write_text(table_text(columns, rows), encoding="utf-8")
    (folder / "parameters").write_text(parameter_text(chart), encoding="utf-8")


def find_gnuplot():
    found = shutil.which("gnuplot")
    if found is None:
        raise EnvironmentProblem("gnuplot not found (apt install gnuplot-nox)")
    return os.path.abspath(found)


def _environment():
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GNUPLOT", "LC_", "LANG"))}
    kept["LC_ALL"] = "C.UTF-8"
    return kept


def _run(gnuplot, arguments, chart):
    """gnuplot's own process group, so that nothing of it outlives a timeout or an interruption."""
    child = subprocess.Popen([gnuplot, "-d", "-c", *arguments], cwd=SCRIPTS, env=_environment(),
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True)
    try:
        said, _ = child.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        raise EnvironmentProblem(f"chart {chart}: gnuplot took more than {TIMEOUT_S} s") from None
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.wait()
        child.stdout.close()
    if child.returncode or said.strip():        # a warning is a chart that lacks something
        last = printable(b" ".join(said.split()), 300)
        raise EnvironmentProblem(f"chart {chart}: gnuplot ended with {child.returncode}: {last}")


def draw(chart, picture_format, target, gnuplot=None):
    """Draws the chart into the file `target`, which is there whole or not at all."""
    gnuplot = gnuplot or find_gnuplot()
    with tempfile.TemporaryDirectory(prefix="contend-plot-") as name:
        folder = pathlib.Path(name).resolve()
        tables = folder / "tables"
        tables.mkdir()
        write_tables(chart, tables)
        picture = folder / f"picture.{picture_format}"
        _run(gnuplot, [f"{chart.script}.gp", picture_format, str(tables), str(picture)], chart.name)
        data = picture.read_bytes() if picture.is_file() else b""
    if not data.rstrip(b"\n").endswith(_END[picture_format]):
        raise EnvironmentProblem(f"chart {chart.name}: gnuplot left no whole {picture_format}")
    write(target, svg_for_the_web(data, chart) if picture_format == "svg" else data)


def svg_for_the_web(data, chart):
    """The SVG with the chart's own title, and with fonts to fall back on without DejaVu."""
    text = data.decode("utf-8")
    text = text.replace("]]>", "]]&gt;")        # gnuplot escapes & and <, XML wants this one too
    text = text.replace('font-family="DejaVu Sans"',
                        'font-family="DejaVu Sans, Verdana, Helvetica, sans-serif"')
    title = plain(chart.title).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = text.replace("<title>Gnuplot</title>", f"<title>{title}</title>", 1)
    text = re.sub(r"[ \t]+\n", "\n", text)
    text = re.sub(r"\t<g [^<>]*>\n\t\t<text></text>\n\t</g>\n", "", text)    # ticks without a text
    try:
        names = {element.tag for element in ElementTree.fromstring(text).iter()}
    except ElementTree.ParseError as error:
        raise EnvironmentProblem(f"chart {chart.name}: gnuplot wrote no XML: {error}") from None
    if strange := names - _ELEMENTS:
        raise EnvironmentProblem(f"chart {chart.name}: gnuplot wrote {printable(str(strange))}")
    return text.encode("utf-8")


def write(path, data):
    """By rename, so that a link of that name is replaced, not followed."""
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
        if name is not None and os.path.lexists(name):
            os.unlink(name)
        raise OutputError(f"cannot write {printable(os.fspath(path), 0)}: "
                          f"{error.strerror or error}") from None
