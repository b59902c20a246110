# SPDX-License-Identifier: MIT
# corpus.py: folders of log files that the tests of whole answers ask about.
import os
import random

from oracle import records

from . import border_files, line_mutation, special_lines

HOUR = 1795352400  # 2026-11-22T13:00:00Z; access lines lie in it, JSON lines in the one after
MIXED_LINES = 1500  # of each kind
MUTATED_LINES = 4000

_ADDRESSES = [b"10.0.0.%d" % n for n in range(12)] + [b"2001:db8::%x" % n for n in range(6)]
_USERS = [b"-"] * 6 + [b"alice", b"bob", b"john smith"]
_METHODS = [b"GET"] * 7 + [b"POST", b"POST", b"PUT", b"DELETE"]
_PATHS = [b"/", b"/index.html", b"/api/v1/items", b"/api/v1/users", b"/img/logo.png",
          b"/search?q=error", b"/caf\xc3\xa9", b"/a b", b'/say?\\"hi\\"',
          b"/api/v2/items/7", b"/robots.txt"]
_STATUSES = [b"200"] * 8 + [b"301", b"304", b"404", b"404", b"500", b"502", b"503"]
_REFERERS = [b"-", b"-", b"https://a.example/", b"https://b.example/x?y=z"]
_AGENTS = [b"curl/8.5", b"Mozilla/5.0 (X11; Linux x86_64)", b'odd \\"agent\\"', b"-",
           b"Go-http-client/2.0", b"\xd0\x96\xd1\x83\xd0\xba 1.0"]
_LEVELS = [b"info"] * 5 + [b"warn", b"error"]
_WORDS = [b"error", b"errors", b"cannot", b"open", b"file", b"timeout", b"upstream", b"Error",
          b"retry_1", "caf\u00e9".encode(), "\u043e\u0448\u0438\u0431\u043a\u0430".encode(), b"x=1",
          b"(a)", b"404"]


def _clf_time(second):
    return b"[22/Nov/2026:13:%02d:%02d +0000]" % (second // 60, second % 60)


def access_line(draw, second):
    host = b"shop.example:443 " if draw.random() < 0.15 else b""
    request = b"%s %s HTTP/1.1" % (draw.choice(_METHODS), draw.choice(_PATHS))
    size = b"-" if draw.random() < 0.05 else b"%d" % int(draw.paretovariate(0.7) * 100)
    line = b'%s%s - %s %s "%s" %s %s' % (host, draw.choice(_ADDRESSES), draw.choice(_USERS),
                                         _clf_time(second), request, draw.choice(_STATUSES), size)
    if draw.random() < 0.8:
        line += b' "%s" "%s"' % (draw.choice(_REFERERS), draw.choice(_AGENTS))
        if draw.random() < 0.1:
            line += b" %d.%03d" % (draw.randrange(3), draw.randrange(1, 1000))
    return line


def json_line(draw, second, number):
    # All times have a fraction of three digits: the order of times as text is then that of times.
    fraction = draw.randrange(100) * 10 + draw.randrange(1, 10)
    parts = [b'"time":"2026-11-22T14:%02d:%02d.%03dZ"' % (second // 60, second % 60, fraction),
             b'"level":"%s"' % draw.choice(_LEVELS), b'"seq":%d' % number,
             b'"msg":"%s"' % b" ".join(draw.choice(_WORDS) for _ in range(draw.randrange(1, 6)))]
    if draw.random() < 0.7:
        parts.append(b'"duration":%s' % (b"%g" % (draw.randrange(1, 40000) / 1000)))
    if draw.random() < 0.5:
        parts.append(b'"user":{"name":"%s","id":%d}' % (draw.choice([b"ann", b"ben", b"c\xff"]),
                                                       draw.randrange(20)))
    if draw.random() < 0.3:
        parts.append(b'"big":%d' % (draw.choice([-1, 1]) * draw.getrandbits(90)))
    if draw.random() < 0.3:
        parts.append(b'"mixed":%s'
                     % draw.choice([b"1", b"2.5", b'"x"', b"null", b'""', b'"10"', b"9"]))
    draw.shuffle(parts)
    return b"{" + b",".join(parts) + b"}"


def text_line(draw, number):
    return b"%s #%d" % (b" ".join(draw.choice(_WORDS) for _ in range(draw.randrange(1, 8))), number)


def _mixed_file(draw, kinds, end):
    lines = []
    for number in range(MIXED_LINES):
        second = number * 3600 // MIXED_LINES
        kind = draw.choice(kinds)
        if kind == "access":
            lines.append(access_line(draw, second))
        elif kind == "json":
            lines.append(json_line(draw, second, number))
        else:
            lines.append(text_line(draw, number))
    return end.join(lines) + end


class Folder:
    """A folder of files on disk, and the rows that the oracle reads from them, by file name."""

    def __init__(self, path):
        self.path = path
        self.rows_of_file = {}
        self.counts = records.Counts()
        self.size = 0

    def add(self, name, content):
        target = os.path.join(self.path, name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content)
        self.rows_of_file[name] = records.read_content(content, name.encode(), self.counts)
        self.size += len(content)

    @property
    def names(self):
        return list(self.rows_of_file)

    @property
    def rows(self):
        return [row for rows in self.rows_of_file.values() for row in rows]


def special(path):
    """Every special line; each file for one thing about files."""
    folder = Folder(path)
    lines = special_lines.ALL
    folder.add("special.log", b"\n".join(lines) + b"\n")
    folder.add("crlf.log", b"\r\n".join(lines[::2]) + b"\r\n")
    folder.add("unended.log", b"\n".join(lines[1::2]))
    folder.add("mark.log", b"\xef\xbb\xbf" + b"\n".join(lines[:40]) + b"\n")
    folder.add("blank.log", b"\n\r\n\n" + b"\n\n".join(lines[20:50]) + b"\n\n\r\n")
    folder.add("empty.log", b"")
    folder.add("only_mark.log", b"\xef\xbb\xbf")
    folder.add("only_blank.log", b"\n\n\r\n")
    folder.add("one_byte.log", b"x")
    folder.add("binary.log", bytes(range(256)) * 40 + b"\n" + bytes(range(255, -1, -1)) * 40)
    folder.add("repeated.log", (lines[0] + b"\n" + lines[30] + b"\n") * 50)
    return folder


def mixed(path, seed):
    """Files of each format and of all of them, from a seed."""
    folder = Folder(path)
    draw = random.Random(seed)
    folder.add("access.log", _mixed_file(draw, ["access"], b"\n"))
    folder.add("events.json", _mixed_file(draw, ["json"], b"\n"))
    folder.add("app.txt", _mixed_file(draw, ["text"], b"\r\n"))
    folder.add("mixed.log", _mixed_file(draw, ["access", "access", "json", "text"], b"\n"))
    return folder


def mutated(path, seed):
    """Lines that are nearly right, in ways that a random choice finds."""
    folder = Folder(path)
    draw = random.Random(seed)
    lines = special_lines.ALL + [access_line(draw, second) for second in range(200)]
    lines += [json_line(draw, number, number) for number in range(200)]
    mutated_lines = [line_mutation.mutate(draw, draw.choice(lines), lines)
                     for _ in range(MUTATED_LINES)]
    folder.add("mutated.log", b"\n".join(mutated_lines) + b"\n")
    return folder


def borders(path, seed):
    """Files of several MiB with lines at and across the borders of chunks."""
    folder = Folder(path)
    for name, content in border_files.files(seed, access_line, json_line):
        folder.add(name, content)
    return folder
