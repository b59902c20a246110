// SPDX-License-Identifier: MIT
// test_lines.c: cutting blocks into lines, whatever their ends and lengths.

#include "data/lines.h"
#include "seed.h"
#include "text_out.h"

#include <check.h>

// Walks a text and writes what came as `[line]`, a cut line as `<line>`, the remainder as `{...}`.
static struct lines walk(struct bytes text, bool at_file_start, size_t limit, struct text_out out)
{
    struct lines lines;
    struct bytes line;
    lines_init(&lines, text, at_file_start, limit);
    while (lines_next(&lines, &line)) {
        text_put(&out, lines.is_cut ? "<%.*s>" : "[%.*s]", (int)line.len, line.ptr);
    }
    struct bytes rest = lines_remainder(&lines);
    text_put(&out, "{%.*s}", (int)rest.len, rest.ptr);
    return lines;
}

struct example {
    const char *text;
    const char *expected;
    bool at_file_start;
    size_t limit;
    uint64_t read;
    uint64_t blank;
    uint64_t cut;
};

static const struct example examples[] = {
    {"", "{}", true, 100, 0, 0, 0},
    {"a\nb\n", "[a][b]{}", true, 100, 2, 0, 0},
    {"a\nb", "[a]{b}", true, 100, 1, 0, 0},
    {"a\r\nb\r\n", "[a][b]{}", true, 100, 2, 0, 0},
    {"a\r\r\n", "[a\r]{}", true, 100, 1, 0, 0},
    {"a\rb\n", "[a\rb]{}", true, 100, 1, 0, 0},
    {"\n\r\n\na\n\n", "[a]{}", true, 100, 5, 4, 0},
    {" \n\t\n", "[ ][\t]{}", true, 100, 2, 0, 0},
    {"\xef\xbb\xbf"
     "a\n",
     "[a]{}", true, 100, 1, 0, 0},
    {"\xef\xbb\xbf"
     "a\n",
     "[\xef\xbb\xbf"
     "a]{}",
     false, 100, 1, 0, 0},
    {"\xef\xbb\xbf\xef\xbb\xbf"
     "a\n",
     "[\xef\xbb\xbf"
     "a]{}",
     true, 100, 1, 0, 0},
    {"\xef\xbb\xbf\n", "{}", true, 100, 1, 1, 0},
    {"\xef\xbb\xbf", "{}", true, 100, 0, 0, 0},
    {"\xef\xbb", "{\xef\xbb}", true, 100, 0, 0, 0},
    {"a\n\xef\xbb\xbf"
     "b\n",
     "[a][\xef\xbb\xbf"
     "b]{}",
     true, 100, 2, 0, 0},
    {"123\n1234\n12345\n", "[123][1234]<1234>{}", true, 4, 3, 0, 1},
    {"1234\r\n12345\r\n", "[1234]<1234>{}", true, 4, 2, 0, 1},
    {"123456789", "{123456789}", true, 4, 0, 0, 0},
};

START_TEST(cuts_lines)
{
    const struct example *example = &examples[_i];
    char out[200];
    struct lines lines = walk(bytes_of(example->text), example->at_file_start, example->limit,
                              (struct text_out)TEXT_OUT(out));
    ck_assert_str_eq(out, example->expected);
    ck_assert_uint_eq(lines.read, example->read);
    ck_assert_uint_eq(lines.blank, example->blank);
    ck_assert_uint_eq(lines.cut, example->cut);
}
END_TEST

START_TEST(zero_bytes_are_data)
{
    struct lines lines;
    struct bytes line;
    lines_init(&lines, (struct bytes){"a\0b\n\0\n", 6}, true, 100);
    ck_assert(lines_next(&lines, &line));
    ck_assert_uint_eq(line.len, 3);
    ck_assert(lines_next(&lines, &line));
    ck_assert_uint_eq(line.len, 1);
    ck_assert(!lines_next(&lines, &line));
    ck_assert_uint_eq(lines.blank, 0);
}
END_TEST

