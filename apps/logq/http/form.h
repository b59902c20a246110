// SPDX-License-Identifier: MIT
// form.h: the arguments of a request, from its URL or from a form in its body.

#ifndef LOGQ_HTTP_FORM_H
#define LOGQ_HTTP_FORM_H

#include "data/bytes.h"

// Arguments of one request, those of the URL and those of the body together.
#define FORM_ARGUMENTS_LIMIT 64

#define FORM_ERROR_TEXT_LIMIT 160

struct form_argument {
    struct bytes name;
    struct bytes value;
};

// Zeroed is empty.
struct form {
    struct form_argument arguments[FORM_ARGUMENTS_LIMIT];
    size_t count;
    char error[FORM_ERROR_TEXT_LIMIT];
};

// Decodes percent signs in place, and with plus_is_blank the plus. The length of the result in
// *length, which is not larger. False, with the offset in *length, where two hex digits do not
// follow a percent sign; the text is then spoilt.
bool form_decode(char *text, size_t *length, bool plus_is_blank);

// Adds the arguments of `name=value&...`, decoded in place: they point into the text. False with
// the error set.
bool form_add(struct form *form, char *text, size_t length);

// The first value of that name, so that what was added first wins; false, and empty, without one.
bool form_find(const struct form *form, const char *name, struct bytes *value);

#endif
