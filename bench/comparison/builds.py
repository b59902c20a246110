# SPDX-License-Identifier: MIT
# builds.py: how each runtime's is built, and which are missing.
import collections
import os
import shlex
import shutil
import subprocess
import sys

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(TOP, "build-bench")
PEERS = os.path.join(TOP, "bench", "peers")

# name, the command line that runs it, the rows and the servers it has, how it can wait ("park",
# "spin"; the usual way first), and whether it can pin its threads
Runtime = collections.namedtuple("Runtime", "name command rows servers modes pins")
# The runtimes that are ours, and what is done by hand: all others are peers.
OURS = "spargio"
BY_HAND = ("floor", "epoll")
# Those that can spin, and those that do nothing else.
SPINNING = (OURS, "floor")
NEVER_PARKING = ("spargio-rs",)
# Those whose servers take --pin. Go has no say in where its threads run.
PINNING = (OURS, *BY_HAND, "tokio", "compio", "monoio", "glommio", "libuv", "spargio-rs")


def say(text):
    print(text, file=sys.stderr, flush=True)


def run_quietly(command, folder, **variables):
    """True when it has succeeded; else its last lines are shown."""
    done = subprocess.run(command, cwd=folder, env={**os.environ, **variables}, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        say("".join(done.stdout.splitlines(True)[-15:]))
    return done.returncode == 0


def build_ours():
    folder = os.path.join(FOLDER, "ours")
    if not os.path.exists(os.path.join(folder, "build.ninja")):
        command = ["meson", "setup", folder, TOP, "--buildtype=release", "-Dtests=disabled",
                   "-Dexamples=disabled", "-Db_lto=true"]  # as scripts/build does
        if not run_quietly(command, TOP):
            return None
    return folder if run_quietly(["ninja", "-C", folder], TOP) else None


def built_with_ours(name):
    """Meson has built it, if it has found what it is built with."""
    program = os.path.join(FOLDER, "ours", name)
    return program if os.path.exists(program) else None


def build_go():
    program = os.path.join(FOLDER, "bench_go")
    folder = os.path.join(PEERS, "go")
    built = run_quietly(["go", "build", "-o", program, "."], folder, GOTOOLCHAIN="local")
    return program if built else None


def build_rust(package):
    target = os.path.join(FOLDER, "rust")
    command = ["cargo", "build", "--release", "--quiet", "--package", package]
    built = run_quietly(command, os.path.join(PEERS, "rust"), CARGO_TARGET_DIR=target)
    return os.path.join(target, "release", package) if built else None


# name -> the tool that builds it, and how
PEER_BUILDS = {
    "tokio": ("cargo", lambda: build_rust("bench_tokio")),
    "compio": ("cargo", lambda: build_rust("bench_compio")),
    "monoio": ("cargo", lambda: build_rust("bench_monoio")),
    "glommio": ("cargo", lambda: build_rust("bench_glommio")),
    "go": ("go", build_go),
    "spargio-rs": ("cargo", lambda: build_rust("bench_spargio_rs")),
    "libuv": ("ninja", lambda: built_with_ours("bench/peers/libuv/bench_libuv")),
}


def listed(command, what):
    try:
        done = subprocess.run(command + [what], capture_output=True, text=True, check=False)
    except OSError as error:
        say("%s: %s" % (shlex.join(command), error))
        return []
    return done.stdout.split() if done.returncode == 0 else []


def modes_of(name):
    if name in NEVER_PARKING:
        return ("spin",)
    return ("park", "spin") if name in SPINNING else ("park",)


def label_of(runtime, mode):
    return runtime.name + (", spinning" if mode == "spin" else "")


def runtime(name, command):
    return Runtime(name, command, listed(command, "--list"), listed(command, "--list-servers"),
                   modes_of(name), name in PINNING)


def extra_runtime(text):
    """Of --extra NAME=COMMAND."""
    name, sign, command = text.partition("=")
    if not name or not sign or not command.strip():
        raise SystemExit("compare: --extra %s: give NAME=COMMAND" % text)
    return runtime(name, shlex.split(command))


def peers():
    found = []
    for name, (tool, build) in PEER_BUILDS.items():
        if not shutil.which(tool):
            say("left out: %s (there is no %s; see scripts/bench-peers)" % (name, tool))
            continue
        say("building %s ..." % name)
        program = build()
        if program is None:
            say("left out: %s (it could not be built)" % name)
        else:
            found.append(runtime(name, [program]))
    return found


def all_runtimes(extra):
    """Ours, the floor, the peers that can be built, and those of --extra NAME=COMMAND."""
    os.makedirs(FOLDER, exist_ok=True)
    say("building spargio and the floor ...")
    if build_ours() is None:
        raise SystemExit("compare: spargio could not be built")
    runtimes = [runtime(name, [suite_program("bench_" + name)]) for name in (OURS,) + BY_HAND]
    runtimes += peers()
    return runtimes + [extra_runtime(one) for one in extra]


def chosen(name, arguments):
    """Whether a runtime is to be run (--runtime)."""
    return not arguments.runtime or name in arguments.runtime


def cpus():
    return len(os.sched_getaffinity(0))


def tool(name):
    """A program of others: what scripts/bench-peers has put below build-bench, or on the PATH."""
    folders = [os.path.join(FOLDER, "tools", "bin"), os.path.join(FOLDER, "tools", "usr", "sbin"),
               os.environ.get("PATH", os.defpath), "/usr/sbin"]
    return shutil.which(name, path=os.pathsep.join(folders))


def logq(name):
    """logq or logq-load; None where it was not built."""
    path = os.path.join(FOLDER, "ours", "apps", "logq", name)
    return path if os.path.exists(path) else None


def suite_program(name):
    return os.path.join(FOLDER, "ours", "bench", "suite", name)


def echo_server():
    return [suite_program("bench_echo_server")]


def load_generator():
    return suite_program("bench_load")
