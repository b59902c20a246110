// SPDX-License-Identifier: MIT
// test_answers.c: hits, names of fields and their values, as documents.
#include "random_log.h"

#include "query/answers.h"

static const char log_text[] = "{\"time\":\"2026-11-22T10:00:10Z\",\"k\":\"a\"}\n"
                               "{\"time\":\"2026-11-22T10:01:59.9Z\",\"k\":\"b\"}\n"
                               "{\"k\":\"a\"}\n"
                               "{\"time\":\"2026-11-22T10:00:20Z\",\"k\":\"a\",\"x\":\"\"}\n"
                               "{\"time\":\"2026-11-22T10:05:00Z\"}\n"
                               "{\"time\":\"2026-11-22T10:05:01Z\",\"k\":\"b\",\"j\":1}\n"
                               "plain\n";

enum question { HITS, NAMES, VALUES };

struct asking {
    enum question question;
    const char *query;
    int64_t step_s;
    const char *fields[3];
    uint64_t limit;
};

static void change(struct query *query, const struct asking *asking)
{
    struct query_error error;
    struct bytes fields[3];
    unsigned count = 0;
    while (count < 3 && asking->fields[count] != NULL) {
        fields[count] = bytes_of(asking->fields[count]);
        count++;
    }
    bool changed = false;
    switch (asking->question) {
    case HITS:
        changed = query_make_hits(query, asking->step_s * 1000000000, fields, count, &error);
        break;
    case NAMES:
        changed = query_make_field_names(query, asking->limit, &error);
        break;
    case VALUES:
        changed = query_make_field_values(query, fields[0], asking->limit, &error);
        break;
    }
    ck_assert_msg(changed, "%s", error.text);
}

static char *answer_of(const struct asking *asking, struct bytes log, const struct way *way)
{
    struct text out = {0};
    struct writer writer;
    struct budget budget;
    struct hits_answer hits;
    struct values_answer values;
    text_put(&out, "");
    writer_init(&writer, 100, text_flush, &out);
    budget_init(&budget, TEST_MEMORY);
    hits_answer_init(&hits, &writer, asking->limit, &budget);
    values_answer_init(&values, &writer);
    struct row_sink sink =
        asking->question == HITS ? hits_answer_sink(&hits) : values_answer_sink(&values);
    struct query *query = compiled(asking->query);
    change(query, asking);
    struct partial *partial;
    const struct scan_file file = {"a.log", log};
    ck_assert_int_eq(scan_files(query, &file, 1, way, &sink, &partial), 0);
    ck_assert_int_eq(partial_finish(partial, &sink), 0);
    ck_assert_int_eq(asking->question == HITS ? hits_answer_end(&hits) : values_answer_end(&values),
                     0);
    ck_assert_int_eq(writer_flush(&writer), 0);
    partial_free(partial);
    query_free(query);
    hits_answer_free(&hits);
    ck_assert_uint_eq(atomic_load(&budget.used), 0);
    writer_free(&writer);
    return out.ptr;
}

static void check(const struct asking *asking, const char *wanted)
{
    random_start(18);
    for (int i = 0; i < 4; i++) {
        const struct way way = {.parts = 1 + random_below(3), .shuffled = i > 0, .block_lines = 1};
        char *answer = answer_of(asking, bytes_of(log_text), &way);
        ck_assert_str_eq(answer, wanted);
        free(answer);
    }
}

START_TEST(hits_over_time)
{
    check(&(struct asking){HITS, "*", 60, {NULL}, 0},
          "{\"hits\":[{\"fields\":{},\"timestamps\":[\"2026-11-22T10:00:00Z\","
          "\"2026-11-22T10:01:00Z\",\"2026-11-22T10:05:00Z\"],\"values\":[2,1,2],\"total\":5}]}");
    check(&(struct asking){HITS, "k:a", 86400, {NULL}, 0},
          "{\"hits\":[{\"fields\":{},\"timestamps\":[\"2026-11-22T00:00:00Z\"],\"values\":[2],"
          "\"total\":2}]}");
    check(&(struct asking){HITS, "nosuch", 60, {NULL}, 0}, "{\"hits\":[]}");
    // Pipes other than filters directly behind do not count.
    check(&(struct asking){HITS, "* | filter k:a | stats count() n", 3600, {NULL}, 0},
          "{\"hits\":[{\"fields\":{},\"timestamps\":[\"2026-11-22T10:00:00Z\"],\"values\":[2],"
          "\"total\":2}]}");
    check(&(struct asking){HITS, "* | limit 1 | filter k:a", 3600, {NULL}, 0},
          "{\"hits\":[{\"fields\":{},\"timestamps\":[\"2026-11-22T10:00:00Z\"],\"values\":[5],"
          "\"total\":5}]}");
}
END_TEST

