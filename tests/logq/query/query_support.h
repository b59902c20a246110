// SPDX-License-Identifier: MIT
// query_support.h: what the tests of the query side share: running a query over a text, cut into
// blocks and partial states in many ways, and seeded choices.
//
// SPARGIO_TEST_SEED is the seed of all random choices (else 1); SPARGIO_TEST_SCALE a factor for how
// many of them are made.
#ifndef LOGQ_TESTS_QUERY_SUPPORT_H
#define LOGQ_TESTS_QUERY_SUPPORT_H

#include <check.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query/partial.h"
#include "query/plan.h"
#include "query/writer.h"

// 2026-11-22T10:00:00Z
#define TEST_NOW INT64_C(1795341600000000000)

#define TEST_MEMORY ((size_t)256 * 1024 * 1024)

// ---- Random choices ----

static uint64_t test_random_state;

__attribute__((unused)) static uint64_t random_next(void)
{
    // xorshift64*
    test_random_state ^= test_random_state >> 12;
    test_random_state ^= test_random_state << 25;
    test_random_state ^= test_random_state >> 27;
    return test_random_state * UINT64_C(2685821657736338717);
}

__attribute__((unused)) static unsigned random_below(unsigned bound)
{
    return (unsigned)((random_next() >> 33) % bound);
}

__attribute__((unused)) static void random_start(uint64_t salt)
{
    const char *seed = getenv("SPARGIO_TEST_SEED");
    test_random_state = (seed == NULL ? 1 : strtoull(seed, NULL, 0)) * 7919 + salt * 104729 + 1;
    for (int i = 0; i < 8; i++) {
        random_next();
    }
}

__attribute__((unused)) static unsigned scaled(unsigned count)
{
    const char *scale = getenv("SPARGIO_TEST_SCALE");
    double factor = scale == NULL ? 1.0 : strtod(scale, NULL);
    double wanted = factor * count;
    return wanted < 1 ? 1 : (unsigned)wanted;
}

// ---- Text that grows ----

struct text {
    char *ptr;
    size_t len;
    size_t capacity;
};

__attribute__((unused)) static void text_add(struct text *text, const char *more, size_t length)
{
    if (text->len + length + 1 > text->capacity) {
        text->capacity = (text->len + length + 1) * 2;
        text->ptr = realloc(text->ptr, text->capacity);
        ck_assert_ptr_nonnull(text->ptr);
    }
    memcpy(text->ptr + text->len, more, length);
    text->len += length;
    text->ptr[text->len] = '\0';
}

__attribute__((unused)) static void text_put(struct text *text, const char *more)
{
    text_add(text, more, strlen(more));
}

__attribute__((unused)) static int text_flush(void *ctx, struct bytes more)
{
    text_add(ctx, more.ptr, more.len);
    return 0;
}

// ---- Queries ----

__attribute__((unused)) static struct query *compiled(const char *text)
{
    struct query_limits limits = query_limits_default();
    struct query_error error;
    struct query *query = query_compile(bytes_of(text), &limits, TEST_NOW, &error);
    ck_assert_msg(query != NULL, "`%s` at %zu: %s", text, error.position, error.text);
    return query;
}

// How a text is scanned.
struct way {
    const char *file;   // NULL: "a.log"
    unsigned parts;     // partial states; 0 means 1
    size_t block_lines; // lines of a block; 0: all in one, random with `shuffled`
    bool shuffled;      // blocks go to any state, in any order, and merge in any order
    bool without_prefilter;
    bool without_memory_check;
    size_t memory; // 0: TEST_MEMORY
    struct scan_counts *counts;
};

struct scan_file {
    const char *name;
    struct bytes text;
};

struct test_block {
    struct bytes text;
    struct block_info info;
};

#define TEST_BLOCKS_MAX 4096
#define TEST_PARTS_MAX 16
#define TEST_FILES_MAX 4

__attribute__((unused)) static size_t cut_file(struct bytes text, const struct way *way,
                                               const struct block_info *about,
                                               struct test_block *blocks, size_t room)
{
    size_t count = 0;
    size_t at = 0;
    while (at < text.len) {
        size_t lines = way->block_lines;
        if (way->shuffled) {
            lines = 1 + random_below(way->block_lines == 0 ? 20 : (unsigned)way->block_lines * 2);
        }
        size_t end = lines == 0 || count + 1 == room ? text.len : at;
        for (; end < text.len && lines > 0; end++) {
            lines -= text.ptr[end] == '\n';
        }
        blocks[count] = (struct test_block){.text = {text.ptr + at, end - at}, .info = *about};
        blocks[count].info.offset = at;
        blocks[count].info.at_file_start = at == 0;
        blocks[count].info.at_file_end = end == text.len;
        count++;
        at = end;
    }
    return count;
}

__attribute__((unused)) static void shuffle_blocks(struct test_block *blocks, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = random_below((unsigned)i);
        struct test_block swap = blocks[i - 1];
        blocks[i - 1] = blocks[j];
        blocks[j] = swap;
    }
}

