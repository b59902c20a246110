# SPDX-License-Identifier: MIT
# http_queries.py: what the server answers to questions, against the oracle.
import json
import os
import re
import shutil
import threading
import time

from oracle import engine, requests

from . import comparison, corpus, http_client, query_list, server
from .server import QUERY

NUMBER_HEADERS = ("Logq-Lines-Read", "Logq-Lines-Unparsed", "Logq-Bytes-Read",
                  "Logq-Files-Skipped")
GZIP = b"\x1f\x8b\x08\0\0\0\0\0\0\3error"
ZSTD = b"\x28\xb5\x2f\xfd\x04\x00error"

# What a first look at the server asks for: each kind of filter, pipe and function once.
QUESTIONS = query_list.FILTERS[::6] + query_list.STATS[::5] + query_list.ORDERED[::3] + \
    query_list.FREE[::3]

NEWEST = [("*", 1), ("*", 10), ("*", 1000000), ("error", 25), ("status:>=500", 7),
          ("* | fields _time, _msg", 40), ("level:error | filter seq:>100", 5), ("nosuchword", 3),
          ("_format:text", 5)]
LIMITED = [("* | fields _msg", 10), ("* | stats by (status) count() as n", 3),
           ("* | sort by (_msg) | fields _msg", 5), ("* | top 9 by (status)", 4)]

RANGES = [{"start": "2026-11-22T13:10:00Z"}, {"end": "2026-11-22T13:10:00Z"},
          {"start": "2026-11-22T13:10:00Z", "end": "2026-11-22T13:20:00Z"},
          {"start": "2026-11-22T13:10Z", "end": "2026-11-22T13:10Z"},
          {"start": "2026-11-22", "end": "2026-11-22"}, {"start": "2026", "end": "2026-11"},
          {"start": "1795352400", "end": "1795352460"},
          {"start": "1795352400000", "end": "1795352460999"},
          {"start": "2026-11-22T14:30:00+01:00", "end": "2026-11-22T14:31:00+01:00"},
          {"start": "2026-11-22T13:00:09.000000001Z", "end": "2026-11-22T13:00:09.000000001Z"}]

# Of these only the one file is asked for whose lines are far from their ends.
AGES = [{"start": "1h"}, {"start": "1d", "end": "1h"}, {"start": "now-1h", "end": "now"},
        {"end": "1h"}, {"start": "10m"}]

HITS = [({}, requests.DAY, (), None), ({"step": "1h"}, 3600 * 10 ** 9, (), None),
        ({"step": "1m"}, 60 * 10 ** 9, (), None),
        ({"step": "10m", "field": "level"}, 600 * 10 ** 9, (b"level",), None),
        ({"step": "1h", "field": "status", "fields_limit": "2"}, 3600 * 10 ** 9, (b"status",), 2),
        ({"step": "1d", "field": "nosuch"}, requests.DAY, (b"nosuch",), None)]


