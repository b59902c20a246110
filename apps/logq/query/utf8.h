// SPDX-License-Identifier: MIT
// utf8.h: reading bytes as characters the way Go does: whatever is no valid UTF-8 is U+FFFD, byte
// by byte.

#ifndef LOGQ_QUERY_UTF8_H
#define LOGQ_QUERY_UTF8_H

#include "data/bytes.h"

#include <stdint.h>

#define UTF8_REPLACEMENT 0xFFFDu
#define UTF8_RUNE_MAX 0x10FFFFu
#define UTF8_WIDTH_MAX 4

// The bytes of U+FFFD itself.
#define UTF8_REPLACEMENT_TEXT "\xEF\xBF\xBD"

// The first character and its width in bytes; text is not empty. Invalid: U+FFFD and width 1.
size_t utf8_decode_slow(struct bytes text, uint32_t *rune);

static inline size_t utf8_decode(struct bytes text, uint32_t *rune)
{
    unsigned char first = (unsigned char)text.ptr[0];
    if (first < 0x80) {
        *rune = first;
        return 1;
    }
    return utf8_decode_slow(text, rune);
}

// The last character and its width in bytes; text is not empty.
size_t utf8_decode_last(struct bytes text, uint32_t *rune);

// Writes a character that may be encoded; the width.
size_t utf8_encode(uint32_t rune, char out[UTF8_WIDTH_MAX]);

// The length of the longest valid beginning.
size_t utf8_valid_prefix(struct bytes text);

static inline bool utf8_is_valid(struct bytes text)
{
    return utf8_valid_prefix(text) == text.len;
}

#endif
