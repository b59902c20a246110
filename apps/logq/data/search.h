// SPDX-License-Identifier: MIT
// search.h: finding a substring or a byte in a block at the speed of memory.

#ifndef LOGQ_DATA_SEARCH_H
#define LOGQ_DATA_SEARCH_H

#include "bytes.h"

#include <stdint.h>

// A needle made ready once for many haystacks. It keeps a reference to the needle's bytes.
// The search tests two bytes of the needle, `first` < `second`, at every position, those that are
// rarest in log text, and compares the whole needle only where both fit.
struct search_needle {
    struct bytes text;
    size_t first;  // offsets into text; equal only when text has one byte
    size_t second;
};

void search_needle_init(struct search_needle *needle, struct bytes text);

// The first place of the needle, or NULL. An empty needle is found at the start. Never reads
// outside the haystack. Where the two bytes fit too often for nothing, memmem takes over, so the
// time stays linear.
const char *search_find(const struct search_needle *needle, struct bytes haystack);

// The same for a needle used once.
const char *bytes_find(struct bytes haystack, struct bytes needle);

// The first place of a byte, or NULL.
static inline const char *search_byte(struct bytes haystack, char byte)
{
    if (haystack.len == 0) {
        return NULL;
    }
    return (const char *)memchr(haystack.ptr, (unsigned char)byte, haystack.len);
}

// The last place of a byte, or NULL.
const char *search_byte_last(struct bytes haystack, char byte);

// Writes the offsets of a byte, in order, to `places`, until fewer than SEARCH_PLACES_SPARE are
// left of its `room` or the haystack ends, which is at most SEARCH_PLACES_LENGTH_MAX long. Returns
// how many; *passed is how much of the haystack was looked at. Takes no branch that depends on
// where the byte is, as long as it occurs at most once in 64 bytes.
size_t search_byte_places(struct bytes haystack, char byte, uint32_t *places, size_t room,
                          size_t *passed);

#define SEARCH_PLACES_SPARE 64
#define SEARCH_PLACES_LENGTH_MAX ((size_t)UINT32_MAX)

// How often a byte occurs.
size_t search_count_byte(struct bytes haystack, char byte);

#endif
