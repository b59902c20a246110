// SPDX-License-Identifier: MIT
// answers.c: the documents that answer `hits`, `field_names` and `field_values`.

#include "query/answers.h"

#include "data/timestamp.h"
#include "query/number_range.h"

#include <errno.h>
#include <stdlib.h>

struct hits_point {
    int64_t time_ns;
    uint64_t count;
};

struct hits_series {
    struct bytes *names; // names and then values, in one block with their texts
    struct bytes *values;
    size_t field_count;
    size_t block_bytes;
    size_t first_point;
    size_t point_count;
    uint64_t total;
    size_t number; // the order in which they came
};

void hits_answer_init(struct hits_answer *answer, struct writer *writer, uint64_t series_limit,
                      struct budget *budget)
{
    *answer = (struct hits_answer){ .writer = writer, .series_limit = series_limit };
    memory_init(&answer->memory, budget);
}

void hits_answer_free(struct hits_answer *answer)
{
    struct memory *memory = &answer->memory;
    for (size_t i = 0; i < answer->series_count; i++) {
        memory_give(memory, answer->series[i].names, answer->series[i].block_bytes);
    }
    memory_give(memory, answer->series, answer->series_capacity * sizeof(*answer->series));
    memory_give(memory, answer->points, answer->point_capacity * sizeof(*answer->points));
    memory_end(memory);
    *answer = (struct hits_answer){ 0 };
}

// ---- rows

static bool is_same_series(const struct hits_series *series, const struct bytes *values,
                           size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!bytes_equal(series->values[i], values[i])) {
            return false;
        }
    }
    return true;
}

static struct bytes put_copy(char **at, struct bytes text)
{
    struct bytes copy = { .ptr = *at, .len = text.len };
    if (text.len > 0) {
        memcpy(*at, text.ptr, text.len);
        *at += text.len;
    }
    return copy;
}

static bool add_series(struct hits_answer *answer, const struct bytes *names,
                       const struct bytes *values, size_t count)
{
    struct hits_series *series =
        memory_reserve(&answer->memory, answer->series, &answer->series_capacity,
                       answer->series_count, 1, sizeof(*series));
    if (series == NULL) {
        return false;
    }
    answer->series = series;
    size_t bytes = 2 * count * sizeof(struct bytes) + 1;
    for (size_t i = 0; i < count; i++) {
        bytes += names[i].len + values[i].len;
    }
    struct bytes *block = memory_take(&answer->memory, bytes);
    if (block == NULL) {
        return false;
    }
    char *at = (char *)(block + 2 * count);
    for (size_t i = 0; i < count; i++) {
        block[i] = put_copy(&at, names[i]);
        block[count + i] = put_copy(&at, values[i]);
    }
    series[answer->series_count] = (struct hits_series){
        .names = block,
        .values = block + count,
        .field_count = count,
        .block_bytes = bytes,
        .first_point = answer->point_count,
        .number = answer->series_count,
    };
    answer->series_count++;
    return true;
}

static bool add_point(struct hits_answer *answer, struct hits_point point)
{
    struct hits_point *points =
        memory_reserve(&answer->memory, answer->points, &answer->point_capacity,
                       answer->point_count, 1, sizeof(*points));
    if (points == NULL) {
        return false;
    }
    answer->points = points;
    points[answer->point_count++] = point;
    struct hits_series *series = &answer->series[answer->series_count - 1];
    series->point_count++;
    series->total += point.count;
    return true;
}

// The columns are `_time`, the fields, `hits`.
static int hits_row(void *ctx, const struct bytes *names, const struct bytes *values, size_t count)
{
    struct hits_answer *answer = ctx;
    struct hits_point point;
    int64_t hits;
    if (count < 2 || !timestamp_parse_rfc3339(values[0], &point.time_ns) ||
        !number_read_short(values[count - 1], &hits)) {
        return -EINVAL;
    }
    point.count = (uint64_t)hits;
    size_t fields = count - 2;
    const struct hits_series *last =
        answer->series_count == 0 ? NULL : &answer->series[answer->series_count - 1];
    if ((last == NULL || !is_same_series(last, values + 1, fields)) &&
        !add_series(answer, names + 1, values + 1, fields)) {
        return -ENOMEM;
    }
    return add_point(answer, point) ? 0 : -ENOMEM;
}

struct row_sink hits_answer_sink(struct hits_answer *answer)
{
    return (struct row_sink){ .row = hits_row, .ctx = answer };
}

// ---- the document

