"""The short form of versus: for one of ours, each peer in a line, the thread counts side by side."""

from contendlib import pairing, schema, stats, textable

UNFAIR = "!"
OTHER_CONTRACT = "~"


def groups(entries):
    """[(run, ours, setting without its threads, {peer: {threads: entry}})], in order."""
    found = {}
    for entry in entries:
        where = {k: v for k, v in entry["where"].items() if k != "threads"}
        key = (entry["run"], entry["ours"], tuple(where.items()))
        peers = found.setdefault(key, {})
        peers.setdefault(entry["peer"], {})[entry["where"]["threads"]] = entry
    return [(run, ours, dict(where), peers) for (run, ours, where), peers in found.items()]


def best_of(peers, fair):
    """{threads: entry of the peer that is best there}; `fair`: of those that starve nobody.

    Those of another contract are left out.
    """
    best = {}
    entries = [entry for points in peers.values() for entry in points.values()]
    for entry in pairing.of_one_contract(entries):
        threads = entry["where"]["threads"]
        if fair and pairing.is_unfair(entry["peer_fairness_min_max"]):
            continue
        if threads not in best or entry["ratio"] < best[threads]["ratio"]:
            best[threads] = entry
    return best


def marked(peer):
    return f"{peer} {OTHER_CONTRACT}" if schema.other_contract(peer) else peer


def rows_of(peers):
    """[(peer or best of peers, {threads: entry})]; the best fair ones only where that differs."""
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
    for run, ours, where, peers in groups(entries):
        rows = [{"peer": peer, "geomean": geometric_mean(points), "threads": {
            str(t): {"ratio": e["ratio"], "low": e["low"], "high": e["high"],
                     "against": e["peer"], "unfair": pairing.is_unfair(e["peer_fairness_min_max"])}
            for t, e in sorted(points.items())}} for peer, points in rows_of(peers)]
        answer.append({"run": run, "ours": ours, "where": where, "peers": rows})
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


def lines_of(ours, where, peers):
    counts = sorted({t for points in peers.values() for t in points})
    table = [("", *(f"T={t}" for t in counts), "geomean")]
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
    for _, ours, where, peers in groups(entries):
        if len(peers) > 1 or any(len(points) > 1 for points in peers.values()):
            answer += lines_of(ours, where, peers)
    if any(f"{UNFAIR} " in line or line.endswith(UNFAIR) for line in answer):
        answer.append(f"{UNFAIR} unfair: one of the peer's workers got less than half of what "
                      "another got")
    if any(f" {OTHER_CONTRACT} " in line for line in answer):
        answer.append(f"{OTHER_CONTRACT} another contract: does less than the others (never waits, "
                      "has no bound, ...), and is not among the best")
    return answer
