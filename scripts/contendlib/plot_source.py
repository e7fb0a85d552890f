"""What all charts ask of a run: its points by contestant, its machine in words, its foot line."""

from typing import NamedTuple

from . import condense, stats
from .plot_gnuplot import plain
from .plot_layout import duration, number, wrap

MARGIN, FOOT_SIZE, SUBTITLE_SIZE = 24, 11, 13


class Mark(NamedTuple):
    """One drawn point. low and high are None where there is no interval."""

    x: float
    value: float
    low: float | None
    high: float | None
    noisy: bool


def plural(count, word):
    return f"{number(count, 1)} {word}" + ("" if count == 1 else "s")


def known(environment, *path):
    """A value of environment.json as printable text; None where it is missing or not known."""
    value = environment
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    if value is None or isinstance(value, (dict, list)):
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = plain(f"{value:g}" if isinstance(value, float) else value, 80)
    return None if text in ("", "unknown") else text


def mostly_noisy(point):
    return point.n > 0 and 2 * point.noisy >= point.n


def mark(point, x, scale=1.0):
    """The point's median and interval, multiplied by `scale`."""
    low, high = (point.lo, point.hi) if point.interval else (None, None)
    return Mark(x, point.median * scale, None if low is None else low * scale,
                None if high is None else high * scale, mostly_noisy(point))


class Source:
    """One run, seen through one way of running (exec; None: any) and one placement."""

    def __init__(self, run, exec_name, placement):
        self.run, self.exec, self.placement = run, exec_name, placement
        self.environment = run.environment
        self.cpus = self._cpus()

    def _cpus(self):
        """Usable CPUs: more threads than that share them. From the rows where nothing says so."""
        topology = self.environment.get("topology")
        count = topology.get("usable_pus") if isinstance(topology, dict) else None
        if type(count) is int and 1 <= count <= 1_000_000:
            return count
        fitting = [r["threads"] for r in self.run.rows() if "oversubscribed" not in r.flags]
        return max(fitting, default=1)

    def rows(self, family, **where):
        """The family's rows of this exec and placement whose columns have the values given.

        None stands for "empty or 0", which for p_hold_ns and its like is the same.
        """
        def fits(row):
            if row["placement"] != self.placement or self.exec not in (None, row["exec"]):
                return False
            return all(not row.get(k) if v is None else row.get(k) == v for k, v in where.items())
        return [row for row in self.run.rows(family) if fits(row)]

    def points(self, rows, metric):
        """Points with a median. Lossy contestants are drawn: every chart names them as such."""
        return [p for p in condense.condense(rows, metric, lossy=True) if p.n]

    def loads(self, threads):
        """Of the measured thread counts those that tell most: 1, one per CPU, two per CPU."""
        threads = sorted(set(threads))
        fitting = [t for t in threads if 1 < t <= self.cpus]
        over = [t for t in threads if t > max(1, self.cpus)]
        enough = [t for t in over if t >= 2 * self.cpus]
        return ([t for t in threads if t == 1] + fitting[-1:] + (enough[:1] or over[-1:]))

    def load_name(self, threads):
        named = plural(threads, self.exec or "worker")
        if threads > self.cpus:
            return f"{named}: oversubscribed"
        return f"{named}, one per CPU" if threads == self.cpus > 1 else named

    def machine(self):
        """[short facts]: the CPU, its size, kernel, compiler, commit."""
        e = self.environment
        facts = [known(e, "cpu", "name") or "unknown CPU"]
        cores, host = known(e, "topology", "usable_cores"), known(e, "host", "hypervisor")
        size = plural(self.cpus, "CPU")
        if cores and cores.isdigit():
            size = plural(int(cores), "core") + (f", {size}" if int(cores) != self.cpus else "")
        if host and host.lower() != "none":
            size += f", {host}"
        facts.append(size)
        facts.append(f"Linux {known(e, 'kernel', 'release') or 'unknown'}")
        flags = (known(e, "compiler", "flags") or "").split()
        short = [f for f in flags if f.startswith(("-O", "-march", "-mcpu", "-flto"))]
        march = known(e, "compiler", "march")
        if march and not any(f.startswith("-march") for f in short):
            short.append(f"-march={march}")
        compiler = [known(e, "compiler", "name") or "unknown compiler",
                    known(e, "compiler", "version") or "", *short]
        facts.append(" ".join(w for w in compiler if w))
        commit = known(e, "suite", "commit")
        dirty = "+" if known(e, "suite", "dirty") == "yes" else ""
        facts.append(f"commit {commit[:7]}{dirty}" if commit else "commit unknown")
        return facts

    def foot(self, rows, width):
        """The lines that let a chart survive being pasted elsewhere; `rows` are those behind it."""
        facts = self.machine()
        pinned = "unpinned" if any("unpinned" in r.flags for r in rows) else "pinned"
        if self.exec not in (None, "thread"):
            facts.append(f"{self.exec}s")
        facts.append(f"placement {self.placement}, {pinned}")
        facts.append(self.repetitions(rows))
        hops = [r["hop_ns"] for r in rows if r["hop_ns"] is not None]
        if hops:
            facts.append(f"hop {duration(stats.median(hops))}")
        measured = [r for r in rows if not r.failed]
        noisy, failed = sum(r.noisy for r in measured), len(rows) - len(measured)
        facts.append(f"{number(noisy, 1)} of {plural(len(measured), 'window')} noisy")
        if failed:
            facts.append(f"{number(failed, 1)} failed")
        if self.run.incomplete:
            facts.append("incomplete run")
        return wrap(facts, FOOT_SIZE, width - 2 * MARGIN)

    @staticmethod
    def repetitions(rows):
        counts = {}
        for row in rows:
            if not row.failed:
                key = condense.row_key(row)
                counts[key] = counts.get(key, 0) + 1
        if not counts:
            return "0 repetitions"
        least, most = min(counts.values()), max(counts.values())
        return plural(most, "repetition") if least == most else f"{least} to {most} repetitions"


def statistic(marks, points, shown="band"):
    """The end of a subtitle: what a point is, what the band is, what hollow means."""
    least, most = min(p.n for p in points), max(p.n for p in points)
    windows = plural(most, "window") if least == most else f"{least} to {most} windows"
    said = "one window" if most == 1 else f"median of {windows}"
    with_interval = [m for m in marks if m.low is not None]
    if with_interval:
        said += f", {shown} = 95 % interval"
    elif marks and most < stats.MIN_SAMPLES:
        said += f" (an interval takes {stats.MIN_SAMPLES})"
    if any(m.noisy for m in marks):
        said += ", hollow = noisy"
    return said
