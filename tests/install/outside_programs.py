#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# outside_programs.py: meson install, then pkg-config, compile, link and run outside of the tree.
"""outside_programs.py BUILD_DIR COMPILER...

Installs the build into a folder of its own, as a package would (DESTDIR), and builds outside.c
there in C and in C++, against the shared and the static library, with pkg-config alone."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def run(command, environment=None, cwd=None):
    """Runs a command; on failure shows it with all it printed, and ends the test."""
    result = subprocess.run(command, env=environment, cwd=cwd, stdin=subprocess.DEVNULL,
                            capture_output=True, text=True)
    if result.returncode:
        print("failed (%d): %s\n%s%s" % (result.returncode, " ".join(command), result.stdout,
                                         result.stderr))
        sys.exit(1)
    return result.stdout


def find(root, name):
    """The one file of that name below root."""
    found = [os.path.join(folder, name) for folder, _, names in os.walk(root) if name in names]
    if len(found) != 1:
        print("%s: installed %d times, wanted once: %s" % (name, len(found), found))
        sys.exit(1)
    return found[0]


def sanitizer_flags(build):
    """What an outside program needs when the library was built with a sanitizer."""
    options = json.loads(run(["meson", "introspect", "--buildoptions", build]))
    value = next(option["value"] for option in options if option["name"] == "b_sanitize")
    return [] if value == "none" else ["-fsanitize=" + value]


def pkg_config(pc_file, stage, *arguments):
    """Asks the installed spargio.pc, whose prefix lies below the stage."""
    environment = dict(os.environ)
    environment["PKG_CONFIG_PATH"] = os.path.dirname(pc_file)
    prefix = run(["pkg-config", "--variable=prefix", "spargio"], environment).strip()
    define = "--define-variable=prefix=" + stage + prefix
    return run(["pkg-config", define, *arguments, "spargio"], environment).split()


def programs(compiler):
    """(label, compiler command) for C and, where there is one, C++."""
    yield "C", compiler + ["-x", "c", "-std=gnu11"]
    name = os.path.basename(compiler[-1])
    cpp = name.replace("gcc", "g++") if "gcc" in name else name.replace("clang", "clang++")
    cpp = "g++" if cpp in ("cc", "c++") else cpp
    if shutil.which(cpp):
        yield "C++", [cpp, "-x", "c++", "-std=c++11"]


def main(arguments):
    if len(arguments) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    build, compiler = arguments[0], arguments[1:]
    stage = tempfile.mkdtemp(prefix="spargio-install-")
    try:
        environment = dict(os.environ, DESTDIR=stage)
        run(["meson", "install", "-C", build, "--no-rebuild"], environment)
        pc_file = find(stage, "spargio.pc")
        shared = find(stage, "libspargio.so.0")
        static = find(stage, "libspargio.a")
        find(stage, "spargio.h")
        find(stage, "runtime.h")

        with open(pc_file, encoding="utf-8") as file:
            if not re.search(r"^Requires\.private:.*\bliburing\b", file.read(), re.M):
                print("spargio.pc: liburing is not in Requires.private: static users need it")
                return 1
        soname = run(["readelf", "-d", shared])
        for wanted in (r"SONAME.*\[libspargio\.so\.0\]", r"NODELETE", r"BIND_NOW|NOW"):
            if not re.search(wanted, soname):
                print("libspargio.so.0: its dynamic section has no %s:\n%s" % (wanted, soname))
                return 1

        sanitizer = sanitizer_flags(build)
        flags = pkg_config(pc_file, stage, "--cflags")
        libraries = {
            "shared": pkg_config(pc_file, stage, "--libs"),
            # The same names, but the archive itself instead of -lspargio.
            "static": [static if flag == "-lspargio" else flag
                       for flag in pkg_config(pc_file, stage, "--libs", "--static")],
        }
        built = 0
        for language, command in programs(compiler):
            for kind, libs in libraries.items():
                program = os.path.join(stage, "outside")
                run(command + ["-Wall", "-Wextra", "-Werror"] + sanitizer + flags
                    + [os.path.join(HERE, "outside.c"), "-x", "none", "-o", program] + libs)
                needed = run(["readelf", "-d", program])
                if ("libspargio.so.0" in needed) != (kind == "shared"):
                    print("%s, %s: wrong library linked:\n%s" % (language, kind, needed))
                    return 1
                environment = dict(os.environ, LD_LIBRARY_PATH=os.path.dirname(shared))
                printed = run([program], environment, cwd=stage)
                if not re.fullmatch(r"spargio \d+\.\d+\.\d+: 42\n", printed):
                    print("%s, %s: printed %r" % (language, kind, printed))
                    return 1
                built += 1
        print("%d programs built and run outside of the tree" % built)
        return 0
    finally:
        shutil.rmtree(stage, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
