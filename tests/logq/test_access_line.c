// SPDX-License-Identifier: MIT
// test_access_line.c: broken and unbroken access log lines, against a regular expression.

#include "record_case.h"
#include "seed.h"

#include <arpa/inet.h>
#include <regex.h>

#define DATE "[22/Nov/2026:10:11:12 +0000]"

// Groups of the expression: what stands before the date, the date, the request, status, size.
#define GROUP_HEAD 1
#define GROUP_DATE 2
#define GROUP_REQUEST 4
#define GROUP_STATUS 6
#define GROUP_SENT 7
#define GROUPS 9

// The head is as long as it can be here and as short as it can be in logq: no line has two dates.
static const char grammar[] =
    "^(.*) \\[([0-9]{2}/(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)/[0-9]{4}:[0-9:]{8} "
    "[+-][0-9]{4})\\] \"(([^\"\\\\]|\\\\.)*)\" ([0-9]+|-) ([0-9]+|-)( .*)?$";

struct head {
    char text[300];
    const char *host;
    const char *addr;
    const char *user;
};

static bool is_address(const char *text)
{
    char copy[300];
    unsigned char address[16];
    snprintf(copy, sizeof(copy), "%s", text);
    copy[strcspn(copy, "%")] = '\0';
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, copy, address) == 1;
}

static bool is_host_and_port(const char *text)
{
    const char *colon = strrchr(text, ':');
    return colon > text && colon[1] != '\0' && strspn(colon + 1, "0123456789") == strlen(colon + 1);
}

static char *cut(char *at)
{
    char *space = at == NULL ? NULL : strchr(at, ' ');
    if (space == NULL) {
        return NULL;
    }
    *space = '\0';
    return space + 1;
}

// Splits what stands before the date; false when there are too few tokens.
static bool split_head(struct head *head)
{
    char *second = cut(head->text);
    char *third = cut(second);
    head->host = "";
    head->addr = head->text;
    if (third != NULL && is_host_and_port(head->text) && is_address(second)) {
        head->host = head->text;
        head->addr = second;
        third = cut(third);
    }
    head->user = third;
    return third != NULL && *head->addr != '\0';
}

static bool equals(struct bytes expected, struct bytes value)
{
    return bytes_equal(bytes_equal(expected, bytes_of("-")) ? bytes_of("") : expected, value);
}

static struct bytes group_text(const char *line, regmatch_t group)
{
    return bytes_between(line + group.rm_so, line + group.rm_eo);
}

static void mutate(struct seed *seed, char *line)
{
    static const char alphabet[] = " \"\\[]-:/1aA\xff";
    size_t length = strlen(line);
    size_t at = seed_below(seed, length);
    char letter = alphabet[seed_below(seed, sizeof(alphabet) - 1)];
    switch (seed_below(seed, 3)) {
    case 0:
        line[at] = letter;
        break;
    case 1:
        memmove(line + at, line + at + 1, length - at);
        break;
    default:
        memmove(line + at + 1, line + at, length - at + 1);
        line[at] = letter;
        break;
    }
}

static const char *const compared[] = {"host",    "remote_addr", "remote_user",
                                       "request", "status",      "body_bytes_sent"};

// What the expression makes of a line is what logq makes of it.
static bool check_against_expression(struct record *record, const regex_t *regex, const char *line)
{
    regmatch_t group[GROUPS];
    struct head head;
    REQUIRE(record_read(record, bytes_of(line), &record_case_source), "%s", line);
    bool matches = regexec(regex, line, GROUPS, group, 0) == 0;
    if (matches) {
        int64_t ns;
        struct clf_cache cache = {0};
        enum timestamp_result date =
            timestamp_read_clf(&cache, line + group[GROUP_DATE].rm_so, &ns);
        struct bytes text = group_text(line, group[GROUP_HEAD]);
        snprintf(head.text, sizeof(head.text), "%.*s", (int)text.len, text.ptr);
        matches = (date == TIMESTAMP_OK || date == TIMESTAMP_OUT_OF_RANGE) && split_head(&head);
    }
    REQUIRE(record_is_parsed(record) == matches, "%s", line);
    if (!matches) {
        return false;
    }
    struct bytes expected[] = {
        bytes_of(head.host),
        bytes_of(head.addr),
        bytes_of(head.user),
        group_text(line, group[GROUP_REQUEST]),
        group_text(line, group[GROUP_STATUS]),
        group_text(line, group[GROUP_SENT]),
    };
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        if (i == 3 && memchr(expected[i].ptr, '\\', expected[i].len) != NULL) {
            continue; // the expression decodes nothing
        }
        REQUIRE(equals(expected[i], record->values[i]), "%s: %s", line, compared[i]);
    }
    return true;
}

START_TEST(mutated_lines_agree_with_a_regular_expression)
{
    static const char *const seeds[] = {
        "1.2.3.4 - - " DATE " \"GET /a?b=c HTTP/1.1\" 200 5123 \"http://r/\" \"Mozilla/5.0 (X11)\"",
        "host:80 1.2.3.4 - user name " DATE " \"POST / HTTP/1.0\" 404 - \"-\" \"x\\\"y\" 0.1",
        "2001:db8::1 id bob " DATE " \"-\" - 0",
        "host:80 1.2.3.4 bob " DATE " \"-\" 200 0",
    };
    struct seed seed = seed_start("access line");
    regex_t regex;
    ck_assert_int_eq(regcomp(&regex, grammar, REG_EXTENDED), 0);
    struct field_set wanted;
    ck_assert(field_set_init(&wanted));
    for (size_t i = 0; i < sizeof(compared) / sizeof(compared[0]); i++) {
        ck_assert_int_ge(field_set_add(&wanted, bytes_of(compared[i])), 0);
    }
    struct record record;
    ck_assert_int_eq(record_init(&record, &wanted, RECORD_CASE_ARENA), 0);
    int parsed = 0;
    const int rounds = 150000;
    for (int round = 0; round < rounds; round++) {
        char line[300];
        size_t which = seed_below(&seed, sizeof(seeds) / sizeof(seeds[0]));
        snprintf(line, sizeof(line), "%s", seeds[which]);
        for (size_t changes = seed_below(&seed, 4); changes > 0; changes--) {
            mutate(&seed, line);
        }
        if (check_against_expression(&record, &regex, line)) {
            parsed++;
            record_check_wanted(bytes_of(line), &wanted);
        }
    }
    ck_assert_int_gt(parsed, rounds / 5);
    record_free(&record);
    field_set_free(&wanted);
    regfree(&regex);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("access_line");
    TCase *tests = tcase_create("access_line");
    tcase_set_timeout(tests, 100);
    tcase_add_test(tests, mutated_lines_agree_with_a_regular_expression);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
