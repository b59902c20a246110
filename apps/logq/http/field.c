// SPDX-License-Identifier: MIT
// field.c: the small pieces of HTTP's grammar: fields, tokens, hosts, targets.

#include "http/field.h"

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_visible(char c)
{
    return c > ' ' && c < 127;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

int http_hex_digit(char c)
{
    if (http_is_digit(c)) {
        return c - '0';
    }
    c = to_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool http_is_token(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!is_letter(c) && !http_is_digit(c) && (c == '\0' || !strchr("!#$%&'*+-.^_`|~", c))) {
            return false;
        }
    }
    return text.len > 0;
}

bool http_is_target(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (!is_visible(text.ptr[i])) {
            return false;
        }
    }
    return text.len > 0;
}

bool http_is_host(struct bytes text)
{
    bool is_address = text.len > 0 && text.ptr[0] == '['; // of IPv6, with its own colons
    size_t at = 0;
    if (is_address) {
        const char *end = memchr(text.ptr, ']', text.len);
        if (end == NULL) {
            return false;
        }
        at = (size_t)(end - text.ptr) + 1;
        for (size_t i = 1; i + 1 < at; i++) {
            char c = text.ptr[i];
            if (http_hex_digit(c) < 0 && c != ':' && c != '.') {
                return false;
            }
        }
    }
    while (!is_address && at < text.len && text.ptr[at] != ':') {
        char c = text.ptr[at++];
        if (!is_letter(c) && !http_is_digit(c) && (c == '\0' || !strchr("-._~%!$&'()*+,;=", c))) {
            return false;
        }
    }
    if (at == text.len) {
        return true;
    }
    if (text.ptr[at++] != ':') {
        return false;
    }
    while (at < text.len && http_is_digit(text.ptr[at])) {
        at++;
    }
    return at == text.len;
}

bool http_is_chunk_extension(struct bytes text)
{
    size_t at = 0;
    while (at < text.len && is_blank(text.ptr[at])) {
        at++;
    }
    if (at == text.len) {
        return at == 0; // blanks alone are no extension, and a second reader may stumble over them
    }
    if (text.ptr[at] != ';') {
        return false;
    }
    for (; at < text.len; at++) {
        char c = text.ptr[at];
        if (!is_visible(c) && !is_blank(c) && (unsigned char)c < 0x80) {
            return false;
        }
    }
    return true;
}

bool http_same_name(struct bytes text, const char *lower_case)
{
    if (text.len != strlen(lower_case)) {
        return false;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (to_lower(text.ptr[i]) != lower_case[i]) {
            return false;
        }
    }
    return true;
}

static struct bytes trim(struct bytes text)
{
    while (text.len > 0 && is_blank(text.ptr[0])) {
        text = bytes_from(text, 1);
    }
    while (text.len > 0 && is_blank(text.ptr[text.len - 1])) {
        text.len--;
    }
    return text;
}

bool http_list_has(struct bytes list, const char *lower_case)
{
    while (list.len > 0) {
        const char *comma = memchr(list.ptr, ',', list.len);
        size_t length = comma == NULL ? list.len : (size_t)(comma - list.ptr);
        if (http_same_name(trim((struct bytes){list.ptr, length}), lower_case)) {
            return true;
        }
        list = bytes_from(list, comma == NULL ? length : length + 1);
    }
    return false;
}

const char *http_field_read(struct bytes line, struct http_field *field)
{
    if (is_blank(line.ptr[0])) {
        return "a field must not go on in a second line";
    }
    const char *colon = memchr(line.ptr, ':', line.len);
    if (colon == NULL) {
        return "a field has no colon";
    }
    field->name = bytes_between(line.ptr, colon);
    if (field->name.len > 0 && is_blank(colon[-1])) {
        return "a blank stands before the colon of a field";
    }
    if (!http_is_token(field->name)) {
        return "the name of a field is empty or holds a byte that does not belong there";
    }
    field->value = trim(bytes_between(colon + 1, line.ptr + line.len));
    for (size_t i = 0; i < field->value.len; i++) {
        unsigned char c = (unsigned char)field->value.ptr[i];
        if ((c < ' ' && c != '\t') || c == 127) {
            return "the value of a field holds a control character";
        }
    }
    return NULL;
}

bool http_target_split(struct bytes target, struct bytes *path, struct bytes *query)
{
    static const char *const schemes[] = {"http://", "https://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t length = strlen(schemes[i]);
        if (target.len < length ||
            !http_same_name((struct bytes){target.ptr, length}, schemes[i])) {
            continue;
        }
        target = bytes_from(target, length);
        size_t host = 0;
        while (host < target.len && target.ptr[host] != '/' && target.ptr[host] != '?') {
            host++;
        }
        if (host == 0 || !http_is_host((struct bytes){target.ptr, host})) {
            return false;
        }
        target = bytes_from(target, host);
        if (target.len == 0 || target.ptr[0] == '?') {
            *path = bytes_of("/");
            *query = target.len == 0 ? target : bytes_from(target, 1);
            return true;
        }
        break;
    }
    const char *mark = memchr(target.ptr, '?', target.len);
    *path = mark == NULL ? target : bytes_between(target.ptr, mark);
    *query = mark == NULL ? (struct bytes){0}
                          : bytes_between(mark + 1, target.ptr + target.len);
    return (path->len > 0 && path->ptr[0] == '/') || bytes_equal(target, bytes_of("*"));
}
