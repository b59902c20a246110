// SPDX-License-Identifier: MIT
// access_line.h: where the parts of an access log line are.

#ifndef LOGQ_DATA_ACCESS_LINE_H
#define LOGQ_DATA_ACCESS_LINE_H

#include "timestamp.h"

// A quoted text without its quotes.
struct quoted {
    const char *begin;
    const char *end;
    bool escaped; // holds a backslash
};

// Where the parts of a line are.
struct access_line {
    const char *begin;
    const char *end;
    const char *host_end; // NULL without a virtual host
    const char *addr;
    const char *addr_end;
    const char *user;
    const char *bracket; // of the date; a space stands before it
    struct quoted request;
    const char *status;
    const char *status_end;
    const char *sent;
    const char *sent_end;
    bool has_time; // false for a date that exists but is beyond 64 bits of nanoseconds
    int64_t time_ns;
};

// Finds the parts of a line; false when it is no access log line.
bool access_line_find(struct bytes text, struct clf_cache *clf, struct access_line *out);

// What follows the size: ` "referer" "user agent"` makes it Combined.
struct access_tail {
    bool combined;
    struct quoted referer;
    struct quoted user_agent;
    const char *rest; // behind the last known field
};

// Looks at what stands between the end of the size and the end of the line. The 16 bytes before the
// end must be readable; they are in every access log line.
struct access_tail access_tail_find(const char *at, const char *end);

#endif
