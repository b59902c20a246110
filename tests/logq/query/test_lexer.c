// SPDX-License-Identifier: MIT
// test_lexer.c: how the text of a query falls apart.
#include "query_support.h"

#include "query/lexer.h"

static struct arena arena;
static struct query_error error;

static struct lexer lexer_of(const char *text)
{
    struct lexer lexer;
    error = (struct query_error){0};
    ck_assert_msg(lexer_init(&lexer, bytes_of(text), &arena, &error), "%s: %s", text, error.text);
    return lexer;
}

// The tokens as text: words as they are, quoted ones in <>, marks in [], a `_` for a space before.
static char *tokens_of(const char *text)
{
    struct text out = {0};
    text_put(&out, "");
    struct lexer lexer = lexer_of(text);
    while (lexer.token.kind != TOKEN_END) {
        const char *around = lexer.token.kind == TOKEN_WORD     ? "''"
                             : lexer.token.kind == TOKEN_QUOTED ? "<>"
                                                                : "[]";
        text_put(&out, lexer.token.after_space ? "_" : "");
        text_add(&out, around, 1);
        text_add(&out, lexer.token.text.ptr, lexer.token.text.len);
        text_add(&out, around + 1, 1);
        if (!lexer_next(&lexer)) {
            text_put(&out, " error: ");
            text_put(&out, error.text);
            break;
        }
    }
    return out.ptr;
}

