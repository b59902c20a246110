// SPDX-License-Identifier: MIT
// record_access.c: lines of access logs in the Common and the Combined format.
//
//   [host:port ]addr ident user [22/Nov/2026:10:11:12 +0000] "request" status sent
//   ... "referer" "user agent"                                                        Combined only
//   ... extra                                                                         either
//
// Whether a line is one is decided by everything up to `sent`: three tokens, a date in brackets that
// exists, a closed quote, a status (three digits or `-`) and a size (digits or `-`). What follows
// is then only looked at when a query asks for it.

#include "record_formats.h"

#include "clf_time.h"
#include "ip_address.h"
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

// The date with its brackets, from `[` on.
#define BRACKETS_LENGTH (TIMESTAMP_CLF_LENGTH + 2)

// No access log line is shorter: `a b  [...] "" - -`.
#define ACCESS_LENGTH_MIN (5 + BRACKETS_LENGTH + 7)

// From here on a bracket within 32 bytes has its date within the line.
#define USUAL_START_LENGTH (32 + BRACKETS_LENGTH)

// A quoted text without its quotes.
struct quoted {
    const char *begin;
    const char *end;
    bool escaped; // holds a backslash
};

// Where the parts of a line are.
struct access_line {
    const char *begin;
    const char *end;
    const char *host_end; // NULL without a virtual host
    const char *addr;
    const char *addr_end;
    const char *user;
    const char *bracket;
    struct quoted request;
    const char *status;
    const char *status_end;
    const char *sent;
    const char *sent_end;
};

// ---- finding the parts

static inline uint64_t quote_bits(const char *place)
{
    scan_vector v = scan_load(place);
    return scan_bits(scan_equal(v, '"') | scan_equal(v, '\\'));
}

// The next quote or backslash, or the end. The 16 bytes before the end must be readable.
static inline const char *find_quote(const char *at, const char *end)
{
    // Most quoted fields end within the first 64 bytes: looking at all of them at once takes no
    // branch that depends on the length.
    for (; end - at >= 64; at += 64) {
        uint64_t bits = quote_bits(at) | quote_bits(at + 16) << 16 | quote_bits(at + 32) << 32 |
                        quote_bits(at + 48) << 48;
        if (bits != 0) {
            return at + __builtin_ctzll(bits);
        }
    }
    for (; end - at >= SCAN_BYTES; at += SCAN_BYTES) {
        uint64_t bits = quote_bits(at);
        if (bits != 0) {
            return at + __builtin_ctzll(bits);
        }
    }
    uint64_t bits = quote_bits(end - SCAN_BYTES) >> (SCAN_BYTES - (end - at));
    return bits == 0 ? end : at + __builtin_ctzll(bits);
}

