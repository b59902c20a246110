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

enum { NO_CODE = -1 };

// The code as errno has it; NO_CODE for what has no positive form.
static int positive_of(int code)
{
    return code == INT_MIN ? NO_CODE : code < 0 ? -code : code;
}

// The system's texts are static where there are these two calls, and where strerror has no buffer;
// strerror of glibc has one, and belongs to the thread, which a task may leave.
#ifdef __GLIBC__
static const char *system_text(int positive)
{
    const char *text = strerrordesc_np(positive);
    return text ? text : "unknown error";
}

static const char *system_name(int positive)
{
    const char *name = strerrorname_np(positive);
    return name ? name : "unknown";
}
#else
static const char *system_text(int positive)
{
    return positive == NO_CODE ? "unknown error" : strerror(positive);
}

static const char *system_name(int positive)
{
    (void)positive;
    return "unknown";
}
#endif

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
        return system_text(positive);
    }
}

const char *spg_error_name(int code)
{
    int positive = positive_of(code);
    switch (positive) {
#define SPGI_NAME(name, text, cause)                                                               \
    case name:                                                                                     \
        return #name;
        SPG_ERRORS(SPGI_NAME)
#undef SPGI_NAME
    default:
        return system_name(positive);
    }
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
