"""contend sizing: how many workers, by what was measured, by the rule, and by a law."""

import json

from contendlib import judge, reader, sizing_curve, stats, textable
from contendlib.errors import ComparisonImpossible
from contendlib.sizing_curve import MULTIPLES, OFF


def add_arguments(parser):
    parser.add_argument("run", metavar="RUN", help="run folder with a pool.csv")
    parser.add_argument("--lenient", action="store_true",
                        help="use the whole rows of an incomplete run")
    parser.add_argument("--json", action="store_true", help="print JSON")


def percent(share):
    """A share as people say it: 0.3 %, 12 %."""
    value = 100 * share
    return f"{value:.1f} %" if abs(value) < 9.95 else f"{value:.0f} %"


def span(first, last):
    return str(first) if first == last else f"{first}-{last}"


def job_name(curve):
    """What the jobs do: "100 us of computing, 90 % waiting (a socket echo), 16 connections"."""
    words = [] if curve.compute_us is None else [f"{curve.compute_us} us of computing"]
    wait = curve.wait_pct
    socket = " (a socket echo)" if curve.key.workload == "sizing_socket" else ""
    words.append(f"{wait} % waiting{socket}" if wait else "no waiting")
    if curve.limit:
        words.append(f"{curve.limit} connection" + ("s" if curve.limit > 1 else ""))
    if curve.quota:
        words.append(f"a quota of {curve.quota:g} CPU" + ("" if curve.quota == 1 else "s"))
    return ", ".join(words)


def who(curve):
    return f"{curve.key.contestant}, {curve.key.exec}s"


def _judged(curve, workers):
    """What is to be said of a number of workers that somebody else came up with."""
    loss = curve.loss(workers)
    if loss is None:
        return "which was not measured"
    if any(s.workers == loss.workers for s in curve.flat):
        return "which cannot be told from the best"
    return f"which loses {percent(loss.share)}"


def _rule(curve):
    """What the rule says of it, "" where it says the same or nothing can be said."""
    parts = []
    if curve.quota and curve.predicted_by_quota:
        parts.append(f"the rule with the quota says {curve.predicted_by_quota:.3g}, "
                     + _judged(curve, curve.predicted_by_quota))
    if curve.predicted:
        name = ("the number of cores says" if curve.quota else
                "the rule with the connections says" if curve.limit and curve.wait_pct
                else "the rule says")
        parts.append(f"{name} {curve.predicted:.3g}, {_judged(curve, curve.predicted)}")
    return "; ".join(parts)


def use(curve):
    """"use 18-24 workers here", or why that cannot be said."""
    if not curve.flat:
        return f"cannot tell how many workers to use: {curve.silent['optimum']}"
    most = curve.sizes[-1].workers
    if curve.at_the_end:
        return f"use {most} workers or more: it was still getting better at the most measured"
    first, last = curve.stretches[0]
    if last == most and first != last:
        return f"use {first} workers here; more, up to {last}, cannot be told from that"
    return f"use {span(first, last)} worker{'s' if last > 1 else ''} here"


def _doubt(curve):
    doubt = curve.doubt
    return "" if doubt is None else (
        f"; noisy: with {doubt.workers} up to {percent(doubt.high)} may be lost")


def advice(curve):
    """One sentence on the curve, for people."""
    rule = _rule(curve) if curve.flat else ""
    return f"for {job_name(curve)}: {use(curve)}" + (f" ({rule})" if rule else "") + _doubt(curve)


def law_verdict(curve):
    """Whether the universal scalability law holds on this curve."""
    law = curve.law
    if law is None:
        return f"cannot tell: {curve.silent['law']}"
    if law.rejected is None:
        return f"cannot tell: no intervals below {stats.MIN_SAMPLES} repetitions"
    if law.rejected:
        return f"fit rejected: {percent(law.beyond)} outside of the interval at {law.worst}"
    return "fits"


def _law_cells(curve):
    fit = curve.law.fit if curve.law else None
    numbers = ["-"] * 4 if fit is None else [
        f"{fit.sigma:.3g}", f"{fit.kappa:.3g}", percent(fit.rms),
        "-" if fit.peak is None or curve.law.rejected else f"{fit.peak:.3g}"]
    return [curve.key.contestant, curve.key.exec, job_name(curve), law_verdict(curve), *numbers]


