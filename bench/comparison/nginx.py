# SPDX-License-Identifier: MIT
# nginx.py: nginx as a peer in http_plain, with a configuration and files of its own below
# build-bench.
import contextlib
import os
import re
import signal
import socket
import subprocess
import time

from . import builds
from .processes import peak_kib, spent_by

NAME = "nginx"
BODY = "hello, world!\\n"  # as the others answer
PATIENCE = 5  # seconds until it serves
# What it would have below /var otherwise.
SCRATCH = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
CONFIGURATION = """\
daemon off;
worker_processes %(workers)d;
pid %(folder)s/pid;
error_log %(folder)s/error.log;
events { worker_connections 1024; }
http {
    access_log off;
    keepalive_requests 1000000000;
    default_type text/plain;
    %(scratch)s
    server {
        listen 127.0.0.1:%(port)d;
        location / { return 200 "%(body)s"; }
    }
}
"""


def program():
    return builds.tool(NAME)


def version():
    done = subprocess.run([program(), "-v"], capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", done.stderr)
    return found.group() if found else ""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]


def configure(folder, port):
    os.makedirs(folder, exist_ok=True)
    path = os.path.join(folder, "nginx.conf")
    scratch = " ".join("%s_temp_path %s/%s;" % (one, folder, one) for one in SCRATCH)
    with open(path, "w", encoding="utf-8") as file:
        file.write(CONFIGURATION % {"workers": builds.cpus(), "folder": folder, "port": port,
                                    "body": BODY, "scratch": scratch})
    return path


def serves(port):
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return True
        except ConnectionRefusedError:
            time.sleep(0.01)
    return False


@contextlib.contextmanager
def serving(spent):
    """Runs it, and gives its port. What it and its workers used is in spent when it has ended."""
    folder = os.path.join(builds.FOLDER, NAME)
    port = free_port()
    path = configure(folder, port)
    process = subprocess.Popen([program(), "-p", folder, "-c", path, "-e", folder + "/error.log"],
                               stdin=subprocess.DEVNULL)
    try:
        if not serves(port):
            builds.say("nginx does not serve: see %s/error.log" % folder)
        yield port
    finally:
        peak = peak_kib(process.pid)
        process.send_signal(signal.SIGTERM)
        spent_by(process, spent, peak)
