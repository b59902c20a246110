#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# symbols.py: the library exports what the headers declare and its map lists, and nothing else.
"""symbols.py LIBRARY    compares nm -D, src/spargio.map and the SPG_API functions of include/
symbols.py --write    writes src/spargio.map anew from the headers"""
import os
import re
import subprocess
import sys

import declarations

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
INCLUDE = os.path.join(TOP, "include")
MAP = os.path.join(TOP, "src", "spargio.map")
NODE = "SPARGIO_0"


def map_text(names):
    listed = "".join("    %s;\n" % name for name in sorted(names))
    return (
        "# SPDX-License-Identifier: MIT\n"
        "# spargio.map: what the shared library exports: the SPG_API functions of the headers.\n"
        "# Written by tests/interface/symbols.py --write; a test compares all three.\n"
        "%s {\nglobal:\n%slocal:\n    *;\n};\n" % (NODE, listed)
    )


def map_names(text):
    """The names that a version script exports, by node."""
    text = re.sub(r"#[^\n]*", "", text)
    nodes = {}
    for node, body in re.findall(r"(\w+)\s*\{(.*?)\}", text, re.S):
        exported = re.search(r"global:(.*?)(?:local:|$)", body, re.S)
        nodes[node] = set(re.findall(r"([\w*?]+)\s*;", exported.group(1))) if exported else set()
    return nodes


def library_names(nm_output):
    """Name -> version node, from the lines of nm -D --defined-only; the nodes themselves are left
    out."""
    names = {}
    for line in nm_output.splitlines():
        fields = line.split()
        if len(fields) < 2 or fields[-2] == "A":
            continue
        name, _, node = fields[-1].partition("@")
        names[name] = node.lstrip("@")
    return names


def differences(declared, mapped, exported):
    """What is wrong, as lines for people; nothing when the three agree."""
    wrong = []
    mend = "run tests/interface/symbols.py --write"
    for node in sorted(set(mapped) - {NODE}):
        wrong.append("spargio.map has the node %s: this series knows %s only" % (node, NODE))
    listed = mapped.get(NODE, set())
    for name in sorted(set(declared) - listed):
        wrong.append("%s is declared in %s but not in src/spargio.map: %s"
                     % (name, declared[name], mend))
    for name in sorted(listed - set(declared)):
        wrong.append(
            "%s is in src/spargio.map but no header declares it with SPG_API: "
            "declare it, or %s" % (name, mend)
        )
    for name in sorted(listed - set(exported)):
        wrong.append(
            "%s is in src/spargio.map but the library does not define it: "
            "write it, with its header included, or take it out of the header" % name
        )
    for name in sorted(set(exported) - listed):
        wrong.append("the library exports %s, which src/spargio.map does not list" % name)
    for name, node in sorted(exported.items()):
        if name in listed and node != NODE:
            wrong.append("%s has the version '%s', not %s" % (name, node, NODE))
    return wrong


def main(arguments):
    declared = declarations.exported_functions(INCLUDE)
    if arguments == ["--write"]:
        with open(MAP, "w", encoding="utf-8") as file:
            file.write(map_text(declared))
        print("src/spargio.map: %d functions" % len(declared))
        return 0
    if len(arguments) != 1 or arguments[0].startswith("-"):
        print(__doc__, file=sys.stderr)
        return 2
    with open(MAP, encoding="utf-8") as file:
        mapped = map_names(file.read())
    nm = subprocess.run(
        [os.environ.get("NM", "nm"), "-D", "--defined-only", arguments[0]],
        check=True,
        capture_output=True,
        text=True,
    )
    wrong = differences(declared, mapped, library_names(nm.stdout))
    for line in wrong:
        print("symbols: " + line)
    if not declared:
        wrong.append("no function")
        print("symbols: no SPG_API function was found in include/: is the pattern still right?")
    if not wrong:
        print("%d functions declared, mapped and exported alike" % len(declared))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
