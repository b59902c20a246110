// SPDX-License-Identifier: MIT
// query_limits.h: the bounds of a query, each with its default.

#ifndef LOGQ_QUERY_QUERY_LIMITS_H
#define LOGQ_QUERY_QUERY_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define QUERY_LENGTH_LIMIT_DEFAULT ((size_t)64 * 1024)
#define QUERY_NESTING_LIMIT_DEFAULT 32
#define QUERY_FILTERS_LIMIT_DEFAULT 4096
#define QUERY_VALUES_LIMIT_DEFAULT 16384
#define QUERY_PIPES_LIMIT_DEFAULT 32
#define QUERY_COLUMNS_LIMIT_DEFAULT 64
#define QUERY_REGEXES_LIMIT_DEFAULT 16
#define QUERY_REGEX_MEMORY_LIMIT_DEFAULT ((size_t)8 * 1024 * 1024)
#define QUERY_REGEX_STEPS_LIMIT_DEFAULT UINT64_C(1000000000)
#define QUERY_LINE_LIMIT_DEFAULT ((size_t)1024 * 1024)

struct query_limits {
    size_t length;    // bytes of the query text
    unsigned nesting; // parentheses and NOTs inside each other; each costs about 1 KiB of stack
    unsigned filters; // words, phrases, comparisons and so on, with the AND, OR and NOT around them
    unsigned values;  // in all in(...) together
    unsigned pipes;
    unsigned columns; // fields, or functions, or sort keys of one pipe
    unsigned regexes;
    size_t regex_memory;  // bytes for each regex and each partial state that runs it
    uint64_t regex_steps; // for one value: instructions of the regex times bytes of the value
    size_t line;          // bytes of a line; a longer one is text, and searched up to here
};

static inline struct query_limits query_limits_default(void)
{
    return (struct query_limits){
        .length = QUERY_LENGTH_LIMIT_DEFAULT,
        .nesting = QUERY_NESTING_LIMIT_DEFAULT,
        .filters = QUERY_FILTERS_LIMIT_DEFAULT,
        .values = QUERY_VALUES_LIMIT_DEFAULT,
        .pipes = QUERY_PIPES_LIMIT_DEFAULT,
        .columns = QUERY_COLUMNS_LIMIT_DEFAULT,
        .regexes = QUERY_REGEXES_LIMIT_DEFAULT,
        .regex_memory = QUERY_REGEX_MEMORY_LIMIT_DEFAULT,
        .regex_steps = QUERY_REGEX_STEPS_LIMIT_DEFAULT,
        .line = QUERY_LINE_LIMIT_DEFAULT,
    };
}

#endif
