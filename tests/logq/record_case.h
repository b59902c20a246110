// SPDX-License-Identifier: MIT
// record_case.h: one line read in every way there is, for the tests of records.

#ifndef LOGQ_TESTS_RECORD_CASE_H
#define LOGQ_TESTS_RECORD_CASE_H

#include "data/record.h"
#include "seed.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define RECORD_CASE_ARENA ((size_t)16 * 1024 * 1024)

static const struct source_info record_case_source = {
    {"web/access.log", 14},
    {"{file=\"web/access.log\"}", 23},
};

// Collects `name=value` per line, bytes outside ASCII and control characters as \xHH. _msg is left
// out when it is the line, and so are the two fields of the source; all three are checked.
struct record_text {
    struct record *record;
    char *at;
    char *end;
    int visits;
};

static inline void record_text_put(struct record_text *text, struct bytes part)
{
    for (size_t i = 0; i < part.len; i++) {
        unsigned char c = (unsigned char)part.ptr[i];
        REQUIRE(text->end - text->at > 8, "the buffer of the test is too small");
        text->at += snprintf(text->at, (size_t)(text->end - text->at),
                             c < 0x20 || c > 0x7e ? "\\x%02x" : "%c", c);
    }
    *text->at = '\0';
}

static inline int record_text_visit(void *ctx, struct bytes name, struct bytes value)
{
    struct record_text *text = ctx;
    REQUIRE(value.len != 0, "an empty field was visited");
    int place = text->visits++;
    if (bytes_equal(name, bytes_of("_stream"))) {
        ck_assert(bytes_equal(value, record_case_source.stream));
        return 0;
    }
    if (bytes_equal(name, bytes_of("_file"))) {
        ck_assert(bytes_equal(value, record_case_source.file));
        return 0;
    }
    if (bytes_equal(name, bytes_of("_msg"))) {
        ck_assert_int_eq(place, 0);
        if (bytes_equal(value, text->record->line)) {
            return 0;
        }
    }
    record_text_put(text, name);
    record_text_put(text, bytes_of("="));
    record_text_put(text, value);
    *text->at++ = '\n';
    *text->at = '\0';
    return 0;
}

// What record_each says of a line read for the fields in the set.
static inline void record_text_of(struct bytes line, const struct field_set *wanted, char *out,
                                  size_t size)
{
    struct record record;
    ck_assert_int_eq(record_init(&record, wanted, RECORD_CASE_ARENA), 0);
    ck_assert(record_read(&record, line, &record_case_source));
    struct record_text text = {.record = &record, .at = out, .end = out + size};
    *out = '\0';
    ck_assert_int_eq(record_each(&record, record_text_visit, &text), 0);
    record_free(&record);
}

struct record_find {
    struct bytes name;
    struct bytes value;
};

static inline int record_find_visit(void *ctx, struct bytes name, struct bytes value)
{
    struct record_find *find = ctx;
    if (bytes_equal(name, find->name)) {
        REQUIRE(find->value.len == 0, "%.*s came twice", (int)name.len, name.ptr);
        find->value = value;
    }
    return 0;
}

// Reads the line for the fields in the set, and holds each value against what record_each says.
static inline void record_check_wanted(struct bytes line, const struct field_set *wanted)
{
    struct record record;
    struct record whole;
    REQUIRE(record_init(&record, wanted, RECORD_CASE_ARENA) == 0, "no memory");
    REQUIRE(record_init(&whole, wanted, RECORD_CASE_ARENA) == 0, "no memory");
    REQUIRE(record_read(&record, line, &record_case_source), "no memory");
    REQUIRE(record_read(&whole, line, &record_case_source), "no memory");
    for (int i = 0; i < wanted->count; i++) {
        struct record_find find = {.name = wanted->names[i]};
        REQUIRE(record_each(&whole, record_find_visit, &find) == 0, "no memory");
        struct bytes got = record_value(&record, i);
        REQUIRE(bytes_equal(got, find.value), "'%.*s': %.*s is '%.*s', not '%.*s'", (int)line.len,
                line.ptr, (int)wanted->names[i].len, wanted->names[i].ptr, (int)got.len, got.ptr,
                (int)find.value.len, find.value.ptr);
        if (bytes_equal(wanted->names[i], bytes_of("_time"))) {
            REQUIRE(record.has_time == (got.len != 0), "%.*s", (int)line.len, line.ptr);
        }
    }
    REQUIRE(record_format(&record) == record_format(&whole), "%.*s", (int)line.len, line.ptr);
    record_free(&record);
    record_free(&whole);
}

#endif
