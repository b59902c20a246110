// SPDX-License-Identifier: MIT
// main.c: bench_spargio: the rows of the comparison on spargio.
#include "suite/spargio/rows.h"

#include <spargio.h>
#include <string.h>

int main(int count, char **arguments)
{
    static struct row rows[COORDINATION_ROWS + FAN_OUT_ROWS + FILE_ROWS + SOCKET_ROWS + 1];
    struct row *next = rows;
    memcpy(next, coordination_rows, sizeof coordination_rows);
    next += COORDINATION_ROWS;
    memcpy(next, fan_out_rows, sizeof fan_out_rows);
    next += FAN_OUT_ROWS;
    memcpy(next, file_rows, sizeof file_rows);
    next += FILE_ROWS;
    memcpy(next, socket_rows, sizeof socket_rows);
    return row_main(count, arguments, "spargio", spg_version(), rows);
}
