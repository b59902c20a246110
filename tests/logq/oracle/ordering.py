# SPDX-License-Identifier: MIT
# ordering.py: which of two values, and which of two rows, comes first.
import functools
from decimal import Decimal

from . import numeric, timestamps

TIME = b"_time"
_NONE = Decimal(0)


def _time_of(value):
    try:
        return timestamps.rfc3339(value)
    except timestamps.Impossible:
        return None


@functools.lru_cache(maxsize=1 << 17)
def value_key(name, value):
    """Numbers before strings; numbers by value, strings by bytes. Values of `_time` go by time: as
    text half past ten would come before ten, `.5Z` before `Z`."""
    if numeric.is_number(value):
        return (0, numeric.exact(value), b"")
    time = _time_of(value) if name == TIME else None
    if value and time is not None:
        return (2, Decimal(time), b"")
    return (3 if value else 1, _NONE, value)


def strict_key(name, value):
    """The same, and one number written in two ways by its bytes: an answer is one answer."""
    return value_key(name, value), value


def _by_columns(rows, keys, names):
    """Rows in the order of the first key, those alike in the order of the next ones, and those
    alike in all of them by their bytes."""
    if len(rows) < 2:
        return rows
    if not keys:
        return sorted(rows, key=lambda row: [row.fields.get(name, b"") for name in names])
    name, descends = keys[0]
    alike = {}
    for row in rows:
        alike.setdefault(value_key(name, row.fields.get(name, b"")), []).append(row)
    return [row for key in sorted(alike, reverse=descends)
            for row in _by_columns(alike[key], keys[1:], names)]


def sort_rows(rows, keys):
    """By the keys, pairs of a name and whether it descends; then by all other columns in the order
    of their names, ascending."""
    names = sorted({name for row in rows for name in row.fields})
    sorted_by = {name for name, _ in keys}
    others = [(name, False) for name in names if name not in sorted_by]
    return _by_columns(rows, keys + others, names)
