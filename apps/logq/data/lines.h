// SPDX-License-Identifier: MIT
// lines.h: cutting a block of a file into lines.

#ifndef LOGQ_DATA_LINES_H
#define LOGQ_DATA_LINES_H

#include "bytes.h"

#include <stdint.h>

// Where a walk over a block stands, and what it has counted. Public to be read, not written.
struct lines {
    const char *at;  // start of the next line
    const char *end; // end of the block
    size_t limit;    // longest line, in bytes, without its end
    uint64_t read;   // lines ended so far: those handed out and the blank ones
    uint64_t blank;  // of these, the empty ones
    uint64_t cut;    // of these, longer than the limit
    bool is_cut;     // the line just handed out is the beginning of a longer one
    // ------------------------------------------------------------------
    const char *base;      // where the offsets below count from
    const char *unindexed; // the part of the block whose line ends are not known yet
    size_t next;           // of the offsets
    size_t count;
    uint32_t ends[128]; // of lines, some ahead of `at`
};

// May stand at the beginning of a file, and is no part of its first line.
#define BYTE_ORDER_MARK "\xef\xbb\xbf"

// The line length limit when the user sets none.
#define LINES_LIMIT_DEFAULT ((size_t)1024 * 1024)

// Starts at the beginning of the block, which must be the start of a line; at_file_start skips a
// byte order mark. limit > 0.
void lines_init(struct lines *lines, struct bytes block, bool at_file_start, size_t limit);

// The next line that ends in the block and is not blank, without its `\n` and one `\r` before that.
// False at the end. With is_cut the line is cut at the limit and is to be read as text.
bool lines_next(struct lines *lines, struct bytes *line);

// After lines_next said false: what follows the last `\n`, a line still without an end.
static inline struct bytes lines_remainder(const struct lines *lines)
{
    return bytes_between(lines->at, lines->end);
}

// Takes the remainder as a last line, for the end of a file. False when it is blank (nothing at
// all is no line; a lone `\r` is a blank one). After this the remainder is empty.
bool lines_take_remainder(struct lines *lines, struct bytes *line);

// Where the first line that starts in the block begins, when the block does not begin at one: after
// the first `\n`, or at the end when there is none.
const char *lines_first_start(struct bytes block);

// The line around a place in a block of whole lines, without its end and its `\r`; for callers that
// search first. *next is where the line after it begins, or the block's end.
struct bytes lines_around(struct bytes block, const char *place, const char **next);

#endif
