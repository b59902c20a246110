// SPDX-License-Identifier: MIT
// test_piece.c: however a file is cut into pieces, each line belongs to exactly one of them.

#include "../seed.h"
#include "data/lines.h"
#include "piece.h"

#include <check.h>

#define TEXT_LIMIT 3000
#define LINES_LIMIT 4000

// Lines as hashes of what they hold, where they are and whether they were cut, in their order.
struct found {
    uint64_t lines[LINES_LIMIT];
    size_t count;
};

static void add_line(struct found *found, struct bytes line, bool is_cut, uint64_t offset)
{
    uint64_t hash = offset * 31 + is_cut;
    for (size_t i = 0; i < line.len; i++) {
        hash = hash * UINT64_C(1099511628211) + (unsigned char)line.ptr[i] + 1;
    }
    REQUIRE(found->count < LINES_LIMIT, "too many lines");
    found->lines[found->count++] = hash;
}

// As the scan of a block does it.
static void add_block(struct found *found, const struct piece_lines *block, size_t limit)
{
    struct lines lines;
    struct bytes line;
    REQUIRE(block->block.len > 0, "an empty block");
    REQUIRE(block->at_file_end || block->block.ptr[block->block.len - 1] == '\n', "no line end");
    lines_init(&lines, block->block, block->offset == 0, limit);
    while (lines_next(&lines, &line)) {
        add_line(found, line, lines.is_cut,
                 block->offset + (uint64_t)(line.ptr - block->block.ptr));
    }
    if (block->at_file_end && lines_take_remainder(&lines, &line)) {
        add_line(found, line, lines.is_cut,
                 block->offset + (uint64_t)(line.ptr - block->block.ptr));
    }
}

// The whole file as one block.
static void add_reference(struct found *found, const char *text, size_t length, size_t limit)
{
    const struct piece_lines block = {.block = {text, length}, .at_file_end = true};
    if (length > 0) {
        add_block(found, &block, limit);
    }
}

// Reads a piece as do_work() in chain.c does, in steps of random size.
static void add_piece(struct found *found, const char *text, const struct piece *piece,
                      struct seed *seed)
{
    char *buffer = malloc(TEXT_LIMIT + 1);
    uint64_t from = piece_from(piece);
    size_t left = (size_t)(piece->length - from);
    size_t have = piece_own(piece) + seed_below(seed, 20);
    have = have > left ? left : have;
    struct piece_lines lines = {.at_file_end = false};
    for (;;) {
        memcpy(buffer, text + from, have);
        buffer[have] = 'Q'; // what stands behind must not matter
        size_t want = 0;
        enum piece_state state = piece_cut(piece, buffer, have, &lines, &want);
        if (state == PIECE_LINES) {
            add_block(found, &lines, piece->line_limit);
        }
        if (state != PIECE_MORE) {
            break;
        }
        REQUIRE(want > have && want <= left, "it wants %zu of %zu, has %zu", want, left, have);
        have += 1 + seed_below(seed, want - have);
    }
    free(buffer);
}

static void compare(const struct found *found, const struct found *wanted, const char *what)
{
    REQUIRE(found->count == wanted->count, "%s: %zu lines, wanted %zu", what, found->count,
            wanted->count);
    for (size_t i = 0; i < found->count; i++) {
        REQUIRE(found->lines[i] == wanted->lines[i], "%s: line %zu differs", what, i);
    }
}

// Text with few kinds of bytes, so that all kinds of neighbours meet at the borders.
static size_t make_text(struct seed *seed, char *text)
{
    static const char bytes[] = "\n\r\xEF\xBB\xBF"
                                "ab";
    size_t length = seed_below(seed, seed_below(seed, 4) == 0 ? TEXT_LIMIT : 60);
    size_t rarity = 1 + seed_below(seed, 60);
    for (size_t i = 0; i < length; i++) {
        text[i] = seed_below(seed, rarity) == 0 ? bytes[seed_below(seed, sizeof bytes - 1)] : 'x';
    }
    return length;
}

