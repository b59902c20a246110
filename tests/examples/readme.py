#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# readme.py: the program in README.md is examples/01_fan_out.c, and its links lead somewhere.
import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLE = "examples/01_fan_out.c"


def program_of(readme):
    """The first C block of a Markdown text; None if there is none."""
    block = re.search(r"^```c\n(.*?)^```$", readme, re.S | re.M)
    return block.group(1) if block else None


def without_header(source):
    """The source after its two header lines (licence and purpose)."""
    return source.split("\n", 2)[2]


def dead_links(readme, exists):
    """Relative links of a Markdown text for which exists() says no."""
    links = re.findall(r"\]\(([^)#\s]+)[^)]*\)", readme)
    return [link for link in links if "://" not in link and not exists(link)]


def main():
    with open(os.path.join(TOP, "README.md"), encoding="utf-8") as file:
        readme = file.read()
    with open(os.path.join(TOP, EXAMPLE), encoding="utf-8") as file:
        example = without_header(file.read())
    failures = 0
    if program_of(readme) != example:
        failures += 1
        print("README.md: its program differs from %s: copy that file, from its third line on, "
              "into the first ```c block" % EXAMPLE)
    for link in dead_links(readme, lambda link: os.path.exists(os.path.join(TOP, link))):
        failures += 1
        print("README.md: the link to %s leads nowhere: write that page, or mend the link" % link)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
