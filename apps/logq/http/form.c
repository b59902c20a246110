// SPDX-License-Identifier: MIT
// form.c: the arguments of a request, from its URL or from a form in its body.

#include "http/form.h"

#include "http/field.h"

#include <stdio.h>

bool form_decode(char *text, size_t *length, bool plus_is_blank)
{
    size_t to = 0;
    for (size_t from = 0; from < *length; from++) {
        char c = text[from];
        if (c == '%') {
            int high = *length - from < 3 ? -1 : http_hex_digit(text[from + 1]);
            int low = high < 0 ? -1 : http_hex_digit(text[from + 2]);
            if (low < 0) {
                *length = from;
                return false;
            }
            c = (char)(unsigned char)(high * 16 + low);
            from += 2;
        } else if (c == '+' && plus_is_blank) {
            c = ' ';
        }
        text[to++] = c;
    }
    *length = to;
    return true;
}

static bool decode_part(struct form *form, char *begin, char *end, const char *what,
                        struct bytes *part)
{
    size_t length = (size_t)(end - begin);
    if (!form_decode(begin, &length, true)) {
        (void)snprintf(form->error, sizeof form->error,
                       "the %s of argument %zu has a percent sign without two hex digits behind "
                       "it, at byte %zu",
                       what, form->count + 1, length);
        return false;
    }
    *part = (struct bytes){.ptr = begin, .len = length};
    return true;
}

static bool add_argument(struct form *form, char *begin, char *end)
{
    if (form->count == FORM_ARGUMENTS_LIMIT) {
        (void)snprintf(form->error, sizeof form->error, "the request has more than %d arguments",
                       FORM_ARGUMENTS_LIMIT);
        return false;
    }
    char *sign = memchr(begin, '=', (size_t)(end - begin));
    char *value = sign == NULL ? end : sign + 1;
    struct form_argument *argument = &form->arguments[form->count];
    if (!decode_part(form, begin, sign == NULL ? end : sign, "name", &argument->name) ||
        !decode_part(form, value, end, "value", &argument->value)) {
        return false;
    }
    form->count++;
    return true;
}

bool form_add(struct form *form, char *text, size_t length)
{
    if (length == 0) {
        return true; // text may be NULL
    }
    char *end = text + length;
    while (text < end) {
        char *sign = memchr(text, '&', (size_t)(end - text));
        char *behind = sign == NULL ? end : sign;
        if (behind > text && !add_argument(form, text, behind)) {
            return false;
        }
        text = sign == NULL ? end : sign + 1;
    }
    return true;
}

bool form_find(const struct form *form, const char *name, struct bytes *value)
{
    for (size_t i = 0; i < form->count; i++) {
        if (bytes_equal(form->arguments[i].name, bytes_of(name))) {
            *value = form->arguments[i].value;
            return true;
        }
    }
    *value = (struct bytes){0};
    return false;
}
