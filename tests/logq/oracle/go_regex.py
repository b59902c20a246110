# SPDX-License-Identifier: MIT
# go_regex.py: regular expressions as Go means them, translated for Python's engine.
import re

_DIGIT, _WORD, _SPACE = "0-9", "0-9A-Za-z_", "\\t\\n\\f\\r "
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_POSIX = {"alpha": "A-Za-z", "digit": "0-9", "alnum": "0-9A-Za-z", "upper": "A-Z", "lower": "a-z",
          "space": "\\t\\n\\v\\f\\r ", "punct": "!-/:-@\\[-`{-~", "xdigit": "0-9A-Fa-f",
          "word": _WORD}
_BORDER = "(?:(?<![%s])(?=[%s])|(?<=[%s])(?![%s]))" % ((_WORD,) * 4)
_NO_BORDER = "(?:(?<![%s])(?![%s])|(?<=[%s])(?=[%s]))" % ((_WORD,) * 4)
_FLAGS = re.compile(r"\(\?([is]+)\)")
_REPEAT = re.compile(r"\{\d+(?:,\d*)?\}")


class Refused(Exception):
    """RE2 refuses the pattern."""


class NotTranslated(Exception):
    """Go allows it, but this module does not know how Python would say it."""


def _translate_escape(pattern, at, inside_class):
    """(Python's text, position behind) of an escape whose letter is at `at`."""
    letter = pattern[at:at + 1]
    if letter in _CLASSES:
        return (_CLASSES[letter] if inside_class else "[%s]" % _CLASSES[letter]), at + 1
    if letter.lower() in _CLASSES and letter:
        if inside_class:
            raise NotTranslated(pattern)
        return "[^%s]" % _CLASSES[letter.lower()], at + 1
    if letter == "x":
        match = re.compile(r"x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]+)\})").match(pattern, at)
        if not match:
            raise Refused(pattern)
        return re.escape(chr(int(match.group(1) or match.group(2), 16))), match.end()
    if not inside_class and letter in ("b", "B", "A", "z"):
        return {"b": _BORDER, "B": _NO_BORDER, "A": "\\A", "z": "\\Z"}[letter], at + 1
    if letter in ("t", "n", "r", "f", "v", "a"):
        return "\\" + letter, at + 1
    if letter and not letter.isalnum() and ord(letter) < 128:
        return re.escape(letter), at + 1
    if letter in ("p", "P", "Q", "0"):
        raise NotTranslated(pattern)
    raise Refused(pattern)  # back references among them


def _translate_class(pattern, at):
    """A class in brackets whose opening one is at `at`."""
    out, at = "[", at + 1
    if pattern[at:at + 1] == "^":
        out, at = out + "^", at + 1
    first = True
    while at < len(pattern) and (pattern[at] != "]" or first):
        first = False
        posix = re.compile(r"\[:(\w+):\]").match(pattern, at)
        if posix:
            if posix.group(1) not in _POSIX:
                raise Refused(pattern)
            out, at = out + _POSIX[posix.group(1)], posix.end()
        elif pattern[at] == "\\":
            text, at = _translate_escape(pattern, at + 1, True)
            out += text
        else:
            out, at = out + ("\\" + pattern[at] if pattern[at] in "[]&~|" else pattern[at]), at + 1
    if at >= len(pattern):
        raise Refused(pattern)
    return out + "]", at + 1


def _translate_group(pattern, at):
    if pattern[at + 1:at + 2] != "?":
        return "(", at + 1
    match = re.compile(r"\(\?(?:P?<\w+>|:|[is]+:)").match(pattern, at)
    if match and not pattern.startswith(("(?<=", "(?<!"), at):
        return match.group().replace("?<", "?P<"), match.end()
    if re.compile(r"\(\?[-imsU]*[):]").match(pattern, at):
        raise NotTranslated(pattern)
    raise Refused(pattern)  # look-around, atomic groups, conditions


def _repeat_end(pattern, at):
    """Behind a repetition at `at`, or `at` when there is none."""
    if pattern[at:at + 1] in ("*", "+", "?") and at < len(pattern):
        return at + 1
    match = _REPEAT.match(pattern, at)
    return match.end() if match else at


def translate(pattern):
    """The pattern as Python means it. Raises Refused or NotTranslated."""
    flags = _FLAGS.match(pattern)
    at = flags.end() if flags else 0
    out = "(?%s:" % flags.group(1) if flags else "(?:"
    while at < len(pattern):
        character = pattern[at]
        if character == "\\":
            text, at = _translate_escape(pattern, at + 1, False)
        elif character == "[":
            text, at = _translate_class(pattern, at)
        elif character == "(":
            text, at = _translate_group(pattern, at)
        elif character == "$":
            text, at = "\\Z", at + 1
        elif character == "^":
            text, at = "\\A", at + 1
        else:
            text, at = character, at + 1
        end = _repeat_end(pattern, at) if character not in "(|" else at
        if end > at:
            text, at = text + pattern[at:end], end
            if pattern[at:at + 1] == "?":
                text, at = text + "?", at + 1
            if _repeat_end(pattern, at) > at:
                raise Refused(pattern)  # possessive, or a repetition of a repetition
        out += text
    return out + ")"


class Regex:
    """A compiled pattern."""

    def __init__(self, pattern):
        try:
            self._compiled = re.compile(translate(pattern))
        except (re.error, OverflowError) as error:
            raise Refused(str(error)) from error

    def search(self, value):
        """Whether it matches anywhere in the bytes. What is no UTF-8 is U+FFFD, byte by byte."""
        if value.isascii():
            text = value.decode("ascii")
        else:
            text = value.decode("utf-8", "surrogateescape")
            text = "".join("�" if "\udc80" <= character <= "\udcff" else character
                           for character in text)
        return self._compiled.search(text) is not None
