// SPDX-License-Identifier: MIT
// test_record_json.c: JSON lines: what is valid, how it is flattened, and what replaces what.

#include "record_case.h"
#include "seed.h"
#include "text_out.h"

struct example {
    const char *line;
    const char *fields; // what record_each gives after _format=json; NULL: the line is text
};

static const struct example examples[] = {
    // Values.
    {"{}", ""},
    {" { } ", ""},
    {"{\"a\":1}", "a=1\n"},
    {"\t{ \"a\" :\t1 , \"b\" : \"x\" }\r", "a=1\nb=x\n"},
    {"{\"a\":true,\"b\":false,\"c\":null,\"d\":\"\"}", "a=true\nb=false\n"},
    {"{\"a\":-0.50e+10,\"b\":0,\"c\":-0,\"d\":1E-2,\"e\":12345678901234567890.0}",
     "a=-0.50e+10\nb=0\nc=-0\nd=1E-2\ne=12345678901234567890.0\n"},
    {"{\"a\":[1, {\"b\":[]}, \"]\" ],\"c\":[]}", "a=[1, {\"b\":[]}, \"]\" ]\nc=[]\n"},
    // Nesting.
    {"{\"a\":{\"b\":{\"c\":1,\"d\":2}},\"e\":3}", "a.b.c=1\na.b.d=2\ne=3\n"},
    {"{\"a\":{},\"b\":{\"c\":{}}}", ""},
    {"{\"\":1,\"a\":{\"\":2},\".\":3}", "=1\na.=2\n.=3\n"},
    {"{\"a.b\":1,\"c\":{\"d.e\":2}}", "a.b=1\nc.d.e=2\n"},
    // Escapes.
    {"{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"}", "a=\"\\/\\x08\\x0c\\x0a\\x0d\\x09\n"},
    {"{\"a\":\"\\u0041\\u00e4\\u20AC\\ud83d\\ude00\\u0000\"}",
     "a=A\\xc3\\xa4\\xe2\\x82\\xac\\xf0\\x9f\\x98\\x80\\x00\n"},
    {"{\"a\":\"\\ud83dx\",\"b\":\"\\ude00\",\"c\":\"\\ud83d\\ud83d\\ude00\",\"d\":\"\\ud83d\\n\"}",
     "a=\\xef\\xbf\\xbdx\nb=\\xef\\xbf\\xbd\nc=\\xef\\xbf\\xbd\\xf0\\x9f\\x98\\x80\n"
     "d=\\xef\\xbf\\xbd\\x0a\n"},
    {"{\"\\u0061\\n\":{\"\\\"b\":1}}", "a\\x0a.\"b=1\n"},
    {"{\"a\":\"\xff\xc3\x28 \xc3\xa4\"}", "a=\\xff\\xc3( \\xc3\\xa4\n"},
    // Duplicates: the last wins, with all that was below the others.
    {"{\"a\":1,\"b\":2,\"a\":3}", "b=2\na=3\n"},
    {"{\"a\":1,\"a\":null}", ""},
    {"{\"a\":1,\"a\":\"\"}", ""},
    {"{\"a\":{\"b\":1,\"c\":2},\"a\":{\"c\":3}}", "a.c=3\n"},
    {"{\"a\":{\"b\":1},\"a\":2}", "a=2\n"},
    {"{\"a\":2,\"a\":{\"b\":1}}", "a.b=1\n"},
    {"{\"a\":{\"b\":1},\"a\":{}}", ""},
    {"{\"a\":{\"x\":1,\"x\":2},\"b\":{\"x\":3,\"x\":{\"y\":4}}}", "a.x=2\nb.x.y=4\n"},
    {"{\"a\":1,\"\\u0061\":2}", "a=2\n"},
    {"{\"a.b\":1,\"a\":{\"b\":2}}", "a.b=2\n"},
    {"{\"a\":{\"b\":2},\"a.b\":1}", "a.b=1\n"},
    {"{\"a.b\":1,\"a\":{\"c\":2}}", "a.b=1\na.c=2\n"},
    {"{\"a.b\":1,\"a\":{\"b\":2},\"a\":3}", "a.b=1\na=3\n"},
    {"{\"a.b\":{\"c\":1},\"a\":{\"b.c\":2,\"b\":{\"c\":3}}}", "a.b.c=3\n"},
    // Times.
    {"{\"_time\":\"2026-11-22T10:11:12.5+01:00\"}", "@2026-11-22T09:11:12.5Z"},
    {"{\"time\":\"2026-11-22 10:11:12\"}", "@2026-11-22T10:11:12Z|time=2026-11-22 10:11:12\n"},
    {"{\"ts\":1732270272.25}", "@2024-11-22T10:11:12.25Z|ts=1732270272.25\n"},
    {"{\"ts\":\"1732270272123\"}", "@2024-11-22T10:11:12.123Z|ts=1732270272123\n"},
    {"{\"ts\":1,\"@timestamp\":2,\"timestamp\":3,\"time\":4,\"_time\":5}",
     "@1970-01-01T00:00:05Z|ts=1\n@timestamp=2\ntimestamp=3\ntime=4\n"},
    {"{\"ts\":1,\"@timestamp\":2,\"timestamp\":3,\"time\":null,\"_time\":\"\"}",
     "@1970-01-01T00:00:03Z|ts=1\n@timestamp=2\ntimestamp=3\n"},
    {"{\"ts\":1,\"@timestamp\":2,\"time\":{\"x\":9}}",
     "@1970-01-01T00:00:02Z|ts=1\n@timestamp=2\ntime.x=9\n"},
    {"{\"ts\":1,\"time\":\"soon\"}", "ts=1\ntime=soon\n"},
    {"{\"ts\":1,\"time\":[2]}", "ts=1\ntime=[2]\n"},
    {"{\"time\":1,\"time\":2}", "@1970-01-01T00:00:02Z|time=2\n"},
    {"{\"time\":1,\"time\":{\"x\":2},\"ts\":3}", "@1970-01-01T00:00:03Z|time.x=2\nts=3\n"},
    {"{\"a\":{\"time\":1}}", "a.time=1\n"},
    {"{\"time\":\"\\u0031\"}", "@1970-01-01T00:00:01Z|time=1\n"},
    {"{\"time\":\"0001-01-01T00:00:00Z\"}", "time=0001-01-01T00:00:00Z\n"},
    {"{\"time\":\"2026-02-30T00:00:00Z\"}", NULL},
    {"{\"time\":\"2026-02-20T00:00:00Z\",\"ts\":\"2026-02-30T00:00:00Z\"}",
     "@2026-02-20T00:00:00Z|time=2026-02-20T00:00:00Z\nts=2026-02-30T00:00:00Z\n"},
    // Messages.
    {"{\"log\":\"l\",\"msg\":\"m\",\"message\":\"M\",\"_msg\":\"_\"}",
     "!_|log=l\nmsg=m\nmessage=M\n"},
    {"{\"log\":\"l\",\"msg\":\"m\",\"message\":\"M\",\"_msg\":\"\"}",
     "!M|log=l\nmsg=m\nmessage=M\n"},
    {"{\"log\":\"l\",\"msg\":\"m\",\"message\":null}", "!m|log=l\nmsg=m\n"},
    {"{\"log\":7}", "!7|log=7\n"},
    {"{\"log\":{\"a\":1}}", "log.a=1\n"},
    {"{\"msg\":\"a\\tb\"}", "!a\\x09b|msg=a\\x09b\n"},
    {"{\"_msg\":{\"a\":1}}", "_msg.a=1\n"},
    // Names that only logq may give.
    {"{\"_file\":\"x\",\"_stream\":\"y\",\"_format\":\"z\",\"a\":1}", "a=1\n"},
    {"{\"_file\":{\"a\":1}}", "_file.a=1\n"},
    {"{\"status\":500,\"remote_addr\":\"::1\",\"host\":\"h\"}",
     "status=500\nremote_addr=::1\nhost=h\n"},
    // What is no JSON object.
    {"{", NULL},
    {"}", NULL},
    {"{}x", NULL},
    {"{}{}", NULL},
    {"[]", NULL},
    {"[{\"a\":1}]", NULL},
    {"\"a\"", NULL},
    {"x{}", NULL},
    {"{\"a\"}", NULL},
    {"{\"a\":}", NULL},
    {"{\"a\":1,}", NULL},
    {"{,}", NULL},
    {"{,\"a\":1}", NULL},
    {"{\"a\":1 \"b\":2}", NULL},
    {"{\"a\" 1}", NULL},
    {"{a:1}", NULL},
    {"{'a':1}", NULL},
    {"{\"a\":'b'}", NULL},
    {"{\"a\":1", NULL},
    {"{\"a\":[1}", NULL},
    {"{\"a\":[1,]}", NULL},
    {"{\"a\":[,1]}", NULL},
    {"{\"a\":[1 2]}", NULL},
    {"{\"a\":{]}", NULL},
    {"{\"a\":[}]}", NULL},
    {"{\"a\":[{\"b\"}]}", NULL},
    {"{\"a\":[{\"b\":1,}]}", NULL},
    {"{\"a\":{\"b\":1}", NULL},
    {"{\"a\":tru}", NULL},
    {"{\"a\":True}", NULL},
    {"{\"a\":nul", NULL},
    {"{\"a\":NaN}", NULL},
    {"{\"a\":01}", NULL},
    {"{\"a\":+1}", NULL},
    {"{\"a\":-}", NULL},
    {"{\"a\":1.}", NULL},
    {"{\"a\":.5}", NULL},
    {"{\"a\":1e}", NULL},
    {"{\"a\":1e+}", NULL},
    {"{\"a\":1x}", NULL},
    {"{\"a\":\"b}", NULL},
    {"{\"a\":\"\\\"}", NULL},
    {"{\"a\":\"\\", NULL},
    {"{\"a\":\"\\x41\"}", NULL},
    {"{\"a\":\"\\u12\"}", NULL},
    {"{\"a\":\"\\u12g4\"}", NULL},
    {"{\"a\":\"\t\"}", NULL},
    {"{\"a\tb\":1}", NULL},
    {"{\"a\":[\"\x01\"]}", NULL},
    {"{\"a\":1}\x0b", NULL},
    {"{\"long enough for a whole vector of bytes\":\"0123456789abcdef0123456789abcdef\x1f\"}",
     NULL},
};

