// SPDX-License-Identifier: MIT
// test_regex.c: regular expressions mean what they mean to Go, and what they require is required.
#include "query_support.h"

#include "query/regex_pattern.h"

#define REGEX_MEMORY ((size_t)8 * 1024 * 1024)

static struct arena arena;

// A pattern made ready as a filter makes it ready.
struct ready {
    struct bytes pattern;
    struct regex *regex; // NULL: refused
    struct regex_error error;
};

static struct ready ready_of(struct bytes pattern)
{
    struct ready ready = {.regex = NULL};
    if (!regex_pattern_prepare(pattern, &arena, &ready.pattern, &ready.error)) {
        return ready;
    }
    ready.regex = regex_new(ready.pattern, REGEX_MEMORY, &ready.error);
    if (ready.regex != NULL) {
        regex_free(ready.regex);
        ready.pattern = regex_pattern_align(ready.pattern, &arena);
        ready.regex = regex_new(ready.pattern, REGEX_MEMORY, &ready.error);
        ck_assert_ptr_nonnull(ready.regex);
    }
    return ready;
}

static bool matches(struct bytes pattern, struct bytes text)
{
    struct ready ready = ready_of(pattern);
    ck_assert_msg(ready.regex != NULL, "%.*s: %s", (int)pattern.len, pattern.ptr, ready.error.text);
    struct budget budget;
    struct memory memory;
    struct matcher matcher;
    budget_init(&budget, TEST_MEMORY);
    memory_init(&memory, &budget);
    ck_assert_int_eq(matcher_init(&matcher, &ready.regex, 1, &memory, UINT64_C(1) << 40), 0);
    const struct filter filter = {
        .kind = FILTER_REGEX,
        .regex = {.steps_per_byte = regex_steps_per_byte(ready.regex)},
    };
    const struct row row = {.values = &text};
    bool result = filter_match(&filter, &row, &matcher);
    ck_assert_ptr_null(matcher.failure);
    matcher_free(&matcher);
    memory_end(&memory);
    ck_assert_uint_eq(atomic_load(&budget.used), 0);
    regex_free(ready.regex);
    return result;
}

static const struct {
    const char *pattern;
    const char *text;
    bool matches;
} meanings[] = {
    {"", "", true},
    {"", "x", true},
    {"^$", "", true},
    {"b", "abc", true},
    {"^b", "abc", false},
    {"c$", "abc", true},
    {"c$", "abc\n", false}, // the end of the text only
    {"(?m)c$", "abc\nd", true},
    {"^d", "abc\nd", false},
    {"(?m)^d", "abc\nd", true},
    {"a.c", "a\nc", false},
    {"(?s)a.c", "a\nc", true},
    {"a.c",
     "a\xc3\xa9"
     "c",
     true},
    {"^a..c$",
     "a\xc3\xa9"
     "c",
     false},
    {"\\s", "\v", false},
    {"\\s", "\f", true},
    {"\\w", "\xc3\xa9", false},
    {"\\pL", "\xc3\xa9", true},
    {"[[:alpha:]]", "\xc3\xa9", false},
    {"(?i)\xc3\x89", "\xc3\xa9", true},
    {"(?i)k", "\xe2\x84\xaa", true},
    {"\\bx\\b", "\xc3\xa9x", true},
    {"\\x41\\x{e9}", "A\xc3\xa9", true},
    {"\\101", "A", true},
    {"\\Qa.b\\E+", "a.bb", true},
    {"\\Qa.b", "axb", false},
    {"x{2,3}y", "xxy", true},
    {"x{,2}", "x{,2}", true},
    {"x{02}", "x{02}", true},
    {"(?P<n>a)(?<m>b)", "ab", true},
    {"a|b|", "c", true},
    {"[^\\x00-\\x{10FFFF}]", "x", false},
    {"(?U)a+", "a", true},
    // Each byte that is no UTF-8 is one U+FFFD.
    {"^.$", "\xff", true},
    {"^..$", "\xff\xfe", true},
    {"^...$", "\xed\xa0\x80", true},
    {"^.$", "\xc3\xa9", true},
    {"^.x$", "\xc3x", true},
    {"\\x{FFFD}", "\xff", true},
    {"\xef\xbf\xbd", "a\xff", true},
    {"a[^b]c",
     "a\xff"
     "c",
     true},
    {"^\\W$", "\xff", true},
    {"^[^a]{2}$", "\xf0\x9f", true},
    // Not inside a character.
    {"\\B",
     "9\xc5\xbf"
     "b",
     false},
    {"\\B", "\xc3\xa9\xc3\xa9", true},
    {"a\\Bb|\\B$", "ab", true},
    {"\\B\\Qab", "cab", true},
    {"\\B\\Qab", "c ab", false},
    {"\\Ba\\Q)", "xa)", true},
};

