"""What a run left behind: its noise, and its files with a line each on what they are."""

import os
import pathlib
import re

from contendlib.families import CONTROL, FAMILIES

GROUPS = (  # heading, (pattern of the path below the run folder, what it is)
    ("to look at", (
        (r"report\.html", "the run on one page: open it in a browser"),
        (r"charts/.*\.svg", "chart, for the web"),
        (r"charts/.*\.png", "chart, for slides and issues"),
    )),
    ("measurements", (
        (r"(\w+)\.csv", "{summary}; one row per window"),
        (r"(\w+)\.csv\.partial", "unfinished: {summary}"),
        (r"\w+\.footer\.json", "rows and checksum that tell whether the CSV is whole"),
        (r"\w+\.gbench\.json", "the same points as Google Benchmark reports them"),
    )),
    ("the machine and the run", (
        (r"environment\.json", "CPU, kernel, libraries, compiler, limits"),
        (r"topology\.xml", "the CPUs as hwloc sees them: lstopo -i topology.xml"),
        (r"run\.json", "what was asked for; --resume reads it"),
    )),
)


def files(path):
    """Paths below the run folder, '/' between them, sorted; hidden ones are not results."""
    found = []
    for folder, subfolders, names in os.walk(path):
        subfolders[:] = sorted(s for s in subfolders if not s.startswith("."))
        found += [os.path.relpath(os.path.join(folder, n), path) for n in names
                  if not n.startswith(".")]
    return sorted(found)


def describe(name):
    """(index of the group, description) of a file, or None for a file that is not a run's."""
    for index, (_, patterns) in enumerate(GROUPS):
        for pattern, about in patterns:
            if match := re.fullmatch(pattern, name):
                summary = ""
                if "{summary}" in about:
                    family = {**FAMILIES, CONTROL.name: CONTROL}.get(match[1])
                    summary = family.summary if family else match[1]
                return index, about.format(summary=summary)
    return None


def shown(path):
    """Relative where that is shorter to type, and never with a control character."""
    try:
        here = pathlib.Path.cwd()
    except OSError:  # it was removed
        here = pathlib.Path("/")
    text = str(path)
    if path.is_relative_to(here) and path != here and here != pathlib.Path("/"):
        text = str(path.relative_to(here))
        text = f"./{text}" if text.startswith("-") else text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def totals(result):
    return {key: sum(r[key] for r in result.values()) for key in ("rows", "noisy", "failed")}


def duration(seconds):
    minutes, seconds = divmod(int(seconds + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes:02}m"
    return f"{minutes}m{seconds:02}s" if minutes else f"{seconds}s"


def noise_line(result, seconds):
    sums = totals(result)
    if not sums["rows"]:
        return f"no window was measured in {duration(seconds)}"
    text = f"{sums['noisy']} of {sums['rows']} windows noisy"
    if sums["noisy"]:
        text += " (kept, and flagged in the CSV; contend doctor says what to do)"
    if sums["failed"]:
        text += f", {sums['failed']} failed"
    return f"{text}, in {duration(seconds)}"


def lines(path, result, seconds):
    listed = [[] for _ in GROUPS]
    for name in files(path):
        if (entry := describe(name)) is not None:
            listed[entry[0]].append((name, entry[1]))
    width = max((len(name) for group in listed for name, _ in group), default=0)
    yield noise_line(result, seconds)
    if not any(listed):
        return
    yield f"{shown(path)}/"
    for (heading, _), group in zip(GROUPS, listed):
        if group:
            yield f"  {heading}"
            for name, about in group:
                yield f"    {name:<{width}}  {about}"


def as_json(path, run_id, code, result, charts):
    return {"run_dir": str(path) if path.is_dir() else None, "run_id": run_id, "exit": code,
            "charts": charts, "families": result, "files": files(path)}
