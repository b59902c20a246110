# SPDX-License-Identifier: MIT
# json_line.py: a strict reader of one JSON object on a line, which keeps values as bytes.
import re

DEPTH_LIMIT = 64

_SPACE = re.compile(rb"[ \t\r\n]*")
_NUMBER = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_WORD = re.compile(rb"true|false|null")
_HEX = re.compile(rb"[0-9A-Fa-f]{4}")
_ESCAPES = {b'"': b'"', b"\\": b"\\", b"/": b"/", b"b": b"\b", b"f": b"\f", b"n": b"\n",
            b"r": b"\r", b"t": b"\t"}


class Invalid(Exception):
    """The text is not one JSON object."""


class _Reader:
    """Reads values from a text, and complains of whatever is not JSON."""

    def __init__(self, text):
        self.text = text
        self.at = 0

    def skip_space(self):
        self.at = _SPACE.match(self.text, self.at).end()

    def take(self, mark):
        if self.text[self.at:self.at + 1] != mark:
            raise Invalid
        self.at += 1

    def peek(self):
        return self.text[self.at:self.at + 1]

    def pattern(self, pattern):
        match = pattern.match(self.text, self.at)
        if not match:
            raise Invalid
        self.at = match.end()
        return match.group()

    def _unicode(self):
        """The code unit after a back-slash and `u`."""
        return int(self.pattern(_HEX), 16)

    def _escaped(self):
        self.take(b"\\")
        letter = self.peek()
        self.at += 1
        if letter in _ESCAPES:
            return _ESCAPES[letter]
        if letter != b"u":
            raise Invalid
        unit = self._unicode()
        if 0xD800 <= unit < 0xDC00:
            after = self.at
            if self.text[after:after + 2] == b"\\u":
                self.at += 2
                second = self._unicode()
                if 0xDC00 <= second < 0xE000:
                    code = 0x10000 + ((unit - 0xD800) << 10) + (second - 0xDC00)
                    return chr(code).encode()
                self.at = after
            return b"\xef\xbf\xbd"
        if 0xDC00 <= unit < 0xE000:
            return b"\xef\xbf\xbd"
        return chr(unit).encode()

    def string(self):
        self.take(b'"')
        parts = []
        while True:
            parts.append(self.pattern(_PLAIN))
            mark = self.peek()
            if mark == b'"':
                self.at += 1
                return b"".join(parts)
            parts.append(self._escaped())

    def _array(self, depth):
        self.take(b"[")
        self.skip_space()
        if self.peek() == b"]":
            self.at += 1
            return
        while True:
            self.value(depth + 1)
            if self.peek() == b"]":
                self.at += 1
                return
            self.take(b",")

    def object(self, depth):
        """The pairs of an object, in the order of the text; the last of duplicate keys wins."""
        if depth > DEPTH_LIMIT:
            raise Invalid
        pairs = {}
        self.take(b"{")
        self.skip_space()
        if self.peek() == b"}":
            self.at += 1
            return pairs
        while True:
            self.skip_space()
            key = self.string()
            self.skip_space()
            self.take(b":")
            pairs.pop(key, None)
            pairs[key] = self.value(depth)
            if self.peek() == b"}":
                self.at += 1
                return pairs
            self.take(b",")

    def value(self, depth):
        """A value with the space around it: bytes, or the pairs of an object."""
        self.skip_space()
        start = self.at
        mark = self.peek()
        if mark == b"{":
            found = self.object(depth + 1)
        elif mark == b"[":
            if depth + 1 > DEPTH_LIMIT:
                raise Invalid
            self._array(depth)
            found = self.text[start:self.at]
        elif mark == b'"':
            found = self.string()
        elif mark in (b"t", b"f", b"n"):
            word = self.pattern(_WORD)
            found = b"" if word == b"null" else word
        else:
            found = self.pattern(_NUMBER)
        self.skip_space()
        return found


def _add_all(fields, prefix, pairs):
    for key, value in pairs.items():
        if isinstance(value, dict):
            _add_all(fields, prefix + key + b".", value)
        else:
            fields.pop(prefix + key, None)
            fields[prefix + key] = value


def flatten(text):
    """Name to value of the object on the line, the names of nested ones joined by dots; null is the
    empty value. Raises Invalid."""
    reader = _Reader(text)
    reader.skip_space()
    pairs = reader.object(1)
    reader.skip_space()
    if reader.at != len(text):
        raise Invalid
    fields = {}
    _add_all(fields, b"", pairs)
    return fields
