// SPDX-License-Identifier: MIT
// scope.c: which names exist at some point of a query, and where their values are.

#include "query/scope.h"

int scope_position(const struct scope *scope, struct bytes name)
{
    for (unsigned i = 0; i < scope->count; i++) {
        if (bytes_equal(scope->names[i], name)) {
            return (int)i;
        }
    }
    return ROW_MISSING;
}

int scope_place(const struct scope *scope, struct field_set *fields, struct bytes name,
                bool as_time)
{
    int position = scope->is_open ? 0 : scope_position(scope, name);
    if (position < 0) {
        return ROW_MISSING;
    }
    if (!scope->of_record) {
        return scope->places[position];
    }
    if (as_time && scope_is_time(name)) {
        fields->needs_time = true;
        return ROW_RECORD_TIME;
    }
    int index = field_set_add(fields, name);
    return index < 0 ? SCOPE_FAILED : index;
}

static bool scope_alloc(struct scope *scope, unsigned count, struct arena *arena)
{
    scope->count = count;
    scope->names = arena_alloc(arena, count * sizeof(*scope->names), _Alignof(struct bytes));
    scope->places = arena_alloc(arena, count * sizeof(*scope->places), _Alignof(int));
    return scope->names != NULL && scope->places != NULL;
}

bool scope_narrow(const struct scope *scope, struct field_set *fields, const struct bytes *names,
                  unsigned count, struct arena *arena, struct scope *out)
{
    *out = (struct scope){ .of_record = scope->of_record };
    if (!scope_alloc(out, count, arena)) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        out->names[i] = names[i];
        out->places[i] = scope_place(scope, fields, names[i], false);
        if (out->places[i] == SCOPE_FAILED) {
            return false;
        }
    }
    return true;
}

bool scope_of_columns(const struct bytes *names, unsigned count, struct arena *arena,
                      struct scope *out)
{
    *out = (struct scope){ 0 };
    if (!scope_alloc(out, count, arena)) {
        return false;
    }
    for (unsigned i = 0; i < count; i++) {
        out->names[i] = names[i];
        out->places[i] = (int)i;
    }
    return true;
}

struct resolving {
    const struct scope *scope;
    struct field_set *fields;
};

static int resolve_place(void *ctx, struct bytes field, bool as_time)
{
    const struct resolving *resolving = ctx;
    return scope_place(resolving->scope, resolving->fields, field, as_time);
}

bool scope_resolve(const struct scope *scope, struct field_set *fields, struct filter *filter)
{
    struct resolving resolving = { .scope = scope, .fields = fields };
    const struct filter_places places = { .place = resolve_place, .ctx = &resolving };
    return filter_resolve(filter, &places);
}
