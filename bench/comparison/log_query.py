# SPDX-License-Identifier: MIT
# log_query.py: rows logq_query_*: a query over one access log by logq and by what else answers it,
# each a process of its own, with the log in the page cache and (..._cold) without.
import collections
import hashlib
import json
import os
import re
import subprocess

from . import builds, logs, processes
from .rounds import Row, Turn, wanted

SHARDS = (1, 2)
GIB = 1 << 30
SIZES = {True: "128M", False: "1G"}  # of the log; by whether it is to be quick
QUICK_COLD = {"literal", "status"}
FILE = "{file}"

# DuckDB: lines as they are; and fields, parted by blanks, with quotes around those that have some.
LINES = ("read_csv('%s', columns={'line': 'VARCHAR'}, delim='\x01', quote='', escape='', "
         "header=false, auto_detect=false)" % FILE)
COLUMNS = ("addr", "ident", "who", "day", "zone", "request", "status", "size", "referer", "agent")
FIELDS = ("read_csv('%s', columns={%s}, delim=' ', quote='\"', escape='\\', header=false, "
          "auto_detect=false, strict_mode=false, nullstr='-')" % (FILE, ", ".join(
              "'%s': '%s'" % (one, {"status": "INTEGER", "size": "BIGINT"}.get(one, "VARCHAR"))
              for one in COLUMNS)))

# What is asked: of logq, and of others: runtime -> command. FILE stands for the log.
Query = collections.namedtuple("Query", "text others")


def duckdb(query):
    """A shell of DuckDB's, which takes all CPUs as it does by itself."""
    return ["duckdb", "-list", "-noheader", "-separator", " ", "-c", query]


def lines_with(text, condition, is_regex=False):
    """Counts lines, as a literal or a regular expression selects them."""
    return {"ripgrep": ["rg", "-c", "-e" if is_regex else "-F", text, FILE],
            "grep": ["grep", "-c", "-E" if is_regex else "-F", text, FILE],
            "duckdb": duckdb("SELECT count(*) FROM %s WHERE %s" % (LINES, condition))}


def by_fields(program, query, end=None):
    """In both awks, whose output goes through a command at the end, and in DuckDB."""
    def command(awk):
        if end is None:
            return [awk, program, FILE]
        return ["sh", "-c", "%s '%s' '%s' | %s" % (awk, program, FILE, end)]
    return {"mawk": command("mawk"), "gawk": command("gawk"), "duckdb": duckdb(query % FIELDS)}


QUERIES = {
    "literal": Query('_msg:*"checkout/9"* | stats count() as n',
                     lines_with("checkout/9", "contains(line, 'checkout/9')")),
    "literal_many": Query("_msg:*Firefox* | stats count() as n",
                          lines_with("Firefox", "contains(line, 'Firefox')")),
    "regex": Query('~"/products/[0-9]+7 " | stats count() as n',
                   lines_with("/products/[0-9]+7 ",
                              "regexp_matches(line, '/products/[0-9]+7 ')", is_regex=True)),
    "status": Query("* | stats by (status) count() as n", by_fields(
        "{ n[$9]++ } END { for (s in n) print s, n[s] }",
        "SELECT status, count(*) FROM %s GROUP BY status")),
    "bytes": Query("* | stats by (status:100) sum(body_bytes_sent) as n", by_fields(
        '{ n[int($9 / 100)] += $10 } END { for (c in n) printf "%d %.0f\\n", c * 100, n[c] }',
        "SELECT status // 100 * 100 AS class, sum(size) FROM %s GROUP BY class")),
    "quantile": Query("* | stats by (status:100) quantile(0.99, body_bytes_sent) as n", {
        "duckdb": duckdb("SELECT status // 100 * 100 AS class, quantile_disc(size, 0.99) FROM %s "
                         "GROUP BY class" % FIELDS)}),
    "top": Query("* | top 10 by (request_uri)", by_fields(
        "{ n[$7]++ } END { for (u in n) print u, n[u] }",
        "SELECT split_part(request, ' ', 2) AS uri, count(*) AS n FROM %s GROUP BY uri "
        "ORDER BY n DESC LIMIT 10", "sort -k2,2nr | head -n 10")),
}


