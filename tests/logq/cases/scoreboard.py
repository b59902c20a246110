# SPDX-License-Identifier: MIT
# scoreboard.py: counts what passed, and says what did not.
import os
import sys

SHOWN_IN_FULL = 20  # failures beyond are named only


def setting(name, default):
    """A number from the environment."""
    return float(os.environ.get(name, default))


def seconds(limit):
    """A time limit, longer on slow machines and under sanitizers."""
    return limit * setting("SPARGIO_TEST_TIMEOUT_MULT", 1) / min(
        1, max(0.1, setting("SPARGIO_TEST_SCALE", 1)))


class Scoreboard:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0

    def result(self, name, problem):
        """problem: a text that says what is wrong, or nothing."""
        if not problem:
            self.passed += 1
            return
        self.failed += 1
        print("FAILED: %s" % name)
        if self.failed <= SHOWN_IN_FULL:
            print("".join("    %s\n" % line for line in str(problem).splitlines()), end="")
        sys.stdout.flush()

    def run(self, name, function, *arguments):
        """A check that returns its problem, or raises."""
        try:
            problem = function(*arguments)
        except (AssertionError, OSError, EOFError, ValueError, KeyError, IndexError) as error:
            problem = "%s: %s" % (type(error).__name__, error)
        self.result(name, problem)

    def skip(self, name, reason):
        self.skipped += 1
        print("SKIP: %s: %s" % (name, reason))

    def close(self):
        """Prints the closing line; the exit code."""
        print("%d passed, %d failed, %d skipped" % (self.passed, self.failed, self.skipped))
        return 1 if self.failed or not self.passed else 0
