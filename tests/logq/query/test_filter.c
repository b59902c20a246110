// SPDX-License-Identifier: MIT
// test_filter.c: which records a filter lets through.
#include "query_support.h"

#define ACCESS                                                                                     \
    "10.0.0.1 - john smith [22/Nov/2026:09:59:00 +0000] \"GET /a%20b?x=1 HTTP/1.1\" 200 1234 "     \
    "\"https://example.com/\" \"curl/8.4 \\\"x\\\"\""

// Whether the only line of a log is let through; asked with and without searching it first.
static bool passes(const char *filter, struct bytes line)
{
    struct query *query = compiled(filter);
    struct way way = {0};
    char *searched = run_text(query, line, &way);
    way.without_prefilter = true;
    char *read = run_text(query, line, &way);
    ck_assert_msg(strcmp(searched, read) == 0, "`%s`: searching first gives\n%s, reading\n%s",
                  filter, searched, read);
    ck_assert_msg(strncmp(read, "error", 5) != 0, "`%s`: %s", filter, read);
    bool result = read[0] != '\0';
    free(searched);
    free(read);
    query_free(query);
    return result;
}

struct expectation {
    const char *filter;
    const char *line;
    bool passes;
};

static void check_all(const struct expectation *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool got = passes(table[i].filter, bytes_of(table[i].line));
        ck_assert_msg(got == table[i].passes, "`%s` on `%s`: %d", table[i].filter, table[i].line,
                      got);
        struct text inverse = {0};
        text_put(&inverse, "!(");
        text_put(&inverse, table[i].filter);
        text_put(&inverse, ")");
        ck_assert_msg(passes(inverse.ptr, bytes_of(table[i].line)) != got, "`%s` on `%s`",
                      inverse.ptr, table[i].line);
        free(inverse.ptr);
    }
}

#define CHECK_ALL(table) check_all(table, sizeof(table) / sizeof((table)[0]))

static const struct expectation texts[] = {
    {"*", "x", true},
    {"error", "error", true},
    {"error", "an error happened", true},
    {"error", "error: cannot", true},
    {"error", "(error)", true},
    {"error", "errors", false},
    {"error", "terror", false},
    {"error", "ERROR", false},
    {"error", "_error", false},
    {"error", "error_", false},
    {"error", "error5", false},
    {"error", "5error", false},
    {"error", "errors error", true},
    {"error", "errorerror error.", true},
    {"error", "x-error-y", true},
    {"error",
     "\xc3\xa9rror \xc3\xa9"
     "error",
     false}, // a letter beyond ASCII before it
    {"error", "error\xc3\xa9", false},
    {"error",
     "\xe2\x82\xac"
     "error\xe2\x82\xac",
     true}, // the euro sign is no letter
    {"error",
     "\xff"
     "error\xfe",
     true}, // bytes that are no UTF-8 are no letters
    {"error",
     "\xc3"
     "error",
     true},
    {"error",
     "\xd0\xb6"
     "error",
     false},
    {"error",
     "\xd9\xa1"
     "error",
     true}, // a digit beyond ASCII is no word character
    {"error",
     "\xf0\x90\x8c\x80"
     "error",
     false}, // a letter of four bytes
    {"caf\xc3\xa9", "un caf\xc3\xa9 noir", true},
    {"caf\xc3\xa9", "caf\xc3\xa9s", false},
    {"caf", "caf\xc3\xa9", false},
    {"\"GET /\"", "GET /x", true},
    {"\"GET /\"", "xGET /x", false},
    {"\"/api\"", "x/api y", true},
    {"\"/api\"", "x/apis", false},
    {"\"a b\"", "a b", true},
    {"\"a b\"", "a  b", false},
    {"\"a b\"", "xa b a b", true},
    {"\": \"", "a: b", true},
    {"\": \"", "a:b", false},
    {"\"-\"", "a-b", true},
    {"\"aa\"", "aaa aa", true},
    {"\"aa\"", "aaa", false},
    {"err*", "errors", true},
    {"err*", "err", true},
    {"err*", "terror", false},
    {"err*", "terror err5", true},
    {"\"cannot o\"*", "cannot open", true},
    {"\"cannot o\"*", "cannot pen", false},
    {"*rror*", "terrors", true},
    {"*rror*", "rror", true},
    {"*rror*", "rRor", false},
    {"*\"\\xff\"*",
     "a\xff"
     "b",
     true},
    {"\"\\xff\"",
     "a\xff"
     "b",
     true},
    {"i(error)", "an ERROR", true},
    {"i(ERROR)", "an Error.", true},
    {"i(error)", "ERRORS", false},
    {"i(err*)", "ERRORS", true},
    {"i(\"GET /\")", "get /x", true},
    {"i(\xd0\x9e\xd0\xa8\xd0\x98)", "\xd0\xbe\xd1\x88\xd0\xb8", true},
    {"i(stra\xc3\x9f"
     "e)",
     "STRA\xc3\x9f"
     "E",
     true},
    {"i(k)", "\xe2\x84\xaa", true}, // the Kelvin sign
    {"i(\xe2\x84\xaa)", "K", true},
    {"i(i)", "\xc4\xb0", true}, // I with a dot above
    {"i(\"42 errors\")", "42 ERRORS", true},
    {"i(\"\\xffx\")", "\xffX", true},
    {"=\"error\"", "error", true},
    {"=\"error\"", "error ", false},
    {"=\"err\"*", "error", true},
    {"=\"err\"*", "an error", false},
    {"\"\"", "x", false},
    {"_msg:*", "x", true},
    {"nosuch:\"\"", "x", true},
    {"nosuch:*", "x", false},
    {"_msg:in(a, b)", "b", true},
    {"_msg:in(a, b)", "c", false},
    {"nosuch:in(a, \"\")", "c", true},
    {"_msg:in()", "c", false},
};

