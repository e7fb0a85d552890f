"""contend ratio: contestant A against contestant B, point by point."""

import json

from contendlib import pairing
from contendlib.errors import UsageError, printable


def add_arguments(parser):
    pairing.add_arguments(parser)
    parser.add_argument("--a", required=True, metavar="NAME", help="contestant; a ratio above 1 "
                        "says that A is better")
    parser.add_argument("--b", required=True, metavar="NAME", help="contestant to compare with")


def main(args):
    if args.a == args.b:
        raise UsageError("--a and --b name the same contestant, expected two")
    selection = pairing.select(args)
    names = (args.a, args.b)
    entries, zeros = pairing.pairs(selection, [names])
    if not entries:
        who = f"{printable(args.a)} and {printable(args.b)} both"
        pairing.nothing_in_common(selection, who, names, zeros)
    found = pairing.summary(entries)
    if args.json:
        print(json.dumps({"metric": selection.metric.name, "points": entries, **found,
                          "not_used": selection.unused(names), "not_compared": zeros}, indent=1,
                         allow_nan=False))
        return 0
    print(f"{args.a} against {args.b} by {selection.metric.name}; a ratio above 1 says that "
          f"{args.a} is better")
    for line in pairing.table(entries, [run for run, _ in selection.runs]):
        print(line)
    print(pairing.summary_line(f"{args.a} against {args.b}", found))
    for line in pairing.caveats(selection, names, zeros):
        print(line)
    return 0
