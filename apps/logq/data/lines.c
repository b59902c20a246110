// SPDX-License-Identifier: MIT
// lines.c: cutting a block of a file into lines.

#include "lines.h"

#include "search.h"

void lines_init(struct lines *lines, struct bytes block, bool at_file_start, size_t limit)
{
    struct bytes mark = bytes_of(BYTE_ORDER_MARK);
    bool skip = at_file_start && bytes_has_prefix(block, mark);
    block = bytes_from(block, skip ? mark.len : 0);
    lines->limit = limit;
    lines->read = 0;
    lines->blank = 0;
    lines->cut = 0;
    lines->is_cut = false;
    lines->next = 0;
    lines->count = 0;
    // An empty block has no address to compute with.
    lines->at = block.len == 0 ? "" : block.ptr;
    lines->end = lines->at + block.len;
    lines->unindexed = lines->at;
}

static struct bytes without_return(struct bytes line)
{
    line.len -= line.len != 0 && line.ptr[line.len - 1] == '\r';
    return line;
}

// Counts a line and says whether it is to be handed out.
static bool lines_count(struct lines *lines, struct bytes *line)
{
    *line = without_return(*line);
    lines->read++;
    lines->is_cut = line->len > lines->limit;
    if (lines->is_cut) {
        lines->cut++;
        line->len = lines->limit;
    }
    lines->blank += line->len == 0;
    return line->len != 0;
}

// Finds the next line ends, many at once: finding them one by one costs a mispredicted branch each.
static bool lines_index(struct lines *lines)
{
    lines->next = 0;
    do {
        struct bytes ahead = bytes_between(lines->unindexed, lines->end);
        size_t passed;
        if (ahead.len == 0) {
            lines->count = 0;
            return false;
        }
        if (ahead.len > SEARCH_PLACES_LENGTH_MAX) {
            ahead.len = SEARCH_PLACES_LENGTH_MAX;
        }
        lines->base = ahead.ptr;
        lines->count = search_byte_places(ahead, '\n', lines->ends,
                                          sizeof(lines->ends) / sizeof(lines->ends[0]), &passed);
        lines->unindexed = ahead.ptr + passed;
    } while (lines->count == 0);
    return true;
}

bool lines_next(struct lines *lines, struct bytes *line)
{
    do {
        if (lines->next == lines->count && !lines_index(lines)) {
            return false;
        }
        const char *newline = lines->base + lines->ends[lines->next++];
        *line = bytes_between(lines->at, newline);
        lines->at = newline + 1;
    } while (!lines_count(lines, line));
    return true;
}

bool lines_take_remainder(struct lines *lines, struct bytes *line)
{
    *line = bytes_between(lines->at, lines->end);
    lines->at = lines->end;
    return line->len != 0 && lines_count(lines, line);
}

const char *lines_first_start(struct bytes block)
{
    const char *newline = search_byte(block, '\n');
    return newline == NULL ? block.ptr + block.len : newline + 1;
}

struct bytes lines_around(struct bytes block, const char *place, const char **next)
{
    const char *end = block.ptr + block.len;
    const char *before = search_byte_last(bytes_between(block.ptr, place), '\n');
    const char *newline = search_byte(bytes_between(place, end), '\n');
    *next = newline == NULL ? end : newline + 1;
    const char *begin = before == NULL ? block.ptr : before + 1;
    return without_return(bytes_between(begin, newline == NULL ? end : newline));
}
