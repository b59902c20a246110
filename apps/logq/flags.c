// SPDX-License-Identifier: MIT
// flags.c: the flags of a command line, read by a table.

#include "flags.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// Column of the explanations in the help.
#define HELP_COLUMN 28

// One command line as it is read.
struct reading {
    const struct flag *flags;
    const char *program;
    char **arguments;
    int count;
    int at;
};

// Decimal digits with, for bytes, one letter behind them. False when it is neither or too large.
static bool read_number(const char *text, bool takes_unit, uint64_t *number)
{
    uint64_t value = 0;
    const char *at = text;
    while (*at >= '0' && *at <= '9') {
        uint64_t digit = (uint64_t)(*at++ - '0');
        if (value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    const char *units = "KMG";
    const char *unit = takes_unit && *at != '\0' ? strchr(units, *at) : NULL;
    for (const char *step = units; unit != NULL && step <= unit; step++) {
        if (value > UINT64_MAX / 1024) {
            return false;
        }
        value *= 1024;
    }
    at += unit != NULL;
    *number = value;
    return at != text && *at == '\0' && text[0] >= '0' && text[0] <= '9';
}

static bool set_number(const struct reading *reading, const struct flag *flag, const char *value)
{
    uint64_t number = 0;
    bool is_bytes = flag->kind == FLAG_BYTES;
    if (!read_number(value, is_bytes, &number) || number < flag->least || number > flag->most) {
        fprintf(stderr, "%s: %s %s: give a number%s from %" PRIu64 " to %" PRIu64 "\n",
                reading->program, flag->name, value,
                is_bytes ? " of bytes, or of K, M or G," : "", flag->least, flag->most);
        return false;
    }
    *(uint64_t *)flag->target = number;
    return true;
}

static bool set_choice(const struct reading *reading, const struct flag *flag, const char *value)
{
    for (size_t i = 0; flag->choices[i] != NULL; i++) {
        if (strcmp(flag->choices[i], value) == 0) {
            *(uint64_t *)flag->target = i;
            return true;
        }
    }
    fprintf(stderr, "%s: %s %s: give one of", reading->program, flag->name, value);
    for (size_t i = 0; flag->choices[i] != NULL; i++) {
        fprintf(stderr, "%s %s", i == 0 ? "" : ",", flag->choices[i]);
    }
    fprintf(stderr, "\n");
    return false;
}

static bool add_text(const struct reading *reading, const struct flag *flag, const char *value)
{
    struct flag_texts *texts = flag->target;
    if (texts->count == FLAG_TEXTS_LIMIT) {
        fprintf(stderr, "%s: %s is given more than %d times\n", reading->program, flag->name,
                FLAG_TEXTS_LIMIT);
        return false;
    }
    texts->texts[texts->count++] = value;
    return true;
}

static bool set_value(const struct reading *reading, const struct flag *flag, const char *value)
{
    switch (flag->kind) {
    case FLAG_TEXT:
        *(const char **)flag->target = value;
        return true;
    case FLAG_TEXTS:
        return add_text(reading, flag, value);
    case FLAG_CHOICE:
        return set_choice(reading, flag, value);
    default:
        return set_number(reading, flag, value);
    }
}

static const struct flag *find_flag(const struct reading *reading, const char *text, size_t length)
{
    for (const struct flag *flag = reading->flags; flag->name != NULL; flag++) {
        if (strlen(flag->name) == length && memcmp(flag->name, text, length) == 0) {
            return flag;
        }
    }
    return NULL;
}

// Reads the flag at `at` and its value.
static bool read_flag(struct reading *reading)
{
    const char *text = reading->arguments[reading->at++];
    const char *sign = strchr(text, '=');
    size_t length = sign == NULL ? strlen(text) : (size_t)(sign - text);
    const struct flag *flag = find_flag(reading, text, length);
    if (flag == NULL) {
        fprintf(stderr, "%s: %.*s: there is no such flag; see %s --help\n", reading->program,
                (int)length, text, reading->program);
        return false;
    }
    if (flag->kind == FLAG_SWITCH) {
        if (sign != NULL) {
            fprintf(stderr, "%s: %s takes no value\n", reading->program, flag->name);
            return false;
        }
        *(bool *)flag->target = true;
        return true;
    }
    if (sign == NULL && reading->at == reading->count) {
        fprintf(stderr, "%s: %s wants a value: %s\n", reading->program, flag->name,
                flag->value_name);
        return false;
    }
    return set_value(reading, flag, sign != NULL ? sign + 1 : reading->arguments[reading->at++]);
}

bool flags_read(const struct flag *flags, const char *program, char **arguments, int *count)
{
    struct reading reading = {
        .flags = flags, .program = program, .arguments = arguments, .count = *count};
    int kept = 0;
    bool takes_flags = true;
    while (reading.at < *count) {
        char *text = arguments[reading.at];
        if (takes_flags && strcmp(text, "--") == 0) {
            takes_flags = false;
            reading.at++;
        } else if (takes_flags && strncmp(text, "--", 2) == 0) {
            if (!read_flag(&reading)) {
                return false;
            }
        } else {
            arguments[kept++] = text;
            reading.at++;
        }
    }
    *count = kept;
    return true;
}

void flags_print(const struct flag *flags)
{
    for (const struct flag *flag = flags; flag->name != NULL; flag++) {
        int width = printf("  %s %s", flag->name,
                           flag->value_name == NULL ? "" : flag->value_name);
        if (width >= HELP_COLUMN) {
            printf("\n");
            width = 0;
        }
        printf("%*s%s\n", HELP_COLUMN - width, "", flag->help);
    }
}
