# SPDX-License-Identifier: MIT
# numeric.py: numbers as logs and queries write them: grammar, exact values, shortest notation.
import re
from decimal import Decimal, InvalidOperation
from fractions import Fraction

_NUMBER = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?\Z")
_INTEGER = re.compile(rb"-?[0-9]+\Z")

# Floats are written with plain digits in this range of magnitudes, as most languages do.
PLAIN_FROM = 1e-6
PLAIN_BELOW = 1e21

EXPONENT_MAX = 10 ** 17
FRACTION_DIGITS = 2000
INT128_MIN, INT128_MAX = -2 ** 127, 2 ** 127 - 1

_SUFFIXES = {"": 1, "B": 1}
for _power, _letter in enumerate("KMGT", 1):
    _SUFFIXES[_letter] = _SUFFIXES[_letter + "B"] = 1000 ** _power
    _SUFFIXES[_letter + "i"] = _SUFFIXES[_letter + "iB"] = 1024 ** _power

_UNITS = {"ns": 1, "us": 10 ** 3, "µs": 10 ** 3, "μs": 10 ** 3, "ms": 10 ** 6, "s": 10 ** 9,
          "m": 60 * 10 ** 9, "h": 3600 * 10 ** 9, "d": 86400 * 10 ** 9, "w": 7 * 86400 * 10 ** 9,
          "y": 365 * 86400 * 10 ** 9}
_DURATION_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ns|us|µs|μs|ms|s|m|h|d|w|y)")
_QUANTITY = re.compile(r"(-?[0-9_]+(?:\.[0-9_]+)?)([A-Za-z]*)\Z")


def is_number(value):
    """Whether the whole value is a number."""
    return _NUMBER.match(value) is not None


def exact(value):
    """The exact value of a number. Decimal, not Fraction: exponents may be huge. Beyond what
    Decimal takes they are all alike."""
    try:
        return Decimal(value.decode("ascii"))
    except InvalidOperation:
        mantissa, exponent = re.split(rb"[eE]", value)
        sign = "-" if exponent.startswith(b"-") else ""
        return Decimal("%se%s%d" % (mantissa.decode(), sign, EXPONENT_MAX))


def to_double(value):
    """The nearest double of a number's text."""
    return float(value)


def is_integer_text(value):
    return _INTEGER.match(value) is not None


def as_fraction(value):
    """The exact value as a Fraction; None where its digits would fill the memory."""
    number = exact(value)
    if number and abs(number.adjusted()) > FRACTION_DIGITS:
        return None
    return Fraction(number) if number else Fraction(0)


def integer_value(value):
    """The integer of 128 bits that a number is (1.0 and 1e3 are), or None."""
    fraction = as_fraction(value)
    if fraction is None or fraction.denominator != 1 or not INT128_MIN <= fraction <= INT128_MAX:
        return None
    return int(fraction)


def format_double(value):
    """The shortest text that reads back as the same double."""
    if value != value:
        return b"NaN"
    if value in (float("inf"), float("-inf")):
        return b"+Inf" if value > 0 else b"-Inf"
    if value == 0:
        return b"0"
    sign, digits, exponent = Decimal(repr(value)).normalize().as_tuple()
    text = "".join(map(str, digits))
    point = len(text) + exponent  # the digits before the decimal point
    if PLAIN_FROM <= abs(value) < PLAIN_BELOW:
        if point <= 0:
            body = "0." + "0" * -point + text
        elif point >= len(text):
            body = text + "0" * (point - len(text))
        else:
            body = text[:point] + "." + text[point:]
    else:
        fraction = "." + text[1:] if len(text) > 1 else ""
        body = "%s%se%+d" % (text[0], fraction, point - 1)
    return (("-" if sign else "") + body).encode()


def format_exact(value):
    """A Fraction as plain digits, where it has a finite decimal form."""
    if value.denominator == 1:
        return str(value.numerator).encode()
    scale, rest = 0, value.denominator
    while rest % 10 == 0 or rest % 5 == 0 or rest % 2 == 0:
        rest //= 10 if rest % 10 == 0 else 5 if rest % 5 == 0 else 2
        scale += 1
    if rest != 1:
        return format_double(float(value))
    digits = str(abs(value.numerator) * 10 ** scale // value.denominator).rjust(scale + 1, "0")
    body = (digits[:-scale] + "." + digits[-scale:]).rstrip("0").rstrip(".")
    return (("-" if value < 0 else "") + body).encode()


def duration(text):
    """Nanoseconds of a duration such as 5m, 1h30m, 1.5s, -1d; None when it is none."""
    sign = -1 if text.startswith("-") else 1
    rest = text[1:] if sign < 0 else text
    total, position = Fraction(0), 0
    while position < len(rest):
        part = _DURATION_PART.match(rest, position)
        if not part:
            return None
        total += Fraction(part.group(1)) * _UNITS[part.group(2)]
        position = part.end()
    return sign * int(total) if rest else None


def quantity(text):
    """The exact value of a number as a query may write it: with a suffix, or as a duration (which
    counts nanoseconds). None when it is none of these."""
    if _NUMBER.match(text.encode()):
        return exact(text.encode())
    match = _QUANTITY.match(text)
    if match and match.group(2) in _SUFFIXES:
        return Decimal(match.group(1).replace("_", "")) * _SUFFIXES[match.group(2)]
    if text.lower().lstrip("+-") in ("inf", "infinity"):
        return Decimal("-Infinity") if text.startswith("-") else Decimal("Infinity")
    nanoseconds = duration(text)
    return None if nanoseconds is None else Decimal(nanoseconds)
