// SPDX-License-Identifier: MIT
// quantity.h: numbers as a query may write them: with KB, KiB and the like, or as durations.

#ifndef LOGQ_QUERY_QUANTITY_H
#define LOGQ_QUERY_QUANTITY_H

#include "data/arena.h"
#include "data/bytes.h"
#include "data/number.h"

// A plain number; or one without exponent and B, K, KB, Ki, KiB, ... up to T and TiB behind it
// (K = KB = 1000, Ki = KiB = 1024); or a duration, which counts nanoseconds. Digits may be parted
// by `_`. The value is exact. False when it is none of these, or the memory is out.
bool quantity_parse(struct bytes text, struct arena *arena, struct number *out);

#endif
