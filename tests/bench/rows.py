#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# rows.py: each row of the benchmarks runs, on spargio, by hand, and on the peers that meson builds,
# and all get the same answer.
"""rows.py ECHO_SERVER PROGRAM..."""
import json
import os
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))

from comparison import variants  # noqa: E402

FILE_BYTES = 16 << 20
# Where less is to be done, iterations are as small as a warm-up's.
SMALL = ["--small"] if float(os.environ.get("SPARGIO_TEST_SCALE", "1")) < 1 else []


def answers_of(program, settings):
    """Row -> checksum."""
    rows = subprocess.run([program, "--list"], capture_output=True, text=True, check=True)
    found = {}
    for row in rows.stdout.split():
        line = subprocess.run([program, row, "--seconds", "0"] + SMALL + settings,
                              capture_output=True, text=True, check=False)
        if line.returncode:
            print("%s %s: exit code %d: %s" % (program, row, line.returncode, line.stderr))
            continue
        told = json.loads(line.stdout)
        if told["row"] == row and told["iterations"] >= 1 and min(told["wall_ns"]) > 0:
            found[row] = told["checksum"]
    missing = set(rows.stdout.split()) - set(found)
    if missing:
        raise SystemExit("FAILED: %s" % ", ".join(sorted(missing)))
    return found


def check_all(programs, settings):
    answers = {}
    for program in programs:
        for row, checksum in answers_of(program, settings).items():
            first = answers.setdefault(variants.stem(row), checksum)
            if first != checksum:
                raise SystemExit("FAILED: %s of %s gives %s, not %s" % (row, program, checksum,
                                                                        first))
    print("%d rows agree" % len(answers))


def main(arguments):
    server, programs = arguments[0], arguments[1:]
    with tempfile.NamedTemporaryFile() as blocks, \
            subprocess.Popen([server], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as echo:
        blocks.write(b"\xa5" * FILE_BYTES)
        blocks.flush()
        port = echo.stdout.readline().decode().strip()
        try:
            check_all(programs, ["--port", port, "--file", blocks.name])
        finally:
            echo.stdin.close()


if __name__ == "__main__":
    main(sys.argv[1:])
