# SPDX-License-Identifier: MIT
# http_protocol.py: requests that are right, wrong, too large or too slow, and what comes back.
import json
import os
import re

from . import http_client, server
from .http_client import Connection, get_request, post_request
from .server import QUERY

HEADER_TIMEOUT_MS = 300
REQUEST_LIMIT = 16384
QUERY_LIMIT = 300

GOOD = b"GET /health HTTP/1.1\r\nHost: logq\r\n\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
POST = b"POST /select/logsql/query HTTP/1.1\r\nHost: logq\r\n" + FORM
CHUNKED = b"Transfer-Encoding: chunked\r\n"
COUNT = b"query=*%7Cstats%20count()%20as%20n"  # 34 bytes

# Each must be refused with 400, and the connection closed: what follows cannot be trusted.
MALFORMED = {
    "a length and chunks": POST + b"Content-Length: 34\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "chunks and a length": POST + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths that differ": POST + b"Content-Length: 34\r\nContent-Length: 35\r\n\r\n" + COUNT,
    "two lengths alike": POST + b"Content-Length: 34\r\nContent-Length: 34\r\n\r\n" + COUNT,
    "a list of lengths": POST + b"Content-Length: 34, 35\r\n\r\n" + COUNT,
    "a negative length": POST + b"Content-Length: -1\r\n\r\n",
    "a signed length": POST + b"Content-Length: +34\r\n\r\n" + COUNT,
    "a length in hexadecimal": POST + b"Content-Length: 0x22\r\n\r\n" + COUNT,
    "an empty length": POST + b"Content-Length: \r\n\r\n",
    "a length with text": POST + b"Content-Length: 34x\r\n\r\n" + COUNT,
    "chunks twice": POST + CHUNKED + CHUNKED + b"\r\n0\r\n\r\n",
    "bare line feeds": b"GET /health HTTP/1.1\nHost: logq\n\n",
    "a bare line feed in one header": b"GET /health HTTP/1.1\r\nHost: logq\nX: y\r\n\r\n",
    "a bare carriage return in a header": b"GET /health HTTP/1.1\r\nHost: logq\r\nX: a\rb\r\n\r\n",
    "a folded header": b"GET /health HTTP/1.1\r\nHost: logq\r\nX: a\r\n b\r\n\r\n",
    "a header that begins with a space": b"GET /health HTTP/1.1\r\n Host: logq\r\n\r\n",
    "a space before the colon": b"GET /health HTTP/1.1\r\nHost : logq\r\n\r\n",
    "a header without colon": b"GET /health HTTP/1.1\r\nHost: logq\r\nNonsense\r\n\r\n",
    "a header without name": b"GET /health HTTP/1.1\r\nHost: logq\r\n: x\r\n\r\n",
    "a header name with a bracket": b"GET /health HTTP/1.1\r\nHost: logq\r\nX(): y\r\n\r\n",
    "NUL in a header": b"GET /health HTTP/1.1\r\nHost: logq\r\nX: a\0b\r\n\r\n",
    "NUL in a header name": b"GET /health HTTP/1.1\r\nHost: logq\r\nX\0: b\r\n\r\n",
    "NUL in the address": b"GET /hea\0lth HTTP/1.1\r\nHost: logq\r\n\r\n",
    "a control character in the address": b"GET /hea\x01lth HTTP/1.1\r\nHost: logq\r\n\r\n",
    "no host": b"GET /health HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "two spaces": b"GET  /health HTTP/1.1\r\nHost: logq\r\n\r\n",
    "a space at the end": b"GET /health HTTP/1.1 \r\nHost: logq\r\n\r\n",
    "a space in the address": b"GET /hea lth HTTP/1.1\r\nHost: logq\r\n\r\n",
    "no version": b"GET /health\r\nHost: logq\r\n\r\n",
    "a version in small letters": b"GET /health http/1.1\r\nHost: logq\r\n\r\n",
    "a version without dot": b"GET /health HTTP/11\r\nHost: logq\r\n\r\n",
    "an address without slash": b"GET health HTTP/1.1\r\nHost: logq\r\n\r\n",
    "a method with a sign": b"G@T /health HTTP/1.1\r\nHost: logq\r\n\r\n",
    "another protocol": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a chunk size that is none": POST + CHUNKED + b"\r\nxyz\r\n" + COUNT,
    "a negative chunk size": POST + CHUNKED + b"\r\n-1\r\n\r\n",
    "a chunk size beyond 64 bits": POST + CHUNKED + b"\r\n" + b"f" * 17 + b"\r\n",
    "a chunk longer than its size": POST + CHUNKED + b"\r\n3\r\n" + COUNT + b"\r\n0\r\n\r\n",
}

