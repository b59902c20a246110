// SPDX-License-Identifier: MIT
// response.h: the head of an HTTP answer, and the framing of a chunked one.

#ifndef LOGQ_HTTP_RESPONSE_H
#define LOGQ_HTTP_RESPONSE_H

#include "text.h"

#include <stdint.h>

enum http_framing {
    HTTP_BODY_LENGTH,  // Content-Length
    HTTP_BODY_CHUNKED, // with trailers
    HTTP_BODY_TO_END,  // of the connection, for HTTP/1.0
};

struct http_head {
    int status;
    enum http_framing framing;
    uint64_t length;          // HTTP_BODY_LENGTH
    const char *content_type; // NULL: none
    const char *fields;       // further ones, each ending with CR LF; NULL: none
    bool closes;              // the connection ends behind the answer
};

// The phrase of a status code that is sent here.
const char *http_reason(int status);

// Adds the head and the empty line behind it. unix_seconds is the time now.
void http_head_write(struct text *text, const struct http_head *head, int64_t unix_seconds);

// The line before a chunk's bytes; a CR LF follows them. Returns its length.
#define HTTP_CHUNK_LINE_LIMIT 24
size_t http_chunk_line(size_t bytes, char out[HTTP_CHUNK_LINE_LIMIT]);

// Ends a chunked answer; trailers are lines as in http_head.fields.
void http_chunks_end(struct text *text, struct bytes trailers);

// Adds a field; bytes in the value that must not stand in one are replaced by blanks.
void http_field_write(struct text *text, const char *name, struct bytes value);

#endif
