// SPDX-License-Identifier: MIT
// error.c: texts of error codes.
#include <spargio/error.h>

#include <errno.h>
#include <limits.h>
#include <spargio.h>
#include <string.h>

const char *spg_version(void)
{
    return "0.1.0";
}

// The code as errno has it; 0 for what no code can be.
static int positive_of(int code)
{
    return code == INT_MIN ? 0 : code < 0 ? -code : code;
}

const char *spg_strerror(int code)
{
    int positive = positive_of(code);
    switch (positive) {
#define SPGI_TEXT(name, text, cause)                                                               \
    case name:                                                                                     \
        return text;
        SPG_ERRORS(SPGI_TEXT)
#undef SPGI_TEXT
    default:
        break;
    }
    const char *name = strerrorname_np(positive); // static text, and no thread-local buffer
    return name ? name : "unknown error";
}

const char *spg_error_cause(int code)
{
    switch (positive_of(code)) {
#define SPGI_CAUSE(name, text, cause)                                                              \
    case name:                                                                                     \
        return cause;
        SPG_ERRORS(SPGI_CAUSE)
#undef SPGI_CAUSE
    default:
        return NULL;
    }
}
