# SPDX-License-Identifier: MIT
# random_queries.py: queries made from a grammar and from values of the rows they are asked of.
import re

from . import query_text

NUMERIC = (b"status", b"body_bytes_sent", b"duration", b"seq", b"user.id", b"big")
TEXTUAL = (b"request_method", b"request_uri", b"http_user_agent", b"remote_addr", b"remote_user",
           b"level", b"host", b"user.name", b"http_referer", b"_format", b"_file", b"extra",
           b"server_protocol", b"request", b"_msg", b"msg", b"_stream", b"nosuch")
KEYS = (b"status", b"request_method", b"level", b"_format", b"user.name", b"remote_addr", b"host",
        b"_file", b"remote_user", b"nosuch", b"request_uri")
FUNCTIONS = ("count", "count_uniq", "sum", "avg", "min", "max", "median", "quantile")
STEPS = ("10", "7", "0.5", "1KB", "1KiB", "100")
TIME_STEPS = ("1s", "7s", "1m", "15m", "1h", "1d", "90s", "1h30m")
NUMBERS = ("0", "1", "200", "404", "1e3", "2KB", "1KiB", "0.5", "1ms", "-1")
PHIS = ("0", "0.1", "0.25", "0.5", "0.75", "0.95", "0.99", "1")
DEPTH = 3

_RE2_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$])")


