// SPDX-License-Identifier: MIT
// reason.h: error codes in words, for people.

#ifndef LOGQ_REASON_H
#define LOGQ_REASON_H

#include <spargio.h>

#include <string.h>

// Words for an error code, those of the library for its own and those of the system for the others.
// Static text.
static inline const char *reason_text(int code)
{
    int number = code < 0 ? -code : code;
    const char *system = spg_error_cause(code) == NULL ? strerrordesc_np(number) : NULL;
    return system == NULL ? spg_strerror(code) : system;
}

#endif
