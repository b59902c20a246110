// SPDX-License-Identifier: MIT
// letters.h: which characters make words, and their lower case; independent of any locale.

#ifndef LOGQ_QUERY_LETTERS_H
#define LOGQ_QUERY_LETTERS_H

#include <stdbool.h>
#include <stdint.h>

bool letter_is_beyond_ascii(uint32_t rune);
uint32_t letter_lower_beyond_ascii(uint32_t rune);

// Letters, digits and `_` in ASCII, and every letter beyond it.
static inline bool rune_is_word(uint32_t rune)
{
    if (rune < 0x80) {
        return (rune - '0' < 10) || ((rune | 0x20) - 'a' < 26) || rune == '_';
    }
    return letter_is_beyond_ascii(rune);
}

// The one character that Unicode names as the lower case, or the character itself.
static inline uint32_t rune_lower(uint32_t rune)
{
    if (rune < 0x80) {
        return rune - 'A' < 26 ? rune + ('a' - 'A') : rune;
    }
    return letter_lower_beyond_ascii(rune);
}

#endif
