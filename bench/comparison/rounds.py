# SPDX-License-Identifier: MIT
# rounds.py: the runtimes take turns at each row, and their answers are compared.
import collections
import contextlib
import fnmatch
import json
import os
import statistics
import subprocess

from . import builds, histogram
from .progress import Progress
from .variants import PER_CPU

BLOCK, BLOCKS, FILL = 4096, 4096, b"\xa5"
TIMEOUT = 120  # seconds, for one turn
# Not with --quick: they take long, or tell little more than their kin.
NOT_QUICK = {"task_memory_1m", "chan_4x1", "chan_4x1_one", "chan_16x1", "chan_16x1_one",
             "chan_16x16", "chan_16x16_one", "echo_at_budget"}
# With --quick only these are run spinning, too: in them each message may find somebody parked.
QUICK_SPINNING = {"steady_ping_pong_rtt", "steady_one_way_send_drain", "chan_1x1", "chan_4x4",
                  "boundary_rtt"}
# For the time that is left: what a turn takes beside its iterations, and the turns whose iterations
# are long.
SETTING_UP = 0.05  # seconds
LONG_TURNS = {"timer_churn": 0.6, "timer_churn_fire": 0.6, "shard_flood": 0.3,
              "shard_flood_pinned": 0.3, "spawn_join": 0.25, "spawn_join_batch16": 0.25,
              "spawn_join_foreign": 0.25, "task_memory_100k": 0.3, "task_memory_1m": 2,
              "net_pipeline_hotspot_rotation_4k_window32": 0.3, "idle_cost": 1.2}
# Judged by CPU time: the time of an iteration is given.
BY_CPU = {"idle_cost"}

# One who takes turns at a row; its label names it there. measure() gives what a turn of it showed,
# as measured() does, or None, after about so many seconds.
Turn = collections.namedtuple("Turn", "label runtime mode seconds measure")
# A row: what its values are of, in words and as a divisor, and who takes turns.
Row = collections.namedtuple("Row", "unit divisor turns")


# ---- Rows that are iterations ----------------------------------------------------------------

def coordinates(row):
    """Whether spinning is of interest: where ends wait for each other."""
    return row.startswith(("steady_", "cold_start_", "boundary_", "chan_", "fanout_", "net_"))


def modes_of(runtime, row, arguments):
    both = coordinates(row) and not (arguments.quick and row not in QUICK_SPINNING)
    return runtime.modes if both else runtime.modes[:1]


def variants(row):
    """(name, more arguments): a row with more workers than CPUs is run with one for each, too."""
    yield row, []
    if row.startswith("fanout_"):  # four workers
        yield row + PER_CPU, ["--workers", str(builds.cpus())]


def unit_of(row):
    if row in BY_CPU:
        return Row("ms of CPU", 1e6, [])
    return Row("bytes/task", 1, []) if row.startswith("task_memory") else Row("ms", 1e6, [])


def plan(runtimes, arguments, fixed):
    """Name -> row, in the order in which they are first named. A row with a suffix (_free, _batch64
    ...) is a variant, beside the others of its name."""
    rows = {}
    for runtime in runtimes:
        for name in runtime.rows:
            for row, more in variants(name):
                if wanted(row, arguments):
                    turns = rows.setdefault(row, unit_of(row)).turns
                    turns += turns_of(runtime, name, more, arguments, fixed)
    return rows


def wanted(row, arguments):
    """Whether a row is asked for, by its name or by a pattern such as `net_*`."""
    if arguments.row:
        return any(fnmatch.fnmatchcase(row, one) for one in arguments.row)
    return not (arguments.quick and row in NOT_QUICK)


def turns_of(runtime, row, more, arguments, fixed):
    seconds = max(arguments.seconds + SETTING_UP, LONG_TURNS.get(row, 0))
    for mode in modes_of(runtime, row, arguments):
        command = runtime.command + [row, "--seconds", str(arguments.seconds),
                                     "--mode", mode] + more + fixed
        label = builds.label_of(runtime, mode)
        yield Turn(label, runtime.name, mode, seconds,
                   lambda command=command, label=label: take_turn(command, label))


def take_turn(command, label):
    """None, with the reason on standard error, when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT,
                              check=False)
    except subprocess.TimeoutExpired:
        builds.say("%s: %s has not ended after %d s" % (label, command[1], TIMEOUT))
        return None
    if done.returncode:
        builds.say("%s: %s: exit code %d: %s" % (label, command[1], done.returncode, done.stderr))
        return None
    return measured(json.loads(done.stdout))


def measured(line):
    cpu = line["cpu_ns"] / line["iterations"]
    value = cpu if line["row"] in BY_CPU else statistics.median(line["wall_ns"])
    if "figure" in line:
        value = line["figure"]["value"]
    return {"value": value, "cpu_ns": cpu, "switches": line["switches"] / line["iterations"],
            "peak_kib": line["peak_kib"], "version": line["version"], "workers": line["workers"],
            "checksum": line["checksum"],
            "late_ns": None, "latency": histogram.of_samples(line.get("latency_ns", []))}


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


# ---- Taking turns ----------------------------------------------------------------------------

IN_RESULTS = ("round", "value", "cpu_ns", "switches", "peak_kib", "late_ns")


def told(turn, shown):
    """What results.json says of one who took turns."""
    about = shown[-1]
    rounds = [{key: one[key] for key in IN_RESULTS} for one in shown]
    whole = {"label": turn.label, "runtime": turn.runtime, "mode": turn.mode,
             "version": about["version"], "workers": about["workers"],
             "checksum": about["checksum"], "rounds": rounds}
    latency = histogram.merged(one["latency"] for one in shown)
    if latency:
        whole["latency_ns"] = histogram.quantiles(latency)
        whole["latency_buckets"] = sorted(latency.items())
    return whole


def run_row(name, row, count, progress):
    shown = {turn.label: [] for turn in row.turns}
    begin = progress.took()
    for number in range(count):
        for turn in row.turns:
            progress.show(name, number, turn)
            found = turn.measure()
            progress.done(turn)
            if found is not None:
                shown[turn.label].append({"round": number, **found})
    progress.line()
    checksums = {one["checksum"] for found in shown.values() for one in found}
    if len(checksums) > 1:
        builds.say("%s: the checksums differ: %s" % (name, {
            label: found[-1]["checksum"] for label, found in shown.items() if found}))
    return {"row": name, "unit": row.unit, "divisor": row.divisor,
            "disagree": len(checksums) > 1, "seconds": round(progress.took() - begin, 1),
            "turns": [told(turn, shown[turn.label]) for turn in row.turns if shown[turn.label]]}


def run(rows, arguments):
    rows = {name: row for name, row in rows.items() if row.turns}
    progress = Progress(rows, arguments.rounds)
    builds.say(progress.plan_text())
    return [run_row(name, row, arguments.rounds, progress) for name, row in rows.items()]
