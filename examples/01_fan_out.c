// SPDX-License-Identifier: MIT
// 01_fan_out.c: a thousand tasks fan out over the shards, and one call fans them in again.
#include <spargio.h>
#include <stdio.h>

static long squares[1000];

static int square(void *out) // one of a thousand tasks, on whichever shard is free
{
    long n = (long *)out - squares;
    squares[n] = n * n;
    return 0;
}

static int sum_up(void *sum) // the root task
{
    spg_scope scope;
    int failed = 0, error = spg_scope_open(&scope, spg_after(10 * SPG_S));
    if (!error) {
        error = spg_spawn_n(&scope, NULL, square, squares, sizeof(long), 1000);
        failed = spg_scope_close(&scope); // waits for all; the first error, if any
    }
    for (int n = 0; n < 1000; n++) {
        *(long *)sum += squares[n];
    }
    return error ? error : failed;
}

int main(void)
{
    char why[256] = "";
    spg_options options = {.error_text = why, .error_bytes = sizeof why};
    long sum = 0;
    int result = 0, error = spg_run(&options, sum_up, &sum, &result);
    if (error || result) {
        fprintf(stderr, "01_fan_out: %s %s\n", spg_strerror(error ? error : result), why);
        return 1;
    }
    printf("sum of squares: %ld\n", sum);
    return 0;
}
