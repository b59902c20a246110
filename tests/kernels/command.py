# SPDX-License-Identifier: MIT
# command.py: runs a program with a time limit.
import subprocess


class Failed(Exception):
    """What could not be done, in words for the user."""


def run(words, seconds, **options):
    """The program's end and what it wrote. Whoever calls looks at the exit code."""
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                              errors="replace", timeout=seconds, check=False,
                              **{"stderr": subprocess.PIPE, **options})
    except subprocess.TimeoutExpired:
        raise Failed(f"{words[0]} was not done within {seconds} s") from None
    except OSError as error:
        raise Failed(f"{words[0]} cannot be run: {error.strerror}") from None


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"


def indented(lines):
    return "\n".join("    | " + line for line in lines)
