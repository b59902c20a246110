// SPDX-License-Identifier: MIT
// test_row_pack.c: rows come out as they went in; and files that are compressed are told by their
// first bytes.

#include "../seed.h"
#include "compressed.h"
#include "row_pack.h"
#include "text.h"

#include <check.h>
#include <errno.h>

#define COLUMNS 20
#define BYTES 300

struct row {
    struct bytes names[COLUMNS];
    struct bytes values[COLUMNS];
    size_t count;
};

// The rows that are expected next.
struct checker {
    const struct row *rows;
    size_t count;
    size_t seen;
    size_t stop; // fails at this row
};

static int check_row(void *ctx, const struct bytes *names, const struct bytes *values, size_t count)
{
    struct checker *checker = ctx;
    const struct row *row = &checker->rows[checker->seen];
    REQUIRE(checker->seen < checker->count && count == row->count, "%zu columns", count);
    for (size_t i = 0; i < count; i++) {
        REQUIRE(bytes_equal(names[i], row->names[i]), "name %zu", i);
        REQUIRE(bytes_equal(values[i], row->values[i]), "value %zu", i);
    }
    return checker->seen++ == checker->stop ? -EPIPE : 0;
}

static int keep(void *ctx, struct bytes text)
{
    text_add(ctx, text);
    return 0;
}

START_TEST(rows_come_out_as_they_went_in)
{
    enum { ROWS = 50 };
    struct seed seed = seed_start("rows");
    static struct row rows[ROWS];
    char bytes[BYTES];
    for (size_t i = 0; i < BYTES; i++) {
        bytes[i] = (char)seed_next(&seed);
    }
    for (int round = 0; round < 200; round++) {
        struct text packed = {0};
        struct writer writer;
        writer_init(&writer, 64 + seed_below(&seed, 1000), keep, &packed);
        struct row_sink pack = row_pack_sink(&writer);
        size_t count = seed_below(&seed, ROWS);
        for (size_t i = 0; i < count; i++) {
            struct row *row = &rows[i];
            row->count = seed_below(&seed, COLUMNS);
            for (size_t j = 0; j < row->count; j++) {
                row->names[j] = (struct bytes){bytes, seed_below(&seed, 30)};
                size_t at = seed_below(&seed, BYTES);
                row->values[j] = (struct bytes){bytes + at, seed_below(&seed, BYTES - at + 1)};
            }
            ck_assert_int_eq(pack.row(pack.ctx, row->names, row->values, row->count), 0);
        }
        ck_assert_int_eq(writer_flush(&writer), 0);
        struct checker checker = {.rows = rows, .count = count, .stop = SIZE_MAX};
        const struct row_sink check = {.row = check_row, .ctx = &checker};
        ck_assert_int_eq(row_unpack(text_bytes(&packed), &check), 0);
        ck_assert_uint_eq(checker.seen, count);
        if (count > 0) {
            checker =
                (struct checker){.rows = rows, .count = count, .stop = seed_below(&seed, count)};
            ck_assert_int_eq(row_unpack(text_bytes(&packed), &check), -EPIPE);
            ck_assert_uint_eq(checker.seen, checker.stop + 1);
        }
        writer_free(&writer);
        text_free(&packed);
    }
}
END_TEST

START_TEST(tells_compressed_files)
{
    static const struct {
        const char *bytes;
        size_t length;
        bool is_compressed;
    } examples[] = {
        {"", 0, false},
        {"\x1f\x8b\x08", 3, true},
        {"\x1f\x8b\x08\0\0\0\0\0\0\3", 10, true},
        {"\x1f\x8b", 2, false},
        {"\x28\xb5\x2f\xfd", 4, true},
        {"\xfd"
         "7zXZ\0\0\0\0\0",
         10, true},
        {"\xfd"
         "7zXY\0\0\0\0\0",
         10, false},
        {"BZh91AY&SY", 10, true},
        {"BZh1\x17\x72\x45\x38\x50\x90", 10, true},
        {"BZh0"
         "1AY&SY",
         10, false},
        {"BZh9 hours", 10, false},
        {"\x04\x22\x4d\x18"
         "dp",
         6, true},
        {"{\"a\":1}", 7, false},
        {"10.0.0.1 -", 10, false},
    };
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        struct bytes beginning = {examples[i].bytes, examples[i].length};
        ck_assert_msg(compressed_begins(beginning) == examples[i].is_compressed, "example %zu", i);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("row pack");
    TCase *cases = tcase_create("rows and files");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, rows_come_out_as_they_went_in);
    tcase_add_test(cases, tells_compressed_files);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
