// SPDX-License-Identifier: MIT
// filter_required.c: what the raw line must contain, given a filter on its fields.
//
// A value comes from the line byte by byte, except that
// - _file, _stream, _format and _time do not come from it at all, and server_protocol may be the
//   HTTP/0.9 that no line spells;
// - in JSON strings any character may be written as \uXXXX, and some after a back-slash of their
// own;
// - in the quoted fields of access logs any byte may be written as \xHH, and some likewise.
// So a literal is looked for together with the escapes that can stand for a piece of it: a line
// with one of them is a candidate too. An escape that does not concern the literal costs a needless
// look at the line, never a record.

#include "query/filter.h"

#include "query/regex_pattern.h"

#define UNSPELLED_PROTOCOL "HTTP/0.9"

static void add_escape(struct required_clause *clause, char c)
{
    unsigned char byte = (unsigned char)c;
    clause->escapes[byte / 64] |= UINT64_C(1) << (byte % 64);
}

// The escapes of JSON and of quoted access log fields that may stand for a byte of the literal.
static void add_escapes(struct required_clause *clause, struct bytes literal, bool is_msg)
{
    static const char plain[] = "\b\f\n\r\t\v\"\\/";
    static const char names[] = "bfnrtv\"\\/";
    add_escape(clause, 'u');
    if (!is_msg) {
        // _msg of an access log line is the line itself.
        add_escape(clause, 'x');
    }
    for (size_t i = 0; i < literal.len; i++) {
        const char *found = literal.ptr[i] == '\0' ? NULL : strchr(plain, literal.ptr[i]);
        if (found != NULL) {
            add_escape(clause, names[found - plain]);
        }
    }
}

static bool comes_from_line(struct bytes field)
{
    return !bytes_equal(field, bytes_of("_file")) && !bytes_equal(field, bytes_of("_stream")) &&
           !bytes_equal(field, bytes_of("_format")) && !bytes_equal(field, bytes_of("_time"));
}

static bool may_be_unspelled(struct bytes field, struct bytes literal)
{
    return bytes_equal(field, bytes_of("server_protocol")) &&
           bytes_find(bytes_of(UNSPELLED_PROTOCOL), literal) != NULL;
}

// Keeps the clauses that hold for the field, and adds the escapes to them.
static struct required of_field(const struct filter *filter, struct required values)
{
    struct required kept = { 0 };
    bool is_msg = bytes_equal(filter->field, bytes_of("_msg"));
    struct required_clause *next;
    for (struct required_clause *clause = values.first; clause != NULL; clause = next) {
        next = clause->next;
        bool holds = true;
        for (int i = 0; i < clause->count; i++) {
            holds = holds && !may_be_unspelled(filter->field, clause->any_of[i]);
            add_escapes(clause, clause->any_of[i], is_msg);
        }
        if (holds) {
            clause->next = kept.first;
            kept.first = clause;
            kept.count++;
        }
    }
    return kept;
}

static struct required of_set(const struct value_set *set, struct arena *arena)
{
    if (set->count == 0 || set->count > REQUIRED_ALTERNATIVES_LIMIT) {
        return (struct required){ 0 };
    }
    // An empty value is one that the line need not hold: no literal, and so no clause.
    struct required all = required_literal(arena, set->values[0]);
    for (uint32_t i = 1; i < set->count; i++) {
        all = required_either(arena, all, required_literal(arena, set->values[i]));
    }
    return all;
}

static struct required of_leaf(const struct filter *filter, struct arena *arena)
{
    struct required none = { 0 };
    if (!comes_from_line(filter->field)) {
        return none;
    }
    switch (filter->kind) {
    case FILTER_PHRASE:
    case FILTER_SUBSTRING:
        return of_field(filter, required_literal(arena, filter->phrase.needle.text));
    case FILTER_PHRASE_FOLD:
        return of_field(filter, required_literal(arena,
                                                 fold_invariant(filter->phrase.needle.text)));
    case FILTER_EXACT:
    case FILTER_EXACT_PREFIX:
        return of_field(filter, required_literal(arena, filter->text));
    case FILTER_REGEX:
        return of_field(filter, regex_pattern_required(filter->regex.pattern, arena));
    case FILTER_IN:
        return of_field(filter, of_set(&filter->set, arena));
    default:
        return none;
    }
}

struct required filter_required(const struct filter *filter, struct arena *arena)
{
    struct required all = { 0 };
    switch (filter->kind) {
    case FILTER_ALL:
    case FILTER_NOT:
        return all;
    case FILTER_AND:
        for (unsigned i = 0; i < filter->list.count; i++) {
            all = required_both(all, filter_required(filter->list.items[i], arena));
        }
        return all;
    case FILTER_OR:
        all = filter_required(filter->list.items[0], arena);
        for (unsigned i = 1; i < filter->list.count && all.count > 0; i++) {
            all = required_either(arena, all, filter_required(filter->list.items[i], arena));
        }
        return all;
    default:
        return of_leaf(filter, arena);
    }
}