class Data:
    """The folder that the server answers from, and its rows as the oracle reads them."""

    def __init__(self, path, seed):
        self.path = path
        self.parts = [("special/", corpus.special(os.path.join(path, "special"))),
                      ("mixed/", corpus.mixed(os.path.join(path, "mixed"), seed))]
        self.now = time.time_ns()
        recent = corpus.Folder(path)
        recent.add("recent.log", b"".join(
            b'{"msg":"%d s ago","ts":%d}\n' % (age, self.now // 10 ** 9 - age)
            for age in (0, 60, 1800, 7200, 90000)))
        self.parts.append(("", recent))
        for name, content in (("old.gz", GZIP), ("renamed.log", ZSTD)):
            with open(os.path.join(path, name), "wb") as file:
                file.write(content)
        self.rows = []
        for prefix, folder in self.parts:
            for row in folder.rows:
                row.file = prefix.encode() + row.file
                row.fields[b"_file"] = row.file
                row.fields[b"_stream"] = b'{file="' + row.file + b'"}'
                self.rows.append(row)
        self.lines = sum(folder.counts.read for _, folder in self.parts)
        self.unparsed = sum(folder.counts.unparsed for _, folder in self.parts)
        self.bytes = sum(folder.size for _, folder in self.parts)

    def age(self):
        """As if nothing had been written for an hour: last lines without an end count."""
        hour_ago = time.time() - 3600
        for folder, _, names in os.walk(self.path):
            for name in names:
                os.utime(os.path.join(folder, name), (hour_ago, hour_ago))

    def remove(self):
        shutil.rmtree(self.path)


def _wrong_head(response, streamed):
    if response.status != 200:
        return response.describe()
    if "json" not in (response.header("content-type") or ""):
        return "content type %s" % response.header("content-type")
    if streamed and response.header("transfer-encoding") != "chunked":
        return "not streamed in chunks"
    duration = response.either("VL-Request-Duration-Seconds")
    if not duration or not re.fullmatch(r"\d+(\.\d+)?", duration):
        return "VL-Request-Duration-Seconds: %s" % duration
    for name in NUMBER_HEADERS:
        if not re.fullmatch(r"\d+", response.either(name) or ""):
            return "%s: %s" % (name, response.either(name))
    if response.either("Logq-Partial") is not None:
        return "Logq-Partial: %s" % response.either("Logq-Partial")
    return None


def ask(port, data, text, arguments=(), method=http_client.get):
    """Asks a query; what is wrong with the answer, or None."""
    arguments = dict(arguments)
    query, rows = requests.select(text, data.rows, data.now, arguments.get("start"),
                                  arguments.get("end"))
    answer = engine.run(query, rows)
    if "limit" in arguments:
        answer = requests.newest(answer, int(arguments["limit"]))
    response = method(port, QUERY, [("query", text)] + list(arguments.items()))
    return _wrong_head(response, True) or comparison.problem(answer, response.body)


def _questions(board, data, port):
    for index, text in enumerate(QUESTIONS):
        method = http_client.post if index % 2 else http_client.get
        board.run("query: " + text, ask, port, data, text, {}, method)
    for text, limit in NEWEST + LIMITED:
        board.run("query: %s limit=%d" % (text, limit), ask, port, data, text,
                  {"limit": str(limit)})
    for arguments in RANGES:
        for text in ("* | stats count() as n", "* | fields _msg, _time"):
            board.run("query: %s %s" % (text, arguments), ask, port, data, text, arguments)
    for arguments in AGES:
        board.run("query: %s" % arguments, ask, port, data, "_file:=recent.log | fields _msg",
                  arguments)


def _counters(data, port):
    """Lines read are those parsed, unparsed and blank; skipped files are counted."""
    for text in ("*", "* | stats by (_format) count() as n"):
        response = http_client.get(port, QUERY, [("query", text)])
        got = [int(response.either(name)) for name in NUMBER_HEADERS]
        wanted = [data.lines, data.unparsed, data.bytes, 2]
        if got != wanted:
            return "%s: %s are %s, wanted %s" % (text, ", ".join(NUMBER_HEADERS), got, wanted)
    return None


def _all_lines_are_counted(data, port):
    """Whatever the filter: a line is parsed, unparsed, blank, or skipped by its raw bytes."""
    whole = http_client.get(port, QUERY, [("query", "*")])
    if whole.either("Logq-Lines-Skipped") != "0":
        return "lines are skipped that are asked for: %s" % whole.either("Logq-Lines-Skipped")
    for text in ("error", "nosuchword", "status:404 | stats count() as n"):
        response = http_client.get(port, QUERY, [("query", text)])
        read, unparsed, skipped = (int(response.either("Logq-Lines-" + name))
                                   for name in ("Read", "Unparsed", "Skipped"))
        if read != data.lines or unparsed > data.unparsed or unparsed + skipped > read:
            return "%s: %d read, %d unparsed, %d skipped" % (text, read, unparsed, skipped)
        if unparsed + skipped < data.unparsed:
            return "%s: of %d unparsed lines only %d are told" % (text, data.unparsed, unparsed)
    return None


def _json(response):
    wrong = _wrong_head(response, False)
    if wrong:
        raise AssertionError(wrong)
    return json.loads(response.body)


def _hits(data, port, text, arguments, step, fields, limit):
    query, rows = requests.select(text, data.rows, data.now)
    rows = engine.run(query, rows).rows
    totals = sorted((sum(buckets.values()) for buckets in
                     requests.hits(rows, step, fields).values()), reverse=True)
    if limit is not None and totals[limit - 1:limit] == totals[limit:limit + 1] != []:
        return None  # which of two groups alike is left out is open
    wanted = {}
    for key, buckets in requests.hits(rows, step, fields, limit).items():
        names = {} if key is None else dict(zip((name.decode() for name in fields),
                                                (comparison.printed(value) for value in key)))
        wanted[json.dumps(names, sort_keys=True)] = sorted(
            (time_text.decode(), count) for time_text, count in buckets.items())
    found = _json(http_client.get(port, "/select/logsql/hits",
                                  [("query", text)] + list(arguments.items())))
    got = {}
    for group in found["hits"]:
        key = json.dumps(group["fields"], sort_keys=True)
        got[key] = list(zip(group["timestamps"], group["values"]))
        if got[key] != sorted(got[key]):
            return "the times of %s are not in order" % key
        if group["total"] != sum(group["values"]):
            return "total %s of %s" % (group["total"], group["values"])
    return None if got == wanted else "got %s, wanted %s" % (got, wanted)


def _ranked(found, wanted, limit=None):
    """Values with how often they occur, most frequent first; ties in any order."""
    got = [(value["value"], value["hits"]) for value in found["values"] if value["value"]]
    counts = [count for _, count in got]
    if counts != sorted(counts, reverse=True):
        return "not the most frequent first: %s" % got
    expected = sorted(((comparison.printed(value), count) for value, count in wanted.items()),
                      key=lambda pair: -pair[1])
    if limit is None:
        return None if sorted(got) == sorted(expected) else "got %s, wanted %s" % (got, expected)
    if counts != [count for _, count in expected[:limit]] or not set(got) <= set(expected):
        return "got %s, wanted the first %d of %s" % (got, limit, expected)
    return None


def _names(data, port, text, limit=None):
    query, rows = requests.select(text, data.rows, data.now)
    arguments = [("query", text)] + ([("limit", str(limit))] if limit else [])
    found = _json(http_client.get(port, "/select/logsql/field_names", arguments))
    return _ranked(found, requests.field_names(engine.run(query, rows).rows), limit)


def _values(data, port, text, field, limit):
    query, rows = requests.select(text, data.rows, data.now)
    arguments = [("query", text), ("field", field)]
    if limit:
        arguments.append(("limit", str(limit)))
    found = _json(http_client.get(port, "/select/logsql/field_values", arguments))
    return _ranked(found, requests.field_values(engine.run(query, rows).rows, field.encode()),
                   limit)


def _overviews(board, data, port):
    for text in ("*", "error", "status:>=500", "nosuchword"):
        for arguments, step, fields, limit in HITS:
            board.run("hits: %s %s" % (text, arguments), _hits, data, port, text, arguments, step,
                      fields, limit)
        for limit in (None, 3):
            board.run("field_names: %s %s" % (text, limit), _names, data, port, text, limit)
        for field, limit in (("status", None), ("level", 2), ("request_uri", 3), ("nosuch", None),
                             ("_file", None), ("user.name", None), ("k", None)):
            board.run("field_values: %s %s %s" % (text, field, limit), _values, data, port, text,
                      field, limit)


def _many_at_once(data, port):
    """Eight clients at a time get the answers that one alone gets."""
    problems = []

    def client(number):
        for text in (QUESTIONS[number::8])[:6]:
            try:
                wrong = ask(port, data, text)
            except (AssertionError, OSError, EOFError, ValueError) as error:
                wrong = str(error)
            if wrong:
                problems.append("%s: %s" % (text, wrong))
    threads = [threading.Thread(target=client, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "\n".join(problems[:3])


def check_all(board, program, path, seed):
    data = Data(path, seed)
    data.age()
    with server.Server(program, path, "--max-queries", "4", "--max-queue", "64") as running:
        server.wait_until(lambda: running.count() == len(data.rows),
                          "all %d records are there" % len(data.rows))
        _questions(board, data, running.port)
        board.run("counters of lines, bytes and files", _counters, data, running.port)
        board.run("lines that a filter skips", _all_lines_are_counted, data, running.port)
        _overviews(board, data, running.port)
        board.run("many clients at once", _many_at_once, data, running.port)
    for flags in (("--shards", "1"), ("--shards", "3"), ("--placement", "pinned"),
                  ("--placement", "round-robin"), ("--placement", "stealable")):
        with server.Server(program, path, *flags) as running:
            for text in ("* | stats by (status) count() as n, sum(body_bytes_sent) as s",
                         "* | sort by (_msg desc) limit 20", "error"):
                board.run("%s: %s" % (" ".join(flags), text), ask, running.port, data, text)
    data.remove()
