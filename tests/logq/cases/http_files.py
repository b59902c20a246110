# SPDX-License-Identifier: MIT
# http_files.py: files that grow, are rotated, truncated, compressed or strange, while queries run.
import gzip
import os
import re
import threading
import time

from . import comparison, http_client, server
from .http_client import Connection, get_request
from .server import QUERY

BATCHES = 150
BATCH_LINES = 40
ROTATIONS = 25
HELD_BYTES = 64 * 1024 * 1024  # more than sockets and buffers between hold


def _line(number):
    return b'{"seq":%d,"msg":"grows"}\n' % number


def _append(path, data):
    with open(path, "ab") as file:
        file.write(data)


def _sequence(running):
    """(numbers in the answer, whether the server says that it is whole)"""
    response = running.query("_format:json grows | fields seq")
    if response.status != 200:
        raise AssertionError(response.describe())
    rows = comparison.parse_lines(response.body)
    return [int(pairs[0][1]) for pairs in rows], response.either("Logq-Partial") is None


def _last_line_waits(running, path):
    """A line without an end counts once its file has rested for a second, and not before."""
    target = os.path.join(path, "open_end.log")
    for _ in range(20):
        start = time.monotonic()
        _append(target, b"half a")
        before = running.count("half")
        if time.monotonic() - start < 0.8:
            break
        os.remove(target)  # this machine was too slow for the question
    else:
        return None
    if before != 0:
        return "counted while it may still be written"
    server.wait_until(lambda: running.count("half") == 1, "the last line counts")
    _append(target, b" line\n")
    if running.count('="half a line"') != 1 or running.count("half") != 1:
        return "the line that was ended is not one"
    os.remove(target)
    return None


def _grows(running, path):
    """Each answer holds the lines 0 to n whole and once, at least those there before it."""
    target = os.path.join(path, "grows.log")
    written = [0]
    done = threading.Event()

    def write():
        try:
            for batch in range(BATCHES):
                first = batch * BATCH_LINES
                data = b"".join(map(_line, range(first, first + BATCH_LINES)))
                cut = len(data) // 2 + batch % 7  # two writes, the first ends within a line
                _append(target, data[:cut])
                _append(target, data[cut:])
                written[0] = first + BATCH_LINES
        finally:
            done.set()
    _append(target, b"")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        while True:
            last_round = done.is_set()
            before = written[0]
            numbers, _ = _sequence(running)
            if sorted(numbers) != list(range(len(numbers))):
                return "not the lines 0 to %d, each once" % len(numbers)
            if len(numbers) < before:
                return "%d lines, but %d were written before" % (len(numbers), before)
            if last_round:
                return None if len(numbers) == BATCHES * BATCH_LINES else "the end is missing"
    finally:
        writer.join()
        os.remove(target)


def _rotates(running, path):
    """A file that is renamed and begun anew: no line is lost, none counts twice."""
    target = os.path.join(path, "rotates.log")
    number = 0
    for turn in range(ROTATIONS):
        for _ in range(10):
            _append(target, _line(number))
            number += 1
        os.rename(target, "%s.%d" % (target, turn))
        _append(target, _line(number))
        number += 1
        numbers, whole = _sequence(running)
        if sorted(numbers) != list(range(number)) or not whole:
            return "turn %d: %d lines, wanted %d" % (turn, len(numbers), number)
    for name in os.listdir(path):
        if name.startswith("rotates"):
            os.remove(os.path.join(path, name))
    return None if _sequence(running)[0] == [] else "lines of files that are gone"


def _rotates_meanwhile(running, path):
    """The same while queries run: a line never counts twice, whatever is caught in between."""
    target = os.path.join(path, "rotates.log")
    failed = []
    done = threading.Event()

    def ask():
        while not done.is_set():
            try:
                response = running.query("grows | fields seq")
                if 500 <= response.status < 600 and response.text.strip():
                    continue  # a file went away, and the query says so
                numbers = [pairs[0][1] for pairs in comparison.parse_lines(response.body)]
            except (AssertionError, OSError, EOFError, ValueError) as error:
                failed.append(str(error))
                return
            if len(numbers) != len(set(numbers)):
                failed.append("a line counts twice")
                return
    reader = threading.Thread(target=ask)
    reader.start()
    number = 0
    try:
        for turn in range(ROTATIONS * 4):
            for _ in range(20):
                _append(target, _line(number))
                number += 1
            if turn % 3:
                os.rename(target, "%s.%d" % (target, turn))
            else:
                os.remove(target)
    finally:
        done.set()
        reader.join()
    for name in os.listdir(path):
        if name.startswith("rotates"):
            os.remove(os.path.join(path, name))
    return "\n".join(failed)


def _truncates(running, path):
    """Between queries a file may become shorter, and grow again: what is there counts."""
    target = os.path.join(path, "truncated.log")
    _append(target, b"".join(map(_line, range(1000))))
    length = len(b"".join(map(_line, range(100))))
    for size, wanted in ((None, 1000), (length, 100), (0, 0)):
        if size is not None:
            os.truncate(target, size)
        numbers, whole = _sequence(running)
        if sorted(numbers) != list(range(wanted)) or not whole:
            return "%d lines, wanted %d" % (len(numbers), wanted)
    _append(target, b"".join(map(_line, range(5))))
    if sorted(_sequence(running)[0]) != [0, 1, 2, 3, 4]:
        return "what was written behind the truncation is wrong"
    os.remove(target)
    return None


