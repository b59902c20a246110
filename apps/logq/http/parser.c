// SPDX-License-Identifier: MIT
// parser.c: an HTTP/1.1 request, from the bytes that have come so far.

#include "http/parser.h"

#include "http/field.h"

#include <stdarg.h>
#include <stdio.h>

__attribute__((format(printf, 3, 4))) static enum http_progress
refuse(struct http_parser *parser, int status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(parser->error, sizeof parser->error, format, arguments);
    va_end(arguments);
    parser->status = status;
    return HTTP_REFUSED;
}

void http_parser_start(struct http_parser *parser, size_t limit)
{
    *parser = (struct http_parser){.limit = limit};
}

static enum http_progress refuse_size(struct http_parser *parser)
{
    switch (parser->step) {
    case HTTP_STEP_REQUEST_LINE:
        return refuse(parser, 414, "the request line is longer than %zu bytes (--max-request)",
                      parser->limit);
    case HTTP_STEP_FIELDS:
        return refuse(parser, 431, "the header fields end beyond %zu bytes (--max-request)",
                      parser->limit);
    default:
        return refuse(parser, 413, "the request is larger than %zu bytes (--max-request)",
                      parser->limit);
    }
}

// The next line without its end, once it is there; the parser then stands behind it.
static enum http_progress take_line(struct http_parser *parser, const char *buffer, size_t length,
                                    struct bytes *line)
{
    const char *end = memchr(buffer + parser->searched, '\n', length - parser->searched);
    size_t behind = end == NULL ? length + 1 : (size_t)(end - buffer) + 1;
    if (behind > parser->limit) {
        return refuse_size(parser);
    }
    if (end == NULL) {
        parser->searched = length;
        return HTTP_MORE;
    }
    parser->line_number++;
    if (end == buffer + parser->line || end[-1] != '\r') {
        return refuse(parser, 400, "line %u of the request ends without a carriage return",
                      parser->line_number);
    }
    *line = bytes_between(buffer + parser->line, end - 1);
    parser->line = behind;
    parser->searched = behind;
    return HTTP_DONE;
}

static bool find_method(struct bytes text, enum http_method *method)
{
    static const struct {
        const char *name;
        enum http_method method;
    } methods[] = {
        {"GET", HTTP_GET},      {"HEAD", HTTP_HEAD},     {"POST", HTTP_POST},
        {"PUT", HTTP_OTHER},    {"DELETE", HTTP_OTHER},  {"OPTIONS", HTTP_OTHER},
        {"TRACE", HTTP_OTHER},  {"CONNECT", HTTP_OTHER}, {"PATCH", HTTP_OTHER},
    };
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        if (bytes_equal(text, bytes_of(methods[i].name))) {
            *method = methods[i].method;
            return true;
        }
    }
    return false;
}

static enum http_progress read_version(struct http_parser *parser, struct bytes version)
{
    bool is_form = version.len == 8 && memcmp(version.ptr, "HTTP/", 5) == 0 &&
                   http_is_digit(version.ptr[5]) && version.ptr[6] == '.' &&
                   http_is_digit(version.ptr[7]);
    if (!is_form) {
        return refuse(parser, 400, "the request line does not end with an HTTP version");
    }
    if (version.ptr[5] != '1') {
        return refuse(parser, 505, "HTTP/%c.%c is not spoken here, HTTP/1.1 is", version.ptr[5],
                      version.ptr[7]);
    }
    parser->request.is_http_10 = version.ptr[7] == '0';
    return HTTP_DONE;
}

// method SP request-target SP HTTP-version
static enum http_progress read_request_line(struct http_parser *parser, const char *buffer,
                                            struct bytes line)
{
    if (line.len == 0 && parser->line_number == 1) {
        return HTTP_DONE; // one empty line before a request is harmless (RFC 9112, section 2.2)
    }
    const char *end = line.ptr + line.len;
    const char *blank = line.len == 0 ? NULL : memchr(line.ptr, ' ', line.len);
    const char *second =
        blank == NULL ? NULL : memchr(blank + 1, ' ', (size_t)(end - blank - 1));
    if (second == NULL || memchr(second + 1, ' ', (size_t)(end - second - 1)) != NULL) {
        return refuse(parser, 400,
                      "the request line is not a method, a target and a version with one blank "
                      "between each");
    }
    struct bytes method = bytes_between(line.ptr, blank);
    struct bytes target = bytes_between(blank + 1, second);
    if (!http_is_token(method)) {
        return refuse(parser, 400, "the request line does not begin with a method");
    }
    if (!http_is_target(target)) {
        return refuse(parser, 400, "the target of the request is empty or holds a byte that must "
                                   "be percent-encoded");
    }
    enum http_progress progress = read_version(parser, bytes_between(second + 1, end));
    if (progress != HTTP_DONE) {
        return progress;
    }
    if (!find_method(method, &parser->request.method)) {
        return refuse(parser, 501, "the method %.*s is not known here",
                      method.len > 32 ? 32 : (int)method.len, method.ptr);
    }
    parser->target = (struct http_span){(size_t)(target.ptr - buffer), target.len};
    parser->step = HTTP_STEP_FIELDS;
    return HTTP_DONE;
}