class Generator:
    """Draws queries; rows give it values that occur."""

    def __init__(self, draw, rows):
        self.draw = draw
        self.rows = rows

    def _value(self, field):
        """A value that the field has somewhere, or the empty one."""
        for _ in range(20):
            value = self.draw.choice(self.rows).fields.get(field)
            if value:
                return value
        return b""

    def _piece(self, value, whole_characters=True):
        """A part of a value."""
        if not value:
            return b"error"
        start = self.draw.randrange(len(value))
        end = min(len(value), start + self.draw.randrange(1, 16))
        piece = value[start:end]
        if whole_characters:
            piece = piece.decode("utf-8", "ignore").encode()
        return piece or b"a"

    def _quoted(self, value):
        return self.draw.choice((query_text.double_quoted, query_text.raw_quoted,
                                 query_text.single_quoted))(value)

    def _text(self, value):
        """A value as a word where it may be one, else in quotes."""
        if query_text.may_stand_bare(value) and self.draw.random() < 0.7:
            return value.decode()
        return self._quoted(value)

    def _phrase(self, field):
        value = self._value(field)
        if self.draw.random() < 0.5:
            words = re.findall(rb"[A-Za-z0-9_]+", value)
            if words:
                return self._text(self.draw.choice(words))
        return self._text(self._piece(value))

    def _number(self, field):
        value = self._value(field)
        if self.draw.random() < 0.3 or not re.match(rb"-?[0-9.]+\Z", value):
            return self.draw.choice(NUMBERS)
        return value.decode()

    def _regex(self, field):
        piece = self._piece(self._value(field)).decode("utf-8", "ignore")
        out = []
        for character in piece:
            if not character.isprintable():
                out.append(".")
                continue
            choice = self.draw.random()
            if choice < 0.1:
                out.append(".")
            elif choice < 0.2 and character.isdigit() and character.isascii():
                out.append(self.draw.choice(("\\d", "[0-9]", "[[:digit:]]", "\\d+")))
            elif choice < 0.25:
                out.append(".*")
            elif choice < 0.3 and character.isascii() and character.isalpha():
                out.append("[%s%s]" % (character, self.draw.choice("xyz")))
            else:
                out.append(_RE2_SPECIAL.sub(r"\\\1", character))
        pattern = "".join(out)
        wrap = self.draw.random()
        if wrap < 0.1:
            pattern = "^" + pattern
        elif wrap < 0.2:
            pattern += "$"
        elif wrap < 0.3:
            other = self.draw.choice(("nosuch", "5[0-9]{2}", "error", "x*y"))
            pattern = "(%s|%s)" % (pattern, other)
        elif wrap < 0.4:
            pattern = "(?i)" + pattern
        elif wrap < 0.5:
            pattern = "(?:%s)?[ /]" % pattern
        return self._quoted(pattern.encode())

    def _leaf_value(self, field):
        """What stands behind `field:`."""
        draw = self.draw
        numeric = field in NUMERIC
        kind = draw.randrange(10)
        if numeric and kind < 4:
            return "%s%s" % (draw.choice((">", ">=", "<", "<=")), self._number(field))
        if numeric and kind < 6:
            low, high = self._number(field), self._number(field)
            return "range%s%s, %s%s" % (draw.choice("(["), low, high, draw.choice(")]"))
        if kind == 0:
            return '""'
        if kind == 1:
            return "*"
        if kind == 2:
            values = [self._text(self._value(field) or b"x") for _ in range(draw.randrange(1, 4))]
            return "in(%s)" % ", ".join(values)
        if kind == 3:
            return "=" + self._text(self._value(field) or b"x")
        if kind == 4:
            value = self._value(field).decode("utf-8", "ignore")
            return "=%s*" % self._quoted(value[:draw.randrange(1, 10)].encode() or b"x")
        if kind == 5:
            return "*%s*" % self._quoted(self._piece(self._value(field), draw.random() < 0.8))
        if kind == 6:
            return "~" + self._regex(field)
        if kind == 7:
            return "i(%s%s)" % (self._phrase(field).swapcase() if draw.random() < 0.3 else
                                self._phrase(field), draw.choice(("", "", "*")))
        if kind == 8:
            return self._phrase(field) + "*"
        return self._phrase(field)

    def _time(self):
        draw = self.draw

        def moment():
            hour = draw.choice((12, 13, 13, 14))
            minute, second = draw.randrange(60), draw.randrange(60)
            return "2026-11-22T%02d%sZ" % (hour, draw.choice((
                "", ":%02d" % minute, ":%02d:%02d" % (minute, second))))
        if draw.random() < 0.5:
            return "_time:%s%s, %s%s" % (draw.choice("[["), moment(), moment(), draw.choice(")]"))
        return "_time:%s%s" % (draw.choice(("", "", ">", ">=", "<", "<=")), moment())

    def filter(self, depth=0):
        draw = self.draw
        kind = draw.random()
        if depth < DEPTH and kind < 0.25:
            parts = [self.filter(depth + 1) for _ in range(draw.randrange(2, 4))]
            joined = draw.choice((" ", " and ", " AND ", " or ", " OR ")).join(parts)
            return "(%s)" % joined if depth or draw.random() < 0.3 else joined
        if depth < DEPTH and kind < 0.35:
            return draw.choice(("not ", "NOT ", "!")) + self._in_parentheses(self.filter(depth + 1))
        if kind < 0.40:
            return self._time()
        if kind < 0.43:
            return "*"
        if kind < 0.60:
            value = self._leaf_value(b"_msg")
            return "_msg:" + value if value in ('""', "*") or draw.random() < 0.2 else value
        field = draw.choice(NUMERIC if draw.random() < 0.4 else TEXTUAL)
        if kind < 0.65:
            inner = "%s or %s" % (self._leaf_value(field), self._leaf_value(field))
            return "%s:(%s)" % (query_text.name(field), inner)
        return "%s:%s" % (query_text.name(field), self._leaf_value(field))

    @staticmethod
    def _in_parentheses(text):
        return text if text.startswith("(") else "(%s)" % text

    def _function(self, number):
        draw = self.draw
        name = draw.choice(FUNCTIONS)
        field = query_text.name(draw.choice(NUMERIC if draw.random() < 0.75 else KEYS))
        if name == "count" and draw.random() < 0.7:
            arguments = ""
        elif name == "quantile":
            arguments = "%s, %s" % (draw.choice(PHIS), field)
        elif name == "count_uniq" and draw.random() < 0.3:
            arguments = "%s, %s" % (field, query_text.name(draw.choice(KEYS)))
        else:
            arguments = field
        condition = " if (%s)" % self.filter(DEPTH - 1) if draw.random() < 0.2 else ""
        return "%s(%s)%s as r%d" % (name, arguments, condition, number)

    def _stats(self):
        """(text, names of its columns)."""
        draw = self.draw
        keys = [query_text.name(key) for key in draw.sample(KEYS, draw.choice((0, 1, 1, 1, 2)))]
        names = list(keys)
        if draw.random() < 0.2:
            keys.append("_time:" + draw.choice(TIME_STEPS))
            names.append("_time")
        if draw.random() < 0.15:
            field = draw.choice(("body_bytes_sent", "duration", "status"))
            if field not in names:
                keys.append("%s:%s" % (field, draw.choice(STEPS)))
                names.append(field)
        functions = [self._function(number) for number in range(draw.choice((1, 1, 2, 3)))]
        names += ["r%d" % number for number in range(len(functions))]
        by = "by (%s) " % ", ".join(keys) if keys else ""
        return "stats %s%s" % (by, ", ".join(functions)), names

    def _sort(self, names):
        draw = self.draw
        keys = ["%s%s" % (name, draw.choice(("", "", " desc")))
                for name in draw.sample(names, min(len(names), draw.choice((1, 1, 2))))]
        tail = draw.choice(("", " limit %d" % draw.randrange(20), " offset %d" % draw.randrange(9),
                            " limit %d offset %d" % (draw.randrange(20), draw.randrange(9))))
        return "sort by (%s)%s" % (", ".join(keys), tail)

    def pipes(self):
        draw = self.draw
        plain = sorted({query_text.name(field) for field in NUMERIC + KEYS})
        kind = draw.randrange(10)
        if kind < 4:
            text, names = self._stats()
            out = [text]
            if draw.random() < 0.5:
                out.append(self._sort(names))
            return out
        if kind == 4:
            return ["top %s by (%s)" % (draw.choice(("", "1", "3", "25")),
                                        ", ".join(map(query_text.name, draw.sample(KEYS, 2))))]
        if kind == 5:
            return ["uniq by (%s)" % ", ".join(map(query_text.name, draw.sample(KEYS, 2)))]
        if kind == 6:
            return [self._sort(plain) + ("" if draw.random() < 0.5 else " | limit 50"),
                    "fields " + ", ".join(draw.sample(plain, 3))]
        if kind == 7:
            return ["filter " + self.filter(1), "fields " + ", ".join(draw.sample(plain, 2))]
        if kind == 8:
            return [draw.choice(("limit %d", "offset %d", "head %d")) % draw.randrange(2000)]
        return []

    def query(self):
        return " | ".join([self.filter()] + self.pipes())
