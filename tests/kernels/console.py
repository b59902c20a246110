# SPDX-License-Identifier: MIT
# console.py: what a test machine said on its serial line; the lines are described in console.h.
import re

TAIL_LINES = 40


class Result:
    """How one program ended: verdict PASS, FAIL or SKIP."""

    def __init__(self, name, verdict, milliseconds, how, output):
        self.name = name
        self.verdict = verdict
        self.milliseconds = milliseconds
        self.how = how
        self.output = output  # the program's lines
        self.skips = []  # reasons of the tests in it that were skipped
        for line in output:
            match = re.match(r"SKIP: (?:[^:]+: )?(.*)", line)
            if match:
                self.skips.append(match[1])


class Console:
    """A machine's serial log, read."""

    def __init__(self, text):
        self.lines = [line.rstrip("\r") for line in text.split("\n")]
        self.release = None
        self.results = {}
        self.done = None  # how many programs had their turn, once all had
        self.fatal = None
        self.running = None  # the program without an end
        self.warnings = []  # (program, line of the kernel's log)
        output = []
        for line in self.lines:
            word, _, rest = line.partition(" ")
            if word == "|":
                output.append(rest)
            elif word == "KBOOT":
                _, self.release, _ = rest.split(" ")
            elif word == "KRUN":
                self.running, output = rest, []
            elif word == "KLOG":
                self.warnings.append((self.running, rest))
            elif word == "KTEST":
                name, verdict, milliseconds, how = rest.split(" ", 3)
                self.results[name] = Result(name, verdict, int(milliseconds), how, output)
                self.running = None
            elif word == "KDONE":
                self.done = int(rest)
            elif word == "KFATAL":
                self.fatal = rest
            elif "Kernel panic - not syncing" in line:
                self.fatal = line[line.index("Kernel panic"):]

    def why_cut_short(self):
        """Why not all programs had their turn, as far as the machine could tell."""
        if self.fatal:
            return self.fatal
        if self.release is None:
            return "the kernel did not start process 1"
        if self.running:
            return f"the machine ended while {self.running} ran"
        return "the machine ended between programs"
