// SPDX-License-Identifier: MIT
// main.c: bench_spargio: the rows of the comparison on spargio.
#include "suite/spargio/rows.h"

#include <spargio.h>
#include <string.h>

enum {
    ALL_ROWS = COORDINATION_ROWS + FAN_OUT_ROWS + FILE_ROWS + SOCKET_ROWS + TASK_ROWS +
               WAITING_ROWS + CHANNEL_ROWS + CALL_ROWS
};

static struct row *append(struct row *to, const struct row *rows, size_t count)
{
    memcpy(to, rows, count * sizeof *rows);
    return to + count;
}

int main(int count, char **arguments)
{
    static struct row rows[ALL_ROWS + 1];
    struct row *next = append(rows, coordination_rows, COORDINATION_ROWS);
    next = append(next, fan_out_rows, FAN_OUT_ROWS);
    next = append(next, file_rows, FILE_ROWS);
    next = append(next, socket_rows, SOCKET_ROWS);
    next = append(next, task_rows, TASK_ROWS);
    next = append(next, waiting_rows, WAITING_ROWS);
    next = append(next, channel_rows, CHANNEL_ROWS);
    append(next, call_rows, CALL_ROWS);
    return row_main(count, arguments, "spargio", spg_version(), rows, servers);
}
