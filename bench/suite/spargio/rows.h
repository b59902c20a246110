// SPDX-License-Identifier: MIT
// rows.h: the rows on spargio, a file each.
#ifndef SPARGIO_BENCH_SUITE_SPARGIO_ROWS_H
#define SPARGIO_BENCH_SUITE_SPARGIO_ROWS_H

#include "suite/row.h"

enum { COORDINATION_ROWS = 8, FAN_OUT_ROWS = 4, FILE_ROWS = 2, SOCKET_ROWS = 6 };
enum { TASK_ROWS = 8, WAITING_ROWS = 6, CHANNEL_ROWS = 17, CALL_ROWS = 2 };

extern const struct row coordination_rows[COORDINATION_ROWS];
extern const struct row fan_out_rows[FAN_OUT_ROWS];
extern const struct row file_rows[FILE_ROWS];
extern const struct row socket_rows[SOCKET_ROWS];
extern const struct row task_rows[TASK_ROWS];
extern const struct row waiting_rows[WAITING_ROWS];
extern const struct row channel_rows[CHANNEL_ROWS];
extern const struct row call_rows[CALL_ROWS];
extern const struct server servers[];

#endif