# Refused too; which code says it best is open.
REFUSED = {
    "a length beyond 64 bits": (POST + b"Content-Length: 99999999999999999999\r\n\r\n", (400, 413)),
    "an unknown encoding": (POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
                            (400, 501)),
    "chunks that are not last": (POST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
                                 (400, 501)),
    "a version to come": (b"GET /health HTTP/3.0\r\nHost: logq\r\n\r\n", (400, 505)),
    "the second protocol's greeting": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 405, 505)),
}

# Query arguments that are wrong, and a word that the text for people must contain.
WRONG_ARGUMENTS = [
    ([], "query"), ([("query", "")], ""), ([("query", "(error")], ""),
    ([("query", "a | nosuch")], "nosuch"),
    ([("query", "*"), ("limit", "x")], "limit"), ([("query", "*"), ("limit", "-1")], "limit"),
    ([("query", "*"), ("start", "soon")], "start"),
    ([("query", "*"), ("end", "2026-02-30")], "end"),
    ([("query", "*"), ("timeout", "soon")], "timeout"),
]
WRONG_HITS = [([("query", "*"), ("step", "x")], "step"), ([("query", "*"), ("step", "0s")], "step"),
              ([("query", "*"), ("fields_limit", "x")], "fields_limit"),
              ([("query", "*"), ("offset", "1h")], "offset"),
              ([("query", "*"), ("offset", "soon")], "offset")]
WRONG_NAMES = [([("query", "*"), ("limit", "x")], "limit")]


def _is_for_people(response):
    """An error is plain text with something in it."""
    if not (response.header("content-type") or "").startswith("text/plain"):
        return "content type %s" % response.header("content-type")
    return None if response.text.strip() else "an empty text"


def _refused(port, data, codes):
    with Connection(port) as connection:
        connection.send(data)
        response = connection.read()
        if response.status not in codes:
            return "status %s, wanted %s" % (response.describe(), codes)
        if (response.header("connection") or "").lower() != "close":
            return "it does not say that it closes the connection"
        if not connection.is_closed():
            return "something follows the refusal"
        return _is_for_people(response)


def _wrong_arguments(port, path, arguments, word):
    for method in (http_client.get, http_client.post):
        response = method(port, path, arguments)
        if response.status != 400 or word not in response.text:
            return "wanted 400 with '%s': %s" % (word, response.describe())
        wrong = _is_for_people(response)
        if wrong:
            return wrong
    return None


def _position(port):
    response = http_client.get(port, QUERY, [("query", "error | nosuch")])
    numbers = [int(number) for number in re.findall(r"\d+", response.text)]
    if response.status != 400 or not any(8 <= number <= 15 for number in numbers):
        return "no position in: %s" % response.describe()
    return None


def _methods(port):
    for path in (QUERY, "/select/logsql/hits", "/health", "/metrics", "/"):
        for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
            with Connection(port) as connection:
                connection.send(("%s %s HTTP/1.1\r\nHost: logq\r\nContent-Length: 0\r\n\r\n"
                                 % (method, path)).encode())
                response = connection.read()
            if response.status != 405 or "GET" not in (response.header("allow") or ""):
                return "%s %s: %s, allow %s" % (method, path, response.describe(),
                                                response.header("allow"))
    return None


def _unknown_paths(port):
    for path in ("/nosuch", "/select/logsql/nosuch", "/select/logsql/query/", "//", "/health/x",
                 "/../etc/passwd", "/%2e%2e/"):
        with Connection(port) as connection:
            connection.send(get_request(path))
            response = connection.read()
        if response.status != 404:
            return "%s: %s" % (path, response.describe())
    return None


def _pages(port):
    health = http_client.get(port, "/health")
    if health.status != 200 or health.text.strip() != "OK":
        return "/health: " + health.describe()
    page = http_client.get(port, "/")
    if page.status != 200 or "text/html" not in page.header("content-type") \
            or "<input" not in page.text.lower() and "<textarea" not in page.text.lower():
        return "/: no page to type a query on: " + page.describe()
    return None


def _metrics(port):
    """Prometheus text: comments, and lines of a name, labels and a number."""
    response = http_client.get(port, "/metrics")
    if response.status != 200 or "text/plain" not in response.header("content-type"):
        return response.describe()
    sample = re.compile(r'[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_]\w*="([^"\\\n]|\\.)*",?)*\})? '
                        r"([+-]?(\d+(\.\d+)?([eE][+-]?\d+)?|Inf)|NaN)( \d+)?\Z")
    names, typed = set(), set()
    for line in response.text.splitlines():
        if line.startswith("# TYPE "):
            typed.add(line.split()[2])
        if line.startswith("#") or not line:
            continue
        if not sample.match(line):
            return "no sample: %s" % line
        names.add(re.match(r"[\w:]+", line).group())
    bare = {re.sub(r"_(bucket|sum|count|total)\Z", "", name) for name in names}
    if not names or not typed & (names | bare):
        return "samples %s, types %s" % (sorted(names)[:5], sorted(typed)[:5])
    return None


