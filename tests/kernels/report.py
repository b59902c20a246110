# SPDX-License-Identifier: MIT
# report.py: counts how the programs ended on each kernel, and says it.
import console
from command import indented


class Tally:
    """Numbers over all kernels."""

    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0

    def skip(self, what, reason):
        self.skipped += 1
        say(f"SKIP: {what}: {reason}")

    def fail(self, what, reason):
        self.failed += 1
        say(f"FAIL: {what}: {reason}")

    def numbers(self):
        return self.passed, self.failed, self.skipped


def say(text):
    print(text, flush=True)


def report_run(kernel, programs, ran, tally):
    """One kernel's programs: each that did not pass, with what is needed to see why."""
    log = console.Console(ran.text)
    failed_before = tally.failed
    for program in programs:
        report_program(f"{kernel.name} {program.name}", log, log.results.get(program.name), tally)
    if log.release and not log.release.startswith(kernel.series + "."):
        tally.fail(kernel.name, f"booted {log.release}, not a kernel {kernel.series}")
    if ran.ended or log.done != len(programs):
        if tally.failed == failed_before:
            tally.fail(kernel.name, ran.ended or log.why_cut_short())
        say(f"{kernel.name}: {ran.ended or log.why_cut_short()}; its console ended with:")
        say(indented(log.lines[-console.TAIL_LINES:]))
    for running, line in log.warnings:
        say(f"{kernel.name}: the kernel logged, in {running}: {line}")
    booted = f"booted in {ran.boot_seconds:.1f} s" if ran.boot_seconds else "did not boot"
    return f"{log.release or kernel.package}, {booted}, off after {ran.seconds:.1f} s"


def report_program(what, log, result, tally):
    if result is None:
        tally.fail(what, "not done: " + log.why_cut_short())
        return
    if result.verdict == "FAIL":
        tally.fail(what, result.how)
        say(indented(result.output[-console.TAIL_LINES:] or ["(no output)"]))
    elif result.verdict == "PASS":
        tally.passed += 1
    elif not result.skips:
        tally.skip(what, "no reason given")
    for reason in result.skips:
        tally.skip(what, reason)
