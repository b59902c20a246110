#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# selftest.py: the oracle against expectations worked out by hand from what the answers mean.
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from oracle import (aggregates, engine, go_regex, json_line, numeric, ordering, phrases, records,
                    requests, scanner, timestamps)

NOON = 1795348800 * 10 ** 9  # 2026-11-22T12:00:00Z
PREFIX = b'10.0.0.1 - - [22/Nov/2026:12:00:00 +0000] '


def fields_of(line):
    """The fields of a line but for those that every record has."""
    row = records.make_row(line, b"f", 1)
    return {name: value for name, value in row.fields.items()
            if name not in (b"_msg", b"_file", b"_stream", b"_time")}


def rows_of(*lines):
    return records.read_content(b"".join(line + b"\n" for line in lines), b"f")


def messages(query, rows, now=NOON):
    return [row.fields[b"_msg"] for row in engine.answer_text(query, rows, now).rows]


class Lines(unittest.TestCase):
    def test_ends_blank_lines_and_the_mark_at_the_start(self):
        counts = records.Counts()
        rows = records.read_content(b"\xef\xbb\xbfa\r\n\n\r\nb\0c\nlast", b"f", counts)
        self.assertEqual([row.fields[b"_msg"] for row in rows], [b"a", b"b\0c", b"last"])
        self.assertEqual((counts.read, counts.blank, counts.unparsed), (5, 2, 3))

    def test_a_last_line_still_being_written_waits(self):
        self.assertEqual(len(records.read_content(b"a\nb", b"f", last_counts=False)), 1)

    def test_nothing(self):
        self.assertEqual(records.read_content(b"", b"f"), [])
        self.assertEqual(records.read_content(b"\xef\xbb\xbf", b"f"), [])


class AccessLines(unittest.TestCase):
    def test_combined(self):
        self.assertEqual(
            fields_of(PREFIX + b'"GET /a b HTTP/1.1" 200 12 "http://r/" "agent \\"x\\" \\x41\\q"'),
            {b"_format": b"combined", b"remote_addr": b"10.0.0.1", b"request": b"GET /a b HTTP/1.1",
             b"request_method": b"GET", b"request_uri": b"/a b", b"server_protocol": b"HTTP/1.1",
             b"status": b"200", b"body_bytes_sent": b"12", b"http_referer": b"http://r/",
             b"http_user_agent": b'agent "x" A\\q'})

    def test_common_missing_and_extra(self):
        self.assertEqual(fields_of(PREFIX + b'"-" - - "-" more'),
                         {b"_format": b"common", b"remote_addr": b"10.0.0.1",
                          b"extra": b'"-" more'})

    def test_combined_with_extra(self):
        self.assertEqual(fields_of(PREFIX + b'"-" 400 0 "-" "-" 0.25 up')[b"extra"], b"0.25 up")

    def test_virtual_host_user_with_spaces_and_ipv6(self):
        line = b'a.example:443 2001:db8::1 - john smith [22/Nov/2026:12:00:00 +0000] "-" 200 1'
        found = fields_of(line)
        self.assertEqual((found[b"host"], found[b"remote_addr"], found[b"remote_user"]),
                         (b"a.example:443", b"2001:db8::1", b"john smith"))

    def test_requests(self):
        for request, wanted in (
                (b"GET /x", (b"GET", b"/x", b"HTTP/0.9")),
                (b"GET HTTP/1.1", (b"GET", b"HTTP/1.1", b"HTTP/0.9")),
                (b"GET  HTTP/1.1", (None, None, None)), (b"GET /x y", (None, None, None)),
                (b"GET / HTTP/2.0", (b"GET", b"/", b"HTTP/2.0")),
                (b"get / HTTP/1.1", (None, None, None)),
                (b"\\x16\\x03", (None, None, None))):
            found = fields_of(PREFIX + b'"' + request + b'" 400 0')
            self.assertEqual(tuple(found.get(name) for name in (
                b"request_method", b"request_uri", b"server_protocol")), wanted)
            self.assertIn(b"request", found)

    def test_impossible_dates_make_text(self):
        for date in (b"31/Feb/2026:12:00:00 +0000", b"22/Foo/2026:12:00:00 +0000",
                     b"22/Nov/2026:24:00:00 +0000", b"22/Nov/2026:12:00:61 +0000"):
            self.assertEqual(fields_of(b'a - - [' + date + b'] "-" 200 1'), {b"_format": b"text"})

    def test_leap_second_and_zone(self):
        row = records.make_row(b'a - - [31/Dec/2016:23:59:60 +0000] "-" 200 1', b"f", 1)
        self.assertEqual(row.fields[b"_time"], b"2017-01-01T00:00:00Z")
        row = records.make_row(b'a - - [01/Jan/2026:01:30:00 +0530] "-" 200 1', b"f", 1)
        self.assertEqual(row.fields[b"_time"], b"2025-12-31T20:00:00Z")

    def test_what_is_not_one(self):
        for line in (b'a - [22/Nov/2026:12:00:00 +0000] "-" 200 1', PREFIX + b'"GET / 200 1',
                     PREFIX + b'"-" 200', b"hello"):
            self.assertEqual(fields_of(line), {b"_format": b"text"})


