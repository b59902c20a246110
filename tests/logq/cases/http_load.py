# SPDX-License-Identifier: MIT
# http_load.py: too many queries, too slow ones, clients that go away, and the end of the server.
import os
import re
import select
import signal
import socket
import subprocess
import time

from . import comparison, http_client, server
from .http_client import Connection, get_request
from .scoreboard import seconds
from .server import QUERY

# Large enough that no socket holds the answer to `*`: a reader that stops reading stops the query.
LINES = 400000
LINE = b'10.0.0.%d - - [22/Nov/2026:%02d:%02d:%02d +0000] "GET /%d HTTP/1.1" 200 %d "-" "%s"\n'
RECEIVE_BUFFER = 4096
QUERY_MEMORY = 16 << 20  # far less than a group for each line takes
TIMEOUT_SECONDS = 0.3
WAITING = 6  # requests beside the one that holds the only place
# Takes far longer than the shortest timeout: it runs over every byte, and never matches.
HARD = " or ".join("~`([a-q]|[b-r]|[c-s]){%d,}z{3}`" % count for count in (20, 30, 40))


def _content():
    agent = b"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 abcdefghijklmnopq"
    return b"".join(LINE % (number % 250, number // 3600 % 24, number // 60 % 60, number % 60,
                            number, number * 7, agent) for number in range(LINES))


def _hold(port):
    """A connection whose query has begun to answer, and now waits for its reader."""
    connection = Connection(port, RECEIVE_BUFFER)
    connection.send(get_request(QUERY, [("query", "*")]))
    response = connection.read_head()
    if response.status != 200:
        raise AssertionError("the first query: %d" % response.status)
    response.body = connection.read_chunk()
    return connection, response


def _rows(response):
    return len(comparison.parse_lines(response.body))


def _full(port):
    """One place and one seat: of the others all but one are turned away at once, and that one is
    served when the place becomes free, here because its client goes away."""
    holder, _ = _hold(port)
    others = [Connection(port) for _ in range(WAITING)]
    try:
        for connection in others:
            connection.send(get_request(QUERY, [("query", "* | stats count() as n")]))
        waiting = list(others)
        while len(waiting) > 1:
            connection = _first_readable(waiting)
            response = connection.read()
            waiting.remove(connection)
            if response.status != 503:
                return "beyond the limit: " + response.describe()
            if not re.fullmatch(r"\d+", response.header("retry-after") or ""):
                return "Retry-After: %s" % response.header("retry-after")
            if not response.text.strip():
                return "an empty text"
        holder.close()
        response = waiting[0].read()
        if server.counted(response) != LINES:
            return "the one that waited: " + response.describe()
        return None
    finally:
        holder.close()
        for connection in others:
            connection.close()


def _first_readable(connections):
    """The connection on which something comes first."""
    by_socket = {connection.socket: connection for connection in connections}
    ready = select.select(list(by_socket), [], [], seconds(http_client.WAIT_SECONDS))[0]
    if not ready:
        raise AssertionError("none of %d requests is answered" % len(connections))
    return by_socket[ready[0]]


def _other_pages_while_full(port):
    """Health and metrics are no queries: they are answered all the same."""
    holder, _ = _hold(port)
    try:
        for path in ("/health", "/metrics"):
            response = http_client.get(port, path)
            if response.status != 200:
                return "%s: %s" % (path, response.describe())
        return None
    finally:
        holder.close()


def _gone(port, how):
    """A client goes away in the middle of its answer; the only place becomes free again."""
    for _ in range(5):
        holder, _response = _hold(port)
        how(holder)
        response = http_client.get(port, QUERY, [("query", "* | stats count() as n")])
        if response.status != 200:
            return response.describe()
    return None


def _reset(connection):
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    connection.close()


def _gone_before_the_answer(port):
    """The same while nothing has been sent yet."""
    for _ in range(5):
        with Connection(port) as connection:
            connection.send(get_request(QUERY, [("query", HARD + " | stats count() as n")]))
        response = http_client.get(port, QUERY, [("query", "* | stats count() as n"),
                                                 ("timeout", "%ds" % seconds(20))])
        if response.status != 200:
            return response.describe()
    return None


def _metric(port, name):
    match = re.search(r"(?m)^%s (\d+)$" % name, http_client.get(port, "/metrics").text)
    return int(match.group(1))


def _half_closed(port):
    """A client that has no more to say gets its answer, also when the query takes long."""
    holder, _response = _hold(port)
    waiting = []
    try:
        for version in ("1.1", "1.0"):
            connection = Connection(port)
            waiting.append(connection)
            request = get_request(QUERY, [("query", "* | stats count() as n")])
            connection.send(request.replace(b"HTTP/1.1", b"HTTP/" + version.encode()))
            connection.socket.shutdown(socket.SHUT_WR)
        server.wait_until(lambda: _metric(port, "logq_queries_waiting") == 2, "both wait")
        time.sleep(0.2)  # no event: that nothing happens is what is tested
        if _metric(port, "logq_queries_waiting") != 2:
            return "a query was dropped"
        holder.close()
        for connection in waiting:
            response = connection.read_head()
            while response.status == 100:
                response = connection.read_head()
            if server.counted(connection.read_body(response)) != LINES:
                return response.describe()
        return None
    finally:
        holder.close()
        for connection in waiting:
            connection.close()


