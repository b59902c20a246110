# SPDX-License-Identifier: MIT
# command_line.py: exit codes, messages, standard input, folders and links of `logq QUERY FILE...`.
import os
import re
import subprocess
import time

from oracle import engine, records

from . import comparison
from .scoreboard import seconds

ANSWER_SECONDS = 60

# A query that means nothing, and where in it the trouble is: from character to character.
WRONG = [
    ("(error", 0, 6), ("error)", 5, 6), ("error or", 6, 8), ("error and", 6, 9), ("not", 0, 3),
    ('"error', 0, 6), ("'error", 0, 6), ("`error", 0, 6), ("status:>", 7, 8),
    ("status:>abc", 8, 11),
    ("status:range(1", 7, 14), ("status:range(1,2", 7, 16), ("status:in(1", 7, 11),
    ("_time:soon", 6, 10), ("_time:[2026Z", 6, 12), ("_time:2026-02-30Z", 6, 17),
    ('~"("', 0, 4), ('~"a++"', 0, 6), ("~`(a)\\1`", 0, 9), ("~`(?=a)`", 0, 8),
    ("~`(?<!a)b`", 0, 10),
    ("~`a{1001}`", 0, 10), ("~`[z-a]`", 0, 8), ("error |", 6, 7), ("error | nosuch", 8, 14),
    ("error | limit", 8, 13), ("error | limit x", 14, 15), ("error | limit -1", 14, 16),
    ("error | fields", 8, 14), ("error | stats", 8, 13), ("error | stats nosuch(x)", 14, 23),
    ("error | stats by (x count()", 18, 27), ("error | stats sum()", 14, 19), ("i(error", 0, 7),
    ("error | stats quantile(2, x)", 14, 28), ("error | stats quantile(x)", 14, 25),
    ("error | top by (x", 15, 17), ("error | sort by (x", 16, 18), ("error | uniq by", 8, 15),
    ("error | stats by (_time:x) count()", 18, 26), ("error | limit 1 2", 16, 17),
    ("error | stats count() as", 22, 24), ("error | filter", 8, 14),
]


class Program:
    """The logq to be tested."""

    def __init__(self, path):
        self.path = os.path.abspath(path)

    def run(self, arguments, folder, stdin=b""):
        return subprocess.run([self.path] + arguments, cwd=folder, input=stdin,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=seconds(ANSWER_SECONDS), check=False)


def exit_codes(query, answer):
    """The exit codes that an answer allows."""
    if answer.rows:
        return (0,) if answer.take is None or answer.take else (0, 1)
    if not query.pipes:
        return (1,)
    return (0, 1)


def ask(program, text, folder, names, rows, now=0, stdin=b"", flags=()):
    """Asks and compares; what is wrong, or None."""
    query = engine.read_query(text, now)
    answer = engine.run(query, rows)
    result = program.run(list(flags) + [text] + names, folder, stdin)
    wanted = exit_codes(query, answer)
    if result.returncode not in wanted:
        wrong = "exit code %d, wanted %s" % (result.returncode, " or ".join(map(str, wanted)))
    elif result.stderr:
        wrong = "something on stderr"
    else:
        wrong = comparison.problem(answer, result.stdout)
    if not wrong:
        return None
    return "%s\nquery: %s\nflags: %s\nfiles: %s in %s%s" % (
        wrong, text, " ".join(flags), " ".join(names), folder,
        "\nstderr: %s" % result.stderr.decode("utf-8", "replace") if result.stderr else "")


def _wrong_query(program, folder, text, first, last):
    result = program.run([text, "one.log"], folder)
    message = result.stderr.decode("utf-8", "replace")
    if result.returncode != 2:
        return "exit code %d, wanted 2: %s" % (result.returncode, message)
    if result.stdout:
        return "an answer in spite of it: %r" % result.stdout[:200]
    # People count from 1, programs from 0; a caret below the query says it as well.
    numbers = [int(number) for number in re.findall(r"\d+", message.replace(text, ""))]
    carets = [len(line) - len(line.lstrip()) for line in message.splitlines()
              if line.strip() == "^"]
    if not carets and not any(first <= number <= last + 1 for number in numbers):
        return "no position from %d to %d in: %s" % (first, last + 1, message)
    return None


def _exit(program, folder, arguments, wanted, stdin=b"", says=None, prints=None):
    result = program.run(arguments, folder, stdin)
    message = result.stderr.decode("utf-8", "replace")
    if result.returncode != wanted:
        return "exit code %d, wanted %d: %s" % (result.returncode, wanted, message)
    if says is not None and says not in message:
        return "stderr does not say '%s': %s" % (says, message)
    if prints is not None:
        rows = [dict(pairs) for pairs in comparison.parse_lines(result.stdout)]
        if rows != prints:
            return "printed %s, wanted %s" % (rows[:5], prints)
    return None


def _write(folder, name, content):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(content)


