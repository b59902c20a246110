// SPDX-License-Identifier: MIT
// fuzz_query.c: the compiler of queries takes any bytes; what it accepts runs, and gives the same
// answer whether a block is scanned by one state or its lines by two.

#include "fuzz.h"
#include "query/partial.h"
#include "query/writer.h"

#include <string.h>

#define NOW_NS INT64_C(1795352400000000000)
#define MEMORY_LIMIT ((size_t)8 * 1024 * 1024)
#define ROWS_LIMIT 64

const char *const fuzz_seeds[] = {
    "a*",
    "berror or \"GET /x\" -status:>=500 | fields _time, _msg",
    "c_time:[2026-11-22, 2026-11-23) level:in(a, \"b c\", `d`) NOT (x:i(y) or =\"z\"*)",
    "d~\"item/[0-9]{2,3}$\" request_uri:*api* | stats by (status, _time:1m) count() as n, "
    "sum(body_bytes_sent), quantile(0.99, body_bytes_sent) as q | sort by (n desc) limit 5",
    "ebody_bytes_sent:range(1KB, 2MiB] | top 3 by (remote_addr) | filter hits:>1",
    "f* | uniq by (status) | offset 1 | limit 2 # a comment",
    "ghost:\"\" user:* word* \"phr ase\"* field:~`(?i)a+|b` | stats count_uniq(a, b) if (x:y), "
    "median(seq), min(_time), max(status), avg(seq)",
    NULL,
};

const char *const fuzz_words[] = {
    "|",
    "(",
    ")",
    "[",
    "]",
    ",",
    ":",
    "=",
    "*",
    "~",
    "<",
    ">",
    ">=",
    "!",
    "-",
    "\"",
    "'",
    "`",
    "\\",
    "\\x41",
    "\\u00e9",
    "\\",
    "#",
    "\n",
    " ",
    " or ",
    " and ",
    " not ",
    "_time:",
    "_msg:",
    "5m",
    "1h30m",
    "2026-11-22T10:00:00Z",
    "99999999999999999999",
    "1e400",
    "-0",
    "1.5KB",
    "stats ",
    "by (",
    "count()",
    "sum(x)",
    "quantile(0.5, y)",
    " as z",
    " if (",
    "sort by (a desc)",
    "limit 3",
    "head 1",
    "offset 2",
    "fields a",
    "top 2 by (b)",
    "uniq by (c)",
    "filter ",
    "in(",
    "range(",
    "i(",
    "(a+)+$",
    "[^\\w\\s]",
    "(?P<n>x)",
    "\\p{Greek}",
    "{1000}",
    "\xff",
    "\xc3\xa9",
    "_file:",
    "_stream:",
    "_format:json",
    "a.b.c:",
    "\"\"",
    "now-5m",
    "_time:1d",
    "body:10KB",
    NULL,
};

static const char block[] =
    "10.0.0.1 - - [22/Nov/2026:13:00:01 +0000] \"GET /item/77?x=y HTTP/1.1\" 200 512 \"-\" "
    "\"curl\"\n"
    "\n"
    "{\"_time\":\"2026-11-22T13:00:02Z\",\"level\":\"error\",\"a\":{\"b\":{\"c\":1}},\"seq\":3}\n"
    "plain error text with words\r\n"
    "::1 - bob [22/Nov/2026:13:00:03 +0100] \"POST /api HTTP/1.1\" 500 0 \"/\" \"\\x41\\\"z\" "
    "extra\n"
    "{\"ts\":1795352404,\"msg\":\"again\",\"level\":\"info\",\"seq\":1.5,\"x\":null}\n";

static const struct source_info source = {
    .file = {.ptr = "a.log", .len = 5},
    .stream = {.ptr = "{file=\"a.log\"}", .len = 14},
};

// The rows of an answer: in their order as one hash, and in any order as another.
struct rows {
    uint64_t in_order;
    uint64_t any_order;
    uint64_t count;
};

