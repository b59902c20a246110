// SPDX-License-Identifier: MIT
// random_log.h: log lines of all formats, drawn so that filters and groups have something to find,
// and filters and queries about them.
#ifndef LOGQ_TESTS_RANDOM_LOG_H
#define LOGQ_TESTS_RANDOM_LOG_H

#include "query_support.h"

#define ONE_OF(array) ((array)[random_below(sizeof(array) / sizeof((array)[0]))])

static const char *const log_words[] = {
    "error", "errors", "warn", "GET",          "/a/b",        "x=1",       "caf\xc3\xa9",
    "\xff",  "42",     "0.5",  "a\"b",         "back\\slash", "tab\there", "/",
    "\"",    "\\",     "k",    "\xe2\x84\xaa", "-",           "needle",
};

static const char *const log_fields[] = {
    "_msg",  "status", "request_uri",     "request_method", "http_user_agent", "level",
    "msg",   "a.b",    "body_bytes_sent", "remote_user",    "server_protocol", "_format",
    "_file", "n",      "nosuch",
};

__attribute__((unused)) static void put_number(struct text *text)
{
    static const char *const odd[] = {"1.0",  "1.50",
                                      "-0",   "1e3",
                                      "007",  "123456789012345678901",
                                      "0.1",  "0.10",
                                      "-2.5", "9007199254740993",
                                      "1e-3"};
    char digits[32];
    if (random_below(4) == 0) {
        text_put(text, ONE_OF(odd));
        return;
    }
    snprintf(digits, sizeof(digits), "%u", random_below(random_below(2) == 0 ? 10 : 3000));
    text_put(text, digits);
}

__attribute__((unused)) static void put_words(struct text *text, unsigned most)
{
    for (unsigned i = random_below(most + 1); i > 0; i--) {
        text_put(text, ONE_OF(log_words));
        text_put(text, random_below(3) == 0 ? "" : " ");
    }
}

// A value as a quoted field of an access log spells it, in one of several ways.
__attribute__((unused)) static void put_access_quoted(struct text *line, const struct text *value)
{
    for (size_t i = 0; i < value->len; i++) {
        char c = value->ptr[i];
        char hex[8];
        if (c == '"' || c == '\\' || random_below(30) == 0) {
            if ((c == '"' || c == '\\') && random_below(2) == 0) {
                text_put(line, "\\");
                text_add(line, &c, 1);
                continue;
            }
            snprintf(hex, sizeof(hex), "\\x%02X", (unsigned char)c);
            text_put(line, hex);
        } else {
            text_add(line, &c, 1);
        }
    }
}

// A value as a JSON string spells it, in one of several ways.
__attribute__((unused)) static void put_json_quoted(struct text *line, const struct text *value)
{
    static const char plain[] = "\b\f\n\r\t\"\\/";
    static const char names[] = "bfnrt\"\\/";
    text_put(line, "\"");
    for (size_t i = 0; i < value->len; i++) {
        char c = value->ptr[i];
        char hex[8];
        const char *found = strchr(plain, c);
        bool must = c == '"' || c == '\\' || (unsigned char)c < 0x20;
        if (found != NULL && (must || random_below(4) == 0) && random_below(2) == 0) {
            text_put(line, "\\");
            text_add(line, &names[found - plain], 1);
        } else if (must || ((unsigned char)c < 0x80 && random_below(20) == 0)) {
            snprintf(hex, sizeof(hex), "\\u%04x", (unsigned char)c);
            text_put(line, hex);
        } else {
            text_add(line, &c, 1);
        }
    }
    text_put(line, "\"");
}

__attribute__((unused)) static void put_access_line(struct text *line)
{
    static const char *const methods[] = {"GET", "POST", "-", "get"};
    static const char *const statuses[] = {"200", "404", "500", "503", "304", "-"};
    static const char *const protocols[] = {" HTTP/1.1", " HTTP/2.0", ""};
    char head[128];
    unsigned second = random_below(7200);
    snprintf(head, sizeof(head), "10.0.0.%u - %s [22/Nov/2026:%02u:%02u:%02u +0000] \"",
             random_below(20), random_below(3) == 0 ? "john" : "-", 9 + second / 3600,
             second / 60 % 60, second % 60);
    text_put(line, head);
    struct text request = {0};
    text_put(&request, ONE_OF(methods));
    text_put(&request, " /");
    put_words(&request, 2);
    text_put(&request, ONE_OF(protocols));
    put_access_quoted(line, &request);
    free(request.ptr);
    text_put(line, "\" ");
    text_put(line, ONE_OF(statuses));
    snprintf(head, sizeof(head), random_below(8) == 0 ? " -" : " %u", random_below(20000));
    text_put(line, head);
    if (random_below(4) > 0) {
        struct text agent = {0};
        text_put(&agent, "");
        put_words(&agent, 3);
        text_put(line, " \"-\" \"");
        put_access_quoted(line, &agent);
        text_put(line, "\"");
        free(agent.ptr);
    }
}

