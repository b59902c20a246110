// SPDX-License-Identifier: MIT
// regex_required.c: which literals a text must contain that a pattern matches.
//
// A reader for the syntax that RE2 takes, which is allowed to give up: then nothing is required. It
// never has to find an error, because RE2 has seen the pattern before.

#include "query/regex_pattern.h"

#include "query/letters.h"
#include "query/utf8.h"

// Groups in groups, one frame of parse_alternatives and parse_sequence each.
#define NESTING_LIMIT 32

struct reader {
    struct bytes pattern;
    size_t at;
    struct arena *arena;
    int nesting;
    bool fold;   // (?i) is in force
    bool quoted; // between \Q and \E
    bool gave_up;
};

enum atom_kind {
    ATOM_RUNE,  // one character that stands for itself
    ATOM_EMPTY, // matches between characters, as `^` does
    ATOM_OTHER, // anything that needs one character or more, but no certain one
    ATOM_GROUP,
};

// What a piece of the pattern requires. While a sequence is read, `text` is the run of characters
// that ends there.
struct part {
    bool exact; // it matches `text` and nothing else
    size_t length;
    char text[REQUIRED_LITERAL_LIMIT];
    struct required required; // when not exact
};

struct atom {
    enum atom_kind kind;
    uint32_t rune;
};

static struct part parse_alternatives(struct reader *reader);

static bool at_end(const struct reader *reader)
{
    return reader->gave_up || reader->at >= reader->pattern.len;
}

static char peek(const struct reader *reader)
{
    return reader->at < reader->pattern.len ? reader->pattern.ptr[reader->at] : '\0';
}

static bool take(struct reader *reader, const char *text)
{
    struct bytes expected = bytes_of(text);
    if (!bytes_has_prefix(bytes_from(reader->pattern, reader->at), expected)) {
        return false;
    }
    reader->at += expected.len;
    return true;
}

static uint32_t take_rune(struct reader *reader)
{
    uint32_t rune;
    reader->at += utf8_decode(bytes_from(reader->pattern, reader->at), &rune);
    return rune;
}

// ---- sequences

static void add_required(struct part *part, struct required more)
{
    part->required = required_both(part->required, more);
    part->exact = false;
}

// Ends the run: what it holds is required, and what follows does not stand beside it.
static void end_run(struct reader *reader, struct part *part)
{
    struct bytes run = { .ptr = part->text, .len = part->length };
    add_required(part, required_literal(reader->arena, run));
    part->length = 0;
}

static void append(struct reader *reader, struct part *part, struct bytes text)
{
    if (part->length + text.len > sizeof(part->text)) {
        end_run(reader, part);
    }
    memcpy(part->text + part->length, text.ptr, text.len);
    part->length += text.len;
}

// A character has another case, or may be an invalid byte of the text.
static bool is_uncertain(const struct reader *reader, uint32_t rune)
{
    if (rune == UTF8_REPLACEMENT || rune > UTF8_RUNE_MAX || (rune >= 0xD800 && rune <= 0xDFFF)) {
        return true;
    }
    bool may_have_case = rune >= 0x80 || (rune_is_word(rune) && rune >= 'A' && rune != '_');
    return reader->fold && may_have_case;
}

// ---- atoms

static int digit_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : 99;
}

static uint32_t take_number(struct reader *reader, int digits, int base)
{
    uint32_t value = 0;
    while (digits-- > 0 && digit_value(peek(reader)) < base) {
        value = value * (uint32_t)base + (uint32_t)digit_value(peek(reader));
        reader->at++;
    }
    return value;
}

// An integer as RE2 reads it, without superfluous zeros, of at most as many digits as it may have.
static bool take_integer(struct reader *reader, uint32_t *value)
{
    const size_t digits_max = 4;
    size_t start = reader->at;
    bool starts_with_zero = peek(reader) == '0';
    *value = take_number(reader, (int)digits_max, 10);
    size_t digits = reader->at - start;
    return digits > 0 && digit_value(peek(reader)) >= 10 && (digits == 1 || !starts_with_zero);
}

// A `{` that begins no count stands for itself.
static bool take_count(struct reader *reader, uint32_t *least)
{
    size_t start = reader->at;
    uint32_t most;
    if (take(reader, "{") && take_integer(reader, least)) {
        if (take(reader, ",") && peek(reader) != '}' && !take_integer(reader, &most)) {
            reader->at = start;
            return false;
        }
        if (take(reader, "}")) {
            return true;
        }
    }
    reader->at = start;
    return false;
}