START_TEST(words_phrases_and_parts)
{
    CHECK_ALL(texts);
}
END_TEST

START_TEST(bytes_that_end_strings_are_data)
{
    static const char line[] = "a\0error\0b";
    struct bytes bytes = {line, sizeof(line) - 1};
    ck_assert(passes("error", bytes));
    ck_assert(passes("\"\\x00error\\x00\"", bytes));
    ck_assert(!passes("\"\\x00errorb\"", bytes));
    ck_assert(passes("=\"a\\x00error\\x00b\"", bytes));
    ck_assert(passes("~`a\\x00e`", bytes));
    ck_assert(passes("*\"\\x00\"*", bytes));
}
END_TEST

START_TEST(numbers_are_compared_exactly)
{
    static const struct expectation table[] = {
        {"_msg:>10", "11", true},
        {"_msg:>10", "10", false},
        {"_msg:>10", "10.0000000000000000000000000000000000001", true},
        {"_msg:>=10", "1e1", true},
        {"_msg:>=10", "9.99999999999999999999999999999999", false},
        {"_msg:<10", "9", true},
        {"_msg:<10", "-11", true},
        {"_msg:<10", "10.0", false},
        {"_msg:<=10", "10.0", true},
        {"_msg:<=10", "100e-1", true},
        {"_msg:>10", "ten", false},
        {"_msg:<10", "ten", false},
        {"_msg:<10", "5s", false},
        {"_msg:<10", "+5", false},
        {"_msg:<10", "5.", false},
        {"_msg:<10", ".5", false},
        {"_msg:<10", "0x5", false},
        {"_msg:<10", " 5", false},
        {"_msg:<10", "-0", true},
        {"_msg:>=0", "-0", true},
        {"nosuch:<10", "5", false},
        {"_msg:>9007199254740992", "9007199254740993", true},
        {"_msg:>9007199254740992.5", "9007199254740993", true},
        {"_msg:>9007199254740993", "9007199254740993.1", true},
        {"_msg:<9007199254740993", "9007199254740992.999", true},
        {"_msg:>0.1", "0.1000000000000000055511151231257827", true},
        {"_msg:<0.1", "0.1000000000000000055511151231257827", false},
        {"_msg:>1e400", "1e401", true},
        {"_msg:>1e400", "1e400", false},
        {"_msg:>1e-400", "0", false},
        {"_msg:<1e-400", "0", true},
        {"_msg:<1e-400", "1e-401", true},
        {"_msg:>=999999999999999999", "999999999999999999", true},
        {"_msg:>=1000000000000000000", "999999999999999999", false},
        {"_msg:>=1000000000000000000", "1000000000000000000", true},
        {"_msg:<99999999999999999999999", "999999999999999999", true},
        {"_msg:>-99999999999999999999999", "-999999999999999999", true},
        {"_msg:>4.2", "4", false},
        {"_msg:>4.2", "5", true},
        {"_msg:<4.2", "4", true},
        {"_msg:<-4.2", "-4", false},
        {"_msg:<-4.2", "-5", true},
        {"_msg:>-4.2", "-4", true},
        {"_msg:>10KB", "10001", true},
        {"_msg:>10KB", "10000", false},
        {"_msg:>=1KiB", "1024", true},
        {"_msg:>=1KiB", "1023.9", false},
        {"_msg:>=1.5s", "1500000000", true},
        {"_msg:>1_000", "1001", true},
        {"_msg:range(1,3)", "1", false},
        {"_msg:range(1,3)", "2", true},
        {"_msg:range(1,3)", "3", false},
        {"_msg:range[1,3]", "1", true},
        {"_msg:range[1,3]", "3", true},
        {"_msg:range(1,3]", "1", false},
        {"_msg:range[1,3)", "3", false},
        {"_msg:range(3,1)", "2", false},
        {"_msg:range(-inf,inf)", "-1e999", true},
        {"_msg:range(-inf,inf)", "x", false},
    };
    CHECK_ALL(table);
}
END_TEST

