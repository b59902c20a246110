# SPDX-License-Identifier: MIT
# declarations.py: the public functions, as the headers declare them.
"""Reads include/ and finds every exported function and every inline wrapper."""
import os
import re

_COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.S)
_PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.S | re.M)
_EXPORTED = re.compile(r"\bSPG_API\b[^;{}()]*?\b(\w+)\s*\(")
_WRAPPER = re.compile(r"\bstatic\s+inline\b[^;{}()]*?\b(\w+)\s*\(")


def header_paths(include_dir):
    """All public headers below include_dir, relative to it, sorted."""
    found = []
    for folder, _, names in os.walk(include_dir):
        for name in names:
            if name.endswith(".h"):
                found.append(os.path.relpath(os.path.join(folder, name), include_dir))
    return sorted(found)


def code_of(text):
    """The text without comments and preprocessor lines, on lines of the same number."""

    def blank(match):
        return re.sub(r"[^\n]", " ", match.group(0))

    return _PREPROCESSOR.sub(blank, _COMMENT.sub(blank, text))


def exported_functions(include_dir):
    """Name of each SPG_API function -> the header that declares it."""
    functions = {}
    for header in header_paths(include_dir):
        with open(os.path.join(include_dir, header), encoding="utf-8") as file:
            for match in _EXPORTED.finditer(code_of(file.read())):
                functions[match.group(1)] = header
    return functions


def wrapper_functions(include_dir):
    """Name of each inline wrapper -> the header that defines it."""
    functions = {}
    for header in header_paths(include_dir):
        with open(os.path.join(include_dir, header), encoding="utf-8") as file:
            for match in _WRAPPER.finditer(code_of(file.read())):
                functions[match.group(1)] = header
    return functions
