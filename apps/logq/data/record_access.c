// SPDX-License-Identifier: MIT
// record_access.c: the fields of access log lines in the Common and the Combined format.

#include "access_line.h"
#include "record_formats.h"
#include "scan.h"

#define FIELD_BIT(field) (UINT32_C(1) << (field))
#define HEAD_FIELDS \
    (FIELD_BIT(FIELD_HOST) | FIELD_BIT(FIELD_REMOTE_ADDR) | FIELD_BIT(FIELD_REMOTE_USER))
#define REQUEST_PARTS                                                      \
    (FIELD_BIT(FIELD_REQUEST_METHOD) | FIELD_BIT(FIELD_REQUEST_URI) |      \
     FIELD_BIT(FIELD_SERVER_PROTOCOL))
#define REQUEST_FIELDS (FIELD_BIT(FIELD_REQUEST) | REQUEST_PARTS)
#define TAIL_FIELDS                                                          \
    (FIELD_BIT(FIELD_HTTP_REFERER) | FIELD_BIT(FIELD_HTTP_USER_AGENT) |      \
     FIELD_BIT(FIELD_EXTRA) | FIELD_BIT(FIELD_FORMAT))

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_missing(const char *begin, const char *end)
{
    return end - begin == 1 && *begin == '-';
}

static struct bytes plain_value(const char *begin, const char *end)
{
    return is_missing(begin, end) ? (struct bytes){ 0 } : bytes_between(begin, end);
}

