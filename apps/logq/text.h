// SPDX-License-Identifier: MIT
// text.h: bytes that are put together piece by piece before they are sent or printed.

#ifndef LOGQ_TEXT_H
#define LOGQ_TEXT_H

#include "data/bytes.h"
#include "query/budget.h"

// Zeroed is empty, without a budget. When memory is out nothing more is added and is_short stays
// set, so that a long piece of writing is asked once, at its end.
struct text {
    char *data;
    size_t length;
    size_t capacity;
    struct budget *budget; // counts the capacity; may be NULL
    bool is_short;
};

// Room for `more` bytes behind the text; NULL when memory is out. The caller adds to length.
char *text_reserve(struct text *text, size_t more);

void text_add(struct text *text, struct bytes piece);
void text_add_string(struct text *text, const char *piece);
__attribute__((format(printf, 2, 3))) void text_add_format(struct text *text, const char *format,
                                                           ...);

static inline struct bytes text_bytes(const struct text *text)
{
    return (struct bytes){.ptr = text->data, .len = text->length};
}

// Keeps the memory.
void text_clear(struct text *text);

// Gives the memory back; the text may be used again.
void text_free(struct text *text);

#endif