class JsonLines(unittest.TestCase):
    def test_values(self):
        self.assertEqual(json_line.flatten(
            b' {"a":{"b":{"c":1.50}},"l":[1, {"x":2}],"t":true,"n":null,"d":1,"d":2,"e":{}} '),
            {b"a.b.c": b"1.50", b"l": b'[1, {"x":2}]', b"t": b"true", b"n": b"", b"d": b"2"})
        self.assertEqual(json_line.flatten(b'{"a":{"b":1},"c":1,"a":2,"c":{"d":3},"c.d":4}'),
                         {b"a": b"2", b"c.d": b"4"})

    def test_strings(self):
        self.assertEqual(json_line.flatten(
            b'{"a":"\\u00e9\\n\\"\\/","b":"\\ud83d\\ude00","c":"\\ud83d","d":"\xff"}'),
            {b"a": b'\xc3\xa9\n"/', b"b": b"\xf0\x9f\x98\x80", b"c": b"\xef\xbf\xbd",
             b"d": b"\xff"})

    def test_what_is_not_one_object(self):
        for text in (b"[1]", b"1", b'{"a":1}}', b'{"a":01}', b'{"a":1,}', b"{'a':1}", b'{"a" 1}',
                     b'{"a":"\x00"}', b'{"a":"\\x"}', b'{"a":tru}', b'{"a":[1,]}', b"{", b'{"a":1'):
            with self.assertRaises(json_line.Invalid):
                json_line.flatten(text)

    def test_message_and_time(self):
        def both(line):
            row = records.make_row(line, b"f", 1)
            return row.fields[b"_msg"], row.fields.get(b"_time")
        self.assertEqual(both(b'{"msg":"m","log":"l","message":""}'), (b"m", None))
        self.assertEqual(both(b'{"x":1}'), (b'{"x":1}', None))
        self.assertEqual(both(b'{"msg":"m","ts":1795348800}')[1], b"2026-11-22T12:00:00Z")
        self.assertEqual(both(b'{"msg":"m","ts":1795348800123}')[1], b"2026-11-22T12:00:00.123Z")
        line = b'{"msg":"m","ts":5,"time":null,"timestamp":"2026-11-22T12:00:00.5"}'
        self.assertEqual(both(line)[1], b"2026-11-22T12:00:00.5Z")
        self.assertEqual(both(b'{"msg":"m","time":"soon","ts":5}'), (b"m", None))

    def test_own_names_are_ignored_and_impossible_dates_make_text(self):
        row = records.make_row(b'{"_file":"x","_stream":"y","_format":"z","k":"v"}', b"f", 1)
        self.assertEqual((row.fields[b"_file"], row.fields[b"_stream"], row.fields[b"_format"]),
                         (b"f", b'{file="f"}', b"json"))
        self.assertEqual(fields_of(b'{"time":"2026-02-30T00:00:00Z"}'), {b"_format": b"text"})


