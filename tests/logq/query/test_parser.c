// SPDX-License-Identifier: MIT
// test_parser.c: what queries mean, and what is said about wrong ones.
#include "query_support.h"

// ---- Filters as text ----

static void put_bytes(struct text *out, struct bytes bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        char escaped[8];
        unsigned char c = (unsigned char)bytes.ptr[i];
        snprintf(escaped, sizeof(escaped), c < 0x20 ? "\\x%02x" : "%c", c);
        text_put(out, escaped);
    }
}

static void put_bound(struct text *out, const struct number_bound *bound)
{
    if (!bound->present) {
        text_put(out, "*");
        return;
    }
    char digits[32];
    number_format_double(number_to_double(&bound->number), digits);
    text_put(out, digits);
    text_put(out, bound->excluded ? "!" : "");
}

static void put_time(struct text *out, int64_t ns)
{
    char text[40];
    if (ns == INT64_MIN || ns == INT64_MAX) {
        text_put(out, "*");
        return;
    }
    timestamp_format(ns, text);
    text_put(out, text);
}

static void put_filter(struct text *out, const struct filter *filter)
{
    static const char *const names[] = {
        [FILTER_ALL] = "all",        [FILTER_AND] = "and",         [FILTER_OR] = "or",
        [FILTER_NOT] = "not",        [FILTER_PHRASE] = "phrase",   [FILTER_PHRASE_FOLD] = "fold",
        [FILTER_SUBSTRING] = "part", [FILTER_EXACT] = "exact",     [FILTER_EXACT_PREFIX] = "start",
        [FILTER_REGEX] = "regex",    [FILTER_MISSING] = "missing", [FILTER_PRESENT] = "present",
        [FILTER_RANGE] = "range",    [FILTER_IN] = "in",           [FILTER_TIME] = "time",
    };
    bool joins = filter->kind == FILTER_AND || filter->kind == FILTER_OR;
    text_put(out, "(");
    text_put(out, names[filter->kind]);
    if (filter->kind > FILTER_NOT && !bytes_equal(filter->field, bytes_of("_msg"))) {
        text_put(out, " ");
        put_bytes(out, filter->field);
        text_put(out, ":");
    }
    for (unsigned i = 0; joins && i < filter->list.count; i++) {
        text_put(out, " ");
        put_filter(out, filter->list.items[i]);
    }
    text_put(out, joins || filter->kind == FILTER_ALL ? "" : " ");
    switch (filter->kind) {
    case FILTER_NOT:
        put_filter(out, filter->item);
        break;
    case FILTER_PHRASE:
    case FILTER_PHRASE_FOLD:
        text_put(out, filter->phrase.guards_start ? "|" : "");
        put_bytes(out, filter->phrase.needle.text);
        text_put(out, filter->phrase.guards_end ? "|" : "");
        break;
    case FILTER_SUBSTRING:
        put_bytes(out, filter->phrase.needle.text);
        break;
    case FILTER_EXACT:
    case FILTER_EXACT_PREFIX:
        put_bytes(out, filter->text);
        break;
    case FILTER_REGEX:
        put_bytes(out, filter->regex.pattern);
        break;
    case FILTER_RANGE:
        put_bound(out, &filter->range.low);
        text_put(out, " ");
        put_bound(out, &filter->range.high);
        break;
    case FILTER_IN:
        for (uint32_t i = 0; i < filter->set.count; i++) {
            text_put(out, i == 0 ? "" : ",");
            put_bytes(out, filter->set.values[i]);
        }
        break;
    case FILTER_TIME:
        put_time(out, filter->time.from);
        text_put(out, " ");
        put_time(out, filter->time.to);
        break;
    default:
        break;
    }
    text_put(out, ")");
}

static char *filter_text(const char *query_text)
{
    struct query *query = compiled(query_text);
    struct text out = {0};
    put_filter(&out, query->filter);
    query_free(query);
    return out.ptr;
}

struct meaning {
    const char *query;
    const char *means;
};

static void check_meanings(const struct meaning *table, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *means = filter_text(table[i].query);
        ck_assert_msg(strcmp(means, table[i].means) == 0, "`%s` means %s, not %s", table[i].query,
                      means, table[i].means);
        free(means);
    }
}

#define CHECK_MEANINGS(table) check_meanings(table, sizeof(table) / sizeof((table)[0]))

