#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# test_comparison.py: what bench/compare makes of its programs' lines: quantiles, ratios, gates.
import json
import os
import sys
import tempfile
import types
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))

from comparison import builds, gate, histogram, report, rounds, variants  # noqa: E402


def turn(runtime, values, mode="park", label=None):
    return {"label": label or runtime, "runtime": runtime, "mode": mode, "version": "1",
            "workers": 2, "rounds": [{"value": value, "cpu_ns": value, "switches": 0,
                                      "peak_kib": 1024, "late_ns": None} for value in values]}


def row(name, *turns):
    return {"row": name, "unit": "ms", "divisor": 1e6, "disagree": False, "turns": list(turns)}


def compared(*rows):
    for one in rows:
        report.compare(rows, one)
    return {"rows": list(rows)}


class Histogram(unittest.TestCase):
    def test_a_bucket_is_at_most_a_thirty_second_wide(self):
        for ns in list(range(1, 5000)) + [10**6 + 7, 2**40 - 1]:
            bound = histogram.lower_bound(ns)
            self.assertTrue(bound <= ns < bound * 33 / 32 + 1, ns)

    def test_quantiles_of_merged_parts(self):
        parts = [histogram.of_samples(range(first, 1001, 2)) for first in (1, 2)]
        found = histogram.quantiles(histogram.merged(parts))
        self.assertEqual(found["count"], 1000)
        for name, right in (("p50", 500), ("p95", 950), ("p99", 990), ("p999", 999)):
            self.assertTrue(right * 31 / 32 - 1 <= found[name] <= right, name)


class Variants(unittest.TestCase):
    def test_stems(self):
        for name, stem in (("a_batch64_free", "a"), ("a_free", "a"), ("a", "a"),
                           ("a_batched_per_cpu", "a_per_cpu"), ("timer_churn_fire",) * 2):
            self.assertEqual(variants.stem(name), stem)


class Turns(unittest.TestCase):
    def test_a_runtime_takes_turns_in_its_modes(self):
        for name, row, labels in (
                ("spargio", "chan_1x1", ["spargio", "spargio, spinning"]),
                ("spargio", "fs_read_rtt_4k", ["spargio"]),
                ("tokio", "chan_1x1", ["tokio"]),
                ("spargio-rs", "fs_read_rtt_4k", ["spargio-rs, spinning"])):
            runtime = builds.Runtime(name, [name], [row], [], builds.modes_of(name), False)
            turns = rounds.turns_of(runtime, row, [], types.SimpleNamespace(seconds=1), [])
            self.assertEqual([turn.label for turn in turns], labels)


class Ratios(unittest.TestCase):
    def test_a_row_is_held_against_the_best_peer_round_by_round(self):
        whole = compared(row("a", turn("spargio", [2, 4, 6]), turn("tokio", [4, 4, 4]),
                             turn("go", [9, 9, 9]), turn("floor", [1, 1, 1])))
        ours = whole["rows"][0]["ours"][0]
        self.assertEqual((ours["peer"]["other"], ours["peer"]["ratio"], ours["peer"]["low"],
                          ours["peer"]["high"]), ("tokio", 1, 0.5, 1.5))
        self.assertEqual(ours["floor"]["ratio"], 4)

    def test_a_variant_without_peers_is_held_against_its_row(self):
        whole = compared(row("a", turn("spargio", [2]), turn("tokio", [4])),
                         row("a_batched", turn("spargio", [1])),
                         row("ab", turn("spargio", [1])))
        self.assertEqual(whole["rows"][1]["ours"][0]["peer"]["ratio"], 0.25)
        self.assertIsNone(whole["rows"][2]["ours"][0]["peer"])

    def test_trailing_rows_are_told_with_a_cause(self):
        whole = compared(row("cold_start", turn("spargio", [3]), turn("tokio", [1])),
                         row("b", turn("spargio", [1]), turn("tokio", [2])))
        told = report.trailing(whole)
        self.assertEqual(told[0], "1 rows led, 1 not.")
        self.assertIn("cold_start: 3.00 times tokio: spg_create", told[2])

    def test_what_a_program_tells(self):
        line = {"row": "a", "wall_ns": [5, 1, 3], "cpu_ns": 9, "switches": 3, "iterations": 3,
                "peak_kib": 7, "version": "1", "workers": 2, "checksum": "0", "schema": 2}
        self.assertEqual(rounds.measured(line)["value"], 3)
        line["figure"] = {"unit": "bytes/task", "value": 450.5}
        self.assertEqual(rounds.measured(line)["value"], 450.5)
        self.assertEqual(rounds.measured(dict(line, row="idle_cost", figure={
            "unit": "ms", "value": 1}))["value"], 1)


class Gate(unittest.TestCase):
    def test_it_names_what_is_worse_and_nothing_else(self):
        earlier = compared(row("a", turn("spargio", [1, 1, 1]), turn("go", [1, 1, 1])),
                           row("b", turn("spargio", [1, 1, 1]), turn("go", [1, 1, 1])))
        now = compared(row("a", turn("spargio", [2, 2, 2]), turn("go", [1, 1, 1])),
                       row("b", turn("spargio", [1.1, 1.1, 1.1]), turn("go", [1, 1, 1])))
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(earlier, file)
            file.flush()
            worse = gate.judge(now, file.name)
        self.assertEqual(len(worse), 1)
        self.assertIn("a, spargio: 2.00 times go; 1.00", worse[0])


if __name__ == "__main__":
    unittest.main()