START_TEST(cuts_files)
{
    struct seed seed = seed_start("cuts_files");
    static struct found found;
    static struct found wanted;
    char text[TEXT_LIMIT];
    for (int round = 0; round < 20000; round++) {
        size_t length = make_text(&seed, text);
        size_t limit = 1 + seed_below(&seed, 80);
        size_t size = 1 + seed_below(&seed, seed_below(&seed, 2) == 0 ? 8 : TEXT_LIMIT);
        found.count = wanted.count = 0;
        add_reference(&wanted, text, length, limit);
        for (size_t begin = 0; begin < length; begin += size) {
            const struct piece piece = {
                .begin = begin,
                .end = length - begin < size ? length : begin + size,
                .length = length,
                .line_limit = limit,
            };
            add_piece(&found, text, &piece, &seed);
        }
        compare(&found, &wanted, "pieces");
    }
}
END_TEST

// As pump_task() in stream.c does it.
static void add_stream(struct found *found, const char *text, size_t length, size_t limit,
                       struct seed *seed)
{
    struct piece_stream stream = {.line_limit = limit};
    size_t capacity = piece_stream_room(&stream) + 2 + seed_below(seed, 200);
    char *buffer = malloc(capacity);
    size_t have = 0;
    size_t read = 0;
    bool at_end = false;
    while (!at_end || have > 0) {
        size_t room = capacity - 1 - have;
        REQUIRE(room > 0 || at_end, "no room to read on");
        size_t part = room == 0 ? 0 : 1 + seed_below(seed, room);
        part = part > length - read ? length - read : part;
        memcpy(buffer + have, text + read, part);
        have += part;
        read += part;
        at_end = at_end || part == 0;
        struct piece_lines lines;
        size_t used = 0;
        enum piece_state state = piece_stream_cut(&stream, buffer, have, at_end, &lines, &used);
        REQUIRE(used <= have && (state != PIECE_MORE || !at_end), "it does not end");
        if (state == PIECE_LINES) {
            add_block(found, &lines, limit);
        }
        have -= used;
        memmove(buffer, buffer + used, have);
    }
    free(buffer);
}

START_TEST(cuts_streams)
{
    struct seed seed = seed_start("cuts_streams");
    static struct found found;
    static struct found wanted;
    char text[TEXT_LIMIT];
    for (int round = 0; round < 20000; round++) {
        size_t length = make_text(&seed, text);
        size_t limit = 1 + seed_below(&seed, 80);
        found.count = wanted.count = 0;
        add_reference(&wanted, text, length, limit);
        add_stream(&found, text, length, limit, &seed);
        compare(&found, &wanted, "stream");
    }
}
END_TEST

// Behind a byte order mark as many bytes of a line that is too long are kept as without one.
START_TEST(keeps_as_much_behind_a_byte_order_mark)
{
    static const char text[] = BYTE_ORDER_MARK "0123456789";
    static struct found found;
    static struct found wanted;
    struct seed seed = seed_start("keeps_as_much_behind_a_byte_order_mark");
    size_t length = sizeof text - 1;
    for (size_t limit = 1; limit < length + 4; limit++) {
        for (size_t size = 1; size <= length; size++) {
            found.count = wanted.count = 0;
            add_reference(&wanted, text, length, limit);
            for (size_t begin = 0; begin < length; begin += size) {
                size_t end = length - begin < size ? length : begin + size;
                add_piece(&found, text, &(struct piece){begin, end, length, limit}, &seed);
            }
            compare(&found, &wanted, "pieces");
            found.count = 0;
            add_stream(&found, text, length, limit, &seed);
            compare(&found, &wanted, "stream");
        }
    }
}
END_TEST

// A line far beyond the limit is not read to its end.
START_TEST(leaves_long_lines_alone)
{
    enum { LENGTH = 100000, LIMIT = 100 };
    static char text[LENGTH + 1];
    memset(text, 'x', LENGTH);
    const struct piece piece = {.begin = 0, .end = 50, .length = LENGTH, .line_limit = LIMIT};
    struct piece_lines lines;
    size_t want = 0;
    ck_assert_int_eq(piece_cut(&piece, text, 50, &lines, &want), PIECE_MORE);
    ck_assert_uint_eq(want, LIMIT + 2);
    ck_assert_int_eq(piece_cut(&piece, text, want, &lines, &want), PIECE_LINES);
    ck_assert_uint_eq(lines.block.len, LIMIT + 3);
    ck_assert_int_eq(lines.block.ptr[LIMIT + 2], '\n');
    ck_assert(!lines.at_file_end);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("piece");
    TCase *cases = tcase_create("borders");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, cuts_files);
    tcase_add_test(cases, cuts_streams);
    tcase_add_test(cases, keeps_as_much_behind_a_byte_order_mark);
    tcase_add_test(cases, leaves_long_lines_alone);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