// Takes a quoted text from its opening quote on; false when it is not closed.
static inline bool take_quoted(const char *at, const char *end, struct quoted *out)
{
    out->begin = at + 1;
    out->escaped = false;
    at = find_quote(at + 1, end);
    while (at < end && *at == '\\') {
        out->escaped = true;
        if (end - at < 2) {
            return false;
        }
        at = find_quote(at + 2, end);
    }
    out->end = at;
    return at < end;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// The number of digits at the start of 8 bytes.
static inline int count_digits8(const char *at)
{
    const uint64_t high = UINT64_C(0x8080808080808080);
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    // A digit becomes 0..9; then adding 0x76 sets the high bit of every byte that is more.
    word ^= UINT64_C(0x3030303030303030);
    uint64_t others = (word | ((word & ~high) + UINT64_C(0x7676767676767676))) & high;
    return others == 0 ? 8 : __builtin_ctzll(others) / 8;
}

// The end of a size at `at`, digits or one `-`, or NULL.
static inline const char *sent_end(const char *at, const char *end)
{
    const char *begin = at;
    if (at < end && *at == '-') {
        at++;
    } else {
        at += end - at >= 8 ? count_digits8(at) : 0;
        while (at < end && is_digit(*at)) {
            at++;
        }
    }
    return at > begin && (at == end || *at == ' ') ? at : NULL;
}

// From the bracket of a date that was found good: the request, the status and the size.
static inline bool find_after_date(struct access_line *line)
{
    const char *at = line->bracket + BRACKETS_LENGTH;
    const char *const end = line->end;
    if (end - at < 7 || at[0] != ' ' || at[1] != '"' || !take_quoted(at + 1, end, &line->request)) {
        return false;
    }
    at = line->request.end + 1;
    if (end - at < 4 || at[0] != ' ') {
        return false;
    }
    line->status = ++at;
    if (*at == '-') {
        at++;
    } else if (end - at >= 5 && is_digit(at[0]) && is_digit(at[1]) && is_digit(at[2])) {
        at += 3;
    } else {
        return false;
    }
    line->status_end = at;
    if (*at != ' ') {
        return false;
    }
    line->sent = at + 1;
    line->sent_end = sent_end(at + 1, end);
    return line->sent_end != NULL;
}

static const char *find_space(const char *at, const char *end)
{
    return at < end ? memchr(at, ' ', (size_t)(end - at)) : NULL;
}

// Splits `addr ident user` between begin and end.
static bool split_head(struct access_line *line, const char *begin, const char *end)
{
    const char *addr_end = find_space(begin, end);
    if (addr_end == NULL || addr_end == begin) {
        return false;
    }
    const char *ident_end = find_space(addr_end + 1, end);
    if (ident_end == NULL || ident_end == addr_end + 1) {
        return false;
    }
    line->addr = begin;
    line->addr_end = addr_end;
    line->user = ident_end + 1;
    return true;
}

// Whether begin..end is name:port; a name has no colon unless it is in square brackets.
static bool is_host_and_port(const char *begin, const char *end)
{
    const char *colon = end;
    while (colon > begin && is_digit(colon[-1])) {
        colon--;
    }
    if (colon == end || colon - begin < 2 || *--colon != ':') {
        return false;
    }
    if (*begin == '[') {
        return colon[-1] == ']';
    }
    return memchr(begin, ':', (size_t)(colon - begin)) == NULL;
}

// What stands before the date, up to the space before its bracket.
static bool find_head(struct access_line *line)
{
    const char *end = line->bracket - 1;
    const char *first_end = find_space(line->begin, end);
    if (first_end == NULL) {
        return false;
    }
    line->host_end = NULL;
    if (is_digit(first_end[-(first_end > line->begin)]) && is_host_and_port(line->begin, first_end)) {
        const char *second_end = find_space(first_end + 1, end);
        if (second_end != NULL && ip_address_is(bytes_between(first_end + 1, second_end)) &&
            split_head(line, first_end + 1, end)) {
            line->host_end = first_end;
            return true;
        }
    }
    return split_head(line, line->begin, end);
}

// The date is the first thing in brackets, after a space, that is written like one. Sets the time.
static bool find_date(struct record *record, struct access_line *line)
{
    const char *at = line->begin;
    for (;;) {
        ptrdiff_t left = line->end - at;
        if (left < (ptrdiff_t)(ACCESS_LENGTH_MIN - 5)) {
            return false;
        }
        const char *bracket = memchr(at, '[', (size_t)left);
        if (bracket == NULL || line->end - bracket < (ptrdiff_t)(ACCESS_LENGTH_MIN - 5)) {
            return false;
        }
        if (bracket > line->begin && bracket[-1] == ' ' && bracket[BRACKETS_LENGTH - 1] == ']') {
            enum timestamp_result result =
                timestamp_read_clf(&record->clf, bracket + 1, &record->time_ns);
            if (result == TIMESTAMP_OK || result == TIMESTAMP_OUT_OF_RANGE) {
                line->bracket = bracket;
                record->has_time = result == TIMESTAMP_OK;
                return true;
            }
            if (result == TIMESTAMP_IMPOSSIBLE) {
                return false;
            }
        }
        at = bracket + 1;
    }
}

// The usual beginning at a glance: three tokens without a colon within 32 bytes, then a date of the
// same day as the last one. False when it is anything else, which may still be good.
static inline bool find_usual_start(struct record *record, struct access_line *line)
{
    uint32_t brackets = scan_find32(line->begin, '[');
    uint32_t spaces = scan_find32(line->begin, ' ');
    uint32_t colons = scan_find32(line->begin, ':');
    if (brackets == 0) {
        return false;
    }
    // Up to and with the lowest bracket, and what comes before.
    uint32_t before = (brackets & (0 - brackets)) - 1;
    spaces &= before;
    uint32_t second = spaces & (spaces - 1);
    uint32_t third = second & (second - 1);
    int addr_end = __builtin_ctz(spaces | UINT32_C(1) << 31);
    int ident_end = __builtin_ctz(second | UINT32_C(1) << 31);
    int bracket = __builtin_ctz(brackets);
    if (third == 0 || (spaces >> (bracket - 1)) == 0 || (colons & before) != 0 || addr_end == 0 ||
        ident_end == addr_end + 1) {
        return false;
    }
    line->host_end = NULL;
    line->addr = line->begin;
    line->addr_end = line->begin + addr_end;
    line->user = line->begin + ident_end + 1;
    line->bracket = line->begin + bracket;
    record->has_time = true;
    return line->bracket[BRACKETS_LENGTH - 1] == ']' &&
           clf_time_same_day(&record->clf, line->bracket + 1, &record->time_ns);
}

static bool find_any_start(struct record *record, struct access_line *line)
{
    return find_date(record, line) && find_head(line);
}

static inline bool find_parts(struct record *record, struct access_line *line)
{
    line->begin = record->line.ptr;
    line->end = record->line.ptr + record->line.len;
    if (record->line.len < USUAL_START_LENGTH || !find_usual_start(record, line)) {
        if (record->line.len < ACCESS_LENGTH_MIN || !find_any_start(record, line)) {
            return false;
        }
    }
    return find_after_date(line);
}

// What follows the size: ` "referer" "user agent"` makes it Combined.
struct access_tail {
    bool combined;
    struct quoted referer;
    struct quoted user_agent;
    const char *rest; // behind the last known field
};

static struct access_tail find_tail(const char *at, const char *end)
{
    struct access_tail tail = { .rest = at };
    if (end - at < 6 || at[1] != '"' || !take_quoted(at + 1, end, &tail.referer)) {
        return tail;
    }
    at = tail.referer.end + 1;
    if (end - at < 3 || at[0] != ' ' || at[1] != '"' || !take_quoted(at + 1, end, &tail.user_agent)) {
        return tail;
    }
    tail.combined = true;
    tail.rest = tail.user_agent.end + 1;
    return tail;
}

// ---- values

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

// Decodes the escape at `at`, which is a backslash and at least one more byte; returns what follows,
// or NULL when it is no escape.
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
    *out = plain_value(quoted->begin, quoted->end);
    if (!quoted->escaped) {
        return true;
    }
    char *decoded = arena_alloc(arena, out->len, 1);
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
    *out = bytes_between(decoded, to);
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
        // As before `HTTP/1.1`. After the XOR a space is a zero byte, and the expression below is not 0
        // exactly when there is a zero byte.
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
    put(sink, FIELD_REQUEST_URI, rest);
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
    struct access_tail tail = find_tail(line->sent_end, line->end);
    struct bytes referer = { 0 };
    struct bytes user_agent = { 0 };
    record->format = tail.combined ? RECORD_COMBINED : RECORD_COMMON;
    if (tail.combined) {
        if (!quoted_value(&record->arena, &tail.referer, &referer) ||
            !quoted_value(&record->arena, &tail.user_agent, &user_agent)) {
            return false;
        }
    }
    const char *extra = tail.rest + (tail.rest < line->end && *tail.rest == ' ');
    put(sink, FIELD_HTTP_REFERER, referer);
    put(sink, FIELD_HTTP_USER_AGENT, user_agent);
    put(sink, FIELD_EXTRA, plain_value(extra, line->end));
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
    if (!find_parts(record, &line)) {
        return RECORD_IS_OTHER;
    }
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
    return find_tail(record->tail, end).combined ? RECORD_COMBINED : RECORD_COMMON;
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
    if (!find_parts(record, &line) || put_fields(&sink, record, &line) != RECORD_IS_READ) {
        return RECORD_EACH_NO_MEMORY;
    }
    const struct record_head head = {
        .msg = record->line,
        .has_time = record->has_time,
        .time_ns = record->time_ns,
        .format = record->format,
    };
    int result = record_visit_head(record, visitor, &head);
    for (int i = FIELD_FROM_LINE; i < FIELD_BUILTIN_COUNT && result == 0; i++) {
        result = record_visit(visitor, field_builtin_names[i], values[i]);
    }
    return result;
}
