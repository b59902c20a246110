#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# runner.py: runs the steps of the table in steps.py and counts what they say.
"""usage: scripts/test [--all] [--only STEP]... [--list]

  (nothing)    release build with all suites at full size, and ASan+UBSan at 1 %
  --all        also TSan, clang, a debug build, shuffled and migrating tasks, -O3 -flto, the
               explorer's full bounds and its mutants, and real kernels in qemu
  --only STEP  that step only; may be repeated
  --list       the names of the steps

The last line is 'N passed, N failed, N skipped'. Exit code 1 when anything failed.
Build folders and logs are in build-test/; a second run builds what has changed only."""
import os
import platform
import sys
import time

import builds
import steps


def arguments_of(arguments):
    """(everything, names of steps, list them) or None."""
    everything, only, listed = False, [], False
    rest = list(arguments)
    while rest:
        argument = rest.pop(0)
        if argument == "--all":
            everything = True
        elif argument == "--list":
            listed = True
        elif argument == "--only" and rest:
            only.append(rest.pop(0))
        else:
            return None
    return everything, only, listed


def say(text):
    print(text, flush=True)


def report(label, outcome, seconds):
    """One line per step, then its skips and failures."""
    words = "%d passed" % outcome.passed
    words += ", %d FAILED" % outcome.failed if outcome.failed else ""
    words += ", %d skipped" % len(outcome.skips) if outcome.skips else ""
    say("%-6s %-26s %-36s %7.1f s" % ("FAILED" if outcome.failed else "ok", label, words, seconds))
    for reason in outcome.skips:
        say("    skipped: " + reason)
    for text in outcome.failures:
        say("  " + text)


def report_failures(total):
    """All failures once more, where whoever sees only the end of the output looks."""
    texts = [text for outcome in total for text in outcome.failures]
    if texts:
        say("What failed, from all steps:")
    for text in texts:
        say("  " + text)


def run_step(step, total):
    """Builds what the step needs, if no step before has, and runs it."""
    if step.build and step.build.ready is None:
        outcome = builds.Outcome()
        start = time.monotonic()
        step.build.make(outcome)
        report(step.build.name + "/build", outcome, time.monotonic() - start)
        total.append(outcome)
    if step.build and not step.build.ready:
        say("%-6s %-26s its build failed" % ("not run", step.name))
        return
    outcome = builds.Outcome()
    start = time.monotonic()
    step.run(outcome)
    report(step.name, outcome, time.monotonic() - start)
    total.append(outcome)


def main(arguments):
    parsed = arguments_of(arguments)
    if parsed is None:
        print(__doc__, file=sys.stderr)
        return 2
    everything, only, listed = parsed
    table = steps.table()
    unknown = set(only) - {step.name for step in table}
    if unknown:
        print("no such step: %s; see --list" % ", ".join(sorted(unknown)), file=sys.stderr)
        return 2
    chosen = [step for step in table
              if (step.name in only if only else everything or step.always)]
    if listed:
        for step in table:
            print("%-26s %s" % (step.name, "" if step.always else "with --all"))
        return 0
    start = time.monotonic()
    say("Linux %s, %s, %d CPUs" % (platform.release(), platform.machine(), os.cpu_count() or 1))
    total = []
    for step in chosen:
        run_step(step, total)
    passed = sum(outcome.passed for outcome in total)
    failed = sum(outcome.failed for outcome in total)
    skipped = sum(len(outcome.skips) for outcome in total)
    report_failures(total)
    say("%d steps in %.0f s; logs in %s" % (len(chosen), time.monotonic() - start,
                                            os.path.join(builds.FOLDER, "logs")))
    say("%d passed, %d failed, %d skipped" % (passed, failed, skipped))
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
