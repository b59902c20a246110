# SPDX-License-Identifier: MIT
# report.py: results.json, and the table that people read.
import json
import os
import statistics

from .builds import BY_HAND, OURS
from .causes import cause
from .servers import LATE_NS
from .variants import stem


def median(turn, key):
    return statistics.median(one[key] for one in turn["rounds"])


def of_runtime(row, name):
    return [turn for turn in row["turns"] if turn["runtime"] == name]


def is_peer(turn):
    return turn["runtime"] != OURS and turn["runtime"] not in BY_HAND


def rivals(rows, row, wanted):
    """The turns of others that a row is held against: its own; where none of them has this variant
    (fanout_fanin_balanced_batched), those of the row that it is a variant of."""
    for name in (row["row"], stem(row["row"])):
        turns = [turn for other in rows if other["row"] == name
                 for turn in other["turns"] if wanted(turn)]
        if turns:
            return turns
    return []


def ratios(turn, other):
    """Round by round: both took their turns one after the other."""
    return [a["value"] / b["value"] for a, b in zip(turn["rounds"], other["rounds"])]


def best(turns):
    return min(turns, key=lambda turn: median(turn, "value"), default=None)


def against(turn, other):
    """median (lowest to highest) of the ratios, and the ratio of CPU."""
    if turn is None or other is None:
        return None
    found = ratios(turn, other)
    return {"ratio": statistics.median(found), "low": min(found), "high": max(found),
            "cpu": median(turn, "cpu_ns") / max(median(other, "cpu_ns"), 1),
            "other": other["label"]}


def compare(rows, row):
    """Adds what the table says: ours, parked and spinning each, beside the best peer and the
    floor in the same mode."""
    row["ours"] = []
    for turn in of_runtime(row, OURS):
        floors = rivals(rows, row, lambda one, mode=turn["mode"]: one["runtime"] in BY_HAND
                        and one["mode"] == mode)
        row["ours"].append({"label": turn["label"], "mode": turn["mode"],
                            "peer": against(turn, best(rivals(rows, row, is_peer))),
                            "floor": against(turn, best(floors))})


def cell(found):
    if found is None:
        return "", ""
    return ("%.2f (%.2f..%.2f) %s" % (found["ratio"], found["low"], found["high"], found["other"]),
            "%.2f" % found["cpu"])


def shown(row, value):
    """A value in the row's unit."""
    value /= row["divisor"]
    return "%.0f" % value if value >= 1000 else "%.3g" % value


def table(whole):
    lines = ["| row | | CPU ms | of the best peer | CPU | of the floor | CPU |",
             "|---|---|---|---|---|---|---|"]
    for row in whole["rows"]:
        for ours, turn in zip(row["ours"], of_runtime(row, OURS)):
            name = row["row"] + ours["label"][len(OURS):]
            lines.append("| %s | %s %s | %.3g | %s | %s | %s | %s |" % (
                (name, shown(row, median(turn, "value")), row["unit"],
                 median(turn, "cpu_ns") / 1e6) + cell(ours["peer"]) + cell(ours["floor"])))
    return lines


def everybody(whole):
    lines = ["| row | runtime | workers | | lowest | highest | CPU ms | switches | peak MiB |",
             "|---|---|---|---|---|---|---|---|---|"]
    for row in whole["rows"]:
        for turn in row["turns"]:
            values = [one["value"] for one in turn["rounds"]]
            lines.append("| %s | %s %s | %d | %s %s | %s | %s | %.3g | %.3g | %.1f |" % (
                row["row"], turn["label"], turn["version"], turn["workers"],
                shown(row, statistics.median(values)), row["unit"], shown(row, min(values)),
                shown(row, max(values)), median(turn, "cpu_ns") / 1e6, median(turn, "switches"),
                median(turn, "peak_kib") / 1024))
    return lines


def latencies(whole):
    """Of rows that have requests: of all rounds' requests together."""
    lines = ["| row | runtime | p50 us | p95 | p99 | p99.9 | requests |",
             "|---|---|---|---|---|---|---|"]
    for row in whole["rows"]:
        for turn in row["turns"]:
            if "latency_ns" in turn:
                found = turn["latency_ns"]
                lines.append("| %s | %s | %s | %d |" % (row["row"], turn["label"], " | ".join(
                    "%.3g" % (found[name] / 1e3) for name in ("p50", "p95", "p99", "p999")),
                    found["count"]))
    return lines


def late(whole):
    """Turns whose load generator stayed late: their figures are of the machine as well."""
    return ["- %s, %s: %d of %d rounds" % (row["row"], turn["label"], count, len(turn["rounds"]))
            for row in whole["rows"] for turn in row["turns"]
            if (count := sum((one["late_ns"] or 0) > LATE_NS for one in turn["rounds"]))]


def trailing(whole):
    """Rows in which a peer is ahead of the best of ours, the worst first."""
    behind = []
    for row in whole["rows"]:
        found = [ours["peer"] for ours in row["ours"] if ours["peer"]]
        best_of_ours = min(found, key=lambda one: one["ratio"], default=None)
        if best_of_ours and best_of_ours["ratio"] > 1:
            behind.append((best_of_ours["ratio"], row["row"], best_of_ours["other"]))
    led = sum(1 for row in whole["rows"] if any(ours["peer"] for ours in row["ours"])) - len(behind)
    return ["%d rows led, %d not." % (led, len(behind)), ""] + [
        "- %s: %.2f times %s: %s" % (row, ratio, other, cause(row))
        for ratio, row, other in sorted(behind, reverse=True)]


def write(whole, folder):
    for row in whole["rows"]:
        compare(whole["rows"], row)
    with open(os.path.join(folder, "results.json"), "w") as file:
        json.dump(whole, file, indent=1)
    about = whole["environment"]
    count = len(whole["rows"][0]["turns"][0]["rounds"]) if whole["rows"] else 0
    lines = ["# Results", "",
             "%s, commit %s; Linux %s, %d CPUs of %s; medians of %d rounds, in which all took "
             "turns." % (about["time"], about["commit"], about["kernel"], about["cpus"],
                         about["machine"], count),
             "", "`%s`" % about["command"], "", "## spargio beside the best peer and the floor", "",
             "Ratios of time (or of what else the row is of), below 1: spargio is better; median "
             "of the rounds' ratios, lowest and highest."]
    lines += [""] + table(whole) + ["", "## Where we trail", ""] + trailing(whole)
    lines += ["", "## Latencies", ""] + latencies(whole)
    if late(whole):
        lines += ["", "Rounds in which the load generator's p99.9 was more than %d us late:"
                  % (LATE_NS // 1000), ""] + late(whole)
    lines += ["", "## All of them", ""] + everybody(whole)
    with open(os.path.join(folder, "results.md"), "w") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(table(whole) + ["", "Where we trail:"] + trailing(whole)))
