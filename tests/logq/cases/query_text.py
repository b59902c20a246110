# SPDX-License-Identifier: MIT
# query_text.py: bytes as a query may write them.
import re

_PLAIN = re.compile(rb"[A-Za-z0-9_]+\Z")
_KEYWORDS = (b"and", b"or", b"not", b"in", b"range", b"i", b"by", b"as", b"if", b"desc", b"asc",
             b"limit", b"offset", b"options")
_NAMED = {ord("\\"): "\\\\", ord('"'): '\\"', ord("\n"): "\\n", ord("\t"): "\\t", ord("\r"): "\\r"}


def double_quoted(value):
    """In double quotes, with Go's escapes."""
    try:
        text = value.decode()
        printable = all(character.isprintable() or ord(character) in _NAMED for character in text)
    except UnicodeDecodeError:
        printable = False
    if printable:
        return '"' + "".join(_NAMED.get(ord(character), character) for character in text) + '"'
    return '"' + "".join(_NAMED.get(byte) or (chr(byte) if 32 <= byte < 127 else "\\x%02x" % byte)
                         for byte in value) + '"'


def raw_quoted(value):
    """In back-quotes where that is possible, else in double quotes."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return double_quoted(value)
    if "`" in text or not text.isprintable():
        return double_quoted(value)
    return "`" + text + "`"


def single_quoted(value):
    """In single quotes where that is possible, else in double quotes."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return double_quoted(value)
    if not text.isprintable():
        return double_quoted(value)
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def may_stand_bare(value):
    return _PLAIN.match(value) is not None and value.lower() not in _KEYWORDS


def name(field):
    """A field's name, in quotes where it needs them."""
    return field.decode() if re.match(rb"[A-Za-z_][A-Za-z0-9_.]*\Z", field) \
        and field not in _KEYWORDS else double_quoted(field)
