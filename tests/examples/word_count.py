#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# word_count.py: example 04 counts as Python does: no word, one, and words across the chunks' edges.
"""word_count.py PROGRAM"""
import os
import random
import subprocess
import sys
import tempfile

CHUNK = 65536  # CHUNK_BYTES of the example
SEED = 20261122


def texts():
    draw = random.Random(SEED)
    long_text = bytearray()
    while len(long_text) < 9 * CHUNK:
        long_text += b"w" * draw.randint(1, 12) + draw.choice([b" ", b"\n", b"\t", b"  \r\n"])
    yield "empty", b""
    yield "one word", b"word"
    yield "only spaces", b" \n\t " * 1000
    yield "a word over three chunks", b"x" * (2 * CHUNK + 1)
    yield "a word that ends a chunk", b"y" * CHUNK + b" z"
    yield "a word that begins a chunk", b"y" * (CHUNK - 1) + b" z"
    yield "seed %d" % SEED, bytes(long_text)


def main(arguments):
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "text")
        for name, text in texts():
            with open(path, "wb") as file:
                file.write(text)
            result = subprocess.run([arguments[0], path], capture_output=True, text=True)
            wanted = "%d words\n" % len(text.split())
            if result.returncode or result.stdout != wanted:
                failures += 1
                print("%s: exit %d, printed %r, wanted %r; %s"
                      % (name, result.returncode, result.stdout, wanted, result.stderr))
        missing = subprocess.run([arguments[0], path + ".no"], capture_output=True, text=True)
        if missing.returncode == 0 or path + ".no" not in missing.stderr:
            failures += 1
            print("a missing file: exit %d, %r" % (missing.returncode, missing.stderr))
    print("%d texts counted, %d wrong" % (len(list(texts())), failures))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
