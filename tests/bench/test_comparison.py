#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# test_comparison.py: what bench/compare makes of its programs' lines: quantiles, ratios, verdicts,
# gates.
import json
import os
import sys
import tempfile
import types
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../bench"))

from comparison import builds, gate, histogram, report, rounds, variants, verdicts  # noqa: E402


def turn(runtime, values, mode="park", label=None):
    return {"label": label or runtime, "runtime": runtime, "mode": mode, "version": "1",
            "workers": 2, "rounds": [
                {"round": number, "value": value, "cpu_ns": value, "switches": 0, "peak_kib": 1024,
                 "late_ns": None} for number, value in enumerate(values)]}


def row(name, *turns):
    return {"row": name, "unit": "ms", "divisor": 1e6, "disagree": False, "turns": list(turns)}


def compared(*rows):
    for one in rows:
        verdicts.compare(rows, one)
    return {"rows": list(rows)}


class Histogram(unittest.TestCase):
    def test_a_bucket_is_at_most_a_thirty_second_wide(self):
        for ns in list(range(1, 5000)) + [10**6 + 7, 2**40 - 1]:
            bound = histogram.lower_bound(ns)
            self.assertTrue(bound <= ns < bound * 33 / 32 + 1, ns)

    def test_times_and_counts_of_others(self):
        found = histogram.of_pairs([[1000, 2], [1001, 3], [5, 1]])
        self.assertEqual(found, histogram.of_samples([1000, 1000, 1001, 1001, 1001, 5]))

    def test_merging_is_as_if_all_were_one(self):
        samples = [7 * number * number + 3 for number in range(1000)]
        parts = [histogram.of_samples(samples[first::3]) for first in range(3)]
        self.assertEqual(histogram.merged(parts), histogram.of_samples(samples))
        self.assertEqual(histogram.merged([]), {})

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
            turns = rounds.turns_of(runtime, row, [], types.SimpleNamespace(seconds=1, quick=False),
                                    [])
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

    def test_rounds_that_one_has_missed_are_left_out(self):
        late = turn("tokio", [2, 10])
        late["rounds"] = [{**one, "round": one["round"] + 1} for one in late["rounds"]]
        whole = compared(row("a", turn("spargio", [1, 2, 5]), late))
        found = whole["rows"][0]["ours"][0]["peer"]
        self.assertEqual((found["low"], found["high"]), (0.5, 1))
        whole = compared(row("a", turn("spargio", [1]), late))
        self.assertIsNone(whole["rows"][0]["ours"][0]["peer"])

    def test_what_a_program_tells(self):
        line = {"row": "a", "wall_ns": [5, 1, 3], "cpu_ns": 9, "switches": 3, "iterations": 3,
                "peak_kib": 7, "version": "1", "workers": 2, "checksum": "0", "schema": 2}
        self.assertEqual(rounds.measured(line)["value"], 3)
        line["figure"] = {"unit": "bytes/task", "value": 450.5}
        self.assertEqual(rounds.measured(line)["value"], 450.5)
        self.assertEqual(rounds.measured(dict(line, row="idle_cost", figure={
            "unit": "ms", "value": 1}))["value"], 1)


