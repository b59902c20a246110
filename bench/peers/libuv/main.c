// SPDX-License-Identifier: MIT
// main.c: bench_libuv: the rows of the comparison that callbacks on a loop of libuv do.
#include "loop.h"

#include <string.h>

int main(int count, char **arguments)
{
    static struct row rows[UV_SOCKET_ROWS + UV_WAITING_ROWS + 1];
    static struct server servers[UV_SERVERS + 1];
    memcpy(rows, uv_socket_rows, sizeof uv_socket_rows);
    memcpy(rows + UV_SOCKET_ROWS, uv_waiting_rows, sizeof uv_waiting_rows);
    memcpy(servers, uv_servers, sizeof uv_servers);
    return row_main(count, arguments, "libuv", uv_version_string(), rows, servers);
}
