# SPDX-License-Identifier: MIT
# pictures.py: a bar per row: the time of spargio as a multiple of the best peer, and of the floor.
import os

from . import builds

try:
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
except ImportError:
    pyplot = None


def bars(whole, against, path):
    rows = []
    for row in whole["rows"]:
        for ours in row["ours"]:
            if ours[against]:
                suffix = ", spinning" if ours["mode"] == "spin" else ""
                rows.append((row["row"] + suffix, ours[against]))
    if not rows:
        return
    names = [name for name, _ in rows]
    ratios = [found["ratio"] for _, found in rows]
    errors = [[found["ratio"] - found["low"] for _, found in rows],
              [found["high"] - found["ratio"] for _, found in rows]]
    figure, axes = pyplot.subplots(figsize=(10, 0.4 * len(rows) + 1.5))
    colors = ["#2a7f62" if ratio <= 1 else "#b5523b" for ratio in ratios]
    axes.barh(names, ratios, xerr=errors, color=colors, ecolor="#555555", capsize=2)
    axes.axvline(1, color="black", linewidth=1)
    axes.invert_yaxis()
    axes.set_xscale("log")
    axes.set_xlabel("time of spargio / time of the best %s: left of the line, spargio is faster"
                    % ("peer" if against == "peer" else "row by hand"))
    for place, (_, found) in enumerate(rows):
        axes.text(found["high"] * 1.03, place, "%.2f  %s" % (found["ratio"], found["other"]),
                  va="center", fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def draw(whole, folder):
    if pyplot is None:
        builds.say("no pictures: matplotlib is missing (python3-matplotlib)")
        return
    bars(whole, "peer", os.path.join(folder, "peers.png"))
    bars(whole, "floor", os.path.join(folder, "floor.png"))
