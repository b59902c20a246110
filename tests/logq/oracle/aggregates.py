# SPDX-License-Identifier: MIT
# aggregates.py: the functions of stats, each from all values at once and exactly.
import math
from fractions import Fraction

from . import numeric

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


def least(values):
    present = [value for value in values if value]
    return min(present, key=numeric.sort_key) if present else NO_VALUE


def greatest(values):
    present = [value for value in values if value]
    return max(present, key=numeric.sort_key) if present else NO_VALUE


def quantile(phi, values):
    numbers = sorted(_numbers(values), key=numeric.sort_key)
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
    return {"sum": total, "avg": average, "min": least, "max": greatest,
            "median": lambda all_values: quantile(0.5, all_values)}[name](values)
