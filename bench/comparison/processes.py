# SPDX-License-Identifier: MIT
# processes.py: runs a program once, and tells what it took.
import collections
import os
import re
import select
import signal
import subprocess
import tempfile
import time

PEAK_EVERY = 0.02  # seconds between looks at a program's memory
TIMEOUT = 300  # seconds

# What it printed, its exit code, how long it took, and what spent_by() tells.
Ran = collections.namedtuple("Ran", "output code wall_ns spent errors")


def children(pid):
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
            return [int(one) for one in file.read().split()]
    except OSError:
        return []


def peak_kib(pid):
    """Of a running process and its children: resident memory, each at its highest. What wait4 tells
    may be of the process that started it."""
    try:
        with open("/proc/%d/status" % pid, encoding="utf-8") as status:
            found = re.search(r"VmHWM:\s*(\d+)", status.read())
    except OSError:
        return 0
    return (int(found.group(1)) if found else 0) + sum(map(peak_kib, children(pid)))


def read_all(process, end):
    """What it prints, and its peak. A program that takes too long is killed."""
    output, peak, fd = [], 0, process.stdout.fileno()
    while True:
        if select.select([fd], [], [], PEAK_EVERY)[0]:
            output.append(os.read(fd, 1 << 16))
            if not output[-1]:
                return b"".join(output), peak
        elif time.monotonic() > end:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            peak = max(peak, peak_kib(process.pid))


def spent_by(process, spent, peak):
    """Waits for its end."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.stdout:
        process.stdout.close()
    spent.update(cpu_ns=(usage.ru_utime + usage.ru_stime) * 1e9, switches=usage.ru_nvcsw,
                 peak_kib=peak)


def run(command):
    with tempfile.TemporaryFile() as errors:
        start = time.monotonic_ns()
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=errors, env={**os.environ, "LC_ALL": "C"},
                              start_new_session=True) as process:
            output, peak = read_all(process, time.monotonic() + TIMEOUT)
            spent = {}
            spent_by(process, spent, peak)
            took = time.monotonic_ns() - start
        errors.seek(0)
        return Ran(output, process.returncode, took, spent,
                   errors.read().decode(errors="replace"))