# ---- Answers ---------------------------------------------------------------------------------

def values(line):
    """Of a row: a JSON object, or words."""
    return list(json.loads(line).values()) if line.startswith("{") else line.split()


def checksum(output):
    """Of an answer, however it is laid out: rows in any order, one a line."""
    rows = sorted(" ".join(values(line)) for line in output.decode().splitlines() if line)
    return hashlib.sha256("\n".join(rows or ["0"]).encode()).hexdigest()[:16]


# ---- Turns -----------------------------------------------------------------------------------

def version_of(program):
    flags = ["-W", "version"] if os.path.basename(program) == "mawk" else ["--version"]
    done = subprocess.run([program] + flags, stdin=subprocess.DEVNULL, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    found = re.search(r"\d+(\.\d+)+", done.stdout)
    return found.group() if found else ""


class Log:
    """The file, and whether it is in the cache by now."""

    def __init__(self, path):
        self.path = path
        self.size = os.path.getsize(path)
        self.is_warm = False

    def get_ready(self, cold):
        if cold:
            logs.drop(self.path)
        elif not self.is_warm:
            logs.warm(self.path)
        self.is_warm = not cold


def ask(log, cold, command, label, workers, version):
    """Values are per GiB of log."""
    log.get_ready(cold)
    ran = processes.run([part.replace(FILE, log.path) for part in command])
    if ran.code not in (0, 1):  # 1: no line was found
        builds.say("%s: exit code %d: %s" % (label, ran.code, ran.errors))
        return None
    part = log.size / GIB
    return {"value": ran.wall_ns / part, "cpu_ns": ran.spent["cpu_ns"] / part,
            "switches": ran.spent["switches"] / part, "peak_kib": ran.spent["peak_kib"],
            "version": version, "workers": workers, "checksum": checksum(ran.output),
            "late_ns": None, "latency": {}}


def program_of(name, command):
    """Where the program of one who answers is; None when it is not there."""
    return builds.tool(name if command[0] == "sh" else command[0])


def askers(query):
    """(label, runtime, program, command, workers) of those that are there."""
    logq = builds.logq("logq")
    for shards in SHARDS:
        yield ("%s, %d shard%s" % (builds.OURS, shards, "s" if shards > 1 else ""), builds.OURS,
               logq, [logq, "--shards", str(shards), query.text, FILE], shards)
    for name, command in query.others.items():
        program = program_of(name, command)
        if program:
            yield (name, name, program,
                   command if command[0] == "sh" else [program] + command[1:],
                   builds.cpus() if name == "duckdb" else 1)


def missing():
    return sorted({name for query in QUERIES.values() for name, command in query.others.items()
                   if not program_of(name, command)})


def turns_of(query, log, cold, arguments):
    for label, runtime, program, command, workers in askers(query):
        if builds.chosen(runtime, arguments):
            yield Turn(label, runtime, "park", 0.3 if arguments.quick else 1.5,
                       lambda c=command, at=label, w=workers, v=version_of(program):
                       ask(log, cold, c, at, w, v))


def plan(arguments):
    rows = [(name, cold) for cold in (False, True) for name in QUERIES
            if wanted(row_name(name, cold), arguments)
            and not (cold and arguments.quick and not arguments.row and name not in QUICK_COLD)]
    if not rows or not builds.logq("logq"):
        return {}
    log = None if arguments.list else the_log(arguments)
    if log is None and not arguments.list:
        builds.say("left out: logq_query_* (the log could not be made)")
        return {}
    if log and any(cold for _, cold in rows) and not logs.drop(log.path):
        builds.say("left out: logq_query_*_cold (the page cache keeps %s)" % log.path)
        rows = [one for one in rows if not one[1]]
    for name in missing():
        builds.say("left out: %s in logq_query_* (see scripts/bench-peers)" % name)
    return {row_name(name, cold): Row("ms per GiB", 1e6, list(
        turns_of(QUERIES[name], log, cold, arguments))) for name, cold in rows}


def row_name(name, cold):
    return "logq_query_" + name + ("_cold" if cold else "")


def the_log(arguments):
    folder = logs.made(SIZES[arguments.quick], "--plain")
    return Log(os.path.join(folder, "access.log")) if folder else None
