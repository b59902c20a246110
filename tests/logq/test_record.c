// SPDX-License-Identifier: MIT
// test_record.c: access log lines and text, decided line by line and read field by field.

#include "record_case.h"

#define DATE "[22/Nov/2026:10:11:12 +0000]"
#define TIME "_time=2026-11-22T10:11:12Z\n"
#define COMMON TIME "_format=common\n"
#define COMBINED TIME "_format=combined\n"
#define TEXT "_format=text\n"
#define GET_PARTS                                                                                  \
    "request=GET / HTTP/1.1\nrequest_method=GET\nrequest_uri=/\nserver_protocol=HTTP/1.1\n"
#define NUMBERS "status=200\nbody_bytes_sent=5\n"

struct example {
    const char *line;
    const char *fields; // what record_each gives
};

static const struct example examples[] = {
    // The two formats.
    {"1.2.3.4 - - " DATE " \"GET / HTTP/1.1\" 200 5",
     COMMON "remote_addr=1.2.3.4\n" GET_PARTS NUMBERS},
    {"1.2.3.4 - bob " DATE " \"GET / HTTP/1.1\" 200 5 \"http://r/\" \"agent 1.0\"",
     COMBINED "remote_addr=1.2.3.4\nremote_user=bob\n" GET_PARTS NUMBERS
              "http_referer=http://r/\nhttp_user_agent=agent 1.0\n"},
    {"1.2.3.4 - - " DATE " \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"",
     COMBINED "remote_addr=1.2.3.4\n" GET_PARTS NUMBERS},
    {"1.2.3.4 - - " DATE " \"GET / HTTP/1.1\" 200 5 \"\" \"\"",
     COMBINED "remote_addr=1.2.3.4\n" GET_PARTS NUMBERS},
    // Missing values.
    {"- - - " DATE " \"-\" - -", COMMON},
    {"h - - " DATE " \"-\" 408 0", COMMON "remote_addr=h\nstatus=408\nbody_bytes_sent=0\n"},
    {"h - - " DATE " \"\" 400 0", COMMON "remote_addr=h\nstatus=400\nbody_bytes_sent=0\n"},
    {"h -  " DATE " \"\" 400 0", COMMON "remote_addr=h\nstatus=400\nbody_bytes_sent=0\n"},
    // Text behind the last known field.
    {"h - - " DATE " \"-\" 200 5 0.003 x", COMMON "remote_addr=h\n" NUMBERS "extra=0.003 x\n"},
    {"h - - " DATE " \"-\" 200 5 \"r\" \"a\" 0.003 x",
     COMBINED "remote_addr=h\n" NUMBERS "http_referer=r\nhttp_user_agent=a\nextra=0.003 x\n"},
    {"h - - " DATE " \"-\" 200 5 \"r\" \"a\"x",
     COMMON "remote_addr=h\n" NUMBERS "extra=\"r\" \"a\"x\n"},
    {"h - - " DATE " \"-\" 200 5 \"r\" \"a\" -",
     COMBINED "remote_addr=h\n" NUMBERS "http_referer=r\nhttp_user_agent=a\nextra=-\n"},
    {"h - - " DATE " \"-\" 200 5 \"r\" \"a\" ",
     COMBINED "remote_addr=h\n" NUMBERS "http_referer=r\nhttp_user_agent=a\n"},
    {"h - - " DATE " \"-\" 200 5 \"r\" \"a\"  y ",
     COMBINED "remote_addr=h\n" NUMBERS "http_referer=r\nhttp_user_agent=a\nextra= y \n"},
    {"h - - " DATE " \"-\" 200 5 ", COMMON "remote_addr=h\n" NUMBERS},
    {"h - - " DATE " \"-\" 200 5 \"only\"", COMMON "remote_addr=h\n" NUMBERS "extra=\"only\"\n"},
    {"h - - " DATE " \"-\" 200 5 \"r\" \"not closed",
     COMMON "remote_addr=h\n" NUMBERS "extra=\"r\" \"not closed\n"},
    {"h - - " DATE " \"-\" 200 5 \"r\"\"a\"",
     COMMON "remote_addr=h\n" NUMBERS "extra=\"r\"\"a\"\n"},
    // Users.
    {"h - two words " DATE " \"-\" 200 5", COMMON "remote_addr=h\nremote_user=two words\n" NUMBERS},
    {"h ident a [b] c " DATE " \"-\" 200 5", COMMON "remote_addr=h\nremote_user=a [b] c\n" NUMBERS},
    {"h - x [22/Nov/2026] " DATE " \"-\" 200 5",
     COMMON "remote_addr=h\nremote_user=x [22/Nov/2026]\n" NUMBERS},
    {"h - a \"q\" b " DATE " \"-\" 200 5", COMMON "remote_addr=h\nremote_user=a \"q\" b\n" NUMBERS},
    {"h -   spaces  " DATE " \"-\" 200 5", COMMON "remote_addr=h\nremote_user=  spaces \n" NUMBERS},
    {"h  u " DATE " \"-\" 200 5", COMMON "remote_addr=h\nremote_user=u\n" NUMBERS},
    {"h - - [31/Feb/2026:10:11:12 +0000] x " DATE " \"-\" 200 5",
     COMMON "remote_addr=h\nremote_user=- [31/Feb/2026:10:11:12 +0000] x\n" NUMBERS},
    {"h - " DATE " " DATE " \"-\" 200 5", COMMON "remote_addr=h\nremote_user=" DATE "\n" NUMBERS},
    {"h - - " DATE " \"-\" 0 00000000000000000000",
     COMMON "remote_addr=h\nstatus=0\nbody_bytes_sent=00000000000000000000\n"},
    // Addresses and virtual hosts.
    {"2001:db8::1 - - " DATE " \"-\" 200 5", COMMON "remote_addr=2001:db8::1\n" NUMBERS},
    {"::1 - 9 " DATE " \"-\" 200 5", COMMON "remote_addr=::1\nremote_user=9\n" NUMBERS},
    {"example.com:80 1.2.3.4 - - " DATE " \"-\" 200 5",
     COMMON "host=example.com:80\nremote_addr=1.2.3.4\n" NUMBERS},
    {"example.com:8443 2001:db8::1 - u v " DATE " \"-\" 200 5 \"-\" \"a\"",
     COMBINED "host=example.com:8443\nremote_addr=2001:db8::1\nremote_user=u v\n" NUMBERS
              "http_user_agent=a\n"},
    {"[::1]:80 ::ffff:1.2.3.4 - - " DATE " \"-\" 200 5",
     COMMON "host=[::1]:80\nremote_addr=::ffff:1.2.3.4\n" NUMBERS},
    {"localhost:80 fe80::1%eth0 - - " DATE " \"-\" 200 5",
     COMMON "host=localhost:80\nremote_addr=fe80::1%eth0\n" NUMBERS},
    {"example.com:80 name - - " DATE " \"-\" 200 5",
     COMMON "remote_addr=example.com:80\nremote_user=- -\n" NUMBERS},
    {"example.com:80 1.2.3.256 - - " DATE " \"-\" 200 5",
     COMMON "remote_addr=example.com:80\nremote_user=- -\n" NUMBERS},
    {"example.com:80 1.2.3 - - " DATE " \"-\" 200 5",
     COMMON "remote_addr=example.com:80\nremote_user=- -\n" NUMBERS},
    {"example.com: 1.2.3.4 - - " DATE " \"-\" 200 5",
     COMMON "remote_addr=example.com:\nremote_user=- -\n" NUMBERS},
    {"example.com:80 01.2.3.4 - - " DATE " \"-\" 200 5",
     COMMON "remote_addr=example.com:80\nremote_user=- -\n" NUMBERS},
    {":80 1.2.3.4 - - " DATE " \"-\" 200 5", COMMON "remote_addr=:80\nremote_user=- -\n" NUMBERS},
    {"2001:db8::1:80 1.2.3.4 - - " DATE " \"-\" 200 5",
     COMMON "host=2001:db8::1:80\nremote_addr=1.2.3.4\n" NUMBERS},
    {"example.com:80 1.2.3.4 user " DATE " \"-\" 200 5", TEXT},
    // Escapes in quoted fields only.
    {"h - - " DATE " \"GET /\\\"a\\\\b\\x41\\x2f HTTP/1.1\" 200 5 "
     "\"\\n\\t\\r\\b\\f\\v\" \"\\q\\x4\\xZZ\"",
     COMBINED "remote_addr=h\nrequest=GET /\"a\\bA/ HTTP/1.1\nrequest_method=GET\n"
              "request_uri=/\"a\\bA/\nserver_protocol=HTTP/1.1\n" NUMBERS
              "http_referer=\\x0a\\x09\\x0d\\x08\\x0c\\x0b\nhttp_user_agent=\\q\\x4\\xZZ\n"},
    {"h - a\\x41 " DATE " \"\\xff\\x00\" 200 5",
     COMMON "remote_addr=h\nremote_user=a\\x41\nrequest=\\xff\\x00\n" NUMBERS},
    {"h - - " DATE " \"\\\\\" 200 5", COMMON "remote_addr=h\nrequest=\\\n" NUMBERS},
    {"h - - " DATE " \"\\x2d\" 200 5", COMMON "remote_addr=h\n" NUMBERS},
    {"h - - " DATE " \"a\\\" 200 5\" 200 5", COMMON "remote_addr=h\nrequest=a\" 200 5\n" NUMBERS},
    // Requests.
    {"h - - " DATE " \"GET /a b HTTP/1.1\" 200 5",
     COMMON "remote_addr=h\nrequest=GET /a b HTTP/1.1\nrequest_method=GET\nrequest_uri=/a b\n"
            "server_protocol=HTTP/1.1\n" NUMBERS},
    {"h - - " DATE " \"GET  / HTTP/1.1\" 200 5",
     COMMON "remote_addr=h\nrequest=GET  / HTTP/1.1\nrequest_method=GET\nrequest_uri= /\n"
            "server_protocol=HTTP/1.1\n" NUMBERS},
    {"h - - " DATE " \"GET - HTTP/1.1\" 200 5",
     COMMON "remote_addr=h\nrequest=GET - HTTP/1.1\nrequest_method=GET\n"
            "server_protocol=HTTP/1.1\n" NUMBERS},
    {"h - - " DATE " \"GET /old\" 200 5",
     COMMON "remote_addr=h\nrequest=GET /old\nrequest_method=GET\nrequest_uri=/old\n"
            "server_protocol=HTTP/0.9\n" NUMBERS},
    {"h - - " DATE " \"GET HTTP/1.1\" 200 5",
     COMMON "remote_addr=h\nrequest=GET HTTP/1.1\nrequest_method=GET\nrequest_uri=HTTP/1.1\n"
            "server_protocol=HTTP/0.9\n" NUMBERS},
    {"h - - " DATE " \"GET  HTTP/1.1\" 200 5",
     COMMON "remote_addr=h\nrequest=GET  HTTP/1.1\n" NUMBERS},
    {"h - - " DATE " \"GET /a b\" 200 5", COMMON "remote_addr=h\nrequest=GET /a b\n" NUMBERS},
    {"h - - " DATE " \"GET \" 200 5", COMMON "remote_addr=h\nrequest=GET \n" NUMBERS},
    {"h - - " DATE " \"GET\" 200 5", COMMON "remote_addr=h\nrequest=GET\n" NUMBERS},
    {"h - - " DATE " \"get / HTTP/1.1\" 200 5",
     COMMON "remote_addr=h\nrequest=get / HTTP/1.1\n" NUMBERS},
    {"h - - " DATE " \" / HTTP/1.1\" 200 5", COMMON "remote_addr=h\nrequest= / HTTP/1.1\n" NUMBERS},
    {"h - - " DATE " \"M-SEARCH * HTTP/1.1\" 200 5",
     COMMON "remote_addr=h\nrequest=M-SEARCH * HTTP/1.1\n" NUMBERS},
    {"h - - " DATE " \"\\x16\\x03\\x01\" 400 5",
     COMMON "remote_addr=h\nrequest=\\x16\\x03\\x01\nstatus=400\nbody_bytes_sent=5\n"},
    {"h - - " DATE " \"GET / HTTP/\" 200 5",
     COMMON "remote_addr=h\nrequest=GET / HTTP/\nrequest_method=GET\nrequest_uri=/\n"
            "server_protocol=HTTP/\n" NUMBERS},
    // Times.
    {"h - - [31/Dec/2016:23:59:60 +0000] \"-\" 200 5",
     "_time=2017-01-01T00:00:00Z\n_format=common\nremote_addr=h\n" NUMBERS},
    {"h - - [22/Nov/2026:00:30:00 +0200] \"-\" 200 5",
     "_time=2026-11-21T22:30:00Z\n_format=common\nremote_addr=h\n" NUMBERS},
    {"h - - [22/Nov/0001:00:30:00 +0200] \"-\" 200 5", "_format=common\nremote_addr=h\n" NUMBERS},
    // Bytes of all kinds.
    {"h - \xc3\xa4\xff " DATE " \"GET /\xc3\xa4\x01 HTTP/1.1\" 200 5",
     COMMON "remote_addr=h\nremote_user=\\xc3\\xa4\\xff\nrequest=GET /\\xc3\\xa4\\x01 HTTP/1.1\n"
            "request_method=GET\nrequest_uri=/\\xc3\\xa4\\x01\n"
            "server_protocol=HTTP/1.1\n" NUMBERS},
    // What is no access log line.
    {"x", TEXT},
    {" ", TEXT},
    {"just some words, long enough to be looked at more closely than short ones", TEXT},
    {"h - - [31/Feb/2026:10:11:12 +0000] \"-\" 200 5", TEXT},
    {"h - - [22/Nov/2026:24:11:12 +0000] \"-\" 200 5", TEXT},
    {"h - - [22/Nov/2026:10:11:12] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"", TEXT},
    {"h - - [2026-11-22T10:11:12+00:00] \"GET / HTTP/1.1\" 200 5 \"-\" \"-\"", TEXT},
    {"h - - " DATE "  \"-\" 200 5", TEXT},
    {"h - - " DATE " - 200 5 and some more text", TEXT},
    {"h - - [31/Feb/2026:10:11:12 +0000] \"a\" 1 1 x " DATE " \"-\" 200 5", TEXT},
    {"h - - " DATE " \"-\" 2x0 5", TEXT},
    {"h - - " DATE " \"-\" -- 5", TEXT},
    {"h - - " DATE " \"-\" 200", TEXT},
    {"h - - " DATE " \"-\" 200 ", TEXT},
    {"h - - " DATE " \"-\" 200 5x", TEXT},
    {"h - - " DATE " \"-\" 200 -5", TEXT},
    {"h - - " DATE " \"-\" 200 --", TEXT},
    {"h - - " DATE " \"-\" 200  5", TEXT},
    {"h - - " DATE " \"-\"200 5", TEXT},
    {"h - - " DATE " \"GET / HTTP/1.1 200 5", TEXT},
    {"h - - " DATE " \"GET / HTTP/1.1\\\" 200 5", TEXT},
    {"h - - " DATE " \"GET / HTTP/1.1\\", TEXT},
    {"h - - " DATE " \"a\"b\" 200 5", TEXT},
    {"h - " DATE " \"-\" 200 5", TEXT},
    {"h " DATE " \"-\" 200 5 and some more text", TEXT},
    {DATE " \"-\" 200 5 and some more text here", TEXT},
    {" - - " DATE " \"-\" 200 5 and some more", TEXT},
    {"h - " DATE " " DATE " \"-\" 200", TEXT},
    {"h - -" DATE " \"-\" 200 5 and some more", TEXT},
    {"h - - (22/Nov/2026:10:11:12 +0000) \"-\" 200 5", TEXT},
    {"h - - [22/Nov/2026:10:11:12 +0000) \"-\" 200 5", TEXT},
};

#define EXAMPLES (int)(sizeof(examples) / sizeof(examples[0]))

static void add(struct field_set *set, const char *name)
{
    ck_assert_int_ge(field_set_add(set, bytes_of(name)), 0);
}

static void add_all(struct field_set *set)
{
    for (int i = 0; i < FIELD_BUILTIN_COUNT; i++) {
        ck_assert_int_ge(field_set_add(set, field_builtin_names[i]), 0);
    }
}

START_TEST(reads_lines)
{
    // A copy with nothing behind it, so that a sanitizer sees every byte read too far.
    size_t length = strlen(examples[_i].line);
    char *copy = malloc(length);
    memcpy(copy, examples[_i].line, length);
    struct bytes line = {copy, length};
    char text[2000];

    struct field_set none;
    ck_assert(field_set_init(&none));
    record_text_of(line, &none, text, sizeof(text));
    ck_assert_str_eq(text, examples[_i].fields);
    field_set_free(&none);

    for (int i = 0; i < FIELD_BUILTIN_COUNT; i++) {
        struct field_set one;
        ck_assert(field_set_init(&one));
        ck_assert_int_eq(field_set_add(&one, field_builtin_names[i]), 0);
        record_check_wanted(line, &one);
        field_set_free(&one);
    }
    struct field_set all;
    ck_assert(field_set_init(&all));
    add(&all, "unknown");
    add_all(&all);
    record_text_of(line, &all, text, sizeof(text));
    ck_assert_str_eq(text, examples[_i].fields);
    record_check_wanted(line, &all);
    field_set_free(&all);
    free(copy);
}
END_TEST

START_TEST(zero_bytes_are_data)
{
    static const char line[] =
        "h\0 - u\0 [22/Nov/2026:10:11:12 +0000] \"\0\" 200 5 \"\\\0\" \"\0\"";
    struct field_set none;
    char text[500];
    ck_assert(field_set_init(&none));
    record_text_of((struct bytes){line, sizeof(line) - 1}, &none, text, sizeof(text));
    ck_assert_str_eq(text,
                     COMBINED "remote_addr=h\\x00\nremote_user=u\\x00\nrequest=\\x00\n" NUMBERS
                              "http_referer=\\\\x00\nhttp_user_agent=\\x00\n");
    field_set_free(&none);
}
END_TEST

// ---- the record as such

START_TEST(one_record_reads_many_formats_in_turn)
{
    static const char *const lines[] = {
        "1.2.3.4 - - " DATE " \"GET /\\x41 HTTP/1.1\" 200 5 \"a\\\\b\" \"c\"",
        "{\"status\":\"\\u0041\",\"time\":\"2026-11-22T00:00:00Z\"}",
        "text",
        "1.2.3.4 - - [23/Nov/2026:10:11:12 +0000] \"GET /b HTTP/1.1\" 404 6",
        "{\"status\":7}",
    };
    struct field_set wanted;
    ck_assert(field_set_init(&wanted));
    add_all(&wanted);
    struct record record;
    struct record fresh;
    ck_assert_int_eq(record_init(&record, &wanted, RECORD_CASE_ARENA), 0);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
            struct bytes line = bytes_of(lines[i]);
            ck_assert_int_eq(record_init(&fresh, &wanted, RECORD_CASE_ARENA), 0);
            ck_assert(record_read(&record, line, &record_case_source));
            ck_assert(record_read(&fresh, line, &record_case_source));
            ck_assert_int_eq(record.format, fresh.format);
            ck_assert_int_eq(record.has_time, fresh.has_time);
            for (int field = 0; field < wanted.count; field++) {
                ck_assert(bytes_equal(record.values[field], fresh.values[field]));
            }
            record_free(&fresh);
        }
    }
    ck_assert(bytes_is_empty(record_value(&record, -1)));
    record_free(&record);
    field_set_free(&wanted);
}
END_TEST

