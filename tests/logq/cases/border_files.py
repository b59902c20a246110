# SPDX-License-Identifier: MIT
# border_files.py: files whose lines begin, end and lie across every border of 64 KiB.
import random

BORDER = 64 * 1024
BORDERS = 44  # 2.75 MiB: multiples of 256 KiB and of 1 MiB are among them
SHORT_LINES = 12000
NEEDLE = b"needle"


def _padding(draw, length):
    """Text of exactly that length: words, so that it is searched like any other."""
    if length <= 0:
        return b""
    text = b"pad" + b" x%d" % draw.randrange(10 ** 6) * (length // 2)
    return text[:length - 1] + b"."


class _Writer:
    def __init__(self, draw, access_line, json_line):
        self.draw = draw
        self.access_line = access_line
        self.json_line = json_line
        self.content = bytearray()
        self.number = 0

    def line(self):
        self.number += 1
        second = self.number % 3600
        if self.draw.random() < 0.2:
            return self.json_line(self.draw, second, self.number)
        return self.access_line(self.draw, second)

    def fill(self, until):
        """Whole lines, the last one ending exactly before `until`."""
        while until - len(self.content) > 1000:
            self.content += self.line() + b"\n"
        left = until - len(self.content)
        self.content += _padding(self.draw, left - 1) + b"\n"

    def across(self, border, line, before):
        """The line, with `before` of its bytes before the border."""
        self.fill(border - before)
        self.content += line


def _cases(draw, writer):
    """Each gives a line with its end, and how many of its bytes lie before a border."""
    needle = b'10.9.9.9 - - [22/Nov/2026:13:30:00 +0000] "GET /needle HTTP/1.1" 503 7 "-" "n"'
    escaped = b'10.9.9.9 - - [22/Nov/2026:13:30:00 +0000] "GET /\\"q HTTP/1.1" 200 1 "-" "q"'
    at = needle.index(NEEDLE)
    yield lambda: (b"", 0)  # a line ends at the border, the next begins behind it
    yield lambda: (needle + b"\n", 1)
    yield lambda: (needle + b"\n", len(needle))  # only the line end behind the border
    yield lambda: (needle + b"\n", len(needle) + 1)
    yield lambda: (needle + b"\r\n", len(needle))
    yield lambda: (needle + b"\r\n", len(needle) + 1)  # between the two bytes of the line end
    yield lambda: (needle + b"\n", at + 3)  # in the middle of the word
    yield lambda: (b"\n\n\r\n\n", 2)  # blank lines
    yield lambda: ("né€dle é\n".encode(), 2)  # in the middle of a character
    yield lambda: (escaped + b"\n", escaped.index(b'\\"') + 1)  # between back-slash and quote
    yield lambda: (b'{"msg":"needle \\u00e9","level":"error","seq":1}\n', 17)
    yield lambda: (writer.line() + b"\n", draw.randrange(1, 60))


def border_file(seed, access_line, json_line):
    draw = random.Random(seed)
    writer = _Writer(draw, access_line, json_line)
    cases = list(_cases(draw, writer))
    for index in range(1, BORDERS + 1):
        border = index * BORDER
        if len(writer.content) >= border - 2000:
            continue  # a long line lies over this border
        line, before = cases[index % len(cases)]()
        writer.across(border, line, before)
        if index % 16 == 5:
            # One line over several borders, with words at both its ends and in its middle.
            half = _padding(draw, 3 * BORDER)
            parts = (b"needle begins", half, b"needle within", half, b"needle ends")
            writer.content += b" ".join(parts) + b"\n"
    return bytes(writer.content)


def short_lines_file(seed):
    """Very many very short lines. None is a number, so that each sorts by its bytes."""
    draw = random.Random(seed)
    return b"".join(b"%xz\n" % draw.getrandbits(draw.choice((4, 8, 12, 60)))
                    for _ in range(SHORT_LINES))


def files(seed, access_line, json_line):
    yield "borders.log", border_file(seed, access_line, json_line)
    yield "borders_unended.log", border_file(seed + 1, access_line, json_line)[:5 * 256 * 1024]
    yield "short.log", short_lines_file(seed)
