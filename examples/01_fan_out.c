// SPDX-License-Identifier: MIT
// 01_fan_out.c: a thousand tasks fan out over the shards, and one call fans them in again.
#include <spargio.h>
#include <stdio.h>

static int square(void *value) // one of a thousand tasks, on whichever shard is free
{
    *(long *)value *= *(long *)value;
    return 0;
}

static int square_all(void *values) // the root task
{
    spg_scope scope;
    int error = spg_scope_open(&scope, spg_after(10 * SPG_S));
    if (!error) {
        error = spg_spawn_n(&scope, NULL, square, values, sizeof(long), 1000);
        int failed = spg_scope_close(&scope); // waits for all; the first error, if any
        error = error ? error : failed;
    }
    return error;
}

int main(void)
{
    long values[1000], sum = 0;
    for (long i = 0; i < 1000; i++) {
        values[i] = i;
    }
    int result = 0, error = spg_run(NULL, square_all, values, &result);
    for (long i = 0; i < 1000; i++) {
        sum += values[i];
    }
    printf("sum of squares: %ld\n", sum);
    return error || result;
}
