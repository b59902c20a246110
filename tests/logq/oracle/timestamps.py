# SPDX-License-Identifier: MIT
# timestamps.py: written times as nanoseconds UTC since 1970, and back.
import calendar
import functools
import re
from fractions import Fraction

from . import numeric

SECOND = 10 ** 9
DAY_SECONDS = 86400
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_RFC3339 = re.compile(
    rb"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(Z|z|[+-]\d\d:?\d\d)?\Z")
_CLF = re.compile(rb"(\d\d)/([A-Za-z]{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d\d\d\d)\Z")
_PREFIX = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ](\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?)?)?)?"
    r"(Z|z|[+-]\d\d:\d\d)?\Z")


# A time is a count of nanoseconds in 64 bits; beyond lies no time.
EARLIEST, LATEST = -2 ** 63, 2 ** 63 - 1


class Impossible(Exception):
    """Written like a time, but there is no such day, hour or offset."""


def _within_range(nanoseconds):
    return nanoseconds if EARLIEST <= nanoseconds <= LATEST else None


@functools.lru_cache(maxsize=4096)
def _days(year, month, day):
    if not 1 <= month <= 12 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        raise Impossible
    # Days from 1970-01-01 by counting whole years: no library clock, no time zone.
    past = year - 1
    leaps = past // 4 - past // 100 + past // 400
    days = past * 365 + leaps - 719162
    for earlier in range(1, month):
        days += calendar.monthrange(year, earlier)[1]
    return days + day - 1


def _zone_seconds(zone):
    if not zone or zone in "Zz":
        return 0
    hours, minutes = int(zone[1:3]), int(zone[-2:])
    if hours > 23 or minutes > 59:
        raise Impossible
    return (hours * 3600 + minutes * 60) * (-1 if zone[0] == "-" else 1)


def _instant(year, month, day, hour, minute, second, nanoseconds, zone):
    if hour > 23 or minute > 59 or second > 60:
        raise Impossible
    seconds = _days(year, month, day) * DAY_SECONDS + hour * 3600 + minute * 60 + second
    return (seconds - _zone_seconds(zone)) * SECOND + nanoseconds


def _fraction(digits):
    return int((digits or "")[:9].ljust(9, "0"))


def rfc3339(value):
    """Nanoseconds, or None when it is not written like a time. Raises Impossible."""
    match = _RFC3339.match(value)
    if not match:
        return None
    year, month, day, hour, minute, second, digits, zone = [
        part.decode() if part is not None else "" for part in match.groups()]
    return _within_range(_instant(int(year), int(month), int(day), int(hour), int(minute),
                                  int(second), _fraction(digits), zone))


def access_log(inside):
    """Nanoseconds of what stands between the brackets of an access log, or None. Raises
    Impossible."""
    match = _CLF.match(inside)
    if not match:
        return None
    day, month, year, hour, minute, second, zone = [part.decode() for part in match.groups()]
    if month not in MONTHS:
        raise Impossible
    return _within_range(_instant(int(year), MONTHS.index(month) + 1, int(day), int(hour),
                                  int(minute), int(second), 0, zone))


def unix(value):
    """Nanoseconds of a Unix number, its unit by its size; None when it is no number."""
    if not numeric.is_number(value):
        return None
    exact = numeric.exact(value)
    if exact.adjusted() > 20:
        return None
    number = Fraction(exact) if exact.adjusted() > -40 else Fraction(0)
    for below, unit in ((10 ** 11, SECOND), (10 ** 14, 10 ** 6), (10 ** 17, 10 ** 3)):
        if abs(number) < below:
            return _within_range(number * unit // 1)
    return _within_range(number // 1)


@functools.lru_cache(maxsize=4096)
def _date_text(days):
    year = 1970 + days * 400 // 146097
    while _days(year, 1, 1) > days:
        year -= 1
    while _days(year + 1, 1, 1) <= days:
        year += 1
    month = 12
    while _days(year, month, 1) > days:
        month -= 1
    return "%04d-%02d-%02d" % (year, month, days - _days(year, month, 1) + 1)


def format_time(nanoseconds):
    """RFC 3339 in UTC, with as many digits of fraction as needed."""
    seconds, fraction = divmod(nanoseconds, SECOND)
    days, rest = divmod(seconds, DAY_SECONDS)
    text = "%sT%02d:%02d:%02d" % (_date_text(days), rest // 3600, rest // 60 % 60, rest % 60)
    if fraction:
        text += "." + ("%09d" % fraction).rstrip("0")
    return (text + "Z").encode()


def unit_range(text):
    """The first and the last nanosecond of a date or a prefix of one; None when it is neither."""
    match = _PREFIX.match(text)
    if not match:
        return None
    year, month, day, hour, minute, second, digits, zone = match.groups()
    first = _instant(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0),
                     int(second or 0), _fraction(digits), zone)
    if digits:
        length = 10 ** (9 - len(digits))
    elif second:
        length = SECOND
    elif minute:
        length = 60 * SECOND
    elif hour:
        length = 3600 * SECOND
    elif day:
        length = DAY_SECONDS * SECOND
    elif month:
        length = calendar.monthrange(int(year), int(month))[1] * DAY_SECONDS * SECOND
    else:
        length = (_days(int(year) + 1, 1, 1) - _days(int(year), 1, 1)) * DAY_SECONDS * SECOND
    return first, first + length - 1


def bound(text, now):
    """The first and the last nanosecond of what a query or an argument names as a time: a date or a
    prefix of one, a Unix number, or a duration before now. None when it is none of these."""
    if text == "now":
        return now, now
    unit = unit_range(text)
    if unit:
        return unit
    age = text[4:] if text.startswith("now-") else text.lstrip("-")
    nanoseconds = numeric.duration(age)
    if nanoseconds is not None:
        return now - nanoseconds, now - nanoseconds
    value = text.encode()
    if not numeric.is_number(value):
        return None
    first = unix(value)
    # A whole number of a unit names all of that unit, as a date does.
    magnitude = abs(numeric.exact(value))
    length = 1
    if numeric.is_integer_text(value):
        length = (SECOND if magnitude < 10 ** 11 else 10 ** 6 if magnitude < 10 ** 14
                  else 10 ** 3 if magnitude < 10 ** 17 else 1)
    return first, first + length - 1
