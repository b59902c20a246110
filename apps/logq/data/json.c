// SPDX-License-Identifier: MIT
// json.c: one JSON object walked key by key, strictly checked, without building a tree.

#include "json.h"

#include "scan.h"

struct json_reader {
    const char *begin;
    const char *at;
    const char *end;
};

static bool json_is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static inline void json_skip_space(struct json_reader *reader)
{
    if (reader->at < reader->end && *reader->at > ' ') {
        return;
    }
    while (reader->at < reader->end && json_is_space(*reader->at)) {
        reader->at++;
    }
}

// Takes a character after optional white space.
static inline bool json_take(struct json_reader *reader, char c)
{
    json_skip_space(reader);
    if (reader->at == reader->end || *reader->at != c) {
        return false;
    }
    reader->at++;
    return true;
}

static inline bool json_is_digit(const struct json_reader *reader)
{
    return reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9';
}

// ---- strings

static bool json_is_special(char c)
{
    return c == '"' || c == '\\' || (unsigned char)c < 0x20;
}

static inline uint32_t json_special_bits(const char *place)
{
    scan_vector v = scan_load(place);
    scan_vector control = (scan_vector)(v < scan_splat(0x20));
    return scan_bits(scan_equal(v, '"') | scan_equal(v, '\\') | control);
}

// The next quote, backslash or control character, or the end.
static inline const char *json_find_special(const struct json_reader *reader)
{
    const char *at = reader->at;
    for (; reader->end - at >= SCAN_BYTES; at += SCAN_BYTES) {
        uint32_t bits = json_special_bits(at);
        if (bits != 0) {
            return at + __builtin_ctz(bits);
        }
    }
    if (reader->end - reader->begin >= SCAN_BYTES) {
        // The last bytes as part of a whole vector; those before `at` shift out.
        uint32_t bits = json_special_bits(reader->end - SCAN_BYTES);
        bits >>= SCAN_BYTES - (reader->end - at);
        return bits == 0 ? reader->end : at + __builtin_ctz(bits);
    }
    while (at < reader->end && !json_is_special(*at)) {
        at++;
    }
    return at;
}

