// SPDX-License-Identifier: MIT
// line_count.c: how many lines a block has, many bytes at a time.

#include "query/line_count.h"

#define VECTOR_BYTES 32

typedef unsigned char byte_vector __attribute__((vector_size(VECTOR_BYTES)));

// A counter of a byte is full after so many rounds.
#define ROUNDS_MAX 255

static bool ends_blank(const char *begin, const char *newline)
{
    if (newline > begin && newline[-1] == '\r') {
        newline--;
    }
    return newline == begin || newline[-1] == '\n';
}

static void count_slowly(struct line_count *count, const char *begin, const char *from,
                         const char *to)
{
    for (const char *at = from; at < to; at++) {
        if (*at == '\n') {
            count->lines++;
            count->blank += ends_blank(begin, at);
        }
    }
}

// By address: how vectors are passed by value depends on what the compiler may use.
static inline __attribute__((always_inline)) void load(byte_vector *out, const char *at)
{
    memcpy(out, at, VECTOR_BYTES);
}

static inline __attribute__((always_inline)) uint64_t sum(const byte_vector *counters)
{
    uint64_t total = 0;
    for (int i = 0; i < VECTOR_BYTES; i++) {
        total += (*counters)[i];
    }
    return total;
}

static inline __attribute__((always_inline)) bool is_zero(const byte_vector *bytes)
{
    uint64_t words[VECTOR_BYTES / sizeof(uint64_t)];
    memcpy(words, bytes, sizeof words);
    return (words[0] | words[1] | words[2] | words[3]) == 0;
}

#define NEWLINE ('\n' - (byte_vector){0})
#define CARRIAGE_RETURN ('\r' - (byte_vector){0})

// Counts lines only. False: some of them may be blank, as they end in two newlines, or in a
// carriage return and a newline.
static inline __attribute__((always_inline)) bool count_full_lines(struct line_count *count,
                                                                   const char *at, const char *end)
{
    byte_vector lines = {0};
    byte_vector doubt = {0};
    for (; at < end; at += VECTOR_BYTES) {
        byte_vector here;
        byte_vector before;
        load(&here, at);
        load(&before, at - 1);
        byte_vector is_newline = (byte_vector)(here == NEWLINE);
        doubt |= is_newline &
                 ((byte_vector)(before == NEWLINE) | (byte_vector)(before == CARRIAGE_RETURN));
        lines -= is_newline;
    }
    count->lines += sum(&lines);
    return is_zero(&doubt);
}

static inline __attribute__((always_inline)) void count_blank_lines(struct line_count *count,
                                                                    const char *at, const char *end)
{
    byte_vector blank = {0};
    for (; at < end; at += VECTOR_BYTES) {
        byte_vector here;
        byte_vector before;
        byte_vector two_before;
        load(&here, at);
        load(&before, at - 1);
        load(&two_before, at - 2);
        byte_vector after_return =
            (byte_vector)(before == CARRIAGE_RETURN) & (byte_vector)(two_before == NEWLINE);
        blank -= (byte_vector)(here == NEWLINE) & ((byte_vector)(before == NEWLINE) | after_return);
    }
    count->blank += sum(&blank);
}

// Counts whole vectors from `at` on, which has two bytes of the block before it; where it stopped.
static inline __attribute__((always_inline)) const char *
count_vectors(struct line_count *count, const char *at, const char *end)
{
    while (end - at >= VECTOR_BYTES) {
        ptrdiff_t vectors = (end - at) / VECTOR_BYTES;
        vectors = vectors < ROUNDS_MAX ? vectors : ROUNDS_MAX;
        const char *stop = at + vectors * VECTOR_BYTES;
        if (!count_full_lines(count, at, stop)) {
            count_blank_lines(count, at, stop);
        }
        at = stop;
    }
    return at;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static const char *
count_vectors_avx2(struct line_count *count, const char *at, const char *end)
{
    return count_vectors(count, at, end);
}
#endif

static const char *count_vectors_plain(struct line_count *count, const char *at, const char *end)
{
    return count_vectors(count, at, end);
}

static const char *count_quickly(struct line_count *count, const char *at, const char *end)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        return count_vectors_avx2(count, at, end);
    }
#endif
    return count_vectors_plain(count, at, end);
}

struct line_count line_count(struct bytes block)
{
    struct line_count count = {0};
    if (block.len == 0) {
        return count;
    }
    const char *begin = block.ptr;
    const char *end = block.ptr + block.len;
    const char *at = begin + (block.len < 2 ? block.len : 2);
    count_slowly(&count, begin, begin, at);
    // The first line has no newline before it: if it ends among these bytes, it was counted above.
    at = count_quickly(&count, at, end);
    count_slowly(&count, begin, at, end);
    if (end[-1] != '\n') {
        count.lines++;
        count.blank += ends_blank(begin, end);
    }
    return count;
}
