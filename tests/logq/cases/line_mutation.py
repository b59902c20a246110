# SPDX-License-Identifier: MIT
# line_mutation.py: makes a line that is nearly right from one that is.

# Bytes that mean something to one of the formats.
MEANINGFUL = b' "\\[]:-{},./+eE0123456789aZ\t\r\0\xff\xc3'
CHANGES = (1, 1, 2, 3)  # how many, drawn
PIECE = 12


def mutate(draw, line, others):
    """The line with bytes removed, added, changed or repeated, or with the end of another one."""
    out = bytearray(line)
    for _ in range(draw.choice(CHANGES)):
        if not out:
            break
        kind, at = draw.randrange(6), draw.randrange(len(out))
        end = min(len(out), at + draw.randrange(1, PIECE))
        if kind == 0:
            del out[at]
        elif kind == 1:
            out.insert(at, draw.choice(MEANINGFUL))
        elif kind == 2:
            out[at] = draw.choice(MEANINGFUL)
        elif kind == 3:
            del out[at:end]
        elif kind == 4:
            out[at:at] = out[at:end]
        else:
            other = draw.choice(others)
            out[at:] = other[draw.randrange(len(other)):]
    return bytes(out).replace(b"\n", b" ")
