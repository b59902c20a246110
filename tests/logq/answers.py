#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# answers.py: the answers of `logq QUERY FILE...` against those of the oracle.
"""usage: answers.py LOGQ [--random N] [--seed N] [--keep]

  --random N  how many queries are drawn from the grammar (default 300, less at a smaller scale)
  --seed N    of files and of queries (default SPARGIO_TEST_SEED, else a new one; it is printed)
  --keep      leaves the files in place, and says where

SPARGIO_TEST_SCALE below 1 asks a share of the fixed queries."""
import os
import random
import signal
import subprocess
import sys

from cases import command_line, corpus, query_list, random_queries, trial
from cases.scoreboard import setting
from oracle import engine, go_regex

ORACLE_SECONDS = 3
RANDOM_QUERIES = 300
MUTATED_SHARE = 0.3
# How files are cut and read must not be seen in an answer.
WAYS = ([], ["--chunk", "4K"], ["--chunk", "4097"], ["--chunk", "64K", "--shards", "3"],
        ["--chunk", "1M"], ["--shards", "1"], ["--placement", "pinned"],
        ["--placement", "round-robin", "--chunk", "10000"])
FEWEST = 40  # queries of a list, at any scale


def share(draw, items, scale):
    """As many of the items as the scale says."""
    wanted = max(FEWEST, int(len(items) * min(scale, 1)))
    return items if wanted >= len(items) else draw.sample(items, wanted)


def ask(board, label, program, text, folder, names=None, flags=()):
    """One question about files of a folder, all of them unless named."""
    names = names or folder.names
    rows = [row for name in names for row in folder.rows_of_file[name]]
    try:
        board.run("%s: %s" % (label, text), command_line.ask, program, text, folder.path, names,
                  rows, 0, b"", flags)
    except subprocess.TimeoutExpired as error:
        board.result("%s: %s" % (label, text), "no answer: %s" % error)


def fixed_queries(board, program, draw, scale, folders):
    special, mixed, borders, mutated = folders
    for text in share(draw, query_list.ALL, scale):
        ask(board, "special", program, text, special)
    for name in special.names:
        for text in ("*", "* | stats by (_format) count() as n", "error"):
            ask(board, name, program, text, special, [name])
    for text in share(draw, query_list.ALL, scale):
        ask(board, "mixed", program, text, mixed)
    for text in ["*"] + share(draw, query_list.FILTERS[1:], scale * MUTATED_SHARE):
        ask(board, "mutated", program, text, mutated)
    for text in share(draw, query_list.LARGE, scale):
        ask(board, "borders", program, text, borders)
    for name in borders.names:
        for text in ("*", "needle", "* | stats by (_format, level) count() as n, sum(seq) as s"):
            for way in WAYS:
                ask(board, "%s %s" % (name, " ".join(way)), program, text, borders, [name], way)


class _TooSlow(Exception):
    pass


def _give_up(_number, _frame):
    raise _TooSlow


def random_query(draw, folder):
    """A query whose answer is not left open, and for which the oracle does not take for ever: its
    regular expressions go back and try again, on long lines for hours."""
    generator = random_queries.Generator(draw, folder.rows)
    signal.signal(signal.SIGALRM, _give_up)
    while True:
        text = generator.query()
        try:
            signal.setitimer(signal.ITIMER_REAL, ORACLE_SECONDS)
            engine.answer_text(text, folder.rows)
            return text
        except (engine.Undefined, go_regex.NotTranslated, _TooSlow):
            continue
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)


def drawn_queries(board, program, seed, count, folders):
    """Each query has a seed of its own, so that one failure can be looked at alone."""
    for number in range(count):
        draw = random.Random("%d/%d" % (seed, number))
        folder = folders[3] if number % 4 == 1 else folders[1] if number % 10 else folders[2]
        ask(board, "random %d/%d" % (seed, number), program, random_query(draw, folder), folder,
            None, draw.choice(WAYS))


def border_prefixes(board, program, draw, path, borders):
    """The same file ending at and around the borders of chunks."""
    with open(os.path.join(borders.path, borders.names[0]), "rb") as file:
        content = file.read()
    folder = corpus.Folder(path)
    for size in (64 * 1024, 256 * 1024, 1024 * 1024):
        for delta in (-1, 0, 1):
            folder.add("%d.log" % (size + delta), content[:size + delta])
    for name in folder.names:
        text = draw.choice(("*", "GET", "* | stats by (status) count() as n"))
        ask(board, name, program, text, folder, [name])


def main():
    parser = trial.arguments(__doc__)
    parser.add_argument("--random", type=int)
    options = parser.parse_args()
    scale = setting("SPARGIO_TEST_SCALE", 1)
    count = options.random
    if count is None:
        count = max(FEWEST, int(RANDOM_QUERIES * min(1, scale)))
    with trial.Trial(options) as run:
        draw = random.Random(run.seed)
        folders = (corpus.special(run.path("special")), corpus.mixed(run.path("mixed"), run.seed),
                   corpus.borders(run.path("borders"), run.seed),
                   corpus.mutated(run.path("mutated"), run.seed))
        print("%d bytes in %d lines" % (sum(folder.size for folder in folders),
                                        sum(folder.counts.read for folder in folders)))
        fixed_queries(run.board, run.program, draw, scale, folders)
        border_prefixes(run.board, run.program, draw, run.path("prefixes"), folders[2])
        drawn_queries(run.board, run.program, run.seed, count, folders)
        command_line.check_all(run.board, run.program, run.path("command_line"))
    return run.board.close()


if __name__ == "__main__":
    sys.exit(main())