START_TEST(patterns_mean_what_they_mean_to_go)
{
    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        bool got = matches(bytes_of(meanings[i].pattern), bytes_of(meanings[i].text));
        ck_assert_msg(got == meanings[i].matches, "`%s` on `%s`: %d", meanings[i].pattern,
                      meanings[i].text, got);
    }
    ck_assert(matches(bytes_of("^a\\x00b$"), (struct bytes){"a\0b", 3}));
    ck_assert(matches((struct bytes){"^a\0b$", 5}, (struct bytes){"a\0b", 3}));
}
END_TEST

START_TEST(what_go_refuses_is_refused)
{
    static const char *const table[] = {
        "(",
        ")",
        "a)",
        "[a",
        "a**",
        "a++",
        "a?+",
        "*",
        "(*)",
        "a{1001}",
        "a{2,1}",
        "(?=a)",
        "(?!a)",
        "(?<=a)",
        "(?<!a)",
        "(?>a)",
        "(a)\\1",
        "\\8",
        "\\Z",
        "\\h",
        "\\C",
        "a\\Cb",
        "[\\C]",
        "(?x)a",
        "\\x4",
        "\\x{110000}",
        "\\pX",
        "[[:nosuch:]]",
        "[z-a]",
        "\\",
        "(?P=n)",
        "\\u0041",
        "a{100000000000}",
        "a{1,100000000000}",
        "((a{1000}){1000})",
        "\xff",
        "(?i",
        "\\E",
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct ready ready = ready_of(bytes_of(table[i]));
        ck_assert_msg(ready.regex == NULL, "`%s` is taken", table[i]);
        ck_assert_msg(ready.error.text[0] != '\0', "`%s` is refused without a word", table[i]);
    }
    // These only look like it.
    static const char *const taken[] = {
        "\\\\C",           "\\Q\\C\\E", "[(?=]", "a\\{100000000000}", "a{00100000000000}",
        "[{]100000000000}"};
    for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++) {
        struct ready ready = ready_of(bytes_of(taken[i]));
        ck_assert_msg(ready.regex != NULL, "`%s`: %s", taken[i], ready.error.text);
        regex_free(ready.regex);
    }
}
END_TEST

START_TEST(memory_and_steps_are_bounded)
{
    struct regex_error error;
    ck_assert_ptr_null(regex_new(bytes_of("\\pL{100}"), 64 * 1024, &error));
    ck_assert(strstr(error.text, "memory") != NULL);
    // One step for each instruction and byte: named when it is too much for one value.
    struct query_limits limits = query_limits_default();
    struct query_error query_error;
    limits.regex_steps = 1000;
    struct query *query = query_compile(bytes_of("~`[ab]{20}c`"), &limits, TEST_NOW, &query_error);
    ck_assert_ptr_nonnull(query);
    const struct way way = {0};
    char *rows = run_text(query, bytes_of("abab"), &way);
    ck_assert_str_eq(rows, "");
    free(rows);
    rows = run_text(query, bytes_of("abababababababababababababababababababababababababababab c"),
                    &way);
    ck_assert(strstr(rows, "regex steps") != NULL);
    free(rows);
    query_free(query);
}
END_TEST

