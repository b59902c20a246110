// SPDX-License-Identifier: MIT
// test_flags.c: the flags of a command line: what they take, and what they say about what they do
// not.

#include "flags.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define WORDS_LIMIT 8

struct values {
    uint64_t number;
    uint64_t bytes;
    uint64_t choice;
    const char *text;
    struct flag_texts texts;
    bool is_on;
};

struct example {
    const char *line; // words with blanks between them
    const char
        *expected; // number bytes choice text is_on count | what is left; or `!` and a part of
                   // the message
};

static const struct example examples[] = {
    {"", "7 0 0 - 0 0 |"},
    {"a b", "7 0 0 - 0 0 | a b"},
    {"--number 3 a", "3 0 0 - 0 0 | a"},
    {"a --number=3 b", "3 0 0 - 0 0 | a b"},
    {"--number 1 --number 5", "5 0 0 - 0 0 |"},
    {"--bytes 17", "7 17 0 - 0 0 |"},
    {"--bytes 2K", "7 2048 0 - 0 0 |"},
    {"--bytes 3M", "7 3145728 0 - 0 0 |"},
    {"--bytes=1G", "7 1073741824 0 - 0 0 |"},
    {"--choice second", "7 0 1 - 0 0 |"},
    {"--text x=y", "7 0 0 x=y 0 0 |"},
    {"--text=x=y", "7 0 0 x=y 0 0 |"},
    {"--text=", "7 0 0  0 0 |"},
    {"--texts a --texts b c", "7 0 0 - 0 2 | c"},
    {"--on", "7 0 0 - 1 0 |"},
    {"-x - --on", "7 0 0 - 1 0 | -x -"},
    {"-- --on", "7 0 0 - 0 0 | --on"},
    {"--on -- --", "7 0 0 - 1 0 | --"},
    {"--nosuch", "!--nosuch: there is no such flag"},
    {"--num 3", "!--num: there is no such flag"},
    {"--number", "!--number wants a value: N"},
    {"--number x", "!--number x: give a number from 1 to 9"},
    {"--number 0", "!--number 0: give a number from 1 to 9"},
    {"--number 10", "!--number 10: give a number from 1 to 9"},
    {"--number -1", "!--number -1: give"},
    {"--number +1", "!--number +1: give"},
    {"--number 1K", "!--number 1K: give"},
    {"--number=", "!--number : give"},
    {"--number 99999999999999999999", "!99999999999999999999: give"},
    {"--bytes K", "!--bytes K: give a number of bytes"},
    {"--bytes 1T", "!--bytes 1T: give"},
    {"--bytes 1KB", "!--bytes 1KB: give"},
    {"--bytes 18446744073709551615G", "!give a number of bytes"},
    {"--choice third", "!--choice third: give one of first, second"},
    {"--on=1", "!--on takes no value"},
};

// Reads the line; the words that are left go behind the values. False with the message in `out`.
static bool read_line(const char *line, char *out, size_t room)
{
    static const char *const choices[] = {"first", "second", NULL};
    struct values values = {.number = 7, .text = "-"};
    const struct flag flags[] = {
        {"--number", FLAG_NUMBER, &values.number, 1, 9, NULL, "N", "a number"},
        {"--bytes", FLAG_BYTES, &values.bytes, 0, UINT64_MAX, NULL, "BYTES", "bytes"},
        {"--choice", FLAG_CHOICE, &values.choice, 0, 0, choices, "WORD", "a choice"},
        {"--text", FLAG_TEXT, &values.text, 0, 0, NULL, "TEXT", "a text"},
        {"--texts", FLAG_TEXTS, &values.texts, 0, 0, NULL, "TEXT", "texts"},
        {"--on", FLAG_SWITCH, &values.is_on, 0, 0, NULL, NULL, "a switch"},
        {0},
    };
    char copy[200];
    char *words[WORDS_LIMIT];
    int count = 0;
    (void)snprintf(copy, sizeof copy, "%s", line);
    char *rest = copy;
    for (char *word; (word = strsep(&rest, " ")) != NULL;) {
        if (*word != '\0') {
            words[count++] = word;
        }
    }
    // The message goes to a file in memory in place of standard error.
    FILE *real = stderr;
    memset(out, 0, room);
    stderr = fmemopen(out, room - 1, "w");
    bool is_read = flags_read(flags, "program", words, &count);
    (void)fclose(stderr);
    stderr = real;
    if (!is_read) {
        return false;
    }
    int end = snprintf(out, room, "%llu %llu %llu %s %d %zu |", (unsigned long long)values.number,
                       (unsigned long long)values.bytes, (unsigned long long)values.choice,
                       values.text, values.is_on, values.texts.count);
    for (int i = 0; i < count; i++) {
        end += snprintf(out + end, room - (size_t)end, " %s", words[i]);
    }
    return true;
}

START_TEST(reads_flags)
{
    const struct example *example = &examples[_i];
    char found[400];
    bool is_read = read_line(example->line, found, sizeof found);
    if (example->expected[0] == '!') {
        ck_assert_msg(!is_read, "taken: %s", found);
        ck_assert_msg(strncmp(found, "program: ", 9) == 0 &&
                          strstr(found, example->expected + 1) != NULL,
                      "the message is: %s", found);
    } else {
        ck_assert_msg(is_read, "%s", found);
        ck_assert_str_eq(found, example->expected);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flags");
    TCase *cases = tcase_create("command lines");
    tcase_set_timeout(cases, 60);
    tcase_add_loop_test(cases, reads_flags, 0, sizeof examples / sizeof examples[0]);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
