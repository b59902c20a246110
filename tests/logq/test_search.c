// SPDX-License-Identifier: MIT
// test_search.c: the vector search finds what a naive one finds, and reads nothing else.

#define _GNU_SOURCE 1

#include "data/search.h"
#include "seed.h"

#include <check.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *naive_find(struct bytes haystack, struct bytes needle)
{
    for (size_t i = 0; i + needle.len <= haystack.len; i++) {
        if (needle.len == 0 || memcmp(haystack.ptr + i, needle.ptr, needle.len) == 0) {
            return haystack.ptr + i;
        }
    }
    return NULL;
}

// Memory between two pages that may not be touched.
struct fenced {
    char *map;
    char *begin;
    size_t size;
};

static struct fenced fence(size_t pages)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = pages * page;
    char *map = mmap(NULL, size + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(map, MAP_FAILED);
    ck_assert_int_eq(mprotect(map + page, size, PROT_READ | PROT_WRITE), 0);
    return (struct fenced){map, map + page, size};
}

static void assert_found(struct bytes haystack, struct bytes needle, const char *what)
{
    const char *expected = naive_find(haystack, needle);
    const char *got = bytes_find(haystack, needle);
    REQUIRE(got == expected, "%s: haystack of %zu, needle '%.*s': found at %td, not %td", what,
            haystack.len, (int)needle.len, needle.ptr, got == NULL ? -1 : got - haystack.ptr,
            expected == NULL ? -1 : expected - haystack.ptr);
}

START_TEST(every_place_in_every_length_at_both_fences)
{
    struct fenced memory = fence(1);
    static const char *const needles[] = {"x",
                                          "xy",
                                          "xyz",
                                          "yyx",
                                          "0123456789abcdef!",
                                          "a needle that is longer than two vectors of bytes #"};
    for (size_t n = 0; n < sizeof(needles) / sizeof(needles[0]); n++) {
        struct bytes needle = bytes_of(needles[n]);
        for (size_t length = 0; length < 300; length += length < 140 ? 1 : 7) {
            for (int at_end = 0; at_end < 2; at_end++) {
                char *begin = at_end ? memory.begin + memory.size - length : memory.begin;
                struct bytes haystack = {begin, length};
                memset(begin, '.', length);
                assert_found(haystack, needle, "absent");
                for (size_t at = 0; at + needle.len <= length; at++) {
                    memset(begin, '.', length);
                    memcpy(begin + at, needle.ptr, needle.len);
                    REQUIRE(bytes_find(haystack, needle) == begin + at, "length %zu, place %zu",
                            length, at);
                    // All of the needle but its last byte, at the very end.
                    begin[at + needle.len - 1] = '-';
                    REQUIRE(bytes_find(haystack, needle) == NULL, "length %zu, place %zu", length,
                            at);
                }
            }
        }
    }
    munmap(memory.map, memory.size);
}
END_TEST

START_TEST(agrees_with_a_naive_search)
{
    struct seed seed = seed_start("search");
    struct fenced memory = fence(2);
    for (int round = 0; round < 60000; round++) {
        size_t letters = 1 + seed_below(&seed, 4);
        size_t length = seed_below(&seed, round % 20 == 0 ? memory.size : 400);
        char *begin = round % 2 == 0 ? memory.begin : memory.begin + memory.size - length;
        for (size_t i = 0; i < length; i++) {
            begin[i] = (char)('a' + seed_below(&seed, letters));
        }
        char text[80];
        size_t needle_length = seed_below(&seed, sizeof(text));
        for (size_t i = 0; i < needle_length; i++) {
            text[i] = (char)('a' + seed_below(&seed, letters));
        }
        struct bytes haystack = {begin, length};
        if (needle_length <= length && round % 3 == 0) {
            size_t from = seed_below(&seed, length - needle_length + 1);
            memcpy(text, begin + from, needle_length);
        }
        assert_found(haystack, (struct bytes){text, needle_length}, "random");
    }
    munmap(memory.map, memory.size);
}
END_TEST

START_TEST(a_prepared_needle_serves_many_haystacks)
{
    struct search_needle needle;
    search_needle_init(&needle, bytes_of("GET /q"));
    ck_assert_uint_lt(needle.first, needle.second);
    struct bytes line = bytes_of("1.2.3.4 - - \"GET /query HTTP/1.1\" 200 5");
    ck_assert_ptr_eq(search_find(&needle, line), line.ptr + 13);
    ck_assert_ptr_null(search_find(&needle, bytes_of("nothing of the kind")));
    ck_assert_ptr_null(search_find(&needle, (struct bytes){0}));
    struct bytes self = bytes_of("GET /q");
    ck_assert_ptr_eq(search_find(&needle, self), self.ptr);
}
END_TEST