static int count_row(void *ctx, const struct bytes *names, const struct bytes *values, size_t count)
{
    struct rows *rows = ctx;
    uint64_t hash = 14695981039346656037u;
    for (size_t i = 0; i < 2 * count; i++) {
        struct bytes part = i % 2 == 0 ? names[i / 2] : values[i / 2];
        for (size_t j = 0; j < part.len; j++) {
            hash = (hash ^ (unsigned char)part.ptr[j]) * UINT64_C(1099511628211);
        }
        hash = (hash ^ (0x100 + i)) * UINT64_C(1099511628211);
    }
    rows->in_order = rows->in_order * 31 + hash;
    rows->any_order += hash;
    rows->count++;
    return 0;
}

static int scan(struct partial *state, const struct row_sink *sink, size_t begin, size_t end)
{
    const struct block_info info = {
        .source = &source,
        .offset = begin,
        .file = 1,
        .at_file_start = begin == 0,
        .at_file_end = true,
    };
    partial_set_sink(state, sink);
    return partial_scan(state, (struct bytes){block + begin, end - begin}, &info);
}

// Runs the query over the block, cut at a line if `cut` is not 0. False when it hit a limit.
static bool answer(const struct query *query, size_t cut, struct rows *rows)
{
    const struct row_sink sink = {.row = count_row, .ctx = rows};
    struct partial *first = partial_new(query, MEMORY_LIMIT);
    struct partial *second = cut == 0 ? NULL : partial_new(query, MEMORY_LIMIT);
    FUZZ_REQUIRE(first != NULL && (second != NULL || cut == 0));
    int result = scan(first, &sink, cut, sizeof block - 1);
    if (second != NULL) {
        result = result == 0 ? scan(second, &sink, 0, cut) : result;
        int merged = partial_merge(first, second);
        result = result == 0 ? merged : result;
    }
    result = result == 0 ? partial_finish(first, &sink) : result;
    FUZZ_REQUIRE(result == 0 || partial_error(first)[0] != '\0' || cut != 0);
    partial_free(first);
    return result == 0;
}

static char to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool holds_word(struct bytes text, const char *word)
{
    size_t length = strlen(word);
    for (size_t at = 0; at + length <= text.len; at++) {
        size_t same = 0;
        while (same < length && to_lower(text.ptr[at + same]) == word[same]) {
            same++;
        }
        if (same == length) {
            return true;
        }
    }
    return false;
}

// Behind a limit without an order, which rows there are depends on the way.
static bool is_determined(struct bytes text)
{
    return !holds_word(text, "limit") && !holds_word(text, "head") && !holds_word(text, "offset");
}

// Changes a query as the arguments of a request do, by a byte of the input.
static void change(struct query *query, uint8_t how)
{
    static const struct bytes fields[] = {{"status", 6}, {"a.b.c", 5}};
    struct query_error error = {0};
    switch (how % 8) {
    case 1:
        (void)query_add_time_range(query, NOW_NS - 3600000000000, NOW_NS + 10, &error);
        break;
    case 2:
        (void)query_set_newest_limit(query, 2, &error);
        break;
    case 3:
        (void)query_make_hits(query, 60000000000, fields, 2, &error);
        break;
    case 4:
        (void)query_make_field_names(query, 3, &error);
        break;
    case 5:
        (void)query_make_field_values(query, fields[0], 2, &error);
        break;
    default:
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    struct bytes text = {(const char *)data + 1, size - 1};
    struct query_limits limits = query_limits_default();
    limits.regex_memory = (size_t)1024 * 1024;
    struct query_error error = {0};
    struct query *query = query_compile(text, &limits, NOW_NS, &error);
    if (query == NULL) {
        FUZZ_REQUIRE(error.text[0] != '\0');
        FUZZ_REQUIRE(error.position <= text.len);
        FUZZ_REQUIRE(memchr(error.text, '\0', sizeof error.text) != NULL);
        return 0;
    }
    uint8_t how = data[0];
    change(query, how);
    struct rows one = {0};
    struct rows two = {0};
    const char *middle = memchr(block + sizeof block / 3, '\n', sizeof block / 3);
    bool is_whole = answer(query, 0, &one);
    bool is_cut = answer(query, (size_t)(middle - block) + 1, &two);
    FUZZ_REQUIRE(is_whole == is_cut);
    if (is_whole && is_determined(text) && how % 8 != 2 && how % 8 != 5) {
        FUZZ_REQUIRE(one.count == two.count && one.any_order == two.any_order);
    }
    query_free(query);
    return 0;
}
