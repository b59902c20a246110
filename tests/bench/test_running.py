#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# test_running.py: how bench/compare runs rows: which ones, in turns, with its progress; programs of
# others; answers to log queries; what it searches for and waits for.
import argparse
import io
import os
import sys
import tempfile
import unittest
from unittest import mock

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))

from comparison import (builds, histogram, log_load, log_query, logs, nginx,  # noqa: E402
                        processes, progress, rounds, servers)

# A program that keeps to the format: its row "a" gives the checksum that it is told to.
PROGRAM = """\
import json, sys
if sys.argv[2] == "--list":
    print("a only_mine")
elif sys.argv[2] != "--list-servers":
    print(json.dumps({
        "schema": 2, "row": sys.argv[2], "runtime": "x", "version": "9", "workers": 1,
        "mode": "park", "iterations": 2, "checksum": sys.argv[1], "cpu_ns": 8, "switches": 2,
        "peak_kib": 1, "wall_ns": [4, 6], "latency_ns": [10, 20]}))
"""


def arguments(**given):
    return argparse.Namespace(**{"row": [], "runtime": [], "quick": False, "rounds": 2,
                                 "seconds": 0.1, "list": False, **given})


class Terminal(io.StringIO):
    def isatty(self):
        return True


class Rows(unittest.TestCase):
    def test_rows_are_named_or_match(self):
        for asked, found in (([], True), (["net_echo"], True), (["net_*"], True), (["x"], False)):
            self.assertEqual(rounds.wanted("net_echo", arguments(row=asked)), found)
        self.assertFalse(rounds.wanted("task_memory_1m", arguments(quick=True)))
        self.assertTrue(rounds.wanted("task_memory_1m", arguments(quick=True, row=["task_*"])))

    def test_a_quick_run_spins_in_main_rows_only(self):
        runtime = builds.Runtime("x", ["x"], [], [], ("park", "spin"), False)
        for row, quick, modes in (("steady_ping_pong_rtt", True, ("park", "spin")),
                                  ("steady_ping_pong_rtt_free", True, ("park",)),
                                  ("steady_ping_pong_rtt_free", False, ("park", "spin")),
                                  ("fs_read_rtt_4k", False, ("park",))):
            self.assertEqual(rounds.modes_of(runtime, row, arguments(quick=quick)), modes, row)

    def test_long_turns_are_planned_as_such(self):
        runtime = builds.Runtime("x", ["x"], [], [], ("park",), False)
        for row, seconds in (("idle_cost", rounds.LONG_TURNS["idle_cost"]),
                             ("fs_read_rtt_4k", 0.1 + rounds.SETTING_UP)):
            (turn,) = rounds.turns_of(runtime, row, [], arguments(), [])
            self.assertEqual(turn.seconds, seconds, row)

    def test_runtimes_are_named(self):
        self.assertTrue(builds.chosen("go", arguments()))
        self.assertFalse(builds.chosen("go", arguments(runtime=["tokio"])))


class Extra(unittest.TestCase):
    def run_with(self, *checksums):
        """The rows of programs of others: extra0, extra1 ..."""
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(PROGRAM)
            file.flush()
            runtimes = [builds.extra_runtime("extra%d=%s %s %s" % (
                number, sys.executable, file.name, checksum))
                for number, checksum in enumerate(checksums)]
            plan = rounds.plan(runtimes, arguments(row=["a"]), [])
            return rounds.run(plan, arguments())

    def test_it_takes_turns_with_the_others(self):
        (row,) = self.run_with("0f", "0f")
        self.assertFalse(row["disagree"])
        self.assertEqual([turn["label"] for turn in row["turns"]], ["extra0", "extra1"])
        first = row["turns"][0]
        self.assertEqual([one["round"] for one in first["rounds"]], [0, 1])
        self.assertEqual((first["rounds"][0]["value"], first["rounds"][0]["cpu_ns"]), (5, 4))
        self.assertEqual(first["latency_buckets"], [(10, 2), (20, 2)])

    def test_another_answer_is_told(self):
        with mock.patch.object(builds, "say") as say:
            (row,) = self.run_with("0f", "10")
        self.assertTrue(row["disagree"])
        self.assertIn("the checksums differ", say.call_args[0][0])

    def test_who_fails_is_left_out(self):
        with mock.patch.object(builds, "say"):
            runtime = builds.Runtime("x", ["false"], ["a"], [], ("park",), False)
            (row,) = rounds.run(rounds.plan([runtime], arguments(), []), arguments())
        self.assertEqual(row["turns"], [])


class Progress(unittest.TestCase):
    def test_what_is_past_tells_of_the_rest(self):
        now = [100]
        turn = rounds.Turn("x", "x", "park", 2, None)
        rows = {"a": rounds.Row("ms", 1, [turn]), "b": rounds.Row("ms", 1, [turn])}
        shown = progress.Progress(rows, 2, Terminal(), lambda: now[0])
        self.assertIsNone(shown.left())
        self.assertEqual(shown.plan_text(), "2 rows, 2 rounds: about 0:08")
        now[0] += 4
        shown.done(turn)
        self.assertEqual(shown.left(), 12)
        shown.show("b", 1, turn)
        self.assertIn("row 2 of 2, 0:12 left: b: round 2 of 2: x", shown.out.getvalue())

    def test_only_a_terminal_is_written_to(self):
        shown = progress.Progress({}, 1, io.StringIO())
        shown.line("something")
        self.assertEqual(shown.out.getvalue(), "")

    def test_times_are_as_on_a_clock(self):
        self.assertEqual([progress.clock_text(one) for one in (7.2, 187, 3787)],
                         ["0:07", "3:07", "1:03:07"])