// A pattern that makes backtracking engines count every way to cut the text.
START_TEST(no_pattern_stalls)
{
    struct text text = {0};
    for (int i = 0; i < 20000; i++) {
        text_put(&text, "a");
    }
    static const char *const patterns[] = {"(a+)+$b", "(a|a)*c", "(a*)*d", "(.*)(.*)(.*)(.*)e$",
                                           "(a?){50}a{50}f"};
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        ck_assert(!matches(bytes_of(patterns[i]), (struct bytes){text.ptr, text.len}));
    }
    free(text.ptr);
}
END_TEST

// ---- Required literals ----

static char *required_text(struct required required)
{
    struct text out = {0};
    text_put(&out, "");
    for (const struct required_clause *clause = required.first; clause != NULL;
         clause = clause->next) {
        text_put(&out, clause == required.first ? "" : " ");
        for (int i = 0; i < clause->count; i++) {
            text_put(&out, i == 0 ? "" : "|");
            text_add(&out, clause->any_of[i].ptr, clause->any_of[i].len);
        }
    }
    return out.ptr;
}

START_TEST(literals_are_found_in_patterns)
{
    static const struct {
        const char *pattern;
        const char *required;
    } table[] = {
        {"abc", "abc"},
        {"", ""},
        {"a.c", "c a"},
        {"abc?d", "d ab"},
        {"abc*d", "d ab"},
        {"ab+c", "bc ab"},
        {"ab{2,5}c", "bc ab"},
        {"ab{0,5}c", "c a"},
        {"ab{0}c", "c a"},
        {"a(bc)d", "abcd"},
        {"a(?:bc)d", "abcd"},
        {"a(?P<n>bc)d", "abcd"},
        {"a(bc)+d", "bcd abc"},
        {"a(bc)?d", "d a"},
        {"foo|bar", "foo|bar"},
        {"x(foo|bar)y", "y foo|bar x"},
        {"foo|b.r", "foo|r"},
        {"foo|.", ""},
        {"foo|", ""},
        {"(foo|bar|baz)qux", "qux foo|bar|baz"},
        {"^GET /api/v[0-9]+$", "GET /api/v"},
        {"\\bfoo\\b bar", "foo bar"},
        {"a\\.b", "a.b"},
        {"a[.]b", "a.b"},
        {"a[.,]b", "b a"},
        {"a[^.]b", "b a"},
        {"\\x41\\x{42}\\103", "ABC"},
        {"a\\nb", "a\nb"},
        {"\\Qa.b+\\Ec", "a.b+c"},
        {"\\Qab\\E+c", "bc ab"},
        {"(?i)abc", ""},
        {"(?i)12/34", "12/34"},
        {"(?i:a)bc", "bc"},
        {"a(?i)b", "a"},
        {"(a(?i)b)c", "c a"},
        {"\xc3\xa9t\xc3\xa9", "\xc3\xa9t\xc3\xa9"},
        {"a\xef\xbf\xbd"
         "b",
         "b a"},
        {"a\\x{FFFD}b", "b a"},
        {"\\d+ms", "ms"},
        {"\\p{Greek}x", "x"},
        {"a{,2}b", "a{,2}b"},
        {"a(?i)*b", ""}, // what is repeated is not certain: nothing is required
        {"a\\Q\\E?b", ""},
        {"(((((((((((((((((((((((((((((((((a)))))))))))))))))))))))))))))))))", ""},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char *got = required_text(regex_pattern_required(bytes_of(table[i].pattern), &arena));
        ck_assert_msg(strcmp(got, table[i].required) == 0, "`%s` requires `%s`, not `%s`",
                      table[i].pattern, got, table[i].required);
        free(got);
    }
    struct text longer = {0};
    for (int i = 0; i < 200; i++) {
        text_put(&longer, "x");
    }
    struct required required = regex_pattern_required(bytes_of(longer.ptr), &arena);
    ck_assert_int_ge(required.count, 1);
    ck_assert_uint_le(required.first->any_of[0].len, REQUIRED_LITERAL_LIMIT);
    free(longer.ptr);
}
END_TEST