#define EXAMPLES (int)(sizeof(examples) / sizeof(examples[0]))

// Builds the whole expected text: `@time|` and `!message|` stand before the fields.
static void expand(const char *fields, struct text_out out)
{
    if (fields == NULL) {
        text_put(&out, "_format=text\n");
        return;
    }
    if (*fields == '!') {
        const char *bar = strchr(fields, '|');
        text_put(&out, "_msg=%.*s\n", (int)(bar - fields - 1), fields + 1);
        fields = bar + 1;
    }
    if (*fields == '@' && strncmp(fields, "@timestamp", 10) != 0) {
        const char *bar = strchr(fields, '|');
        size_t length = bar == NULL ? strlen(fields) : (size_t)(bar - fields);
        text_put(&out, "_time=%.*s\n", (int)length - 1, fields + 1);
        fields = bar == NULL ? "" : bar + 1;
    }
    text_put(&out, "_format=json\n%s", fields);
}

static int collect_name(void *ctx, struct bytes name, struct bytes value)
{
    (void)value;
    field_set_add(ctx, name);
    return 0;
}

// A set with every field of the line, some that are not in it, and what logq makes.
static void fields_of(struct bytes line, struct field_set *set)
{
    struct field_set none;
    struct record record;
    ck_assert(field_set_init(&none));
    ck_assert(field_set_init(set));
    ck_assert_int_eq(record_init(&record, &none, RECORD_CASE_ARENA), 0);
    ck_assert(record_read(&record, line, &record_case_source));
    ck_assert_int_eq(record_each(&record, collect_name, set), 0);
    static const char *const others[] = {"_msg",  "_time", "_format", "a", "a.b",  "a.c",
                                         "a.b.c", "a.",    "",        ".", "time", "x"};
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        ck_assert_int_ge(field_set_add(set, bytes_of(others[i])), 0);
    }
    record_free(&record);
    field_set_free(&none);
}