// Scans files; 0 with all states merged in *result, or the error. Blocks lie in memory of their own
// size, so that reading beyond one is found by a sanitizer.
__attribute__((unused)) static int scan_files(const struct query *query,
                                              const struct scan_file *files, unsigned file_count,
                                              const struct way *way, const struct row_sink *sink,
                                              struct partial **result)
{
    static struct test_block blocks[TEST_BLOCKS_MAX];
    static struct source_info sources[TEST_FILES_MAX];
    static char streams[TEST_FILES_MAX][300];
    struct partial *parts[TEST_PARTS_MAX];
    unsigned part_count = way->parts == 0 ? 1 : way->parts;
    size_t count = 0;
    for (unsigned i = 0; i < file_count; i++) {
        snprintf(streams[i], sizeof(streams[i]), "{file=\"%s\"}", files[i].name);
        sources[i].file = bytes_of(files[i].name);
        sources[i].stream = bytes_of(streams[i]);
        struct block_info about = {.source = &sources[i], .file = i};
        count += cut_file(files[i].text, way, &about, blocks + count, TEST_BLOCKS_MAX - count);
    }
    if (way->shuffled) {
        shuffle_blocks(blocks, count);
    }
    for (unsigned i = 0; i < part_count; i++) {
        parts[i] = partial_new(query, way->memory == 0 ? TEST_MEMORY : way->memory);
        ck_assert_ptr_nonnull(parts[i]);
        partial_set_sink(parts[i], sink);
    }
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++) {
        unsigned part = way->shuffled ? random_below(part_count) : (unsigned)(i % part_count);
        char *copy = malloc(blocks[i].text.len);
        ck_assert_ptr_nonnull(copy);
        memcpy(copy, blocks[i].text.ptr, blocks[i].text.len);
        struct bytes block = {copy, blocks[i].text.len};
        error = partial_scan(parts[part], block, &blocks[i].info);
        memset(copy, 'x', blocks[i].text.len); // nothing may still point there
        free(copy);
        if (error != 0) {
            parts[part_count] = parts[0];
            parts[0] = parts[part];
            parts[part] = parts[part_count];
        }
    }
    while (part_count > 1) {
        unsigned from = way->shuffled ? 1 + random_below(part_count - 1) : part_count - 1;
        int merged = partial_merge(parts[0], parts[from]);
        error = error == 0 ? merged : error;
        parts[from] = parts[--part_count];
    }
    *result = parts[0];
    return error;
}

// Runs a query over files; the rows as JSON lines, or the error after "error: ". The caller frees.
__attribute__((unused)) static char *run_files(const struct query *query,
                                               const struct scan_file *files, unsigned file_count,
                                               const struct way *way)
{
    struct text out = {0};
    text_put(&out, "");
    struct writer writer;
    writer_init(&writer, WRITER_LIMIT_DEFAULT, text_flush, &out);
    struct row_sink sink = writer_json_sink(&writer);
    struct query plain = *query;
    if (way->without_prefilter) {
        plain.prefilter = NULL;
    }
    struct partial *partial;
    int error = scan_files(&plain, files, file_count, way, &sink, &partial);
    if (error == 0) {
        error = partial_finish(partial, &sink);
    }
    ck_assert_int_eq(writer_flush(&writer), 0);
    if (error != 0) {
        text_put(&out, "error: ");
        text_put(&out, partial_error(partial));
    }
    if (way->counts != NULL) {
        *way->counts = *partial_counts(partial);
    }
    partial_free(partial);
    writer_free(&writer);
    return out.ptr;
}

__attribute__((unused)) static char *run_text(const struct query *query, struct bytes log,
                                              const struct way *way)
{
    struct scan_file file = {.name = way->file == NULL ? "a.log" : way->file, .text = log};
    return run_files(query, &file, 1, way);
}

__attribute__((unused)) static char *run(const char *query_text, const char *log)
{
    struct query *query = compiled(query_text);
    const struct way way = {0};
    char *rows = run_text(query, bytes_of(log), &way);
    query_free(query);
    return rows;
}

// The rows in the order of their bytes, for answers that may come in any order.
__attribute__((unused)) static int compare_lines(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

__attribute__((unused)) static char *sorted_lines(char *rows)
{
    size_t count = 0;
    for (const char *at = rows; *at != '\0'; at++) {
        count += *at == '\n';
    }
    char **lines = calloc(count + 1, sizeof(*lines));
    size_t n = 0;
    char *rest = NULL;
    for (char *line = strtok_r(rows, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        lines[n++] = line;
    }
    qsort(lines, n, sizeof(*lines), compare_lines);
    struct text out = {0};
    text_put(&out, "");
    for (size_t i = 0; i < n; i++) {
        text_put(&out, lines[i]);
        text_put(&out, "\n");
    }
    free(lines);
    free(rows);
    return out.ptr;
}

// A query over a text gives exactly these rows.
#define CHECK_ROWS(query_text, log, expected)                                                      \
    do {                                                                                           \
        char *rows_ = run(query_text, log);                                                        \
        ck_assert_msg(strcmp(rows_, expected) == 0, "`%s` gives\n%swanted\n%s", query_text, rows_, \
                      expected);                                                                   \
        free(rows_);                                                                               \
    } while (0)

// The same, whatever the order.
#define CHECK_ROW_SET(query_text, log, expected)                                                   \
    do {                                                                                           \
        char *rows_ = sorted_lines(run(query_text, log));                                          \
        ck_assert_msg(strcmp(rows_, expected) == 0, "`%s` gives\n%swanted\n%s", query_text, rows_, \
                      expected);                                                                   \
        free(rows_);                                                                               \
    } while (0)

// Runs a suite of one case; the exit code for main.
__attribute__((unused)) static int run_case(TCase *tcase, const char *name)
{
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
