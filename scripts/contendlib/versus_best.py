"""The shortest forms of versus: the best of ours against the best peer, a line for each point; and
how many times better a contestant is on several threads than on one."""

from contendlib import pairing, stats, textable

# How a contestant is made, not what is asked of it: points that differ only in these are compared.
OWN = ("p_shards",)


def asked(entry, any_exec):
    """What the entry's two sides were asked to do, as a key."""
    left_out = OWN + ("exec",) if any_exec else OWN
    return (entry["run"], *((k, v) for k, v in entry["where"].items() if k not in left_out))


def label(entry):
    """Ours by name, with how it was made."""
    where = entry["where"]
    made = [f"{name}={where[name]:.10g}" for name in OWN if where.get(name) is not None]
    return " ".join([entry["ours"], *made])


def best_pairs(entries, better, any_exec):
    """For each point one entry: of ours the best median, of the peers the best median.

    Peers of another contract are left out, where there are others.
    """
    points = {}
    for entry in pairing.of_one_contract(entries):
        points.setdefault(asked(entry, any_exec), []).append(entry)
    chosen = []
    for group in points.values():
        medians = [entry["ours_median"] for entry in group]
        best = min(medians) if better == "lower" else max(medians)
        chosen.append(min((e for e in group if e["ours_median"] == best),
                          key=lambda e: e["ratio"]))
    return chosen


def share(entry, better):
    """(middle, low, high) of the median of ours over the peer's, whatever is better."""
    if better != "lower":
        return entry["ratio"], entry["low"], entry["high"]
    return tuple(None if entry[k] is None else 1 / entry[k] for k in ("ratio", "high", "low"))


def share_text(entry, better):
    middle, low, high = share(entry, better)
    return f"{middle:.3f}" if low is None else f"{middle:.3f} [{low:.3f}, {high:.3f}]"


def described(entry):
    where = {k: v for k, v in entry["where"].items() if k not in OWN}
    return pairing.describe(where)


def summary(entries, better):
    found = pairing.summary(entries)
    return found | {"share": stats.geometric_mean(share(e, better)[0] for e in entries),
                    "worst_share": share(found["worst"], better)[0]}


def best_lines(entries, runs, metric):
    lines = [f"the best of ours against the best peer by {metric.name}; a ratio above 1 says that "
             "ours is better"]
    for run in runs:
        mine = [e for e in entries if e["run"] == run.run_id]
        if not mine:
            continue
        lines.append(pairing.heading(run))
        rows = [("point", "best of ours", "best peer", "ours", "peer", "ratio [95 %]",
                 "ours / peer [95 %]", "n", "hop ns", "noisy", "")]
        for e in mine:
            rows.append((described(e), label(e), pairing.peer_label(e),
                         textable.number(e["ours_median"]), textable.number(e["peer_median"]),
                         pairing.ratio_text(e), share_text(e, metric.better), str(e["n"]),
                         textable.number(e["hop_ns"], 3), f"{e['noisy']} of {e['rows']}",
                         "; ".join(e["notes"])))
        lines += textable.align(rows, left=3)
    found = summary(entries, metric.better)
    lines.append(f"geometric mean over {found['count']} points: {found['geomean']:.3f}x, ours / "
                 f"peer {found['share']:.3f}, at worst {found['worst_share']:.3f} "
                 f"({found['noisy']} of {found['rows']} rows noisy)")
    return lines


def scaling(selection, names):
    """Entries of a point on several threads against the same on one, by contestant."""
    entries = []
    for run, points in selection.runs:
        alone = {p.key._replace(threads=None): p for p in points if p.n and p.key.threads == 1}
        for point in points:
            one = alone.get(point.key._replace(threads=None))
            if one is None or not point.n or point.key.contestant not in names or \
                    point.key.threads == 1 or min(point.samples + one.samples) <= 0:
                continue
            entries.append(pairing.compare(run, point, one, selection.metric))
    return entries


def scaling_lines(entries, runs):
    lines = ["how many times as much as on one thread (medians; 95 %)"]
    for run in runs:
        mine = [e for e in entries if e["run"] == run.run_id]
        if not mine:
            continue
        lines.append(pairing.heading(run))
        counts = sorted({e["where"]["threads"] for e in mine})
        rows = {}
        for e in mine:
            where = {k: v for k, v in e["where"].items() if k != "threads"}
            rows.setdefault((e["ours"], tuple(where.items())), {})[e["where"]["threads"]] = e
        table = [("contestant", "setting", *(f"T={t}" for t in counts))]
        for (name, where), by_threads in rows.items():
            setting = pairing.describe(dict(where) | {"threads": 0}).replace(" T=0", "", 1)
            table.append((name, setting, *(pairing.ratio_text(by_threads[t])
                                           if t in by_threads else "-" for t in counts)))
        lines += textable.align(table, left=2)
    return lines