def _cells(curve):
    flat = ", ".join(span(*s) for s in curve.stretches)
    rule = "-" if curve.predicted is None else f"{curve.predicted:.3g}"
    if curve.predicted_by_quota:
        rule = f"{curve.predicted_by_quota:.3g} / {rule}"
    lost = [curve.loss(curve.predicted), *curve.losses.values()]
    return [curve.key.contestant, curve.key.exec, job_name(curve),
            str(curve.optimum.workers) if curve.flat else "?", flat or "?", rule,
            *("-" if loss is None else percent(loss.share) for loss in lost)]


HEAD = ["contestant", "exec", "job", "optimum", "flat", "rule", "rule loses",
        *(f"{m}n loses" for m in MULTIPLES)]
LAW_HEAD = ["contestant", "exec", "job", "X(N) = lambda N / (1 + sigma (N-1) + kappa N (N-1))",
            "sigma", "kappa", "residual", "peak"]


def lines(curves):
    """The answer as text."""
    cpus = sorted({c.cpus for c in curves if c.cpus})
    out = [f"n = {', '.join(f'{c:g}' for c in cpus) or 'unknown'} CPUs; jobs a second by workers",
           "optimum: the fewest workers that cannot be told from the best; flat: all that cannot",
           f"  (Mann-Whitney p < {judge.ALPHA}, Holm over the sizes, and medians "
           f"{percent(judge.MIN_EFFECT)} apart)",
           "rule: n / (1 - wait share); under a quota that with the quota's CPUs / with all; with "
           "connections",
           "  at most connections / wait share", ""]
    out += textable.align([HEAD, *map(_cells, curves)], left=3)
    out += ["", "universal scalability law: rejected where it lies more than "
            f"{percent(OFF)} outside of the 95 % interval of a median", ""]
    out += textable.align([LAW_HEAD, *map(_law_cells, curves)], left=4)
    out.append("")
    out += [f"{who(c)}: {advice(c)}" for c in curves]
    failed = sum(c.failed for c in curves)
    if failed:
        out.append(f"left out: {failed} sizes without a verified window")
    noisy = sum(s.noisy for c in curves for s in c.sizes)
    if noisy:
        count = sum(len(c.sizes) for c in curves)
        out.append(f"{noisy} of {count} sizes are mostly of noisy windows")
    return out


def _loss_json(loss):
    return None if loss is None else {"workers": loss.workers, "share": loss.share,
                                      "low": loss.low, "high": loss.high}


def _law_json(law):
    if law is None:
        return None
    fit = law.fit
    return {"lambda_per_s": fit.lam, "sigma": fit.sigma, "kappa": fit.kappa, "rms": fit.rms,
            "peak_workers": fit.peak, "rejected": law.rejected, "worst_workers": law.worst,
            "beyond": law.beyond}


def as_json(curve):
    return curve.key.where() | {
        "cpus": curve.cpus, "quota_cpus": curve.quota, "advice": advice(curve),
        "cannot_tell": curve.silent,
        "best": None if curve.best is None else {"workers": curve.best.workers,
                                                 "ops_per_s": curve.best.value},
        "optimum": curve.optimum.workers if curve.flat else None,
        "at_the_end": curve.at_the_end, "flat": [list(s) for s in curve.stretches],
        "predicted": curve.predicted, "predicted_by_quota": curve.predicted_by_quota,
        "loss_predicted": _loss_json(curve.loss(curve.predicted)),
        "losses": {f"{m}n": _loss_json(loss) for m, loss in curve.losses.items()},
        "law": _law_json(curve.law), "failed_sizes": curve.failed,
        "sizes": [{"workers": s.workers, "ops_per_s": s.value, "repetitions": len(s.samples),
                   "low": s.interval.low if s.interval else None,
                   "high": s.interval.high if s.interval else None, "noisy": s.noisy}
                  for s in curve.sizes]}


def main(args):
    run = reader.read_run(args.run, args.lenient)
    curves = sizing_curve.curves(run.rows("pool"), run.environment or {})
    if not curves:
        raise ComparisonImpossible("the run has no sizing curves (family pool, workloads "
                                   + ", ".join(sizing_curve.WORKLOADS) + ")")
    if args.json:
        print(json.dumps({"run": run.run_id, "incomplete": run.incomplete,
                          "curves": [as_json(c) for c in curves]}, indent=1, allow_nan=False))
    else:
        print("\n".join(lines(curves) + [f"incomplete: {text}" for text in run.incomplete]))
    return 0
