"""contend plan: contend_host says which worker goes to which CPU; this only gets out of the way."""

import argparse
import os
import sys

from contendlib import binaries
from contendlib.errors import EnvironmentProblem


def add_arguments(parser):
    del parser  # every argument is contend_host's


def parse(parser, argv):
    del parser
    return argparse.Namespace(passed_on=argv)


def main(args):
    program = binaries.find(binaries.HOST)
    sys.stdout.flush()
    try:
        os.execv(program, [program, "plan", *args.passed_on])
    except OSError as error:
        raise EnvironmentProblem(f"{program} does not start: {error.strerror}") from None
