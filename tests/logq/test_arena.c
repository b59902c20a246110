// SPDX-License-Identifier: MIT
// test_arena.c: the arena hands out separate, aligned memory and never more than its limit.

#include "data/arena.h"
#include "seed.h"

#include <check.h>

START_TEST(takes_no_memory_before_it_is_used)
{
    struct arena arena;
    arena_init(&arena, 0);
    ck_assert_uint_eq(arena_used(&arena), 0);
    ck_assert_ptr_null(arena_alloc(&arena, 1, 1));
    arena_reset(&arena);
    arena_free(&arena);
}
END_TEST

START_TEST(pieces_are_aligned_and_do_not_overlap)
{
    struct seed seed = seed_start("arena pieces");
    struct arena arena;
    arena_init(&arena, (size_t)64 * 1024 * 1024);
    enum { PIECES = 2000 };
    static unsigned char *piece[PIECES];
    static size_t size[PIECES];
    for (int round = 0; round < 3; round++) {
        size_t sum = 0;
        for (int i = 0; i < PIECES; i++) {
            size_t align = (size_t)1 << seed_below(&seed, 8);
            size[i] = seed_below(&seed, i % 50 == 0 ? 100000 : 200);
            piece[i] = arena_alloc(&arena, size[i], align);
            REQUIRE(piece[i] != NULL, "the limit was hit");
            REQUIRE((uintptr_t)piece[i] % align == 0, "%p is not aligned to %zu", (void *)piece[i],
                    align);
            memset(piece[i], i & 0xff, size[i]);
            sum += size[i];
        }
        ck_assert_uint_ge(arena_used(&arena), sum);
        for (int i = 0; i < PIECES; i++) {
            for (size_t j = 0; j < size[i]; j++) {
                REQUIRE(piece[i][j] == (i & 0xff), "piece %d was overwritten", i);
            }
        }
        arena_reset(&arena);
        ck_assert_uint_eq(arena_used(&arena), 0);
    }
    arena_free(&arena);
}
END_TEST

START_TEST(the_limit_counts_memory_held)
{
    struct arena arena;
    const size_t limit = 100000;
    arena_init(&arena, limit);
    size_t got = 0;
    while (arena_alloc(&arena, 100, 8) != NULL) {
        got += 100;
        REQUIRE(arena.held <= limit, "%zu held, limit %zu", arena.held, limit);
    }
    // Less than a tenth is lost to headers and ends of chunks.
    ck_assert_uint_gt(got, limit * 9 / 10);
    ck_assert_ptr_null(arena_alloc(&arena, 100, 8));
    arena_reset(&arena);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 100, 8));
    ck_assert_uint_le(arena.held, ARENA_CHUNK_MIN);
    arena_free(&arena);
    ck_assert_uint_eq(arena.held, 0);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 90000, 8));
    ck_assert_ptr_null(arena_alloc(&arena, 90000, 8));
    arena_free(&arena);
}
END_TEST

START_TEST(absurd_requests_fail_without_overflow)
{
    struct arena arena;
    arena_init(&arena, SIZE_MAX);
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX, 1));
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX, 4096));
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX - 8, 16));
    ck_assert_ptr_null(arena_alloc(&arena, SIZE_MAX / 2, 1));
    ck_assert_ptr_nonnull(arena_alloc(&arena, 10, 1));
    arena_free(&arena);
}
END_TEST

START_TEST(the_first_chunk_is_kept_over_a_reset)
{
    struct arena arena;
    arena_init(&arena, (size_t)1 << 20);
    void *first = arena_alloc(&arena, 16, 16);
    ck_assert_ptr_nonnull(arena_alloc(&arena, 500000, 16));
    arena_reset(&arena);
    ck_assert_ptr_eq(arena_alloc(&arena, 16, 16), first);
    arena_free(&arena);
}
END_TEST

START_TEST(copies_are_their_own)
{
    struct arena arena;
    arena_init(&arena, 8192);
    char text[] = "abc\0def";
    struct bytes copy = arena_copy(&arena, (struct bytes){text, sizeof(text)});
    memset(text, 'x', sizeof(text));
    ck_assert_int_eq(memcmp(copy.ptr, "abc\0def", 8), 0);
    struct bytes empty = arena_copy(&arena, (struct bytes){0});
    ck_assert_ptr_nonnull(empty.ptr);
    ck_assert_uint_eq(empty.len, 0);
    static char large[10000];
    struct bytes none = arena_copy(&arena, (struct bytes){large, sizeof(large)});
    ck_assert_ptr_null(none.ptr);
    arena_free(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("arena");
    TCase *tests = tcase_create("arena");
    tcase_add_test(tests, takes_no_memory_before_it_is_used);
    tcase_add_test(tests, pieces_are_aligned_and_do_not_overlap);
    tcase_add_test(tests, the_limit_counts_memory_held);
    tcase_add_test(tests, absurd_requests_fail_without_overflow);
    tcase_add_test(tests, the_first_chunk_is_kept_over_a_reset);
    tcase_add_test(tests, copies_are_their_own);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
