"""What the simulator's explorer says about a planted bug."""

import re


def programs(output):
    """The names of the client programs, from `sim_explore list`."""
    return {line.split()[0] for line in output.splitlines()}


def reason(output):
    """(program, what it found), from the explorer's output"""
    table = re.findall(r"^(\S+) +(\S.*?) +(\d+) +(?:yes|no|-) +\d+ +[\d.]+  (.*)$", output, re.M)
    match = re.search(r"^  (\S+): ([A-Z ]+): (.*)$", output, re.M)
    if not match:
        return None, "failed without a report"
    program, verdict, message = match.groups()
    tried = next((f"{strategy} schedule {int(n):,}" for name, strategy, n, end in table
                  if name == program and end == verdict), "?")
    return program, f"{verdict.lower()} in {tried}: {message[:90]}"