static enum http_progress read_content_length(struct http_parser *parser, struct bytes value)
{
    if (parser->has_length) {
        return refuse(parser, 400, "Content-Length stands in the request twice");
    }
    parser->has_length = true;
    if (value.len == 0) {
        return refuse(parser, 400, "Content-Length is empty");
    }
    size_t length = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (!http_is_digit(value.ptr[i])) {
            return refuse(parser, 400, "Content-Length is not one number");
        }
        size_t digit = (size_t)(value.ptr[i] - '0');
        // A number beyond the range is beyond the limit as well: it stays at the highest.
        length = length > (SIZE_MAX - digit) / 10 ? SIZE_MAX : length * 10 + digit;
    }
    parser->length = length;
    return HTTP_DONE;
}

static enum http_progress read_transfer_encoding(struct http_parser *parser, struct bytes value)
{
    if (parser->is_chunked) {
        return refuse(parser, 400, "Transfer-Encoding stands in the request twice");
    }
    if (parser->request.is_http_10) {
        return refuse(parser, 400, "Transfer-Encoding does not belong into HTTP/1.0");
    }
    if (!http_same_name(value, "chunked")) {
        return refuse(parser, 501, "of transfer encodings only `chunked` is known here");
    }
    parser->is_chunked = true;
    return HTTP_DONE;
}

static enum http_progress read_host(struct http_parser *parser, struct bytes value)
{
    if (parser->has_host) {
        return refuse(parser, 400, "Host stands in the request twice");
    }
    parser->has_host = true;
    if (!http_is_host(value)) {
        return refuse(parser, 400, "Host is not a host name or address with an optional port");
    }
    return HTTP_DONE;
}

// A field of the head that means something here; all others are only checked for their form.
static enum http_progress read_head_field(struct http_parser *parser, const char *buffer,
                                          const struct http_field *field)
{
    if (http_same_name(field->name, "content-length")) {
        return read_content_length(parser, field->value);
    }
    if (http_same_name(field->name, "transfer-encoding")) {
        return read_transfer_encoding(parser, field->value);
    }
    if (http_same_name(field->name, "host")) {
        return read_host(parser, field->value);
    }
    if (http_same_name(field->name, "connection")) {
        parser->says_close = parser->says_close || http_list_has(field->value, "close");
    } else if (http_same_name(field->name, "content-type")) {
        size_t at = (size_t)(field->value.ptr - buffer);
        parser->content_type = (struct http_span){at, field->value.len};
    } else if (http_same_name(field->name, "expect")) {
        if (!http_same_name(field->value, "100-continue")) {
            return refuse(parser, 417, "of expectations only `100-continue` is known here");
        }
        parser->expects_continue = !parser->request.is_http_10;
    }
    return HTTP_DONE;
}

// Decides how long the body is, once the last field has been read.
static enum http_progress end_head(struct http_parser *parser)
{
    if (!parser->has_host && !parser->request.is_http_10) {
        return refuse(parser, 400, "HTTP/1.1 wants a Host field");
    }
    if (parser->has_length && parser->is_chunked) {
        return refuse(parser, 400, "Content-Length and Transfer-Encoding do not go together");
    }
    parser->body = parser->line;
    if (parser->is_chunked) {
        parser->step = HTTP_STEP_CHUNK_SIZE;
        return HTTP_DONE;
    }
    parser->step = HTTP_STEP_BODY;
    return parser->length > parser->limit - parser->body ? refuse_size(parser) : HTTP_DONE;
}