START_TEST(the_remainder_can_be_taken_as_a_line)
{
    struct lines lines;
    struct bytes line;
    lines_init(&lines, bytes_of("a\nlast\r"), true, 3);
    ck_assert(lines_next(&lines, &line));
    ck_assert(!lines_next(&lines, &line));
    ck_assert(lines_take_remainder(&lines, &line));
    ck_assert(bytes_equal(line, bytes_of("las")));
    ck_assert(lines.is_cut);
    ck_assert_uint_eq(lines.read, 2);
    ck_assert(!lines_take_remainder(&lines, &line));
    ck_assert_uint_eq(lines.read, 2);
    ck_assert(!lines_next(&lines, &line));

    lines_init(&lines, bytes_of("a\n\r"), true, 3);
    ck_assert(lines_next(&lines, &line));
    ck_assert(!lines_take_remainder(&lines, &line));
    ck_assert_uint_eq(lines.read, 2);
    ck_assert_uint_eq(lines.blank, 1);

    lines_init(&lines, (struct bytes){0}, true, 3);
    ck_assert(!lines_next(&lines, &line));
    ck_assert(!lines_take_remainder(&lines, &line));
    ck_assert_uint_eq(lines.read, 0);
}
END_TEST

START_TEST(blocks_that_begin_inside_a_line)
{
    struct bytes block = bytes_of("tail of one\nnext\n");
    ck_assert_ptr_eq(lines_first_start(block), block.ptr + 12);
    struct bytes inside = bytes_of("no end at all");
    ck_assert_ptr_eq(lines_first_start(inside), inside.ptr + inside.len);
}
END_TEST

START_TEST(the_line_around_a_place)
{
    struct bytes block = bytes_of("one\r\n\ntwo\nthree");
    static const struct {
        size_t place;
        const char *line;
        size_t next;
    } expected[] = {
        {0, "one", 5},  {2, "one", 5},  {4, "one", 5},     {5, "", 6},
        {6, "two", 10}, {9, "two", 10}, {10, "three", 15}, {14, "three", 15},
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const char *next;
        struct bytes line = lines_around(block, block.ptr + expected[i].place, &next);
        ck_assert_msg(bytes_equal(line, bytes_of(expected[i].line)), "place %zu gave '%.*s'",
                      expected[i].place, (int)line.len, line.ptr);
        ck_assert_ptr_eq(next, block.ptr + expected[i].next);
    }
}
END_TEST

// However a text is cut into blocks, carrying the remainder over gives the same lines.
START_TEST(blocks_of_any_size_give_the_same_lines)
{
    struct seed seed = seed_start("lines");
    for (int round = 0; round < 3000; round++) {
        char text[300];
        size_t length = seed_below(&seed, sizeof(text));
        for (size_t i = 0; i < length; i++) {
            text[i] = "ab\r\n"[seed_below(&seed, 4)];
        }
        char whole[4 * sizeof(text)];
        struct lines all =
            walk((struct bytes){text, length}, true, 5, (struct text_out)TEXT_OUT(whole));

        char parts[4 * sizeof(text)] = "";
        char *out = parts;
        uint64_t read = 0;
        uint64_t blank = 0;
        uint64_t cut = 0;
        size_t begin = 0;
        size_t end = 0;
        while (end < length) {
            size_t step = 1 + seed_below(&seed, 20);
            end = length - end < step ? length : end + step;
            struct lines lines = walk((struct bytes){text + begin, end - begin}, begin == 0, 5,
                                      (struct text_out){out, parts + sizeof(parts)});
            read += lines.read;
            blank += lines.blank;
            cut += lines.cut;
            begin = end - lines_remainder(&lines).len;
            if (end < length) {
                *strrchr(out, '{') = '\0';
            }
            out = parts + strlen(parts);
        }
        if (length != 0) {
            ck_assert_str_eq(parts, whole);
        }
        ck_assert_uint_eq(read, all.read);
        ck_assert_uint_eq(blank, all.blank);
        ck_assert_uint_eq(cut, all.cut);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("lines");
    TCase *tests = tcase_create("lines");
    tcase_add_loop_test(tests, cuts_lines, 0, (int)(sizeof(examples) / sizeof(examples[0])));
    tcase_add_test(tests, zero_bytes_are_data);
    tcase_add_test(tests, the_remainder_can_be_taken_as_a_line);
    tcase_add_test(tests, blocks_that_begin_inside_a_line);
    tcase_add_test(tests, the_line_around_a_place);
    tcase_add_test(tests, blocks_of_any_size_give_the_same_lines);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