START_TEST(time_comes_when_it_is_needed)
{
    struct field_set wanted;
    ck_assert(field_set_init(&wanted));
    wanted.needs_time = true;
    struct record record;
    ck_assert_int_eq(record_init(&record, &wanted, 0), 0);
    struct bytes line = bytes_of("h - - " DATE " \"-\" 200 5");
    ck_assert(record_read(&record, line, &record_case_source));
    ck_assert(record.has_time);
    ck_assert_int_eq(record.time_ns, INT64_C(1795342272000000000));
    ck_assert(record_read(&record, bytes_of("text"), &record_case_source));
    ck_assert(!record.has_time);
    record_free(&record);
    field_set_free(&wanted);
}
END_TEST

START_TEST(a_cut_line_is_text)
{
    struct field_set wanted;
    ck_assert(field_set_init(&wanted));
    add_all(&wanted);
    struct record record;
    ck_assert_int_eq(record_init(&record, &wanted, 0), 0);
    struct bytes line = bytes_of("h - - " DATE " \"-\" 200 5");
    ck_assert(record_read_text(&record, line, &record_case_source));
    ck_assert(!record_is_parsed(&record));
    ck_assert(bytes_equal(record_value(&record, field_set_find(&wanted, bytes_of("_msg"))), line));
    ck_assert(bytes_is_empty(record_value(&record, field_set_find(&wanted, bytes_of("status")))));
    record_free(&record);
    field_set_free(&wanted);
}
END_TEST

