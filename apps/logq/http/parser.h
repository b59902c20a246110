// SPDX-License-Identifier: MIT
// parser.h: an HTTP/1.1 request, from the bytes that have come so far.
//
// Strict where leniency lets two programs read one request in two ways (RFC 9112, sections 2.2, 3
// to 7 and 11): lines end with CR LF, nothing stands between a field's name and its colon, fields
// are not folded, the length of the body is said once and in one way.

#ifndef LOGQ_HTTP_PARSER_H
#define LOGQ_HTTP_PARSER_H

#include "data/bytes.h"

#include <stdint.h>

// Fields of a request, those behind a chunked body included.
#define HTTP_FIELDS_LIMIT 100

// Bytes of one request, head and body and the framing of chunks, when the user sets no limit.
#define HTTP_REQUEST_LIMIT_DEFAULT ((size_t)256 * 1024)

#define HTTP_ERROR_TEXT_LIMIT 160

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_OTHER, // a method of RFC 9110 or 5789 that no path here allows
};

enum http_progress {
    HTTP_MORE,    // not complete yet
    HTTP_DONE,    // request is set
    HTTP_REFUSED, // status and error are set; what follows in the stream cannot be understood
};

// Values point into the buffer.
struct http_request {
    enum http_method method;
    struct bytes target; // as it was written
    struct bytes path;   // of the target, still percent-encoded; begins with a slash, or is `*`
    struct bytes query;  // behind the question mark; empty when there is none
    struct bytes content_type;
    struct bytes body;
    bool is_http_10;
    bool keeps_alive; // the connection may be used again
    size_t length;    // of the whole request: what follows is the next one
};

// A place in the buffer, which may move while it grows.
struct http_span {
    size_t at;
    size_t length;
};

enum http_step {
    HTTP_STEP_REQUEST_LINE,
    HTTP_STEP_FIELDS,
    HTTP_STEP_BODY,
    HTTP_STEP_CHUNK_SIZE,
    HTTP_STEP_CHUNK,
    HTTP_STEP_TRAILERS,
    HTTP_STEP_DONE,
};

// Reads one request. Public to be read, not written.
struct http_parser {
    struct http_request request;
    bool expects_continue; // the client waits for `100 Continue` before it sends the body
    int status;            // of HTTP_REFUSED
    char error[HTTP_ERROR_TEXT_LIMIT];
    // ------------------------------------------------------------------
    size_t limit;
    enum http_step step;
    size_t line;     // where the line or chunk that is being read begins
    size_t searched; // no line feed stands between line and here
    unsigned line_number;
    unsigned field_count;
    size_t body;       // where the body begins
    size_t length;     // of the body, or of the chunk that is being read
    size_t decoded;    // bytes of the body that stand together from `body` on
    struct http_span target;
    struct http_span content_type;
    bool has_length;
    bool is_chunked;
    bool has_host;
    bool says_close;
};

// limit: bytes of the whole request, above 0.
void http_parser_start(struct http_parser *parser, size_t limit);

// Looks at what has come: the same bytes as at the call before, and more behind them. A chunked
// body is put together in the buffer. The result does not depend on how the bytes were cut.
enum http_progress http_parser_feed(struct http_parser *parser, char *buffer, size_t length);

#endif