static int json_hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// The value of four hex digits, or -1.
static int json_hex4(const char *at, const char *end)
{
    if (end - at < 4) {
        return -1;
    }
    int value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = json_hex_digit(at[i]);
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

// Takes what follows an opening quote, and the closing one.
static bool json_take_string(struct json_reader *reader, struct json_value *out)
{
    const char *begin = reader->at;
    out->kind = JSON_STRING;
    for (;;) {
        reader->at = json_find_special(reader);
        if (reader->at == reader->end) {
            return false;
        }
        if (*reader->at == '"') {
            out->text = bytes_between(begin, reader->at);
            reader->at++;
            return true;
        }
        if (*reader->at != '\\' || reader->end - reader->at < 2) {
            return false;
        }
        char escape = reader->at[1];
        reader->at += 2;
        out->kind = JSON_ESCAPED;
        if (escape == 'u') {
            if (json_hex4(reader->at, reader->end) < 0) {
                return false;
            }
            reader->at += 4;
        } else if (escape == '\0' || strchr("\"\\/bfnrt", escape) == NULL) {
            return false;
        }
    }
}

static char *json_write_utf8(char *out, uint32_t code)
{
    if (code < 0x80) {
        *out++ = (char)code;
        return out;
    }
    if (code < 0x800) {
        *out++ = (char)(0xc0 | code >> 6);
    } else {
        if (code < 0x10000) {
            *out++ = (char)(0xe0 | code >> 12);
        } else {
            *out++ = (char)(0xf0 | code >> 18);
            *out++ = (char)(0x80 | (code >> 12 & 0x3f));
        }
        *out++ = (char)(0x80 | (code >> 6 & 0x3f));
    }
    *out++ = (char)(0x80 | (code & 0x3f));
    return out;
}

// Decodes from the digits of a \u on, and a second \u if both make one character.
static const char *json_decode_unicode(const char *at, const char *end, uint32_t *code)
{
    const uint32_t replacement = 0xfffd;
    uint32_t unit = (uint32_t)json_hex4(at, end);
    at += 4;
    *code = unit;
    if (unit < 0xd800 || unit > 0xdfff) {
        return at;
    }
    *code = replacement;
    if (unit < 0xdc00 && end - at >= 6 && at[0] == '\\' && at[1] == 'u') {
        uint32_t low = (uint32_t)json_hex4(at + 2, end);
        if (low >= 0xdc00 && low <= 0xdfff) {
            *code = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
            return at + 6;
        }
    }
    return at;
}

struct bytes json_unescape(struct arena *arena, struct bytes inside)
{
    // Nothing gets longer: an escape of 6 bytes gives at most 3, two of them 4.
    char *decoded = arena_alloc(arena, inside.len, 1);
    if (decoded == NULL) {
        return (struct bytes){ 0 };
    }
    char *out = decoded;
    const char *at = inside.ptr;
    const char *const end = inside.ptr + inside.len;
    while (at < end) {
        const char *escape = memchr(at, '\\', (size_t)(end - at));
        const char *plain_end = escape == NULL ? end : escape;
        memcpy(out, at, (size_t)(plain_end - at));
        out += plain_end - at;
        if (escape == NULL) {
            break;
        }
        at = escape + 2;
        uint32_t code;
        switch (escape[1]) {
        case 'b':
            *out++ = '\b';
            break;
        case 'f':
            *out++ = '\f';
            break;
        case 'n':
            *out++ = '\n';
            break;
        case 'r':
            *out++ = '\r';
            break;
        case 't':
            *out++ = '\t';
            break;
        case 'u':
            at = json_decode_unicode(at, end, &code);
            out = json_write_utf8(out, code);
            break;
        default:
            *out++ = escape[1];
            break;
        }
    }
    return bytes_between(decoded, out);
}

// ---- values that are not entered

static bool json_take_digits(struct json_reader *reader)
{
    const char *begin = reader->at;
    while (json_is_digit(reader)) {
        reader->at++;
    }
    return reader->at > begin;
}

static bool json_take_number(struct json_reader *reader)
{
    reader->at += *reader->at == '-';
    if (reader->at < reader->end && *reader->at == '0') {
        reader->at++;
    } else if (!json_take_digits(reader)) {
        return false;
    }
    if (reader->at < reader->end && *reader->at == '.') {
        reader->at++;
        if (!json_take_digits(reader)) {
            return false;
        }
    }
    if (reader->at < reader->end && (*reader->at == 'e' || *reader->at == 'E')) {
        reader->at++;
        reader->at += reader->at < reader->end && (*reader->at == '+' || *reader->at == '-');
        return json_take_digits(reader);
    }
    return true;
}

static bool json_take_word(struct json_reader *reader, const char *word)
{
    struct bytes expected = bytes_of(word);
    if (!bytes_has_prefix(bytes_between(reader->at, reader->end), expected)) {
        return false;
    }
    reader->at += expected.len;
    return true;
}

// Takes anything but an array or object. There is at least one byte.
static bool json_take_scalar(struct json_reader *reader, struct json_value *out)
{
    const char *begin = reader->at;
    bool valid;
    out->kind = JSON_OTHER;
    switch (*begin) {
    case '"':
        reader->at++;
        return json_take_string(reader, out);
    case 't':
        valid = json_take_word(reader, "true");
        break;
    case 'f':
        valid = json_take_word(reader, "false");
        break;
    case 'n':
        valid = json_take_word(reader, "null");
        out->kind = JSON_NULL;
        break;
    default:
        valid = json_take_number(reader);
        break;
    }
    out->text = bytes_between(begin, reader->at);
    return valid;
}

static bool json_take_key(struct json_reader *reader, struct json_value *key)
{
    return json_take(reader, '"') && json_take_string(reader, key) && json_take(reader, ':');
}

// What is open while a value is passed over: one bit per level, set for an object.
struct json_nesting {
    uint64_t objects;
    int depth;
};

static bool json_inside_object(const struct json_nesting *open)
{
    return (open->objects & 1) != 0;
}

// After a value: takes closing brackets until a comma says that more follows, or nothing is open.
static bool json_take_closing(struct json_reader *reader, struct json_nesting *open)
{
    while (open->depth > 0) {
        if (json_take(reader, ',')) {
            return true;
        }
        if (!json_take(reader, json_inside_object(open) ? '}' : ']')) {
            return false;
        }
        open->objects >>= 1;
        open->depth--;
    }
    return true;
}

// Takes an array or object without visiting what is in it.
static bool json_take_nested(struct json_reader *reader, int depth_limit)
{
    struct json_nesting open = { 0 };
    do {
        struct json_value ignored;
        if (json_inside_object(&open) && !json_take_key(reader, &ignored)) {
            return false;
        }
        json_skip_space(reader);
        if (reader->at == reader->end) {
            return false;
        }
        if (*reader->at == '{' || *reader->at == '[') {
            bool is_object = *reader->at++ == '{';
            if (open.depth == depth_limit) {
                return false;
            }
            open.objects = open.objects << 1 | is_object;
            open.depth++;
            json_skip_space(reader);
            if (reader->at == reader->end || *reader->at != (is_object ? '}' : ']')) {
                continue;
            }
        } else if (!json_take_scalar(reader, &ignored)) {
            return false;
        }
        if (!json_take_closing(reader, &open)) {
            return false;
        }
    } while (open.depth > 0);
    return true;
}

// ---- the walk

static enum json_result json_visit_value(struct json_reader *reader, int depth_left,
                                         const struct json_visitor *visitor, void *ctx)
{
    struct json_value value = { .kind = JSON_OTHER };
    const char *begin = reader->at;
    if (*begin == '{' || *begin == '[') {
        if (!json_take_nested(reader, depth_left)) {
            return JSON_INVALID;
        }
        value.kind = *begin == '{' ? JSON_OBJECT : JSON_OTHER;
        value.text = bytes_between(begin, reader->at);
    } else if (!json_take_scalar(reader, &value)) {
        return JSON_INVALID;
    }
    return visitor->value(ctx, &value) ? JSON_VALID : JSON_STOPPED;
}

// Takes a key and its colon. On return *enter says whether an object may be entered.
static enum json_result json_visit_key(struct json_reader *reader, struct arena *arena,
                                       const struct json_visitor *visitor, void *ctx, bool *enter)
{
    struct json_value key;
    if (!json_take_key(reader, &key)) {
        return JSON_INVALID;
    }
    if (key.kind == JSON_ESCAPED) {
        key.text = json_unescape(arena, key.text);
        if (key.text.ptr == NULL) {
            return JSON_STOPPED;
        }
    }
    json_skip_space(reader);
    *enter = false;
    if (!visitor->key(ctx, key.text, enter)) {
        return JSON_STOPPED;
    }
    return reader->at < reader->end ? JSON_VALID : JSON_INVALID;
}

enum json_result json_walk(struct bytes text, int depth_limit, struct arena *arena,
                           const struct json_visitor *visitor, void *ctx)
{
    struct json_reader reader = { text.ptr, text.ptr, text.ptr + text.len };
    if (!json_take(&reader, '{')) {
        return JSON_INVALID;
    }
    int depth = 1;
    bool at_start = true; // of an object: it may be empty
    while (depth > 0) {
        if (!at_start || !json_take(&reader, '}')) {
            bool enter;
            enum json_result result = json_visit_key(&reader, arena, visitor, ctx, &enter);
            at_start = result == JSON_VALID && enter && *reader.at == '{';
            if (at_start) {
                if (depth == depth_limit) {
                    return JSON_INVALID;
                }
                depth++;
                reader.at++;
                if (!visitor->enter(ctx)) {
                    return JSON_STOPPED;
                }
                continue;
            }
            if (result == JSON_VALID) {
                result = json_visit_value(&reader, depth_limit - depth, visitor, ctx);
            }
            if (result != JSON_VALID) {
                return result;
            }
        } else if (--depth > 0 && !visitor->leave(ctx)) {
            return JSON_STOPPED;
        }
        at_start = false;
        while (depth > 0 && !json_take(&reader, ',')) {
            if (!json_take(&reader, '}')) {
                return JSON_INVALID;
            }
            if (--depth > 0 && !visitor->leave(ctx)) {
                return JSON_STOPPED;
            }
        }
    }
    json_skip_space(&reader);
    return reader.at == reader.end ? JSON_VALID : JSON_INVALID;
}