START_TEST(reads_lines)
{
    size_t length = strlen(examples[_i].line);
    char *copy = malloc(length);
    memcpy(copy, examples[_i].line, length);
    struct bytes line = {copy, length};
    char expected[1000];
    char text[1000];
    expand(examples[_i].fields, (struct text_out)TEXT_OUT(expected));

    struct field_set none;
    ck_assert(field_set_init(&none));
    record_text_of(line, &none, text, sizeof(text));
    ck_assert_str_eq(text, expected);
    field_set_free(&none);

    struct field_set all;
    fields_of(line, &all);
    record_text_of(line, &all, text, sizeof(text));
    ck_assert_str_eq(text, expected);
    record_check_wanted(line, &all);
    for (int i = 0; i < all.count; i++) {
        struct field_set one;
        ck_assert(field_set_init(&one));
        ck_assert_int_eq(field_set_add(&one, all.names[i]), 0);
        record_check_wanted(line, &one);
        field_set_free(&one);
    }
    field_set_free(&all);
    free(copy);
}
END_TEST

// ---- random objects

struct builder {
    struct seed seed;
    char text[6000];
    size_t length;
};

static void put(struct builder *builder, const char *text)
{
    size_t length = strlen(text);
    memcpy(builder->text + builder->length, text, length + 1);
    builder->length += length;
}