// A line of the head, or one behind a chunked body, where fields only have to be well formed.
static enum http_progress read_field_line(struct http_parser *parser, const char *buffer,
                                          struct bytes line)
{
    bool is_head = parser->step == HTTP_STEP_FIELDS;
    if (line.len == 0) {
        if (is_head) {
            return end_head(parser);
        }
        parser->step = HTTP_STEP_DONE;
        return HTTP_DONE;
    }
    if (++parser->field_count > HTTP_FIELDS_LIMIT) {
        return refuse(parser, 431, "the request has more than %d fields", HTTP_FIELDS_LIMIT);
    }
    struct http_field field;
    const char *fault = http_field_read(line, &field);
    if (fault != NULL) {
        return refuse(parser, 400, "line %u of the request: %s", parser->line_number, fault);
    }
    return is_head ? read_head_field(parser, buffer, &field) : HTTP_DONE;
}

// chunk-size [ chunk-ext ]
static enum http_progress read_chunk_size(struct http_parser *parser, struct bytes line)
{
    size_t size = 0;
    size_t digits = 0;
    int digit = 0;
    while (digits < line.len && (digit = http_hex_digit(line.ptr[digits])) >= 0) {
        if (size > (SIZE_MAX >> 4)) {
            return refuse(parser, 400, "line %u of the request is not the size of a chunk",
                          parser->line_number);
        }
        size = (size << 4) | (size_t)digit;
        digits++;
    }
    if (digits == 0 || !http_is_chunk_extension(bytes_from(line, digits))) {
        return refuse(parser, 400, "line %u of the request is not the size of a chunk",
                      parser->line_number);
    }
    if (size == 0) {
        parser->step = HTTP_STEP_TRAILERS;
        return HTTP_DONE;
    }
    parser->length = size;
    parser->step = HTTP_STEP_CHUNK;
    size_t room = parser->limit - parser->line; // for the chunk and the line end behind it
    return room < 2 || size > room - 2 ? refuse_size(parser) : HTTP_DONE;
}

// The bytes of a chunk and the line end behind them. Moves them to the ones before.
static enum http_progress take_chunk(struct http_parser *parser, char *buffer, size_t length)
{
    size_t there = length - parser->line;
    if (there < parser->length || there - parser->length < 2) {
        return HTTP_MORE;
    }
    const char *end = buffer + parser->line + parser->length;
    if (end[0] != '\r' || end[1] != '\n') {
        return refuse(parser, 400, "a chunk is longer than its size says");
    }
    memmove(buffer + parser->body + parser->decoded, buffer + parser->line, parser->length);
    parser->decoded += parser->length;
    parser->line += parser->length + 2;
    parser->searched = parser->line;
    parser->step = HTTP_STEP_CHUNK_SIZE;
    return HTTP_DONE;
}

static enum http_progress read_line(struct http_parser *parser, const char *buffer, size_t length)
{
    struct bytes line;
    enum http_progress progress = take_line(parser, buffer, length, &line);
    if (progress != HTTP_DONE) {
        return progress;
    }
    switch (parser->step) {
    case HTTP_STEP_REQUEST_LINE:
        return read_request_line(parser, buffer, line);
    case HTTP_STEP_CHUNK_SIZE:
        return read_chunk_size(parser, line);
    default:
        return read_field_line(parser, buffer, line);
    }
}

static struct bytes span_bytes(const char *buffer, struct http_span span)
{
    return (struct bytes){.ptr = buffer + span.at, .len = span.length};
}

static enum http_progress finish(struct http_parser *parser, const char *buffer)
{
    struct http_request *request = &parser->request;
    request->target = span_bytes(buffer, parser->target);
    if (!http_target_split(request->target, &request->path, &request->query)) {
        return refuse(parser, 400, "the target of the request is neither a path nor a URL");
    }
    request->content_type = span_bytes(buffer, parser->content_type);
    size_t length = parser->is_chunked ? parser->decoded : parser->length;
    request->body = span_bytes(buffer, (struct http_span){parser->body, length});
    request->keeps_alive = !request->is_http_10 && !parser->says_close;
    request->length = parser->line;
    return HTTP_DONE;
}

enum http_progress http_parser_feed(struct http_parser *parser, char *buffer, size_t length)
{
    if (parser->status != 0) {
        return HTTP_REFUSED;
    }
    enum http_progress progress = HTTP_DONE;
    while (progress == HTTP_DONE && parser->step != HTTP_STEP_DONE) {
        if (parser->step == HTTP_STEP_CHUNK) {
            progress = take_chunk(parser, buffer, length);
        } else if (parser->step == HTTP_STEP_BODY) {
            if (length - parser->body < parser->length) {
                return HTTP_MORE;
            }
            parser->line = parser->body + parser->length;
            parser->step = HTTP_STEP_DONE;
        } else {
            progress = read_line(parser, buffer, length);
        }
    }
    return progress == HTTP_DONE ? finish(parser, buffer) : progress;
}
