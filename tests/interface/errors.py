#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# errors.py: every error code that a public header names as a result is in the one table of them.
import os
import re
import sys

import declarations

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INCLUDE = os.path.join(TOP, "include")
TABLE = "spargio/error.h"

# Named in a header, and given by the kernel alone, with the meaning of its manual page.
KERNELS = {"ECONNREFUSED", "ENETUNREACH", "EPIPE", "ETIMEDOUT"}


def table_of(text):
    """The codes of the table, in order."""
    return re.findall(r"^\s*X\((E[A-Z0-9]+),", text, re.M)


def named_in(text):
    """The codes that a header's comments name, as calls return them."""
    comments = re.findall(r"//.*", text)
    return sorted({code for line in comments for code in re.findall(r"-(E[A-Z0-9]+)\b", line)})


def complaints(texts, table):
    """texts: of each header, by name."""
    found = []
    for code in sorted(set(table)):
        if table.count(code) > 1:
            found.append("%s: %s stands twice in SPG_ERRORS: join the rows" % (TABLE, code))
    for header, text in sorted(texts.items()):
        for code in named_in(text):
            if code not in table and code not in KERNELS:
                found.append("%s: it promises -%s, which is not in SPG_ERRORS of %s: add it there, "
                             "or to KERNELS of tests/interface/errors.py if only the kernel gives "
                             "it" % (header, code, TABLE))
    return found


def bites():
    """Whether the rule sees what it is to see."""
    return (len(complaints({"a.h": "// Returns 0; -ENOTTY never."}, ["EPERM"])) == 1
            and len(complaints({"a.h": "// Returns 0; -EPERM; -EPIPE."}, ["EPERM"])) == 0
            and len(complaints({}, ["EPERM", "EPERM"])) == 1)


def main():
    texts = {}
    for header in declarations.header_paths(INCLUDE):
        with open(os.path.join(INCLUDE, header), encoding="utf-8") as file:
            texts[header] = file.read()
    table = table_of(texts[TABLE])
    found = complaints(texts, table)
    if not bites():
        found.append("errors.py: it does not find what it is to find")
    for line in found:
        print(line)
    print("%d codes in the table, %d headers, %d complaints" % (len(table), len(texts), len(found)))
    return 1 if found or not table else 0


if __name__ == "__main__":
    sys.exit(main())
