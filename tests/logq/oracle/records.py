# SPDX-License-Identifier: MIT
# records.py: files as lines, and lines as records.
from . import access_line, json_line, timestamps

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd")

_TIME_NAMES = (b"_time", b"time", b"timestamp", b"@timestamp", b"ts")
_MESSAGE_NAMES = (b"_msg", b"message", b"msg", b"log")
_OWN_NAMES = (b"_file", b"_stream", b"_format")


class Row:
    """Fields (only those that are not empty) and where it came from."""

    __slots__ = ("fields", "time", "file", "line")

    def __init__(self, fields, time=None, file=b"", line=0):
        self.fields = fields
        self.time = time  # nanoseconds, or None
        self.file = file
        self.line = line


class Counts:
    """Lines read are those parsed, unparsed and blank."""

    def __init__(self):
        self.read = 0
        self.unparsed = 0
        self.blank = 0


def split_lines(content, last_counts=True):
    """The lines of a file without their ends, the blank ones included."""
    if content.startswith(BYTE_ORDER_MARK):
        content = content[len(BYTE_ORDER_MARK):]
    lines = content.split(b"\n")
    last = lines.pop()
    if last and last_counts:
        lines.append(last)
    return [line[:-1] if line.endswith(b"\r") else line for line in lines]


def _json_time(fields):
    for name in _TIME_NAMES:
        value = fields.get(name)
        if value:
            time = timestamps.rfc3339(value)
            return timestamps.unix(value) if time is None else time
    return None


def _json_record(line):
    """(fields, time, message), or None."""
    try:
        fields = json_line.flatten(line)
    except json_line.Invalid:
        return None
    time = _json_time(fields)
    message = next((fields[name] for name in _MESSAGE_NAMES if fields.get(name)), line)
    fields = {name: value for name, value in fields.items() if value and name not in _OWN_NAMES}
    fields.pop(b"_time", None)
    return fields, time, message


def read_line(line):
    """(format, fields, time, message) of a line that is not blank."""
    try:
        access = access_line.parse(line)
        if access:
            return access[0], access[1], access[2], line
        if line.lstrip(b" \t\r\n").startswith(b"{"):
            record = _json_record(line)
            if record:
                return (b"json",) + record
    except timestamps.Impossible:
        pass
    return b"text", {}, None, line


def stream_of(file):
    return b'{file="' + file + b'"}'


def make_row(line, file, number):
    """A line as a row with all its fields."""
    kind, fields, time, message = read_line(line)
    fields = dict(fields)
    fields.update({b"_msg": message, b"_file": file, b"_stream": stream_of(file),
                   b"_format": kind})
    if time is not None:
        fields[b"_time"] = timestamps.format_time(time)
    return Row(fields, time, file, number)


def read_content(content, file, counts=None, last_counts=True):
    """The rows of a file's content."""
    rows = []
    for number, line in enumerate(split_lines(content, last_counts), 1):
        if counts:
            counts.read += 1
        if not line:
            if counts:
                counts.blank += 1
            continue
        row = make_row(line, file, number)
        if counts and row.fields[b"_format"] == b"text":
            counts.unparsed += 1
        rows.append(row)
    return rows
