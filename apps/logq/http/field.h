// SPDX-License-Identifier: MIT
// field.h: the small pieces of HTTP's grammar: fields, tokens, hosts, targets.

#ifndef LOGQ_HTTP_FIELD_H
#define LOGQ_HTTP_FIELD_H

#include "data/bytes.h"

struct http_field {
    struct bytes name;
    struct bytes value; // without the blanks around it
};

static inline bool http_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// 0 to 15, or -1.
int http_hex_digit(char c);

bool http_is_token(struct bytes text);

// Visible ASCII only, and not empty.
bool http_is_target(struct bytes text);

// A host and an optional port, without user information; may be empty.
bool http_is_host(struct bytes text);

// What may follow the size of a chunk: nothing, or blanks and a semicolon with visible text.
bool http_is_chunk_extension(struct bytes text);

// Whether it is this name, which is given in lower case, in any case.
bool http_same_name(struct bytes text, const char *lower_case);

// Whether a list with commas has this item, given in lower case, in any case.
bool http_list_has(struct bytes list, const char *lower_case);

// Reads a line of the head. NULL, or what is wrong with it.
const char *http_field_read(struct bytes line, struct http_field *field);

// Splits a target of the form `/path?query`, `http://host/path?query` or `*`. False for others.
bool http_target_split(struct bytes target, struct bytes *path, struct bytes *query);

#endif
