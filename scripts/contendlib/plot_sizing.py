"""Charts of how many workers: the curve, its optimum, the rule's prediction, and a law."""

import math

from . import plot_styles as styles
from . import sizing_curve
from .plot_gnuplot import BREAK
from .plot_layout import number, text_width
from .plot_lines import NOTE_INK, NOTE_SIZE, measured_axis, series
from .plot_panels import Panel, chart, zero_axis
from .plot_source import Mark, statistic

FLAT = styles.BLUE | 0xE0000000         # gnuplot's alpha: a tint, under which the grid is seen
INK = 0x333333
WIDTH = 960
FIRST, NAMES = 66, 100                  # room for the y axis' texts and for the lines' names
USUAL_US = 100                          # the computing that is measured with every share of waiting
LEADS = ("channel", "guide")            # whose optimum the panels tell, the first that is there
STEPS = 48                              # of a law's line


def wait_name(wait_pct):
    return "pure compute" if not wait_pct else f"{number(wait_pct, 1)} % waiting"


def percent(share):
    """A share in per cent with two digits, 0 for nothing that can be measured."""
    lost = 100 * share
    return "0" if lost < 0.05 else number(lost, 2 if lost >= 1 else 1)


def lead_of(contestants):
    return next((c for c in LEADS if c in contestants), None) or styles.order(contestants)[0]


def best_text(curve):
    """"optimum 24: 19,200 jobs/s; flat (shaded): 24 to 128"."""
    if not curve.flat:
        return (f"best {number(curve.best.workers, 1)}; optimum: cannot tell, "
                f"{curve.silent['optimum']}")
    text = f"optimum {number(curve.optimum.workers, 1)}: {number(curve.optimum.value, 3)} jobs/s"
    if len(curve.flat) > 1:
        text += "; flat (shaded): " + ", ".join(
            number(a, 1) + (f" to {number(b, 1)}" if a != b else "") for a, b in curve.stretches)
    return text + ("; still rising" if curve.at_the_end else "")


def loss_text(curve):
    """"predicted 20: loses 2 %; 2n, 8n, 64n: 79, 18, 5 %"."""
    parts = []
    if curve.predicted:
        loss = curve.loss(curve.predicted)
        parts.append(f"predicted {number(curve.predicted, 3)}"
                     + (f": loses {percent(loss.share)} %" if loss else ""))
    known = {m: loss for m, loss in curve.losses.items() if loss}
    if known:
        parts.append(", ".join(f"{m}n" for m in known) + ": "
                     + ", ".join(percent(loss.share) for loss in known.values()) + " %")
    return "; ".join(parts)


def law_texts(curve):
    """Two lines about the thin line."""
    law = curve.law
    if law.rejected:
        return ("thin: scalability law,",
                f"rejected: {percent(law.beyond)} % off at {number(law.worst, 1)}")
    return ("thin: scalability law,", "σ " + number(law.fit.sigma, 2) + ", κ "
            + number(law.fit.kappa, 2) + f", residual {percent(law.fit.rms)} %")


def _crowd(panel, lines, law):
    """Pixels that the curves go through."""
    x, y, seen = panel.x_scale, panel.y_scale, []
    for marks in (*lines.values(), [Mark(*at, None, None, False) for at in law]):
        places = [(x.pixel(m.x), y.pixel(m.value)) for m in marks]
        for (x0, y0), (x1, y1) in zip(places, places[1:]):
            seen += [(x0 + (x1 - x0) * i / 8, y0 + (y1 - y0) * i / 8) for i in range(9)]
    return seen


