# SPDX-License-Identifier: MIT
# aggregates.py: the functions of stats, each from all values at once and exactly.
import functools
import math
from fractions import Fraction

from . import numeric, ordering

NO_SUM = b"NaN"
NO_VALUE = b""


def _numbers(values):
    return [value for value in values if numeric.is_number(value)]


def _sum_of_doubles(values):
    doubles = [numeric.to_double(value) for value in values]
    if any(math.isinf(double) for double in doubles):
        return sum(doubles)
    exact = sum((Fraction(double) for double in doubles), Fraction(0))
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def _exact_sum(numbers):
    """An integer when all numbers are integers, else the double nearest to the exact sum of their
    doubles."""
    integers = [numeric.integer_value(value) for value in numbers]
    if None not in integers:
        return sum(integers)
    return _sum_of_doubles(numbers)


def total(values):
    numbers = _numbers(values)
    if not numbers:
        return NO_SUM
    result = _exact_sum(numbers)
    return str(result).encode() if isinstance(result, int) else numeric.format_double(result)


def average(values):
    numbers = _numbers(values)
    if not numbers:
        return NO_SUM
    return numeric.format_double(float(_exact_sum(numbers)) / float(len(numbers)))


def _extreme(choose, field, values):
    present = [value for value in values if value]
    return choose(present, key=functools.partial(ordering.strict_key, field)) if present \
        else NO_VALUE


def least(field, values):
    """The first one in the order of `sort`."""
    return _extreme(min, field, values)


def greatest(field, values):
    return _extreme(max, field, values)


def quantile(phi, values):
    numbers = sorted(_numbers(values), key=lambda value: (numeric.exact(value), value))
    if not numbers:
        return NO_VALUE
    return numbers[min(len(numbers) - 1, math.floor(phi * float(len(numbers))))]


def compute(name, phi, fields, rows):
    """The value of a function over the rows of one group."""
    if name == "count":
        if not fields:
            return str(len(rows)).encode()
        return str(sum(1 for row in rows if any(row.fields.get(f) for f in fields))).encode()
    if name == "count_uniq":
        tuples = {tuple(row.fields.get(f, b"") for f in fields) for row in rows}
        return str(sum(1 for values in tuples if any(values))).encode()
    values = [row.fields.get(field, b"") for field in fields for row in rows]
    if name == "quantile":
        return quantile(phi, values)
    if name in ("min", "max"):
        return (least if name == "min" else greatest)(fields[0], values)
    return {"sum": total, "avg": average,
            "median": functools.partial(quantile, 0.5)}[name](values)
