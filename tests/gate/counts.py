#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# counts.py: instructions and system calls of the operations that matter, held against baselines.
"""counts.py [--write] PROGRAM COMPILER        COMPILER: as baselines.json has it: gcc-12-x86_64

Each operation is run few times and many times; the difference is what one costs: set-up and end
fall out. Instructions are counted by callgrind, system calls by strace: both repeat, times do not.
A count that is higher than its baseline by more than its allowance fails; one that is lower by more
asks for a new baseline: --write puts this run's counts in baselines.json."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

OPERATIONS = ("switch", "spawn_join", "message", "wake", "channel", "hand_over", "echo")
FEW = 2000
MANY = {"instructions": 52000, "system calls": 12000}
ALLOWED = {"instructions": 0.05, "system calls": 0.02}  # shares of the baseline
ABOVE = 0.01  # and this much besides, for counts near zero
TIMEOUT = 120
BASELINES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "baselines.json")


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT, check=False)
    if done.returncode:
        raise SystemExit("FAILED: %s: exit code %d\n%s" % (" ".join(command), done.returncode,
                                                          done.stderr[-2000:]))
    return done


def instructions(program, operation, count):
    with tempfile.TemporaryDirectory() as folder:
        done = run(["valgrind", "--tool=callgrind", "--fair-sched=yes",
                    "--callgrind-out-file=" + os.path.join(folder, "out"), program, operation,
                    str(count)])
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def system_calls(program, operation, count):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "calls")
        run(["strace", "-f", "-c", "-o", path, program, operation, str(count)])
        with open(path, encoding="utf-8") as file:
            total = file.read().splitlines()[-1].split()
    return int(total[3])  # % time, seconds, usecs/call, calls, errors


COUNTERS = {"instructions": ("valgrind", instructions), "system calls": ("strace", system_calls)}


def count_all(program):
    """Operation -> what is counted -> how many for one."""
    found = {}
    for operation in OPERATIONS:
        found[operation] = {}
        for what, (tool, count) in COUNTERS.items():
            if not shutil.which(tool):
                print("SKIP: %s of %s: there is no %s" % (what, operation, tool))
                continue
            more = count(program, operation, MANY[what]) - count(program, operation, FEW)
            found[operation][what] = round(more / (MANY[what] - FEW), 3) + 0.0
    return found


def judge(found, baseline):
    """What is wrong, a line each."""
    wrong = []
    for operation, counts in found.items():
        for what, count in counts.items():
            base = baseline[operation][what]
            room = base * ALLOWED[what] + ABOVE
            print("%-12s %-14s %10.3f   baseline %10.3f" % (operation, what, count, base))
            if count > base + room:
                wrong.append("%s: %s for one: %.3f, more than the baseline %.3f allows (%.3f)" % (
                    operation, what, count, base, base + room))
            elif count < base - room:
                print("%s: %s: less than the baseline: --write keeps it" % (operation, what))
    return wrong


def main(arguments):
    write = arguments[:1] == ["--write"]
    program, compiler = arguments[1:] if write else arguments
    with open(BASELINES, encoding="utf-8") as file:
        baselines = json.load(file)
    found = count_all(program)
    if write:
        baselines[compiler] = found
        with open(BASELINES, "w", encoding="utf-8") as file:
            json.dump(baselines, file, indent=2, sort_keys=True)
            file.write("\n")
    if compiler not in baselines:
        print("SKIP: no baseline for %s in %s; it counted %s" % (compiler, BASELINES, found))
        sys.exit(77)
    wrong = judge(found, baselines[compiler])
    if wrong:
        raise SystemExit("FAILED: " + "; ".join(wrong))


if __name__ == "__main__":
    main(sys.argv[1:])
