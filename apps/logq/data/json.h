// SPDX-License-Identifier: MIT
// json.h: one JSON object walked key by key, strictly checked, without building a tree.

#ifndef LOGQ_DATA_JSON_H
#define LOGQ_DATA_JSON_H

#include "arena.h"

enum json_kind {
    JSON_NULL,
    JSON_STRING,  // text is what stands between the quotes
    JSON_ESCAPED, // the same, with backslashes: see json_unescape
    JSON_OTHER,   // a number, true, false, or an array: text as written
    JSON_OBJECT,  // one that was not entered: text as written
};

struct json_value {
    enum json_kind kind;
    struct bytes text;
};

// What a walk calls. Each of them returns false to stop the walk.
struct json_visitor {
    // A key of the innermost entered object, decoded. *enter, which is false, says whether to enter
    // the value should it be an object.
    bool (*key)(void *ctx, struct bytes key, bool *enter);
    // The value of the last key, when it was not entered.
    bool (*value)(void *ctx, const struct json_value *value);
    bool (*enter)(void *ctx);
    bool (*leave)(void *ctx); // not for the outermost object
};

enum json_result {
    JSON_VALID,
    JSON_INVALID, // or deeper than the limit, which must be at most JSON_DEPTH_MAX
    JSON_STOPPED, // by the visitor, or memory for a decoded key is out
};

#define JSON_DEPTH_MAX 64

// Walks a text that is one object (RFC 8259, except that strings may hold bytes that are not UTF-8)
// with white space around it. The visitor may have been called before the text shows to be invalid.
// Decoded keys come from the arena.
enum json_result json_walk(struct bytes text, int depth_limit, struct arena *arena,
                           const struct json_visitor *visitor, void *ctx);

// Decodes the inside of a valid string; a lone surrogate becomes U+FFFD. ptr is NULL when the
// arena's limit was hit.
struct bytes json_unescape(struct arena *arena, struct bytes inside);

#endif
