#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tidy.py: the house rules, over the whole tree.
"""tidy.py [TOP]    prints each complaint with how to mend it; exit 1 if there is any"""
import os
import sys

import rules_contract
import rules_form
import rules_gates
import rules_layers
from tree import read_tree

RULES = rules_form.RULES + rules_layers.RULES + rules_gates.RULES + rules_contract.RULES


def complaints(sources, rules=None):
    """All that the rules find, in order of file and line."""
    found = []
    for rule in rules or RULES:
        found += rule(sources)
    return sorted(found)


def main(arguments):
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        print(__doc__, file=sys.stderr)
        return 2
    top = arguments[0] if arguments else os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                                      "..", "..")
    sources = read_tree(top)
    found = complaints(sources)
    for complaint in found:
        print("%s:%d: [%s] %s\n    mend: %s" % complaint)
    print("%d rules, %d files, %d complaints" % (len(RULES), len(sources), len(found)))
    return 1 if found or not sources else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
