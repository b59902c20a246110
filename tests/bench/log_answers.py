#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# log_answers.py: logq, and those of its peers that are installed, give the same answers to the
# queries of the benchmarks.
"""log_answers.py LOGQ"""
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
sys.path.insert(0, os.path.join(TOP, "bench"))

from comparison import builds, log_query, processes  # noqa: E402

BYTES = "2M"


def answer(command, log):
    ran = processes.run([part.replace(log_query.FILE, log) for part in command])
    if ran.code not in (0, 1):
        raise SystemExit("FAILED: %s: exit code %d: %s" % (command, ran.code, ran.errors))
    return log_query.checksum(ran.output)


def check(log):
    asked = 0
    for name, query in log_query.QUERIES.items():
        found = {label: answer(command, log)
                 for label, _, _, command, _ in log_query.askers(query)}
        if len(set(found.values())) != 1:
            raise SystemExit("FAILED: %s: the answers differ: %s" % (name, found))
        asked += len(found)
    print("%d queries, %d answers agree" % (len(log_query.QUERIES), asked))


def main(logq):
    builds.logq = lambda name: logq
    with tempfile.TemporaryDirectory() as folder:
        logs = os.path.join(folder, "logs")
        subprocess.run([sys.executable, os.path.join(TOP, "scripts", "make-logs"), "--plain",
                        "--bytes", BYTES, logs], stdout=subprocess.DEVNULL, check=True)
        check(os.path.join(logs, "access.log"))


if __name__ == "__main__":
    main(sys.argv[1])
