// SPDX-License-Identifier: MIT
// assert.c: the last words of a program with a bug.
#include "base/assert.h"

#include <stdio.h>
#include <stdlib.h>

void spgi_panic(const char *file, int line, const char *what)
{
    fprintf(stderr, "spargio: %s:%d: %s\n", file, line, what);
    abort();
}
