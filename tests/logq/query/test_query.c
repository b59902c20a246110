// SPDX-License-Identifier: MIT
// test_query.c: what a compiled query says of itself: its columns, fields and kind.
#include "meaning.h"

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
    TCase *tcase = tcase_create("query");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, columns_and_their_canonical_names);
    tcase_add_test(tcase, functions_with_the_same_state_share_it);
    tcase_add_test(tcase, only_fields_that_matter_are_asked_for);
    tcase_add_test(tcase, changes_after_compiling);
    tcase_add_test(tcase, what_a_query_is_can_be_asked);
    return run_case(tcase, "logq/query/query");
}
