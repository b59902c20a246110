// SPDX-License-Identifier: MIT
// response.c: the head of an HTTP answer, and the framing of a chunked one.

#include "http/response.h"

#include "data/calendar.h"

#include <inttypes.h>
#include <stdio.h>

#define DAY_SECONDS INT64_C(86400)

const char *http_reason(int status)
{
    switch (status) {
    case 100:
        return "Continue";
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 404:
        return "Not Found";
    case 405:
        return "Method Not Allowed";
    case 408:
        return "Request Timeout";
    case 413:
        return "Content Too Large";
    case 414:
        return "URI Too Long";
    case 415:
        return "Unsupported Media Type";
    case 417:
        return "Expectation Failed";
    case 422:
        return "Unprocessable Content";
    case 431:
        return "Request Header Fields Too Large";
    case 500:
        return "Internal Server Error";
    case 501:
        return "Not Implemented";
    case 503:
        return "Service Unavailable";
    case 504:
        return "Gateway Timeout";
    case 505:
        return "HTTP Version Not Supported";
    default:
        return "Unknown";
    }
}

// IMF-fixdate of RFC 9110, section 5.6.7.
static void write_date(struct text *text, int64_t unix_seconds)
{
    static const char days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t day = floor_divide(unix_seconds, DAY_SECONDS);
    int64_t second = unix_seconds - day * DAY_SECONDS;
    struct date date = date_of_days(day);
    int64_t weekday = day - floor_divide(day, 7) * 7;
    text_add_format(text, "Date: %s, %02d %s %04" PRId64 " %02d:%02d:%02d GMT\r\n", days[weekday],
                    date.day, months[date.month - 1], date.year, (int)(second / 3600),
                    (int)(second / 60 % 60), (int)(second % 60));
}

void http_head_write(struct text *text, const struct http_head *head, int64_t unix_seconds)
{
    text_add_format(text, "HTTP/1.1 %d %s\r\n", head->status, http_reason(head->status));
    write_date(text, unix_seconds);
    text_add_string(text, "Server: logq\r\n");
    if (head->content_type != NULL) {
        text_add_format(text, "Content-Type: %s\r\nX-Content-Type-Options: nosniff\r\n",
                        head->content_type);
    }
    if (head->framing == HTTP_BODY_LENGTH) {
        text_add_format(text, "Content-Length: %" PRIu64 "\r\n", head->length);
    } else if (head->framing == HTTP_BODY_CHUNKED) {
        text_add_string(text, "Transfer-Encoding: chunked\r\n");
    }
    if (head->closes) {
        text_add_string(text, "Connection: close\r\n");
    }
    if (head->fields != NULL) {
        text_add_string(text, head->fields);
    }
    text_add_string(text, "\r\n");
}

size_t http_chunk_line(size_t bytes, char out[HTTP_CHUNK_LINE_LIMIT])
{
    return (size_t)snprintf(out, HTTP_CHUNK_LINE_LIMIT, "%zx\r\n", bytes);
}

void http_chunks_end(struct text *text, struct bytes trailers)
{
    text_add_string(text, "0\r\n");
    text_add(text, trailers);
    text_add_string(text, "\r\n");
}

void http_field_write(struct text *text, const char *name, struct bytes value)
{
    text_add_format(text, "%s: ", name);
    char *room = text_reserve(text, value.len);
    for (size_t i = 0; room != NULL && i < value.len; i++) {
        unsigned char c = (unsigned char)value.ptr[i];
        room[i] = c < ' ' || c == 127 ? ' ' : (char)c;
    }
    text->length += room == NULL ? 0 : value.len;
    text_add_string(text, "\r\n");
}
