# SPDX-License-Identifier: MIT
# rules_form.py: sizes, first lines, braces, banned calls, leftovers, paths, names of files.
import re

import house
from source import brackets_follow, matching
from tree import Complaint

_CODE = (".c", ".h", ".S", ".cpp", ".hpp", ".cc", ".py", ".sh", ".map", ".build")


def _is_code(source):
    return source.path.endswith(_CODE) or source.text.startswith("#!")


def file_size(sources):
    for path, source in sorted(sources.items()):
        if _is_code(source) and len(source.lines) > house.FILE_LINES:
            yield Complaint(path, len(source.lines), "file-size",
                            "%d lines, at most %d" % (len(source.lines), house.FILE_LINES),
                            "split it by responsibility: one noun per file")


def function_size(sources):
    for path, source in sorted(sources.items()):
        for function in source.functions():
            lines = function.last_line - function.first_line + 1
            if lines > house.FUNCTION_LINES:
                yield Complaint(path, function.first_line, "function-size",
                                "%s has %d lines, at most %d"
                                % (function.name, lines, house.FUNCTION_LINES),
                                "take a step that has a name of its own out of it")


def line_length(sources):
    for path, source in sorted(sources.items()):
        if not _is_code(source):
            continue
        for number, line in enumerate(source.lines, 1):
            if len(line) > house.LINE_COLUMNS:
                yield Complaint(path, number, "line-length",
                                "%d columns, at most %d" % (len(line), house.LINE_COLUMNS),
                                "break the line")


def white_space(sources):
    for path, source in sorted(sources.items()):
        if not _is_code(source):
            continue
        for number, line in enumerate(source.lines, 1):
            if line != line.rstrip():
                yield Complaint(path, number, "white-space", "blanks at the end of the line",
                                "remove them")
            elif "\t" in line:
                yield Complaint(path, number, "white-space", "a tab", "indent by 4 spaces")
        if source.text and not source.text.endswith("\n"):
            yield Complaint(path, len(source.lines), "white-space", "no newline at the end",
                            "end the last line")


def first_lines(sources):
    """A licence line, and a line that says what the file is."""
    for path, source in sorted(sources.items()):
        if not _is_code(source):
            continue
        sign = "//" if source.is_c or source.text.startswith("//") else "#"
        lines = source.lines[1:] if source.text.startswith("#!") else source.lines
        if not lines or lines[0] != sign + " SPDX-License-Identifier: MIT":
            yield Complaint(path, 1, "first-lines", "no licence line",
                            "begin with '%s SPDX-License-Identifier: MIT'" % sign)
            continue
        if source.name == "meson.build":
            continue
        purpose = "%s %s: " % (sign, source.name)
        if len(lines) < 2 or not lines[1].startswith(purpose):
            yield Complaint(path, 2, "first-lines", "no line that says what the file is",
                            "below the licence line write '%swhat it is.'" % purpose)


def braces(sources):
    """Braces always, also around one statement."""
    for path, source in sorted(sources.items()):
        code = source.code()
        ends_of_do = set()
        for index, token in enumerate(code):
            following = index + 1
            if token.text == "do" and following < len(code) and code[following].text == "{":
                ends_of_do.add(matching(code, following, "{", "}") + 1)
            if token.text in ("if", "for", "while", "switch") and token.kind == "word":
                if token.text == "while" and index in ends_of_do:
                    continue
                if following >= len(code) or code[following].text != "(":
                    continue
                following = brackets_follow(code, following)
            elif token.text != "else" and token.text != "do":
                continue
            allowed = ("{", "if") if token.text == "else" else ("{",)
            if following < len(code) and code[following].text not in allowed:
                yield Complaint(path, token.line, "braces", "'%s' without braces" % token.text,
                                "put its statement into { }")


def banned_calls(sources):
    for path, source in sorted(sources.items()):
        code = source.code()
        for index, token in enumerate(code[:-1]):
            if token.kind == "word" and token.text in house.BANNED and code[index + 1].text == "(":
                yield Complaint(path, token.line, "banned-call", token.text + "()",
                                house.BANNED[token.text])


def variable_arrays(sources):
    """Arrays whose length is only known when they are made: they overflow small stacks."""
    for path, source in sorted(sources.items()):
        for function in source.functions():
            body = function.body
            for index in range(len(body) - 3):
                kind, name, bracket = body[index:index + 3]
                if kind.kind != "word" or name.kind != "word" or bracket.text != "[":
                    continue
                if kind.text in ("return", "case", "else", "goto", "sizeof", "do"):
                    continue
                end = matching(body, index + 2, "[", "]")
                inside = body[index + 3:end]
                variables = [token.text for token in inside
                             if token.kind == "word" and not token.text.isupper()
                             and token.text not in ("sizeof", "struct", "unsigned", "char", "int")
                             and not re.fullmatch(r"[A-Z][A-Z0-9_]*|\w+_t", token.text)]
                constant = any(token.text in ("sizeof", "offsetof") for token in inside)
                if variables and not constant:
                    yield Complaint(path, name.line, "variable-array",
                                    "%s[%s]" % (name.text, " ".join(t.text for t in inside)),
                                    "give it a constant length in capitals, or take it from "
                                    "the heap")


def leftovers(sources):
    pattern = re.compile(r"\b(%s)\b" % "|".join(house.LEFTOVERS))
    for path, source in sorted(sources.items()):
        if path in house.RULES_THEMSELVES:
            continue
        for number, line in enumerate(source.lines, 1):
            match = pattern.search(line)
            if match:
                yield Complaint(path, number, "leftover", "'%s'" % match.group(1),
                                "do it now, or state the limit as a fact")


def machine_paths(sources):
    for path, source in sorted(sources.items()):
        if path in house.RULES_THEMSELVES:
            continue
        for number, line in enumerate(source.lines, 1):
            match = house.MACHINE_PATH.search(line)
            if match:
                yield Complaint(path, number, "machine-path", "'%s'" % match.group(0).strip(),
                                "say it relative to the tree, or take it from an argument")


def file_nouns(sources):
    """A file is named after one thing."""
    for path, source in sorted(sources.items()):
        stem = re.sub(r"^test_", "", source.stem)
        if source.path.endswith(_CODE) and stem in house.NO_NOUNS:
            yield Complaint(path, 1, "file-noun", "'%s' says nothing" % source.name,
                            "name it after the one thing that it holds")


RULES = [file_size, function_size, line_length, white_space, first_lines, braces, banned_calls,
         variable_arrays, leftovers, machine_paths, file_nouns]
