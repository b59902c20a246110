// SPDX-License-Identifier: MIT
// query_error.c: what is wrong with a query, for the person who wrote it.

#include "query/query_error.h"

#include "query/utf8.h"

#include <stdarg.h>
#include <stdio.h>

bool query_error_set(struct query_error *error, size_t position, const char *format, ...)
{
    if (error->text[0] != '\0') {
        return false;
    }
    error->position = position;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof(error->text), format, arguments);
    va_end(arguments);
    return false;
}

const char *query_excerpt(struct bytes text, char out[QUERY_EXCERPT_LIMIT])
{
    static const char more[] = "...";
    size_t room = QUERY_EXCERPT_LIMIT - sizeof(more);
    size_t length = 0;
    while (text.len > 0) {
        uint32_t rune;
        size_t width = utf8_decode(text, &rune);
        if (length + UTF8_WIDTH_MAX > room) {
            memcpy(out + length, more, sizeof(more));
            return out;
        }
        if (rune < 0x20 || rune == 0x7F || (rune >= 0x80 && rune < 0xA0)) {
            rune = '?';
        }
        length += utf8_encode(rune, out + length);
        text = bytes_from(text, width);
    }
    out[length] = '\0';
    return out;
}
