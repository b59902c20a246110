# SPDX-License-Identifier: MIT
# rounds.py: the runtimes take turns at each row, and their answers are compared.
import collections
import contextlib
import json
import os
import statistics
import subprocess
import sys

from . import builds

BLOCK, BLOCKS, FILL = 4096, 4096, b"\xa5"
TIMEOUT = 120  # seconds, for one turn

# A runtime in a mode. Its label names it within a row.
Turn = collections.namedtuple("Turn", "label runtime command spins")


def plan(runtimes, arguments):
    """Row -> who takes turns at it, in order; the rows in the order in which they are first named.
    A row with a suffix (_free, _batch64 ...) is a variant, beside the others of its name."""
    rows = {}
    for runtime in runtimes:
        for row in runtime.rows:
            if arguments.row and row not in arguments.row:
                continue
            turns = rows.setdefault(row, [])
            turns.append(Turn(runtime.name, runtime.name, runtime.command, False))
            if runtime.spins and coordinates(row):
                turns.append(Turn(runtime.name + ", spinning", runtime.name, runtime.command, True))
    unknown = set(arguments.row) - set(rows)
    if unknown:
        raise SystemExit("compare: no such row: %s; see --list" % ", ".join(sorted(unknown)))
    return rows


def coordinates(row):
    """Whether spinning is of interest: where tasks wait for tasks, not for the kernel."""
    return row.startswith(("steady_", "cold_"))


@contextlib.contextmanager
def fixtures(folder):
    """The echo server's port, and the file of blocks."""
    path = os.path.join(folder, "blocks")
    with open(path, "wb") as file:
        file.write(FILL * (BLOCK * BLOCKS))
        file.flush()
        os.fsync(file.fileno())
    with subprocess.Popen(builds.echo_server(), stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as server:
        port = int(server.stdout.readline())
        try:
            yield ["--port", str(port), "--file", path]
        finally:
            server.stdin.close()
            server.wait()
            os.remove(path)


def take_turn(turn, row, arguments, fixed):
    """The line that the program prints; None, with the reason on standard error, when it fails."""
    command = turn.command + [row, "--seconds", str(arguments.seconds),
                              "--mode", "spin" if turn.spins else "park"] + fixed
    if arguments.workers:
        command += ["--workers", str(arguments.workers)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT,
                              check=False)
    except subprocess.TimeoutExpired:
        builds.say("%s: %s has not ended after %d s" % (row, turn.label, TIMEOUT))
        return None
    if done.returncode:
        builds.say("%s: %s: exit code %d: %s" % (row, turn.label, done.returncode, done.stderr))
        return None
    return json.loads(done.stdout)


def per_iteration(line):
    return {"wall_ns": statistics.median(line["wall_ns"]),
            "cpu_ns": line["cpu_ns"] / line["iterations"],
            "switches": line["switches"] / line["iterations"],
            "peak_kib": line["peak_kib"]}


def run_row(row, turns, arguments, fixed):
    taken = {turn.label: [] for turn in turns}
    about = {}
    for number in range(arguments.rounds):
        for turn in turns:
            show("%s: round %d of %d: %s" % (row, number + 1, arguments.rounds, turn.label))
            line = take_turn(turn, row, arguments, fixed)
            if line is not None:
                taken[turn.label].append(per_iteration(line))
                about[turn.label] = {key: line[key] for key in
                                     ("runtime", "version", "workers", "mode", "checksum")}
    show("")
    checksums = {one["checksum"] for one in about.values()}
    if len(checksums) > 1:
        builds.say("%s: the checksums differ: %s" % (row, {label: one["checksum"] for label, one
                                                           in about.items()}))
    return {"row": row, "disagree": len(checksums) > 1,
            "turns": [{"label": label, **about[label], "rounds": taken[label]}
                      for label in taken if taken[label]]}


def show(text):
    """Progress, on one line of a terminal."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + text)
        sys.stderr.flush()


def run(rows, arguments):
    os.makedirs(arguments.out, exist_ok=True)
    with fixtures(arguments.out) as fixed:
        return [run_row(row, turns, arguments, fixed) for row, turns in rows.items()]
