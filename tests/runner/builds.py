# SPDX-License-Identifier: MIT
# builds.py: a build folder of one configuration, and the results of the tests run in it.
import json
import os
import re
import shutil
import signal
import subprocess
import time

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.environ.get("SPARGIO_TEST_BUILDS", os.path.join(TOP, "build-test"))
SKIP_MARK = "SKIP:"
FAIL_MARK = "FAIL:"

PASSED = {"OK", "EXPECTEDFAIL"}
SKIPPED = {"SKIP"}


class Outcome:
    """Numbers of one step, and what there is to say about it."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skips = []  # reasons
        self.failures = []  # texts: what, end of its output, how to run it again

    def fail(self, text):
        self.failed += 1
        self.failures.append(text)


def tail(text, lines=40):
    """The end of a text, indented."""
    return "\n".join("    | " + line for line in text.rstrip().splitlines()[-lines:])


def end_group(group):
    """Ends what a command has left running."""
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass


def reported(text, lines=60):
    """Of a script's output what follows its lines 'FAIL: ...', skips and passes left out; its end
    if it has none."""
    chosen = []
    told = False
    for line in text.splitlines():
        told = line.startswith(FAIL_MARK) or told and line.startswith((" ", "\t"))
        if told:
            chosen.append(line)
    return tail("\n".join(chosen[:lines]) if chosen else text, lines)


def complaints(text, lines=40):
    """Of a build's output what compilers and linkers complain about; its end if they do not."""
    chosen = [line for line in text.splitlines()
              if re.search(r"FAILED|error|warning|undefined|multiple definition", line)
              and not line.startswith("[") and " -MQ " not in line and " -Wl," not in line]
    return tail("\n".join(chosen[:lines]) if chosen else text, lines)


def run(command, log, seconds, environment=None):
    """Runs a command with its output in a file. Returns its exit code; None when its time was up,
    in which case it and all it started are killed."""
    os.makedirs(os.path.dirname(log), exist_ok=True)
    with open(log, "wb") as file:
        process = subprocess.Popen(command, cwd=TOP, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=file, stderr=subprocess.STDOUT, start_new_session=True)
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            else:
                end_group(process.pid)


