# SPDX-License-Identifier: MIT
# scanner.py: cuts the text of a query into words, quoted strings and marks.
import re

_SPACE = re.compile(r"(?:\s+|#[^\n]*)*")
# Marks at the beginning of a token; some of them may stand inside a word, as in `foo-bar`.
_WORD = re.compile(r"""[^\s()\[\]{},|:*"'`=<>~!#-][^\s()\[\]{},|:*"'`#]*""")
_VALUE = re.compile(r"""[^\s()\[\]{},|*"'`#]+""")
_SIMPLE_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v",
                   "\\": "\\", '"': '"', "'": "'"}
_NUMERIC_ESCAPES = ((re.compile(r"x([0-9a-fA-F]{2})"), 16, False),
                    (re.compile(r"([0-7]{3})"), 8, False),
                    (re.compile(r"u([0-9a-fA-F]{4})"), 16, True),
                    (re.compile(r"U([0-9a-fA-F]{8})"), 16, True))


class QueryError(Exception):
    """The query means nothing; the position is a character of its text, from 0."""

    def __init__(self, position, text):
        super().__init__("%s at %d" % (text, position))
        self.position = position


class Scanner:
    """Where a reading of a query stands."""

    def __init__(self, text):
        self.text = text
        self.at = 0
        self.skip_space()

    def skip_space(self):
        self.at = _SPACE.match(self.text, self.at).end()

    def fail(self, expected):
        raise QueryError(self.at, "expected " + expected)

    def at_end(self):
        return self.at == len(self.text)

    def looks_at(self, mark):
        return self.text.startswith(mark, self.at)

    def take(self, mark, skip=True):
        """Takes the mark if it is next; with skip also the space after it."""
        if not self.looks_at(mark):
            return False
        self.at += len(mark)
        if skip:
            self.skip_space()
        return True

    def want(self, mark):
        if not self.take(mark):
            self.fail("'%s'" % mark)

    def peek_word(self):
        """The next word in lower case, or nothing when something else is next."""
        match = _WORD.match(self.text, self.at)
        return match.group().lower() if match else ""

    def take_word(self, word):
        """Takes an unquoted word, in any case."""
        if self.peek_word() != word:
            return False
        self.at += len(word)
        self.skip_space()
        return True

    def _quoted(self):
        quote = self.text[self.at]
        start = self.at
        self.at += 1
        if quote == "`":
            end = self.text.find("`", self.at)
            if end < 0:
                raise QueryError(start, "expected the closing quote")
            inside = self.text[self.at:end]
            self.at = end + 1
            return inside.encode()
        parts = []
        while True:
            if self.at_end():
                raise QueryError(start, "expected the closing quote")
            character = self.text[self.at]
            self.at += 1
            if character == quote:
                return b"".join(parts)
            parts.append(self._escape() if character == "\\" else character.encode())

    def _escape(self):
        for pattern, base, is_rune in _NUMERIC_ESCAPES:
            match = pattern.match(self.text, self.at)
            if match:
                self.at = match.end()
                code = int(match.group(1), base)
                return chr(code).encode() if is_rune else bytes([code])
        letter = self.text[self.at:self.at + 1]
        if letter not in _SIMPLE_ESCAPES or not letter:
            self.fail("an escape that Go knows")
        self.at += 1
        return _SIMPLE_ESCAPES[letter].encode()

    def is_quoted_next(self):
        return self.text[self.at:self.at + 1] in ('"', "'", "`") and not self.at_end()

    def _text(self, pattern, expected, skip):
        if self.is_quoted_next():
            value = self._quoted()
        else:
            match = pattern.match(self.text, self.at)
            if not match:
                self.fail(expected)
            value = match.group().encode()
            self.at = match.end()
        if skip:
            self.skip_space()
        return value

    def word(self, expected="a word", skip=True):
        """A quoted string or a word, as bytes."""
        return self._text(_WORD, expected, skip)

    def value(self, expected="a value"):
        """A quoted string, or an unquoted run that may hold : = < > ~ ! - as well."""
        return self._text(_VALUE, expected, True)

    def separated_list(self, take_one, close):
        """Items with commas between them up to the closing mark."""
        items = [take_one()]
        while self.take(","):
            items.append(take_one())
        self.want(close)
        return items
