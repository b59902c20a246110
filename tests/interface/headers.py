#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# headers.py: each public header compiles alone, and twice, in C and in C++, with strict warnings.
"""headers.py [COMPILER...]   compilers to try beside gcc, clang, g++ and clang++ where installed"""
import os
import shutil
import subprocess
import sys
import tempfile

import declarations

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INCLUDE = os.path.join(TOP, "include")
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Wundef", "-Werror"]
C_STANDARDS = ["c11", "gnu11", "gnu17"]
CPP_STANDARDS = ["c++11", "c++20"]


def compilers(arguments):
    """(path, is it a C++ compiler) of each compiler to try, each once."""
    found = {}
    for name in ["gcc", "clang", "g++", "clang++"] + arguments:
        path = shutil.which(name)
        if path:
            found[path] = name.rstrip("0123456789-.").endswith("++")
    return sorted(found.items())


def main(arguments):
    headers = declarations.header_paths(INCLUDE)
    tried = compilers(arguments)
    if not headers or not tried:
        print("headers: no header in include/, or no compiler found")
        return 1
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        for compiler, is_cpp in tried:
            for standard in CPP_STANDARDS if is_cpp else C_STANDARDS:
                for header in headers:
                    source = os.path.join(folder, "one." + ("cpp" if is_cpp else "c"))
                    with open(source, "w", encoding="utf-8") as file:
                        file.write("#include <%s>\n#include <%s>\nint main() { return 0; }\n"
                                   .replace("main()", "main()" if is_cpp else "main(void)")
                                   % (header, header))
                    command = [compiler, "-std=" + standard, "-fsyntax-only", "-I" + INCLUDE]
                    command += WARNINGS + [source]
                    result = subprocess.run(command, capture_output=True, text=True)
                    if result.returncode:
                        failures += 1
                        print("headers: %s does not stand alone with %s -std=%s:\n%s"
                              % (header, compiler, standard, result.stderr))
    print("%d headers, %s: %s" % (len(headers), ", ".join(os.path.basename(c) for c, _ in tried),
                                  "%d failures" % failures if failures else "all compile alone"))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
