# SPDX-License-Identifier: MIT
# gate.py: holds a run's ratios against those of an earlier one, on demand. Ratios to peers of the
# same run travel from machine to machine, times do not.
import json
import statistics

FACTOR = 1.15  # by how much a median of ratios may be worse, besides what both runs spread


def spread(found):
    """How far the rounds' ratios lie from their median, as a factor."""
    return max(found["high"] / found["ratio"], found["ratio"] / found["low"])


def ratios(whole):
    """(row, label, against what) -> its ratio, for all that spargio was held against."""
    return {(row["row"], ours["label"], against): ours[against]
            for row in whole["rows"] for ours in row["ours"] for against in ("peer", "floor")
            if ours[against]}


def judge(whole, path):
    """Lines that say what is worse than in the run whose results.json is at path."""
    with open(path, encoding="utf-8") as file:
        earlier = ratios(json.load(file))
    worse = []
    for key, now in ratios(whole).items():
        then = earlier.get(key)
        if not then or then["other"] != now["other"]:
            continue  # another peer is the best one: nothing to hold it against
        room = FACTOR * statistics.geometric_mean((spread(then), spread(now)))
        if now["ratio"] > then["ratio"] * room:
            worse.append("%s, %s: %.2f times %s; %.2f in %s, up to %.2f allowed" % (
                key[0], key[1], now["ratio"], now["other"], then["ratio"], path,
                then["ratio"] * room))
    return worse
