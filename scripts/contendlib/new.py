"""contend new FAMILY NAME: the skeleton of a contestant, and its line in the family's list."""

import os
import pathlib
import re

from contendlib.errors import OutputError, UsageError

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


def add_arguments(parser):
    parser.add_argument("family", metavar="FAMILY", help="a folder of bench/ that has skeletons")
    parser.add_argument("name", metavar="NAME", help="the CSV name: small letters, digits, _")
    parser.add_argument("--kind", default="locked", metavar="KIND",
                        help="which skeleton: bench/FAMILY/skeleton/KIND.c.in (default: locked)")
    parser.add_argument("--root", default=ROOT, type=pathlib.Path, help="the checkout (default: this one)")


def skeletons(root):
    """{family: [kind, ...]} of what is there."""
    found = {}
    for path in sorted(root.glob("bench/*/skeleton/*.c.in")):
        found.setdefault(path.parent.parent.name, []).append(path.name.removesuffix(".c.in"))
    return found


def with_line(listing, name):
    """The X-macro list with one more entry at its end."""
    lines = listing.rstrip("\n").split("\n")
    if any(line.strip().startswith(f"X({name})") for line in lines):
        raise UsageError(f"new: '{name}' is in the list already")
    lines[-1] = f"{lines[-1]:<99}\\"
    return "\n".join(lines + [f"        X({name})"]) + "\n"


def main(args):
    known = skeletons(args.root)
    if args.family not in known:
        raise UsageError(f"new: no skeletons for family '{args.family}', expected one of: "
                         f"{', '.join(known) or 'none in this folder'}")
    if args.kind not in known[args.family]:
        raise UsageError(f"new: no skeleton '{args.kind}', expected one of: {', '.join(known[args.family])}")
    if not NAME.fullmatch(args.name):
        raise UsageError(f"new: name '{args.name}', expected a small letter, then up to 31 of a-z 0-9 _")
    folder = args.root / "bench" / args.family
    listing = folder / "contestants.h"
    longer = with_line(listing.read_text(encoding="utf-8"), args.name)
    text = (folder / "skeleton" / f"{args.kind}.c.in").read_text(encoding="utf-8")
    target = folder / f"{args.name}.c"
    try:
        with open(target, "x", encoding="utf-8") as f:
            f.write(text.replace("@NAME@", args.name))
    except FileExistsError:
        raise UsageError(f"new: {target} is there already") from None
    temporary = listing.with_suffix(".h.new")
    try:
        temporary.write_text(longer, encoding="utf-8")
        os.replace(temporary, listing)
    except OSError as error:
        target.unlink()
        raise OutputError(f"cannot write {listing}: {error.strerror}") from None
    print(f"made   {target}\nlisted {listing}\n"
          f"next   fill it in, build, and: contend run --families {args.family} --contestants {args.name}")
    return 0
