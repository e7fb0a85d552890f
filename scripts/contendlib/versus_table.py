"""The short form of versus: for one of ours, each peer in a line, the thread counts side by side.

In a family whose threads say little, what is side by side is another of its columns: `axis`."""

from contendlib import pairing, schema, stats, textable

UNFAIR = "!"
OTHER_CONTRACT = "~"
AXES = {"pool": "p_workers"}    # by family; the others': threads
LETTERS = {"threads": "T", "p_workers": "W"}


def axis_of(where):
    axis = AXES.get(where["family"])
    return axis if axis in where else "threads"


def groups(entries):
    """[(run, ours, axis, setting without its axis, {peer: {its value: entry}})], in order."""
    found = {}
    for entry in entries:
        axis = axis_of(entry["where"])
        where = {k: v for k, v in entry["where"].items() if k not in (axis, "threads")}
        key = (entry["run"], entry["ours"], axis, tuple(where.items()))
        peers = found.setdefault(key, {})
        peers.setdefault(pairing.peer_label(entry), {})[entry["where"][axis]] = entry
    return [(run, ours, axis, dict(where), peers)
            for (run, ours, axis, where), peers in found.items()]


def best_of(peers, fair):
    """{value of the axis: entry of the peer that is best there}; `fair`: that starve nobody.

    Those of another contract are left out.
    """
    best = {}
    entries = [entry for points in peers.values() for entry in points.values()]
    for entry in pairing.of_one_contract(entries):
        at = entry["where"][axis_of(entry["where"])]
        if fair and pairing.is_unfair(entry["peer_fairness_min_max"]):
            continue
        if at not in best or entry["ratio"] < best[at]["ratio"]:
            best[at] = entry
    return best


def marked(peer):
    name = peer.partition(" (")[0]
    return f"{peer} {OTHER_CONTRACT}" if schema.other_contract(name) else peer


def rows_of(peers):
    """[(peer or best of peers, {axis: entry})]; the best fair ones only where that differs."""
    best, fair = best_of(peers, fair=False), best_of(peers, fair=True)
    rows = list(peers.items())
    if len(peers) > 1:
        rows.append(("best of peers", best))
    if fair != best:
        rows.append((f"best without {UNFAIR}", fair))
    return rows


def geometric_mean(points):
    return stats.geometric_mean(entry["ratio"] for entry in points.values()) if points else None


def as_json(entries):
    answer = []
    for run, ours, axis, where, peers in groups(entries):
        rows = [{"peer": peer, "geomean": geometric_mean(points), axis: {
            f"{t:.10g}": {"ratio": e["ratio"], "low": e["low"], "high": e["high"],
                          "against": pairing.peer_label(e),
                          "unfair": pairing.is_unfair(e["peer_fairness_min_max"])}
            for t, e in sorted(points.items())}} for peer, points in rows_of(peers)]
        answer.append({"run": run, "ours": ours, "axis": axis, "where": where, "peers": rows})
    return answer


def cell(entry):
    if entry is None:
        return "-"
    mark = UNFAIR if pairing.is_unfair(entry["peer_fairness_min_max"]) else ""
    return pairing.ratio_text(entry) + mark


def own_line(label, peers, counts, text):
    """A line of what is ours alone, which is the same in all entries of a thread count."""
    entries = {t: e for points in peers.values() for t, e in points.items()}
    return (label, *(text(entries[t]) if t in entries else "-" for t in counts), "")


def lines_of(ours, axis, where, peers):
    counts = sorted({t for points in peers.values() for t in points})
    table = [("", *(f"{LETTERS[axis]}={t:.10g}" for t in counts), "geomean")]
    for peer, points in rows_of(peers):
        mean = geometric_mean(points)
        table.append((marked(peer), *(cell(points.get(t)) for t in counts),
                      "-" if mean is None else f"{mean:.3f}"))
    table.append(own_line("fairness of ours", peers, counts,
                          lambda e: textable.number(e["ours_fairness_min_max"], 2)))
    table.append(own_line("hop ns", peers, counts, lambda e: textable.number(e["hop_ns"], 3)))
    params = " ".join(f"{k}={v:.10g}" for k, v in where.items() if k.startswith("p_"))
    head = f"{ours}: {where['family']} {where['workload']} {where['exec']}/{where['placement']}"
    return [f"{head} {params}".rstrip()] + [f"  {line}" for line in textable.align(table)]


def lines(entries):
    """Only settings with several peers or thread counts have a table: one point needs none."""
    answer = []
    for _, ours, axis, where, peers in groups(entries):
        if len(peers) > 1 or any(len(points) > 1 for points in peers.values()):
            answer += lines_of(ours, axis, where, peers)
    if any(f"{UNFAIR} " in line or line.endswith(UNFAIR) for line in answer):
        answer.append(f"{UNFAIR} unfair: one of the peer's workers got less than half of what "
                      "another got")
    if any(f" {OTHER_CONTRACT} " in line for line in answer):
        answer.append(f"{OTHER_CONTRACT} another contract: does less than the others (never waits, "
                      "has no bound, ...), and is not among the best")
    return answer
