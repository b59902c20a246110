#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# test_runner.py: the runner counts right, and a failure, a hang or an empty run never passes.
import os
import re
import tempfile
import unittest

import builds
import runner
import steps


def script(text):
    return ["sh", "-c", text]


class Numbers(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.kept = builds.FOLDER
        builds.FOLDER = self.folder.name

    def tearDown(self):
        builds.FOLDER = self.kept
        self.folder.cleanup()

    def outcome_of(self, text, seconds=20):
        outcome = builds.Outcome()
        builds.run_script(outcome, "script", script(text), {}, seconds)
        return outcome

    def test_closing_lines(self):
        self.assertEqual(builds.closing_line("3 passed, 0 failed, 2 skipped"), (3, 0, 2))
        self.assertEqual(builds.closing_line("3 passed, 1 failed"), (3, 1, 0))
        for line in ("", "3 passed", "passed, failed", "3 failed, 1 passed",
                     "x 3 passed, 1 failed"):
            self.assertIsNone(builds.closing_line(line), line)

    def test_a_script_adds_its_numbers_and_reasons(self):
        outcome = self.outcome_of("echo SKIP: arm64: no qemu; echo 4 passed, 0 failed, 1 skipped")
        self.assertEqual((outcome.passed, outcome.failed, outcome.skips),
                         (4, 0, ["arm64: no qemu"]))

    def test_a_skip_without_a_reason_still_counts(self):
        self.assertEqual(len(self.outcome_of("echo 4 passed, 0 failed, 2 skipped").skips), 2)

    def test_what_must_fail(self):
        for text in ("echo 4 passed, 1 failed, 0 skipped; exit 1",
                     "echo 4 passed, 0 failed, 0 skipped; exit 1",
                     "echo 4 passed, 0 failed, 0 skipped; echo more",
                     "exit 0"):
            with self.subTest(text=text):
                outcome = self.outcome_of(text)
                self.assertEqual(outcome.failed, 1)
                self.assertEqual(len(outcome.failures), 1)

    def test_what_failed_in_a_script_is_told_and_what_did_not_is_not(self):
        outcome = self.outcome_of("echo SKIP: a: none; echo FAIL: b: 3 is not 4; "
                                  "echo '    | at x.c:7'; echo SKIP: c: none; "
                                  "echo 4 passed, 1 failed, 2 skipped; exit 1")
        self.assertIn("b: 3 is not 4", outcome.failures[0])
        self.assertIn("at x.c:7", outcome.failures[0])
        self.assertNotIn("SKIP", outcome.failures[0].split("again:")[0])

    def test_a_script_that_hangs_is_ended_and_fails(self):
        outcome = self.outcome_of("sleep 60 & echo started; wait", seconds=1)
        self.assertEqual(outcome.failed, 1)
        self.assertIn("started", outcome.failures[0])

    def test_results_of_meson(self):
        build = builds.Build("b", "cc", "c++")
        for result, stdout, passed, failed, skips in [
                ("OK", "", 1, 0, []),
                ("OK", "SKIP: a: one case", 1, 0, ["x: a: one case"]),
                ("SKIP", "SKIP: no ring", 0, 0, ["x: no ring"]),
                ("SKIP", "", 0, 0, ["x: no reason given"]),
                ("FAIL", "", 0, 1, []),
                ("TIMEOUT", "", 0, 1, []),
                ("ERROR", "", 0, 1, []),
                ("UNEXPECTEDPASS", "", 0, 1, [])]:
            with self.subTest(result=result):
                outcome = builds.Outcome()
                test = {"name": "spargio:unit / x", "result": result, "stdout": stdout}
                build._count(outcome, test, {"A": "1"}, [])
                self.assertEqual((outcome.passed, outcome.failed, outcome.skips),
                                 (passed, failed, skips))
                if failed:
                    self.assertIn("A=1 meson test -C %s 'x'" % build.folder, outcome.failures[0])


class Table(unittest.TestCase):
    def test_names_are_unique_and_the_default_is_a_part(self):
        table = steps.table()
        names = [step.name for step in table]
        self.assertEqual(len(names), len(set(names)))
        self.assertTrue(0 < sum(step.always for step in table) < len(table))

    def test_arguments(self):
        self.assertEqual(runner.arguments_of(["--all"]), (True, [], False))
        self.assertEqual(runner.arguments_of(["--only", "a", "--only", "b"]),
                         (False, ["a", "b"], False))
        for wrong in (["--al"], ["--only"], ["x"]):
            self.assertIsNone(runner.arguments_of(wrong))

    def test_every_suite_is_run(self):
        suites = set()
        for folder, _, names in os.walk(os.path.join(builds.TOP, "tests")):
            if "meson.build" in names:
                with open(os.path.join(folder, "meson.build"), encoding="utf-8") as file:
                    suites.update(re.findall(r"\bsuite: '([\w-]+)'", file.read()))
        self.assertTrue(suites)
        named = set(steps.RUNNING) | set(steps.HOUSE) | {"explore", "gate"}
        self.assertEqual(suites - named, set())


if __name__ == "__main__":
    unittest.main()