def read(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except FileNotFoundError:
        return ""


class Build:
    """One configuration: its folder below build-test/, compilers and meson options."""

    def __init__(self, name, c_compiler, cpp_compiler, *options):
        self.name = name
        self.folder = os.path.join(FOLDER, name)
        self.compilers = {"CC": c_compiler, "CXX": cpp_compiler}
        self.options = list(options)
        self.ready = None  # whether it has been built; None: not yet tried

    def _log(self, what):
        return os.path.join(FOLDER, "logs", "%s-%s.log" % (self.name, what))

    def make(self, outcome):
        """Configures and builds. A folder that another meson or tree has left is made anew."""
        environment = dict(os.environ, **self.compilers)
        setup = ["meson", "setup", self.folder, TOP] + self.options
        again = ["--reconfigure"] if os.path.exists(
            os.path.join(self.folder, "meson-private", "coredata.dat")) else []
        self.ready = run(setup + again, self._log("setup"), 300, environment) == 0
        if not self.ready and os.path.isdir(self.folder):
            shutil.rmtree(self.folder)
            self.ready = run(setup, self._log("setup"), 300, environment) == 0
        if not self.ready:
            outcome.fail("%s: meson setup failed\n%s\n    again: %s"
                         % (self.name, tail(read(self._log("setup"))), self._line(setup)))
            return
        compile_ = ["ninja", "-C", self.folder, "-k", "20", "-j", str(os.cpu_count() or 2)]
        self.ready = run(compile_, self._log("build"), 1800, environment) == 0
        if self.ready:
            outcome.passed += 1
        else:
            outcome.fail("%s: it does not build\n%s\n    again: ninja -C %s"
                         % (self.name, complaints(read(self._log("build"))), self.folder))

    def _line(self, command):
        return " ".join(["%s=%s" % item for item in self.compilers.items()] + command)

    def test(self, outcome, step, selection, settings, seconds, prefix, multiplier):
        """Runs the selected tests. settings: environment; prefix: what stands before meson."""
        results = os.path.join(self.folder, "meson-logs", step + ".json")
        if os.path.exists(results):
            os.remove(results)
        command = prefix + ["meson", "test", "-C", self.folder, "--no-rebuild", "--logbase", step,
                            "--num-processes", str(os.cpu_count() or 2),
                            "--timeout-multiplier", str(multiplier)] + selection
        environment = dict(os.environ, **settings)
        code = run(command, self._log(step), seconds, environment)
        tests = [json.loads(line) for line in read(results).splitlines() if line.strip()]
        for test in tests:
            self._count(outcome, test, settings, prefix)
        end = tail(read(self._log(step)))
        if code is None:
            outcome.fail("%s: stopped after %d s\n%s" % (step, seconds, end))
        elif not tests:
            outcome.fail("%s: ran no test\n%s" % (step, end))
        elif code and not outcome.failed:
            outcome.fail("%s: meson test gave %d\n%s" % (step, code, end))

    def _count(self, outcome, test, settings, prefix):
        output = (test.get("stdout") or "") + "\n" + (test.get("stderr") or "")
        reasons = [line[line.index(SKIP_MARK) + len(SKIP_MARK):].strip()
                   for line in output.splitlines() if line.startswith(SKIP_MARK)]
        name = test["name"].split(" / ")[-1]
        if test["result"] in PASSED:
            outcome.passed += 1
            outcome.skips += ["%s: %s" % (name, reason) for reason in reasons]
        elif test["result"] in SKIPPED:
            outcome.skips += ["%s: %s" % (name, reason)
                              for reason in reasons or ["no reason given"]]
        else:
            again = ["%s=%s" % item for item in sorted(settings.items())] + prefix + ["meson"]
            outcome.fail("%s: %s in %s, after %.1f s\n%s\n    again: %s test -C %s '%s'"
                         % (name, test["result"], self.name, test.get("duration") or 0,
                            tail(output), " ".join(again), self.folder, name))


def run_script(outcome, name, command, settings, seconds):
    """Runs a script that closes with 'N passed, N failed, N skipped', and adds its numbers."""
    log = os.path.join(FOLDER, "logs", name + ".log")
    started = time.monotonic()
    code = run(command, log, seconds, dict(os.environ, **settings))
    output = read(log)
    lines = [line for line in output.splitlines() if line.strip()]
    numbers = closing_line(lines[-1]) if lines else None
    failed_before = outcome.failed
    if numbers:
        outcome.passed += numbers[0]
        outcome.failed += numbers[1]
        reasons = [line[len(SKIP_MARK):].strip() for line in lines if line.startswith(SKIP_MARK)]
        outcome.skips += (reasons + ["%s: no reason given" % name] * numbers[2])[:max(
            numbers[2], len(reasons))]
    if code == 0 and numbers and outcome.failed == failed_before:
        return
    why = ("stopped after %d s" % (time.monotonic() - started) if code is None
           else "no closing line 'N passed, N failed, N skipped'" if numbers is None
           else "exit code %d" % code)
    outcome.failures.append("%s: %s\n%s\n    again: %s" % (name, why, reported(output),
                                                          " ".join(command)))
    if outcome.failed == failed_before:
        outcome.failed += 1


def closing_line(line):
    """(passed, failed, skipped) of a closing line; None if it is none."""
    parts = [part.split() for part in line.strip().split(",")]
    words = ["passed", "failed", "skipped"]
    if not 2 <= len(parts) <= 3 or any(
            len(part) != 2 or not part[0].isdigit() or part[1] != word
            for part, word in zip(parts, words)):
        return None
    numbers = [int(part[0]) for part in parts]
    return tuple(numbers + [0] * (3 - len(numbers)))
