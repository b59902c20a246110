// SPDX-License-Identifier: MIT
// timestamp.h: times as logs and queries write them, as nanoseconds UTC since 1970, and back.

#ifndef LOGQ_DATA_TIMESTAMP_H
#define LOGQ_DATA_TIMESTAMP_H

#include "bytes.h"

#include <stdint.h>

// An int64 of nanoseconds reaches from 1677-09-21 to 2262-04-11.

// What a text that should be a time is. The bool forms below are true for TIMESTAMP_OK only.
enum timestamp_result {
    TIMESTAMP_OK,
    TIMESTAMP_NOT_A_TIME,   // not written like one
    TIMESTAMP_IMPOSSIBLE,   // written like one, but there is no such day, hour or offset
    TIMESTAMP_OUT_OF_RANGE, // exists, but has no count of nanoseconds in 64 bits
};

// YYYY-MM-DD, `T`, `t` or a space, HH:MM:SS, an optional fraction (digits after the ninth are cut
// off), and `Z`, `z`, +-HH:MM, +-HHMM or nothing, which means UTC. Second 60 is the next second.
bool timestamp_parse_rfc3339(struct bytes text, int64_t *ns);
enum timestamp_result timestamp_read_rfc3339(struct bytes text, int64_t *ns);

// The inside of the brackets of an access log: `22/Nov/2026:10:11:12 +0000`.
bool timestamp_parse_clf(struct bytes inside_brackets, int64_t *ns);

#define TIMESTAMP_CLF_LENGTH ((size_t)26)

// Neighbouring lines share their day and zone: remembers the last ones. Zeroed is empty.
struct clf_cache {
    bool filled;
    char day[12];        // `22/Nov/2026:`
    char zone[6];        // ` +0000`
    int64_t day_seconds; // 00:00:00 of that day in that zone, from 1970 UTC
};

// Same as timestamp_parse_clf, several times faster on a text that shares the day and the zone with
// the one before.
bool timestamp_parse_clf_cached(struct clf_cache *cache, struct bytes inside_brackets,
                                int64_t *ns);

// The same for TIMESTAMP_CLF_LENGTH readable bytes.
enum timestamp_result timestamp_read_clf(struct clf_cache *cache, const char *text, int64_t *ns);

// A number (in the grammar of number.h): seconds when its magnitude is below 1e11, milliseconds
// below 1e14, microseconds below 1e17, else nanoseconds. Fractions below a nanosecond are cut off
// towards the past.
bool timestamp_parse_unix(struct bytes text, int64_t *ns);

// RFC 3339 in UTC with `Z`, and as many digits of fraction as it needs. Returns the length; a NUL
// follows.
size_t timestamp_format(int64_t ns, char out[40]);

// A date or a prefix of one, `2026`, `2026-11`, `2026-11-22`, `2026-11-22T10`, `...:11`, `...:12`,
// `...12.5`, each with an optional zone (`Z` or an offset; none means UTC): the first and the last
// nanosecond of what it names, `2026` the whole year, `...12.5` a tenth of a second. A unit
// that 64 bits hold only in part is cut to the part.
bool timestamp_parse_range(struct bytes text, int64_t *from_ns, int64_t *to_ns);

// One or more of a decimal and a unit, `5m`, `1h30m`, `1.5s`, `-1d`: ns, us (also written with
// either of the two Greek letters), ms, s, m, h, d, w (7 d), y (365 d). What is below a nanosecond
// is cut off. False when it does not fit.
bool duration_parse(struct bytes text, int64_t *ns);

#endif