def _law_notes(panel, curve, lines, law):
    """In the corner that the curves leave free; under the head's note, over the foot's."""
    left, right, top, bottom = panel.place
    texts = law_texts(curve)
    wide, crowd = max(text_width(t, NOTE_SIZE) for t in texts), _crowd(panel, lines, law)
    stops = [panel.x_scale.pixel(curve.predicted)] if curve.predicted else []

    def hidden(corner):
        at, low = corner
        start = right - 2 - wide if at else left + 6
        inside = [p for p in crowd if start - 4 <= p[0] <= start + wide + 4
                  and low - 9 <= p[1] <= low + 24]
        return len(inside) + 3 * sum(start <= s <= start + wide for s in stops)

    at, low = min(((True, bottom - 44), (False, top + 27), (True, top + 27), (False, bottom - 44)),
                  key=hidden)
    for i, text in enumerate(texts):
        panel.note(right - 2 if at else left + 6, low + 15 * i, text, NOTE_INK, right=at)


def law_line(curve, most):
    """The law's throughput over the curve's sizes, as far as it is on the axis."""
    if curve.law is None:
        return []
    first, last = curve.sizes[0].workers, curve.sizes[-1].workers
    step = math.log(last / first) / STEPS
    places = [first * math.exp(i * step) for i in range(STEPS + 1)]
    return [(w, curve.law.fit.at(w)) for w in places if curve.law.fit.at(w) <= most]


def curves_of(source, rows):
    return {(c.key.workload, c.key.contestant, c.key.exec, c.wait_pct, c.compute_us, c.limit): c
            for c in sizing_curve.curves(rows, source.environment)}


