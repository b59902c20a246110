// SPDX-License-Identifier: MIT
// phrase.c: finding words and phrases that stand for themselves in a text.

#include "query/phrase.h"

#include "query/letters.h"
#include "query/utf8.h"

static bool starts_with_word(struct bytes text)
{
    uint32_t rune;
    utf8_decode(text, &rune);
    return rune_is_word(rune);
}

static bool ends_with_word(struct bytes text)
{
    uint32_t rune;
    utf8_decode_last(text, &rune);
    return rune_is_word(rune);
}

void phrase_init(struct phrase *phrase, struct bytes text, bool is_prefix)
{
    search_needle_init(&phrase->needle, text);
    phrase->guards_start = starts_with_word(text);
    phrase->guards_end = !is_prefix && ends_with_word(text);
}

bool phrase_is_in(const struct phrase *phrase, struct bytes value)
{
    struct bytes rest = value;
    for (;;) {
        const char *place = search_find(&phrase->needle, rest);
        if (place == NULL) {
            return false;
        }
        struct bytes before = bytes_between(value.ptr, place);
        struct bytes after = bytes_from(value, before.len + phrase->needle.text.len);
        bool stands_alone =
            (!phrase->guards_start || before.len == 0 || !ends_with_word(before)) &&
            (!phrase->guards_end || after.len == 0 || !starts_with_word(after));
        if (stands_alone) {
            return true;
        }
        rest = bytes_from(value, before.len + 1);
    }
}

size_t fold_case(struct bytes text, char *out)
{
    size_t length = 0;
    size_t at = 0;
    while (at < text.len) {
        unsigned char byte = (unsigned char)text.ptr[at];
        if (byte < 0x80) {
            out[length++] = (char)rune_lower(byte);
            at++;
            continue;
        }
        uint32_t rune;
        size_t width = utf8_decode(bytes_from(text, at), &rune);
        if (rune == UTF8_REPLACEMENT) {
            // An invalid byte stays what it is.
            memcpy(out + length, text.ptr + at, width);
            length += width;
        } else {
            length += utf8_encode(rune_lower(rune), out + length);
        }
        at += width;
    }
    return length;
}

// Kelvin and the dotted I have ASCII letters as lower case, so every letter has another case.
static bool has_one_case(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte < 0x80 && (unsigned)(byte | 0x20) - 'a' >= 26;
}

struct bytes fold_invariant(struct bytes text)
{
    struct bytes best = { 0 };
    size_t start = 0;
    for (size_t i = 0; i <= text.len; i++) {
        if (i < text.len && has_one_case(text.ptr[i])) {
            continue;
        }
        if (i - start > best.len) {
            best = (struct bytes){ .ptr = text.ptr + start, .len = i - start };
        }
        start = i + 1;
    }
    return best;
}
