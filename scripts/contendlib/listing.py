"""contend list: what can be measured, as the binaries themselves say it."""

import json

from contendlib import binaries, peers
from contendlib.families import FAMILIES


def add_arguments(parser):
    parser.add_argument("--json", action="store_true", help="as JSON")


def main(args):
    listed = [(family, binaries.ask(family.binary, "--list", "--json"))
              for family in FAMILIES.values()]
    built = peers.state()
    if args.json:
        print(json.dumps({"schema_version": 1, "families": [
            {"family": family.name, "binary": family.binary, "summary": family.summary,
             "contestants": entry.get("contestants", []), "workloads": entry.get("workloads", [])}
            for family, entry in listed], "peers": built}, indent=1))
        return 0
    for family, entry in listed:
        print(f"{family.name}: {family.summary} ({family.binary})")
        print("\n".join(section("contestants", entry.get("contestants", []), contestant)))
        print("\n".join(section("workloads", entry.get("workloads", []), workload)))
    for line in peers.missing(built):
        print(line)
    return 0


def section(heading, entries, columns):
    rows = [columns(entry) for entry in entries]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [f"  {heading}"] + [
        "    " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
        for row in rows]


def contestant(entry):
    return (entry["name"], " ".join(c.lower() for c in entry.get("caps", [])),
            entry.get("source", ""))


def workload(entry):
    params = entry.get("params", {})
    return (entry["name"],
            "  ".join(f"{name}={','.join(map(str, values))}" for name, values in params.items()))
