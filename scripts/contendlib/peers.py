"""Other people's libraries as contestants: which were built in, and why others were not."""

from contendlib import binaries, packages
from contendlib.errors import printable

NOT_BUILT = "not built"


def of_family(listed):
    """The peers among a binary's --list --json: their names have a colon."""
    return [c["name"] for c in listed.get("contestants", []) if ":" in c["name"]]


def in_environment(environment):
    """{peer: version or why it was not built}, as the binaries were configured."""
    found = environment.get("peers") if isinstance(environment, dict) else None
    return {str(k): str(v) for k, v in found.items()} if isinstance(found, dict) else {}


def state():
    return in_environment(binaries.ask(binaries.HOST, "environment"))


def present(built):
    return [printable(f"{name} {version}") for name, version in built.items()
            if not version.startswith(NOT_BUILT)]


def missing(built):
    """One line for each that was not built: `not built: nsync (libnsync-dev not found)`."""
    package = packages.of_peers()
    lines = []
    for name, text in built.items():
        if text.startswith(NOT_BUILT):
            why = text.removeprefix(NOT_BUILT).removeprefix(": ")
            if not why:
                why = f"{package.get(name, name)} not found"
            lines.append(printable(f"{NOT_BUILT}: {name} ({why})"))
    return lines
