// SPDX-License-Identifier: MIT
// piece.h: which lines a piece of a file owns: those that start in it.
//
// A piece is cut anywhere. To know whether a line starts at its first byte it needs the byte
// before, and to have its last line whole it needs what follows up to the next line feed. So every
// line belongs to exactly one piece, however the file is cut.

#ifndef LOGQ_PIECE_H
#define LOGQ_PIECE_H

#include "data/bytes.h"

#include <stdint.h>

struct piece {
    uint64_t begin;    // of the piece in its file
    uint64_t end;      // beyond begin, at most length
    uint64_t length;   // of the file, as far as the query sees it
    size_t line_limit; // a longer line is handed on cut, longer than this
};

// Whole lines, in the buffer they were cut out of.
struct piece_lines {
    struct bytes block;
    uint64_t offset;  // of the block in the file
    bool at_file_end; // the last line may lack its end
};

enum piece_state {
    PIECE_LINES, // *lines is set
    PIECE_EMPTY, // no line starts here
    PIECE_MORE,  // the last line goes on: read up to *want bytes in all
};

// Where in the file the data for piece_cut() begins.
static inline uint64_t piece_from(const struct piece *piece)
{
    return piece->begin - (piece->begin > 0);
}

// Bytes from there to the end of the piece: what the first call of piece_cut() needs at least.
static inline size_t piece_own(const struct piece *piece)
{
    return (size_t)(piece->end - piece_from(piece));
}

// Cuts the lines out of the `have` bytes of the file from piece_from() on; there must be room for
// one byte behind them, which stands in for the end of a line that is too long.
enum piece_state piece_cut(const struct piece *piece, char *data, size_t have,
                           struct piece_lines *lines, size_t *want);

// The same for a file without offsets, read one buffer after the other. Public to be read.
struct piece_stream {
    size_t line_limit;
    bool is_skipping; // the rest of a line that was too long
    uint64_t offset;  // of the data in the stream
};

// Cuts whole lines off the beginning of the data, `have` bytes with room for one more. *used tells
// how many bytes are done with; the caller keeps the others for the next call, behind which it
// appends. With at_end the data is all there will be. PIECE_EMPTY: nothing to scan in these bytes.
// PIECE_MORE: not even one whole line; *used is 0.
enum piece_state piece_stream_cut(struct piece_stream *stream, char *data, size_t have,
                                  bool at_end, struct piece_lines *lines, size_t *used);

// The most bytes that piece_stream_cut() asks for before it takes a line.
static inline size_t piece_stream_room(const struct piece_stream *stream)
{
    return stream->line_limit + 5; // with a byte order mark, the carriage return and the line feed
}

#endif