def _exit_codes(board, program, folder):
    count = ["* | stats count() as n", "one.log"]
    for name, arguments, wanted, more in (
            ("a match", ["error", "one.log"], 0, {}),
            ("no match", ["nosuchword", "one.log"], 1, {"prints": []}),
            ("no match, aggregated", ["nosuchword | stats count() as n", "one.log"], 0,
             {"prints": [{"n": "0"}]}),
            ("an empty file", ["*", "empty.log"], 1, {"prints": []}),
            ("an empty file, aggregated", ["* | stats count() as n", "empty.log"], 0,
             {"prints": [{"n": "0"}]}),
            ("no such file", ["*", "no_such_file.log"], 2, {"says": "no_such_file.log"}),
            ("no such file beside one", ["*", "one.log", "no_such_file.log"], 2,
             {"says": "no_such_file.log"}),
            ("no arguments", [], 2, {}), ("no file", ["error"], 2, {}),
            ("an option that is none", ["--nosuchoption", "error", "one.log"], 2,
             {"says": "nosuchoption"}),
            ("an empty query", ["", "one.log"], 2, {}),
            ("counting", count, 0, {"prints": [{"n": "3"}]}),
            ("standard input", ["* | stats count() as n", "-"], 0,
             {"stdin": b"a\nb\n\nc", "prints": [{"n": "3"}]}),
            ("empty standard input", ["* | stats count() as n", "-"], 0,
             {"stdin": b"", "prints": [{"n": "0"}]})):
        board.run("exit: " + name, _exit, program, folder, arguments, wanted,
                  more.get("stdin", b""), more.get("says"), more.get("prints"))


def _closed_pipe(program, folder):
    """The reader of the answer goes away: logq ends, and not by waiting."""
    process = subprocess.Popen([program.path, "*", "long.log"], cwd=folder,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        process.stdout.readline()
        process.stdout.close()
        process.communicate(timeout=seconds(ANSWER_SECONDS))
    finally:
        process.kill()
        process.wait()
    return None


def _standard_input(board, program, folder):
    lines = [b"line %d with some words and an error\n" % number for number in range(60000)]
    rows = records.read_content(b"".join(lines), b"-")
    for text in ('"59999" | fields _msg', "* | stats count() as n, count_uniq(_msg) as u",
                 "error | sort by (_msg desc) limit 3 | fields _msg"):
        board.run("stdin: " + text, ask, program, text, folder, ["-"], rows, 0, b"".join(lines))


def _links_and_folders(board, program, folder):
    _write(folder, "tree/a.log", b"error a\n")
    _write(folder, "tree/sub/deep/b.log", b"error b\nfine\n")
    _write(folder, "outside/c.log", b"error c\n")
    os.symlink("../outside/c.log", os.path.join(folder, "tree/link.log"))
    os.symlink("../outside", os.path.join(folder, "tree/link_to_folder"))
    os.symlink("nowhere", os.path.join(folder, "tree/dangling"))
    os.symlink("..", os.path.join(folder, "tree/sub/circle"))
    os.link(os.path.join(folder, "tree/a.log"), os.path.join(folder, "tree/sub/hard.log"))
    os.mkfifo(os.path.join(folder, "tree/fifo"))
    rows = records.read_content(b"error a\nerror b\nfine\nerror c\n", b"")
    for text in ("* | stats count() as n", "error | fields _msg", "fine | fields _msg"):
        board.run("folder: " + text, ask, program, text, folder, ["tree"], rows)
    board.run("a link to a file", ask, program, "* | fields _msg", folder, ["tree/link.log"],
              records.read_content(b"error c\n", b""))


def _long_lines(board, program, folder):
    """Lines of any length below the limit are whole; one beyond it is one record of text."""
    near = b'{"msg":"long","pad":"' + b"x" * 900000 + b' tailword"}'
    _write(folder, "near.log", b"before\n" + near + b"\nafter\n")
    rows = records.read_content(b"before\n" + near + b"\nafter\n", b"near.log")
    for text in ("* | stats by (_format) count() as n", "pad:tailword | fields msg",
                 "long | fields msg"):
        board.run("long line: " + text, ask, program, text, folder, ["near.log"], rows)
    beyond = b'{"msg":"headword","pad":"' + b"x" * 5000000 + b' tailword"}'
    _write(folder, "beyond.log", b"before\n" + beyond + b"\nafter\n")
    for text, wanted in (
            ("* | stats by (_format) count() as n", [{"_format": "text", "n": "3"}]),
            ("headword | stats count() as n", [{"n": "1"}]),
            ("after | stats count() as n", [{"n": "1"}])):
        board.run("line beyond the limit: " + text, _exit, program, folder, [text, "beyond.log"],
                  0, b"", None, wanted)


def _relative_times(board, program, folder):
    """Times before now, with room for slow machines between what is inside and what is not."""
    now = time.time_ns()
    content = b"".join(b'{"msg":"%ds","ts":%d}\n' % (age, (now // 10 ** 9 - age) * 10 ** 9)
                       for age in (0, 60, 1800, 7200, 90000, 8000000)) + b"untimed\n"
    _write(folder, "recent.log", content)
    rows = records.read_content(content, b"recent.log")
    for text in ("_time:1h", "_time:1d", "_time:2.5h", "_time:>1h", "_time:5m or _time:>1d",
                 "_time:[1d, 1h]", "_time:[1d, now]", "-_time:1w"):
        board.run("now: " + text, ask, program, text, folder, ["recent.log"], rows, now)


def check_all(board, program, folder):
    os.makedirs(folder)
    _write(folder, "one.log", b"an error\n\nno trouble\nlast line without an end")
    _write(folder, "empty.log", b"")
    _write(folder, "long.log", b"some line of the log\n" * 500000)
    _exit_codes(board, program, folder)
    board.run("exit: the reader goes away", _closed_pipe, program, folder)
    for text, first, last in WRONG:
        board.run("wrong: " + text, _wrong_query, program, folder, text, first, last)
    _standard_input(board, program, folder)
    _links_and_folders(board, program, folder)
    _long_lines(board, program, folder)
    _relative_times(board, program, folder)
