// SPDX-License-Identifier: MIT
// scope.h: which names exist at some point of a query, and where their values are.

#ifndef LOGQ_QUERY_SCOPE_H
#define LOGQ_QUERY_SCOPE_H

#include "data/arena.h"
#include "data/fields.h"
#include "query/filter.h"

struct scope {
    bool of_record; // values are those of a record, by the query's field set; else columns
    bool is_open;   // every field of the record exists; only with of_record
    unsigned count; // not when open
    struct bytes *names;
    int *places;
};

// Below every place a row has: memory or the limit of fields is used up.
#define SCOPE_FAILED (-3)

// The position of a name in a scope that is not open, or -1.
int scope_position(const struct scope *scope, struct bytes name);

// Where the rows have the value of a field, or with as_time the time; ROW_MISSING when it does not
// exist. Asks for the field in the set when rows are records. SCOPE_FAILED as above.
int scope_place(const struct scope *scope, struct field_set *fields, struct bytes name,
                bool as_time);

// The scope behind a `fields` pipe. False when memory or the limit of fields is used up.
bool scope_narrow(const struct scope *scope, struct field_set *fields, const struct bytes *names,
                  unsigned count, struct arena *arena, struct scope *out);

// A scope of columns with these names in this order. False when memory is out.
bool scope_of_columns(const struct bytes *names, unsigned count, struct arena *arena,
                      struct scope *out);

// Sets the places of a filter's fields. False when memory or the limit of fields is used up.
bool scope_resolve(const struct scope *scope, struct field_set *fields, struct filter *filter);

// Whether times are found in this field.
static inline bool scope_is_time(struct bytes name)
{
    return bytes_equal(name, bytes_of("_time"));
}

#endif
