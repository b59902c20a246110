// SPDX-License-Identifier: MIT
// text_out.h: putting a text together for a test, in a buffer that it must not outgrow.
#ifndef TESTS_LOGQ_TEXT_OUT_H
#define TESTS_LOGQ_TEXT_OUT_H

#include "seed.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

struct text_out {
    char *at;
    char *end;
};

#define TEXT_OUT(array)                                                                            \
    {                                                                                              \
        (array), (array) + sizeof(array)                                                           \
    }

__attribute__((format(printf, 2, 3))) static inline void text_put(struct text_out *out,
                                                                  const char *format, ...)
{
    va_list values;
    va_start(values, format);
    size_t room = (size_t)(out->end - out->at);
    int length = vsnprintf(out->at, room, format, values);
    va_end(values);
    REQUIRE(length >= 0 && (size_t)length < room, "the buffer of the test is too small");
    out->at += length;
}

#endif