static void put_value(struct builder *builder, int depth);

static void put_object(struct builder *builder, int depth)
{
    static const char *const keys[] = {"a", "b",    "a.b", "b.a", "\\u0061",
                                       "c", "time", "msg", "",    "a."};
    put(builder, "{");
    size_t members = seed_below(&builder->seed, 5);
    for (size_t i = 0; i < members; i++) {
        put(builder, i == 0 ? "\"" : " ,\"");
        put(builder, keys[seed_below(&builder->seed, sizeof(keys) / sizeof(keys[0]))]);
        put(builder, "\": ");
        put_value(builder, depth + 1);
    }
    put(builder, "}");
}

static void put_value(struct builder *builder, int depth)
{
    static const char *const scalars[] = {
        "1",      "\"x\"", "\"\\n\"", "null",       "true",
        "-2.5e3", "\"\"",  "[1,{}]",  "1732270272", "\"2026-01-02T03:04:05Z\"",
    };
    if (depth < 4 && seed_below(&builder->seed, 3) == 0) {
        put_object(builder, depth);
    } else {
        put(builder, scalars[seed_below(&builder->seed, sizeof(scalars) / sizeof(scalars[0]))]);
    }
}

// Whatever is asked for, a value is the one that record_each says; a broken line breaks nothing.
START_TEST(any_choice_of_fields_agrees_with_all_fields)
{
    static struct builder builder;
    builder.seed = seed_start("record json");
    struct seed *seed = &builder.seed;
    for (int round = 0; round < 6000; round++) {
        builder.length = 0;
        put_object(&builder, 0);
        for (size_t changes = seed_below(seed, 3); changes > 0 && round % 3 == 0; changes--) {
            size_t at = seed_below(seed, builder.length);
            builder.text[at] = "\"\\{}[],:1a\x01"[seed_below(seed, 11)];
        }
        char *copy = malloc(builder.length);
        memcpy(copy, builder.text, builder.length);
        struct bytes line = {copy, builder.length};
        struct field_set all;
        struct field_set some;
        fields_of(line, &all);
        ck_assert(field_set_init(&some));
        for (int i = 0; i < all.count; i++) {
            if (seed_below(seed, 4) == 0) {
                ck_assert_int_ge(field_set_add(&some, all.names[i]), 0);
            }
        }
        record_check_wanted(line, &some);
        field_set_free(&some);
        field_set_free(&all);
        free(copy);
    }
}
END_TEST

// ---- limits

static bool is_json(struct bytes line)
{
    struct field_set none;
    struct record record;
    ck_assert(field_set_init(&none));
    ck_assert_int_eq(record_init(&record, &none, RECORD_CASE_ARENA), 0);
    ck_assert(record_read(&record, line, &record_case_source));
    bool parsed = record_is_parsed(&record);
    record_free(&record);
    field_set_free(&none);
    return parsed;
}

