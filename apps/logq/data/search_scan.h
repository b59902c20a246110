// SPDX-License-Identifier: MIT
// search_scan.h: the vector loops of search.c, included there once per vector width.
//
// The including file defines SCAN_NAME(name), SCAN_TARGET (function attributes), SCAN_WIDTH in
// bytes, and for a vector of 0 and 0xff SCAN_MASK(v), one bit per byte, and SCAN_ANY(v).

#define SCAN_VECTOR SCAN_NAME(vector)
#define SCAN_LOAD SCAN_NAME(load)
#define SCAN_PAIR SCAN_NAME(pair)

typedef unsigned char SCAN_VECTOR __attribute__((vector_size(SCAN_WIDTH)));

SCAN_TARGET
static inline SCAN_VECTOR SCAN_LOAD(const char *place)
{
    SCAN_VECTOR loaded;
    memcpy(&loaded, place, sizeof(loaded));
    return loaded;
}

// The places, from `place` on, where both chosen bytes of the needle fit.
SCAN_TARGET
static inline SCAN_VECTOR SCAN_PAIR(const struct search_needle *needle, const char *place,
                                    SCAN_VECTOR first, SCAN_VECTOR second)
{
    return (SCAN_VECTOR)((SCAN_LOAD(place + needle->first) == first) &
                         (SCAN_LOAD(place + needle->second) == second));
}

// Needs haystack.len >= needle->second + SCAN_WIDTH and a needle of at least two bytes. Every place
// is tested by whole vectors; the last one overlaps its predecessor so that none reads outside.
SCAN_TARGET
static const char *SCAN_NAME(find)(const struct search_needle *needle, struct bytes haystack)
{
    const unsigned char first_byte = (unsigned char)needle->text.ptr[needle->first];
    const unsigned char second_byte = (unsigned char)needle->text.ptr[needle->second];
    const SCAN_VECTOR first = first_byte - (SCAN_VECTOR){ 0 };
    const SCAN_VECTOR second = second_byte - (SCAN_VECTOR){ 0 };
    struct search_state state = search_start(needle, haystack);
    const char *const final = haystack.ptr + (haystack.len - needle->second - SCAN_WIDTH);
    const char *at = haystack.ptr;
    while (final - at >= 4 * SCAN_WIDTH) {
        search_prefetch(at, 4 * SCAN_WIDTH);
        SCAN_VECTOR hit0 = SCAN_PAIR(needle, at, first, second);
        SCAN_VECTOR hit1 = SCAN_PAIR(needle, at + SCAN_WIDTH, first, second);
        SCAN_VECTOR hit2 = SCAN_PAIR(needle, at + 2 * SCAN_WIDTH, first, second);
        SCAN_VECTOR hit3 = SCAN_PAIR(needle, at + 3 * SCAN_WIDTH, first, second);
        if (__builtin_expect(SCAN_ANY((hit0 | hit1) | (hit2 | hit3)), 0)) {
            if (search_verify(&state, at, SCAN_MASK(hit0)) ||
                search_verify(&state, at + SCAN_WIDTH, SCAN_MASK(hit1)) ||
                search_verify(&state, at + 2 * SCAN_WIDTH, SCAN_MASK(hit2)) ||
                search_verify(&state, at + 3 * SCAN_WIDTH, SCAN_MASK(hit3))) {
                return state.found;
            }
        }
        at += 4 * SCAN_WIDTH;
    }
    for (;;) {
        SCAN_VECTOR hit = SCAN_PAIR(needle, at, first, second);
        if (search_verify(&state, at, SCAN_MASK(hit))) {
            return state.found;
        }
        if (at == final) {
            return NULL;
        }
        at = final - at < SCAN_WIDTH ? final : at + SCAN_WIDTH;
    }
}

// Counts in the whole vectors at the start of the haystack; *rest is what they leave.
SCAN_TARGET
static size_t SCAN_NAME(count)(struct bytes haystack, unsigned char byte, struct bytes *rest)
{
    const SCAN_VECTOR wanted = byte - (SCAN_VECTOR){ 0 };
    const char *at = haystack.ptr;
    size_t vectors = haystack.len / SCAN_WIDTH;
    size_t total = 0;
    while (vectors != 0) {
        // A lane counts to 255 before it wraps.
        size_t turn = vectors < 255 ? vectors : 255;
        SCAN_VECTOR lanes = { 0 };
        for (size_t i = 0; i < turn; i++) {
            lanes -= (SCAN_VECTOR)(SCAN_LOAD(at) == wanted);
            at += SCAN_WIDTH;
        }
        for (int lane = 0; lane < SCAN_WIDTH; lane++) {
            total += lanes[lane];
        }
        vectors -= turn;
    }
    *rest = bytes_between(at, haystack.ptr + haystack.len);
    return total;
}

// One bit for each of 64 bytes.
SCAN_TARGET
static inline uint64_t SCAN_NAME(mask64)(const char *place, SCAN_VECTOR wanted)
{
    uint64_t mask = 0;
    for (int i = 0; i < 64 / SCAN_WIDTH; i++) {
        SCAN_VECTOR equal = (SCAN_VECTOR)(SCAN_LOAD(place + i * SCAN_WIDTH) == wanted);
        mask |= (uint64_t)SCAN_MASK(equal) << (i * SCAN_WIDTH);
    }
    return mask;
}

// The part of search_byte_places that goes by 64 bytes; returns how many places were found.
SCAN_TARGET
static size_t SCAN_NAME(places)(struct bytes haystack, unsigned char byte, uint32_t *places,
                                size_t room, size_t *passed)
{
    const SCAN_VECTOR wanted = byte - (SCAN_VECTOR){ 0 };
    size_t count = 0;
    size_t at = 0;
    for (; haystack.len - at >= 64 && room - count >= SEARCH_PLACES_SPARE; at += 64) {
        uint64_t mask = SCAN_NAME(mask64)(haystack.ptr + at, wanted);
        // Written even when there is none, and then not counted.
        places[count] = (uint32_t)at + (uint32_t)__builtin_ctzll(mask | UINT64_C(1) << 63);
        count += mask != 0;
        for (mask &= mask - 1; __builtin_expect(mask != 0, 0); mask &= mask - 1) {
            places[count++] = (uint32_t)at + (uint32_t)__builtin_ctzll(mask);
        }
    }
    *passed = at;
    return count;
}

#undef SCAN_VECTOR
#undef SCAN_LOAD
#undef SCAN_PAIR
#undef SCAN_NAME
#undef SCAN_TARGET
#undef SCAN_WIDTH
#undef SCAN_MASK
#undef SCAN_ANY
