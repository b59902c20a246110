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
    """Reads values; nested objects become pairs of a dotted name and a value."""

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
            self.value(b"", None, depth + 1)
            if self.peek() == b"]":
                self.at += 1
                return
            self.take(b",")

    def object(self, prefix, pairs, depth):
        """Reads an object; adds its pairs to the list, unless that is None."""
        if depth > DEPTH_LIMIT:
            raise Invalid
        self.take(b"{")
        self.skip_space()
        if self.peek() == b"}":
            self.at += 1
            return
        while True:
            self.skip_space()
            key = self.string()
            self.skip_space()
            self.take(b":")
            self.value(prefix + key, pairs, depth)
            if self.peek() == b"}":
                self.at += 1
                return
            self.take(b",")

    def value(self, name, pairs, depth):
        """Reads a value with the space around it."""
        self.skip_space()
        start = self.at
        mark = self.peek()
        if mark == b"{":
            self.object(name + b".", pairs, depth + 1)
            found = None
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
        if pairs is not None and found is not None:
            pairs.append((name, found))
        self.skip_space()


def flatten(text):
    """Name to value of the object on the line; null is the empty value; the last of duplicate keys
    wins. Raises Invalid."""
    reader = _Reader(text)
    pairs = []
    reader.skip_space()
    reader.object(b"", pairs, 1)
    reader.skip_space()
    if reader.at != len(text):
        raise Invalid
    fields = {}
    for name, value in pairs:
        fields.pop(name, None)
        fields[name] = value
    return fields
