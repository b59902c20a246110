# SPDX-License-Identifier: MIT
# engine.py: a query over rows: the answer, and how much of its order is fixed.
from . import aggregates, filters, numeric, ordering, pipes, timestamps
from .records import Row
from .scanner import Scanner

HITS = b"hits"


class Undefined(Exception):
    """The page that says what answers mean leaves this answer open."""


class Query:
    """A query that has been read."""

    def __init__(self, matches, pipe_list):
        self.matches = matches
        self.pipes = pipe_list

    @property
    def aggregates(self):
        return any(isinstance(pipe, (pipes.Stats, pipes.Top, pipes.Uniq)) for pipe in self.pipes)


class Answer:
    """Rows; whether their order is fixed; and, when only some of them are to be given and which is
    free, how many (`take`, else None). `names` is the order of the columns where pipes fix it."""

    def __init__(self, rows):
        self.rows = rows
        self.ordered = False
        self.take = None
        self.names = None
        self.has_time = True


def read_query(text, now=0):
    """Raises QueryError."""
    scanner = Scanner(text)
    reader = filters.Reader(scanner, now)
    matches = reader.read()
    return Query(matches, pipes.Reader(scanner, reader).read())


def bucket(row, name, step):
    """The text of the bucket that a row's value lies in; a value that has none is its own."""
    value = row.fields.get(name, b"")
    if step is None:
        return value
    if name == filters.TIME:
        time = filters.row_time(row)
        if time is None:
            return b""
        return timestamps.format_time(time // int(step) * int(step))
    if not numeric.is_number(value):
        return value
    number = numeric.as_fraction(value)
    if number is None:
        raise Undefined("a bucket of a number with thousands of digits")
    return numeric.format_exact(number // step * step)


def _group(rows, keys):
    groups = {}
    for row in rows:
        groups.setdefault(tuple(bucket(row, name, step) for name, step in keys), []).append(row)
    return groups


def _non_empty(pairs):
    return {name: value for name, value in pairs if value}


def _stats(answer, stats):
    groups = _group(answer.rows, stats.keys)
    if not stats.keys and not groups:
        groups = {(): []}
    names = [name for name, _ in stats.keys]
    rows = []
    for values, members in groups.items():
        pairs = list(zip(names, values))
        for function in stats.functions:
            chosen = members if function.condition is None else \
                [row for row in members if function.condition(row)]
            pairs.append((function.result, aggregates.compute(function.name, function.phi,
                                                              function.fields, chosen)))
        rows.append(Row(_non_empty(pairs)))
    result = Answer(rows)
    result.names = names + [function.result for function in stats.functions]
    result.has_time = filters.TIME in names
    return result


def limit_rows(answer, count, offset=0):
    if answer.ordered:
        answer.rows = answer.rows[offset:offset + count]
    else:
        left = max(0, (len(answer.rows) if answer.take is None else answer.take) - offset)
        answer.take = min(left, count)
    return answer


def _top(answer, top):
    counted = _stats(answer, pipes.Stats([(name, None) for name in top.names],
                                         [pipes.Function("count", None, [], None, HITS)]))
    counted.rows = ordering.sort_rows(counted.rows, [(HITS, True)])[:top.count]
    counted.ordered = True
    return counted


def _fields(answer, names):
    keep_time = filters.TIME in names
    answer.rows = [Row(_non_empty((name, row.fields.get(name, b"")) for name in names),
                       row.time if keep_time else None, row.file, row.line)
                   for row in answer.rows]
    answer.names = names
    answer.has_time = answer.has_time and keep_time
    return answer


def apply(answer, pipe):
    """The answer behind one more pipe."""
    if isinstance(pipe, pipes.Limit):
        return limit_rows(answer, pipe.count)
    if isinstance(pipe, pipes.Offset):
        return limit_rows(answer, len(answer.rows), pipe.count)
    if isinstance(pipe, pipes.Fields):
        return _fields(answer, pipe.names)
    if answer.take is not None and answer.take < len(answer.rows):
        raise Undefined("a pipe behind a limit on rows in no order")
    answer.take = None
    if isinstance(pipe, pipes.Stats):
        return _stats(answer, pipe)
    if isinstance(pipe, pipes.Uniq):
        answer.rows = [Row(dict(fields)) for fields in
                       {tuple((name, row.fields.get(name, b"")) for name in pipe.names)
                        for row in answer.rows}]
        answer.rows = [Row(_non_empty(row.fields.items())) for row in answer.rows]
        answer.names, answer.ordered = pipe.names, False
        answer.has_time = filters.TIME in pipe.names
        return answer
    if isinstance(pipe, pipes.Top):
        return _top(answer, pipe)
    if isinstance(pipe, pipes.Filter):
        answer.rows = [row for row in answer.rows if pipe.matches(row)]
        return answer
    answer.rows = ordering.sort_rows(answer.rows, pipe.keys)
    answer.ordered = True
    return limit_rows(answer, len(answer.rows) if pipe.limit is None else pipe.limit, pipe.offset)


def run(query, rows):
    """The answer of a query that has been read."""
    answer = Answer([row for row in rows if query.matches(row)])
    for pipe in query.pipes:
        answer = apply(answer, pipe)
    return answer


def answer_text(text, rows, now=0):
    """The answer of the text of a query."""
    return run(read_query(text, now), rows)
