// SPDX-License-Identifier: MIT
// compressed.h: whether a file is compressed, by how it begins.

#ifndef LOGQ_COMPRESSED_H
#define LOGQ_COMPRESSED_H

#include "data/bytes.h"

// Bytes of the beginning of a file that are enough to know.
#define COMPRESSED_MAGIC_BYTES 10

// gzip, Zstandard, xz, bzip2 and LZ4 frames.
bool compressed_begins(struct bytes beginning);

#endif
