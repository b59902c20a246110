// SPDX-License-Identifier: MIT
// row_pack.h: rows as bytes, to hand them from the task that found them to the one that prints.

#ifndef LOGQ_ROW_PACK_H
#define LOGQ_ROW_PACK_H

#include "query/partial.h"
#include "query/writer.h"

// A sink that packs rows into a writer, which must outlive it.
struct row_sink row_pack_sink(struct writer *writer);

// Unpacks all rows of a text and passes them on. 0, -ENOMEM, or what the sink returned.
int row_unpack(struct bytes packed, const struct row_sink *sink);

#endif
