"""Uncontended operations make no futex calls: counted from outside, by strace."""

import os
import re
import shutil
import subprocess
import sys
import unittest

PROGRAM = os.path.join(os.environ.get("CONTEND_BIN", ""), "uncontended")
OPERATIONS = 1_000_000


def futex_calls(thing, n):
    """Runs the program under strace; the futex calls of all its threads."""
    command = ["strace", "-f", "-c", "-e", "trace=futex", PROGRAM, thing, str(n)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode or f"{thing}: {n} of {n}" not in done.stdout:
        raise AssertionError(f"{command} failed:\n{done.stdout}{done.stderr}")
    # "100.00  0.000042  2  20  3 futex": the calls are the fourth column, errors may follow.
    row = re.search(r"^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)(?:\s+\d+)?\s+futex$", done.stderr, re.M)
    return int(row.group(1)) if row else 0


def why_not():
    """Why strace cannot be used here; None if it can."""
    if not shutil.which("strace"):
        return "strace is not installed"
    probe = subprocess.run(["strace", "-c", "true"], capture_output=True, text=True)
    if probe.returncode:  # ptrace may be forbidden, in a container for one
        return f"strace does not work here: {probe.stderr.strip().splitlines()[-1]}"
    return None


class Uncontended(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        reason = why_not()
        if reason:
            print(f"SKIPPED: test_uncontended: {reason}", file=sys.stderr)
            raise unittest.SkipTest(reason)

    def test_a_sleep_is_seen(self):
        """The counter-example: without it, a count of 0 would say nothing."""
        self.assertGreaterEqual(futex_calls("asleep", 1000), 1000)

    def test_no_futex_call_uncontended(self):
        for thing in ("mutex", "once", "waitgroup", "semaphore", "latch", "cond"):
            with self.subTest(thing):
                self.assertEqual(futex_calls(thing, OPERATIONS), 0)


if __name__ == "__main__":
    unittest.main()