START_TEST(hits_by_fields)
{
    check(&(struct asking){HITS, "*", 60, {"k"}, 0},
          "{\"hits\":[{\"fields\":{\"k\":\"a\"},\"timestamps\":[\"2026-11-22T10:00:00Z\"],"
          "\"values\":[2],\"total\":2},"
          "{\"fields\":{\"k\":\"b\"},\"timestamps\":[\"2026-11-22T10:01:00Z\","
          "\"2026-11-22T10:05:00Z\"],\"values\":[1,1],\"total\":2},"
          "{\"fields\":{\"k\":\"\"},\"timestamps\":[\"2026-11-22T10:05:00Z\"],\"values\":[1],"
          "\"total\":1}]}");
    check(&(struct asking){HITS, "*", 60, {"k"}, 1},
          "{\"hits\":[{\"fields\":{\"k\":\"a\"},\"timestamps\":[\"2026-11-22T10:00:00Z\"],"
          "\"values\":[2],\"total\":2},"
          "{\"fields\":{},\"timestamps\":[\"2026-11-22T10:01:00Z\",\"2026-11-22T10:05:00Z\"],"
          "\"values\":[1,2],\"total\":3}]}");
    check(&(struct asking){HITS, "k:*", 86400, {"k", "j"}, 5},
          "{\"hits\":[{\"fields\":{\"k\":\"a\",\"j\":\"\"},\"timestamps\":["
          "\"2026-11-22T00:00:00Z\"],\"values\":[2],\"total\":2},"
          "{\"fields\":{\"k\":\"b\",\"j\":\"1\"},\"timestamps\":[\"2026-11-22T00:00:00Z\"],"
          "\"values\":[1],\"total\":1},"
          "{\"fields\":{\"k\":\"b\",\"j\":\"\"},\"timestamps\":[\"2026-11-22T00:00:00Z\"],"
          "\"values\":[1],\"total\":1}]}");
}
END_TEST

START_TEST(names_of_fields)
{
    check(&(struct asking){NAMES, "*", 0, {NULL}, 0},
          "{\"values\":[{\"value\":\"_file\",\"hits\":7},{\"value\":\"_format\",\"hits\":7},"
          "{\"value\":\"_msg\",\"hits\":7},{\"value\":\"_stream\",\"hits\":7},"
          "{\"value\":\"_time\",\"hits\":5},{\"value\":\"k\",\"hits\":5},"
          "{\"value\":\"time\",\"hits\":5},{\"value\":\"j\",\"hits\":1}]}");
    check(&(struct asking){NAMES, "plain | stats count()", 0, {NULL}, 0},
          "{\"values\":[{\"value\":\"_file\",\"hits\":1},{\"value\":\"_format\",\"hits\":1},"
          "{\"value\":\"_msg\",\"hits\":1},{\"value\":\"_stream\",\"hits\":1}]}");
    check(&(struct asking){NAMES, "nosuch", 0, {NULL}, 0}, "{\"values\":[]}");
}
END_TEST

START_TEST(values_of_a_field)
{
    check(&(struct asking){VALUES, "*", 0, {"k"}, 0},
          "{\"values\":[{\"value\":\"a\",\"hits\":3},{\"value\":\"b\",\"hits\":2}]}");
    check(&(struct asking){VALUES, "*", 0, {"k"}, 1},
          "{\"values\":[{\"value\":\"a\",\"hits\":3}]}");
    check(&(struct asking){VALUES, "* | filter k:b | limit 0", 0, {"k"}, 9},
          "{\"values\":[{\"value\":\"b\",\"hits\":2}]}");
    check(&(struct asking){VALUES, "*", 0, {"_format"}, 0},
          "{\"values\":[{\"value\":\"json\",\"hits\":6},{\"value\":\"text\",\"hits\":1}]}");
    check(&(struct asking){VALUES, "*", 0, {"nosuch"}, 0}, "{\"values\":[]}");
}
END_TEST

START_TEST(questions_that_make_no_sense_are_refused)
{
    struct query_error error;
    struct bytes fields[] = {bytes_of("a"), bytes_of("a")};
    struct query *query = compiled("*");
    ck_assert(!query_make_hits(query, 0, NULL, 0, &error));
    ck_assert(strstr(error.text, "step") != NULL);
    ck_assert(!query_make_hits(query, 5, fields, 2, &error));
    fields[0] = bytes_of("_time");
    ck_assert(!query_make_hits(query, 5, fields, 1, &error));
    fields[0] = bytes_of("hits");
    ck_assert(!query_make_hits(query, 5, fields, 1, &error));
    ck_assert(strstr(error.text, "`hits`") != NULL);
    fields[0] = bytes_of("");
    ck_assert(!query_make_hits(query, 5, fields, 1, &error));
    ck_assert(!query_make_field_values(query, bytes_of(""), 0, &error));
    ck_assert(!query_make_field_values(query, bytes_of("hits"), 0, &error));
    query_free(query);
}
END_TEST

// Whatever the log holds, all series together count every record with a time once.
START_TEST(series_add_up)
{
    random_start(19);
    for (unsigned round = scaled(30); round > 0; round--) {
        struct text log = random_log(80);
        struct bytes bytes = {log.ptr, log.len};
        struct query *query = compiled("_time:* | stats count() n");
        const struct way whole = {0};
        char *counted = run_text(query, bytes, &whole);
        uint64_t wanted;
        ck_assert_int_eq(sscanf(counted, "{\"n\":\"%" SCNu64 "\"}", &wanted), 1);
        const struct asking asking = {HITS, "*", 600, {"level", "status"}, random_below(4)};
        const struct way way = {.parts = 2, .shuffled = true};
        char *answer = answer_of(&asking, bytes, &way);
        uint64_t total = 0;
        for (const char *at = answer; (at = strstr(at, "\"total\":")) != NULL; at += 8) {
            total += strtoull(at + 8, NULL, 10);
        }
        ck_assert_uint_eq(total, wanted);
        free(answer);
        free(counted);
        query_free(query);
        free(log.ptr);
    }
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("answers");
    tcase_set_timeout(tcase, 120);
    tcase_add_test(tcase, hits_over_time);
    tcase_add_test(tcase, hits_by_fields);
    tcase_add_test(tcase, names_of_fields);
    tcase_add_test(tcase, values_of_a_field);
    tcase_add_test(tcase, questions_that_make_no_sense_are_refused);
    tcase_add_test(tcase, series_add_up);
    return run_case(tcase, "logq/query/answers");
}
