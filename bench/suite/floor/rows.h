// SPDX-License-Identifier: MIT
// rows.h: the rows by hand, a file each: what no runtime can be much faster than.
#ifndef SPARGIO_BENCH_SUITE_FLOOR_ROWS_H
#define SPARGIO_BENCH_SUITE_FLOOR_ROWS_H

#include "suite/row.h"

enum { FLOOR_THREAD_ROWS = 5, FLOOR_IO_ROWS = 5, FLOOR_CALL_ROWS = 2 };

extern const struct row floor_thread_rows[FLOOR_THREAD_ROWS];
extern const struct row floor_io_rows[FLOOR_IO_ROWS];
extern const struct row floor_call_rows[FLOOR_CALL_ROWS];

#endif
