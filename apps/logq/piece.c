// SPDX-License-Identifier: MIT
// piece.c: which lines a piece of a file owns: those that start in it.

#include "piece.h"

#include "data/lines.h"

// A line of more bytes than this, counted to its line feed and without it, is beyond the limit even
// if its last byte is a carriage return, and if it stands behind a byte order mark. data begins
// with the line, at an offset in the file.
static size_t longest(size_t line_limit, const char *data, size_t have, uint64_t offset)
{
    bool marked =
        offset == 0 && bytes_has_prefix((struct bytes){data, have}, bytes_of(BYTE_ORDER_MARK));
    return line_limit + 1 + (marked ? strlen(BYTE_ORDER_MARK) : 0);
}

// Behind the last line feed in the first `length` bytes from `begin` on.
static size_t line_start(const char *data, size_t begin, size_t length)
{
    const char *feed = length == 0 ? NULL : memrchr(data + begin, '\n', length);
    return feed == NULL ? begin : (size_t)(feed - data) + 1;
}

static enum piece_state set_lines(struct piece_lines *lines, const char *data, size_t first,
                                  size_t behind, uint64_t from)
{
    lines->block = bytes_between(data + first, data + behind);
    lines->offset = from + first;
    lines->at_file_end = false;
    return behind == first ? PIECE_EMPTY : PIECE_LINES;
}

enum piece_state piece_cut(const struct piece *piece, char *data, size_t have,
                           struct piece_lines *lines, size_t *want)
{
    uint64_t from = piece_from(piece);
    size_t own = piece_own(piece);
    size_t first = 0;
    if (from != piece->begin) {
        const char *feed = memchr(data, '\n', own - 1);
        if (feed == NULL) {
            return PIECE_EMPTY; // all of it belongs to a line that started before
        }
        first = (size_t)(feed - data) + 1;
    }
    const char *feed = memchr(data + own - 1, '\n', have - (own - 1));
    if (feed != NULL) {
        return set_lines(lines, data, first, (size_t)(feed - data) + 1, from);
    }
    size_t last = line_start(data, first, own - 1 - first);
    size_t most = longest(piece->line_limit, data + last, have - last, from + last);
    if (have - last > most) {
        size_t end = last + most + 1;
        data[end] = '\n';
        return set_lines(lines, data, first, end + 1, from);
    }
    if (from + have < piece->length) {
        uint64_t left = piece->length - from;
        *want = left < last + most + 1 ? (size_t)left : last + most + 1;
        return PIECE_MORE;
    }
    enum piece_state state = set_lines(lines, data, first, have, from);
    lines->at_file_end = true;
    return state;
}

// Takes the whole lines in the first `behind` bytes.
static enum piece_state take_stream(struct piece_stream *stream, const char *data, size_t behind,
                                    size_t used, struct piece_lines *lines, size_t *out)
{
    enum piece_state state = set_lines(lines, data, 0, behind, stream->offset);
    stream->offset += used;
    *out = used;
    return state;
}

enum piece_state piece_stream_cut(struct piece_stream *stream, char *data, size_t have, bool at_end,
                                  struct piece_lines *lines, size_t *used)
{
    if (stream->is_skipping) {
        const char *feed = have == 0 ? NULL : memchr(data, '\n', have);
        stream->is_skipping = feed == NULL;
        return take_stream(stream, data, 0, feed == NULL ? have : (size_t)(feed - data) + 1, lines,
                           used);
    }
    size_t last = line_start(data, 0, have);
    size_t most = longest(stream->line_limit, data + last, have - last, stream->offset + last);
    if (have - last > most) {
        size_t end = last + most + 1;
        stream->is_skipping = true;
        // The byte that makes way belongs to a part of the line that nobody reads.
        size_t skipped = have;
        data[end] = '\n';
        return take_stream(stream, data, end + 1, skipped, lines, used);
    }
    if (at_end) {
        enum piece_state state = take_stream(stream, data, have, have, lines, used);
        lines->at_file_end = true;
        return state;
    }
    if (last == 0) {
        *used = 0;
        return PIECE_MORE;
    }
    return take_stream(stream, data, last, last, lines, used);
}
