// SPDX-License-Identifier: MIT
// time_bound.h: a point or a unit of time as people name it in a query or an argument.

#ifndef LOGQ_QUERY_TIME_BOUND_H
#define LOGQ_QUERY_TIME_BOUND_H

#include "data/bytes.h"

#include <stdint.h>

// The first and the last nanosecond of what the text names:
//   RFC 3339 or the beginning of it, to a year, month, day, hour, minute, second or fraction;
//   a Unix number in seconds, ms, us or ns by its size: that second, ms, us or ns;
//   a duration, with or without a minus: that long before now;
//   now, now-5m, now+5m.
// What lies beyond 64 bits of nanoseconds is cut off there. False when it is none of these.
bool time_bound_parse(struct bytes text, int64_t now_ns, int64_t *from_ns, int64_t *to_ns);

int64_t time_add(int64_t ns, int64_t more); // stays within its range
int64_t time_subtract(int64_t ns, int64_t less);

#endif