// Objects to `objects` levels, arrays for the rest up to `depth`.
static struct bytes nested(struct text_out out, int objects, int depth)
{
    char *start = out.at;
    for (int i = 0; i < depth; i++) {
        text_put(&out, "%s", i < objects ? "{\"a\":" : "[");
    }
    text_put(&out, "1");
    for (int i = depth; i > 0; i--) {
        text_put(&out, "%c", i <= objects ? '}' : ']');
    }
    return bytes_between(start, out.at);
}

START_TEST(nesting_has_a_limit)
{
    static char text[110000];
    for (int objects = 1; objects <= RECORD_JSON_DEPTH_LIMIT; objects++) {
        ck_assert(
            is_json(nested((struct text_out)TEXT_OUT(text), objects, RECORD_JSON_DEPTH_LIMIT)));
        ck_assert(!is_json(
            nested((struct text_out)TEXT_OUT(text), objects, RECORD_JSON_DEPTH_LIMIT + 1)));
    }
    ck_assert(!is_json(nested((struct text_out)TEXT_OUT(text), 10000, 10000)));
    ck_assert(!is_json(nested((struct text_out)TEXT_OUT(text), 1, 50000)));

    // Entered all the way down.
    char name[2 * RECORD_JSON_DEPTH_LIMIT];
    for (int i = 0; i < RECORD_JSON_DEPTH_LIMIT; i++) {
        name[2 * i] = 'a';
        name[2 * i + 1] = '.';
    }
    struct field_set set;
    struct record record;
    ck_assert(field_set_init(&set));
    struct bytes path = {name, sizeof(name) - 1};
    ck_assert_int_eq(field_set_add(&set, path), 0);
    ck_assert_int_eq(record_init(&record, &set, RECORD_CASE_ARENA), 0);
    struct bytes line =
        nested((struct text_out)TEXT_OUT(text), RECORD_JSON_DEPTH_LIMIT, RECORD_JSON_DEPTH_LIMIT);
    ck_assert(record_read(&record, line, &record_case_source));
    ck_assert(bytes_equal(record_value(&record, 0), bytes_of("1")));
    record_check_wanted(line, &set);
    line = nested((struct text_out)TEXT_OUT(text), RECORD_JSON_DEPTH_LIMIT + 1,
                  RECORD_JSON_DEPTH_LIMIT + 1);
    ck_assert(record_read(&record, line, &record_case_source));
    ck_assert(!record_is_parsed(&record));
    ck_assert(bytes_is_empty(record_value(&record, 0)));
    record_free(&record);
    field_set_free(&set);
}
END_TEST

START_TEST(many_keys_take_linear_time)
{
    // Quadratic work on duplicates would take minutes.
    const int keys = 200000;
    size_t bytes = (size_t)keys * 16 + 10;
    char *text = malloc(bytes);
    struct text_out out = {text, text + bytes};
    text_put(&out, "{");
    for (int i = 0; i < keys; i++) {
        text_put(&out, "%s\"k.%d\":%d", i == 0 ? "" : ",", i % (keys / 2), i % 10);
    }
    text_put(&out, "}");
    struct bytes line = bytes_between(text, out.at);
    struct field_set set;
    struct record record;
    ck_assert(field_set_init(&set));
    ck_assert_int_eq(field_set_add(&set, bytes_of("k.7")), 0);
    ck_assert_int_eq(record_init(&record, &set, (size_t)200 * 1024 * 1024), 0);
    ck_assert(record_read(&record, line, &record_case_source));
    ck_assert(bytes_equal(record_value(&record, 0), bytes_of("7")));
    record_free(&record);

    ck_assert_int_eq(record_init(&record, &set, 100000), 0);
    ck_assert(!record_read(&record, line, &record_case_source)); // the arena limit is hit
    record_free(&record);
    field_set_free(&set);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record_json");
    TCase *tests = tcase_create("record_json");
    tcase_set_timeout(tests, 100);
    tcase_add_loop_test(tests, reads_lines, 0, EXAMPLES);
    tcase_add_test(tests, any_choice_of_fields_agrees_with_all_fields);
    tcase_add_test(tests, nesting_has_a_limit);
    tcase_add_test(tests, many_keys_take_linear_time);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
