# SPDX-License-Identifier: MIT
# verdicts.py: what a row's turns are held against, who leads, and how far.
import statistics

from .builds import BY_HAND, OURS
from .variants import stem

FAR_BEHIND = 1.5  # times the best peer
NEAR_FLOOR = (1.1, 1.2)


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
    """Of the rounds that both have: they took their turns one after the other."""
    values = {one["round"]: one["value"] for one in other["rounds"]}
    return [one["value"] / values[one["round"]] for one in turn["rounds"]
            if one["round"] in values]


def best(turns):
    return min(turns, key=lambda turn: median(turn, "value"), default=None)


def against(turn, other):
    """Median, lowest and highest of the ratios, and the ratio of CPU; None when there is none."""
    found = ratios(turn, other) if other else []
    if not found:
        return None
    return {"ratio": statistics.median(found), "low": min(found), "high": max(found),
            "cpu": median(turn, "cpu_ns") / max(median(other, "cpu_ns"), 1),
            "other": other["label"]}


def best_peer(rows, row, mode):
    """One that parks is held against those that park, if there are any: who never sleeps pays for
    that elsewhere. One that spins is held against all."""
    alike = rivals(rows, row, lambda one: is_peer(one) and one["mode"] == mode)
    return best(alike if alike and mode == "park" else rivals(rows, row, is_peer))


def compare(rows, row):
    """Adds what the table says: ours, parked and spinning each, beside the best peer and the
    floor in the same mode."""
    row["ours"] = []
    for turn in of_runtime(row, OURS):
        floors = rivals(rows, row, lambda one, mode=turn["mode"]: one["runtime"] in BY_HAND
                        and one["mode"] == mode)
        row["ours"].append({"label": turn["label"], "mode": turn["mode"],
                            "peer": against(turn, best_peer(rows, row, turn["mode"])),
                            "floor": against(turn, best(floors))})


# ---- Of all rows -----------------------------------------------------------------------------

def best_of_ours(row, against_what):
    """How the best of our ways to run a row stands against the best "peer" or the "floor"; None
    where there is none."""
    found = [ours[against_what] for ours in row["ours"] if ours[against_what]]
    return min(found, key=lambda one: one["ratio"], default=None)


def is_level(found):
    """Whether the rounds do not agree on who leads."""
    return found["low"] <= 1 <= found["high"]


def trailing(rows):
    """(row, how it stands) where a peer is ahead of the best of ours, the worst first."""
    behind = [(row["row"], found) for row in rows if (found := best_of_ours(row, "peer"))
              and found["ratio"] > 1]
    return sorted(behind, key=lambda one: -one[1]["ratio"])


def of_peers_alone(rows):
    """Rows that we do not run."""
    return [row for row in rows if not row["ours"] and row["turns"]]


def summary(rows):
    """Counts of rows, each by the best of our ways to run it."""
    beside = [found for row in rows if (found := best_of_ours(row, "peer"))]
    floor = [found["ratio"] for row in rows if (found := best_of_ours(row, "floor"))]
    return {"rows": len(rows), "beside_peers": len(beside),
            "led": sum(found["ratio"] <= 1 for found in beside),
            "trailing": sum(found["ratio"] > 1 for found in beside),
            "trailing_within_spread": sum(found["ratio"] > 1 and is_level(found)
                                          for found in beside),
            "far_behind": sum(found["ratio"] > FAR_BEHIND for found in beside),
            "peers_alone": len(of_peers_alone(rows)), "beside_floor": len(floor),
            "near_floor": {"%g" % near: sum(ratio <= near for ratio in floor)
                           for near in NEAR_FLOOR}}


def summary_line(counts):
    near = counts["near_floor"]
    return ("Of %d rows, %d run beside a peer: spargio leads in %d and trails in %d (%d of these "
            "within the spread of the rounds; %d by more than %g times); %d rows only peers run. "
            "Of %d rows that are also done by hand, %s." % (
                counts["rows"], counts["beside_peers"], counts["led"], counts["trailing"],
                counts["trailing_within_spread"], counts["far_behind"], FAR_BEHIND,
                counts["peers_alone"], counts["beside_floor"],
                " and ".join("%d are within %s times that" % (count, name)
                             for name, count in near.items())))
