// SPDX-License-Identifier: MIT
// outside.c: a program outside of the tree, in C and in C++: it includes the umbrella header only.
#include <spargio.h>
#include <stdio.h>

static int add_one(void *arg)
{
    ++*(int *)arg;
    return 0;
}

static int root(void *arg)
{
    spg_task task;
    int result = -1;
    int error = spg_spawn(NULL, add_one, arg, &task);
    if (error) {
        return error;
    }
    error = spg_join(task, &result, spg_after(10 * SPG_S));
    return error ? error : result;
}

int main(void)
{
    int number = 41;
    int result = -1;
    int error = spg_run(NULL, root, &number, &result);
    printf("spargio %s: %d\n", spg_version(), number);
    return error || result || number != 42;
}