def places_of(panels, across, top, tall, head, first, names):
    cell = (WIDTH - first - 14 + 30) / across
    return [(first + i % across * cell, first + i % across * cell + cell - names - 30,
             top + i // across * (tall + head), top + i // across * (tall + head) + tall)
            for i in range(panels)]


def height_of(panels, across, top, tall, head, foot):
    return round(top + -(-panels // across) * (tall + head) - head + 66 + 16 * len(foot))


def shade_flat(panel, curve):
    scale = panel.x_scale
    for first, last in curve.stretches:
        ends = scale.value(scale.pixel(first) - 9), scale.value(scale.pixel(last) + 9)
        panel.add("areas", ((ends[0] * ends[1]) ** 0.5, panel.y["y_high"] / 2, *ends, 0,
                            panel.y["y_high"], FLAT))


def rule_at(panel, workers, text):
    """The dashed line of a prediction with its name, and the line's place."""
    panel.add("dashes", (workers, 0, INK), (workers, panel.y["y_high"], INK), BREAK)
    line = panel.x_scale.pixel(workers)
    place = panel.place
    if line + 6 + text_width(text, NOTE_SIZE) <= place[1]:      # under the flat part of the curve
        panel.note(line + 6, place[3] - 12, text, INK)
    else:                                                       # above the rising part of it
        panel.note(line - 6, place[2] + 11, text, INK, right=True)
    return line


def _optimum_at(panel, curve, line):
    """The word over the optimum's dot, beside the dashed line at `line` and not across it."""
    if not curve.flat:
        return
    half = text_width("optimum", NOTE_SIZE) / 2
    at = panel.x_scale.pixel(curve.optimum.workers)
    if line is not None and abs(at - line) < half + 4:
        right = at >= line - 2 and line + 2 * half + 5 <= panel.place[1]
        at = line + (half + 5 if right else -half - 5)
    at = min(max(at, panel.place[0] + half + 3), panel.place[1] - half)
    panel.note(at - half, panel.y_scale.pixel(curve.optimum.value) - 14, "optimum", INK)


def size_axis(curve, place, workers):
    favoured = [w for w in workers if curve.predicted and abs(w - curve.predicted) <= 0.5]
    x, _ = measured_axis(workers, *place[:2], favoured)
    if curve.predicted and curve.predicted > x["x_high"]:
        x["x_high"] = curve.predicted * 1.1
    return x


def panel_of(place, y, curve, lines, head, rule):
    """The panel with all that stands behind the lines, and what its texts say."""
    workers = sorted({m.x for marks in lines.values() for m in marks})
    panel = Panel(place, size_axis(curve, place, workers), y, head,
                  (best_text(curve), loss_text(curve)))
    shade_flat(panel, curve)
    law = law_line(curve, y["y_high"])
    if law:
        panel.add("rules", *((*at, NOTE_INK) for at in law), BREAK)
        _law_notes(panel, curve, lines, law)
    line = None
    if curve.predicted:
        line = rule_at(panel, curve.predicted, f"{rule} = {number(curve.predicted, 3)}")
    _optimum_at(panel, curve, line)
    return panel


def _greatest(points, curves):
    laws = [c.law.fit.at(s.workers) for c in curves if c.law for s in c.sizes]
    most = max(max(p.median, p.hi or 0) for p in points)
    return [most, *(v for v in laws if v <= 1.25 * most)]


def rule_name(wait):
    return f"n ÷ (1 − {wait / 100:g})" if wait else "n"


def curve_chart(source, exec_name, name, title):
    """Jobs per second by workers, one panel per wait share, with the prediction."""
    rows = [r for r in source.rows("pool", workload="sizing", p_limit=None)
            if r["exec"] == exec_name and r["p_wait_pct"] is not None and r["p_workers"]
            and r.get("p_compute_us", USUAL_US) in (None, USUAL_US)]
    points = source.points(rows, "ops_per_s")
    if not points:
        return f"no rows of workload sizing with {exec_name}s and {USUAL_US} µs of computing"
    contestants = styles.order(p.key.contestant for p in points)
    curves = curves_of(source, rows)
    waits = sorted({p.key.param("p_wait_pct") for p in points})
    names = NAMES if len(contestants) > 1 else 10
    across = min(2, len(waits))
    foot = source.foot(rows, WIDTH)
    places = places_of(len(waits), across, 148, 190, 94, FIRST, names)
    greatest = _greatest(points, curves.values())
    panels, marks, told = [], [], []
    for i, (wait, place) in enumerate(zip(waits, places)):
        here = [p for p in points if p.key.param("p_wait_pct") == wait]
        lines = series(source, here, lambda p: p.key.param("p_workers"), 1)
        lead = lead_of(lines)
        curve = next(c for key, c in curves.items() if key[1] == lead and key[3] == wait)
        panel = panel_of(place, zero_axis(greatest, place, 32, 5), curve,
                         lines, wait_name(wait), rule_name(wait))
        panel.y_named = i % across == 0
        panel.draw(lines, names=None if len(contestants) > 1 else {c: "" for c in lines})
        panels.append(panel)
        marks += [m for ms in lines.values() for m in ms]
        told.append(f"{wait_name(wait)}: {'; '.join(panel.said)}")
    whose = (f" of {styles.label(contestants[0])}" if len(contestants) == 1 else
             f", optimum and law of {styles.label(lead_of(contestants))}")
    return chart(
        name, title, f"jobs/s{whose}, {USUAL_US} µs of computing each · " + statistic(marks, points),
        foot, WIDTH, height_of(len(waits), across, 148, 190, 94, foot),
        "Line charts of jobs per second against the number of workers, one panel for each share "
        f"of waiting. {'. '.join(told)}.",
        "The dashed line is the guides' rule: as many workers as CPUs, divided by the share of "
        "a job that is not waiting. Shaded are the numbers of workers that cannot be told from the "
        "best (Mann-Whitney with Holm's correction, medians 1 % apart); the optimum is the fewest "
        "of them. The thin line is the universal scalability law; it is rejected where it leaves "
        f"the interval of a median by more than {100 * sizing_curve.OFF:g} %, as it must at a "
        "sharp knee. Too few workers leave CPUs idle and lose in proportion; too many cost little "
        "but memory and switches, which is why guessing high is the cheaper mistake.",
        panels, "workers (log)")


def sizing(source):
    """pool-sizing: threads."""
    return curve_chart(source, "thread", "pool-sizing",
                       "How many threads? The rule n ÷ (1 − wait share), and what was best")


def sizing_tasks(source):
    """pool-sizing-tasks."""
    return curve_chart(source, "task", "pool-sizing-tasks",
                       "How many tasks? The rule n ÷ (1 − wait share), and what was best")