START_TEST(a_hit_arena_limit_is_said)
{
    struct field_set wanted;
    ck_assert(field_set_init(&wanted));
    add(&wanted, "http_user_agent");
    struct record record;
    ck_assert_int_eq(record_init(&record, &wanted, 64), 0);
    char line[400] = "h - - " DATE " \"-\" 200 5 \"-\" \"\\x41";
    memset(line + strlen(line), 'a', 300);
    line[strlen(line)] = '"'; // zeros follow
    ck_assert(!record_read(&record, bytes_of(line), &record_case_source));
    // Nothing to decode, nothing to allocate.
    ck_assert(record_read(&record, bytes_of("h - - " DATE " \"-\" 200 5 \"-\" \"a\""),
                          &record_case_source));
    struct record_find find = {0};
    ck_assert(record_read(&record, bytes_of("{\"a\":1}"), &record_case_source));
    ck_assert_int_eq(record_each(&record, record_find_visit, &find), RECORD_EACH_NO_MEMORY);
    record_free(&record);
    field_set_free(&wanted);
}
END_TEST

static int stop_at_format(void *ctx, struct bytes name, struct bytes value)
{
    (void)value;
    ++*(int *)ctx;
    return bytes_equal(name, bytes_of("_format")) ? 42 : 0;
}

