# SPDX-License-Identifier: MIT
# logs.py: the logs that logq's rows go through: made once from a seed, below build-bench, and kept;
# and how they get into the page cache and out of it.
import os
import shutil
import sys

from . import builds

SEED = 1
BLOCK = 1 << 20
PAGE = 4096
LOOKS = 64  # pages that are looked at, to tell whether a file is cached


def made(size, *flags):
    """A folder of logs (scripts/make-logs), such as size "8M"; None when it cannot be made."""
    name = "-".join(["logs", str(SEED), size] + [flag.strip("-") for flag in flags])
    folder = os.path.join(builds.FOLDER, name)
    if os.path.exists(folder + ".made"):
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    builds.say("making %s of logs in %s, which stay there ..." % (size, folder))
    command = [sys.executable, os.path.join(builds.TOP, "scripts", "make-logs"), "--seed",
               str(SEED), "--bytes", size, *flags, folder]
    if not builds.run_quietly(command, builds.TOP):
        shutil.rmtree(folder, ignore_errors=True)
        return None
    for path, _, names in os.walk(folder):
        for one in names:
            sync(os.path.join(path, one))
    with open(folder + ".made", "w", encoding="ascii"):
        return folder


def sync(path):
    """Only what is on the disk can be dropped from the cache."""
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def warm(path):
    with open(path, "rb", buffering=0) as file:
        while file.read(BLOCK):
            pass


def drop(path):
    """Gives the file's pages back. True when they are gone."""
    with open(path, "rb") as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return cached(path) < 0.05


def cached(path):
    """The share of a file that is in the page cache: of some pages, spread over it. 1 when the
    file system does not tell."""
    size = os.path.getsize(path)
    found = 0
    with open(path, "rb", buffering=0) as file:
        for look in range(LOOKS):
            try:
                at = size * look // LOOKS // PAGE * PAGE
                found += os.preadv(file.fileno(), [bytearray(1)], at, os.RWF_NOWAIT) == 1
            except BlockingIOError:
                pass
            except OSError:
                return 1
    return found / LOOKS
