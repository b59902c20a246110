# SPDX-License-Identifier: MIT
# servers.py: rows in which a load generator drives each runtime's server: stall_echo at several
# loads and at a budget of latency, and plain HTTP.
import contextlib
import json
import os
import re
import shutil
import subprocess

from . import builds, histogram
from .rounds import Row, Turn

RATE = 10000  # messages a second, of all kinds
LOADS = (0, 10, 25, 40, 64, 80, 100, 120, 160)  # demand of the stalls, in % of the CPUs
QUICK_LOADS = (0, 40, 80)
LATE_NS = 200_000  # a generator whose p99.9 is later than this has its round repeated
TRIES = 3
# Throughput at a budget: load of stalls in %, and what p99 and p99.9 may be.
BUDGETS = {"echo_at_budget": (0, 1_000_000, 10_000_000),
           "stall_echo_at_budget": (64, 10_000_000, None)}
LEAST_RATE, MOST_RATE, STEPS = 250, 256_000, 6
# Names of servers that are variants of stall_echo -> what their labels say.
STALLING = {"stall_echo": "", "stall_echo_pinned": ", not stealing",
            "stall_echo_shared": ", one shared set"}


def cpus():
    return len(os.sched_getaffinity(0))


@contextlib.contextmanager
def serving(command, spent):
    """Runs a server. Gives its port; puts what it used into spent when it has ended."""
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield int(process.stdout.readline())
    finally:
        with open("/proc/%d/status" % process.pid, encoding="utf-8") as status:
            peak = re.search(r"VmHWM:\s*(\d+)", status.read())
        process.stdin.close()
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        process.stdout.close()
        spent.update(cpu_ns=(usage.ru_utime + usage.ru_stime) * 1e9, switches=usage.ru_nvcsw,
                     peak_kib=int(peak.group(1)) if peak else 0)


def command_of(runtime, server):
    pin = ["--pin"] if runtime.pins else []
    return runtime.command + ["--serve", server, "--workers", str(cpus())] + pin


def showing(value, spent, count, latency, checksum="", late_ns=None):
    return {"value": value, "cpu_ns": spent["cpu_ns"] / max(count, 1),
            "switches": spent["switches"] / max(count, 1), "peak_kib": spent["peak_kib"],
            "version": "", "workers": cpus(), "checksum": checksum, "latency": latency,
            "late_ns": late_ns}


# ---- stall_echo ------------------------------------------------------------------------------

class Generator:
    def __init__(self, seconds):
        self.seconds = seconds
        done = subprocess.run([builds.load_generator(), "--calibrate"], capture_output=True,
                              text=True, check=True)
        self.rounds = done.stdout.strip()  # of a stall: a millisecond

    def run(self, port, rate, share):
        command = [builds.load_generator(), "--port", str(port), "--rate", str(rate), "--share",
                   str(share), "--rounds", self.rounds, "--seconds", str(self.seconds)]
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
            line = generator.run(port, RATE, share)
        if line is None:
            return None
        if line["late_p999_ns"] <= LATE_NS:
            break
    latency = histogram.of_samples(line["latency_ns"])
    worst = histogram.quantiles(latency)["p999"]
    return showing(worst, spent, line["sent"], latency, line["checksum"], line["late_p999_ns"])


def highest_rate(generator, command, budget):
    """Bisects for the highest rate of plain messages, beside the stalls, within the budget."""
    load, p99, p999 = budget
    stalls = load / 100 * cpus() * 1000
    spent, sent, low, high, found = {}, 0, LEAST_RATE, MOST_RATE, None
    with serving(command, spent) as port:
        for _ in range(STEPS):
            rate = (low * high) ** 0.5
            line = generator.run(port, rate + stalls, stalls / (rate + stalls))
            sent += line["sent"] if line else 0
            latency = histogram.of_samples(line["latency_ns"]) if line else {}
            at = histogram.quantiles(latency)
            if latency and not line["lost"] and at["p99"] <= p99 and (
                    p999 is None or at["p999"] <= p999):
                low, found = rate, latency
            else:
                high = rate
    if found is None:
        return None
    return showing(1e9 / low, spent, sent, found)


# ---- HTTP ------------------------------------------------------------------------------------

UNITS = {"us": 1e3, "ms": 1e6, "s": 1e9}


def http(command, seconds):
    """Judged by the time per request, of 64 connections that are kept alive."""
    spent = {}
    with serving(command, spent) as port:
        done = subprocess.run(["wrk", "-t", "1", "-c", "64", "-d", "%ds" % max(1, round(seconds)),
                               "--latency", "http://127.0.0.1:%d/" % port],
                              capture_output=True, text=True, check=False)
    rate = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    count = re.search(r"(\d+) requests in", done.stdout)
    if done.returncode or not rate or "Socket errors" in done.stdout or not float(rate.group(1)):
        builds.say("wrk: " + done.stdout + done.stderr)
        return None
    return showing(1e9 / float(rate.group(1)), spent, int(count.group(1)), {})


# ---- The plan --------------------------------------------------------------------------------

def plan(runtimes, arguments):
    rows = {}
    generator = Generator(1 if arguments.quick else 3)

    def add(name, unit, divisor, way, runtime, measure):
        if not arguments.row or name in arguments.row:
            mode = runtime.modes[0]
            label = builds.label_of(runtime, mode) + way
            rows.setdefault(name, Row(unit, divisor, [])).turns.append(
                Turn(label, runtime.name, mode, measure))

    for load in QUICK_LOADS if arguments.quick else LOADS:
        for runtime, server in stalling(runtimes):
            add("stall_echo_%d" % load, "us p99.9", 1e3, STALLING[server], runtime,
                lambda c=command_of(runtime, server), load=load: stall_at(generator, c, load))
    for name, budget in BUDGETS.items():
        for runtime, server in stalling(runtimes):
            add(name, "us per message", 1e3, STALLING[server], runtime,
                lambda c=command_of(runtime, server), budget=budget:
                highest_rate(generator, c, budget))
    if shutil.which("wrk"):
        for runtime in runtimes:
            if "http_plain" in runtime.servers:
                add("http_plain", "us per request", 1e3, "", runtime,
                    lambda c=command_of(runtime, "http_plain"): http(c, generator.seconds))
    else:
        builds.say("left out: http_plain (there is no wrk; see scripts/bench-peers)")
    return rows


def stalling(runtimes):
    for runtime in runtimes:
        for server in STALLING:
            if server in runtime.servers:
                yield runtime, server
