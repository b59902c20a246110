# SPDX-License-Identifier: MIT
# filters.py: what a row must be like: the filters of a query, read and asked.
from decimal import Decimal

from . import go_regex, numeric, phrases, timestamps
from .scanner import QueryError

MESSAGE = b"_msg"
TIME = b"_time"
_KEYWORDS = ("and", "or", "not")


def row_time(row):
    """Nanoseconds of a row, be it a record or made by a pipe; None without a time."""
    if row.time is not None:
        return row.time
    value = row.fields.get(TIME, b"")
    try:
        return timestamps.rfc3339(value)
    except timestamps.Impossible:
        return None


class Reader:
    """Reads filters from a scanner. A filter is a function from a row to a truth value."""

    def __init__(self, scanner, now):
        self.scanner = scanner
        self.now = now

    def read(self, field=None):
        """A filter with everything that OR, AND and NOT join to it."""
        choices = [self._conjunction(field)]
        while self.scanner.take_word("or"):
            choices.append(self._conjunction(field))
        return choices[0] if len(choices) == 1 else \
            lambda row: any(choice(row) for choice in choices)

    def _ends(self):
        scanner = self.scanner
        return scanner.at_end() or scanner.looks_at(")") or scanner.looks_at("|") \
            or scanner.peek_word() == "or"

    def _conjunction(self, field):
        parts = [self._negation(field)]
        while not self._ends():
            self.scanner.take_word("and")
            parts.append(self._negation(field))
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _negation(self, field):
        scanner = self.scanner
        if scanner.take_word("not") or scanner.take("!") or scanner.take("-"):
            inner = self._negation(field)
            return lambda row: not inner(row)
        if scanner.take("("):
            inner = self.read(field)
            scanner.want(")")
            return inner
        return self._on_field(field)

    def _on_field(self, field):
        """A filter with or without a field before it."""
        scanner = self.scanner
        if scanner.peek_word() in _KEYWORDS:
            scanner.fail("a filter")
        start = scanner.at
        if scanner.is_quoted_next() or scanner.peek_word():
            name = scanner.word(skip=False)
            if scanner.take(":"):
                if scanner.at_end():
                    scanner.fail("a filter behind the field")
                if scanner.take("!") or scanner.take("-"):
                    inner = self._value(name)
                    return lambda row: not inner(row)
                if scanner.looks_at("(") and not (name == TIME and self._is_time_range()):
                    scanner.want("(")
                    inner = self.read(name)
                    scanner.want(")")
                    return inner
                return self._value(name)
            scanner.at = start
        return self._value(field)

    def _value(self, field):
        """A filter on one value; field is None where the query names none."""
        scanner = self.scanner
        name = MESSAGE if field is None else field
        if scanner.take("*", skip=False):
            if scanner.is_quoted_next() or scanner.peek_word():
                part = scanner.word(skip=False)
                scanner.want("*")
                return lambda row: part in row.fields.get(name, b"")
            scanner.skip_space()
            if field is None:
                return lambda row: True
            return lambda row: row.fields.get(name, b"") != b""
        if name == TIME and not scanner.looks_at('""'):
            return self._time()
        if scanner.take("="):
            return self._exact(name)
        if scanner.take("~"):
            return self._regex(name)
        if scanner.looks_at("<") or scanner.looks_at(">"):
            return self._comparison(name)
        for word, read in (("range", self._range), ("in", self._in), ("i", self._any_case)):
            follows = scanner.text[scanner.at + len(word):scanner.at + len(word) + 1]
            if scanner.peek_word() == word and follows in ("(", "[") and follows:
                scanner.at += len(word)
                return read(name)
        phrase, is_prefix = self._phrase()
        if phrase == b"" and not is_prefix:
            return lambda row: row.fields.get(name, b"") == b""
        return lambda row: phrases.contains_phrase(row.fields.get(name, b""), phrase, is_prefix)

    def _phrase(self):
        phrase = self.scanner.word("a filter", skip=False)
        is_prefix = self.scanner.take("*")
        self.scanner.skip_space()
        return phrase, is_prefix

    def _exact(self, name):
        text, is_prefix = self._phrase()
        if is_prefix:
            return lambda row: row.fields.get(name, b"").startswith(text)
        return lambda row: row.fields.get(name, b"") == text

    def _regex(self, name):
        start = self.scanner.at
        pattern = self.scanner.value("a regular expression")
        try:
            regex = go_regex.Regex(pattern.decode())
        except go_regex.Refused as error:
            raise QueryError(start, "expected a regular expression that RE2 takes") from error
        return lambda row: regex.search(row.fields.get(name, b""))

    def _any_case(self, name):
        self.scanner.want("(")
        phrase, is_prefix = self._phrase()
        self.scanner.want(")")
        folded = phrases.fold_case(phrase)
        return lambda row: phrases.contains_phrase(
            phrases.fold_case(row.fields.get(name, b"")), folded, is_prefix)

    def _quantity(self):
        start = self.scanner.at
        text = self.scanner.value("a number").decode("utf-8", "replace")
        number = numeric.quantity(text)
        if number is None:
            raise QueryError(start, "expected a number")
        return number

    def _within(self, name, low, low_excluded, high, high_excluded):
        def matches(row):
            value = row.fields.get(name, b"")
            if not numeric.is_number(value):
                return False
            number = numeric.exact(value)
            if number < low or number > high:
                return False
            return not (low_excluded and number == low) and not (high_excluded and number == high)
        return matches

    def _comparison(self, name):
        scanner = self.scanner
        above = scanner.take(">", skip=False)
        if not above:
            scanner.want("<")
        or_equal = scanner.take("=")
        scanner.skip_space()
        number = self._quantity()
        infinity = Decimal("Infinity")
        if above:
            return self._within(name, number, not or_equal, infinity, False)
        return self._within(name, -infinity, False, number, not or_equal)

    def _interval(self, read_end):
        """(low, whether it is excluded, high, whether it is excluded) in brackets of any kind."""
        scanner = self.scanner
        low_excluded = scanner.looks_at("(")
        scanner.want("(" if low_excluded else "[")
        low = read_end()
        scanner.want(",")
        high = read_end()
        high_excluded = scanner.looks_at(")")
        scanner.want(")" if high_excluded else "]")
        return low, low_excluded, high, high_excluded

    def _range(self, name):
        return self._within(name, *self._interval(self._quantity))

    def _in(self, name):
        self.scanner.want("(")
        values = set(self.scanner.separated_list(self.scanner.value, ")"))
        return lambda row: row.fields.get(name, b"") in values

    def _is_time_range(self):
        """Whether a range of times and not a filter in parentheses is next."""
        close = self.scanner.text.find(")", self.scanner.at)
        square = self.scanner.text.find("]", self.scanner.at)
        end = min(place for place in (close, square, len(self.scanner.text)) if place >= 0)
        return "," in self.scanner.text[self.scanner.at:end]

    def _bound(self):
        start = self.scanner.at
        text = self.scanner.value("a time").decode("utf-8", "replace")
        try:
            bound = timestamps.bound(text, self.now)
        except timestamps.Impossible:
            bound = None
        if bound is None:
            raise QueryError(start, "expected a time")
        return bound

    def _time(self):
        scanner = self.scanner
        low, high = float("-inf"), float("inf")
        if scanner.looks_at("[") or scanner.looks_at("("):
            first, low_excluded, last, high_excluded = self._interval(self._bound)
            low = first[1] + 1 if low_excluded else first[0]
            high = last[0] - 1 if high_excluded else last[1]
        elif scanner.looks_at(">") or scanner.looks_at("<"):
            above = scanner.take(">", skip=False)
            if not above:
                scanner.want("<")
            or_equal = scanner.take("=")
            scanner.skip_space()
            start = scanner.at
            is_age = numeric.duration(scanner.value("a time").decode("utf-8", "replace"))
            scanner.at = start
            unit = self._bound()
            if is_age is not None:
                above = not above  # an age: more than 5m is longer ago
            if above:
                low = unit[0] if or_equal else unit[1] + 1
            else:
                high = unit[1] if or_equal else unit[0] - 1
        else:
            start = scanner.at
            age = numeric.duration(scanner.value("a time").decode("utf-8", "replace"))
            scanner.at = start
            unit = self._bound()
            low, high = (unit[0] + 1, self.now) if age is not None else unit
        return lambda row: (time := row_time(row)) is not None and low <= time <= high


def time_between(start, end):
    """What `start` and `end` of a request mean; each a pair of nanoseconds, or None."""
    low = start[0] if start else float("-inf")
    high = end[1] if end else float("inf")
    return lambda row: (time := row_time(row)) is not None and low <= time <= high
