"""contend versus: our contestants against everybody else's, and against the best of them."""

import json
import re

from contendlib import pairing, schema, versus_best, versus_table
from contendlib.errors import ComparisonImpossible, UsageError, printable


def add_arguments(parser):
    pairing.add_arguments(parser)
    parser.add_argument("--ours", metavar="REGEX", help="contestants on our side (default: this "
                        "suite's that keep the full contract); the whole name")
    parser.add_argument("--peers", metavar="REGEX", help="contestants on the other side (default: "
                        "the baselines and other people's libraries); ':' alone: the latter")
    parser.add_argument("--any-exec", action="store_true", help="also ours by tasks against peers "
                        "by threads, and the other way round")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--best", action="store_true", help="a line for each point: the best of ours "
                      "against the best peer; and the geometric mean over all points")
    form.add_argument("--scaling", action="store_true", help="ours on several threads against the "
                      "same on one, instead of against peers")


def _pattern(option, text):
    try:
        return re.compile(text)
    except (re.error, RecursionError, OverflowError) as e:
        raise UsageError(f"{option} '{printable(text)}' is not a regular expression: "
                         f"{printable(str(e))}") from None


def sides(names, ours=None, peers=None):
    """(ours, peers) of contestant names; a name that both patterns match is ours."""
    if ours is None:
        mine = [n for n in names if schema.role(n) == "ours"]
    else:
        pattern = _pattern("--ours", ours)
        mine = [n for n in names if pattern.fullmatch(n)]
    if peers is None:
        theirs = [n for n in names if schema.role(n) in ("baseline", "foreign")]
    elif peers == ":":
        theirs = [n for n in names if schema.role(n) == "foreign"]
    else:
        pattern = _pattern("--peers", peers)
        theirs = [n for n in names if pattern.fullmatch(n)]
    return mine, [n for n in theirs if n not in mine]


def against_best(entries, fair=False):
    """For each of ours in each setting, the entry of the peer with the best median there.

    Peers of another contract are left out, `fair` also those in which somebody got less than half
    of another's share.
    """
    best = {}
    for entry in pairing.of_one_contract(entries):
        if fair and pairing.is_unfair(entry["peer_fairness_min_max"]):
            continue
        key = (entry["run"], entry["ours"], tuple(entry["where"].items()))
        if key not in best or entry["ratio"] < best[key]["ratio"]:
            best[key] = entry
    return list(best.values())


def summaries(entries):
    """[(ours, peer or "best peer", summary)] over the points each pair has in common.

    "best fair peer" is there where it is another one than the best.
    """
    groups = {}
    for entry in entries:
        groups.setdefault((entry["ours"], pairing.peer_label(entry)), []).append(entry)
    best = against_best(entries)
    fair = against_best(entries, fair=True)
    for entry in best:
        groups.setdefault((entry["ours"], "best peer"), []).append(entry)
    if fair != best:
        for entry in fair:
            groups.setdefault((entry["ours"], "best fair peer"), []).append(entry)
    order = sorted(groups, key=lambda k: (k[0], k[1].startswith("best "), k[1]))
    return [(*key, pairing.summary(groups[key])) for key in order]


def best(args, selection, entries, zeros, names):
    better = selection.metric.better
    chosen = versus_best.best_pairs(entries, better, args.any_exec)
    if args.json:
        print(json.dumps({"metric": selection.metric.name, "points": chosen, "of": "the best of "
                          "ours against the best peer of each point",
                          **versus_best.summary(chosen, better),
                          "not_used": selection.unused(names), "not_compared": zeros}, indent=1,
                         allow_nan=False))
        return 0
    runs = [run for run, _ in selection.runs]
    for line in versus_best.best_lines(chosen, runs, selection.metric):
        print(line)
    for line in pairing.caveats(selection, names, zeros):
        print(line)
    return 0


def scaling(args, selection, names):
    entries = versus_best.scaling(selection, names)
    if not entries:
        raise ComparisonImpossible("nothing in common: no point of ours on one thread and several")
    if args.json:
        print(json.dumps({"metric": selection.metric.name, "points": entries,
                          "of": "ours on several threads against the same on one",
                          "not_used": selection.unused(names)}, indent=1, allow_nan=False))
        return 0
    for line in versus_best.scaling_lines(entries, [run for run, _ in selection.runs]):
        print(line)
    for line in pairing.caveats(selection, names, []):
        print(line)
    return 0


def main(args):
    selection = pairing.select(args)
    mine, theirs = sides(selection.contestants, args.ours, args.peers)
    if args.scaling:
        return scaling(args, selection, mine)
    if not mine or not theirs:
        have = ", ".join(selection.contestants) or "none"
        side = "ours" if not mine else "peers"
        raise ComparisonImpossible(f"no contestant is on the side of {side}; the rows have: {have}")
    entries, zeros = pairing.pairs(selection, [(a, b) for a in mine for b in theirs],
                                   args.any_exec, versus_best.OWN if args.best else ())
    names = mine + theirs
    if not entries:
        pairing.nothing_in_common(selection, "one of ours and one of the peers both", names, zeros)
    if args.best:
        return best(args, selection, entries, zeros, names)
    total = pairing.summary(against_best(entries))
    fair = against_best(entries, fair=True)
    if args.json:
        answer = {"metric": selection.metric.name, "points": entries, "of": "ours against the best "
                  "peer of each point", **total,
                  "fair": pairing.summary(fair) if fair else None,
                  "by_threads": versus_table.as_json(entries),
                  "summaries": [{"ours": a, "peer": b, **s} for a, b, s in summaries(entries)],
                  "not_used": selection.unused(names), "not_compared": zeros}
        print(json.dumps(answer, indent=1, allow_nan=False))
        return 0
    print(f"ours against the rest by {selection.metric.name}; a ratio above 1 says that ours is "
          "better")
    for line in pairing.table(entries, [run for run, _ in selection.runs]):
        print(line)
    for name, peer, found in summaries(entries):
        the = "the " if peer.startswith("best ") else ""
        print(pairing.summary_line(f"{name} against {the}{peer}", found))
    print(pairing.summary_line("all of ours against the best peer", total))
    if fair and fair != against_best(entries):
        print(pairing.summary_line("all of ours against the best fair peer",
                                   pairing.summary(fair)))
    for line in versus_table.lines(entries):
        print(line)
    for line in pairing.caveats(selection, names, zeros):
        print(line)
    return 0
