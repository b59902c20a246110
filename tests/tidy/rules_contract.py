# SPDX-License-Identifier: MIT
# rules_contract.py: every public function has its contract, its test, and a home of its own noun.
import collections
import re

import house
from tree import Complaint, below

# A public function: return type, marks, and the comment right above it.
Public = collections.namedtuple("Public", "name header line returns marks last_parameter comment")


def public_functions(sources):
    """Every SPG_API function of the headers, with its contract."""
    for source in below(sources, "include/"):
        tokens = [token for token in source.tokens if token.kind != "directive"]
        for index, token in enumerate(tokens):
            if token.text != "SPG_API" or token.kind != "word":
                continue
            end = index
            while end < len(tokens) and tokens[end].text not in (";", "{"):
                end += 1
            declaration = [t for t in tokens[index:end] if t.kind != "comment"]
            texts = [t.text for t in declaration]
            if "(" not in texts:
                continue
            bracket = texts.index("(")
            marks = {text for text in texts[:bracket] if text.startswith("SPG_")}
            before = [text for text in texts[:bracket - 1] if not text.startswith("SPG_")]
            last = texts[bracket + 1:-1]
            last = last[len(last) - last[::-1].index(","):] if "," in last else last
            yield Public(texts[bracket - 1], source, token.line, " ".join(before), marks,
                         " ".join(last), _comment_above(source, token.line))


def _comment_above(source, line):
    """The // lines that end right above a line, as one text."""
    lines = []
    number = line - 2
    while number >= 0 and source.lines[number].startswith("//"):
        lines.append(source.lines[number].lstrip("/ "))
        number -= 1
    return " ".join(reversed(lines))


def _top_comment(source):
    """What a header says at its top of all its functions."""
    match = re.search(r"All calls:(.*?)(?:#ifndef|\Z)", source.text, re.S)
    return match.group(1) if match else ""


def contracts(sources):
    for function in public_functions(sources):
        missing = []
        whole = function.comment + " " + _top_comment(function.header)
        if not function.comment:
            missing.append("a comment right above it")
        else:
            if not house.THREAD_WORDS.search(whole):
                missing.append("who may call it ('Tasks only.', 'Any thread.', ...)")
            if "SPG_SUSPENDS" not in function.marks and "uspend" not in function.comment \
                    and not house.SUSPEND_WORDS.search(whole):
                missing.append("'Does not suspend.'")
            if function.returns in house.ERROR_TYPES \
                    and not house.RETURN_WORDS.search(function.comment):
                missing.append("'Returns ...' with its error codes")
        for what in missing:
            yield Complaint(function.header.path, function.line, "contract",
                            "%s: the contract lacks %s" % (function.name, what),
                            "say it in the // lines directly above the declaration")


def suspension_marks(sources):
    """SPG_SUSPENDS and the contract say the same; a deadline comes last."""
    for function in public_functions(sources):
        suspends = "SPG_SUSPENDS" in function.marks
        if suspends and re.search(r"[Dd]oes not suspend", function.comment):
            yield Complaint(function.header.path, function.line, "suspension-mark",
                            "%s is marked SPG_SUSPENDS, its contract says it does not suspend"
                            % function.name, "mend the one that is wrong")
        if not suspends and re.search(r"(?:^|\. )Suspends\b|Tasks suspend", function.comment):
            yield Complaint(function.header.path, function.line, "suspension-mark",
                            "%s suspends but is not marked" % function.name, "mark it SPG_SUSPENDS")
        if suspends and not function.last_parameter.startswith("spg_time") \
                and function.name not in house.NO_DEADLINE:
            yield Complaint(function.header.path, function.line, "suspension-mark",
                            "%s can wait, but takes no deadline as its last parameter"
                            % function.name,
                            "add 'spg_time deadline', or list it in house.py with the reason that "
                            "its contract gives")


def tested(sources):
    """Every public function is called in some test."""
    words = set()
    for source in below(sources, "tests/"):
        if source.is_c:
            words.update(token.text for token in source.tokens if token.kind == "word")
    for function in public_functions(sources):
        wrapper = re.sub(r"_sized$", "", function.name)
        if function.name not in words and wrapper not in words:
            yield Complaint(function.header.path, function.line, "tested",
                            "no test calls %s" % wrapper,
                            "write one in tests/unit/test_%s.c" % function.header.stem)


def nouns(sources):
    """The noun of a public header names its source and its test, too."""
    headers = {function.header.path for function in public_functions(sources)}
    sources_of = {source.stem for source in below(sources, "src/")
                  if source.name.endswith(".c")}
    tests_of = {source.stem for source in below(sources, "tests/") if source.is_c}
    for path in sorted(headers):
        header = sources[path]
        noun = house.SOURCE_NOUNS.get(header.name, header.stem)
        if noun not in sources_of:
            yield Complaint(path, 1, "nouns", "no %s.c in src/ implements it" % noun,
                            "name the source after the header, or the header after the source")
        noun = house.TEST_NOUNS.get(header.name, header.stem)
        if "test_" + noun not in tests_of:
            yield Complaint(path, 1, "nouns", "no test_%s.c in tests/" % noun,
                            "write tests/unit/test_%s.c" % noun)


RULES = [contracts, suspension_marks, tested, nouns]
