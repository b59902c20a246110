// SPDX-License-Identifier: MIT
// main.c: bench_floor: rows of the comparison by hand, without a runtime.
#include "suite/floor/rows.h"

#include <string.h>

int main(int count, char **arguments)
{
    static struct row rows[FLOOR_THREAD_ROWS + FLOOR_IO_ROWS + FLOOR_CALL_ROWS + 1];
    memcpy(rows, floor_thread_rows, sizeof floor_thread_rows);
    memcpy(rows + FLOOR_THREAD_ROWS, floor_io_rows, sizeof floor_io_rows);
    memcpy(rows + FLOOR_THREAD_ROWS + FLOOR_IO_ROWS, floor_call_rows, sizeof floor_call_rows);
    return row_main(count, arguments, "floor", "by hand", rows, NULL);
}