START_TEST(single_filters)
{
    static const struct meaning table[] = {
        {"*", "(all)"},
        {"error", "(phrase |error|)"},
        {"\"error\"", "(phrase |error|)"},
        {"\"GET /\"", "(phrase |GET /)"},
        {"\"/a b\"", "(phrase /a b|)"},
        {"`: `", "(phrase : )"},
        {"err*", "(phrase |err)"},
        {"\"cannot o\"*", "(phrase |cannot o)"},
        {"*rror*", "(part rror)"},
        {"*\"a b\"*", "(part a b)"},
        {"**", "(present )"},
        {"=\"exact text\"", "(exact exact text)"},
        {"=word", "(exact word)"},
        {"=a:b", "(exact a:b)"},
        {"=\"pre\"*", "(start pre)"},
        {"=\"\"", "(missing )"},
        {"=\"\"*", "(present )"},
        {"~\"a.c\"", "(regex a.c)"},
        {"~\"(?<n>a)\"", "(regex (?P<n>a))"},
        {"i(Error)", "(fold |error|)"},
        {"i(\"CANNOT Open\"*)", "(fold |cannot open)"},
        {"i(\xc3\x89TAT)", "(fold |\xc3\xa9tat|)"},
        {"\"\"", "(missing )"},
        {"\"\"*", "(present )"},
        {"status:200", "(phrase status: |200|)"},
        {"status:\"\"", "(missing status: )"},
        {"status:*", "(present status: )"},
        {"_msg:*", "(present )"},
        {"status:=200", "(exact status: 200)"},
        {"status:5*", "(phrase status: |5)"},
        {"\"a b\":c", "(phrase a b: |c|)"},
        {"log.level:error", "(phrase log.level: |error|)"},
        {"a-b:c", "(phrase a-b: |c|)"},
        {"host:example.com:8080", "(phrase host: |example.com:8080|)"},
        {"status: 200", "(phrase status: |200|)"},
        {"uri:/a/b?c=d", "(phrase uri: /a/b?c=d|)"},
        {"x:>5", "(range x: 5! *)"},
        {"x:>=5", "(range x: 5 *)"},
        {"x:<-5", "(range x: * -5!)"},
        {"x:<=1.5e3", "(range x: * 1500)"},
        {"x:> 1_000", "(range x: 1000! *)"},
        {"x:>10KB", "(range x: 10000! *)"},
        {"x:>1.5KiB", "(range x: 1536! *)"},
        {"x:>1h30m", "(range x: 5400000000000! *)"},
        {"x:range(1, 2)", "(range x: 1! 2!)"},
        {"x:range[1, 2]", "(range x: 1 2)"},
        {"x:range[-1KiB,2)", "(range x: -1024 2!)"},
        {"x:range(4.2, Inf)", "(range x: 4.2! *)"},
        {"x:range(-inf, 1]", "(range x: * 1)"},
        {"x:in(a, \"b c\", -5, 10.0.0.1:80)", "(in x: a,b c,-5,10.0.0.1:80)"},
        {"x:in()", "(in x: )"},
        {"x:in(*)", "(all)"},
        {"in(a)", "(in a)"},
    };
    CHECK_MEANINGS(table);
}
END_TEST

