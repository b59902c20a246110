# SPDX-License-Identifier: MIT
# access_line.py: a line of an access log in the Common or the Combined format.
import ipaddress
import re

from . import timestamps

# The first ` [date]` ends the part that names the client; the user in it may contain spaces.
_LINE = re.compile(
    rb"(.*?) \[(\d\d/[A-Za-z]{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]"
    rb' "((?:[^"\\]|\\.)*)" (\d+|-) (\d+|-)(?= |\Z)(.*)\Z', re.S)
_REFERER_AND_AGENT = re.compile(
    rb' "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)"(?= |\Z)(.*)\Z', re.S)
_VIRTUAL_HOST = re.compile(rb"[^ ]+:\d+\Z")
_METHOD = re.compile(rb"[A-Z]+\Z")
_ESCAPE = re.compile(rb'\\(x[0-9A-Fa-f]{2}|["\\ntrbfv])', re.S)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"f": b"\f", b"v": b"\v",
            b'"': b'"', b"\\": b"\\"}


def _is_address(token):
    try:
        ipaddress.ip_address(token.decode("ascii"))
        return True
    except (ValueError, UnicodeDecodeError):
        return False


def _one_escape(match):
    what = match.group(1)
    return bytes([int(what[1:], 16)]) if what[:1] == b"x" else _LETTERS[what]


def unescape(quoted):
    """What stands between two quotes; back-slashes that begin no known escape stay."""
    return _ESCAPE.sub(_one_escape, quoted) if b"\\" in quoted else quoted


def _client(part):
    """(host, addr, user) of what stands before the date, or None."""
    tokens = part.split(b" ", 1)
    host = b""
    if len(tokens) == 2 and _VIRTUAL_HOST.match(tokens[0]):
        second = tokens[1].split(b" ", 1)[0]
        if _is_address(second):
            host, part = tokens
    fields = part.split(b" ", 2)
    if len(fields) < 3 or not fields[0]:
        return None
    return host, fields[0], fields[2]


def _request(request):
    """Fields of the request line, as far as it is one."""
    first, last = request.find(b" "), request.rfind(b" ")
    if first < 0:
        return {}
    method = request[:first]
    if not _METHOD.match(method):
        return {}
    if request[last + 1:].startswith(b"HTTP/") and last - first > 1:
        return {b"request_method": method, b"request_uri": request[first + 1:last],
                b"server_protocol": request[last + 1:]}
    if first == last and last + 1 < len(request):
        return {b"request_method": method, b"request_uri": request[first + 1:],
                b"server_protocol": b"HTTP/0.9"}
    return {}


def parse(line):
    """(format, fields, nanoseconds), or None for a line that is none. Raises Impossible for a date
    that does not exist."""
    match = _LINE.match(line)
    if not match:
        return None
    client = _client(match.group(1))
    if client is None:
        return None
    time = timestamps.access_log(match.group(2))
    host, address, user = client
    request = unescape(match.group(3))
    fields = {b"host": host, b"remote_addr": address, b"remote_user": user, b"request": request}
    if request != b"-":
        fields.update(_request(request))
    fields[b"status"] = match.group(4)
    fields[b"body_bytes_sent"] = match.group(5)
    kind, rest = b"common", match.group(6)
    longer = _REFERER_AND_AGENT.match(rest)
    if longer:
        kind, rest = b"combined", longer.group(3)
        fields[b"http_referer"] = unescape(longer.group(1))
        fields[b"http_user_agent"] = unescape(longer.group(2))
    missing = {name for name, value in fields.items() if value in (b"", b"-")}
    fields = {name: value for name, value in fields.items() if name not in missing}
    if rest[1:]:
        fields[b"extra"] = rest[1:]
    return kind, fields, time