// A repetition where something to repeat should stand: behind flags or an empty quotation it is for
// what came before these.
static bool give_up_on_repetition(struct reader *reader)
{
    struct reader ahead = *reader;
    uint32_t least;
    if (peek(reader) == '*' || peek(reader) == '+' || peek(reader) == '?' ||
        take_count(&ahead, &least)) {
        reader->gave_up = true;
    }
    return reader->gave_up;
}

static struct atom rune_atom(const struct reader *reader, uint32_t rune)
{
    if (is_uncertain(reader, rune)) {
        return (struct atom){ .kind = ATOM_OTHER };
    }
    return (struct atom){ .kind = ATOM_RUNE, .rune = rune };
}

// The character of an escape that stands for one, from behind the back-slash on; or gives up.
static uint32_t take_escaped_rune(struct reader *reader)
{
    static const char names[] = "afnrtv";
    static const char bytes[] = "\a\f\n\r\t\v";
    char c = peek(reader);
    if (c >= '0' && c <= '7') {
        return take_number(reader, 3, 8);
    }
    reader->at++;
    if (c == 'x' && take(reader, "{")) {
        // RE2 has seen that it is no larger than a character may be.
        uint32_t value = take_number(reader, 8, 16);
        reader->gave_up |= !take(reader, "}");
        return value;
    }
    if (c == 'x') {
        return take_number(reader, 2, 16);
    }
    const char *name = c == '\0' ? NULL : strchr(names, c);
    if (name != NULL) {
        return (unsigned char)bytes[name - names];
    }
    bool punctuation = (unsigned char)c < 0x80 && (!rune_is_word((unsigned char)c) || c == '_');
    reader->gave_up |= !punctuation;
    return (unsigned char)c;
}

static struct atom parse_escape(struct reader *reader)
{
    char c = peek(reader);
    if (c != '\0' && strchr("AzbB", c) != NULL) {
        reader->at++;
        return (struct atom){ .kind = ATOM_EMPTY };
    }
    if (c != '\0' && strchr("dDsSwW", c) != NULL) {
        reader->at++;
        return (struct atom){ .kind = ATOM_OTHER };
    }
    if (c == 'p' || c == 'P') {
        reader->at++;
        if (take(reader, "{")) {
            while (!at_end(reader) && peek(reader) != '}') {
                reader->at++;
            }
        }
        if (!at_end(reader)) {
            take_rune(reader);
        }
        return (struct atom){ .kind = ATOM_OTHER };
    }
    return rune_atom(reader, take_escaped_rune(reader));
}

// From behind the `[` on. A class of one plain character is that character.
static struct atom parse_class(struct reader *reader)
{
    bool negated = take(reader, "^");
    int items = 0;
    uint32_t only = 0;
    while (!at_end(reader) && (items == 0 || peek(reader) != ']')) {
        items++;
        if (take(reader, "[:")) {
            items++;
            while (!at_end(reader) && !take(reader, ":]")) {
                reader->at++;
            }
        } else if (take(reader, "\\")) {
            struct reader before = *reader;
            struct atom atom = parse_escape(reader);
            only = atom.rune;
            items += atom.kind != ATOM_RUNE;
            reader->gave_up |= before.at == reader->at;
        } else {
            only = take_rune(reader);
        }
    }
    reader->gave_up |= !take(reader, "]");
    if (negated || items != 1) {
        return (struct atom){ .kind = ATOM_OTHER };
    }
    return rune_atom(reader, only);
}

// From behind the `(` on, to behind the `)` or to behind flags that stand alone.
static struct atom parse_group(struct reader *reader, struct part *part)
{
    bool fold = reader->fold;
    if (take(reader, "?P<")) {
        while (!at_end(reader) && !take(reader, ">")) {
            reader->at++;
        }
    } else if (take(reader, "?")) {
        bool set = true;
        while (!at_end(reader) && peek(reader) != ':' && peek(reader) != ')') {
            set = set && peek(reader) != '-';
            if (peek(reader) == 'i') {
                reader->fold = set;
            }
            reader->at++;
        }
        if (take(reader, ")")) {
            *part = (struct part){ .exact = true };
            give_up_on_repetition(reader);
            return (struct atom){ .kind = ATOM_EMPTY };
        }
        reader->gave_up |= !take(reader, ":");
    }
    if (reader->nesting == NESTING_LIMIT) {
        reader->gave_up = true;
    } else {
        reader->nesting++;
        *part = parse_alternatives(reader);
        reader->nesting--;
    }
    reader->gave_up |= !take(reader, ")");
    reader->fold = fold;
    return (struct atom){ .kind = ATOM_GROUP };
}

