#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# http_answers.py: what `logq serve` answers, and how it behaves, against the oracle.
"""usage: http_answers.py LOGQ [--seed N] [--keep] [--only PART]...

  --seed N     of the files (default SPARGIO_TEST_SEED, else a new one; it is printed)
  --keep       leaves the files in place, and says where
  --only PART  queries, protocol, load or files; may be repeated"""
import argparse
import os
import random
import shutil
import sys
import tempfile

from cases import command_line, http_files, http_load, http_protocol, http_queries
from cases.scoreboard import Scoreboard, setting

PARTS = ("queries", "protocol", "load", "files")


def main():
    parser = argparse.ArgumentParser(usage=__doc__.removeprefix("usage: "))
    parser.add_argument("logq")
    parser.add_argument("--seed", type=int)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--only", action="append", choices=PARTS)
    options = parser.parse_args()
    seed = options.seed
    if seed is None:
        seed = int(setting("SPARGIO_TEST_SEED", random.SystemRandom().getrandbits(32)))
    print("seed %d" % seed)
    board = Scoreboard()
    program = command_line.Program(options.logq)
    top = tempfile.mkdtemp(prefix="logq-http-")
    checks = {
        "queries": lambda path: http_queries.check_all(board, program, path, seed),
        "protocol": lambda path: http_protocol.check_all(board, program, path),
        "load": lambda path: http_load.check_all(board, program, path),
        "files": lambda path: http_files.check_all(board, program, path),
    }
    try:
        for part in options.only or PARTS:
            try:
                checks[part](os.path.join(top, part))
            except (AssertionError, OSError, EOFError) as error:
                board.result(part, "%s: %s" % (type(error).__name__, error))
    finally:
        if options.keep:
            print("files: %s" % top)
        else:
            shutil.rmtree(top)
    return board.close()


if __name__ == "__main__":
    sys.exit(main())
