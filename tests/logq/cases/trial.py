# SPDX-License-Identifier: MIT
# trial.py: one run of a test program: its arguments, its seed, its files, its closing line.
import argparse
import contextlib
import os
import random
import shutil
import tempfile

from .command_line import Program
from .scoreboard import Scoreboard


def arguments(usage):
    """A parser of what all of them take."""
    parser = argparse.ArgumentParser(usage=usage.removeprefix("usage: "))
    parser.add_argument("logq")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--keep", action="store_true")
    return parser


class Trial:
    """A context: what is needed inside, and the files' end."""

    def __init__(self, options):
        self.board = Scoreboard()
        self.program = Program(options.logq)
        self.seed = options.seed
        if self.seed is None:
            given = os.environ.get("SPARGIO_TEST_SEED")
            self.seed = int(given, 0) if given else random.SystemRandom().getrandbits(32)
        print("seed %d" % self.seed, flush=True)
        self._files = contextlib.ExitStack()
        self._top = tempfile.mkdtemp(prefix="logq-test-")
        if options.keep:
            self._files.callback(print, "files: %s" % self._top)
        else:
            self._files.callback(shutil.rmtree, self._top)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self._files.close()

    def path(self, name):
        return os.path.join(self._top, name)