static int compare_series(const void *a, const void *b)
{
    const struct hits_series *left = a;
    const struct hits_series *right = b;
    if (left->total != right->total) {
        return left->total > right->total ? -1 : 1;
    }
    return (left->number > right->number) - (left->number < right->number);
}

static int compare_points(const void *a, const void *b)
{
    const struct hits_point *left = a;
    const struct hits_point *right = b;
    return (left->time_ns > right->time_ns) - (left->time_ns < right->time_ns);
}

static void put(struct writer *writer, const char *text)
{
    writer_put(writer, bytes_of(text));
}

static void put_series(struct hits_answer *answer, const struct hits_series *series, bool is_first)
{
    struct writer *writer = answer->writer;
    const struct hits_point *points = answer->points + series->first_point;
    put(writer, is_first ? "{\"fields\":{" : ",{\"fields\":{");
    for (size_t i = 0; i < series->field_count; i++) {
        put(writer, i == 0 ? "" : ",");
        writer_put_json(writer, series->names[i]);
        put(writer, ":");
        writer_put_json(writer, series->values[i]);
    }
    put(writer, "},\"timestamps\":[");
    for (size_t i = 0; i < series->point_count; i++) {
        char text[40];
        size_t length = timestamp_format(points[i].time_ns, text);
        put(writer, i == 0 ? "" : ",");
        writer_put_json(writer, (struct bytes){ text, length });
    }
    put(writer, "],\"values\":[");
    for (size_t i = 0; i < series->point_count; i++) {
        put(writer, i == 0 ? "" : ",");
        writer_put_number(writer, points[i].count);
    }
    put(writer, "],\"total\":");
    writer_put_number(writer, series->total);
    put(writer, "}");
}

// Adds all series from `first` on up into one without fields, behind the points there are.
static bool add_up(struct hits_answer *answer, size_t first)
{
    size_t from = answer->point_count;
    if (!add_series(answer, NULL, NULL, 0)) {
        return false;
    }
    size_t last = answer->series_count - 1;
    for (size_t i = first; i < last; i++) {
        const struct hits_series series = answer->series[i];
        for (size_t j = 0; j < series.point_count; j++) {
            if (!add_point(answer, answer->points[series.first_point + j])) {
                return false;
            }
        }
    }
    struct hits_series *sum = &answer->series[last];
    struct hits_point *points = answer->points + from;
    qsort(points, sum->point_count, sizeof(*points), compare_points);
    size_t kept = 0;
    for (size_t i = 0; i < sum->point_count; i++) {
        if (kept > 0 && points[kept - 1].time_ns == points[i].time_ns) {
            points[kept - 1].count += points[i].count;
        } else {
            points[kept++] = points[i];
        }
    }
    sum->point_count = kept;
    return true;
}

int hits_answer_end(struct hits_answer *answer)
{
    size_t shown = answer->series_count;
    bool is_cut = answer->series_limit > 0 && shown > answer->series_limit;
    if (shown > 1) {
        qsort(answer->series, shown, sizeof(*answer->series), compare_series);
    }
    if (is_cut) {
        shown = (size_t)answer->series_limit;
        if (!add_up(answer, shown)) {
            return -ENOMEM;
        }
    }
    put(answer->writer, "{\"hits\":[");
    for (size_t i = 0; i < shown; i++) {
        put_series(answer, &answer->series[i], i == 0);
    }
    if (is_cut) {
        put_series(answer, &answer->series[answer->series_count - 1], false);
    }
    put(answer->writer, "]}");
    return answer->writer->error;
}

// ---- values

void values_answer_init(struct values_answer *answer, struct writer *writer)
{
    *answer = (struct values_answer){ .writer = writer };
}

static int values_row(void *ctx, const struct bytes *names, const struct bytes *values,
                      size_t count)
{
    struct values_answer *answer = ctx;
    (void)names;
    if (count != 2) {
        return -EINVAL;
    }
    put(answer->writer, answer->rows == 0 ? "{\"values\":[{\"value\":" : ",{\"value\":");
    answer->rows++;
    writer_put_json(answer->writer, values[0]);
    put(answer->writer, ",\"hits\":");
    writer_put(answer->writer, values[1]);
    put(answer->writer, "}");
    return answer->writer->error;
}

struct row_sink values_answer_sink(struct values_answer *answer)
{
    return (struct row_sink){ .row = values_row, .ctx = answer };
}

int values_answer_end(struct values_answer *answer)
{
    put(answer->writer, answer->rows == 0 ? "{\"values\":[]}" : "]}");
    return answer->writer->error;
}
