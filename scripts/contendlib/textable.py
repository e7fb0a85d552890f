"""Plain-text tables for the terminal."""


def align(rows, left=1):
    """Lines of a table whose first row is its head; the first `left` columns are set flush left."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) if at < left else cell.rjust(width)
                      for at, (cell, width) in enumerate(zip(row, widths))).rstrip()
            for row in rows]


def number(value, digits=4):
    """A value in about `digits` significant digits, never in exponent form; - for None."""
    if value is None:
        return "-"
    if value == 0 or abs(value) >= 10 ** (digits - 1):
        return f"{value:.0f}"
    for places in range(1, 12):
        if abs(value) >= 10 ** (digits - 1 - places):
            return f"{value:.{places}f}"
    return f"{value:.12f}"


def percent(share):
    return "-" if share is None else f"{share * 100:.1f} %"
