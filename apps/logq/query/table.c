// SPDX-License-Identifier: MIT
// table.c: rows as aligned columns, for people.

#include "query/table.h"

#include "data/number.h"
#include "query/utf8.h"

#include <errno.h>
#include <stdio.h>

struct table_column {
    struct bytes name; // a copy
    size_t width;      // in characters, of the name and of every value held back
    bool is_numeric;   // all values held back are numbers or empty
};

struct table_cell {
    uint64_t row;
    size_t column;
    struct bytes value; // a copy
};

#define CELL_GAP "  "
#define CUT_MARK "\xE2\x80\xA6" // an ellipsis

void table_init(struct table *table, struct writer *writer, size_t cell_limit,
                struct budget *budget)
{
    *table = (struct table){.writer = writer, .cell_limit = cell_limit};
    memory_init(&table->memory, budget);
}

static void free_text(struct table *table, struct bytes text)
{
    memory_give(&table->memory, (void *)(uintptr_t)text.ptr, text.len + 1);
}

static void free_cells(struct table *table)
{
    for (size_t i = 0; i < table->cell_count; i++) {
        free_text(table, table->cells[i].value);
    }
    table->cell_count = 0;
}

void table_free(struct table *table)
{
    free_cells(table);
    for (size_t i = 0; i < table->column_count; i++) {
        free_text(table, table->columns[i].name);
    }
    memory_give(&table->memory, table->cells, table->cell_capacity * sizeof(*table->cells));
    memory_give(&table->memory, table->columns, table->column_capacity * sizeof(*table->columns));
    memory_end(&table->memory);
    *table = (struct table){0};
}

// ---- text

// Writes one character so that it is safe and one line; returns its width in the text, and adds to
// *shown the characters that were written.
static size_t put_character(struct writer *writer, struct bytes text, size_t *shown)
{
    uint32_t rune;
    size_t width = utf8_decode(text, &rune);
    bool is_control = rune < 0x20 || (rune >= 0x7F && rune < 0xA0);
    if (is_control) {
        char escape[8];
        const char *name = rune == '\n'   ? "\\n"
                           : rune == '\t' ? "\\t"
                           : rune == '\r' ? "\\r"
                                          : NULL;
        if (name == NULL) {
            snprintf(escape, sizeof(escape), "\\x%02x", (unsigned)rune);
            name = escape;
        }
        *shown += strlen(name);
        if (writer != NULL) {
            writer_put(writer, bytes_of(name));
        }
        return width;
    }
    *shown += 1;
    if (writer != NULL) {
        bool is_invalid = width == 1 && rune == UTF8_REPLACEMENT;
        writer_put(writer,
                   is_invalid ? bytes_of(UTF8_REPLACEMENT_TEXT) : (struct bytes){text.ptr, width});
    }
    return width;
}

// Writes a value up to the limit of characters, or only measures it when writer is NULL.
static size_t put_text(struct writer *writer, struct bytes text, size_t limit)
{
    size_t shown = 0;
    while (text.len > 0) {
        if (shown >= limit) {
            if (writer != NULL) {
                writer_put(writer, bytes_of(CUT_MARK));
            }
            return shown + 1;
        }
        text = bytes_from(text, put_character(writer, text, &shown));
    }
    return shown;
}

static void put_spaces(struct writer *writer, size_t count)
{
    static const char spaces[] = "                                ";
    while (count > 0) {
        size_t part = count < sizeof(spaces) - 1 ? count : sizeof(spaces) - 1;
        writer_put(writer, (struct bytes){spaces, part});
        count -= part;
    }
}

static bool is_number(struct bytes text)
{
    struct number number;
    return number_parse(text, &number);
}

// ---- columns

static bool keep_text(struct table *table, struct bytes text, struct bytes *copy)
{
    char *kept = memory_take(&table->memory, text.len + 1);
    if (kept == NULL) {
        return false;
    }
    if (text.len > 0) {
        memcpy(kept, text.ptr, text.len);
    }
    *copy = (struct bytes){kept, text.len};
    return true;
}

// The number of the column, new if need be as long as nothing has gone out; column_count otherwise.
static bool find_column(struct table *table, struct bytes name, size_t likely, size_t *found)
{
    for (size_t i = 0; i < table->column_count; i++) {
        // Rows tend to have the same columns in the same places.
        size_t at = (likely + i) % table->column_count;
        if (bytes_equal(table->columns[at].name, name)) {
            *found = at;
            return true;
        }
    }
    *found = table->column_count;
    if (table->is_flowing) {
        return true;
    }
    struct table_column *columns =
        memory_reserve(&table->memory, table->columns, &table->column_capacity, table->column_count,
                       1, sizeof(*columns));
    if (columns == NULL) {
        return false;
    }
    table->columns = columns;
    struct table_column column = {.width = put_text(NULL, name, SIZE_MAX), .is_numeric = true};
    if (!keep_text(table, name, &column.name)) {
        return false;
    }
    table->columns[table->column_count++] = column;
    return true;
}

