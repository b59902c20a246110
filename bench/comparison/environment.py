# SPDX-License-Identifier: MIT
# environment.py: what a result was measured on: it goes with the numbers.
import os
import platform
import subprocess
import time

from . import builds


def first_line(command):
    try:
        done = subprocess.run(command, cwd=builds.TOP, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    return done.stdout.splitlines()[0] if done.stdout else None


def describe(argv):
    changed = first_line(["git", "status", "--short"])
    return {
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "command": "bench/compare " + " ".join(argv),
        "commit": (first_line(["git", "rev-parse", "HEAD"]) or "unknown")
                  + (" with changes" if changed else ""),
        "kernel": platform.release(),
        "machine": platform.machine(),
        "cpus": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "versions": {name: first_line(command) for name, command in {
            "gcc": ["cc", "--version"], "rustc": ["rustc", "--version"],
            "go": ["go", "version"]}.items()},
    }
