# SPDX-License-Identifier: MIT
# servers.py: rows in which a load generator drives each runtime's server: stall_echo at several
# loads and at a budget of latency, and plain HTTP.
import contextlib
import json
import os
import re
import subprocess

from . import builds, histogram, nginx
from .builds import cpus
from .processes import peak_kib, spent_by
from .rounds import Row, Turn, wanted

RATE = 10000  # messages a second, of all kinds
LOADS = (0, 10, 25, 40, 64, 80, 100, 120, 160)  # demand of the stalls, in % of the CPUs
QUICK_LOADS = (0, 40, 80)
LATE_NS = 200_000  # a generator whose p99.9 is later than this has its round repeated
TRIES = 2
# For the time that is left: what an overloaded server takes to catch up, and rounds repeated.
CATCHING_UP = 0.4  # seconds
# Throughput at a budget: load of stalls in %, and what p99 and p99.9 may be.
BUDGETS = {"echo_at_budget": (0, 1_000_000, 10_000_000),
           "stall_echo_at_budget": (64, 10_000_000, None)}
LEAST_RATE, MOST_RATE, STEPS = 250, 256_000, 6
NEAR, NEAR_STEPS = 2, 4  # a later round looks within this factor of what the last one has found
# Names of servers that are variants of stall_echo -> what their labels say.
STALLING = {"stall_echo": "", "stall_echo_pinned": ", not stealing",
            "stall_echo_shared": ", one shared set"}


