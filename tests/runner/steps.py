# SPDX-License-Identifier: MIT
# steps.py: the table of what scripts/test does: builds, suites, sizes.
import os
import subprocess

from builds import TOP, Build, run_script

# Suites that run programs of ours: those worth running again in every build.
RUNNING = ["unit", "contract", "stress", "fault", "regress", "examples", "bench", "logq"]
# Suites that look at the tree, at the interface and at what is installed.
HOUSE = ["tidy", "runner", "interface", "install", "kernels"]
# Run order of ready tasks and their migrations, where a step shuffles them.
SHUFFLE_SEED = os.environ.get("SPARGIO_TEST_SHUFFLE", "7")

# A report ends the program at once. 1 % of the sizes: sanitized code is slow.
ADDRESS = {
    "SPARGIO_TEST_SCALE": "0.01",
    "ASAN_OPTIONS": "halt_on_error=1:abort_on_error=1:print_summary=1",
    "UBSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:print_stacktrace=1",
}
THREAD = {
    "SPARGIO_TEST_SCALE": "0.01",
    "TSAN_OPTIONS": "halt_on_error=1:abort_on_error=1:second_deadlock_stack=1",
}

RELEASE = ["--buildtype=release", "-Dwerror=true"]
SANITIZER = ["--buildtype=debugoptimized"]

GCC_RELEASE = Build("gcc-release", "gcc", "g++", *RELEASE)
GCC_ASAN = Build("gcc-asan", "gcc", "g++", "-Db_sanitize=address,undefined", *SANITIZER)
GCC_TSAN = Build("gcc-tsan", "gcc", "g++", "-Db_sanitize=thread", *SANITIZER)
GCC_DEBUG = Build("gcc-debug", "gcc", "g++", "--buildtype=debug")
GCC_LTO = Build("gcc-lto", "gcc", "g++", "--buildtype=release", "-Doptimization=3", "-Db_lto=true",
                "-Dc_args=-fPIC", "-Dlogq=disabled", "-Dexamples=disabled")
CLANG_RELEASE = Build("clang-release", "clang", "clang++", *RELEASE)
# clang's shared libraries leave the sanitizer's symbols to the program.
CLANG_ASAN = Build("clang-asan", "clang", "clang++", "-Db_sanitize=address,undefined",
                   "-Db_lundef=false", *SANITIZER)
CLANG_TSAN = Build("clang-tsan", "clang", "clang++", "-Db_sanitize=thread", "-Db_lundef=false",
                   *SANITIZER)


class Step:
    """A line of the table. always: also without --all."""

    def __init__(self, name, always, run, build=None):
        self.name = name
        self.always = always
        self.run = run
        self.build = build


def without_randomized_addresses():
    """ThreadSanitizer wants the address space that it knows; where that may be asked for, ask."""
    prefix = ["setarch", "-R"]
    try:
        probe = subprocess.run(prefix + ["true"], capture_output=True, check=False)
        allowed = probe.returncode == 0
    except FileNotFoundError:
        allowed = False
    return prefix if allowed else []


def suites(build, label, names, always=False, settings=None, minutes=20, multiplier=1, prefix=None,
           more=()):
    """A step that runs suites of a build. more: further arguments of meson test."""
    selection = [word for name in names for word in ("--suite", name)] + list(more)

    def run(outcome):
        build.test(outcome, label.replace("/", "-"), selection, settings or {}, minutes * 60,
                   prefix() if prefix else [], multiplier)

    return Step("%s/%s" % (build.name, label), always, run, build)


def script(name, path, minutes, settings=None):
    """A step that runs a script with a closing line of its own."""
    command = [os.path.join(TOP, path)]
    return Step(name, False,
                lambda outcome: run_script(outcome, name, command, settings or {}, minutes * 60))


def table():
    """All steps, in the order in which they run."""
    scaled = {"SPARGIO_TEST_SCALE": "0.1"}
    shuffled = {"SPARGIO_TEST_SCALE": "0.05", "SPARGIO_TEST_SHUFFLE": SHUFFLE_SEED}
    return [
        suites(GCC_RELEASE, "house", HOUSE, always=True),
        *[suites(GCC_RELEASE, name, [name], always=True) for name in RUNNING],
        suites(GCC_RELEASE, "explore", ["explore"], always=True),
        suites(GCC_RELEASE, "gate", ["gate"], always=True),
        suites(GCC_ASAN, "running", RUNNING, always=True, settings=ADDRESS, multiplier=3),
        suites(GCC_TSAN, "running", RUNNING, settings=THREAD, multiplier=5,
               prefix=without_randomized_addresses),
        suites(CLANG_RELEASE, "all", RUNNING + ["gate", "interface", "install"], settings=scaled),
        suites(CLANG_ASAN, "running", RUNNING, settings=ADDRESS, multiplier=3),
        suites(CLANG_TSAN, "running", RUNNING, settings=THREAD, multiplier=5,
               prefix=without_randomized_addresses),
        suites(GCC_DEBUG, "running", RUNNING, settings=scaled, multiplier=2),
        suites(GCC_DEBUG, "shuffled", RUNNING, settings=shuffled, multiplier=3),
        suites(GCC_LTO, "shuffled", ["unit", "contract", "regress"], settings=shuffled,
               multiplier=3),
        suites(GCC_RELEASE, "explore-full", ["explore"], more=["--test-args=--full"], multiplier=3),
        script("mutants", "tests/explore/run-mutants", 30),
        script("kernels", "scripts/test-kernels", 40),
    ]
