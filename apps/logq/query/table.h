// SPDX-License-Identifier: MIT
// table.h: rows as aligned columns, for people.

#ifndef LOGQ_QUERY_TABLE_H
#define LOGQ_QUERY_TABLE_H

#include "query/memory.h"
#include "query/writer.h"

// The first rows are held back to learn how wide the columns are; later ones go out as they come,
// wider where they must, with fields that no earlier row had as name=value behind the columns.
// Control characters are escaped, so that nothing in a log can command the terminal.
struct table {
    struct writer *writer;
    struct memory memory;
    struct table_column *columns;
    size_t column_count;
    size_t column_capacity;
    struct table_cell *cells; // of the rows held back
    size_t cell_count;
    size_t cell_capacity;
    size_t held_bytes; // of the values in the cells
    uint64_t rows;
    size_t cell_limit; // characters of a value that are shown
    bool is_flowing;   // the heading has gone out
};

// Rows that are held back at most, and bytes of values in them.
#define TABLE_ROWS_AHEAD 1000
#define TABLE_BYTES_AHEAD ((size_t)1024 * 1024)

// Characters that are shown of one value, unless someone says otherwise.
#define TABLE_CELL_LIMIT_DEFAULT 160

// The budget bounds what is held back and must outlive the table, as must the writer.
void table_init(struct table *table, struct writer *writer, size_t cell_limit,
                struct budget *budget);
void table_free(struct table *table);

// A sink that adds a row; the table must outlive it.
struct row_sink table_sink(struct table *table);

// Writes what is held back. 0 or a negative errno value.
int table_end(struct table *table);

#endif
