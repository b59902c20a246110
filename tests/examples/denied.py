#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# denied.py: where io_uring is denied, an example prints no answer, and says on stderr why.
"""denied.py PROGRAM..."""
import ctypes
import errno
import os
import subprocess
import sys

EXIT_SKIP = 77
IO_URING_SETUP = 425  # the same on all architectures
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD_NUMBER, JUMP_IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7FFF0000, 0x00050000


class Instruction(ctypes.Structure):
    _fields_ = [("code", ctypes.c_ushort), ("yes", ctypes.c_ubyte), ("no", ctypes.c_ubyte),
                ("k", ctypes.c_uint)]


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.POINTER(Instruction))]


def deny_io_uring():
    """In the child, before the program: from here on io_uring_setup fails with EPERM."""
    code = (Instruction * 4)((LOAD_NUMBER, 0, 0, 0), (JUMP_IF_EQUAL, 0, 1, IO_URING_SETUP),
                             (RETURN, 0, 0, FAIL | errno.EPERM), (RETURN, 0, 0, ALLOW))
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            or prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(Program(4, code)))):
        os._exit(EXIT_SKIP)


def main(arguments):
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    failures = 0
    for program in arguments:
        name = os.path.basename(program)
        # Example 04 wants a file; the others take no argument.
        command = [program, __file__] if name.startswith("04") else [program]
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                preexec_fn=deny_io_uring, timeout=60)
        if result.returncode == EXIT_SKIP:
            print("SKIP: denied_examples: system calls cannot be filtered here")
            return EXIT_SKIP
        told = "io_uring" in result.stderr
        if result.returncode == 0 or result.stdout or not told:
            failures += 1
            print("%s: exit code %d, stdout %r, stderr %r; wanted: an error, no answer, and why"
                  % (name, result.returncode, result.stdout, result.stderr))
    print("%d examples without io_uring, %d wrong" % (len(arguments), failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
