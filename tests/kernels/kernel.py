# SPDX-License-Identifier: MIT
# kernel.py: Debian's kernels to test on, and what it takes to have them here.
import fcntl
import os
import re
import shutil
from pathlib import Path

import archive
import machine
import suite
from command import Failed

DEBIAN_NAMES = {"x86_64": "amd64", "aarch64": "arm64"}
# Static libraries that the test programs need, with what their development packages point to.
LIBRARIES = ("liburing-dev", "liburing2", "check", "libsubunit-dev", "libsubunit0")


class Kernel:
    """A kernel to test on, and the releases that have it."""

    def __init__(self, series, architecture, suites):
        self.series = series
        self.architecture = architecture
        self.debian = DEBIAN_NAMES[architecture]
        self.name = f"{series}-{self.debian}"
        self.suites = suites
        self.package = f"linux-image-{series}.*-cloud-{self.debian}"
        self.pattern = re.escape(self.package).replace(r"\*", r"\S+")


BOOKWORM = ("bookworm", "bookworm-updates", "bookworm-security")
TRIXIE = ("trixie", "trixie-updates", "trixie-security", "bookworm-backports")
KERNELS = (Kernel("6.1", "x86_64", BOOKWORM),
           Kernel("6.12", "x86_64", TRIXIE),
           Kernel("6.12", "aarch64", TRIXIE))


def cache_folder():
    named = os.environ.get("SPARGIO_CACHE")
    if named:
        return Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "spargio/kernels"


def host_release():
    """Code name of this machine's release: its libraries fit its cross compiler."""
    for line in Path("/etc/os-release").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition("=")
        if name == "VERSION_CODENAME":
            return value.strip("\"'")
    raise Failed("/etc/os-release has no VERSION_CODENAME: which Debian release is this?")


def wanted_suites():
    """For all kernels, whichever are asked for: so the lists stay the same from run to run."""
    wanted = {}
    for kernel in KERNELS:
        for name in kernel.suites:
            wanted.setdefault(name, set()).add(kernel.debian)
        if not suite.is_native(kernel.architecture):
            wanted.setdefault(host_release(), set()).add(kernel.debian)
    return wanted


def require_tools(kernel):
    if not suite.can_build(kernel.architecture):
        raise Failed(f"there is no cross file for {kernel.architecture} in tests/kernels")
    prefix = suite.compiler_prefix(kernel.architecture)
    for tool in (machine.emulator_of(kernel.architecture), prefix + "gcc", prefix + "strip"):
        if shutil.which(tool) is None:
            raise Failed(f"{tool} is missing; 'scripts/deps kernels' installs it")


def fetch_image(packages, cache, kernel):
    """The kernel's image, from the newest package."""
    package = packages.newest(kernel.pattern, kernel.debian)
    if package is None:
        why = f" ({packages.complaints[0]})" if packages.complaints else ""
        raise Failed(f"no {kernel.package} in what this machine's apt sources lead to{why}")
    file = packages.fetch(package)
    folder = cache / "kernels" / file.stem
    if not list(folder.glob("boot/vmlinuz-*")):
        for old in folder.parent.glob(f"linux-image-{kernel.series}.*_{kernel.debian}"):
            shutil.rmtree(old)
        fresh = cache / "kernels/unpacking"
        shutil.rmtree(fresh, ignore_errors=True)
        archive.extract(file, fresh)
        # Modules are not needed: io_uring, tmpfs, the loopback and the serial line are built in.
        for name in ("lib", "usr"):
            shutil.rmtree(fresh / name, ignore_errors=True)
        fresh.rename(folder)
    images = list(folder.glob("boot/vmlinuz-*"))
    if not images:
        raise Failed(f"{file.name} has no boot/vmlinuz-*")
    return images[0]


def fetch_sysroot(packages, cache, debian):
    """A folder with the static libraries of a foreign architecture."""
    if re.search(r"\s", str(cache)):
        raise Failed(f"pkg-config cannot use libraries below '{cache}', a name with a space: name "
                     "another folder with SPARGIO_CACHE")
    files = [packages.fetch(f"{name}:{debian}/{host_release()}") for name in LIBRARIES]
    folder = cache / f"sysroot-{debian}"
    contents = folder / "packages"
    names = "\n".join(file.name for file in files)
    if not contents.is_file() or contents.read_text() != names:
        shutil.rmtree(folder, ignore_errors=True)
        for file in files:
            archive.extract(file, folder)
        contents.write_text(names)
    return folder


def fetch_all(kernels, update, tally):
    """The images of those kernels that can be had, and the libraries of foreign architectures."""
    images, sysroots = {}, {}
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with open(cache / "lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            packages = archive.Archive(cache / "apt", wanted_suites())
            packages.prepare(update)
        except Failed as error:
            for kernel in kernels:
                tally.skip(kernel.name, error)
            return images, sysroots
        for kernel in kernels:
            try:
                require_tools(kernel)
                image = fetch_image(packages, cache, kernel)
                if not suite.is_native(kernel.architecture):
                    sysroots[kernel.architecture] = fetch_sysroot(packages, cache, kernel.debian)
                images[kernel] = image
            except Failed as error:
                tally.skip(kernel.name, error)
        packages.keep(set(kernels) == set(KERNELS))
    return images, sysroots