START_TEST(fields_of_access_log_lines)
{
    static const struct expectation table[] = {
        {"status:200", ACCESS, true},
        {"status:=200", ACCESS, true},
        {"status:2*", ACCESS, true},
        {"status:20", ACCESS, false},
        {"status:>=200 status:<300", ACCESS, true},
        {"request_method:GET", ACCESS, true},
        {"request_uri:=\"/a%20b?x=1\"", ACCESS, true},
        {"server_protocol:=\"HTTP/1.1\"", ACCESS, true},
        {"remote_user:\"john smith\"", ACCESS, true},
        {"http_user_agent:=`curl/8.4 \"x\"`", ACCESS, true},
        {"http_user_agent:*`4 \"x`*", ACCESS, true},
        {"_msg:*`4 \\\"x`*", ACCESS, true}, // the line itself keeps its back-slashes
        {"_msg:*`4 \"x`*", ACCESS, false},
        {"http_user_agent:~`\"x\"$`", ACCESS, true},
        {"body_bytes_sent:>1KB", ACCESS, true},
        {"extra:\"\"", ACCESS, true},
        {"host:*", ACCESS, false},
        {"_format:combined", ACCESS, true},
        {"_file:=a.log", ACCESS, true},
        {"_stream:*a.log*", ACCESS, true},
        {"john", ACCESS, true},
        {"_time:5m", ACCESS, true},
        {"_time:30s", ACCESS, false},
        {"_time:2026-11-22T09:59Z", ACCESS, true},
        {"_time:=\"2026-11-22T09:59:00Z\"", ACCESS, true},
        {"_time:*", ACCESS, true},
        {"_time:\"\"", ACCESS, false},
        {"_time:5m", "text", false},
        {"_time:\"\"", "text", true},
        {"server_protocol:\"HTTP/0.9\"", "a - - [22/Nov/2026:10:11:12 +0000] \"GET /x\" 200 5",
         true},
        {"server_protocol:*0.9*", "a - - [22/Nov/2026:10:11:12 +0000] \"GET /x\" 200 5", true},
        {"request_uri:=\"/x\"", "a - - [22/Nov/2026:10:11:12 +0000] \"GET /\\x78\" 200 5", true},
        {"request_uri:*\"\\n\"*", "a - - [22/Nov/2026:10:11:12 +0000] \"GET /\\n HTTP/1.0\" 200 5",
         true},
        {"request_uri:=\"/\\v\"", "a - - [22/Nov/2026:10:11:12 +0000] \"GET /\\v HTTP/1.0\" 200 5",
         true},
        {"status:\"\"", "a - - [22/Nov/2026:10:11:12 +0000] \"GET /x\" - -", true},
    };
    CHECK_ALL(table);
}
END_TEST

START_TEST(fields_of_json_lines)
{
    static const struct expectation table[] = {
        {"error", "{\"msg\":\"an error\"}", true},
        {"msg", "{\"msg\":\"an error\"}", false},    // the name is not in the message
        {"other", "{\"other\":\"an error\"}", true}, // but in the line, which is the message then
        {"level:error", "{\"level\":\"error\"}", true},
        {"level:error", "{\"l\\u0065vel\":\"err\\u006fr\"}", true},
        {"level:=error", "{\"level\":\"\\u0065\\u0072\\u0072\\u006f\\u0072\"}", true},
        {"error", "{\"msg\":\"err\\u006Fr\"}", true},
        {"msg:=\"a\\\"b\"", "{\"msg\":\"a\\\"b\"}", true},
        {"msg:=`a\\b`", "{\"msg\":\"a\\\\b\"}", true},
        {"msg:=\"/x\"", "{\"msg\":\"\\/x\"}", true},
        {"\"/x\"", "{\"msg\":\"\\/x\"}", true},
        {"msg:=\"a\\tb\"", "{\"msg\":\"a\\tb\"}", true},
        {"msg:=\"a\\fb\\bc\\rd\\ne\"", "{\"msg\":\"a\\fb\\bc\\rd\\ne\"}", true},
        {"msg:=\"\xf0\x9f\x98\x80\"", "{\"msg\":\"\\ud83d\\ude00\"}", true},
        {"msg:=\"\xef\xbf\xbd\"", "{\"msg\":\"\\ud83d\"}", true},
        {"a.b:=c", "{\"a\":{\"b\":\"c\"}}", true},
        {"a:=1.50", "{\"a\":1.50}", true},
        {"a:>1 a:<2", "{\"a\":1.50}", true},
        {"a:=true", "{\"a\":true}", true},
        {"a:\"\"", "{\"a\":null}", true},
        {"a:=\"[1, 2]\"", "{\"a\":[1, 2]}", true},
        {"a:=\"[\\\"\\\\u0041\\\"]\"", "{\"a\":[\"\\u0041\"]}", true},
        {"a:=y", "{\"a\":\"x\",\"a\":\"y\"}", true},
        {"a:=x", "{\"a\":\"x\",\"a\":\"y\"}", false},
        {"~`err[o]r`", "{\"msg\":\"an err\\u006fr\"}", true},
        {"level:~`^(warn|error)$`", "{\"level\":\"\\u0065rror\"}", true},
        {"level:in(warn, error)", "{\"level\":\"\\u0065rror\"}", true},
        {"level:in(warn, error) or level:=x", "{\"level\":\"\\u0078\"}", true},
        {"i(\"42\")", "{\"msg\":\"\\u0034\\u0032\"}", true},
        {"_time:2026-11-22Z", "{\"ts\":1795341600,\"msg\":\"x\"}", true},
        {"_format:json", "{\"a\":1}", true},
        {"_format:text", "{\"a\":1", true},
        {"_file:x", "{\"_file\":\"x\"}", false},
    };
    CHECK_ALL(table);
}
END_TEST