static struct atom parse_atom(struct reader *reader, struct part *group)
{
    if (give_up_on_repetition(reader)) {
        return (struct atom){ .kind = ATOM_OTHER };
    }
    if (take(reader, "(")) {
        return parse_group(reader, group);
    }
    if (take(reader, "[")) {
        return parse_class(reader);
    }
    if (take(reader, "\\")) {
        return parse_escape(reader);
    }
    if (take(reader, ".")) {
        return (struct atom){ .kind = ATOM_OTHER };
    }
    if (take(reader, "^") || take(reader, "$")) {
        return (struct atom){ .kind = ATOM_EMPTY };
    }
    return rune_atom(reader, take_rune(reader));
}

// ---- repetition

enum repetition {
    REPEAT_ONCE,
    REPEAT_OPTIONAL,     // may be absent
    REPEAT_AT_LEAST_ONE, // stands there, perhaps more than once
};

static enum repetition take_repetition(struct reader *reader)
{
    enum repetition repetition = REPEAT_ONCE;
    for (;;) {
        uint32_t least = 0;
        if (take(reader, "*") || take(reader, "?")) {
            least = 0;
        } else if (take(reader, "+")) {
            least = 1;
        } else if (!take_count(reader, &least)) {
            return repetition;
        }
        if (least == 0) {
            repetition = REPEAT_OPTIONAL;
        } else if (repetition == REPEAT_ONCE) {
            repetition = REPEAT_AT_LEAST_ONE;
        }
        // A `?` behind a repetition only says which match is preferred.
        take(reader, "?");
    }
}

static void add_atom(struct reader *reader, struct part *part, struct atom atom,
                     const struct part *group)
{
    char encoded[UTF8_WIDTH_MAX];
    struct bytes text = { .ptr = encoded };
    bool exact = atom.kind == ATOM_RUNE;
    if (exact) {
        text.len = utf8_encode(atom.rune, encoded);
    } else if (atom.kind == ATOM_GROUP && group->exact) {
        exact = true;
        text = (struct bytes){ .ptr = group->text, .len = group->length };
    }
    enum repetition repetition = reader->quoted ? REPEAT_ONCE : take_repetition(reader);
    if (atom.kind == ATOM_EMPTY) {
        return;
    }
    if (repetition == REPEAT_OPTIONAL || !exact) {
        end_run(reader, part);
        if (repetition != REPEAT_OPTIONAL && atom.kind == ATOM_GROUP) {
            add_required(part, group->required);
        }
        return;
    }
    append(reader, part, text);
    if (repetition == REPEAT_AT_LEAST_ONE) {
        end_run(reader, part);
        append(reader, part, text);
    }
}

// One alternative, up to `|`, `)` or the end.
static struct part parse_sequence(struct reader *reader)
{
    struct part part = { .exact = true };
    while (!at_end(reader)) {
        if (reader->quoted && take(reader, "\\E")) {
            reader->quoted = false;
        } else if (reader->quoted) {
            struct atom atom = rune_atom(reader, take_rune(reader));
            // The count behind \E is that of the last character.
            if (take(reader, "\\E")) {
                reader->quoted = false;
            }
            add_atom(reader, &part, atom, NULL);
        } else if (take(reader, "\\Q")) {
            reader->quoted = true;
        } else if (peek(reader) == '|' || peek(reader) == ')') {
            break;
        } else {
            struct part group = { .exact = false };
            struct atom atom = parse_atom(reader, &group);
            add_atom(reader, &part, atom, &group);
        }
    }
    if (!part.exact) {
        end_run(reader, &part);
    }
    return part;
}

static struct required part_required(struct reader *reader, const struct part *part)
{
    if (!part->exact) {
        return part->required;
    }
    return required_literal(reader->arena, (struct bytes){ part->text, part->length });
}

static struct part parse_alternatives(struct reader *reader)
{
    struct part all = parse_sequence(reader);
    while (take(reader, "|")) {
        struct part one = parse_sequence(reader);
        struct required either = required_either(reader->arena, part_required(reader, &all),
                                                 part_required(reader, &one));
        all = (struct part){ .required = either };
    }
    return all;
}

struct required regex_pattern_required(struct bytes pattern, struct arena *arena)
{
    struct reader reader = { .pattern = pattern, .arena = arena };
    struct part part = parse_alternatives(&reader);
    if (reader.gave_up || reader.at != pattern.len) {
        return (struct required){ 0 };
    }
    return part_required(&reader, &part);
}