def _keep_alive(port):
    """Many requests of all kinds on one connection, an error among them."""
    with Connection(port) as connection:
        for number in range(30):
            wanted = 200
            if number % 3 == 0:
                connection.send(post_request(QUERY, [("query", "* | stats count() as n")]))
            elif number % 3 == 1:
                connection.send(get_request("/health"))
            else:
                connection.send(get_request("/nosuch"))
                wanted = 404
            response = connection.read()
            if response.status != wanted:
                return "request %d: %s" % (number, response.describe())
    return None


def _pipelined(port):
    """Answers come in the order of the requests, also when these come all at once or bytewise."""
    requests = [get_request(QUERY, [("query", "* | stats count() as n%d" % number)])
                for number in range(5)]
    requests.append(post_request(QUERY, [("query", "* | stats count() as n5")]))
    with Connection(port) as connection:
        connection.send(b"".join(requests))
        for number in range(6):
            if '"n%d"' % number not in connection.read().text:
                return "answer %d is another one's" % number
    with Connection(port) as connection:
        for byte in requests[0]:
            connection.send(bytes([byte]))
        return None if '"n0"' in connection.read().text else "bytewise"


def _connection_close(port):
    with Connection(port) as connection:
        connection.send(get_request("/health", (), ["Connection: close"]))
        if connection.read().status != 200 or not connection.is_closed():
            return "the connection stays open"
    return None


def _old_protocol(port):
    """HTTP/1.0 knows no chunks; its connections close unless the client asks otherwise."""
    with Connection(port) as connection:
        connection.send(b"GET " + QUERY.encode() + b"?query=error HTTP/1.0\r\n\r\n")
        response = connection.read_head()
        if response.header("transfer-encoding"):
            return "chunks for a client that knows none"
        connection.read_body(response)
        if response.status != 200 or not response.body.endswith(b"\n"):
            return response.describe()
        return None if connection.is_closed() else "the connection stays open"


def _chunked_body(port):
    with Connection(port) as connection:
        connection.send(POST + CHUNKED + b"\r\n5\r\nquery\r\n1d;x=y\r\n"
                        + COUNT[5:] + b"\r\n0\r\nTrailer: x\r\n\r\n" + GOOD)
        response = connection.read()
        if response.status in (411, 501):
            return None if connection.is_closed() else "the body is taken for a request"
        if server.counted(response) != 2:
            return response.describe()
        return None if connection.read().text.strip() == "OK" else "the next request is lost"


