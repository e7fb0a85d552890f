"""Writes tests/data/golden/ anew. Run after a wanted change of the charts, and look at them:

    PYTHONPATH=scripts:tests/py python3 tests/py/make_golden.py
"""

import test_plot
from contendlib import plot, reader

if __name__ == "__main__":
    test_plot.GOLDEN.mkdir(exist_ok=True)
    for old in test_plot.GOLDEN.iterdir():
        old.unlink()
    plot.render(test_plot.SMALL, ("svg",), None, test_plot.GOLDEN)
    for chart, _ in plot.charts(reader.read_run(test_plot.SMALL)):
        text = test_plot.golden_tables(chart)
        (test_plot.GOLDEN / f"{chart.name}.tables").write_text(text)