START_TEST(operators_and_their_order)
{
    static const struct meaning table[] = {
        {"a b", "(and (phrase |a|) (phrase |b|))"},
        {"a AND b and c", "(and (phrase |a|) (phrase |b|) (phrase |c|))"},
        {"a OR b or c", "(or (phrase |a|) (phrase |b|) (phrase |c|))"},
        {"a b OR c d", "(or (and (phrase |a|) (phrase |b|)) (and (phrase |c|) (phrase |d|)))"},
        {"NOT a OR b", "(or (not (phrase |a|)) (phrase |b|))"},
        {"NOT a b", "(and (not (phrase |a|)) (phrase |b|))"},
        {"not not a", "(not (not (phrase |a|)))"},
        {"!a", "(not (phrase |a|))"},
        {"-a", "(not (phrase |a|))"},
        {"a -b", "(and (phrase |a|) (not (phrase |b|)))"},
        {"a -(b or c)", "(and (phrase |a|) (not (or (phrase |b|) (phrase |c|))))"},
        {"(a)", "(phrase |a|)"},
        {"(((a or b)))", "(or (phrase |a|) (phrase |b|))"},
        {"(a or b) c", "(and (phrase |c|) (or (phrase |a|) (phrase |b|)))"},
        {"a(b)", NULL},
        {"!=a", "(not (exact a))"},
        {"!~\"a\"", "(not (regex a))"},
        {"x:!a", "(not (phrase x: |a|))"},
        {"x:-a", "(not (phrase x: |a|))"},
        {"x:!=a", "(not (exact x: a))"},
        {"-x:a", "(not (phrase x: |a|))"},
        {"x:(a or b)", "(or (phrase x: |a|) (phrase x: |b|))"},
        {"x:(a -b*)", "(and (phrase x: |a|) (not (phrase x: |b)))"},
        {"x:(>1 <5)", "(and (range x: 1! *) (range x: * 5!))"},
        {"x:(* !=a)", "(and (present x: ) (not (exact x: a)))"},
        {"x:(a or y:b)", "(or (phrase x: |a|) (phrase y: |b|))"},
        {"x:(a (b or c))", "(and (phrase x: |a|) (or (phrase x: |b|) (phrase x: |c|)))"},
        {"x:not a", NULL},
        {"\"and\" \"or\"", "(and (phrase |and|) (phrase |or|))"},
        {"android or1 notb", "(and (phrase |android|) (phrase |or1|) (phrase |notb|))"},
        {"~\"x\" a b:=1", "(and (exact b: 1) (phrase |a|) (regex x))"},
        {"a # or b\n c", "(and (phrase |a|) (phrase |c|))"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        if (table[i].means != NULL) {
            check_meanings(&table[i], 1);
        }
    }
    // NOT binds to what follows the field.
    static const struct meaning not_in_field = {"x:not a", "(not (phrase x: |a|))"};
    check_meanings(&not_in_field, 1);
}
END_TEST

START_TEST(times)
{
    // Now is 2026-11-22T10:00:00Z.
    static const struct meaning table[] = {
        {"_time:5m", "(time _time: 2026-11-22T09:55:00.000000001Z 2026-11-22T10:00:00Z)"},
        {"_time:-5m", "(time _time: 2026-11-22T09:55:00.000000001Z 2026-11-22T10:00:00Z)"},
        {"_time:\"1h\"", "(time _time: 2026-11-22T09:00:00.000000001Z 2026-11-22T10:00:00Z)"},
        {"_time:5m offset 1h", "(time _time: 2026-11-22T08:55:00.000000001Z 2026-11-22T09:00:00Z)"},
        {"_time:2026Z", "(time _time: 2026-01-01T00:00:00Z 2026-12-31T23:59:59.999999999Z)"},
        {"_time:2026-02", "(time _time: 2026-02-01T00:00:00Z 2026-02-28T23:59:59.999999999Z)"},
        {"_time:2026-11-22Z", "(time _time: 2026-11-22T00:00:00Z 2026-11-22T23:59:59.999999999Z)"},
        {"_time:2026-11-22+05:30",
         "(time _time: 2026-11-21T18:30:00Z 2026-11-22T18:29:59.999999999Z)"},
        {"_time:2026-11-22T10:11Z",
         "(time _time: 2026-11-22T10:11:00Z 2026-11-22T10:11:59.999999999Z)"},
        {"_time:2026-11-22T10:11:12.5Z",
         "(time _time: 2026-11-22T10:11:12.5Z 2026-11-22T10:11:12.599999999Z)"},
        {"_time:[2026-11-01Z, 2026-11-30Z]",
         "(time _time: 2026-11-01T00:00:00Z 2026-11-30T23:59:59.999999999Z)"},
        {"_time:[2026-11-01Z, 2026-12-01Z)",
         "(time _time: 2026-11-01T00:00:00Z 2026-11-30T23:59:59.999999999Z)"},
        {"_time:(2026-11-01Z, 2026-11-30Z]",
         "(time _time: 2026-11-02T00:00:00Z 2026-11-30T23:59:59.999999999Z)"},
        {"_time:(2026-11-01Z, 2026-11-30Z)",
         "(time _time: 2026-11-02T00:00:00Z 2026-11-29T23:59:59.999999999Z)"},
        {"_time:[now-1h, now]", "(time _time: 2026-11-22T09:00:00Z 2026-11-22T10:00:00Z)"},
        {"_time:[1h, now+30s]", "(time _time: 2026-11-22T09:00:00Z 2026-11-22T10:00:30Z)"},
        {"_time:[1795341600, 1795341660]",
         "(time _time: 2026-11-22T10:00:00Z 2026-11-22T10:01:00.999999999Z)"},
        {"_time:[1795341600000, 1795341600001)",
         "(time _time: 2026-11-22T10:00:00Z 2026-11-22T10:00:00.000999999Z)"},
        {"_time:>2026-11-22Z", "(time _time: 2026-11-23T00:00:00Z *)"},
        {"_time:>=2026-11-22Z", "(time _time: 2026-11-22T00:00:00Z *)"},
        {"_time:<2026-11-22Z", "(time _time: * 2026-11-21T23:59:59.999999999Z)"},
        {"_time:<=2026-11-22Z", "(time _time: * 2026-11-22T23:59:59.999999999Z)"},
        {"_time:>1h", "(time _time: * 2026-11-22T08:59:59.999999999Z)"},
        {"_time:>=1h", "(time _time: * 2026-11-22T09:00:00Z)"},
        {"_time:<1h", "(time _time: 2026-11-22T09:00:00.000000001Z *)"},
        {"_time:<=1h", "(time _time: 2026-11-22T09:00:00Z *)"},
        {"_time:*", "(present _time: )"},
        {"_time:\"\"", "(missing _time: )"},
        {"_time:=\"2026-11-22T10:00:00Z\"", "(exact _time: 2026-11-22T10:00:00Z)"},
        {"-_time:2026Z", "(not (time _time: 2026-01-01T00:00:00Z 2026-12-31T23:59:59.999999999Z))"},
        {"_time:(2025Z or 2026Z)",
         "(or (time _time: 2025-01-01T00:00:00Z 2025-12-31T23:59:59.999999999Z) "
         "(time _time: 2026-01-01T00:00:00Z 2026-12-31T23:59:59.999999999Z))"},
    };
    CHECK_MEANINGS(table);
}
END_TEST

// ---- Pipes: the names of the columns, and whether rows stay records ----

static char *columns_text(const char *query_text)
{
    struct query *query = compiled(query_text);
    struct text out = {0};
    text_put(&out, query->out.is_open ? "record" : "");
    for (unsigned i = 0; i < query->out.count; i++) {
        text_put(&out, i == 0 ? "" : " ");
        put_bytes(&out, query->out.names[i]);
    }
    query_free(query);
    return out.ptr;
}

START_TEST(columns_and_their_canonical_names)
{
    static const struct meaning table[] = {
        {"*", "record"},
        {"* | filter a:b | sort by (x) limit 3 | limit 5 | offset 1", "record"},
        {"* | fields b, a", "b a"},
        {"* | keep b, a, b", "b a"},
        {"* | fields a, b | fields b", "b"},
        {"* | stats count()", "count()"},
        {"* | stats count(*)", "count()"},
        {"* | count()", "count()"},
        {"* | stats COUNT( a,b )", "count(a, b)"},
        {"* | stats count_uniq(a), sum(b.c), avg(d)", "count_uniq(a) sum(b.c) avg(d)"},
        {"* | stats min(a), max(a), median(a)", "min(a) max(a) median(a)"},
        {"* | stats quantile(0.50, a)", "quantile(0.50, a)"},
        {"* | stats sum(\"a b\"), sum(\"a\\\"b\")", "sum(\"a b\") sum(\"a\\\"b\")"},
        {"* | stats count() if (GET) , count() if (status:>=500)",
         "count() if (GET) count() if (status:>=500)"},
        {"* | stats count() as n", "n"},
        {"* | stats count() n, sum(x) \"a b\"", "n a b"},
        {"* | stats count() if (a) as n", "n"},
        {"* | stats by (a, _time:1m, b:10KB) count() as n", "a _time b n"},
        {"* | stats (a) count() as n", "a n"},
        {"* | stats by () count() as n", "n"},
        {"* | stats by (_time:hour) count() n", "_time n"},
        {"* | top by (a)", "a hits"},
        {"* | top 3 (a, b) hits as n", "a b n"},
        {"* | top 3 by (hits)", "hits hitss"},
        {"* | uniq by (a, b)", "a b"},
        {"* | uniq (a) with hits limit 5", "a hits"},
        {"* | stats by (a) count() n | sort by (n desc) | fields n", "n"},
        {"* | stats count() n | n:>5", "n"},
        {"* | stats count() n | where n:>5", "n"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        char *columns = columns_text(table[i].query);
        ck_assert_msg(strcmp(columns, table[i].means) == 0, "`%s` has %s, not %s", table[i].query,
                      columns, table[i].means);
        free(columns);
    }
}
END_TEST

START_TEST(functions_with_the_same_state_share_it)
{
    struct query *query = compiled("* | stats quantile(0.5, x) a, median(x) b, quantile(0.9, y) c, "
                                   "sum(x) d, avg(x) e, quantile(0.1, x) if (z) f, max(x) g");
    const struct stats_stage *stats = &query->stages[0].stats;
    static const bool shared[] = {false, true, false, false, true, false, false};
    for (size_t i = 0; i < sizeof(shared) / sizeof(shared[0]); i++) {
        ck_assert_msg(stats->slots[i].is_shared == shared[i], "function %zu", i);
    }
    ck_assert_uint_eq(stats->slots[1].offset, stats->slots[0].offset);
    ck_assert_uint_eq(stats->slots[4].offset, stats->slots[3].offset);
    query_free(query);
}
END_TEST

START_TEST(only_fields_that_matter_are_asked_for)
{
    static const struct {
        const char *query;
        int fields;
        bool needs_time;
    } table[] = {
        {"*", 0, false},
        {"error", 1, false},
        {"error status:200 -status:500 | stats by (status) count()", 2, false},
        {"_time:5m", 0, true},
        {"* | stats by (_time:1m) count()", 0, true},
        {"* | sort by (_time desc) limit 5", 0, true},
        {"* | stats by (_time) count()", 1, false},
        {"* | fields a, b | filter c:d", 2, false},
        {"* | fields a, b | filter a:d", 2, false},
        {"* | stats by (a) sum(b) | filter c:d", 2, false},
        {"* | sort by (a) | filter b:c", 2, false},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct query *query = compiled(table[i].query);
        ck_assert_msg(query->fields.count == table[i].fields, "`%s` asks for %d", table[i].query,
                      query->fields.count);
        ck_assert_int_eq(query->fields.needs_time, table[i].needs_time);
        query_free(query);
    }
}
END_TEST

// ---- Errors ----

static const struct {
    const char *query;
    size_t position;
    const char *says;
} wrong_queries[] = {
    {"", 0, "a filter"},
    {"   ", 3, "a filter"},
    {"# only a comment", 16, "a filter"},
    {"| stats count()", 0, "a filter"},
    {"a |", 3, "a pipe"},
    {"a | | b", 4, "a pipe"},
    {"a | nosuch", 4, "a pipe"},
    {"a | extract \"x\"", 4, "a pipe"},
    {"a)", 1, "`|`"},
    {"(a", 2, "`)`"},
    {"()", 1, "a filter"},
    {"a or", 4, "a filter"},
    {"a and or b", 6, "a filter"},
    {"and a", 0, "a filter"},
    {"not", 3, "a filter"},
    {"a AND NOT", 9, "a filter"},
    {"\"a\"b", 3, "a space"},
    {"a\"b\"", 1, "a space"},
    {"err*x", 4, "a space"},
    {"*err", 4, "`*`"},
    {"*err or*", 5, "`*`"},
    {"foo(a)", 0, "i(...), in(...) and range(...)"},
    {"x:seq(a, b)", 2, "i(...), in(...) and range(...)"},
    {"a [b]", 2, "a word"},
    {"{app=\"x\"}", 0, "stream filters"},
    {"x:", 2, "a filter"},
    {"\"\":x", 0, "field name"},
    {":x", 0, "a word"},
    {"x:>", 3, "a number"},
    {"x:>abc", 3, "a number"},
    {"x:>5XB", 3, "a number"},
    {"x:>\"5 m\"", 3, "a number"},
    {"x:range 1,2", 9, "a space"},
    {"x:range(1", 9, "`,`"},
    {"x:range(1,2", 11, "`)` or `]`"},
    {"x:range(a,2)", 8, "a number"},
    {"x:in(a b)", 7, "`,` or `)`"},
    {"x:in(a", 6, "`,` or `)`"},
    {"x:in(_time:5m | fields a)", 14, "`,` or `)`"},
    {"i(", 2, "a word or phrase"},
    {"i(a", 3, "`)`"},
    {"i(~\"a\")", 3, "`)`"},
    {"=", 1, "exact value"},
    {"~", 1, "regular expression"},
    {"~\"(\"", 1, "missing"},
    {"~\"a++\"", 1, "repetition"},
    {"a ~`(a)\\1`", 3, "escape"},
    {"~\"(?=a)\"", 1, "perl operator"},
    {"~\"(?<!a)b\"", 1, "perl operator"},
    {"~`\\C`", 1, "\\C"},
    {"~\"a{1001}\"", 1, "repetition size"},
    {"~`[z-a]`", 1, "range"},
    {"~`((((a{100}){100}){100}){100})`", 1, "repetition size"},
    {"~`\\pL{1000}`", 1, "memory"},
    {"~\"\\xff\"", 1, "UTF-8"},
    {"_time:soon", 6, "a time"},
    {"_time:1700y", 6, "a time"},
    {"_time:2026-13Z", 6, "a time"},
    {"_time:2026-02-30Z", 6, "a time"},
    {"_time:[2026Z", 12, "`,`"},
    {"_time:[2026Z,2027Z", 18, "`]` or `)`"},
    {"_time:[a,b]", 7, "a time"},
    {"_time:day_range[08:00, 18:00)", 6, "day_range"},
    {"_time:5m offset x", 16, "a duration"},
    {"a | limit", 9, "a whole number"},
    {"a | limit x", 10, "a whole number"},
    {"a | limit -1", 10, "a whole number"},
    {"a | limit 1.5", 10, "a whole number"},
    {"a | limit 1 2", 12, "`|`"},
    {"a | fields", 10, "a field name"},
    {"a | fields a,", 13, "a field name"},
    {"a | fields a*", 12, "`|`"},
    {"a | stats", 9, "a function"},
    {"a | stats nosuch(x)", 10, "a function"},
    {"a | stats count", 15, "`(`"},
    {"a | stats count(", 16, "a field name"},
    {"a | stats sum()", 14, "a field name"},
    {"a | stats sum(x*)", 15, "`,` or `)`"},
    {"a | stats quantile(2, x)", 19, "from 0 to 1"},
    {"a | stats quantile(-0.1, x)", 19, "from 0 to 1"},
    {"a | stats quantile(x)", 19, "from 0 to 1"},
    {"a | stats quantile(0.5)", 22, "`,`"},
    {"a | stats count() as", 20, "a name"},
    {"a | stats count() if x", 21, "`(`"},
    {"a | stats count() if (x", 23, "`)`"},
    {"a | stats by count()", 13, "`(`"},
    {"a | stats by (x count()", 16, "`,` or `)`"},
    {"a | stats by (_time:x) count()", 20, "a step"},
    {"a | stats by (_time:0s) count()", 20, "a step"},
    {"a | stats by (_time:-1h) count()", 20, "a step"},
    {"a | stats by (x:y) count()", 16, "a step"},
    {"a | stats by (x:0) count()", 16, "a step"},
    {"a | stats count() a, sum(x) a", 10, "`a` twice"},
    {"a | stats by (x) count() x", 10, "`x` twice"},
    {"a | sort by", 11, "by (field"},
    {"a | sort by (x", 14, "`,` or `)`"},
    {"a | sort by (x desc", 19, "`,` or `)`"},
    {"a | sort by (x) limit", 21, "a whole number"},
    {"a | top by (x", 13, "`,` or `)`"},
    {"a | top x by (y)", 8, "a whole number"},
    {"a | top by (x) hits as x", 4, "none of the fields"},
    {"a | uniq by", 11, "by (field"},
    {"a | uniq by (x) with y", 21, "hits"},
    {"a | filter", 10, "a filter"},
    {"\"abc", 0, "closing"},
    {"a \"\\q\"", 3, "escape"},
    {"\x01", 0, NULL},
};

START_TEST(wrong_queries_are_explained_where_they_are_wrong)
{
    struct query_limits limits = query_limits_default();
    for (size_t i = 0; i < sizeof(wrong_queries) / sizeof(wrong_queries[0]); i++) {
        struct query_error error;
        struct query *query = query_compile(bytes_of(wrong_queries[i].query), &limits, TEST_NOW, &error);
        if (wrong_queries[i].says == NULL) {
            ck_assert_ptr_nonnull(query); // odd, but a word
            query_free(query);
            continue;
        }
        ck_assert_msg(query == NULL, "`%s` is taken", wrong_queries[i].query);
        ck_assert_msg(error.position == wrong_queries[i].position, "`%s` at %zu: %s", wrong_queries[i].query,
                      error.position, error.text);
        ck_assert_msg(strstr(error.text, wrong_queries[i].says) != NULL, "`%s`: %s", wrong_queries[i].query,
                      error.text);
    }
}
END_TEST

static void check_limit(const char *query_text, const struct query_limits *limits, const char *says)
{
    struct query_error error;
    struct query *query = query_compile(bytes_of(query_text), limits, TEST_NOW, &error);
    if (says == NULL) {
        ck_assert_msg(query != NULL, "`%s`: %s", query_text, error.text);
        query_free(query);
        return;
    }
    ck_assert_msg(query == NULL, "`%s` is taken", query_text);
    ck_assert_msg(strstr(error.text, says) != NULL, "`%s`: %s", query_text, error.text);
}

START_TEST(limits_are_kept_and_named)
{
    struct query_limits limits = query_limits_default();
    limits.length = 10;
    check_limit("0123456789", &limits, NULL);
    check_limit("0123456789a", &limits, "11 bytes, the limit is 10");
    limits = query_limits_default();
    limits.nesting = 3;
    check_limit("(((a)))", &limits, NULL);
    check_limit("((((a))))", &limits, "deeper than 3");
    check_limit("!!!a", &limits, NULL);
    check_limit("!!!!a", &limits, "deeper than 3");
    check_limit("x:(!(a !b))", &limits, "deeper than 3");
    limits = query_limits_default();
    limits.filters = 3;
    check_limit("a b", &limits, NULL);
    check_limit("a b c", &limits, "more than 3 filters");
    limits = query_limits_default();
    limits.values = 2;
    check_limit("x:in(a,b)", &limits, NULL);
    check_limit("x:in(a) y:in(b,c)", &limits, "more than 2 values");
    limits = query_limits_default();
    limits.pipes = 2;
    check_limit("* | top by (a)", &limits, NULL);
    check_limit("* | top by (a) | limit 1", &limits, "more than 2 pipes");
    limits = query_limits_default();
    limits.columns = 2;
    check_limit("* | fields a, b", &limits, NULL);
    check_limit("* | fields a, b, c", &limits, "more than 2 fields");
    check_limit("* | stats count() a, count() b, count() c", &limits, "more than 2 functions");
    check_limit("* | stats by (a,b,c) count()", &limits, "more than 2 fields");
    check_limit("* | sort by (a,b,c)", &limits, "more than 2 sort keys");
    limits = query_limits_default();
    limits.regexes = 1;
    check_limit("~\"a\"", &limits, NULL);
    check_limit("~\"a\" ~\"b\"", &limits, "more than 1 regular expressions");
}
END_TEST

START_TEST(more_fields_than_a_record_takes_are_refused)
{
    struct text text = {0};
    text_put(&text, "f0:*");
    for (int i = 1; i <= FIELD_SET_LIMIT; i++) {
        char name[32];
        snprintf(name, sizeof(name), " f%d:*", i);
        text_put(&text, name);
    }
    struct query_limits limits = query_limits_default();
    check_limit(text.ptr, &limits, "fields");
    free(text.ptr);
}
END_TEST

// Any text gives a query or an error with a position inside the text.
static const char *const pieces[] = {
    "error",
    "status",
    ":",
    "(",
    ")",
    "[",
    "]",
    "\"a b\"",
    "'",
    "`",
    "*",
    "=",
    "~",
    "<",
    ">",
    "!",
    "-",
    "|",
    ",",
    " ",
    " and ",
    " or ",
    " not ",
    "stats ",
    "by ",
    "count()",
    "sum(x)",
    "sort by (a desc)",
    "limit 5",
    "_time:",
    "5m",
    "2026-11-22Z",
    "in(",
    "range(",
    "i(",
    "10KB",
    "#",
    "\n",
    "\\",
    "\xc3\xa9",
    "\xff",
    "\x00",
    "top 3 by (x)",
    "fields a",
    "if (",
    "as x",
    "quantile(0.5, y)",
    "filter ",
    "{",
    "}",
    "uniq by (z)",
    "offset 1h",
    "~\"[a-\"",
};

START_TEST(nothing_breaks_the_parser)
{
    struct query_limits limits = query_limits_default();
    limits.nesting = 20;
    random_start(1);
    for (unsigned round = scaled(20000); round > 0; round--) {
        struct text text = {0};
        text_put(&text, "");
        for (unsigned i = random_below(14); i > 0; i--) {
            unsigned which = random_below(sizeof(pieces) / sizeof(pieces[0]));
            size_t length = pieces[which][0] == '\0' ? 1 : strlen(pieces[which]);
            text_add(&text, pieces[which], length);
        }
        char *exact = malloc(text.len + 1); // so that a sanitizer sees reading beyond it
        memcpy(exact, text.ptr, text.len);
        char *fitting = malloc(text.len == 0 ? 1 : text.len);
        memcpy(fitting, exact, text.len);
        struct query_error error;
        struct query *query =
            query_compile((struct bytes){fitting, text.len}, &limits, TEST_NOW, &error);
        if (query == NULL) {
            ck_assert_uint_le(error.position, text.len);
            ck_assert(error.text[0] != '\0');
        }
        query_free(query);
        free(fitting);
        free(exact);
        free(text.ptr);
    }
}
END_TEST

START_TEST(changes_after_compiling)
{
    struct query_error error;
    struct query *query = compiled("* | fields status | stats by (status) count() n");
    ck_assert(query_add_time_range(query, 5, 7, &error));
    ck_assert(query_add_time_range(query, 6, 9, &error));
    ck_assert(query->fields.needs_time);
    struct text out = {0};
    put_filter(&out, query->filter);
    ck_assert_str_eq(out.ptr,
                     "(and (time _time: 1970-01-01T00:00:00.000000006Z "
                     "1970-01-01T00:00:00.000000009Z) (and (time _time: "
                     "1970-01-01T00:00:00.000000005Z 1970-01-01T00:00:00.000000007Z) (all)))");
    free(out.ptr);
    ck_assert(query_set_newest_limit(query, 5, &error));
    ck_assert_int_eq(query->stages[query->stage_count - 1].kind, STAGE_LIMIT);
    ck_assert(!query_set_newest_limit(query, 5, &error));
    ck_assert(strstr(error.text, "before") != NULL);
    query_free(query);
    static const struct {
        const char *query;
        enum stage_kind last;
    } table[] = {
        {"*", STAGE_NEWEST},
        {"* | filter a", STAGE_NEWEST},
        {"* | fields a, _time", STAGE_NEWEST},
        {"* | fields a", STAGE_LIMIT},
        {"* | fields a, _time | fields a", STAGE_LIMIT},
        {"* | sort by (a)", STAGE_LIMIT},
        {"* | limit 5", STAGE_NEWEST},
        {"* | top by (_time)", STAGE_LIMIT},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        query = compiled(table[i].query);
        ck_assert(query_set_newest_limit(query, 3, &error));
        ck_assert_msg(query->stages[query->stage_count - 1].kind == table[i].last, "%s",
                      table[i].query);
        query_free(query);
    }
}
END_TEST

START_TEST(what_a_query_is_can_be_asked)
{
    static const struct {
        const char *query;
        bool streaming;
        bool plain;
        bool aggregates;
    } table[] = {
        {"*", true, true, false},
        {"a | filter b", true, true, false},
        {"a | fields b", true, false, false},
        {"a | limit 5", false, true, false},
        {"a | sort by (b)", false, true, false},
        {"a | stats count()", false, false, true},
        {"a | uniq by (b)", false, false, true},
        {"a | top by (b)", false, false, true},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct query *query = compiled(table[i].query);
        ck_assert_int_eq(query_is_streaming(query), table[i].streaming);
        ck_assert_int_eq(query_has_plain_records(query), table[i].plain);
        ck_assert_int_eq(query_aggregates(query), table[i].aggregates);
        query_free(query);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("parser");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, single_filters);
    tcase_add_test(tcase, operators_and_their_order);
    tcase_add_test(tcase, times);
    tcase_add_test(tcase, columns_and_their_canonical_names);
    tcase_add_test(tcase, functions_with_the_same_state_share_it);
    tcase_add_test(tcase, only_fields_that_matter_are_asked_for);
    tcase_add_test(tcase, wrong_queries_are_explained_where_they_are_wrong);
    tcase_add_test(tcase, limits_are_kept_and_named);
    tcase_add_test(tcase, more_fields_than_a_record_takes_are_refused);
    tcase_add_test(tcase, nothing_breaks_the_parser);
    tcase_add_test(tcase, changes_after_compiling);
    tcase_add_test(tcase, what_a_query_is_can_be_asked);
    return run_case(tcase, "logq/query/parser");
}