def _encodings(port):
    """Addresses and forms, with each way to write the same bytes."""
    answers = set()
    for argument in (b"query=*%7Cstats+count()+as+n", b"query=%2a%7cstats%20count%28%29%20as%20n",
                     b"query=*%7C%20%73%74ats%0Acount()%09as%20n&",
                     b"&nosuch=1&query=*|stats%20count()%20as%20n"):
        with Connection(port) as connection:
            connection.send(b"GET " + QUERY.encode() + b"?" + argument
                            + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            answers.add(connection.read().body)
        with Connection(port) as connection:
            connection.send(POST + b"Content-Length: %d\r\n\r\n" % len(argument) + argument)
            answers.add(connection.read().body)
    if len(answers) != 1 or not json.loads(next(iter(answers)))["n"]:
        return "different answers: %s" % answers
    for argument in (b"query=%zz", b"query=%4", b"query=%"):
        with Connection(port) as connection:
            connection.send(b"GET " + QUERY.encode() + b"?" + argument
                            + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            response = connection.read()
        if response.status != 400:
            return "%s: %s" % (argument, response.describe())
    return None


def _too_large(port, data, codes, limit=None):
    with Connection(port) as connection:
        connection.send(data)
        response = connection.read()
    if response.status not in codes:
        return "status %s, wanted %s" % (response.describe(), codes)
    if limit is not None and str(limit) not in response.text:
        return "it does not name the limit %d: %s" % (limit, response.text)
    return _is_for_people(response)


def _slow(port, data):
    """The server does not wait for the rest for ever: 408, and the connection is closed."""
    with Connection(port) as connection:
        connection.send(data)
        response = connection.read()
        if response.status != 408:
            return response.describe()
        return None if connection.is_closed() else "the connection stays open"


def check_all(board, program, path, _seed):
    os.makedirs(path)
    with open(os.path.join(path, "one.log"), "wb") as file:
        file.write(b"an error\nno trouble\n")
    with server.Server(program, path) as running:
        port = running.port
        for name, data in MALFORMED.items():
            board.run("malformed: " + name, _refused, port, data, (400,))
        for name, (data, codes) in REFUSED.items():
            board.run("refused: " + name, _refused, port, data, codes)
        for arguments, word in WRONG_ARGUMENTS:
            board.run("arguments: %s" % arguments, _wrong_arguments, port, QUERY, arguments, word)
        for arguments, word in WRONG_HITS:
            board.run("hits: %s" % arguments, _wrong_arguments, port, "/select/logsql/hits",
                      arguments, word)
        for arguments, word in WRONG_NAMES:
            board.run("field_names: %s" % arguments, _wrong_arguments, port,
                      "/select/logsql/field_names", arguments, word)
        board.run("hits: no offset", _no_offset, port)
        board.run("field_values without field", _wrong_arguments, port,
                  "/select/logsql/field_values", [("query", "*")], "field")
        for check in (_position, _methods, _unknown_paths, _pages, _metrics, _keep_alive,
                      _pipelined, _connection_close, _old_protocol, _chunked_body, _encodings):
            board.run(check.__name__.strip("_").replace("_", " "), check, port)
        board.run("the server is well after all that",
                  lambda: None if running.count() == 2 else "no")
    flags = ("--header-timeout", str(HEADER_TIMEOUT_MS), "--max-request", str(REQUEST_LIMIT),
             "--max-query", str(QUERY_LIMIT))
    with server.Server(program, path, *flags) as running:
        _limits(board, running)
    board.run("steps of a regex", _regex_steps, program, path)
    board.run("more files than a query may open", _few_files, program, path)


def _no_offset(port):
    """What asks for no shift of the buckets is served."""
    for offset in ("", "0", "0s", "0h"):
        response = http_client.get(port, "/select/logsql/hits",
                                   [("query", "*"), ("offset", offset)])
        if response.status != 200:
            return "%r: %s" % (offset, response.describe())
    return None


def _query_limit_named(port, data):
    with Connection(port) as connection:
        connection.send(data)
        response = connection.read()
        return None if "--max-query" in response.text else response.describe()


def _few_files(program, path):
    """More files than a query may open: it is told as too large, with the flag, and not as ours."""
    for name in ("two.log", "three.log"):
        with open(os.path.join(path, name), "wb") as file:
            file.write(b"a line\n")
    with server.Server(program, path, "--max-files", "2") as running:
        response = running.query("*")
        if response.status != 413 or "--max-files" not in response.text:
            return response.describe()
        return None if response.header("retry-after") is None else "it says to try again"


def _regex_steps(program, path):
    with server.Server(program, path, "--regex-steps", "20") as running:
        response = running.query("~`[a-z]{3}[e-z]r.*` | stats count() as n")
        named = "--regex-steps" in response.text and response.status == 422
        return None if named else response.describe()


def _limits(board, running):
    port = running.port
    long_query = [("query", "error or " * 60 + "error")]
    board.run("a header beyond the limit", _too_large, port,
              b"GET /health HTTP/1.1\r\nHost: x\r\nX: " + b"y" * (4 * REQUEST_LIMIT) + b"\r\n\r\n",
              (431, 413))
    board.run("headers without end", _too_large, port,
              b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * REQUEST_LIMIT, (431, 413))
    board.run("an address beyond the limit", _too_large, port,
              b"GET /" + b"y" * (4 * REQUEST_LIMIT) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
              (414, 431, 413))
    board.run("a length beyond the limit", _too_large, port,
              POST + b"Content-Length: 1000000000\r\n\r\nquery=", (413,), REQUEST_LIMIT)
    board.run("a body beyond the limit", _too_large, port,
              post_request(QUERY, [("query", "x" * (2 * REQUEST_LIMIT))]), (413,), REQUEST_LIMIT)
    for name, data in (("get", get_request(QUERY, long_query)),
                       ("post", post_request(QUERY, long_query))):
        board.run("a query beyond the limit: " + name, _too_large, port, data, (413,), QUERY_LIMIT)
        board.run("its flag is named: " + name, _query_limit_named, port, data)
    board.run("a slow request line", _slow, port, b"GET /hea")
    board.run("slow headers", _slow, port, b"GET /health HTTP/1.1\r\nHost: lo")
    board.run("a slow body", _slow, port, POST + b"Content-Length: 34\r\n\r\nquery=")
    board.run("in time all is well", lambda: None if running.count() == 2 else "no")
