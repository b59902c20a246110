# SPDX-License-Identifier: MIT
# report.py: results.json, and the tables that people read.
import json
import os
import statistics

from .builds import OURS
from .causes import cause, why_not_ours
from .servers import LATE_NS
from .verdicts import (best, compare, is_level, is_peer, median, of_peers_alone, of_runtime,
                       summary, summary_line, trailing)

QUANTILES = ("p50", "p95", "p99", "p999")


# ---- Numbers ---------------------------------------------------------------------------------

def short(value):
    """Three digits that count, and no powers of ten."""
    return "%.0f" % value if value >= 100 else "%.3g" % value


def shown(row, value):
    """A value in the row's unit."""
    return short(value / row["divisor"])


def cells(found):
    """Ratio, spread, of whom, CPU; the ratio is bold where we trail."""
    if found is None:
        return ("",) * 4
    ratio = "%.2f" % found["ratio"]
    return ("**%s**" % ratio if found["ratio"] > 1 else ratio,
            "%.2f..%.2f" % (found["low"], found["high"]), found["other"], "%.2f" % found["cpu"])


def name_of(row, ours):
    """With how we run it, where there are several ways."""
    return row["row"] + ours["label"][len(OURS):]


# ---- Tables ----------------------------------------------------------------------------------

def head(*columns):
    return ["| %s |" % " | ".join(columns), "|" + "---|" * len(columns)]


def line(*columns):
    return "| %s |" % " | ".join(columns)


def table(whole):
    lines = head("row", "value", "CPU ms", "to best peer", "spread", "peer", "CPU", "to floor",
                 "CPU")
    for row in whole["rows"]:
        for ours, turn in zip(row["ours"], of_runtime(row, OURS)):
            floor = cells(ours["floor"])
            lines.append(line(
                name_of(row, ours), "%s %s" % (shown(row, median(turn, "value")), row["unit"]),
                short(median(turn, "cpu_ns") / 1e6), *cells(ours["peer"]), floor[0], floor[3]))
    return lines


def everybody(whole):
    lines = head("row", "runtime", "workers", "value", "lowest", "highest", "CPU ms", "switches",
                 "peak MiB")
    for row in whole["rows"]:
        for turn in row["turns"]:
            values = [one["value"] for one in turn["rounds"]]
            lines.append(line(
                row["row"], ("%s %s" % (turn["label"], turn["version"])).strip(),
                str(turn["workers"]), "%s %s" % (shown(row, statistics.median(values)),
                                                 row["unit"]),
                shown(row, min(values)), shown(row, max(values)),
                short(median(turn, "cpu_ns") / 1e6), short(median(turn, "switches")),
                "%.1f" % (median(turn, "peak_kib") / 1024)))
    return lines


def latencies(whole):
    """Of rows that have requests: of all rounds' requests together."""
    lines = head("row", "runtime", "p50 us", "p95", "p99", "p99.9", "requests")
    for row in whole["rows"]:
        for turn in row["turns"]:
            if "latency_ns" in turn:
                found = turn["latency_ns"]
                lines.append(line(row["row"], turn["label"], *(
                    short(found[name] / 1e3) for name in QUANTILES), str(found["count"])))
    return lines


# ---- Lists -----------------------------------------------------------------------------------

def late(whole):
    """Turns whose load generator stayed late: their figures are of the machine as well."""
    return ["- %s, %s: %d of %d rounds" % (row["row"], turn["label"], count, len(turn["rounds"]))
            for row in whole["rows"] for turn in row["turns"]
            if (count := sum((one["late_ns"] or 0) > LATE_NS for one in turn["rounds"]))]


def where_we_trail(whole):
    return ["- %s: %.2f times %s%s: %s" % (
        row, found["ratio"], found["other"],
        " (within the spread)" if is_level(found) else "", cause(row))
        for row, found in trailing(whole["rows"])] or ["Nowhere."]


def alone(whole):
    """Rows that only peers run, with their best and why we do not."""
    lines = []
    for row in of_peers_alone(whole["rows"]):
        first = best([turn for turn in row["turns"] if is_peer(turn)] or row["turns"])
        lines.append("- %s (%s: %s %s): %s" % (
            row["row"], first["label"], shown(row, median(first, "value")), row["unit"],
            why_not_ours(row["row"])))
    return lines


# ---- The page --------------------------------------------------------------------------------

def introduction(whole):
    about = whole["environment"]
    count = max((len(turn["rounds"]) for row in whole["rows"] for turn in row["turns"]), default=0)
    return ["# Results", "",
            "%s, commit %s; Linux %s, %d CPUs of %s; medians of %d rounds, in which all took turns."
            % (about["time"], about["commit"], about["kernel"], about["cpus"], about["machine"],
               count),
            "", "`%s`" % about["command"]]


def page(whole):
    lines = introduction(whole) + [
        "", "## spargio beside the best peer and the floor", "",
        "Ratios of time, or of what else the row is of: below 1 spargio is better, **above** it is "
        "not. The median of the rounds' ratios; spread: their lowest and highest; CPU: the ratio "
        "of CPU time.", ""] + table(whole)
    lines += ["", "## Where we trail", ""] + where_we_trail(whole)
    if alone(whole):
        lines += ["", "## Rows that only peers run", ""] + alone(whole)
    lines += ["", "## Latencies", ""] + latencies(whole)
    if late(whole):
        lines += ["", "Rounds in which the load generator's p99.9 was more than %d us late:"
                  % (LATE_NS // 1000), ""] + late(whole)
    return lines + ["", "## All of them", ""] + everybody(whole) + [
        "", "## In all", "", summary_line(whole["summary"])]


def write(whole, folder):
    for row in whole["rows"]:
        compare(whole["rows"], row)
    whole["summary"] = summary(whole["rows"])
    with open(os.path.join(folder, "results.json"), "w", encoding="utf-8") as file:
        json.dump(whole, file, indent=1)
    with open(os.path.join(folder, "results.md"), "w", encoding="utf-8") as file:
        file.write("\n".join(page(whole)) + "\n")
    print("\n".join(table(whole) + ["", "Where we trail:"] + where_we_trail(whole)))
    if alone(whole):
        print("\n".join(["", "Rows that only peers run:"] + alone(whole)))
    print("\n" + summary_line(whole["summary"]))
