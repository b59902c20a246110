# SPDX-License-Identifier: MIT
# log_load.py: rows logq_load*: logq's server under queries that arrive in an open loop, with the
# pieces of a query's files pinned to shards, dealt out in turn, and stealable.
import contextlib
import json
import re
import signal
import subprocess
import urllib.parse
import urllib.request

from . import builds, histogram, logs
from .log_query import checksum
from .processes import peak_kib, spent_by
from .rounds import Row, Turn, wanted
from .servers import showing

LOG_BYTES = "8M"  # that each request goes through; one file has most of them
QUERIES = ('"upstream timed out" | stats count()',
           "* | stats by (status) count() as requests | sort by (requests desc) limit 5")
PLACEMENTS = ("pinned", "round-robin", "stealable")
FIRST_RATE = 64  # requests a second
BUDGET_MS = 50  # of p99, in the search for the highest rate
SHARE = 0.7  # of the highest rate of pinned pieces: the rate at which latencies are compared
TIMEOUT_MS = 10_000  # of a request under load
PATIENCE = 60  # seconds, of a query that is asked once


@contextlib.contextmanager
def serving(folder, placement, spent):
    """Runs logq's server over a folder. Gives its URL; puts what it used into spent at the end."""
    command = [builds.logq("logq"), "serve", "--data", folder, "--listen", "127.0.0.1:0",
               "--placement", placement]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    try:
        found = re.search(r" ready on (http://[^ ]*)/ ", process.stdout.readline() + " ")
        if not found:
            raise OSError("logq serve has not said where it listens")
        yield found.group(1)
    finally:
        peak = peak_kib(process.pid)
        process.send_signal(signal.SIGTERM)
        spent_by(process, spent, peak)


def answers(url):
    """What the server answers, as a checksum."""
    whole = b""
    for query in QUERIES:
        form = urllib.parse.urlencode({"query": query}).encode()
        with urllib.request.urlopen(url + "/select/logsql/query", form, PATIENCE) as answer:
            whole += answer.read()
    return checksum(whole)


def load(url, seconds, *flags):
    """What logq-load tells; None when no request was answered."""
    command = [builds.logq("logq-load"), "--url", url, "--json", "--duration", str(seconds),
               "--timeout", str(TIMEOUT_MS)]
    for query in QUERIES:
        command += ["--query", query]
    done = subprocess.run(command + list(flags), capture_output=True, text=True, check=False)
    line = json.loads(done.stdout) if done.stdout else {}
    if not line.get("answered"):
        builds.say("logq-load: " + (done.stderr or "no answer within the budget"))
        return None
    return line


def latencies(line):
    """Requests that were refused, or have failed, took as long as who asks has patience: a server
    is not the better for turning them away."""
    failed = sum(line["errors"].values())
    return histogram.of_pairs(line["latency_buckets"] + [[TIMEOUT_MS * 1_000_000, failed]] * (
        failed > 0))


class Loads:
    """The turns of both rows. The rate at which latencies are compared is found once."""

    def __init__(self, folder, seconds, search_seconds, resolution):
        self.folder = folder
        self.resolution = resolution  # percent, of the highest rate
        self.seconds = seconds
        self.search_seconds = search_seconds
        self.rate = None
        self.highest = {}  # placement -> rate, of the round before

    def search_flags(self, first):
        return ["--find-rate", "--rate", str(max(1, round(first))), "--budget-ms", str(BUDGET_MS),
                "--resolution", str(self.resolution)]

    def shared_rate(self):
        if self.rate is None:
            with serving(self.folder, PLACEMENTS[0], {}) as url:
                line = load(url, self.search_seconds, *self.search_flags(FIRST_RATE))
            self.rate = max(1, round(SHARE * line["rate"])) if line else FIRST_RATE
        return self.rate

    def measure(self, placement, flags, seconds):
        spent = {}
        with serving(self.folder, placement, spent) as url:
            same = answers(url)
            line = load(url, seconds, *flags)
        return line, spent, same

    def latency(self, placement):
        """Judged by p99, at a rate that is the same for all."""
        line, spent, same = self.measure(placement, ["--rate", str(self.shared_rate())],
                                         self.seconds)
        if line is None:
            return None
        latency = latencies(line)
        return showing(histogram.quantiles(latency)["p99"], spent, line["asked"], latency, same)

    def at_budget(self, placement):
        """Judged by the time per request at the highest rate."""
        first = self.highest.get(placement, FIRST_RATE)
        line, spent, same = self.measure(placement, self.search_flags(first), self.search_seconds)
        if line is None:
            return None
        self.highest[placement] = line["rate"]
        return showing(1e9 / line["rate"], spent, line["answered"], latencies(line), same)


def plan(arguments):
    names = [name for name in ("logq_load", "logq_load_at_budget") if wanted(name, arguments)]
    if not names or not builds.chosen(builds.OURS, arguments):
        return {}
    if not builds.logq("logq-load"):
        builds.say("left out: logq_* (logq was not built: see scripts/deps)")
        return {}
    folder = "" if arguments.list else logs.made(LOG_BYTES)
    if folder is None:
        builds.say("left out: logq_load* (the logs could not be made)")
        return {}
    loads = Loads(folder, *((2, 1, 20) if arguments.quick else (5, 2, 10)))
    rows = {"logq_load": (Row("ms p99", 1e6, []), loads.latency, loads.seconds + 0.5),
            "logq_load_at_budget": (Row("us per request", 1e3, []), loads.at_budget,
                                    9 * loads.search_seconds)}
    for name in names:
        row, measure, seconds = rows[name]
        for placement in PLACEMENTS:
            row.turns.append(Turn(
                "%s, %s" % (builds.OURS, placement.replace("-", " ")), builds.OURS, "park", seconds,
                lambda measure=measure, placement=placement: measure(placement)))
    return {name: rows[name][0] for name in names}
