// SPDX-License-Identifier: MIT
// answers.h: the documents that answer `hits`, `field_names` and `field_values`.

#ifndef LOGQ_QUERY_ANSWERS_H
#define LOGQ_QUERY_ANSWERS_H

#include "query/memory.h"
#include "query/writer.h"

// {"hits":[{"fields":{...},"timestamps":[...],"values":[...],"total":N}, ...]}: one series for each
// set of values, the largest first. From the rows of query_make_hits().
struct hits_answer {
    struct writer *writer;
    struct memory memory;
    uint64_t series_limit;
    struct hits_series *series;
    size_t series_count;
    size_t series_capacity;
    struct hits_point *points; // of all series, one after the other
    size_t point_count;
    size_t point_capacity;
};

// With a limit above 0 only so many series are told apart, the largest; all others are added up in
// one with empty fields at the end. The budget bounds what is held back until the end, and must
// outlive the answer, as must the writer.
void hits_answer_init(struct hits_answer *answer, struct writer *writer, uint64_t series_limit,
                      struct budget *budget);
void hits_answer_free(struct hits_answer *answer);
struct row_sink hits_answer_sink(struct hits_answer *answer);

// Writes the document. 0 or a negative errno value.
int hits_answer_end(struct hits_answer *answer);

// {"values":[{"value":"...","hits":N}, ...]} in the order of the rows. From those of
// query_make_field_names() and query_make_field_values().
struct values_answer {
    struct writer *writer;
    uint64_t rows;
};

void values_answer_init(struct values_answer *answer, struct writer *writer);
struct row_sink values_answer_sink(struct values_answer *answer);
int values_answer_end(struct values_answer *answer);

#endif
