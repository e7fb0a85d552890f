"""The report's section on how many workers: advice, what was measured, and whether a law fits."""

from . import plot_styles as styles
from . import sizing, sizing_curve
from .plot_layout import number
from .report_html import join, table, tag

HEAD = ["pool", "jobs", "optimum", "cannot be told from it", "rule", "rule loses",
        *(f"{m}n loses" for m in sizing_curve.MULTIPLES), "scalability law"]


def _loss(curve, workers):
    loss = curve.loss(workers)
    return "–" if loss is None else sizing.percent(loss.share)


def _row(curve):
    pool = join((styles.label(curve.key.contestant), tag("small", f"{curve.key.exec}s")))
    rule = [p for p in (curve.predicted_by_quota, curve.predicted) if p]
    law = sizing.law_verdict(curve)
    if curve.law:
        fit = curve.law.fit
        law = join((law, tag("small", f"σ {fit.sigma:.3g}, κ {fit.kappa:.3g}, residual "
                             f"{sizing.percent(fit.rms)}")))
    return [pool, sizing.job_name(curve),
            number(curve.optimum.workers, 1) if curve.flat else "cannot tell",
            ", ".join(sizing.span(*s) for s in curve.stretches) or "–",
            " / ".join(number(p, 3) for p in rule) or "–", _loss(curve, curve.predicted),
            *(_loss(curve, m * curve.cpus if curve.cpus else None)
              for m in sizing_curve.MULTIPLES), law]


def section(run):
    """[] where the run has no sizing curves."""
    curves = sizing_curve.curves(run.rows("pool"), run.environment or {})
    if not curves:
        return []
    told, silent = [c for c in curves if c.flat], [c for c in curves if not c.flat]
    body = [tag("h2", "How many workers?", id="sizing"),
            tag("p", "By throughput over the number of workers, for each pool and kind of job. The "
                "optimum is the fewest workers that cannot be told from the best (Mann-Whitney "
                "with Holm's correction over the curve, medians 1 % apart). The rule is "
                "n ÷ (1 − wait share), n CPUs; under a quota with the quota's CPUs, then with all. "
                "The law is X(N) = λN ÷ (1 + σ(N−1) + κN(N−1)), rejected where it lies more than "
                f"{sizing.percent(sizing_curve.OFF)} outside of the interval of a median.")]
    if told:
        body.append(tag("ul", [tag("li", f"{sizing.who(c)}: {sizing.advice(c)}.") for c in told]))
    if silent:
        why = sorted({c.silent["optimum"] for c in silent})
        body.append(tag("p", f"Cannot tell for {len(silent)} of {len(curves)} curves: "
                        f"{'; '.join(why)}.", class_="sub"))
    body.append(tag("details", [tag("summary", "all curves"),
                                table(HEAD, [_row(c) for c in curves], 2)]))
    return body
