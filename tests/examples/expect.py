#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# expect.py: runs a program that must exit with 0 and print a line that a pattern matches.
"""expect.py PATTERN PROGRAM [ARGUMENT...]
expect.py --skip 'NAME: REASON'"""
import re
import subprocess
import sys

EXIT_SKIP = 77


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    pattern, command = arguments[0], arguments[1:]
    if pattern == "--skip":
        print("SKIP: " + command[0])
        return EXIT_SKIP
    result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    sys.stdout.write(result.stdout)
    sys.stderr.write(result.stderr)
    if result.returncode:
        print("expect: exit code %d, wanted 0" % result.returncode)
        return 1
    if not any(re.search(pattern, line) for line in result.stdout.splitlines()):
        print("expect: no line matches " + pattern)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
