# SPDX-License-Identifier: MIT
# pipes.py: what follows the filter of a query, read from its text.
from fractions import Fraction

from . import numeric
from .scanner import QueryError

FUNCTIONS = ("count", "count_uniq", "sum", "avg", "min", "max", "median", "quantile")
TOP_DEFAULT = 10


class Function:
    """One function of stats: name, phi for a quantile, fields, condition or None, result name."""

    def __init__(self, name, phi, fields, condition, result):
        self.name = name
        self.phi = phi
        self.fields = fields
        self.condition = condition
        self.result = result


class Stats:
    """keys: pairs of a field and the step of its buckets, a Fraction or None."""

    def __init__(self, keys, functions):
        self.keys = keys
        self.functions = functions


class Sort:
    """keys: pairs of a field and whether it descends."""

    def __init__(self, keys, limit, offset):
        self.keys = keys
        self.limit = limit
        self.offset = offset


class Limit:
    def __init__(self, count):
        self.count = count


class Offset:
    def __init__(self, count):
        self.count = count


class Fields:
    def __init__(self, names):
        self.names = names


class Uniq:
    def __init__(self, names):
        self.names = names


class Top:
    def __init__(self, count, names):
        self.count = count
        self.names = names


class Filter:
    def __init__(self, matches):
        self.matches = matches


class Reader:
    """Reads pipes from a scanner; filters inside them with the given reader of filters."""

    def __init__(self, scanner, filters):
        self.scanner = scanner
        self.filters = filters

    def read(self):
        """All pipes to the end of the query."""
        pipes = []
        while self.scanner.take("|"):
            pipes.append(self._pipe())
        if not self.scanner.at_end():
            self.scanner.fail("'|' or the end of the query")
        return pipes

    def _pipe(self):
        scanner = self.scanner
        name = scanner.peek_word()
        readers = {"stats": self._stats, "sort": self._sort, "limit": self._limit,
                   "head": self._limit, "offset": self._offset, "fields": self._fields,
                   "top": self._top, "uniq": self._uniq, "filter": self._filter}
        if name not in readers:
            scanner.fail("a pipe")
        scanner.take_word(name)
        return readers[name]()

    def _count(self):
        start = self.scanner.at
        text = self.scanner.word("a whole number")
        if not text.isdigit():
            raise QueryError(start, "expected a whole number")
        return int(text)

    def _name(self):
        return self.scanner.word("a field name")

    def _names(self):
        self.scanner.take_word("by")
        self.scanner.want("(")
        return self.scanner.separated_list(self._name, ")")

    def _limit(self):
        return Limit(self._count())

    def _offset(self):
        return Offset(self._count())

    def _fields(self):
        names = [self._name()]
        while self.scanner.take(","):
            names.append(self._name())
        return Fields(names)

    def _uniq(self):
        return Uniq(self._names())

    def _top(self):
        count = TOP_DEFAULT
        if self.scanner.peek_word() != "by" and not self.scanner.looks_at("("):
            count = self._count()
        return Top(count, self._names())

    def _filter(self):
        return Filter(self.filters.read())

    def _sort_key(self):
        name = self._name()
        descends = self.scanner.take_word("desc")
        if not descends:
            self.scanner.take_word("asc")
        return name, descends

    def _sort(self):
        scanner = self.scanner
        scanner.take_word("by")
        scanner.want("(")
        keys = scanner.separated_list(self._sort_key, ")")
        if scanner.take_word("desc"):
            keys = [(name, not descends) for name, descends in keys]
        limit, offset = None, 0
        while True:
            if scanner.take_word("limit"):
                limit = self._count()
            elif scanner.take_word("offset"):
                offset = self._count()
            else:
                return Sort(keys, limit, offset)

    def _key(self):
        """A field, perhaps with the step of its buckets."""
        scanner = self.scanner
        name = scanner.word("a field name")
        if not scanner.take(":"):
            return name, None
        start = scanner.at
        text = scanner.value("a step").decode()
        step = numeric.duration(text) if name == b"_time" else numeric.quantity(text)
        if step is None or step <= 0:
            raise QueryError(start, "expected a step")
        return name, Fraction(step)

    def _stats(self):
        scanner = self.scanner
        keys = []
        if scanner.take_word("by"):
            scanner.want("(")
            keys = scanner.separated_list(self._key, ")")
        functions = [self._function()]
        while scanner.take(","):
            functions.append(self._function())
        return Stats(keys, functions)

    def _function(self):
        scanner = self.scanner
        name = scanner.peek_word()
        if name not in FUNCTIONS:
            scanner.fail("a function")
        scanner.take_word(name)
        scanner.want("(")
        phi, fields = None, []
        if name == "quantile":
            start = scanner.at
            text = scanner.value("a number from 0 to 1")
            phi = numeric.to_double(text) if numeric.is_number(text) else -1
            if not 0 <= phi <= 1:
                raise QueryError(start, "expected a number from 0 to 1")
            scanner.want(",")
        if scanner.take("*"):
            scanner.want(")")
        elif name != "count" or not scanner.take(")"):
            fields = scanner.separated_list(self._name, ")")
        arguments = ([text.decode()] if name == "quantile" else []) + \
            [field.decode("utf-8", "replace") for field in fields]
        result = ("%s(%s)" % (name, ", ".join(arguments))).encode()
        condition = None
        if scanner.take_word("if"):
            scanner.want("(")
            condition = self.filters.read()
            scanner.want(")")
        if scanner.take_word("as"):
            result = self._name()
        elif scanner.peek_word() or scanner.is_quoted_next():
            result = self._name()
        return Function(name, phi, fields, condition, result)
