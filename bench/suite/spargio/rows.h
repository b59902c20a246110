// SPDX-License-Identifier: MIT
// rows.h: the rows on spargio, a file each.
#ifndef SPARGIO_BENCH_SUITE_SPARGIO_ROWS_H
#define SPARGIO_BENCH_SUITE_SPARGIO_ROWS_H

#include "suite/row.h"

enum { COORDINATION_ROWS = 5, FAN_OUT_ROWS = 4, FILE_ROWS = 2, SOCKET_ROWS = 6 };

extern const struct row coordination_rows[COORDINATION_ROWS];
extern const struct row fan_out_rows[FAN_OUT_ROWS];
extern const struct row file_rows[FILE_ROWS];
extern const struct row socket_rows[SOCKET_ROWS];

#endif
