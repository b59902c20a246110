# SPDX-License-Identifier: MIT
# suite.py: the test programs of one architecture: built as static programs by meson, and listed.
import json
import os
import platform
import re
import shutil
import subprocess
from pathlib import Path

from command import Failed, indented, run

SUITES = ("unit", "contract", "stress", "fault")
SETUP_SECONDS = 300
BUILD_SECONDS = 1500
STRIP_SECONDS = 60
TAIL_LINES = 40

TIME_FACTOR = 10  # how much longer emulated programs may take
LIMIT_SECONDS = 120  # for one program, at most
DEFAULT_SECONDS = 30  # meson's own, for tests that give none

CROSS_PREFIX = {"aarch64": "aarch64-linux-gnu-"}
WARNINGS = ("-Wall", "-Wextra", "-Wshadow", "-Wconversion", "-Wmissing-prototypes",
            "-Wstrict-prototypes", "-Wvla", "-Wundef", "-Werror")
OPTIONS = ("--buildtype=debugoptimized", "-Ddefault_library=static", "-Dprefer_static=true",
           "-Dc_link_args=-static", "-Dtests=enabled", "-Dlogq=disabled", "-Dexamples=disabled",
           "-Dbenchmarks=disabled")


class Program:
    """One test program, as the machine is to run it."""

    def __init__(self, name, path, arguments, environment, seconds):
        self.name = name
        self.path = path
        self.arguments = arguments
        self.environment = environment
        self.seconds = seconds


def is_native(architecture):
    return platform.machine() == architecture


def can_build(architecture):
    return is_native(architecture) or architecture in CROSS_PREFIX


def compiler_prefix(architecture):
    return "" if is_native(architecture) else CROSS_PREFIX[architecture]


def run_or_fail(words, seconds, **options):
    answer = run(words, seconds, stderr=subprocess.STDOUT, **options)
    if answer.returncode != 0:
        tail = indented(answer.stdout.splitlines()[-TAIL_LINES:])
        raise Failed(f"failed: {' '.join(map(str, words))}\n{tail}")
    return answer.stdout


class Suite:
    """The test programs of the tree top, built in folder for an architecture."""

    def __init__(self, top, folder, architecture, sysroot):
        self.top = top
        self.folder = folder
        self.architecture = architecture
        self.sysroot = sysroot  # with the libraries' packages of a foreign architecture
        self.programs = []
        self.left_out = {}  # name to reason
        self.init = folder / "init"

    def make(self):
        self.configure()
        self.list_programs()
        if self.programs:
            targets = sorted({self.target(program) for program in self.programs})
            run_or_fail(["ninja", "-C", self.folder, *targets], BUILD_SECONDS)
        sources = sorted((self.top / "tests/kernels").glob("*.c"))
        compiler = compiler_prefix(self.architecture) + "gcc"
        run_or_fail([compiler, "-std=gnu11", "-D_GNU_SOURCE", "-O2", *WARNINGS, "-static", "-s",
                     "-o", self.init, *sources], BUILD_SECONDS)

    def configure(self):
        command = ["meson", "setup", self.folder, self.top, *OPTIONS]
        environment = dict(os.environ)
        if not is_native(self.architecture):
            constants = self.folder.with_suffix(".sysroot")
            constants.parent.mkdir(parents=True, exist_ok=True)
            constants.write_text(f"[constants]\nsysroot = '{self.sysroot}'\n")
            cross = self.top / "tests/kernels" / f"{self.architecture}.cross"
            command += ["--cross-file", constants, "--cross-file", cross]
            # The machine's own compiler and libraries are not for the other architecture.
            for name in ("CC", "CFLAGS", "LDFLAGS", "PKG_CONFIG_PATH", "PKG_CONFIG_LIBDIR"):
                environment.pop(name, None)
        if (self.folder / "meson-private/coredata.dat").is_file():
            try:
                run_or_fail([*command, "--reconfigure"], SETUP_SECONDS, env=environment)
                return
            except Failed:
                shutil.rmtree(self.folder)  # made by another meson, or for a tree that has moved
        run_or_fail(command, SETUP_SECONDS, env=environment)

    def introspect(self, what):
        return json.loads(run_or_fail(["meson", "introspect", what, self.folder], SETUP_SECONDS))

    def list_programs(self):
        built = set()
        for target in self.introspect("--targets"):
            if target["type"] == "executable":
                built.update(target["filename"])
        for test in self.introspect("--tests"):
            suites = [name.rpartition(":")[2] for name in test["suite"]]
            if not any(name in suites for name in SUITES):
                continue
            name = re.sub(r"\s", "_", test["name"])
            if name in self.names():
                raise Failed(f"two tests are named {name}: give each a name of its own")
            path, *arguments = test["cmd"]
            if path not in built:
                self.left_out[name] = f"runs {Path(path).name}, which is no program of the build"
            elif any("/" in argument for argument in arguments):
                self.left_out[name] = "its arguments name files"
            else:
                self.programs.append(Program(name, Path(path), arguments, test["env"],
                                             limit_of(test["timeout"])))
        if not self.programs:
            raise Failed(f"no test program in the suites {', '.join(SUITES)}")

    def names(self):
        return [program.name for program in self.programs] + list(self.left_out)

    def target(self, program):
        return str(program.path.relative_to(self.folder))

    def stripped(self, program):
        """The program's bytes without what only a debugger reads."""
        small = program.path.with_suffix(".stripped")
        run_or_fail([compiler_prefix(self.architecture) + "strip", "--strip-debug", "-o", small,
                     program.path], STRIP_SECONDS)
        data = small.read_bytes()
        small.unlink()
        return data


def limit_of(timeout):
    seconds = timeout if timeout and timeout > 0 else DEFAULT_SECONDS
    return min(seconds * TIME_FACTOR, LIMIT_SECONDS)


class Exclusions:
    """The list of programs not to run."""

    def __init__(self, path):
        self.path = path
        self.reasons = {}  # (name, kernel or "") to reason
        for number, line in enumerate(path.read_text().splitlines(), start=1):
            if line.strip() and not line.startswith("#"):
                words = line.split(None, 1)
                if len(words) != 2:
                    raise Failed(f"{path.name}, line {number}: give a reason after the name")
                name, _, kernel = words[0].partition("@")
                self.reasons[(name, kernel)] = words[1].strip()

    def reason(self, name, kernel):
        return self.reasons.get((name, kernel)) or self.reasons.get((name, ""))

    def idle(self, names, kernels):
        """Entries that keep nothing from running."""
        return [f"{name}@{kernel}" if kernel else name for name, kernel in self.reasons
                if name not in names or kernel and kernel not in kernels]
