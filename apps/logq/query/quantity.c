// SPDX-License-Identifier: MIT
// quantity.c: numbers as a query may write them.

#include "query/quantity.h"

#include "data/timestamp.h"

#include <stdio.h>

// Room for an __int128 in decimal and an exponent.
#define QUANTITY_TEXT_LIMIT 80

struct unit {
    const char *name;
    int decimal; // the unit is 10^decimal * 2^binary
    int binary;
};

static const struct unit units[] = {
    { "B", 0, 0 },    { "K", 3, 0 },    { "KB", 3, 0 },   { "Ki", 0, 10 },  { "KiB", 0, 10 },
    { "M", 6, 0 },    { "MB", 6, 0 },   { "Mi", 0, 20 },  { "MiB", 0, 20 }, { "G", 9, 0 },
    { "GB", 9, 0 },   { "Gi", 0, 30 },  { "GiB", 0, 30 }, { "T", 12, 0 },   { "TB", 12, 0 },
    { "Ti", 0, 40 },  { "TiB", 0, 40 },
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// The text without the `_` that stand between two digits; ptr is NULL when memory is out.
static struct bytes without_separators(struct bytes text, struct arena *arena)
{
    char *out = arena_alloc(arena, text.len, 1);
    if (out == NULL) {
        return (struct bytes){ 0 };
    }
    size_t length = 0;
    for (size_t i = 0; i < text.len; i++) {
        bool separates = text.ptr[i] == '_' && i > 0 && i + 1 < text.len &&
                         is_digit(text.ptr[i - 1]) && is_digit(text.ptr[i + 1]);
        if (!separates) {
            out[length++] = text.ptr[i];
        }
    }
    return (struct bytes){ .ptr = out, .len = length };
}

static const struct unit *find_unit(struct bytes name)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (bytes_equal(name, bytes_of(units[i].name))) {
            return &units[i];
        }
    }
    return NULL;
}

static bool parse_kept(struct bytes text, struct arena *arena, struct number *out)
{
    struct bytes kept = arena_copy(arena, text);
    return kept.ptr != NULL && number_parse(kept, out);
}

// 1.5KiB: the mantissa as an integer times 10^-fraction, times the unit, all exact.
static bool parse_with_unit(struct bytes text, struct arena *arena, struct number *out)
{
    size_t mantissa_len = 0;
    size_t fraction = 0;
    bool after_point = false;
    while (mantissa_len < text.len &&
           (is_digit(text.ptr[mantissa_len]) || text.ptr[mantissa_len] == '.' ||
            text.ptr[mantissa_len] == '-')) {
        fraction += after_point;
        after_point |= text.ptr[mantissa_len] == '.';
        mantissa_len++;
    }
    const struct unit *unit = find_unit(bytes_from(text, mantissa_len));
    struct number mantissa;
    __int128 value;
    bool exact;
    // 38 digits are what an __int128 can hold anyway.
    if (unit == NULL || fraction > 38 ||
        !number_parse((struct bytes){ text.ptr, mantissa_len }, &mantissa) ||
        !number_scale(&mantissa, (int)fraction, &value, &exact) || !exact ||
        __builtin_mul_overflow(value, (__int128)1 << unit->binary, &value)) {
        return false;
    }
    char digits[48];
    number_format_int128(value, digits);
    char written[QUANTITY_TEXT_LIMIT];
    snprintf(written, sizeof(written), "%se%d", digits, unit->decimal - (int)fraction);
    return parse_kept(bytes_of(written), arena, out);
}

bool quantity_parse(struct bytes text, struct arena *arena, struct number *out)
{
    struct bytes plain = without_separators(text, arena);
    if (plain.ptr == NULL || plain.len == 0) {
        return false;
    }
    if (number_parse(plain, out) || parse_with_unit(plain, arena, out)) {
        return true;
    }
    int64_t ns;
    if (!duration_parse(plain, &ns)) {
        return false;
    }
    char digits[48];
    number_format_int128(ns, digits);
    return parse_kept(bytes_of(digits), arena, out);
}
