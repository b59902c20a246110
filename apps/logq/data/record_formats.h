// SPDX-License-Identifier: MIT
// record_formats.h: the readers of the formats, behind record.c.

#ifndef LOGQ_DATA_RECORD_FORMATS_H
#define LOGQ_DATA_RECORD_FORMATS_H

#include "record.h"

enum record_outcome {
    RECORD_IS_READ,
    RECORD_IS_OTHER,  // the line is not of this format; values may have been written
    RECORD_NO_MEMORY, // the arena limit was hit
};

// Both read record->line and set format, time and the values that come from the line.
// record_read_json also sets *msg to what _msg is, empty when it is the line.
enum record_outcome record_read_access(struct record *record);
enum record_outcome record_read_json(struct record *record, struct bytes *msg);

// Everything the line gives, for record_each, of a record that has that format. `visit` as there;
// its result or RECORD_EACH_NO_MEMORY.
struct record_visitor {
    int (*visit)(void *ctx, struct bytes name, struct bytes value);
    void *ctx;
};

int record_visit(const struct record_visitor *visitor, struct bytes name, struct bytes value);

// `head` is what record_each visits first; the fields of the line follow.
struct record_head {
    struct bytes msg;
    bool has_time;
    int64_t time_ns;
    enum record_format format;
};

int record_visit_head(struct record *record, const struct record_visitor *visitor,
                      const struct record_head *head);
int record_each_access(struct record *record, const struct record_visitor *visitor);
int record_each_json(struct record *record, const struct record_visitor *visitor);

// Forgets what was set, for a line that turns out to be something else.
void record_clear_values(struct record *record);

#endif
