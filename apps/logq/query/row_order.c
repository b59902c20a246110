// SPDX-License-Identifier: MIT
// row_order.c: which of two rows comes first.

#include "query/row_order.h"

// A line's decoded values never need more than this many times its length.
#define ARENA_LINES 4

bool row_order_init(struct row_order *order, const struct stage *stage, size_t line_limit,
                    struct memory *memory)
{
    *order = (struct row_order){
        .sort = &stage->sort,
        .is_open = stage->in.is_open,
        .columns = stage->in.is_open ? 0 : stage->in.count,
        .memory = memory,
        .line_limit = line_limit,
    };
    return !order->is_open || field_set_init(&order->no_fields);
}

static void expansion_free(struct row_order *order, struct row_expansion *expansion)
{
    if (expansion == NULL) {
        return;
    }
    record_free(&expansion->record);
    memory_give(order->memory, expansion->names,
                expansion->name_capacity * sizeof(*expansion->names));
    memory_give(order->memory, expansion->values,
                expansion->value_capacity * sizeof(*expansion->values));
    memory_give(order->memory, expansion->line, expansion->line_capacity);
    memory_give(order->memory, expansion, sizeof(*expansion));
}

void row_order_free(struct row_order *order)
{
    if (order->memory == NULL) {
        return;
    }
    expansion_free(order, order->left);
    expansion_free(order, order->right);
    if (order->is_open) {
        field_set_free(&order->no_fields);
    }
    *order = (struct row_order){0};
}

// ---- values

static int compare_values(struct bytes a, struct bytes b, bool is_time)
{
    if (bytes_equal(a, b)) {
        return 0;
    }
    struct order_key left;
    struct order_key right;
    order_key_set(&left, a, is_time);
    order_key_set(&right, b, is_time);
    return order_compare(&left, &right);
}

// ---- columns

