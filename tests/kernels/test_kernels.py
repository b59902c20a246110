#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# test_kernels.py: any form of apt sources is understood, a mirror's gaps are told, and a machine
# that hangs, panics or leaves programs out never passes.
import contextlib
import hashlib
import io
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import archive
import command
import console
import initramfs
import machine
import report
import suite

ONE_LINE = """
# deb http://commented.example/debian bookworm main
deb [arch=amd64 signed-by=/usr/share/keyrings/other.gpg] http://other.example/x bookworm main
deb-src http://plain.example/debian bookworm main
deb http://plain.example/debian bookworm main contrib # here
deb [ trusted=yes ] file:/srv/security bookworm-security main
"""
DEB822 = """# a comment
Types: deb deb-src
URIs: http://one.example/debian http://two.example/debian
Suites: trixie trixie-updates
# between fields
Components: main
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .

Types: deb
URIs: http://off.example/debian
Suites: trixie
Components: main
Enabled: no

Types: deb
URIs: http://nonfree.example/debian
Suites: trixie
Components: non-free

Types: deb
URIs: http://safe.example/debian-security
Suites: trixie-security
Components: main
"""


def summary_of(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


class Sources(unittest.TestCase):
    def test_one_line_style(self):
        mirrors, security = archive.choose_mirrors(archive.parse_one_line(ONE_LINE))
        self.assertEqual(mirrors, {"http://plain.example/debian": ""})
        self.assertEqual(security, {"file:/srv/security": "yes"})

    def test_paragraph_style(self):
        mirrors, security = archive.choose_mirrors(archive.parse_deb822(DEB822))
        self.assertEqual(list(mirrors), ["http://one.example/debian", "http://two.example/debian"])
        self.assertEqual(list(security), ["http://safe.example/debian-security"])

    def test_a_mirror_signed_by_others_is_better_than_none(self):
        text = "deb [signed-by=/usr/share/keyrings/mine.gpg] http://mine.example/d trixie main"
        self.assertEqual(list(archive.choose_mirrors(archive.parse_one_line(text))[0]),
                         ["http://mine.example/d"])

    def test_without_any_mirror(self):
        text = "deb http://tools.example/x nodistro main"
        self.assertEqual(archive.choose_mirrors(archive.parse_one_line(text)), [{}, {}])


@unittest.skipUnless(shutil.which("apt-get") and shutil.which("dpkg-deb"), "not a Debian system")
class Mirror(unittest.TestCase):
    """A mirror in a folder, with one release that has two versions of a kernel."""

    def setUp(self):
        self.place = tempfile.TemporaryDirectory()
        self.folder = Path(self.place.name)
        self.kept = archive.machine_sources, archive.KEYRINGS
        archive.machine_sources = lambda: archive.parse_one_line(
            f"deb [trusted=yes] file:{self.folder} bookworm main")
        archive.KEYRINGS = ("/dev/null",)
        lists = self.folder / "dists/bookworm/main/binary-amd64"
        lists.mkdir(parents=True)
        paragraphs = [self.make_package(version) for version in ("6.12.9", "6.12.10")]
        (lists / "Packages").write_text("\n".join(paragraphs))
        summary = summary_of(lists / "Packages")
        (self.folder / "dists/bookworm/Release").write_text(
            "Codename: bookworm\nArchitectures: amd64\nComponents: main\n"
            "Date: Thu, 01 Jan 2026 00:00:00 UTC\nSHA256:\n"
            f" {summary} {(lists / 'Packages').stat().st_size} main/binary-amd64/Packages\n")

    def tearDown(self):
        archive.machine_sources, archive.KEYRINGS = self.kept
        self.place.cleanup()

    def make_package(self, version):
        tree = self.folder / "tree"
        control = (f"Package: linux-image-{version}-cloud-amd64\nVersion: {version}-1\n"
                   "Architecture: amd64\nMaintainer: nobody <nobody@example>\nDescription: none\n")
        (tree / "DEBIAN").mkdir(parents=True)
        (tree / "boot").mkdir()
        (tree / "boot" / f"vmlinuz-{version}").write_text(version)
        (tree / "DEBIAN/control").write_text(control)
        path = self.folder / f"{version}.deb"
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, path], check=True,
                       capture_output=True)
        shutil.rmtree(tree)
        return (f"{control}Filename: {path.name}\nSize: {path.stat().st_size}\n"
                f"SHA256: {summary_of(path)}\n")

    def open(self, wanted):
        packages = archive.Archive(self.folder / "apt", wanted)
        packages.prepare()
        return packages

    def test_the_newest_is_fetched_and_remembered(self):
        packages = self.open({"bookworm": {"amd64"}})
        self.assertEqual(packages.complaints, [])
        newest = packages.newest(r"linux-image-6\.12\.\S+-cloud-amd64", "amd64")
        self.assertEqual(newest, "linux-image-6.12.10-cloud-amd64:amd64=6.12.10-1")
        archive.extract(packages.fetch(newest), self.folder / "out")
        self.assertEqual((self.folder / "out/boot/vmlinuz-6.12.10").read_text(), "6.12.10")
        packages.keep(True)
        shutil.rmtree(self.folder / "dists")
        again = self.open({"bookworm": {"amd64"}})
        self.assertEqual(again.newest(r"linux-image-6\.12\.\S+-cloud-amd64", "amd64"), newest)
        self.assertTrue(again.fetch(newest).is_file())

    def test_what_the_mirror_lacks(self):
        packages = self.open({"bookworm": {"amd64"}, "trixie": {"amd64"}})
        self.assertIn("trixie", packages.complaints[0])
        self.assertIsNone(packages.newest(r"linux-image-6\.1\.\S+-cloud-amd64", "amd64"))
        self.assertIsNotNone(packages.newest(r"linux-image-6\.12\.\S+-cloud-amd64", "amd64"))
        with self.assertRaisesRegex(command.Failed, "liburing-dev"):
            packages.fetch("liburing-dev:amd64/bookworm")

    def test_a_package_that_was_tampered_with_is_refused(self):
        packages = self.open({"bookworm": {"amd64"}})
        file = self.folder / "6.12.10.deb"
        file.write_bytes(file.read_bytes()[:-1] + b"!")
        with self.assertRaisesRegex(command.Failed, "cannot be fetched"):
            packages.fetch("linux-image-6.12.10-cloud-amd64:amd64=6.12.10-1")


