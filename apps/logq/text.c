// SPDX-License-Identifier: MIT
// text.c: bytes that are put together piece by piece before they are sent or printed.

#include "text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define TEXT_FIRST_CAPACITY ((size_t)1024)

static bool grow(struct text *text, size_t more)
{
    if (more > SIZE_MAX / 2 - text->length) {
        return false;
    }
    size_t capacity = text->capacity < TEXT_FIRST_CAPACITY ? TEXT_FIRST_CAPACITY : text->capacity;
    while (capacity < text->length + more) {
        capacity *= 2;
    }
    size_t added = capacity - text->capacity;
    if (text->budget != NULL && !budget_take(text->budget, added)) {
        return false;
    }
    char *data = realloc(text->data, capacity);
    if (data == NULL) {
        if (text->budget != NULL) {
            budget_give(text->budget, added);
        }
        return false;
    }
    text->data = data;
    text->capacity = capacity;
    return true;
}

char *text_reserve(struct text *text, size_t more)
{
    if (text->is_short) {
        return NULL;
    }
    if (more > text->capacity - text->length && !grow(text, more)) {
        text->is_short = true;
        return NULL;
    }
    return text->data + text->length;
}

void text_add(struct text *text, struct bytes piece)
{
    char *room = piece.len == 0 ? NULL : text_reserve(text, piece.len);
    if (room != NULL) {
        memcpy(room, piece.ptr, piece.len);
        text->length += piece.len;
    }
}

void text_add_string(struct text *text, const char *piece)
{
    text_add(text, bytes_of(piece));
}

void text_add_format(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *room = length < 0 ? NULL : text_reserve(text, (size_t)length + 1);
    if (room != NULL) {
        (void)vsnprintf(room, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    } else {
        text->is_short = true;
    }
    va_end(again);
}

void text_clear(struct text *text)
{
    text->length = 0;
    text->is_short = false;
}

void text_free(struct text *text)
{
    if (text->budget != NULL && text->capacity > 0) {
        budget_give(text->budget, text->capacity);
    }
    free(text->data);
    *text = (struct text){.budget = text->budget};
}
