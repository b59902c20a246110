// SPDX-License-Identifier: MIT
// settings.h: what the flags say, for the command line and for the server.

#ifndef LOGQ_SETTINGS_H
#define LOGQ_SETTINGS_H

#include "query/query_limits.h"
#include "run.h"
#include "source.h"

#include <stdint.h>
#include <stdlib.h>

// Bytes of a task's stack. Parsing and simplifying a regular expression, and reading nested JSON,
// go deeper than a small stack allows.
#define SETTINGS_STACK_BYTES ((size_t)256 * 1024)

// Memory of one query.
#define SETTINGS_QUERY_MEMORY_DEFAULT ((uint64_t)1024 * 1024 * 1024)

// Both ways in; the numbers are those of flags, hence their type.
struct settings {
    uint64_t shards;    // 0: as many as CPUs
    uint64_t placement; // enum run_placement
    uint64_t piece_bytes;
    uint64_t query_memory;
    uint64_t line_limit;
    uint64_t files_limit;
    uint64_t query_length;
    uint64_t regex_steps; // for one value
    uint64_t timeout_ms; // of a query; 0: none
    uint64_t shuffle;    // spg_options.shuffle_seed
};

// As in the test programs: the seed, when no flag gives one.
#define SETTINGS_SHUFFLE_VARIABLE "SPARGIO_TEST_SHUFFLE"

static inline struct settings settings_default(void)
{
    const char *shuffle = getenv(SETTINGS_SHUFFLE_VARIABLE);
    return (struct settings){
        .placement = RUN_STEALABLE,
        .piece_bytes = RUN_PIECE_BYTES_DEFAULT,
        .query_memory = SETTINGS_QUERY_MEMORY_DEFAULT,
        .line_limit = QUERY_LINE_LIMIT_DEFAULT,
        .files_limit = SOURCE_FILES_LIMIT_DEFAULT,
        .query_length = QUERY_LENGTH_LIMIT_DEFAULT,
        .regex_steps = QUERY_REGEX_STEPS_LIMIT_DEFAULT,
        .shuffle = shuffle == NULL ? 0 : strtoull(shuffle, NULL, 10),
    };
}

// The flags for them; SETTINGS_FLAGS(s) is the beginning of a table of struct flag.
#define SETTINGS_PLACEMENTS                                                                        \
    (const char *const[])                                                                          \
    {                                                                                              \
        "stealable", "pinned", "round-robin", NULL                                                 \
    }
#define SETTINGS_KIB ((uint64_t)1024)
#define SETTINGS_GIB (SETTINGS_KIB * SETTINGS_KIB * SETTINGS_KIB)
#define SETTINGS_DAY_MS ((uint64_t)24 * 3600 * 1000)

#define SETTINGS_FLAGS(s)                                                                          \
    {"--shards", FLAG_NUMBER, &(s)->shards, 1, SPG_MAX_SHARDS, NULL, "N",                          \
     "threads to work on (default: the CPUs of this process)"},                                    \
        {"--placement", FLAG_CHOICE, &(s)->placement, 0, 0, SETTINGS_PLACEMENTS, "WORD",           \
         "where pieces of files are read: stealable (default),\n"                                  \
         "                            pinned (each file on one shard) or round-robin"},            \
        {"--chunk", FLAG_BYTES, &(s)->piece_bytes, 4 * SETTINGS_KIB, SETTINGS_GIB / 4, NULL,       \
         "BYTES", "size of a piece (default 256K)"},                                               \
        {"--query-memory", FLAG_BYTES, &(s)->query_memory, 64 * SETTINGS_KIB,                      \
         1024 * SETTINGS_GIB, NULL, "BYTES", "memory of one query (default 1G)"},                  \
        {"--max-line", FLAG_BYTES, &(s)->line_limit, SETTINGS_KIB, SETTINGS_GIB / 4, NULL,         \
         "BYTES", "a longer line is text, and searched up to here (default 1M)"},                  \
        {"--max-files", FLAG_NUMBER, &(s)->files_limit, 1, 1000000, NULL, "N",                     \
         "files that one query may open (default 4096)"},                                          \
        {"--max-query", FLAG_BYTES, &(s)->query_length, 1, 1024 * SETTINGS_KIB, NULL, "BYTES",     \
         "length of a query (default 64K)"},                                                       \
        {"--regex-steps", FLAG_NUMBER, &(s)->regex_steps, 1, UINT64_MAX, NULL, "N",                \
         "steps of a regex over one value: its instructions times\n"                               \
         "                            the value's bytes (default 1000000000)"},                    \
        {"--shuffle", FLAG_NUMBER, &(s)->shuffle, 0, UINT64_MAX, NULL, "SEED",                     \
         "for debugging: tasks in random order, moved at each wait"}

static inline struct query_limits settings_query_limits(const struct settings *settings)
{
    struct query_limits limits = query_limits_default();
    limits.length = (size_t)settings->query_length;
    limits.line = (size_t)settings->line_limit;
    limits.regex_steps = settings->regex_steps;
    return limits;
}

// What is said in error_text belongs to the caller.
static inline spg_options settings_runtime_options(const struct settings *settings,
                                                   char *error_text, size_t error_bytes)
{
    return (spg_options){
        .shards = (uint32_t)settings->shards,
        .thread_prefix = "logq",
        .stack_bytes = SETTINGS_STACK_BYTES,
        .shuffle_seed = settings->shuffle,
        .error_text = error_text,
        .error_bytes = error_bytes,
    };
}

// buffers: of settings_buffer_bytes() each.
static inline struct run_options settings_run_options(const struct settings *settings,
                                                      struct buffers *buffers)
{
    return (struct run_options){
        .placement = (enum run_placement)settings->placement,
        .piece_bytes = (size_t)settings->piece_bytes,
        .line_limit = (size_t)settings->line_limit,
        .memory_limit = (size_t)settings->query_memory,
        .buffers = buffers,
    };
}

static inline size_t settings_buffer_bytes(const struct settings *settings)
{
    return (size_t)settings->piece_bytes + RUN_PIECE_SLACK;
}

#endif
