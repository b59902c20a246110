# SPDX-License-Identifier: MIT
# http_client.py: a strict HTTP/1.1 client on a bare socket, which hides nothing of the answer.
import re
import socket
import urllib.parse

from .scoreboard import seconds

WAIT_SECONDS = 30
_STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3}) [^\r\n]*\Z")
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n\0]*?)[ \t]*\Z")
_CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,16}\Z")


class BadAnswer(AssertionError):
    """The server does not speak HTTP as it should."""


class Response:
    def __init__(self, status, headers):
        self.status = status
        self.headers = headers  # pairs of a name in lower case and a value
        self.trailers = []
        self.body = b""
        self.ended_by_close = False

    def header(self, name):
        """The one value of a header, or None."""
        values = [value for header, value in self.headers if header == name.lower()]
        if len(values) > 1:
            raise BadAnswer("%s stands %d times" % (name, len(values)))
        return values[0] if values else None

    def either(self, name):
        """The one value of a header or trailer, or None."""
        values = [value for header, value in self.headers + self.trailers
                  if header == name.lower()]
        if len(values) > 1:
            raise BadAnswer("%s stands %d times" % (name, len(values)))
        return values[0] if values else None

    @property
    def text(self):
        return self.body.decode("utf-8", "replace")

    def describe(self):
        return "%d %s" % (self.status, self.text[:300])


class Connection:
    """One connection; every wait on it has an end."""

    def __init__(self, port, receive_buffer=None):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(seconds(WAIT_SECONDS))
        self.socket.connect(("127.0.0.1", port))
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """Sends; a server that has answered and closed already is no error here."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def _more(self):
        data = self.socket.recv(65536)
        if not data:
            raise EOFError("the server closed the connection after %r" % self.buffer[-200:])
        self.buffer += data

    def _line(self):
        while b"\n" not in self.buffer:
            self._more()
        line, self.buffer = self.buffer.split(b"\n", 1)
        if not line.endswith(b"\r"):
            raise BadAnswer("a line without CR: %r" % line)
        return line[:-1]

    def _exactly(self, count):
        while len(self.buffer) < count:
            self._more()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _fields(self):
        fields = []
        while True:
            line = self._line()
            if not line:
                return fields
            match = _HEADER.match(line)
            if not match:
                raise BadAnswer("no header: %r" % line)
            fields.append((match.group(1).decode().lower(), match.group(2).decode("latin-1")))

    def read_head(self):
        """The status and the headers of the next answer."""
        line = self._line()
        match = _STATUS_LINE.match(line)
        if not match:
            raise BadAnswer("no status line: %r" % line)
        return Response(int(match.group(1)), self._fields())

    def read_chunk(self):
        """The next chunk of a body; b"" is the last one."""
        size = self._line()
        if not _CHUNK_SIZE.match(size):
            raise BadAnswer("no chunk size: %r" % size)
        length = int(size, 16)
        data = self._exactly(length)
        if length and self._exactly(2) != b"\r\n":
            raise BadAnswer("no line end behind a chunk")
        return data

    def read_body(self, response, is_head=False):
        """The rest of an answer whose head has been read."""
        encoding, length = response.header("transfer-encoding"), response.header("content-length")
        if encoding is not None and length is not None:
            raise BadAnswer("both a length and chunks")
        if is_head or response.status in (204, 304) or response.status < 200:
            return response
        if encoding is not None:
            if encoding.lower() != "chunked":
                raise BadAnswer("transfer encoding %s" % encoding)
            chunks = []
            while chunk := self.read_chunk():
                chunks.append(chunk)
            response.body += b"".join(chunks)
            response.trailers = self._fields()
        elif length is not None:
            response.body += self._exactly(int(length))
        else:
            response.body += self.rest()
            response.ended_by_close = True
        return response

    def read(self, is_head=False):
        return self.read_body(self.read_head(), is_head)

    def rest(self):
        """Everything up to the end of the connection."""
        try:
            while True:
                self._more()
        except (EOFError, ConnectionResetError):
            data, self.buffer = self.buffer, b""
            return data

    def is_closed(self):
        """Whether the server closes now, without sending more."""
        return self.rest() == b""


def encoded(arguments):
    """Pairs as they stand in an address or a form."""
    return urllib.parse.urlencode(arguments, quote_via=urllib.parse.quote, safe="")


def get_request(path, arguments=(), headers=()):
    target = path + ("?" + encoded(arguments) if arguments else "")
    lines = ["GET %s HTTP/1.1" % target, "Host: logq"] + list(headers)
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def post_request(path, arguments, headers=()):
    body = encoded(arguments).encode()
    lines = ["POST %s HTTP/1.1" % path, "Host: logq", "Content-Length: %d" % len(body),
             "Content-Type: application/x-www-form-urlencoded"] + list(headers)
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def get(port, path, arguments=()):
    with Connection(port) as connection:
        connection.send(get_request(path, arguments))
        return connection.read()


def post(port, path, arguments=()):
    with Connection(port) as connection:
        connection.send(post_request(path, arguments))
        return connection.read()