// Writes a random combination of the leaves, and says whether it holds when those leaves are there
// whose bits are set.
static bool put_logic(struct text *query, const char *const leaves[4], unsigned present,
                      unsigned depth)
{
    unsigned kind = depth == 0 ? 0 : random_below(4);
    if (kind == 0) {
        unsigned leaf = random_below(4);
        text_put(query, leaves[leaf]);
        return (present >> leaf & 1) != 0;
    }
    if (kind == 1) {
        static const char *const marks[] = {"!(", "NOT (", "-("};
        text_put(query, marks[random_below(3)]);
        bool inside = put_logic(query, leaves, present, depth - 1);
        text_put(query, ")");
        return !inside;
    }
    text_put(query, "(");
    bool left = put_logic(query, leaves, present, depth - 1);
    text_put(query, kind == 2 ? (random_below(2) == 0 ? " " : " and ") : " OR ");
    bool right = put_logic(query, leaves, present, depth - 1);
    text_put(query, ")");
    return kind == 2 ? left && right : left || right;
}

START_TEST(logic_is_logic)
{
    random_start(2);
    static const char *const leaves[] = {"a", "b", "c", "d"};
    for (unsigned round = scaled(400); round > 0; round--) {
        unsigned present = random_below(16);
        struct text line = {0};
        struct text query = {0};
        text_put(&line, "x");
        for (unsigned i = 0; i < 4; i++) {
            text_put(&line, (present >> i & 1) != 0 ? " " : "");
            text_put(&line, (present >> i & 1) != 0 ? leaves[i] : "");
        }
        bool expected = put_logic(&query, leaves, present, 4);
        ck_assert_msg(passes(query.ptr, bytes_of(line.ptr)) == expected, "`%s` on `%s`", query.ptr,
                      line.ptr);
        free(query.ptr);
        free(line.ptr);
    }
}
END_TEST

START_TEST(a_field_that_a_pipe_dropped_is_missing)
{
    static const char log[] = ACCESS "\n";
    CHECK_ROWS("* | fields status | filter request_method:GET", log, "");
    CHECK_ROWS("* | fields status | filter request_method:\"\"", log, "{\"status\":\"200\"}\n");
    CHECK_ROWS("* | fields status | filter _time:2026Z", log, "");
    CHECK_ROWS("* | fields status, _time | filter _time:2026Z", log,
               "{\"status\":\"200\",\"_time\":\"2026-11-22T09:59:00Z\"}\n");
    CHECK_ROWS("* | fields status | filter curl", log, "");
    CHECK_ROWS("* | stats by (_time:1h) count() n | filter _time:2026-11-22T09Z", log,
               "{\"_time\":\"2026-11-22T09:00:00Z\",\"n\":\"1\"}\n");
    CHECK_ROWS("* | stats by (status) count() n | filter n:>0 status:200 | fields n", log,
               "{\"n\":\"1\"}\n");
    CHECK_ROWS("* | limit 5 | filter status:200 | fields status", log, "{\"status\":\"200\"}\n");
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("filter");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, words_phrases_and_parts);
    tcase_add_test(tcase, bytes_that_end_strings_are_data);
    tcase_add_test(tcase, numbers_are_compared_exactly);
    tcase_add_test(tcase, fields_of_access_log_lines);
    tcase_add_test(tcase, fields_of_json_lines);
    tcase_add_test(tcase, logic_is_logic);
    tcase_add_test(tcase, a_field_that_a_pipe_dropped_is_missing);
    return run_case(tcase, "logq/query/filter");
}