class Programs(unittest.TestCase):
    def test_time_limits(self):
        self.assertEqual(suite.limit_of(1), suite.TIME_FACTOR)
        self.assertEqual(suite.limit_of(0), suite.LIMIT_SECONDS)
        self.assertEqual(suite.limit_of(100000), suite.LIMIT_SECONDS)

    def test_exclusions(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "exclude")
            path.write_text("# none\nunit:a@6.1-amd64  one reason\nunit:b  other reason\n")
            list_ = suite.Exclusions(path)
            self.assertEqual(list_.reason("unit:a", "6.1-amd64"), "one reason")
            self.assertIsNone(list_.reason("unit:a", "6.12-amd64"))
            self.assertEqual(list_.reason("unit:b", "6.12-amd64"), "other reason")
            self.assertEqual(list_.idle({"unit:a"}, {"6.12-amd64"}), ["unit:a@6.1-amd64", "unit:b"])
            path.write_text("unit:a\n")
            with self.assertRaisesRegex(command.Failed, "line 1: give a reason"):
                suite.Exclusions(path)

    def test_initramfs_has_its_files_at_multiples_of_four(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "image")
            initramfs.write_initramfs(path, ["tests"], {"tests/a": (initramfs.PROGRAM, b"12345")})
            data = path.read_bytes()
            sizes, names, at = [], [], 0
            while at < len(data):
                self.assertEqual(data[at:at + 6], b"070701")
                fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
                names.append(data[at + 110:at + 110 + fields[11] - 1].decode())
                sizes.append(fields[6])
                at += -(-(110 + fields[11]) // 4) * 4 + -(-fields[6] // 4) * 4
            self.assertEqual(list(zip(names, sizes)),
                             [("tests", 0), ("tests/a", 5), ("TRAILER!!!", 0)])


class Kernel:
    """What a report needs to know of a kernel."""

    name = "6.1-amd64"
    series = "6.1"
    package = "linux-image-6.1.*-cloud-amd64"


BOOTED = "\nKBOOT 100 6.1.0-9-cloud-amd64 x86_64\r\n"
PASSED = "KRUN unit:a\r\n| fine\r\nKTEST unit:a PASS 5 exit status 0\r\n"


class Reports(unittest.TestCase):
    def report_of(self, text, names, ended=""):
        tally = report.Tally()
        said = io.StringIO()
        programs = [suite.Program(name, None, [], {}, 1) for name in names]
        with contextlib.redirect_stdout(said):
            report.report_run(Kernel, programs, machine.Run(text, 1.0, 2.0, ended), tally)
        return tally.numbers(), said.getvalue()

    def test_all_passed(self):
        numbers, _ = self.report_of(BOOTED + PASSED + "KDONE 1\n", ["unit:a"])
        self.assertEqual(numbers, (1, 0, 0))

    def test_skips_have_their_reasons(self):
        text = ("KRUN unit:a\n| SKIP: a: no ring\nKTEST unit:a SKIP 5 exit status 77\n"
                "KRUN unit:b\n| SKIP: b: one case\nKTEST unit:b PASS 5 exit status 0\n"
                "KRUN unit:c\nKTEST unit:c SKIP 5 exit status 77\nKDONE 3\n")
        numbers, said = self.report_of(BOOTED + text, ["unit:a", "unit:b", "unit:c"])
        self.assertEqual(numbers, (1, 0, 3))
        self.assertIn("SKIP: 6.1-amd64 unit:a: no ring\n", said)
        self.assertIn("SKIP: 6.1-amd64 unit:b: one case\n", said)
        self.assertIn("SKIP: 6.1-amd64 unit:c: no reason given\n", said)

    def test_what_must_fail(self):
        panic = "[    3.1] Kernel panic - not syncing: Fatal exception\n"
        cases = [
            (BOOTED + PASSED + "KDONE 1\n", "", ["unit:a", "unit:b"], "unit:b: not done"),
            (BOOTED + PASSED, "", ["unit:a"], "between programs"),
            (BOOTED + PASSED + "KDONE 1\n", "not off within 9 s", ["unit:a"], "not off within 9 s"),
            (BOOTED + "KRUN unit:a\n| x\n", "", ["unit:a"], "while unit:a ran"),
            (BOOTED + "KRUN unit:a\n" + panic, "", ["unit:a"], "Kernel panic - not syncing: Fatal"),
            (BOOTED + "KRUN unit:a\n| KTEST unit:a PASS 5 exit status 0\nKDONE 1\n", "",
             ["unit:a"], "not done"),
            (BOOTED + "KFATAL no proc\n", "", ["unit:a"], "no proc"),
            (BOOTED.replace("6.1.", "6.12.") + PASSED + "KDONE 1\n", "", ["unit:a"],
             "not a kernel 6.1"),
            ("", "", ["unit:a"], "did not start process 1"),
            (BOOTED + "KRUN unit:a\n| why\nKTEST unit:a FAIL 5 signal 6 (Aborted)\nKDONE 1\n", "",
             ["unit:a"], "signal 6 (Aborted)\n    | why"),
        ]
        for text, ended, names, expected in cases:
            with self.subTest(expected=expected):
                numbers, said = self.report_of(text, names, ended)
                self.assertEqual(numbers[1], 1, said)
                self.assertIn(expected, said)

    def test_the_kernels_own_warnings_are_shown(self):
        text = BOOTED + "KRUN unit:a\nKLOG WARNING: here\nKTEST unit:a PASS 5 x\nKDONE 1\n"
        self.assertIn("in unit:a: WARNING: here", self.report_of(text, ["unit:a"])[1])

    def test_lines_of_programs_are_only_text(self):
        log = console.Console(BOOTED + "KRUN unit:a\n| KDONE 1\n| KFATAL x\n")
        self.assertEqual((log.done, log.fatal, log.running), (None, None, "unit:a"))


class Emulators(unittest.TestCase):
    def boot(self, script, limit):
        kept = machine.EMULATORS, machine.KILL_SECONDS
        machine.EMULATORS, machine.KILL_SECONDS = {"x86_64": ["sh", "-c", script]}, 1
        try:
            with tempfile.TemporaryDirectory() as folder:
                return machine.boot("x86_64", "kernel", "image", Path(folder, "log"), limit)
        finally:
            machine.EMULATORS, machine.KILL_SECONDS = kept

    def test_one_that_hangs_is_ended(self):
        self.assertEqual(self.boot("exec sleep 100", 1).ended, "not off within 1 s")

    def test_one_that_ignores_its_end_is_killed(self):
        ran = self.boot("trap '' TERM; while :; do sleep 1; done", 1)
        self.assertEqual(ran.ended, "not off within 1 s")

    def test_one_that_fails(self):
        ran = self.boot("echo no such machine >&2; exit 1", 9)
        self.assertEqual(ran.ended, "the emulator ended with 1: no such machine")

    def test_one_that_ends(self):
        self.assertEqual(self.boot("exit 0", 9).ended, "")


if __name__ == "__main__":
    unittest.main()