START_TEST(text_falls_into_tokens)
{
    static const struct {
        const char *text;
        const char *tokens;
    } table[] = {
        {"", ""},
        {"  \t\r\n ", ""},
        {"# nothing but a comment", ""},
        {"error", "'error'"},
        {"foo-bar", "'foo-bar'"},
        {"-foo", "[-]'foo'"},
        {"a=b", "'a=b'"},
        {"=b", "[=]'b'"},
        {"a:=b", "'a'[:][=]'b'"},
        {"a:>=5", "'a'[:][>][=]'5'"},
        {"a:!~\"x\"", "'a'[:][!][~]<x>"},
        {"wow!", "'wow!'"},
        {"err*", "'err'[*]"},
        {"*err*", "[*]'err'[*]"},
        {"a(b)c", "'a'[(]'b'[)]'c'"},
        {"a | b", "'a'_[|]_'b'"},
        {"a#b\nc", "'a'_'c'"},
        {"a # b | c\n d", "'a'_'d'"},
        {"\"a\"b", "<a>'b'"},
        {"_time:[2026-11-22T10:11:12Z, x)",
         "'_time'[:][[]'2026-11-22T10'[:]'11'[:]'12Z'[,]_'x'[)]"},
        {"{app=\"x\"}", "[{]'app='<x>[}]"},
        {"\xc3\xa9t\xc3\xa9 \xff", "'\xc3\xa9t\xc3\xa9'_'\xff'"},
        {"/a/b?c=d&e=1.2.3.4", "'/a/b?c=d&e=1.2.3.4'"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char *tokens = tokens_of(table[i].text);
        ck_assert_str_eq(tokens, table[i].tokens);
        free(tokens);
    }
}
END_TEST

START_TEST(quotes_are_those_of_go)
{
    static const struct {
        const char *text;
        const char *means;
        size_t length;
    } table[] = {
        {"\"\"", "", 0},
        {"\"a b\"", "a b", 3},
        {"'a \"b\"'", "a \"b\"", 5},
        {"'it\\'s'", "it's", 4},
        {"`a\\n\"'`", "a\\n\"'", 5},
        {"``", "", 0},
        {"\"\\a\\b\\f\\n\\r\\t\\v\\\\\\\"\"", "\a\b\f\n\r\t\v\\\"", 9},
        {"\"\\x41\\xff\"", "A\xff", 2},
        {"\"\\000\\101\\377\"", "\0A\xff", 3},
        {"\"\\u00e9\\u20AC\"", "\xc3\xa9\xe2\x82\xac", 5},
        {"\"\\U0001F600\"", "\xf0\x9f\x98\x80", 4},
        {"\"a\\x00b\"", "a\0b", 3},
        {"\"# no comment\"", "# no comment", 12},
        {"\"two\nlines\"", "two\nlines", 9},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct lexer lexer = lexer_of(table[i].text);
        ck_assert_int_eq(lexer.token.kind, TOKEN_QUOTED);
        ck_assert_msg(
            bytes_equal(lexer.token.text, (struct bytes){table[i].means, table[i].length}), "%s",
            table[i].text);
        ck_assert(lexer_next(&lexer));
        ck_assert_int_eq(lexer.token.kind, TOKEN_END);
    }
}
END_TEST

START_TEST(bad_quotes_are_refused_where_they_are)
{
    static const struct {
        const char *text;
        size_t position;
        const char *says;
    } table[] = {
        {"\"abc", 0, "closing \""},       {"'abc\"", 0, "closing '"},
        {"`abc", 0, "closing `"},         {"\"abc\\\"", 0, "closing \""},
        {"\"ab\\", 0, "closing \""},      {"\"a\\qb\"", 2, "escape"},
        {"\"\\x4\"", 1, "escape"},        {"\"\\x4g\"", 1, "escape"},
        {"\"\\u12\"", 1, "escape"},       {"\"\\ud800\"", 1, "escape"},
        {"\"\\U00110000\"", 1, "escape"}, {"\"\\400\"", 1, "escape"},
        {"\"\\08\"", 1, "escape"},        {"  'x\\xzz'", 4, "escape"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct lexer lexer;
        error = (struct query_error){0};
        ck_assert_msg(!lexer_init(&lexer, bytes_of(table[i].text), &arena, &error), "%s",
                      table[i].text);
        ck_assert_msg(error.position == table[i].position, "%s: at %zu", table[i].text,
                      error.position);
        ck_assert_msg(strstr(error.text, table[i].says) != NULL, "%s: %s", table[i].text,
                      error.text);
    }
}
END_TEST

START_TEST(a_value_may_hold_marks)
{
    static const struct {
        const char *text;
        const char *value; // NULL: none
        const char *rest;
    } table[] = {
        {"5m", "5m", ""},
        {"-5m)", "-5m", "[)]"},
        {"2026-11-22T10:11:12+05:30]", "2026-11-22T10:11:12+05:30", "[]]"},
        {"10.0.0.1:80, b", "10.0.0.1:80", "[,]_'b'"},
        {"\"a, b\", c", "a, b", "[,]_'c'"},
        {"a=b<c>d!e~f", "a=b<c>d!e~f", ""},
        {"x*", "x", "[*]"},
        {"", NULL, NULL},
        {")", NULL, NULL},
        {", a", NULL, NULL},
        {"| a", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct lexer lexer = lexer_of(table[i].text);
        struct bytes value;
        bool found = lexer_take_value(&lexer, "a thing", &value);
        ck_assert_msg(found == (table[i].value != NULL), "%s", table[i].text);
        if (!found) {
            ck_assert(strstr(error.text, "expected a thing, found") != NULL);
            continue;
        }
        ck_assert_msg(bytes_equal(value, bytes_of(table[i].value)), "%s", table[i].text);
        struct text rest = {0};
        text_put(&rest, "");
        while (lexer.token.kind != TOKEN_END) {
            text_put(&rest, lexer.token.after_space ? "_" : "");
            text_put(&rest, lexer.token.kind == TOKEN_MARK ? "[" : "'");
            text_add(&rest, lexer.token.text.ptr, lexer.token.text.len);
            text_put(&rest, lexer.token.kind == TOKEN_MARK ? "]" : "'");
            ck_assert(lexer_next(&lexer));
        }
        ck_assert_str_eq(rest.ptr, table[i].rest);
        free(rest.ptr);
    }
}
END_TEST

START_TEST(words_are_known_in_any_case)
{
    struct lexer lexer = lexer_of("AnD \"and\" andy");
    ck_assert(lexer_is_word(&lexer, "and"));
    ck_assert(lexer_next(&lexer));
    ck_assert(!lexer_is_word(&lexer, "and"));
    ck_assert(lexer_next(&lexer));
    ck_assert(!lexer_is_word(&lexer, "and"));
}
END_TEST

START_TEST(many_quotes_need_memory_in_proportion)
{
    struct text text = {0};
    for (int i = 0; i < 20000; i++) {
        text_put(&text, "\"a\\n\"");
    }
    struct lexer lexer;
    ck_assert(lexer_init(&lexer, (struct bytes){text.ptr, text.len}, &arena, &error));
    while (lexer.token.kind != TOKEN_END) {
        ck_assert(lexer_next(&lexer));
    }
    ck_assert_uint_lt(arena_used(&arena), text.len * 8);
    free(text.ptr);
}
END_TEST

START_TEST(excerpts_are_short_and_harmless)
{
    char out[QUERY_EXCERPT_LIMIT];
    ck_assert_str_eq(query_excerpt(bytes_of("a\x1b[31m\n\x7f"), out), "a?[31m??");
    ck_assert_str_eq(query_excerpt(bytes_of("\xff\xc3"), out), "\xef\xbf\xbd\xef\xbf\xbd");
    char longer[200];
    memset(longer, 'x', sizeof(longer));
    query_excerpt((struct bytes){longer, sizeof(longer)}, out);
    ck_assert_uint_lt(strlen(out), QUERY_EXCERPT_LIMIT);
    ck_assert(strstr(out, "...") != NULL);
}
END_TEST

int main(void)
{
    arena_init(&arena, (size_t)16 * 1024 * 1024);
    TCase *tcase = tcase_create("lexer");
    tcase_add_test(tcase, text_falls_into_tokens);
    tcase_add_test(tcase, quotes_are_those_of_go);
    tcase_add_test(tcase, bad_quotes_are_refused_where_they_are);
    tcase_add_test(tcase, a_value_may_hold_marks);
    tcase_add_test(tcase, words_are_known_in_any_case);
    tcase_add_test(tcase, many_quotes_need_memory_in_proportion);
    tcase_add_test(tcase, excerpts_are_short_and_harmless);
    int result = run_case(tcase, "logq/query/lexer");
    arena_free(&arena);
    return result;
}