class Queries(unittest.TestCase):
    def test_answers_are_alike_however_they_are_laid_out(self):
        same = {log_query.checksum(one) for one in (
            b'{"status":"200","n":"12"}\n{"status":"404","n":"3"}\n', b"404 3\n200 12\n",
            b"200 12\n404 3\n")}
        self.assertEqual(len(same), 1)
        self.assertNotIn(log_query.checksum(b"200 12\n404 4\n"), same)

    def test_no_line_is_a_count_of_none(self):
        self.assertEqual(log_query.checksum(b""), log_query.checksum(b'{"n":"0"}\n'))

    def test_every_query_has_a_peer_and_names_the_file_once(self):
        for name, query in log_query.QUERIES.items():
            self.assertTrue(query.others, name)
            for command in query.others.values():
                self.assertEqual(" ".join(command).count(log_query.FILE), 1, name)

    def test_a_file_that_was_read_is_cached(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"x" * (1 << 20))
            file.flush()
            logs.sync(file.name)
            logs.warm(file.name)
            self.assertGreater(logs.cached(file.name), 0.5)


class Loads(unittest.TestCase):
    def test_a_refused_request_counts_as_a_late_one(self):
        line = {"latency_buckets": [[1000, 98]], "errors": {"refused": 2, "failed": 0}}
        found = histogram.quantiles(log_load.latencies(line))
        self.assertEqual((found["count"], found["p50"]), (100, histogram.lower_bound(1000)))
        self.assertEqual(found["p99"], histogram.lower_bound(10**10))
        line["errors"]["refused"] = 0
        self.assertEqual(log_load.latencies(line), histogram.of_pairs([[1000, 98]]))


class Running(unittest.TestCase):
    def test_a_program_is_told_by_output_code_and_errors(self):
        ran = processes.run(["sh", "-c", "echo out; echo err >&2; exit 3"])
        self.assertEqual((ran.output, ran.code, ran.errors), (b"out\n", 3, "err\n"))
        self.assertGreater(ran.wall_ns, 0)
        self.assertEqual(set(ran.spent), {"cpu_ns", "switches", "peak_kib"})

    def test_the_memory_of_children_counts(self):
        self.assertGreater(processes.peak_kib(os.getpid()), 1024)
        self.assertEqual(processes.peak_kib(2 ** 22), 0)  # no such process

    def test_nginx_is_told_to_stay_below_its_folder(self):
        with tempfile.TemporaryDirectory() as folder:
            with open(nginx.configure(folder, 8123), encoding="utf-8") as file:
                text = file.read()
        self.assertIn("listen 127.0.0.1:8123;", text)
        self.assertIn("access_log off;", text)
        self.assertEqual(text.count("_temp_path %s/" % folder), len(nginx.SCRATCH))


class Pinning(unittest.TestCase):
    def runtime(self, name):
        with mock.patch.object(builds, "listed", lambda command, what: ["stall_echo"]):
            return builds.runtime(name, [name])

    def test_servers_under_stalls_are_pinned_where_they_can_be(self):
        for name, pins in (("spargio", True), ("epoll", True), ("tokio", True), ("libuv", True),
                           ("spargio-rs", True), ("go", False), ("another", False)):
            command = servers.pinned_command_of(self.runtime(name), "stall_echo")
            self.assertEqual("--pin" in command, pins, name)

    def test_servers_under_wrk_are_not(self):
        self.assertNotIn("--pin", servers.command_of(self.runtime("tokio"), "http_plain"))
        self.assertNotIn("affinity", nginx.CONFIGURATION)


class Server:
    """What a search drives: it keeps the budget up to a rate."""

    trial_seconds = 1

    def __init__(self, most):
        self.most = most
        self.asked = []

    def run(self, _port, rate, _share, _seconds):
        self.asked.append(rate)
        return {"sent": 1, "lost": 0, "latency_ns": [1000 if rate <= self.most else 10**9]}


class Search(unittest.TestCase):
    def searched(self, search, generator):
        def serving(_command, spent):
            spent.update(cpu_ns=1, switches=1, peak_kib=1)
            return mock.MagicMock()
        generator.asked.clear()
        with mock.patch.object(servers, "serving", serving), mock.patch.object(builds, "say"):
            return search.turn()

    def test_it_finds_the_highest_rate_and_later_looks_nearby(self):
        generator = Server(30000)
        search = servers.Search(generator, ["x"], (0, 10**6, 10**7))
        for steps in (servers.STEPS, servers.NEAR_STEPS, servers.NEAR_STEPS):
            found = self.searched(search, generator)
            self.assertEqual(len(generator.asked), steps)
            self.assertTrue(0.85 * 30000 < 1e9 / found["value"] <= 30000, found)

    def test_it_looks_everywhere_when_nothing_was_found(self):
        generator = Server(0)
        search = servers.Search(generator, ["x"], (0, 10**6, None))
        self.assertIsNone(self.searched(search, generator))
        self.assertEqual(search.limits()[:2], (servers.LEAST_RATE, servers.MOST_RATE))


if __name__ == "__main__":
    unittest.main()