def _timeout(port):
    """504, with a text that says how far the query came; the next query is served."""
    response = http_client.get(port, QUERY, [("query", HARD + " | stats count() as n"),
                                             ("timeout", "1ms")])
    if response.status != 504:
        return response.describe()
    if len(re.findall(r"\d+", response.text)) < 2:
        return "it does not say how far it came: %s" % response.text
    return None


def _timeout_while_streaming(port):
    """An answer that has begun cannot become an error: it says that it is not whole."""
    with Connection(port, RECEIVE_BUFFER) as connection:
        connection.send(get_request(QUERY, [("query", "*"), ("timeout", "%ss" % TIMEOUT_SECONDS)]))
        response = connection.read_head()
        if response.status == 504:
            return None
        connection.read_chunk()
        time.sleep(1.5 * TIMEOUT_SECONDS)  # no event: the time itself is what is tested
        try:
            connection.read_body(response)
        except (EOFError, ConnectionResetError):
            return None  # an end without the last chunk says so too
        if response.either("Logq-Partial") is None and _rows(response) < LINES:
            return "rows are missing, and nothing says so"
        return None


def _memory(running):
    response = running.query("* | stats by (_msg) count() as n")
    if response.status == 200 and response.either("Logq-Partial") is None:
        return "an answer beyond the memory of a query: %d rows" % _rows(response)
    text = response.text if response.status != 200 else response.either("Logq-Partial")
    if "memory" not in text or "--query-memory" not in text:
        return "it does not name the limit: %s" % text
    return None if running.count() == LINES else "the next query is wrong"


def _drain(program, path):
    """After SIGTERM: what was accepted is finished, nothing new is accepted, the exit code is 0."""
    with server.Server(program, path) as running:
        holder, response = _hold(running.port)
        idle = Connection(running.port)
        running.process.send_signal(signal.SIGTERM)
        holder.read_body(response)
        holder.close()
        code = running.process.wait(seconds(server.END_SECONDS))
        idle.close()
        if _rows(response) != LINES or response.either("Logq-Partial") is not None:
            return "%d rows of %d" % (_rows(response), LINES)
        if code != 0:
            return "exit code %s: %s" % (code, running.log())
        try:
            Connection(running.port).close()
            return "it still listens"
        except ConnectionRefusedError:
            return None


def _idle_end(program, path):
    """Without work SIGTERM and SIGINT end it at once, kept connections or not."""
    for number in (signal.SIGTERM, signal.SIGINT):
        with server.Server(program, path) as running:
            with Connection(running.port) as idle:
                idle.send(get_request("/health"))
                idle.read()
                running.process.send_signal(number)
                code = running.process.wait(seconds(server.END_SECONDS))
            if code != 0:
                return "%s: exit code %s" % (number.name, code)
    return None


def _end_by(process, number):
    """Sends a signal until the process has ended, and returns its code."""
    limit = time.monotonic() + seconds(server.END_SECONDS)
    while process.poll() is None and time.monotonic() < limit:
        process.send_signal(number)
        time.sleep(0.05)
    return process.poll()


def _second_signal(program, path):
    """A second signal ends it at once, by the signal, with a query at work."""
    with server.Server(program, path) as running:
        holder, _response = _hold(running.port)
        running.process.send_signal(signal.SIGTERM)
        try:
            running.process.wait(0.2)
            return "it ended with a query at work"
        except subprocess.TimeoutExpired:
            pass
        # If it is slow and finds both at once, it takes either as the first.
        code = _end_by(running.process, signal.SIGINT)
        holder.close()
        running.ends_with = code
    return None if code in (-signal.SIGINT, -signal.SIGTERM) else "exit code %s" % code


def check_all(board, program, path, _seed):
    os.makedirs(path)
    with open(os.path.join(path, "large.log"), "wb") as file:
        file.write(_content())
    with server.Server(program, path, "--max-queries", "1", "--max-queue", "1") as running:
        board.run("admission is full", _full, running.port)
    with server.Server(program, path, "--max-queries", "1", "--max-queue", "8") as running:
        port = running.port
        board.run("health and metrics while full", _other_pages_while_full, port)
        board.run("a client closes", _gone, port, Connection.close)
        board.run("a client resets", _gone, port, _reset)
        board.run("a client goes before its answer", _gone_before_the_answer, port)
        board.run("a client that closes its side only", _half_closed, port)
        board.run("a timeout", _timeout, port)
        board.run("after a timeout", lambda: None if running.count() == LINES else "wrong")
        board.run("a timeout while streaming", _timeout_while_streaming, port)
    with server.Server(program, path, "--query-memory", str(QUERY_MEMORY)) as running:
        board.run("memory of a query", _memory, running)
    board.run("SIGTERM with a query at work", _drain, program, path)
    board.run("a second signal", _second_signal, program, path)
    board.run("signals without work", _idle_end, program, path)