static void put_pattern(struct text *pattern, unsigned depth)
{
    static const char *const atoms[] = {
        "a",     "b",        "ab",     "c.",  ".",         "[ab]",  "[^a]",   "\\d",
        "\\.",   "\\b",      "\\B",    "^",   "$",         "(?i)a", "(?i:b)", "\xc3\xa9",
        "\\x61", "\\Qa.\\E", "\\Q\\E", "[c]", "\\x{FFFD}", "1",     "(?i)",
    };
    static const char *const repeats[] = {"",  "",    "",      "",     "*",  "+",
                                          "?", "{2}", "{0,2}", "{1,}", "+?", "*?"};
    for (unsigned i = 1 + random_below(3); i > 0; i--) {
        if (depth > 0 && random_below(3) == 0) {
            text_put(pattern, random_below(2) == 0 ? "(" : "(?:");
            put_pattern(pattern, depth - 1);
            if (random_below(2) == 0) {
                text_put(pattern, "|");
                put_pattern(pattern, depth - 1);
            }
            text_put(pattern, ")");
        } else {
            text_put(pattern, atoms[random_below(sizeof(atoms) / sizeof(atoms[0]))]);
        }
        text_put(pattern, repeats[random_below(sizeof(repeats) / sizeof(repeats[0]))]);
    }
}

static void put_subject(struct text *subject)
{
    static const char *const pieces[] = {"a", "b", "c",        "ab",   ".",  "A",
                                         "B", "1", "\xc3\xa9", "\xff", "a.", " "};
    text_put(subject, "");
    for (unsigned i = random_below(8); i > 0; i--) {
        text_put(subject, pieces[random_below(sizeof(pieces) / sizeof(pieces[0]))]);
    }
}

static void check_fulfilled(struct required required, struct bytes pattern, struct bytes text)
{
    for (const struct required_clause *clause = required.first; clause != NULL;
         clause = clause->next) {
        bool found = false;
        for (int i = 0; i < clause->count; i++) {
            found = found || bytes_find(text, clause->any_of[i]) != NULL;
        }
        ck_assert_msg(found, "`%.*s` matches `%.*s`, which has no `%.*s`", (int)pattern.len,
                      pattern.ptr, (int)text.len, text.ptr, (int)clause->any_of[0].len,
                      clause->any_of[0].ptr);
    }
}

START_TEST(whatever_matches_has_what_is_required)
{
    random_start(3);
    unsigned matched = 0;
    unsigned required_clauses = 0;
    for (unsigned round = scaled(4000); round > 0; round--) {
        struct text pattern = {0};
        put_pattern(&pattern, 2);
        arena_reset(&arena);
        struct bytes bytes = {pattern.ptr, pattern.len};
        struct ready ready = ready_of(bytes);
        if (ready.regex != NULL) {
            regex_free(ready.regex);
            struct required required = regex_pattern_required(ready.pattern, &arena);
            required_clauses += (unsigned)required.count;
            for (unsigned i = 0; i < 12; i++) {
                struct text subject = {0};
                put_subject(&subject);
                struct bytes text = {subject.ptr, subject.len};
                if (matches(bytes, text)) {
                    matched++;
                    check_fulfilled(required, bytes, text);
                }
                free(subject.ptr);
            }
        }
        free(pattern.ptr);
    }
    // The test says something only if both happen.
    ck_assert_uint_gt(matched, 10);
    ck_assert_uint_gt(required_clauses, 10);
}
END_TEST

int main(void)
{
    arena_init(&arena, TEST_MEMORY);
    TCase *tcase = tcase_create("regex");
    tcase_set_timeout(tcase, 240);
    tcase_add_test(tcase, patterns_mean_what_they_mean_to_go);
    tcase_add_test(tcase, what_go_refuses_is_refused);
    tcase_add_test(tcase, memory_and_steps_are_bounded);
    tcase_add_test(tcase, no_pattern_stalls);
    tcase_add_test(tcase, literals_are_found_in_patterns);
    tcase_add_test(tcase, whatever_matches_has_what_is_required);
    int result = run_case(tcase, "logq/query/regex");
    arena_free(&arena);
    return result;
}
