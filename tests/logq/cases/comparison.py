# SPDX-License-Identifier: MIT
# comparison.py: whether the JSON lines that logq printed are the answer that the oracle gives.
import collections
import functools
import json
import re

SHOWN = 3  # differing rows
SHOWN_LENGTH = 400

_REPLACEMENTS = re.compile("�+")


def _without_runs(text):
    """How many U+FFFD stand for a broken sequence is left open, so that runs count as one."""
    return _REPLACEMENTS.sub("�", text) if "�" in text else text


@functools.lru_cache(maxsize=1 << 18)
def printed(value):
    """Bytes as they are printed: what is no UTF-8 is U+FFFD."""
    return _without_runs(value.decode("utf-8", "replace"))


def _expected(row):
    return {printed(name): printed(value) for name, value in row.fields.items()}


def _pairs(pairs):
    names = [name for name, _ in pairs]
    if len(names) != len(set(names)):
        raise ValueError("a key stands twice: %s" % names)
    return pairs


def parse_lines(output):
    """The rows of JSON lines: lists of pairs. Raises ValueError."""
    if output and not output.endswith(b"\n"):
        raise ValueError("the last line has no end: %r" % output[-100:])
    rows = []
    for line in output.decode("utf-8").split("\n")[:-1]:
        pairs = json.loads(line, object_pairs_hook=_pairs)
        if not isinstance(pairs, list) or not all(isinstance(value, str) for _, value in pairs):
            raise ValueError("no object of strings: %s" % line[:SHOWN_LENGTH])
        rows.append(pairs)
    return rows


def _actual(pairs):
    """A missing field equals the empty string, so that empty columns are left out."""
    return {_without_runs(name): _without_runs(value) for name, value in pairs if value}


def _show(row):
    text = json.dumps(dict(row), ensure_ascii=False, sort_keys=True)
    return text if len(text) <= SHOWN_LENGTH else text[:SHOWN_LENGTH] + "..."


def _count(rows):
    return collections.Counter(tuple(sorted(row.items())) for row in rows)


def _difference(wanted, got, only_some):
    """What is missing and what is too many, as text."""
    missing = () if only_some else (wanted - got)
    lines = []
    for mark, rows in (("- wanted", missing), ("+ got", got - wanted)):
        for row in list(rows)[:SHOWN]:
            lines.append("%s %s" % (mark, _show(row)))
        if len(rows) > SHOWN:
            lines.append("%s %d more of the like" % (mark, len(rows) - SHOWN))
    return "\n".join(lines)


def _column_order(answer, rows):
    """A problem when columns do not stand in the order that the pipes fix."""
    place = {printed(name): index for index, name in reversed(list(enumerate(answer.names)))}
    for pairs in rows:
        names = [name for name, _ in pairs]
        unknown = [name for name in names if name not in place]
        if unknown:
            return "columns that were not asked for: %s" % unknown
        if names != sorted(names, key=place.get):
            return "columns %s, wanted the order %s" % (names, list(place))
    return None


def problem(answer, output):
    """What is wrong with the output as an answer, or None."""
    try:
        rows = parse_lines(output)
    except ValueError as error:
        return "not JSON lines: %s" % error
    wanted = [_expected(row) for row in answer.rows]
    got = [_actual(pairs) for pairs in rows]
    if answer.names is not None:
        wrong = _column_order(answer, rows)
        if wrong:
            return wrong
    if answer.ordered:
        for index, (left, right) in enumerate(zip(wanted, got)):
            if left != right:
                return "row %d of %d:\n- wanted %s\n+ got    %s" % (
                    index + 1, len(wanted), _show(left), _show(right))
        if len(wanted) != len(got):
            return "%d rows, wanted %d" % (len(got), len(wanted))
        return None
    only_some = answer.take is not None
    difference = _difference(_count(wanted), _count(got), only_some)
    number = answer.take if only_some else len(wanted)
    if len(got) != number:
        return "%d rows, wanted %d\n%s" % (len(got), number, difference)
    return difference or None