class Times(unittest.TestCase):
    def test_units(self):
        for text, first, length in (("2026Z", 1767225600, 365 * 86400),
                                    ("2024", 1704067200, 366 * 86400),
                                    ("2026-11", 1793491200, 30 * 86400),
                                    ("2026-11-22", 1795305600, 86400),
                                    ("2026-11-22T12Z", 1795348800, 3600),
                                    ("2026-11-22T12:00", 1795348800, 60),
                                    ("2026-11-22T13:00:00+01:00", 1795348800, 1)):
            self.assertEqual(timestamps.unit_range(text),
                             (first * 10 ** 9, (first + length) * 10 ** 9 - 1), text)
        self.assertEqual(timestamps.unit_range("2026-11-22T12:00:00.5Z"),
                         (NOON + 500000000, NOON + 599999999))

    def test_bounds(self):
        self.assertEqual(timestamps.bound("5m", NOON), (NOON - 300 * 10 ** 9,) * 2)
        self.assertEqual(timestamps.bound("1795348800", 0), (NOON, NOON + 10 ** 9 - 1))
        self.assertIsNone(timestamps.bound("soon", 0))

    def test_filters(self):
        rows = rows_of(*[b'{"msg":"%d","ts":%d}' % (second, NOON // 10 ** 9 + second)
                         for second in (-301, -300, -299, 0, 1, 59, 60)], b"untimed")
        for query, wanted in (("_time:5m", "-299 0"), ("_time:2026-11-22T12:00Z", "0 1 59"),
                              ("_time:[2026-11-22T12:00:00Z,2026-11-22T12:00:01Z]", "0 1"),
                              ("_time:[2026-11-22T12:00:00Z,2026-11-22T12:00:01Z)", "0"),
                              ("_time:>2026-11-22T12:00:00Z", "1 59 60"),
                              ("_time:>=2026-11-22T12:00:00Z _time:<2026-11-22T12:01Z", "0 1 59"),
                              ("-_time:2026-11-22Z", "untimed")):
            self.assertEqual(b" ".join(messages(query, rows)).decode(), wanted, query)


class Numbers(unittest.TestCase):
    def test_notation(self):
        for value, text in ((0.1, "0.1"), (1e21, "1e+21"), (1.5e-7, "1.5e-7"),
                            (1e20, "1" + "0" * 20),
                            (-2.5, "-2.5"), (-0.0, "0"), (1e-6, "0.000001"), (5e-324, "5e-324"),
                            (123456789.125, "123456789.125"), (3.0, "3"),
                            (float("inf"), "+Inf"), (float("nan"), "NaN")):
            self.assertEqual(numeric.format_double(value).decode(), text)

    def test_grammar(self):
        for text in (b"0", b"-1", b"007", b"1.5", b"1e400", b"2E-3", b"1e+5"):
            self.assertTrue(numeric.is_number(text), text)
        for text in (b"", b"+1", b".5", b"1.", b"1e", b" 1", b"1 ", b"0x1", b"NaN", b"1_0"):
            self.assertFalse(numeric.is_number(text), text)

    def test_quantities(self):
        for text, value in (("10KB", 10000), ("2KiB", 2048), ("1.5s", 1500000000),
                            ("1h30m", 5400 * 10 ** 9),
                            ("-5", -5), ("3", 3), ("1MiB", 1048576)):
            self.assertEqual(numeric.quantity(text), value, text)
        self.assertIsNone(numeric.quantity("abc"))

    def test_huge_exponents(self):
        self.assertGreater(numeric.exact(b"1e9999999999999999999"), numeric.exact(b"9e400"))
        self.assertLess(numeric.exact(b"1e-9999999999999999999"), numeric.exact(b"1e-400"))

    def test_order(self):
        values = [b"b", b"10", b"", b"9", b"1e1", b"-1", b"a"]
        self.assertEqual(sorted(values, key=lambda value: ordering.value_key(b"x", value)),
                         [b"-1", b"9", b"10", b"1e1", b"", b"a", b"b"])
        times = [b"2026-11-22T10:00:00.5Z", b"2026-11-22T10:00:00Z", b"",
                 b"2026-11-22T09:00:00.25Z"]
        self.assertEqual(sorted(times, key=lambda value: ordering.value_key(b"_time", value)),
                         [times[2], times[3], times[1], times[0]])


class Aggregates(unittest.TestCase):
    def test_sums(self):
        big = b"170141183460469231731687303715884105727"
        self.assertEqual(aggregates.total([big, b"-1", b"x", b""]),
                         b"170141183460469231731687303715884105726")
        self.assertEqual(aggregates.total([big, b"1"]),
                         b"170141183460469231731687303715884105728")
        self.assertEqual(aggregates.total([big + b"0", b"1"]), b"1.7014118346046923e+39")
        self.assertEqual(aggregates.total([b"0.1"] * 10), b"1")  # naive addition gives 0.999...
        self.assertEqual(aggregates.total([b"1e16", b"1.5", b"-1e16"]), b"1.5")
        self.assertEqual(aggregates.total([b"x", b""]), b"NaN")
        self.assertEqual(aggregates.average([b"1", b"2"]), b"1.5")
        self.assertEqual(aggregates.average([]), b"NaN")

    def test_quantiles(self):
        values = [b"%d" % n for n in (5, 1, 4, 2, 3)] + [b"", b"x"]
        for phi, wanted in ((0, b"1"), (0.2, b"2"), (0.5, b"3"), (0.99, b"5"), (1, b"5")):
            self.assertEqual(aggregates.quantile(phi, values), wanted)
        self.assertEqual(aggregates.quantile(0.5, [b"x"]), b"")

    def test_least_and_greatest(self):
        self.assertEqual(aggregates.least(b"x", [b"b", b"10", b"9", b""]), b"9")
        self.assertEqual(aggregates.greatest(b"x", [b"b", b"10", b"9", b""]), b"b")
        self.assertEqual(aggregates.least(b"x", [b"2e2", b"200", b"0200"]), b"0200")
        self.assertEqual(aggregates.greatest(b"x", [b"2e2", b"200", b"0200"]), b"2e2")
        self.assertEqual(aggregates.least(b"x", []), b"")


class Filters(unittest.TestCase):
    def matching(self, query, *values):
        rows = [records.Row({b"_msg": value} if value else {}) for value in values]
        return [value for value, row in zip(values, rows) if engine.read_query(query).matches(row)]

    def test_words_and_phrases(self):
        self.assertTrue(phrases.contains_phrase(b"GET /x", b"GET /"))
        self.assertFalse(phrases.contains_phrase(b"errors", b"error"))
        self.assertTrue(phrases.contains_phrase(b"errors error", b"error"))
        self.assertFalse(phrases.contains_phrase("éerror".encode(), b"error"))
        self.assertTrue(phrases.contains_phrase("€error".encode(), b"error"))
        self.assertTrue(phrases.contains_phrase(b"\xfferror\xfe", b"error"))
        self.assertFalse(phrases.contains_phrase(b"_error", b"error"))

    def test_each_filter(self):
        values = (b"", b"error", b"errors", b"an Error!", b"xerrorx", b"error: 5")
        for query, wanted in (
                ("*", values), ("error", (b"error", b"error: 5")),
                ("err*", (b"error", b"errors", b"error: 5")), ('"error: "*', (b"error: 5",)),
                ("*rror*", values[1:]), ('="error"', (b"error",)),
                ('="error"*', (b"error", b"errors", b"error: 5")),
                ("i(error)", (b"error", b"an Error!", b"error: 5")),
                ("i(ERR*)", (b"error", b"errors", b"an Error!", b"error: 5")),
                ('~"^err.r$"', (b"error",)), ('~"^$"', (b"",)), ('_msg:""', (b"",)),
                ("_msg:*", values[1:]), ("_msg:in(error,errors,\"\")", (b"", b"error", b"errors")),
                ("!error", (b"", b"errors", b"an Error!", b"xerrorx")),
                ("error -5", (b"error",)), ("errors or error and 5", (b"errors", b"error: 5")),
                ("not (errors or *5*) # why not\n err*", (b"error",)),
                ("_msg:(errors or xerrorx)", (b"errors", b"xerrorx")),
                ('!="error" _msg:*', (b"errors", b"an Error!", b"xerrorx", b"error: 5"))):
            self.assertEqual(self.matching(query, *values), list(wanted), query)

    def test_numbers(self):
        values = (b"9", b"10", b"10.0", b"1e1", b"11", b"ten", b"", b"1e400", b"10000")
        for query, wanted in (("_msg:>10", (b"11", b"1e400", b"10000")),
                              ("_msg:>=10", (b"10", b"10.0", b"1e1", b"11", b"1e400", b"10000")),
                              ("_msg:<10", (b"9",)),
                              ("_msg:range[10,11)", (b"10", b"10.0", b"1e1")),
                              ("_msg:range(9,11)", (b"10", b"10.0", b"1e1")),
                              ("_msg:>=10KB", (b"1e400", b"10000"))):
            self.assertEqual(self.matching(query, *values), list(wanted), query)

    def test_errors(self):
        for query in ("", "(", "a or", "a and", "not", "(a", "a)", '"a', "a:", "a:>", "a:>x",
                      "a:range(1", "a:in(", "_time:soon", '~"("', '~"a++"', '~"(a)\\\\1"',
                      '~"(?=a)"', "a |", "a | nosuch", "a | limit", "a | limit x", "a | fields",
                      "a | stats", "a | stats nosuch(x)", "a | stats by (x count()", "i(a",
                      "a | stats quantile(2, x)", "a | sort by", "a | top by (x", "_time:[a,b]"):
            with self.assertRaises(scanner.QueryError, msg=query):
                engine.read_query(query)

    def test_regexes(self):
        for pattern, value, wanted in (("a.c", "aéc".encode(), True), ("^a", b"x\na", False),
                                       ("a$", b"a\n", False), ("\\s", b"\v", False),
                                       ("(?i)É", "é".encode(), True),
                                       ("\\bx\\b", "éx".encode(), True),
                                       ("[[:digit:]]{2,3}", b"a12", True), ("\\x41", b"A", True),
                                       ("a{2}", b"aa", True), ("x*?y", b"y", True)):
            self.assertEqual(go_regex.Regex(pattern).search(value), wanted, pattern)


class Answers(unittest.TestCase):
    ROWS = rows_of(*[b'{"msg":"m","k":"%s","n":%s,"ts":%d}' % row for row in (
        (b"a", b"10", 1795348800), (b"b", b"9", 1795348860), (b"a", b"2.5", 1795348805),
        (b"", b'"x"', 1795348930))], b"plain")

    def table(self, query):
        answer = engine.answer_text(query, self.ROWS)
        rows = [b" ".join(b"%s=%s" % pair for pair in row.fields.items()).decode()
                for row in answer.rows]
        return rows if answer.ordered else sorted(rows)

    def test_stats(self):
        for query, wanted in (
                ("* | stats count()", ["count()=5"]),
                ("nosuch | stats count() as n, sum(n) as s, max(n) as m", ["n=0 s=NaN"]),
                ("nosuch | stats by (k) count()", []),
                ("* | stats by (k) count() as c, sum(n) as s",
                 ["c=2 s=NaN", "k=a c=2 s=12.5", "k=b c=1 s=9"]),
                ("* | stats by (_time:1m) count() as c",
                 ["_time=2026-11-22T12:00:00Z c=2", "_time=2026-11-22T12:01:00Z c=1",
                  "_time=2026-11-22T12:02:00Z c=1", "c=1"]),
                ("n:* | stats by (n:4) count() as c", ["n=0 c=1", "n=8 c=2", "n=x c=1"]),
                ("* | stats count() if (k:a) as a, count_uniq(k) as u, count(k) as p",
                 ["a=2 u=2 p=3"]),
                ("* | stats median(n) as m, min(n) as l, max(n) as g", ["m=9 l=2.5 g=x"])):
            self.assertEqual(self.table(query), wanted, query)

    def test_order(self):
        for query, wanted in (
                ("* | sort by (n) | fields n", ["n=2.5", "n=9", "n=10", "", "n=x"]),
                ("* | sort by (n desc) limit 2 offset 1 | fields n", ["", "n=10"]),
                ("* | sort by (k desc, n) | fields k, n",
                 ["k=b n=9", "k=a n=2.5", "k=a n=10", "", "n=x"]),
                ("* | top 2 by (k)", ["hits=2", "k=a hits=2"]),
                ("* | uniq by (k)", ["", "k=a", "k=b"]),
                ("* | stats by (k) count() as c | filter c:>1 | sort by (k)", ["c=2", "k=a c=2"])):
            self.assertEqual(self.table(query), wanted, query)

    def test_ties_are_broken_by_the_other_columns_by_name(self):
        rows = [records.Row({b"s": b"1", b"b": b"1", b"a": b"2"}),
                records.Row({b"s": b"1", b"b": b"2", b"a": b"1"}),
                records.Row({b"s": b"1", b"b": b"1"})]
        answer = engine.answer_text("* | sort by (s desc)", rows)
        self.assertEqual([rows.index(row) for row in answer.rows], [1, 0, 2])

    def test_a_limit_without_order_leaves_the_choice_open(self):
        answer = engine.answer_text("* | offset 1 | limit 3", self.ROWS)
        self.assertEqual((answer.take, len(answer.rows), answer.ordered), (3, 5, False))
        with self.assertRaises(engine.Undefined):
            engine.answer_text("* | limit 3 | sort by (n)", self.ROWS)


class Requests(unittest.TestCase):
    def test_newest(self):
        rows = [records.Row({}, 5, b"b", 1), records.Row({}, 5, b"a", 1),
                records.Row({}, 5, b"a", 2),
                records.Row({}, None, b"a", 3), records.Row({}, 6, b"z", 9)]
        self.assertEqual([rows.index(row) for row in requests.newest_first(rows)], [4, 2, 1, 0, 3])

    def test_times_include_their_whole_unit(self):
        query, rows = requests.select("*", Answers.ROWS, 0, "2026-11-22T12:00Z",
                                      "2026-11-22T12:01Z")
        self.assertEqual(len(engine.run(query, rows).rows), 3)
        query, rows = requests.select("*", Answers.ROWS, 0, None, "1795348805")
        self.assertEqual(len(engine.run(query, rows).rows), 2)

    def test_hits_names_and_values(self):
        groups = requests.hits(Answers.ROWS, 60 * 10 ** 9, [b"k"])
        self.assertEqual(groups[(b"a",)], {b"2026-11-22T12:00:00Z": 2})
        limited = requests.hits(Answers.ROWS, 3600 * 10 ** 9, [b"k"], 1)
        self.assertEqual(limited[None], {b"2026-11-22T12:00:00Z": 2})
        self.assertEqual(requests.field_names(Answers.ROWS)[b"k"], 3)
        self.assertEqual(requests.field_values(Answers.ROWS, b"k"), {b"a": 2, b"b": 1})


if __name__ == "__main__":
    unittest.main()