def _changes_meanwhile(running, path, change, must_be_partial):
    """A file changes while a query reads it: the answer is whole, or says that it is not."""
    target = os.path.join(path, "held.log")
    renamed = target + ".1"
    line = b"held " + b"x" * 1000 + b"\n"
    lines = HELD_BYTES // len(line)
    with open(target, "wb") as file:
        file.write(line * lines)
    with Connection(running.port, 4096) as connection:
        connection.send(get_request(QUERY, [("query", "held")]))
        response = connection.read_head()
        response.body = connection.read_chunk()
        change(target)
        try:
            connection.read_body(response)
        except (EOFError, ConnectionResetError):
            return None if must_be_partial else "the answer breaks off"
        finally:
            for left in (target, renamed):
                if os.path.exists(left):
                    os.remove(left)
    rows = len(comparison.parse_lines(response.body))
    partial = response.either("Logq-Partial")
    if must_be_partial:
        return None if partial and rows < lines else "%d rows of %d, partial: %s" % (rows, lines,
                                                                                    partial)
    return None if rows == lines and not partial else "%d rows of %d, partial: %s" % (rows, lines,
                                                                                     partial)


def _compressed(running, path):
    """Compressed files are known by their content, skipped, and counted."""
    text = b"compressed error\n" * 100
    contents = {"a.gz": gzip.compress(text), "plain_name.log": gzip.compress(text),
                "b.zst": b"\x28\xb5\x2f\xfd\x04\x00\x51\x00\x00error\n", "not_really.gz": text}
    for name, content in contents.items():
        _append(os.path.join(path, name), content)
    response = running.query("* | stats count() as n")
    for name in contents:
        os.remove(os.path.join(path, name))
    skipped = response.either("Logq-Files-Skipped")
    if skipped != "3" or server.counted(response) != 100:
        return "skipped %s: %s" % (skipped, response.describe())
    return None


def _strange(running, path):
    """Things that are no files are no reason to wait or to fail."""
    os.mkfifo(os.path.join(path, "fifo.log"))
    os.mkdir(os.path.join(path, "folder.log"))
    os.symlink("nowhere", os.path.join(path, "dangling.log"))
    os.symlink("/dev/zero", os.path.join(path, "device.log"))
    os.symlink("..", os.path.join(path, "folder.log", "circle"))
    for name in ("new\nline.log", 'quo"te.log', "b\\ack.log", "\udcff\udcfe.log", "é.log"):
        _append(os.path.join(path, name), b"strange name\n")
    response = running.query("strange | fields _file")
    if response.status != 200 or response.either("Logq-Partial"):
        return "%s %s" % (response.describe(), response.either("Logq-Partial"))
    names = sorted(dict(pairs)["_file"] for pairs in comparison.parse_lines(response.body))
    wanted = sorted(["new\nline.log", 'quo"te.log', "b\\ack.log", "��.log", "é.log"])
    if [re.sub("�+", "�", name) for name in names] != [re.sub("�+", "�", name) for name in wanted]:
        return "files %s, wanted %s" % (names, wanted)
    return None


def _reachable_twice(running, path):
    """A file is read once, by whatever names it can be reached."""
    _append(os.path.join(path, "once.log"), b"only once\n")
    os.link(os.path.join(path, "once.log"), os.path.join(path, "hard.log"))
    os.symlink("once.log", os.path.join(path, "soft.log"))
    count = running.count("once")
    return None if count == 1 else "%d times" % count


def _wrong_start(program, path, arguments, word):
    result = program.run(["serve"] + arguments, path)
    message = result.stderr.decode("utf-8", "replace")
    if result.returncode != 2 or word not in message:
        return "exit code %d, wanted 2 and '%s': %s" % (result.returncode, word, message)
    return None


def check_all(board, program, path, _seed):
    os.makedirs(path)
    with server.Server(program, path) as running:
        if http_client.get(running.port, QUERY, [("query", "*")]).body != b"":
            board.result("an empty folder", "an answer out of nothing")
        for check in (_last_line_waits, _grows, _rotates, _rotates_meanwhile, _truncates,
                      _compressed, _reachable_twice, _strange):
            board.run("files: " + check.__name__.strip("_").replace("_", " "), check, running, path)
        board.run("truncated while it is read", _changes_meanwhile, running, path,
                  lambda target: os.truncate(target, 0), True)
        board.run("renamed while it is read", _changes_meanwhile, running, path,
                  lambda target: os.rename(target, target + ".1"), False)
        board.run("removed while it is read", _changes_meanwhile, running, path, os.remove, False)
        with server.Server(program, path) as second:
            taken = "127.0.0.1:%d" % second.port
            board.run("an address in use", _wrong_start, program, path,
                      ["--data", ".", "--listen", taken], str(second.port))
    for arguments, word in ((["--data", "no_such_folder"], "no_such_folder"), ([], "--data"),
                            (["--data", ".", "--listen", "nonsense"], "nonsense"),
                            (["--data", ".", "--listen", "127.0.0.1:70000"], "70000"),
                            (["--data", ".", "--shards", "0x"], "shards"),
                            (["--data", ".", "--placement", "sideways"], "placement"),
                            (["--data", ".", "--max-queries", "-1"], "max-queries"),
                            (["--data", ".", "--nosuchflag"], "nosuchflag")):
        board.run("serve %s" % " ".join(arguments), _wrong_start, program, path, arguments, word)
