# SPDX-License-Identifier: MIT
# progress.py: how far a run has come, on one line of a terminal, with the time that is left.
import sys
import time


def clock_text(seconds):
    """As on a clock: 3:07, or 1:03:07."""
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return "%d:%02d:%02d" % (hours, minutes, seconds) if hours else "%d:%02d" % (minutes, seconds)


class Progress:
    """Turns take about as long as they say (Turn.seconds); by how much that was wrong so far tells
    of the rest."""

    def __init__(self, rows, rounds, out=sys.stderr, clock=time.monotonic):
        self.names = list(rows)
        self.rounds = rounds
        self.out = out
        self.clock = clock
        self.begin = clock()
        self.planned = rounds * sum(turn.seconds for row in rows.values() for turn in row.turns)
        self.past = 0  # of what is planned

    def plan_text(self):
        return "%d rows, %d rounds: about %s" % (len(self.names), self.rounds,
                                                 clock_text(self.planned))

    def left(self):
        """Seconds, or None at the beginning."""
        if not self.past:
            return None
        return (self.clock() - self.begin) * (self.planned - self.past) / self.past

    def took(self):
        return self.clock() - self.begin

    def show(self, name, number, turn):
        """A turn of a round begins."""
        left = self.left()
        self.line("row %d of %d, %s: %s: round %d of %d: %s" % (
            self.names.index(name) + 1, len(self.names),
            "%s left" % clock_text(self.planned if left is None else left),
            name, number + 1, self.rounds, turn.label))

    def done(self, turn):
        self.past += turn.seconds

    def line(self, text=""):
        if self.out.isatty():
            self.out.write("\r\033[K" + text)
            self.out.flush()