START_TEST(picks_rare_bytes)
{
    struct search_needle needle;
    struct bytes text = bytes_of("eeeezeeeee~eeeee");
    search_needle_init(&needle, text);
    ck_assert_int_eq(text.ptr[needle.first], 'z');
    ck_assert_int_eq(text.ptr[needle.second], '~');
    text = bytes_of("zeeeeezt");
    search_needle_init(&needle, text);
    // Twice the same byte tells less than two different ones.
    ck_assert_int_eq(text.ptr[needle.first], 'z');
    ck_assert_int_eq(text.ptr[needle.second], 't');
    search_needle_init(&needle, bytes_of("aaaa"));
    ck_assert_uint_ne(needle.first, needle.second);
}
END_TEST

START_TEST(the_empty_needle_is_at_the_start)
{
    struct bytes some = bytes_of("some");
    ck_assert_ptr_eq(bytes_find(some, (struct bytes){0}), some.ptr);
    ck_assert_ptr_nonnull(bytes_find((struct bytes){0}, (struct bytes){0}));
    ck_assert_ptr_null(bytes_find((struct bytes){0}, some));
}
END_TEST

START_TEST(hard_cases_end_in_reasonable_time)
{
    // Both bytes of the filter fit nearly everywhere, and comparing fails late: without the linear
    // fallback this is 2^20 * 2^14 / 2 comparisons of bytes.
    const size_t length = (size_t)1 << 20;
    const size_t needle_length = (size_t)1 << 14;
    char *haystack = malloc(length);
    char *needle = malloc(needle_length);
    for (size_t i = 0; i < length; i++) {
        haystack[i] = "ab"[i % 2];
    }
    for (size_t i = 0; i < needle_length; i++) {
        needle[i] = "ab"[i % 2];
    }
    needle[needle_length - 1] = 'a';
    needle[needle_length - 2] = 'b';
    struct bytes hay = {haystack, length};
    for (int i = 0; i < 20; i++) {
        ck_assert_ptr_null(bytes_find(hay, (struct bytes){needle, needle_length}));
    }
    memcpy(haystack + length - needle_length, needle, needle_length);
    ck_assert_ptr_eq(bytes_find(hay, (struct bytes){needle, needle_length}),
                     haystack + length - needle_length);
    free(haystack);
    free(needle);
}
END_TEST

START_TEST(counts_bytes)
{
    struct seed seed = seed_start("count");
    struct fenced memory = fence(8);
    for (int round = 0; round < 2000; round++) {
        size_t length = seed_below(&seed, round % 10 == 0 ? memory.size : 300);
        char *begin = memory.begin + memory.size - length;
        char byte = (char)seed_below(&seed, 256);
        size_t expected = 0;
        for (size_t i = 0; i < length; i++) {
            begin[i] = (char)(byte + (char)(seed_below(&seed, 3) / 2));
            expected += begin[i] == byte;
        }
        ck_assert_uint_eq(search_count_byte((struct bytes){begin, length}, byte), expected);
    }
    memset(memory.begin, 'n', memory.size);
    ck_assert_uint_eq(search_count_byte((struct bytes){memory.begin, memory.size}, 'n'),
                      memory.size);
    ck_assert_uint_eq(search_count_byte((struct bytes){0}, 'n'), 0);
    munmap(memory.map, memory.size);
}
END_TEST

START_TEST(first_and_last_byte)
{
    struct bytes text = bytes_of("a,b,c");
    ck_assert_ptr_eq(search_byte(text, ','), text.ptr + 1);
    ck_assert_ptr_eq(search_byte_last(text, ','), text.ptr + 3);
    ck_assert_ptr_null(search_byte(text, ';'));
    ck_assert_ptr_null(search_byte_last(text, ';'));
    ck_assert_ptr_null(search_byte((struct bytes){0}, ';'));
    ck_assert_ptr_null(search_byte_last((struct bytes){0}, ';'));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("search");
    TCase *tests = tcase_create("search");
    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, every_place_in_every_length_at_both_fences);
    tcase_add_test(tests, agrees_with_a_naive_search);
    tcase_add_test(tests, a_prepared_needle_serves_many_haystacks);
    tcase_add_test(tests, picks_rare_bytes);
    tcase_add_test(tests, the_empty_needle_is_at_the_start);
    tcase_add_test(tests, hard_cases_end_in_reasonable_time);
    tcase_add_test(tests, counts_bytes);
    tcase_add_test(tests, first_and_last_byte);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
