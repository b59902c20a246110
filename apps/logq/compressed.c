// SPDX-License-Identifier: MIT
// compressed.c: whether a file is compressed, by how it begins.

#include "compressed.h"

static bool begins_with(struct bytes beginning, const char *magic, size_t length)
{
    return bytes_has_prefix(beginning, (struct bytes){magic, length});
}

// `BZh`, the size of a block as a digit, then the digits of pi, or of its root in an empty file.
// The first four bytes alone could begin a line.
static bool is_bzip2(struct bytes beginning)
{
    if (beginning.len < 10 || !begins_with(beginning, "BZh", 3) || beginning.ptr[3] < '1' ||
        beginning.ptr[3] > '9') {
        return false;
    }
    struct bytes block = bytes_from(beginning, 4);
    return begins_with(block, "\x31\x41\x59\x26\x53\x59", 6) ||
           begins_with(block, "\x17\x72\x45\x38\x50\x90", 6);
}

bool compressed_begins(struct bytes beginning)
{
    return begins_with(beginning, "\x1F\x8B\x08", 3) ||          // gzip with deflate
           begins_with(beginning, "\x28\xB5\x2F\xFD", 4) ||      // Zstandard
           begins_with(beginning, "\xFD\x37zXZ\0", 6) ||         // xz
           begins_with(beginning, "\x04\x22\x4D\x18", 4) ||      // LZ4
           begins_with(beginning, "\x02\x21\x4C\x18", 4) ||      // LZ4, older frames
           is_bzip2(beginning);
}