static int compare_columns(const struct row_order *order, const struct stored_row *a,
                           const struct stored_row *b)
{
    for (unsigned i = 0; i < order->columns; i++) {
        unsigned at = order->sort->rest[i];
        bool is_time = (int)at == order->sort->time_column;
        int result = compare_values(a->columns[at], b->columns[at], is_time);
        if (result != 0) {
            return result;
        }
    }
    for (unsigned i = 0; i < order->columns; i++) {
        unsigned at = order->sort->rest[i];
        int result = bytes_compare(a->columns[at], b->columns[at]);
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

// ---- records

struct expanding {
    struct row_order *order;
    struct row_expansion *expansion;
};

#define EXPAND_NO_MEMORY (-2)

// Puts a field where its name belongs.
static int expand_field(void *ctx, struct bytes name, struct bytes value)
{
    struct expanding *expanding = ctx;
    struct row_expansion *expansion = expanding->expansion;
    struct memory *memory = expanding->order->memory;
    struct bytes *names = memory_reserve(memory, expansion->names, &expansion->name_capacity,
                                         expansion->count, 1, sizeof(*names));
    if (names == NULL) {
        return EXPAND_NO_MEMORY;
    }
    expansion->names = names;
    struct bytes *values = memory_reserve(memory, expansion->values, &expansion->value_capacity,
                                          expansion->count, 1, sizeof(*values));
    if (values == NULL) {
        return EXPAND_NO_MEMORY;
    }
    expansion->values = values;
    size_t at = expansion->count++;
    while (at > 0 && bytes_compare(names[at - 1], name) > 0) {
        names[at] = names[at - 1];
        values[at] = values[at - 1];
        at--;
    }
    names[at] = name;
    values[at] = value;
    return 0;
}

static bool keep_line(struct row_order *order, struct row_expansion *expansion, struct bytes line)
{
    if (line.len > expansion->line_capacity) {
        char *grown =
            memory_grow(order->memory, expansion->line, expansion->line_capacity, line.len);
        if (grown == NULL) {
            return false;
        }
        expansion->line = grown;
        expansion->line_capacity = line.len;
    }
    memcpy(expansion->line, line.ptr, line.len);
    expansion->line_length = line.len;
    return true;
}

static bool expansion_read(struct row_order *order, struct row_expansion *expansion,
                           const struct stored_row *row)
{
    expansion->is_set = false;
    if (!keep_line(order, expansion, row->line)) {
        return false;
    }
    const struct source_info *source = row->origin.source;
    struct bytes line = {.ptr = expansion->line, .len = expansion->line_length};
    bool is_read = row->origin.is_cut ? record_read_text(&expansion->record, line, source)
                                      : record_read(&expansion->record, line, source);
    struct expanding expanding = {.order = order, .expansion = expansion};
    expansion->count = 0;
    expansion->source = source;
    expansion->is_cut = row->origin.is_cut;
    expansion->is_set = is_read && record_each(&expansion->record, expand_field, &expanding) == 0;
    return expansion->is_set;
}

static struct row_expansion *expand(struct row_order *order, struct row_expansion **kept,
                                    const struct stored_row *row)
{
    struct row_expansion *expansion = *kept;
    if (expansion == NULL) {
        expansion = memory_take_zeroed(order->memory, sizeof(*expansion));
        if (expansion == NULL || record_init(&expansion->record, &order->no_fields,
                                             order->line_limit * ARENA_LINES) != 0) {
            memory_give(order->memory, expansion, sizeof(*expansion));
            return NULL;
        }
        *kept = expansion;
    }
    // A heap compares one row with many.
    bool is_expanded =
        expansion->is_set && expansion->source == row->origin.source &&
        expansion->is_cut == row->origin.is_cut &&
        bytes_equal((struct bytes){expansion->line, expansion->line_length}, row->line);
    return is_expanded || expansion_read(order, expansion, row) ? expansion : NULL;
}

static int compare_expansions(const struct row_expansion *a, const struct row_expansion *b,
                              bool by_bytes)
{
    size_t i = 0;
    size_t j = 0;
    while (i < a->count || j < b->count) {
        int which = i == a->count   ? 1
                    : j == b->count ? -1
                                    : bytes_compare(a->names[i], b->names[j]);
        struct bytes name = which <= 0 ? a->names[i] : b->names[j];
        struct bytes left = which <= 0 ? a->values[i++] : (struct bytes){0};
        struct bytes right = which >= 0 ? b->values[j++] : (struct bytes){0};
        int result = by_bytes ? bytes_compare(left, right)
                              : compare_values(left, right, scope_is_time(name));
        if (result != 0) {
            return result;
        }
    }
    return 0;
}

static int compare_records(struct row_order *order, const struct stored_row *a,
                           const struct stored_row *b)
{
    if (a->origin.source == b->origin.source && a->origin.is_cut == b->origin.is_cut &&
        bytes_equal(a->line, b->line)) {
        return 0;
    }
    const struct row_expansion *left = expand(order, &order->left, a);
    const struct row_expansion *right = expand(order, &order->right, b);
    if (left == NULL || right == NULL) {
        order->failure = "the memory for sorting rows by all their fields was used up";
        return 0;
    }
    int result = compare_expansions(left, right, false);
    return result != 0 ? result : compare_expansions(left, right, true);
}

// ---- rows

int row_order_compare(void *ctx, const struct stored_row *a, const struct stored_row *b)
{
    struct row_order *order = ctx;
    const struct sort_pipe *pipe = order->sort->pipe;
    for (unsigned i = 0; i < pipe->key_count; i++) {
        int result = order_compare(&a->keys[i], &b->keys[i]);
        if (result != 0) {
            return pipe->keys[i].descending ? -result : result;
        }
    }
    return order->is_open ? compare_records(order, a, b) : compare_columns(order, a, b);
}

int row_newest_compare(void *ctx, const struct stored_row *a, const struct stored_row *b)
{
    (void)ctx;
    const struct row_origin *left = &a->origin;
    const struct row_origin *right = &b->origin;
    if (left->has_time != right->has_time) {
        return left->has_time ? -1 : 1;
    }
    if (left->has_time && left->time_ns != right->time_ns) {
        return left->time_ns > right->time_ns ? -1 : 1;
    }
    if (left->source != right->source) {
        int result = bytes_compare(left->source->file, right->source->file);
        if (result != 0) {
            return result;
        }
    }
    if (left->file != right->file) {
        return left->file < right->file ? -1 : 1;
    }
    return (left->offset < right->offset) - (left->offset > right->offset);
}
