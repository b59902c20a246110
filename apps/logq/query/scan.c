// SPDX-License-Identifier: MIT
// scan.c: from a block of raw lines to rows for the first stage.
//
// Either every line is read, or, when the filter requires literals, the block is searched for them
// and only the lines that hold one are read.

#include "query/partial_state.h"

#include "query/line_count.h"
#include "query/prefilter.h"

#include <errno.h>

// When more than one line in so many is a candidate, searching costs more than it saves; the next
// blocks are then read line by line, and after that it is tried again.
#define CANDIDATES_WORTH 2
#define UNFILTERED_BLOCKS 16

// Where the line that is being read stands.
struct line_place {
    const struct block_info *info;
    const char *block;
};

static int pass_row(struct partial *partial, const struct row *row)
{
    partial->counts.records_matched++;
    const struct query *query = partial->execution.query;
    if (query->stage_count == 0) {
        return execution_emit(&partial->execution, &query->out, row);
    }
    return stage_run_push(&partial->first, row);
}

static int scan_line(struct partial *partial, struct bytes line, bool is_cut,
                     const struct line_place *place)
{
    struct execution *execution = &partial->execution;
    const struct query *query = execution->query;
    struct record *record = &execution->record;
    int result = execution_read(execution, line, is_cut, place->info->source);
    if (result != 0) {
        return result;
    }
    partial->counts.lines_parsed += record_is_parsed(record);
    partial->counts.lines_unparsed += !record_is_parsed(record);
    const struct row row = {
        .values = record->values,
        .line = line,
        .origin = {
            .source = place->info->source,
            .offset = place->info->offset + (uint64_t)(line.ptr - place->block),
            .file = place->info->file,
            .has_time = record->has_time,
            .is_cut = is_cut,
            .time_ns = record->time_ns,
        },
    };
    for (unsigned i = 0; i < query->scan_filter_count; i++) {
        if (!filter_match(query->scan_filters[i], &row, &execution->matcher)) {
            return execution->matcher.failure == NULL ? 0 : execution_fail(execution, NULL);
        }
    }
    if (execution->matcher.failure != NULL) {
        return execution_fail(execution, NULL);
    }
    return pass_row(partial, &row);
}

static int scan_all(struct partial *partial, struct bytes block, const struct line_place *place)
{
    struct lines *lines = &partial->lines;
    struct bytes line;
    int result = 0;
    lines_init(lines, block, place->info->at_file_start,
               partial->execution.query->limits.line);
    while (result == 0 && lines_next(lines, &line)) {
        result = scan_line(partial, line, lines->is_cut, place);
    }
    if (result == 0 && place->info->at_file_end && lines_take_remainder(lines, &line)) {
        result = scan_line(partial, line, lines->is_cut, place);
    }
    partial->counts.lines_read += lines->read;
    partial->counts.lines_blank += lines->blank;
    partial->counts.lines_cut += lines->cut;
    return result;
}

static struct bytes without_mark(struct bytes block, bool at_file_start)
{
    const struct bytes mark = bytes_of("\xEF\xBB\xBF");
    bool skip = at_file_start && bytes_has_prefix(block, mark);
    return bytes_from(block, skip ? mark.len : 0);
}

// The block has no line beyond the limit.
static int scan_candidates(struct partial *partial, struct bytes block,
                           const struct line_place *place)
{
    const struct prefilter *prefilter = partial->execution.query->prefilter;
    struct scan_counts *counts = &partial->counts;
    uint64_t read_before = counts->lines_parsed + counts->lines_unparsed;
    struct bytes rest = without_mark(block, place->info->at_file_start);
    struct line_count total = line_count(rest);
    struct prefilter_scan scan;
    prefilter_start(&scan, prefilter, rest);
    int result = 0;
    const char *found;
    while (result == 0 && (found = prefilter_next(&scan, rest.ptr)) != NULL) {
        const char *next;
        struct bytes line = lines_around(rest, found, &next);
        rest = bytes_between(next, rest.ptr + rest.len);
        if (line.len > 0 && prefilter_allows(prefilter, line)) {
            result = scan_line(partial, line, false, place);
        }
    }
    uint64_t candidates = counts->lines_parsed + counts->lines_unparsed - read_before;
    counts->lines_read += total.lines;
    counts->lines_blank += total.blank;
    counts->lines_skipped += total.lines - total.blank - candidates;
    if (candidates > total.lines / CANDIDATES_WORTH) {
        partial->unfiltered_left = UNFILTERED_BLOCKS;
    }
    return result;
}

int partial_scan(struct partial *partial, struct bytes block, const struct block_info *info)
{
    struct execution *execution = &partial->execution;
    const struct query *query = execution->query;
    if (execution->failure[0] != '\0') {
        return -ENOMEM;
    }
    if (block.len == 0) {
        return 0;
    }
    if (block.ptr[block.len - 1] != '\n' && !info->at_file_end) {
        return -EINVAL;
    }
    partial->counts.bytes += block.len;
    const struct line_place place = { .info = info, .block = block.ptr };
    int result;
    if (query->prefilter != NULL && partial->unfiltered_left == 0 &&
        block.len <= query->limits.line) {
        result = scan_candidates(partial, block, &place);
    } else {
        partial->unfiltered_left -= partial->unfiltered_left > 0;
        result = scan_all(partial, block, &place);
    }
    if (query->stage_count > 0) {
        int settled = stage_run_settle(&partial->first);
        result = result < 0 ? result : settled;
    }
    return result == STAGE_DONE ? 0 : result;
}
