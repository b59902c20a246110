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

// Counts whole vectors from `at` on, which has two bytes of the block before it; where it stopped.
static inline __attribute__((always_inline)) const char *
count_vectors(struct line_count *count, const char *at, const char *end)
{
    const byte_vector newline = '\n' - (byte_vector){ 0 };
    const byte_vector carriage_return = '\r' - (byte_vector){ 0 };
    while (end - at >= VECTOR_BYTES) {
        byte_vector lines = { 0 };
        byte_vector blank = { 0 };
        for (int round = 0; round < ROUNDS_MAX && end - at >= VECTOR_BYTES; round++) {
            byte_vector here;
            byte_vector before;
            byte_vector two_before;
            memcpy(&here, at, VECTOR_BYTES);
            memcpy(&before, at - 1, VECTOR_BYTES);
            memcpy(&two_before, at - 2, VECTOR_BYTES);
            byte_vector is_newline = (byte_vector)(here == newline);
            byte_vector after_return =
                (byte_vector)(before == carriage_return) & (byte_vector)(two_before == newline);
            lines -= is_newline;
            blank -= is_newline & ((byte_vector)(before == newline) | after_return);
            at += VECTOR_BYTES;
        }
        for (int i = 0; i < VECTOR_BYTES; i++) {
            count->lines += lines[i];
            count->blank += blank[i];
        }
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
    struct line_count count = { 0 };
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
