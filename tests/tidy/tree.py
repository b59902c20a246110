# SPDX-License-Identifier: MIT
# tree.py: the files that the rules look at, and what a rule says.
import collections
import os

from source import Source

# What a rule finds: where, which rule, what is wrong, and how to mend it.
Complaint = collections.namedtuple("Complaint", "path line rule what mend")

_SUFFIXES = (".c", ".h", ".S", ".cpp", ".hpp", ".cc", ".py", ".sh", ".map", ".md", ".build",
             ".patch", ".txt", ".html", ".json", ".gdb")
_NAMES = (".clang-format", ".gitignore", "meson_options.txt", "run")


def _is_script(path):
    with open(path, "rb") as file:
        return file.read(2) == b"#!"


def read_tree(top):
    """Every text file that a person has written: build folders and hidden ones are left out."""
    sources = {}
    for folder, folders, names in os.walk(top):
        here = os.path.relpath(folder, top)
        folders[:] = sorted(
            name for name in folders
            if (not name.startswith(".") or name == ".ci") and name != "__pycache__"
            and not (here == "." and name.startswith("build")))
        for name in sorted(names):
            full = os.path.join(folder, name)
            if os.path.islink(full):
                continue
            if not (name.endswith(_SUFFIXES) or name in _NAMES or _is_script(full)):
                continue
            path = os.path.normpath(os.path.join(here, name)).replace(os.sep, "/")
            with open(full, encoding="utf-8", errors="replace") as file:
                sources[path] = Source(path, file.read())
    return sources


def below(sources, *prefixes):
    """The sources whose path begins with one of the prefixes."""
    return [source for path, source in sorted(sources.items()) if path.startswith(prefixes)]
