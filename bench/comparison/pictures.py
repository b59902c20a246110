# SPDX-License-Identifier: MIT
# pictures.py: a bar per row: the time of spargio as a multiple of the best peer's, and of the
# floor's; and the curves of latencies.
import json
import os
import subprocess
import sys

from . import builds

try:
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot
except ImportError:
    pyplot = None

# Debian's package serves Debian's Python, which may not be the first one on the PATH.
DEBIAN_PYTHON = "/usr/bin/python3"


def bars(whole, against, path):
    rows = []
    for row in whole["rows"]:
        for ours in row["ours"]:
            if ours[against]:
                rows.append((row["row"] + ours["label"][len(builds.OURS):], ours[against]))
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


QUANTILES = ("p50", "p90", "p95", "p99", "p999")


def curves(whole, path):
    """A chart for each row that has requests: latency over the share of requests."""
    rows = [row for row in whole["rows"] if any("latency_ns" in turn for turn in row["turns"])]
    if not rows:
        return
    height = (len(rows) + 1) // 2
    figure, grid = pyplot.subplots(height, 2, figsize=(11, 3.2 * height), squeeze=False)
    for axes, row in zip(grid.flat, rows):
        for turn in row["turns"]:
            if "latency_ns" in turn:
                axes.plot(QUANTILES, [turn["latency_ns"][name] / 1e3 for name in QUANTILES],
                          marker="o", markersize=3, label=turn["label"])
        axes.set_yscale("log")
        axes.set_title(row["row"], fontsize=9)
        axes.set_ylabel("us", fontsize=8)
        axes.legend(fontsize=6)
    for axes in list(grid.flat)[len(rows):]:
        axes.axis("off")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def draw_all(folder):
    with open(os.path.join(folder, "results.json"), encoding="utf-8") as file:
        whole = json.load(file)
    bars(whole, "peer", os.path.join(folder, "peers.png"))
    bars(whole, "floor", os.path.join(folder, "floor.png"))
    curves(whole, os.path.join(folder, "latency.png"))


def draw(folder):
    """Draws what the folder's results.json has, with a Python that has matplotlib."""
    python = sys.executable if pyplot else DEBIAN_PYTHON
    done = subprocess.run([python, "-m", "comparison.pictures", folder],
                          cwd=os.path.join(builds.TOP, "bench"), capture_output=True, text=True,
                          env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, check=False)
    if done.returncode:
        builds.say("no pictures: " + (done.stderr.strip().splitlines() or [python])[-1]
                   + " (see scripts/bench-peers)")


if __name__ == "__main__":
    draw_all(sys.argv[1])
