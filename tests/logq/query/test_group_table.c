// SPDX-License-Identifier: MIT
// test_group_table.c: a table that only grows, against a plain list.
#include "query_support.h"

#include "query/group_table.h"
#include "query/value_set.h"

static struct budget budget;
static struct memory memory;
static struct group_table table;

static void start(size_t limit, size_t state_bytes)
{
    budget_init(&budget, limit);
    memory_init(&memory, &budget);
    group_table_init(&table, state_bytes, UINT64_C(0x1234567), &memory);
}

static void finish(void)
{
    group_table_free(&table);
    memory_end(&memory);
    ck_assert_uint_eq(atomic_load(&budget.used), 0);
}

static uint64_t *put(struct bytes key)
{
    return group_table_put(&table, key, group_table_hash(&table, key));
}

static uint64_t *find(struct bytes key)
{
    return group_table_find(&table, key, group_table_hash(&table, key));
}

// Key number i: short ones, long ones, empty, with zero bytes, some alike but for the end.
static struct bytes key_of(unsigned i, char *buffer)
{
    size_t length = i % 97 == 0 ? 5000 + i : i % 40;
    memset(buffer, (int)(i % 3), length);
    int digits = snprintf(buffer + length, 16, "%u", i);
    return (struct bytes){buffer, i == 0 ? 0 : length + (size_t)digits};
}

START_TEST(every_key_has_one_state)
{
    const unsigned keys = scaled(5000);
    start(TEST_MEMORY, sizeof(uint64_t));
    char *buffer = malloc(5000 + keys + 20);
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < keys; i++) {
            uint64_t *state = put(key_of(i, buffer));
            ck_assert_ptr_nonnull(state);
            ck_assert_uint_eq((uintptr_t)state % GROUP_UNIT, 0);
            ck_assert_uint_eq(*state, round == 0 ? 0 : (uint64_t)i * 1000 + round);
            *state = (uint64_t)i * 1000 + round + 1;
        }
        ck_assert_uint_eq(table.count, keys);
    }
    for (unsigned i = 0; i < keys; i++) {
        uint64_t *state = find(key_of(i, buffer));
        ck_assert_ptr_nonnull(state);
        ck_assert_uint_eq(*state, (uint64_t)i * 1000 + 3);
        ck_assert(bytes_equal(group_table_key(&table, state), key_of(i, buffer)));
    }
    ck_assert_ptr_null(find(key_of(keys + 1, buffer)));
    free(buffer);
    finish();
}
END_TEST

START_TEST(a_walk_meets_each_key_once_in_order)
{
    const unsigned keys = scaled(3000);
    start(TEST_MEMORY, 24);
    struct group_cursor cursor = {0};
    ck_assert_ptr_null(group_table_next(&table, &cursor));
    char *buffer = malloc(5000 + keys + 20);
    for (unsigned i = 0; i < keys; i++) {
        *put(key_of(i, buffer)) = i;
    }
    cursor = (struct group_cursor){0};
    for (unsigned i = 0; i < keys; i++) {
        const uint64_t *state = group_table_next(&table, &cursor);
        ck_assert_ptr_nonnull(state);
        ck_assert_uint_eq(*state, i);
    }
    ck_assert_ptr_null(group_table_next(&table, &cursor));
    free(buffer);
    finish();
}
END_TEST

START_TEST(states_do_not_move)
{
    start(TEST_MEMORY, sizeof(uint64_t));
    char buffer[6000];
    uint64_t *first = put(bytes_of("first"));
    for (unsigned i = 1; i < 20000; i++) {
        put(key_of(i * 97 + 1, buffer));
    }
    ck_assert_ptr_eq(first, put(bytes_of("first")));
    finish();
}
END_TEST

START_TEST(without_a_state_it_is_a_set)
{
    start(TEST_MEMORY, 0);
    ck_assert_ptr_nonnull(put(bytes_of("")));
    ck_assert_ptr_nonnull(put(bytes_of("a")));
    ck_assert_ptr_eq(put(bytes_of("a")), put(bytes_of("a")));
    ck_assert_uint_eq(table.count, 2);
    finish();
}
END_TEST

START_TEST(the_budget_is_the_end)
{
    start(300000, sizeof(uint64_t));
    char buffer[16];
    unsigned i = 0;
    for (;; i++) {
        int digits = snprintf(buffer, sizeof(buffer), "%u", i);
        if (put((struct bytes){buffer, (size_t)digits}) == NULL) {
            break;
        }
    }
    ck_assert(memory.exhausted);
    ck_assert_uint_gt(i, 1000);
    ck_assert_uint_le(atomic_load(&budget.used), 300000);
    ck_assert_uint_eq(table.count, i);
    // What is there can still be found.
    ck_assert_ptr_nonnull(find(bytes_of("7")));
    finish();
}
END_TEST

// Keys of the same length that differ in one bit anywhere have different hashes.
START_TEST(every_bit_of_a_key_counts)
{
    for (size_t length = 1; length < 50; length++) {
        char key[64] = {0};
        uint64_t plain = hash_bytes((struct bytes){key, length}, 42);
        for (size_t bit = 0; bit < length * 8; bit++) {
            key[bit / 8] ^= (char)(1 << (bit % 8));
            uint64_t other = hash_bytes((struct bytes){key, length}, 42);
            ck_assert_uint_ne(plain, other);
            ck_assert_uint_ne(plain >> 32, other >> 32);
            key[bit / 8] ^= (char)(1 << (bit % 8));
        }
        ck_assert_uint_ne(plain, hash_bytes((struct bytes){key, length + 1}, 42));
        ck_assert_uint_ne(plain, hash_bytes((struct bytes){key, length}, 43));
    }
}
END_TEST

START_TEST(sets_of_values)
{
    struct arena arena;
    arena_init(&arena, TEST_MEMORY);
    char texts[1000][8];
    struct bytes values[1000];
    for (unsigned i = 0; i < 1000; i++) {
        int length = snprintf(texts[i], sizeof(texts[i]), "%u", i * 3);
        values[i] = (struct bytes){texts[i], (size_t)length};
    }
    for (uint32_t count = 0; count <= 1000; count += count < 20 ? 1 : 245) {
        struct value_set set;
        ck_assert(value_set_init(&set, values, count, 7, &arena));
        for (unsigned i = 0; i < 3000; i++) {
            char text[8];
            int length = snprintf(text, sizeof(text), "%u", i);
            ck_assert_int_eq(value_set_has(&set, (struct bytes){text, (size_t)length}),
                             i % 3 == 0 && i / 3 < count);
        }
        ck_assert(!value_set_has(&set, bytes_of("")));
    }
    arena_free(&arena);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("group_table");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, every_key_has_one_state);
    tcase_add_test(tcase, a_walk_meets_each_key_once_in_order);
    tcase_add_test(tcase, states_do_not_move);
    tcase_add_test(tcase, without_a_state_it_is_a_set);
    tcase_add_test(tcase, the_budget_is_the_end);
    tcase_add_test(tcase, every_bit_of_a_key_counts);
    tcase_add_test(tcase, sets_of_values);
    return run_case(tcase, "logq/query/group_table");
}
