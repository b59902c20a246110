# SPDX-License-Identifier: MIT
# report.py: results.json, and the table that people read.
import json
import os
import statistics

OURS = "spargio"
FLOOR = "floor"


def median(turn, key):
    return statistics.median(one[key] for one in turn["rounds"])


def of_runtime(row, name):
    return [turn for turn in row["turns"] if turn["runtime"] == name]


def is_peer(turn):
    return turn["runtime"] not in (OURS, FLOOR)


def rivals(rows, row, wanted):
    """The turns of others that a row is held against: its own; where none of them has this variant
    (fanout_fanin_balanced_batched), those of the row without it."""
    own = [turn for turn in row["turns"] if wanted(turn)]
    names = [other["row"] for other in rows if row["row"].startswith(other["row"] + "_")]
    if own or not names:
        return own
    base = max(names, key=len)
    return [turn for other in rows if other["row"] == base
            for turn in other["turns"] if wanted(turn)]


def ratios(turn, other):
    """Round by round: both took their turns one after the other."""
    return [a["wall_ns"] / b["wall_ns"] for a, b in zip(turn["rounds"], other["rounds"])]


def best(turns):
    return min(turns, key=lambda turn: median(turn, "wall_ns"), default=None)


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
        floors = rivals(rows, row, lambda one, mode=turn["mode"]: one["runtime"] == FLOOR
                        and one["mode"] == mode)
        row["ours"].append({"label": turn["label"], "mode": turn["mode"],
                            "peer": against(turn, best(rivals(rows, row, is_peer))),
                            "floor": against(turn, best(floors))})


def cell(found):
    if found is None:
        return "", ""
    return ("%.2f (%.2f..%.2f) %s" % (found["ratio"], found["low"], found["high"], found["other"]),
            "%.2f" % found["cpu"])


def table(whole):
    lines = ["| row | ms | CPU ms | of the best peer | CPU | of the floor | CPU |",
             "|---|---|---|---|---|---|---|"]
    for row in whole["rows"]:
        for ours, turn in zip(row["ours"], of_runtime(row, OURS)):
            name = row["row"] + (", spinning" if ours["mode"] == "spin" else "")
            lines.append("| %s | %.3f | %.3f | %s | %s | %s | %s |" % (
                (name, median(turn, "wall_ns") / 1e6, median(turn, "cpu_ns") / 1e6)
                + cell(ours["peer"]) + cell(ours["floor"])))
    return lines


def everybody(whole):
    lines = ["| row | runtime | workers | ms | lowest | highest | CPU ms | switches | peak MiB |",
             "|---|---|---|---|---|---|---|---|---|"]
    for row in whole["rows"]:
        for turn in row["turns"]:
            walls = [one["wall_ns"] / 1e6 for one in turn["rounds"]]
            lines.append("| %s | %s %s | %d | %.3f | %.3f | %.3f | %.3f | %.0f | %.1f |" % (
                row["row"], turn["label"], turn["version"], turn["workers"],
                statistics.median(walls), min(walls), max(walls), median(turn, "cpu_ns") / 1e6,
                median(turn, "switches"), median(turn, "peak_kib") / 1024))
    return lines


def trailing(whole):
    """Rows in which a peer is ahead, the worst first."""
    behind = []
    for row in whole["rows"]:
        found = [ours["peer"] for ours in row["ours"] if ours["peer"]]
        if found and min(one["ratio"] for one in found) > 1:
            worst = min(found, key=lambda one: one["ratio"])
            behind.append((worst["ratio"], row["row"], worst["other"]))
    return ["- %s: %.2f times %s" % (row, ratio, other)
            for ratio, row, other in sorted(behind, reverse=True)] or ["- nowhere, in this run"]


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
             "Ratios of time, below 1: spargio is faster; median of the rounds' ratios, lowest and "
             "highest."]
    lines += [""] + table(whole) + ["", "## Where we trail", ""] + trailing(whole)
    lines += ["", "## All of them", ""] + everybody(whole)
    with open(os.path.join(folder, "results.md"), "w") as file:
        file.write("\n".join(lines) + "\n")
    print("\n".join(table(whole) + ["", "Where we trail:"] + trailing(whole)))
