#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# http_answers.py: what `logq serve` answers, and how it behaves, against the oracle.
"""usage: http_answers.py LOGQ [--seed N] [--keep] [--only PART]...

  --seed N     of the files (default SPARGIO_TEST_SEED, else a new one; it is printed)
  --keep       leaves the files in place, and says where
  --only PART  queries, protocol, load or files; may be repeated"""
import sys

from cases import http_files, http_load, http_protocol, http_queries, trial

PARTS = {"queries": http_queries, "protocol": http_protocol, "load": http_load,
         "files": http_files}


def main():
    parser = trial.arguments(__doc__)
    parser.add_argument("--only", action="append", choices=list(PARTS))
    options = parser.parse_args()
    with trial.Trial(options) as run:
        for part in options.only or PARTS:
            try:
                PARTS[part].check_all(run.board, run.program, run.path(part), run.seed)
            except (AssertionError, OSError, EOFError) as error:
                run.board.result(part, "%s: %s" % (type(error).__name__, error))
    return run.board.close()


if __name__ == "__main__":
    sys.exit(main())
