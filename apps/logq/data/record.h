// SPDX-License-Identifier: MIT
// record.h: one log line read into the fields a query asks for.

#ifndef LOGQ_DATA_RECORD_H
#define LOGQ_DATA_RECORD_H

#include "arena.h"
#include "bytes.h"
#include "fields.h"
#include "timestamp.h"

#include <stdint.h>

enum record_format {
    RECORD_TEXT,     // anything else; counts as unparsed
    RECORD_JSON,     // a JSON object
    RECORD_COMMON,   // an access log line without referer and user agent
    RECORD_COMBINED, // an access log line with both
    RECORD_ACCESS,   // one of the last two: nothing was asked for that needs to know which
};

// What a line is, in this order: a JSON object (its first byte that is no white space is `{`); an
// access log line, see access_line.c; text. A date that does not exist makes a line text; one that
// exists but is beyond 64 bits of nanoseconds leaves it without time.

// The values of _file and _stream; they outlive the records read with them.
struct source_info {
    struct bytes file;
    struct bytes stream;
};

// The record being read, reused from line to line. The part above the line is for readers; the
// values point into the line, the source or the record's own arena, and live until the next read.
struct record {
    struct bytes line;
    enum record_format format; // see record_format() for RECORD_ACCESS
    bool has_time;             // only known when wanted->needs_time or _time is asked for
    int64_t time_ns;
    struct bytes *values; // [wanted->count]; a missing field is an empty value
    // ------------------------------------------------------------------
    const struct field_set *wanted;
    const struct source_info *source;
    struct arena arena;
    struct clf_cache clf;
    uint64_t *json_seen; // [wanted->path_slots]: the serial of the record that had this path
    uint64_t serial;
    const char *tail; // access line: what follows the bytes sent, for record_format()
    char time_text[40];
};

// A JSON object nested deeper than this is text.
#define RECORD_JSON_DEPTH_LIMIT 64

// Room for a record of `wanted`, which must stay unchanged. arena_limit bounds the memory for the
// decoded values of one line. That is at most the line's length; for a JSON line that has duplicate
// keys or goes through record_each about 25 times that with very short keys, and more when a
// long key holds many others, since each name is written out. 0 or -ENOMEM.
int record_init(struct record *record, const struct field_set *wanted, size_t arena_limit);
void record_free(struct record *record);

// Reads a line, given without its end and not empty; line and source must outlive the values.
// Never fails on what the line holds. False when the arena limit was hit: then the values are
// incomplete and must not be used.
bool record_read(struct record *record, struct bytes line, const struct source_info *source);

// Reads a line as text whatever it looks like: a line that was cut at the line length limit.
bool record_read_text(struct record *record, struct bytes line, const struct source_info *source);

// False for text: counted as unparsed.
static inline bool record_is_parsed(const struct record *record)
{
    return record->format != RECORD_TEXT;
}

// The format for certain: never RECORD_ACCESS.
enum record_format record_format(const struct record *record);

// `combined`, `common`, `json`, `text`; RECORD_ACCESS has no name of its own and says `common`.
struct bytes record_format_name(enum record_format format);

// A value by index of the wanted set; the index may be -1, which gives the empty value.
static inline struct bytes record_value(const struct record *record, int index)
{
    return index < 0 ? (struct bytes){ 0 } : record->values[index];
}

#define RECORD_EACH_NO_MEMORY (-1)

// Visits every non-empty field of the record just read, wanted or not: _msg, _time, _stream, _file,
// _format, then those of the line in the order of enum field_builtin (access lines) or of the text
// (JSON; of duplicate keys only the last, in its place). Stops at the first visit that returns
// non-zero and returns that; 0 at the end; RECORD_EACH_NO_MEMORY when the arena limit was hit.
// Names and values live until the next read.
int record_each(struct record *record,
                int (*visit)(void *ctx, struct bytes name, struct bytes value), void *ctx);

#endif
