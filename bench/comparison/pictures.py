# SPDX-License-Identifier: MIT
# pictures.py: a bar per row: the time of spargio as a multiple of the best peer's, and of the
# floor's; and the curves of latencies.
import json
import os
import subprocess
import sys

from . import builds
from .verdicts import best_of_ours, is_level

try:
    import matplotlib
    matplotlib.use("Agg")
    from matplotlib import pyplot, ticker
except ImportError:
    pyplot = None

# Debian's package serves Debian's Python, which may not be the first one on the PATH.
DEBIAN_PYTHON = "/usr/bin/python3"


LED, TRAILING, LEVEL = "#2a7f62", "#b5523b", "#b9a44c"
QUANTILES = (("p50", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"), ("p999", "p99.9"))
# Runtimes have the same colour in all charts; what a label says besides has a line of its own.
LINES = ("-", "--", ":", "-.")


def color_of(found):
    if is_level(found):
        return LEVEL
    return LED if found["ratio"] < 1 else TRAILING


def name_of(row, found):
    """With how we ran it, where that is not the plain way."""
    ours = next(ours for ours in row["ours"] if found in (ours["peer"], ours["floor"]))
    return row["row"] + ours["label"][len(builds.OURS):]


def bars(whole, against, path):
    """A bar for each row, by the best of our ways to run it: the best rows first."""
    rows = [(name_of(row, found), found) for row in whole["rows"]
            if (found := best_of_ours(row, against))]
    if not rows:
        return
    rows.sort(key=lambda one: one[1]["ratio"])
    ratios = [found["ratio"] for _, found in rows]
    errors = [[found["ratio"] - found["low"] for _, found in rows],
              [found["high"] - found["ratio"] for _, found in rows]]
    figure, axes = pyplot.subplots(figsize=(11, 0.24 * len(rows) + 1.3))
    # From the line in the middle: to the left what is ahead of it, to the right what is behind.
    axes.barh(range(len(rows)), [ratio - 1 for ratio in ratios], left=1, xerr=errors,
              color=[color_of(found) for _, found in rows], ecolor="#555555", capsize=2, height=0.7)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_yticks(range(len(rows)), [name for name, _ in rows], fontsize=8)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xscale("log")
    axes.set_xlim(min(0.5, 0.7 * min(found["low"] for _, found in rows)),
                  max(2, 8 * max(found["high"] for _, found in rows)))
    axes.xaxis.set_major_formatter(ticker.FormatStrFormatter("%g"))
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.set_xlabel("time of spargio / time of the best %s: left of the line spargio is faster; "
                    "yellow: the rounds do not agree"
                    % ("peer" if against == "peer" else "row by hand"), fontsize=8)
    for place, (_, found) in enumerate(rows):
        axes.text(max(found["high"], 1) * 1.05, place,
                  "%.2f  %s" % (found["ratio"], found["other"]), va="center", fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    pyplot.close(figure)


def looks(whole):
    """Label -> colour and line, over all rows."""
    colors, lines, found = {}, {}, {}
    palette = pyplot.get_cmap("tab10").colors
    for turn in (turn for row in whole["rows"] for turn in row["turns"] if "latency_ns" in turn):
        if turn["label"] not in found:
            name = turn["runtime"]
            color = colors.setdefault(name, palette[len(colors) % len(palette)])
            lines[name] = lines.get(name, -1) + 1
            found[turn["label"]] = {"color": color, "linestyle": LINES[lines[name] % len(LINES)]}
    return found


def curves(whole, path):
    """A chart for each row that has requests: latency over the share of requests."""
    rows = [row for row in whole["rows"] if any("latency_ns" in turn for turn in row["turns"])]
    if not rows:
        return
    height = (len(rows) + 1) // 2
    figure, grid = pyplot.subplots(height, 2, figsize=(11, 3.2 * height), squeeze=False)
    styles = looks(whole)
    for axes, row in zip(grid.flat, rows):
        for turn in row["turns"]:
            if "latency_ns" in turn:
                axes.plot([shown for _, shown in QUANTILES],
                          [turn["latency_ns"][name] / 1e3 for name, _ in QUANTILES],
                          marker="o", markersize=3, label=turn["label"], **styles[turn["label"]])
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(ticker.FuncFormatter(
            lambda us, _: "%.0f" % us if us >= 1 else "%g" % us))
        axes.yaxis.set_minor_formatter(ticker.NullFormatter())
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
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