// ---- rows

static void put_cell(struct table *table, size_t column, struct bytes value)
{
    const struct table_column *about = &table->columns[column];
    size_t shown = put_text(NULL, value, table->cell_limit);
    size_t gap = about->width > shown ? about->width - shown : 0;
    bool is_last = column + 1 == table->column_count;
    if (about->is_numeric) {
        put_spaces(table->writer, gap);
    }
    put_text(table->writer, value, table->cell_limit);
    if (!is_last) {
        put_spaces(table->writer, about->is_numeric ? 0 : gap);
        writer_put(table->writer, bytes_of(CELL_GAP));
    }
}

static void put_heading(struct table *table)
{
    for (size_t i = 0; i < table->column_count; i++) {
        put_cell(table, i, table->columns[i].name);
    }
    if (table->column_count > 0) {
        writer_put(table->writer, bytes_of("\n"));
    }
}

// The cells from *at on that belong to the next row held back, as a line.
static void put_held_row(struct table *table, uint64_t row, size_t *at)
{
    for (size_t column = 0; column < table->column_count; column++) {
        struct bytes value = {0};
        for (size_t i = *at; i < table->cell_count && table->cells[i].row == row; i++) {
            if (table->cells[i].column == column) {
                value = table->cells[i].value;
            }
        }
        put_cell(table, column, value);
    }
    while (*at < table->cell_count && table->cells[*at].row == row) {
        (*at)++;
    }
    writer_put(table->writer, bytes_of("\n"));
}

static int start_flowing(struct table *table)
{
    put_heading(table);
    size_t at = 0;
    for (uint64_t row = 0; row < table->rows; row++) {
        put_held_row(table, row, &at);
    }
    free_cells(table);
    table->is_flowing = true;
    return table->writer->error;
}

static bool hold_cell(struct table *table, size_t column, struct bytes value)
{
    struct table_cell *cells = memory_reserve(&table->memory, table->cells, &table->cell_capacity,
                                              table->cell_count, 1, sizeof(*cells));
    if (cells == NULL) {
        return false;
    }
    table->cells = cells;
    struct table_cell cell = {.row = table->rows, .column = column};
    if (!keep_text(table, value, &cell.value)) {
        return false;
    }
    cells[table->cell_count++] = cell;
    table->held_bytes += value.len;
    struct table_column *about = &table->columns[column];
    size_t width = put_text(NULL, value, table->cell_limit);
    about->width = width > about->width ? width : about->width;
    about->is_numeric = about->is_numeric && (value.len == 0 || is_number(value));
    return true;
}

static int hold_row(struct table *table, const struct bytes *names, const struct bytes *values,
                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t column;
        if (!find_column(table, names[i], i, &column) || !hold_cell(table, column, values[i])) {
            return -ENOMEM;
        }
    }
    table->rows++;
    return 0;
}

static struct bytes value_of(struct bytes name, const struct bytes *names,
                             const struct bytes *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(names[i], name)) {
            return values[i];
        }
    }
    return (struct bytes){0};
}

static int put_row(struct table *table, const struct bytes *names, const struct bytes *values,
                   size_t count)
{
    struct writer *writer = table->writer;
    for (size_t i = 0; i < table->column_count; i++) {
        put_cell(table, i, value_of(table->columns[i].name, names, values, count));
    }
    for (size_t i = 0; i < count; i++) {
        size_t column = 0;
        find_column(table, names[i], i, &column);
        if (column == table->column_count) {
            writer_put(writer, bytes_of(CELL_GAP));
            put_text(writer, names[i], SIZE_MAX);
            writer_put(writer, bytes_of("="));
            put_text(writer, values[i], table->cell_limit);
        }
    }
    table->rows++;
    return writer_put(writer, bytes_of("\n"));
}

static int add_row(void *ctx, const struct bytes *names, const struct bytes *values, size_t count)
{
    struct table *table = ctx;
    if (table->is_flowing) {
        return put_row(table, names, values, count);
    }
    int result = hold_row(table, names, values, count);
    if (result == 0 && (table->rows == TABLE_ROWS_AHEAD || table->held_bytes > TABLE_BYTES_AHEAD)) {
        result = start_flowing(table);
    }
    return result;
}

struct row_sink table_sink(struct table *table)
{
    return (struct row_sink){.row = add_row, .ctx = table};
}

int table_end(struct table *table)
{
    if (!table->is_flowing) {
        start_flowing(table);
    }
    return writer_flush(table->writer);
}