@contextlib.contextmanager
def serving(command, spent):
    """Runs a server. Gives its port; puts what it used into spent when it has ended."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield int(process.stdout.readline())
    finally:
        peak = peak_kib(process.pid)
        process.stdin.close()
        spent_by(process, spent, peak)


def command_of(runtime, server):
    return runtime.command + ["--serve", server, "--workers", str(cpus())]


def pinned_command_of(runtime, server):
    """Worker i on CPU i, where the runtime can."""
    return command_of(runtime, server) + (["--pin"] if runtime.pins else [])


def unpinned(runtime, server):
    """What runs it, as a context that takes where to put what it used."""
    command = command_of(runtime, server)
    return lambda spent: serving(command, spent)


def showing(value, spent, count, latency, checksum="", late_ns=None, version=""):
    return {"value": value, "cpu_ns": spent["cpu_ns"] / max(count, 1),
            "switches": spent["switches"] / max(count, 1), "peak_kib": spent["peak_kib"],
            "version": version, "workers": cpus(), "checksum": checksum, "latency": latency,
            "late_ns": late_ns}


# ---- stall_echo ------------------------------------------------------------------------------

class Generator:
    def __init__(self, seconds, trial_seconds):
        self.seconds = seconds
        self.trial_seconds = trial_seconds  # of a search
        self.rounds = None  # of a stall of a millisecond

    def calibrate(self):
        if self.rounds is None:
            done = subprocess.run([builds.load_generator(), "--calibrate"], capture_output=True,
                                  text=True, check=True)
            self.rounds = done.stdout.strip()
        return self.rounds

    def run(self, port, rate, share, seconds):
        command = [builds.load_generator(), "--port", str(port), "--rate", str(rate), "--share",
                   str(share), "--rounds", self.calibrate(), "--seconds", str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            builds.say("bench_load: " + done.stderr)
            return None
        return json.loads(done.stdout)


def stall_at(generator, command, load):
    """A turn at a load: judged by p99.9. A round whose generator was late is repeated."""
    share = load / 100 * cpus() * 1000 / RATE
    for _ in range(TRIES):
        spent = {}
        with serving(command, spent) as port:
            line = generator.run(port, RATE, share, generator.seconds)
        if line is None:
            return None
        if line["late_p999_ns"] <= LATE_NS:
            break
    latency = histogram.of_samples(line["latency_ns"])
    worst = histogram.quantiles(latency)["p999"]
    return showing(worst, spent, line["sent"], latency, line["checksum"], line["late_p999_ns"])


class Search:
    """For the highest rate of plain messages, beside the stalls, within a budget: by bisection, in
    the first round over all rates."""

    def __init__(self, generator, command, budget):
        self.generator = generator
        self.command = command
        self.load, self.p99, self.p999 = budget
        self.last = None  # what the round before has found

    def limits(self):
        """Lowest and highest rate, and how many steps."""
        if self.last is None:
            return LEAST_RATE, MOST_RATE, STEPS
        return self.last / NEAR, min(self.last * NEAR, MOST_RATE), NEAR_STEPS

    def is_within(self, line, latency):
        at = histogram.quantiles(latency)
        return bool(latency) and not line["lost"] and at["p99"] <= self.p99 and (
            self.p999 is None or at["p999"] <= self.p999)

    def turn(self):
        stalls = self.load / 100 * cpus() * 1000
        low, high, steps = self.limits()
        spent, sent, found = {}, 0, None
        with serving(self.command, spent) as port:
            for _ in range(steps):
                rate = (low * high) ** 0.5
                line = self.generator.run(port, rate + stalls, stalls / (rate + stalls),
                                          self.generator.trial_seconds)
                sent += line["sent"] if line else 0
                latency = histogram.of_samples(line["latency_ns"]) if line else {}
                if self.is_within(line, latency):
                    low, found = rate, latency
                else:
                    high = rate
        self.last = low if found else None
        if not found:
            builds.say("%s: no rate keeps the budget" % " ".join(self.command))
            return None
        return showing(1e9 / low, spent, sent, found)


# ---- HTTP ------------------------------------------------------------------------------------

UNITS = {"us": 1e3, "ms": 1e6, "s": 1e9}


def http(server, seconds, version=""):
    """Judged by the time per request, of 64 connections that are kept alive."""
    spent = {}
    with server(spent) as port:
        done = subprocess.run(["wrk", "-t", "1", "-c", "64", "-d", "%ds" % max(1, round(seconds)),
                               "--latency", "http://127.0.0.1:%d/" % port],
                              capture_output=True, text=True, check=False)
    rate = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    count = re.search(r"(\d+) requests in", done.stdout)
    if done.returncode or not rate or "Socket errors" in done.stdout or not float(rate.group(1)):
        builds.say("wrk: " + done.stdout + done.stderr)
        return None
    return showing(1e9 / float(rate.group(1)), spent, int(count.group(1)), {}, version=version)


# ---- The plan --------------------------------------------------------------------------------

def labelled(runtime, way):
    return builds.label_of(runtime, runtime.modes[0]) + way


def add(rows, name, row, turn):
    rows.setdefault(name, Row(*row, [])).turns.append(turn)


def plan_stalls(runtimes, arguments, generator, rows):
    for load in QUICK_LOADS if arguments.quick else LOADS:
        name = "stall_echo_%d" % load
        for runtime, server in stalling(runtimes) if wanted(name, arguments) else ():
            command = pinned_command_of(runtime, server)
            add(rows, name, ("ms p99.9", 1e6), Turn(
                labelled(runtime, STALLING[server]), runtime.name, runtime.modes[0],
                generator.seconds + CATCHING_UP,
                lambda c=command, load=load: stall_at(generator, c, load)))
    for name, budget in BUDGETS.items():
        for runtime, server in stalling(runtimes) if wanted(name, arguments) else ():
            search = Search(generator, pinned_command_of(runtime, server), budget)
            add(rows, name, ("us per message", 1e3), Turn(
                labelled(runtime, STALLING[server]), runtime.name, runtime.modes[0],
                (generator.trial_seconds + CATCHING_UP) * (STEPS + NEAR_STEPS) / 2, search.turn))


def plan_http(runtimes, arguments, generator, rows):
    if not wanted("http_plain", arguments):
        return
    if not builds.tool("wrk"):
        builds.say("left out: http_plain (there is no wrk; see scripts/bench-peers)")
        return
    # Not pinned, as wrk takes one of the same CPUs, and the kernel may move who is in its way.
    found = [(labelled(one, ""), one.name, one.modes[0], unpinned(one, "http_plain"), "")
             for one in runtimes if "http_plain" in one.servers]
    if builds.chosen("nginx", arguments):
        if nginx.program():
            found.append(("nginx", "nginx", "park", nginx.serving, nginx.version()))
        else:
            builds.say("left out: nginx in http_plain (see scripts/bench-peers)")
    for label, name, mode, server, version in found:
        add(rows, "http_plain", ("us per request", 1e3), Turn(
            label, name, mode, generator.seconds + 0.3,
            lambda s=server, v=version: http(s, generator.seconds, v)))


def plan(runtimes, arguments):
    rows = {}
    generator = Generator(1, 0.5) if arguments.quick else Generator(3, 2)
    plan_stalls(runtimes, arguments, generator, rows)
    plan_http(runtimes, arguments, generator, rows)
    return rows


def stalling(runtimes):
    for runtime in runtimes:
        for server in STALLING:
            if server in runtime.servers:
                yield runtime, server
