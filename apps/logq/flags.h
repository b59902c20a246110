// SPDX-License-Identifier: MIT
// flags.h: the flags of a command line, read by a table.

#ifndef LOGQ_FLAGS_H
#define LOGQ_FLAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum flag_kind {
    FLAG_NUMBER, // uint64_t
    FLAG_BYTES,  // uint64_t, with an optional K, M or G for 1024, ...
    FLAG_TEXT,   // const char *
    FLAG_TEXTS,  // struct flag_texts: may be given more than once
    FLAG_CHOICE, // uint64_t: the number of the word in `choices`
    FLAG_SWITCH, // bool, without a value
};

#define FLAG_TEXTS_LIMIT 32

struct flag_texts {
    const char *texts[FLAG_TEXTS_LIMIT];
    size_t count;
};

struct flag {
    const char *name; // with its dashes
    enum flag_kind kind;
    void *target;
    uint64_t least; // FLAG_NUMBER, FLAG_BYTES
    uint64_t most;
    const char *const *choices; // FLAG_CHOICE; ends with NULL
    const char *value_name;     // in the help
    const char *help;
};

// The table ends with a flag without a name. Flags are `--name value` or `--name=value` and may
// stand anywhere before `--`. What is left, program name excluded, moves to the front of arguments,
// *count of them. False when a message has been written to stderr, which begins with `program`.
bool flags_read(const struct flag *flags, const char *program, char **arguments, int *count);

// Writes a line or two for each flag to stdout.
void flags_print(const struct flag *flags);

#endif