static int hex_digit(char c)
{
    if (is_digit(c)) {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// Decodes the escape at `at`, a backslash and at least one more byte; returns what follows, or NULL
// when it is no escape.
static const char *decode_escape(const char *at, const char *end, char *out)
{
    static const char names[] = "\"\\ntrbfv";
    static const char values[] = "\"\\\n\t\r\b\f\v";
    if (at[1] == 'x' && end - at >= 4) {
        int high = hex_digit(at[2]);
        int low = hex_digit(at[3]);
        *out = (char)(unsigned char)(high * 16 + low);
        return high < 0 || low < 0 ? NULL : at + 4;
    }
    const char *name = at[1] == '\0' ? NULL : strchr(names, at[1]);
    *out = name == NULL ? '\0' : values[name - names];
    return name == NULL ? NULL : at + 2;
}

// False when the arena limit was hit.
static bool quoted_value(struct arena *arena, const struct quoted *quoted, struct bytes *out)
{
    if (!quoted->escaped) {
        *out = plain_value(quoted->begin, quoted->end);
        return true;
    }
    char *decoded = arena_alloc(arena, (size_t)(quoted->end - quoted->begin), 1);
    if (decoded == NULL) {
        return false;
    }
    char *to = decoded;
    const char *at = quoted->begin;
    while (at < quoted->end) {
        const char *next = NULL;
        if (*at == '\\') {
            next = decode_escape(at, quoted->end, to);
        }
        if (next == NULL) {
            *to = *at;
            next = at + 1;
        }
        to++;
        at = next;
    }
    *out = plain_value(decoded, to);
    return true;
}

// The values asked for: `mask` has a bit for each, slot says where in `values` it goes.
struct access_sink {
    uint32_t mask;
    const int *slot;
    struct bytes *values;
};

static void put(const struct access_sink *sink, enum field_builtin field, struct bytes value)
{
    if ((sink->mask & FIELD_BIT(field)) != 0) {
        sink->values[sink->slot[field]] = value;
    }
}

// The length of a method at the start, [A-Z]+ before a space, or 0.
static size_t method_length(struct bytes request)
{
    size_t length = 0;
    if (request.len >= SCAN_BYTES) {
        scan_vector letters = scan_load(request.ptr) - scan_splat('A');
        uint32_t others = scan_bits((scan_vector)(letters > scan_splat('Z' - 'A')));
        length = others == 0 ? SCAN_BYTES : (size_t)__builtin_ctz(others);
    }
    while (length < request.len && request.ptr[length] >= 'A' && request.ptr[length] <= 'Z') {
        length++;
    }
    return length < request.len && request.ptr[length] == ' ' ? length : 0;
}

// The last space of a request that has one.
static const char *last_space(struct bytes request)
{
    const char *end = request.ptr + request.len;
    if (request.len > 9 && end[-9] == ' ') {
        // As before `HTTP/1.1`. After the XOR a space is a zero byte, and the expression below is
        // not 0 exactly when there is a zero byte.
        uint64_t word;
        memcpy(&word, end - 8, sizeof(word));
        word ^= UINT64_C(0x2020202020202020);
        if (((word - UINT64_C(0x0101010101010101)) & ~word & UINT64_C(0x8080808080808080)) == 0) {
            return end - 9;
        }
    }
    while (*--end != ' ') {
    }
    return end;
}

static void put_request_parts(const struct access_sink *sink, struct bytes request)
{
    size_t method = method_length(request);
    if (method == 0) {
        return;
    }
    const char *last = last_space(request);
    const char *uri = request.ptr + method + 1;
    struct bytes protocol = bytes_between(last + 1, request.ptr + request.len);
    struct bytes rest = bytes_from(request, method + 1);
    if (last > uri && bytes_has_prefix(protocol, bytes_of("HTTP/"))) {
        rest = bytes_between(uri, last);
    } else if (last < uri && rest.len > 0) {
        protocol = bytes_of("HTTP/0.9");
    } else {
        return;
    }
    put(sink, FIELD_REQUEST_METHOD, (struct bytes){ request.ptr, method });
    put(sink, FIELD_REQUEST_URI, plain_value(rest.ptr, rest.ptr + rest.len));
    put(sink, FIELD_SERVER_PROTOCOL, protocol);
}

static bool put_request(const struct access_sink *sink, struct arena *arena,
                        const struct access_line *line)
{
    struct bytes request;
    if (!quoted_value(arena, &line->request, &request)) {
        return false;
    }
    put(sink, FIELD_REQUEST, request);
    if ((sink->mask & REQUEST_PARTS) != 0) {
        put_request_parts(sink, request);
    }
    return true;
}

static bool put_tail(const struct access_sink *sink, struct record *record,
                     const struct access_line *line)
{
    struct access_tail tail = access_tail_find(line->sent_end, line->end);
    struct bytes referer = { 0 };
    struct bytes user_agent = { 0 };
    record->format = tail.combined ? RECORD_COMBINED : RECORD_COMMON;
    if (tail.combined) {
        if (!quoted_value(&record->arena, &tail.referer, &referer) ||
            !quoted_value(&record->arena, &tail.user_agent, &user_agent)) {
            return false;
        }
    }
    const char *extra = tail.rest + (tail.rest < line->end); // a space stands before it
    put(sink, FIELD_HTTP_REFERER, referer);
    put(sink, FIELD_HTTP_USER_AGENT, user_agent);
    put(sink, FIELD_EXTRA, bytes_between(extra, line->end));
    return true;
}

static void put_head(const struct access_sink *sink, const struct access_line *line)
{
    if (line->host_end != NULL) {
        put(sink, FIELD_HOST, bytes_between(line->begin, line->host_end));
    }
    put(sink, FIELD_REMOTE_ADDR, plain_value(line->addr, line->addr_end));
    put(sink, FIELD_REMOTE_USER, plain_value(line->user, line->bracket - 1));
}

static enum record_outcome put_fields(const struct access_sink *sink, struct record *record,
                                      const struct access_line *line)
{
    record->format = RECORD_ACCESS;
    record->tail = line->sent_end;
    put(sink, FIELD_STATUS, plain_value(line->status, line->status_end));
    put(sink, FIELD_BODY_BYTES_SENT, plain_value(line->sent, line->sent_end));
    if ((sink->mask & HEAD_FIELDS) != 0) {
        put_head(sink, line);
    }
    if ((sink->mask & REQUEST_FIELDS) != 0 && !put_request(sink, &record->arena, line)) {
        return RECORD_NO_MEMORY;
    }
    if ((sink->mask & TAIL_FIELDS) != 0 && !put_tail(sink, record, line)) {
        return RECORD_NO_MEMORY;
    }
    return RECORD_IS_READ;
}

enum record_outcome record_read_access(struct record *record)
{
    struct access_line line;
    if (!access_line_find(record->line, &record->clf, &line)) {
        return RECORD_IS_OTHER;
    }
    record->has_time = line.has_time;
    record->time_ns = line.time_ns;
    const struct access_sink sink = {
        .mask = record->wanted->builtin_mask,
        .slot = record->wanted->builtin,
        .values = record->values,
    };
    return put_fields(&sink, record, &line);
}

enum record_format record_format(const struct record *record)
{
    if (record->format != RECORD_ACCESS) {
        return record->format;
    }
    const char *end = record->line.ptr + record->line.len;
    return access_tail_find(record->tail, end).combined ? RECORD_COMBINED : RECORD_COMMON;
}

int record_each_access(struct record *record, const struct record_visitor *visitor)
{
    struct access_line line;
    struct bytes values[FIELD_BUILTIN_COUNT] = { 0 };
    int slot[FIELD_BUILTIN_COUNT];
    for (int i = 0; i < FIELD_BUILTIN_COUNT; i++) {
        slot[i] = i;
    }
    const struct access_sink sink = { .mask = UINT32_MAX, .slot = slot, .values = values };
    // The line was read as an access log line before, so it is one.
    if (!access_line_find(record->line, &record->clf, &line) ||
        put_fields(&sink, record, &line) != RECORD_IS_READ) {
        return RECORD_EACH_NO_MEMORY;
    }
    const struct record_head head = {
        .msg = record->line,
        .has_time = line.has_time,
        .time_ns = line.time_ns,
        .format = record->format,
    };
    int result = record_visit_head(record, visitor, &head);
    for (int i = FIELD_FROM_LINE; i < FIELD_BUILTIN_COUNT && result == 0; i++) {
        result = record_visit(visitor, field_builtin_names[i], values[i]);
    }
    return result;
}
