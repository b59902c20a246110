// SPDX-License-Identifier: MIT
// utf8.c: reading bytes as characters the way Go does.

#include "query/utf8.h"

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

// The width of a valid character that does not begin in ASCII, or 0. Overlong forms, surrogates and
// what lies beyond U+10FFFF are not valid.
static size_t valid_width(const unsigned char *at, size_t left, uint32_t *rune)
{
    unsigned char first = at[0];
    if (first < 0xC2 || first > 0xF4 || left < 2 || !is_continuation(at[1])) {
        return 0;
    }
    uint32_t tail = at[1] & 0x3Fu;
    if (first < 0xE0) {
        *rune = ((first & 0x1Fu) << 6) | tail;
        return 2;
    }
    if (left < 3 || !is_continuation(at[2])) {
        return 0;
    }
    tail = (tail << 6) | (at[2] & 0x3Fu);
    if (first < 0xF0) {
        *rune = ((first & 0x0Fu) << 12) | tail;
        return *rune < 0x800 || (*rune >= 0xD800 && *rune <= 0xDFFF) ? 0 : 3;
    }
    if (left < 4 || !is_continuation(at[3])) {
        return 0;
    }
    *rune = ((first & 0x07u) << 18) | (tail << 6) | (at[3] & 0x3Fu);
    return *rune < 0x10000 || *rune > UTF8_RUNE_MAX ? 0 : 4;
}

size_t utf8_decode_slow(struct bytes text, uint32_t *rune)
{
    size_t width = valid_width((const unsigned char *)text.ptr, text.len, rune);
    if (width == 0) {
        *rune = UTF8_REPLACEMENT;
        return 1;
    }
    return width;
}

size_t utf8_decode_last(struct bytes text, uint32_t *rune)
{
    const unsigned char *end = (const unsigned char *)text.ptr + text.len;
    if (end[-1] < 0x80) {
        *rune = end[-1];
        return 1;
    }
    for (size_t width = 2; width <= UTF8_WIDTH_MAX && width <= text.len; width++) {
        if (!is_continuation(end[-(ptrdiff_t)width])) {
            if (valid_width(end - width, width, rune) == width) {
                return width;
            }
            break;
        }
    }
    *rune = UTF8_REPLACEMENT;
    return 1;
}

size_t utf8_encode(uint32_t rune, char out[UTF8_WIDTH_MAX])
{
    if (rune < 0x80) {
        out[0] = (char)rune;
        return 1;
    }
    if (rune < 0x800) {
        out[0] = (char)(0xC0 | (rune >> 6));
        out[1] = (char)(0x80 | (rune & 0x3F));
        return 2;
    }
    if (rune < 0x10000) {
        out[0] = (char)(0xE0 | (rune >> 12));
        out[1] = (char)(0x80 | ((rune >> 6) & 0x3F));
        out[2] = (char)(0x80 | (rune & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (rune >> 18));
    out[1] = (char)(0x80 | ((rune >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((rune >> 6) & 0x3F));
    out[3] = (char)(0x80 | (rune & 0x3F));
    return 4;
}

// The length of the longest beginning that is ASCII, by words of eight bytes and then by bytes.
static size_t ascii_prefix(const unsigned char *at, size_t length)
{
    size_t done = 0;
    while (length - done >= 32) {
        uint64_t word[4];
        memcpy(word, at + done, sizeof(word));
        if (((word[0] | word[1] | word[2] | word[3]) & UINT64_C(0x8080808080808080)) != 0) {
            break;
        }
        done += 32;
    }
    while (done < length && at[done] < 0x80) {
        done++;
    }
    return done;
}

size_t utf8_valid_prefix(struct bytes text)
{
    if (text.len == 0) {
        return 0;
    }
    const unsigned char *at = (const unsigned char *)text.ptr;
    size_t done = 0;
    for (;;) {
        done += ascii_prefix(at + done, text.len - done);
        if (done == text.len) {
            return done;
        }
        uint32_t rune;
        size_t width = valid_width(at + done, text.len - done, &rune);
        if (width == 0) {
            return done;
        }
        done += width;
    }
}
