// SPDX-License-Identifier: MIT
// access_line.c: where the parts of an access log line are.
//
//   [host:port ]addr ident user [22/Nov/2026:10:11:12 +0000] "request" status sent
//   ... "referer" "user agent"                                                        Combined only
//   ... extra                                                                         either
//
// Whether a line is one is decided by everything up to `sent`: a date in brackets with a space
// before it, a closed quote, a status and a size (digits or `-` each); the date must exist, and two
// spaces stand before it. What follows is only looked at when a query asks for it.

#include "access_line.h"

#include "clf_time.h"
#include "ip_address.h"
#include "scan.h"

// The date with its brackets, from `[` on.
#define BRACKETS_LENGTH (TIMESTAMP_CLF_LENGTH + 2)

// No access log line is shorter: `a   [...] "" - -`.
#define START_LENGTH_MIN 4
#define DATE_AND_REST_LENGTH_MIN (BRACKETS_LENGTH + 7)
#define ACCESS_LENGTH_MIN (START_LENGTH_MIN + DATE_AND_REST_LENGTH_MIN)

// From here on a bracket within 32 bytes has room for its date and the rest.
#define USUAL_START_LENGTH (32 + DATE_AND_REST_LENGTH_MIN)

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

// The end of a number at `at`, digits or one `-`, up to a space or the end; or NULL.
static inline const char *number_end(const char *at, const char *end)
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

// From the bracket of a date on: the request, the status and the size.
static inline bool find_after_date(struct access_line *line)
{
    const char *at = line->bracket + BRACKETS_LENGTH;
    const char *const end = line->end;
    if (at[0] != ' ' || at[1] != '"' || !take_quoted(at + 1, end, &line->request)) {
        return false;
    }
    at = line->request.end + 1;
    if (at == end || *at != ' ') {
        return false;
    }
    line->status = at + 1;
    line->status_end = number_end(line->status, end);
    if (line->status_end == NULL || line->status_end == end) {
        return false;
    }
    line->sent = line->status_end + 1;
    line->sent_end = number_end(line->sent, end);
    return line->sent_end != NULL;
}

static const char *find_space(const char *at, const char *end)
{
    return at < end ? memchr(at, ' ', (size_t)(end - at)) : NULL;
}

// Splits `addr ident user` between begin and end; all but the address may be empty.
static bool split_head(struct access_line *line, const char *begin, const char *end)
{
    const char *addr_end = find_space(begin, end);
    if (addr_end == NULL || addr_end == begin) {
        return false;
    }
    const char *ident_end = find_space(addr_end + 1, end);
    if (ident_end == NULL) {
        return false;
    }
    line->addr = begin;
    line->addr_end = addr_end;
    line->user = ident_end + 1;
    return true;
}

// Whether begin..end is name:port.
static bool is_host_and_port(const char *begin, const char *end)
{
    const char *colon = end;
    while (colon > begin && is_digit(colon[-1])) {
        colon--;
    }
    return colon < end && colon - begin >= 2 && colon[-1] == ':';
}

// What stands before the date, up to the space before its bracket.
static bool find_head(struct access_line *line)
{
    const char *end = line->bracket - 1;
    const char *begin = line->begin;
    const char *first_end = find_space(begin, end);
    line->host_end = NULL;
    if (first_end != NULL && is_host_and_port(begin, first_end)) {
        const char *second_end = find_space(first_end + 1, end);
        if (second_end != NULL && ip_address_is(bytes_between(first_end + 1, second_end))) {
            line->host_end = first_end;
            begin = first_end + 1;
        }
    }
    return split_head(line, begin, end);
}

// The date is the first one that stands in brackets after a space and before what makes a line; a
// user may hold others.
static bool find_anywhere(struct clf_cache *clf, struct access_line *line)
{
    const char *at = line->begin;
    while (line->end - at >= (ptrdiff_t)DATE_AND_REST_LENGTH_MIN) {
        const char *bracket = memchr(at, '[', (size_t)(line->end - at));
        if (bracket == NULL || line->end - bracket < (ptrdiff_t)DATE_AND_REST_LENGTH_MIN) {
            return false;
        }
        if (bracket > line->begin && bracket[-1] == ' ' && bracket[BRACKETS_LENGTH - 1] == ']') {
            enum timestamp_result result = timestamp_read_clf(clf, bracket + 1, &line->time_ns);
            line->bracket = bracket;
            line->has_time = result == TIMESTAMP_OK;
            if (result != TIMESTAMP_NOT_A_TIME && find_after_date(line)) {
                return result != TIMESTAMP_IMPOSSIBLE && find_head(line);
            }
        }
        at = bracket + 1;
    }
    return false;
}

// The usual beginning at a glance: three tokens without a colon within 32 bytes, then a date of the
// same day as the last one. False when it is anything else, which may still be good.
static inline bool find_usual_start(struct clf_cache *clf, struct access_line *line)
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
    if (third == 0 || (spaces >> (bracket - 1)) == 0 || (colons & before) != 0 || addr_end == 0) {
        return false;
    }
    line->host_end = NULL;
    line->addr = line->begin;
    line->addr_end = line->begin + addr_end;
    line->user = line->begin + ident_end + 1;
    line->bracket = line->begin + bracket;
    line->has_time = true;
    return line->bracket[BRACKETS_LENGTH - 1] == ']' &&
           clf_time_same_day(clf, line->bracket + 1, &line->time_ns);
}

bool access_line_find(struct bytes text, struct clf_cache *clf, struct access_line *out)
{
    out->begin = text.ptr;
    out->end = text.ptr + text.len;
    if (text.len >= USUAL_START_LENGTH && find_usual_start(clf, out) && find_after_date(out)) {
        return true;
    }
    return text.len >= ACCESS_LENGTH_MIN && find_anywhere(clf, out);
}

struct access_tail access_tail_find(const char *at, const char *end)
{
    struct access_tail tail = { .rest = at };
    if (end - at < 6 || at[1] != '"' || !take_quoted(at + 1, end, &tail.referer)) {
        return tail;
    }
    at = tail.referer.end + 1;
    if (end - at < 3 || at[0] != ' ' || at[1] != '"' ||
        !take_quoted(at + 1, end, &tail.user_agent)) {
        return tail;
    }
    at = tail.user_agent.end + 1;
    if (at < end && *at != ' ') {
        return tail;
    }
    tail.combined = true;
    tail.rest = at;
    return tail;
}