__attribute__((unused)) static void put_json_line(struct text *line)
{
    static const char *const keys[] = {"msg",     "level",   "status",     "n",
                                       "\"a.b\"", "message", "l\\u0065vel"};
    char time[64];
    snprintf(time, sizeof(time), "{\"ts\":%u.%u", 1795338000 + random_below(7200),
             random_below(1000));
    text_put(line, random_below(8) == 0 ? "{\"x\":1" : time);
    for (unsigned i = 1 + random_below(5); i > 0; i--) {
        const char *key = ONE_OF(keys);
        text_put(line, random_below(4) == 0 ? " , " : ",");
        text_put(line, key[0] == '"' ? "" : "\"");
        text_put(line, key);
        text_put(line, key[0] == '"' ? ":" : "\":");
        switch (random_below(6)) {
        case 0:
            put_number(line);
            break;
        case 1:
            text_put(line, random_below(2) == 0 ? "true" : "null");
            break;
        case 2:
            text_put(line, "{\"b\":\"error\",\"c\":[1, \"x\"]}");
            break;
        default: {
            struct text value = {0};
            text_put(&value, "");
            put_words(&value, 3);
            put_json_quoted(line, &value);
            free(value.ptr);
        }
        }
    }
    text_put(line, random_below(20) == 0 ? "" : "}");
}

// A log of so many lines, some blank, some with `\r`, perhaps with a byte order mark and without a
// last line end.
__attribute__((unused)) static struct text random_log(unsigned lines)
{
    struct text log = {0};
    text_put(&log, random_below(8) == 0 ? "\xef\xbb\xbf" : "");
    for (unsigned i = 0; i < lines; i++) {
        switch (random_below(10)) {
        case 0:
            break;
        case 1:
        case 2:
            put_words(&log, 5);
            break;
        case 3:
        case 4:
        case 5:
            put_json_line(&log);
            break;
        default:
            put_access_line(&log);
        }
        text_put(&log, random_below(10) == 0 ? "\r" : "");
        text_put(&log, i + 1 == lines && random_below(2) == 0 ? "" : "\n");
    }
    return log;
}

// ---- Filters ----

// A text in double quotes.
__attribute__((unused)) static void put_query_quoted(struct text *query, const char *value,
                                                     size_t length)
{
    text_put(query, "\"");
    for (size_t i = 0; i < length; i++) {
        char c = value[i];
        char hex[8];
        if ((unsigned char)c < 0x20 || (unsigned char)c >= 0x7F || c == '"' || c == '\\') {
            snprintf(hex, sizeof(hex), "\\x%02x", (unsigned char)c);
            text_put(query, hex);
        } else {
            text_add(query, &c, 1);
        }
    }
    text_put(query, "\"");
}

__attribute__((unused)) static void put_query_word(struct text *query)
{
    struct text value = {0};
    text_put(&value, ONE_OF(log_words));
    if (random_below(4) == 0) {
        text_put(&value, " ");
        text_put(&value, ONE_OF(log_words));
    }
    size_t from = random_below(3) == 0 ? random_below((unsigned)value.len) : 0;
    put_query_quoted(query, value.ptr + from, value.len - from);
    free(value.ptr);
}

__attribute__((unused)) static void put_leaf(struct text *query)
{
    static const char *const regexes[] = {
        "~`err[o]r`", "~`(warn|error)s?`", "~`^[0-9]+$`", "~`needle|42`", "~`(?i)NEEDLE`",
        "~`a.b`",     "~`\\d\\d`",         "~`x=1$`",     "~`caf.`",
    };
    static const char *const numbers[] = {">100", "<=0.5", ">=1e3", "range[1, 500)", ">1KB"};
    if (random_below(3) > 0) {
        text_put(query, ONE_OF(log_fields));
        text_put(query, ":");
    } else {
        text_put(query, "_msg:");
    }
    switch (random_below(10)) {
    case 0:
        text_put(query, "*");
        put_query_word(query);
        text_put(query, "*");
        break;
    case 1:
        text_put(query, "=");
        put_query_word(query);
        break;
    case 2:
        text_put(query, "=");
        put_query_word(query);
        text_put(query, "*");
        break;
    case 3:
        text_put(query, "i(");
        put_query_word(query);
        text_put(query, random_below(2) == 0 ? ")" : "*)");
        break;
    case 4:
        text_put(query, "in(");
        put_query_word(query);
        text_put(query, ",");
        put_query_word(query);
        text_put(query, random_below(4) == 0 ? ",\"\")" : ")");
        break;
    case 5:
        text_put(query, ONE_OF(regexes));
        break;
    case 6:
        text_put(query, ONE_OF(numbers));
        break;
    case 7:
        text_put(query, random_below(2) == 0 ? "\"\"" : "*");
        break;
    case 8:
        put_query_word(query);
        text_put(query, "*");
        break;
    default:
        put_query_word(query);
    }
}

__attribute__((unused)) static void put_random_filter(struct text *query, unsigned depth)
{
    static const char *const joints[] = {" ", " and ", " or ", " or "};
    unsigned kind = depth == 0 ? 0 : random_below(5);
    if (kind < 2) {
        put_leaf(query);
    } else if (kind == 2) {
        text_put(query, "!(");
        put_random_filter(query, depth - 1);
        text_put(query, ")");
    } else {
        text_put(query, "(");
        put_random_filter(query, depth - 1);
        text_put(query, ONE_OF(joints));
        put_random_filter(query, depth - 1);
        text_put(query, ")");
    }
}

#endif
