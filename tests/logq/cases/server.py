# SPDX-License-Identifier: MIT
# server.py: `logq serve` as a process: started until it says it is ready, and ended.
import json
import os
import re
import select
import signal
import subprocess
import time

from . import http_client
from .scoreboard import seconds

READY_SECONDS = 20
END_SECONDS = 30
QUERY_SECONDS = 60
POLL_SECONDS = 0.02  # between two looks at a state that the server can only be asked for

QUERY = "/select/logsql/query"


class NotReady(AssertionError):
    pass


def counted(response):
    """The number in the answer to `... | stats count() as n`; None when it is another answer."""
    if response.status != 200:
        return None
    row = json.loads(response.body)
    return int(row["n"]) if list(row) == ["n"] else None


class Server:
    """A context: the server runs inside it, and must end as ends_with says."""

    def __init__(self, program, data, *flags):
        self.log_path = data.rstrip("/") + ".stderr"
        self.command = [program.path, "serve", "--data", data, "--listen", "127.0.0.1:0"]
        # A slow machine is no failure: where time is tested, the request names it.
        self.command += ["--timeout", str(1000 * int(seconds(QUERY_SECONDS)))] + list(flags)
        self.process = None
        self.port = None
        self.ends_with = 0  # as subprocess says it: -N is signal N

    def __enter__(self):
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                            stdout=subprocess.PIPE, stderr=log)
        try:
            self.port = self._ready_port()
        except BaseException:
            self.process.kill()
            self.process.wait()
            raise
        return self

    def __exit__(self, kind, value, trace):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(seconds(END_SECONDS))
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            code = "no end after SIGTERM"
        self.process.stdout.close()
        if code != self.ends_with:
            raise AssertionError("the server ended with %s: %s" % (code, self.log())) from value

    def log(self):
        with open(self.log_path, "rb") as file:
            return file.read()[-2000:].decode("utf-8", "replace")

    def _ready_port(self):
        """The port in the line on standard output that says where the server listens."""
        line, end = b"", time.monotonic() + seconds(READY_SECONDS)
        while not line.endswith(b"\n"):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.process.stdout], [], [], left)[0]:
                raise NotReady("no line that says it is ready: %r %s" % (line, self.log()))
            more = os.read(self.process.stdout.fileno(), 4096)
            if not more:
                raise NotReady("ended before it was ready: %s" % self.log())
            line += more
        match = re.search(rb"127\.0\.0\.1:(\d+)", line)
        if not match or not int(match.group(1)):
            raise NotReady("no address in %r" % line)
        return int(match.group(1))

    def get(self, path, **arguments):
        return http_client.get(self.port, path, list(arguments.items()))

    def query(self, text, **arguments):
        return self.get(QUERY, query=text, **arguments)

    def count(self, text="*"):
        """How many records match."""
        response = self.query(text + " | stats count() as n")
        if response.status != 200:
            raise AssertionError(response.describe())
        return counted(response)


def wait_until(condition, what):
    """Asks until it holds; the server gives no other sign of it."""
    end = time.monotonic() + seconds(READY_SECONDS)
    while not condition():
        if time.monotonic() > end:
            raise AssertionError("not within %d s: %s" % (seconds(READY_SECONDS), what))
        time.sleep(POLL_SECONDS)