class Verdicts(unittest.TestCase):
    def setUp(self):
        self.rows = compared(
            row("cold_start", turn("spargio", [3, 3]), turn("tokio", [1, 1])),
            row("noisy", turn("spargio", [1, 2.2]), turn("tokio", [2, 1])),
            row("led", turn("spargio", [9, 9]), turn("tokio", [2, 2]),
                turn("spargio", [1, 1], "spin", "spargio, spinning"), turn("floor", [8.5, 8.5]),
                turn("floor", [0.5, 0.5], "spin", "floor, spinning")),
            row("near", turn("spargio", [1.15]), turn("floor", [1])),
            row("boundary_rtt_api", turn("go", [5]), turn("tokio", [7])))["rows"]

    def test_counts_are_by_the_best_of_our_ways(self):
        self.assertEqual(verdicts.summary(self.rows), {
            "rows": 5, "beside_peers": 3, "led": 1, "trailing": 2, "trailing_within_spread": 1,
            "far_behind": 1, "peers_alone": 1, "beside_floor": 2,
            "near_floor": {"1.1": 1, "1.2": 2}})

    def test_an_even_row_is_led(self):
        rows = compared(row("a", turn("spargio", [1]), turn("go", [1])))["rows"]
        self.assertEqual(verdicts.summary(rows)["led"], 1)
        self.assertEqual(verdicts.trailing(rows), [])

    def test_who_parks_is_held_against_those_that_park(self):
        turns = [turn("spargio", [2]), turn("spargio", [2], "spin", "spargio, spinning"),
                 turn("go", [4]), turn("spargio-rs", [1], "spin", "spargio-rs, spinning")]
        parked, spinning = compared(row("a", *turns))["rows"][0]["ours"]
        self.assertEqual((parked["peer"]["other"], parked["peer"]["ratio"]), ("go", 0.5))
        self.assertEqual(spinning["peer"]["other"], "spargio-rs, spinning")
        alone = compared(row("a", turns[0], turns[3]))["rows"][0]["ours"][0]
        self.assertEqual(alone["peer"]["other"], "spargio-rs, spinning")

    def test_trailing_rows_are_told_with_a_cause_the_worst_first(self):
        told = report.where_we_trail({"rows": self.rows})
        self.assertEqual(len(told), 2)
        self.assertIn("cold_start: 3.00 times tokio: about half is spg_create", told[0])
        self.assertIn("noisy: 1.35 times tokio (within the spread)", told[1])
        self.assertEqual(report.where_we_trail({"rows": self.rows[2:]}), ["Nowhere."])

    def test_rows_of_peers_alone_are_told_with_the_reason(self):
        told = report.alone({"rows": self.rows})
        self.assertEqual(len(told), 1)
        self.assertIn("boundary_rtt_api (go: 5e-06 ms): the crate spargio", told[0])

    def test_the_page_ends_with_the_summary(self):
        whole = {"rows": self.rows, "summary": verdicts.summary(self.rows), "environment": {
            "time": "", "commit": "", "kernel": "", "cpus": 2, "machine": "", "command": ""}}
        page = report.page(whole)
        self.assertIn("## Rows that only peers run", page)
        self.assertTrue(page[-1].startswith("Of 5 rows, 3 run beside a peer: spargio leads in 1"))

    def test_numbers_are_told_without_powers_of_ten(self):
        self.assertEqual([report.short(one) for one in (0.01234, 1.5, 99.96, 123.4, 45678.9)],
                         ["0.0123", "1.5", "100", "123", "45679"])


class Gate(unittest.TestCase):
    def test_it_names_what_is_worse_and_nothing_else(self):
        earlier = compared(row("a", turn("spargio", [1, 1, 1]), turn("go", [1, 1, 1])),
                           row("b", turn("spargio", [1, 1, 1]), turn("go", [1, 1, 1])))
        now = compared(row("a", turn("spargio", [2, 2, 2]), turn("go", [1, 1, 1])),
                       row("b", turn("spargio", [1.1, 1.1, 1.1]), turn("go", [1, 1, 1])))
        worse = self.judged(earlier, now)
        self.assertEqual(len(worse), 1)
        self.assertIn("a, spargio: 2.00 times go; 1.00", worse[0])

    def test_what_a_run_spreads_is_allowed_and_another_peer_is_not_compared(self):
        def run(ours, *others):
            return compared(row("a", turn("spargio", ours), *others))
        steady = run([1, 1, 1], turn("go", [1, 1, 1]))
        self.assertEqual(len(self.judged(steady, run([2, 2, 2], turn("go", [1, 1, 1])))), 1)
        self.assertEqual(self.judged(steady, run([0.5, 2, 8], turn("go", [1, 1, 1]))), [])
        self.assertEqual(self.judged(steady, run([2, 2, 2], turn("tokio", [1, 1, 1]))), [])

    def test_the_floor_is_held_to_as_well(self):
        earlier = compared(row("a", turn("spargio", [1, 1]), turn("floor", [1, 1])))
        now = compared(row("a", turn("spargio", [2, 2]), turn("floor", [1, 1])))
        self.assertIn("2.00 times floor", self.judged(earlier, now)[0])

    def judged(self, earlier, now):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(earlier, file)
            file.flush()
            return gate.judge(now, file.name)


if __name__ == "__main__":
    unittest.main()