START_TEST(a_visit_can_stop)
{
    static const char *const lines[] = {"text", "{\"a\":1}", "h - - " DATE " \"-\" 200 5"};
    struct field_set none;
    ck_assert(field_set_init(&none));
    struct record record;
    ck_assert_int_eq(record_init(&record, &none, RECORD_CASE_ARENA), 0);
    for (int i = 0; i < 3; i++) {
        int visits = 0;
        ck_assert(record_read(&record, bytes_of(lines[i]), &record_case_source));
        ck_assert_int_eq(record_each(&record, stop_at_format, &visits), 42);
        ck_assert_int_eq(visits, i == 2 ? 5 : 4);
    }
    record_free(&record);
    field_set_free(&none);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record");
    TCase *tests = tcase_create("record");
    tcase_set_timeout(tests, 100);
    tcase_add_loop_test(tests, reads_lines, 0, EXAMPLES);
    tcase_add_test(tests, zero_bytes_are_data);
    tcase_add_test(tests, one_record_reads_many_formats_in_turn);
    tcase_add_test(tests, time_comes_when_it_is_needed);
    tcase_add_test(tests, a_cut_line_is_text);
    tcase_add_test(tests, a_hit_arena_limit_is_said);
    tcase_add_test(tests, a_visit_can_stop);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
