// SPDX-License-Identifier: MIT
// aggregate.c: what a function of stats keeps for one group.

#include "query/aggregate.h"

#include "query/number_range.h"

// Sums of integers up to here are doubles, so that their parts need not be told apart when a sum
// of doubles is asked for in the end.
#define PENDING_MAX (INT64_C(1) << 53)

void aggregator_init(struct aggregator *aggregator, struct memory *memory, uint64_t seed)
{
    *aggregator = (struct aggregator){ .memory = memory, .seed = seed };
    arena_init(&aggregator->sums, memory->budget->limit);
}

void aggregator_free(struct aggregator *aggregator)
{
    arena_free(&aggregator->sums);
    memory_discharge(aggregator->memory, aggregator->sums_charged);
    tuple_free(&aggregator->tuple, aggregator->memory);
    *aggregator = (struct aggregator){ 0 };
}

uint32_t aggregate_state_bytes(enum function_kind kind)
{
    switch (kind) {
    case FUNCTION_COUNT:
        return sizeof(uint64_t);
    case FUNCTION_COUNT_UNIQ:
        return sizeof(struct unique_state);
    case FUNCTION_SUM:
    case FUNCTION_AVG:
        return sizeof(struct sum_state);
    case FUNCTION_MIN:
    case FUNCTION_MAX:
        return sizeof(struct extreme_state);
    case FUNCTION_QUANTILE:
        return sizeof(struct quantile_state);
    }
    return 0;
}

static bool is_sum(enum function_kind kind)
{
    return kind == FUNCTION_SUM || kind == FUNCTION_AVG;
}

bool aggregate_states_agree(enum function_kind a, enum function_kind b)
{
    return a == b || (is_sum(a) && is_sum(b));
}

static struct bytes input_value(const struct aggregate_input *input, unsigned i)
{
    return row_value(&(struct row){ .values = input->values }, input->places[i]);
}

static bool has_any_value(const struct aggregate_input *input)
{
    for (unsigned i = 0; i < input->count; i++) {
        if (input_value(input, i).len > 0) {
            return true;
        }
    }
    return false;
}

// ---- sum and avg

// The arena of the sums grew: that counts as well.
static bool charge_sums(struct aggregator *aggregator)
{
    size_t held = aggregator->sums.held;
    if (held != aggregator->sums_charged) {
        if (!memory_charge(aggregator->memory, held - aggregator->sums_charged)) {
            return false;
        }
        aggregator->sums_charged = held;
    }
    return true;
}

static bool ensure_exact(struct aggregator *aggregator, struct sum_state *sum)
{
    if (sum->exact == NULL) {
        sum->exact = memory_take(aggregator->memory, sizeof(*sum->exact));
        if (sum->exact == NULL) {
            return false;
        }
        exact_sum_init(sum->exact, &aggregator->sums);
    }
    return true;
}

static bool add_exactly(struct aggregator *aggregator, struct sum_state *sum,
                        const struct number *number)
{
    if (!ensure_exact(aggregator, sum)) {
        return false;
    }
    return exact_sum_add(sum->exact, number) && charge_sums(aggregator);
}

static bool add_integer(struct aggregator *aggregator, struct sum_state *sum, int64_t value)
{
    int64_t pending = sum->pending + value;
    if (pending <= PENDING_MAX && pending >= -PENDING_MAX) {
        sum->pending = pending;
        return true;
    }
    struct number number = number_of_int64(value);
    return add_exactly(aggregator, sum, &number);
}

static bool settle_pending(struct aggregator *aggregator, struct sum_state *sum)
{
    struct number pending = number_of_int64(sum->pending);
    sum->pending = 0;
    return add_exactly(aggregator, sum, &pending);
}

static bool add_to_sum(struct aggregator *aggregator, struct sum_state *sum, struct bytes value)
{
    int64_t integer;
    struct number number;
    if (number_read_short(value, &integer)) {
        sum->count++;
        return add_integer(aggregator, sum, integer);
    }
    if (value.len == 0 || !number_parse(value, &number)) {
        return true;
    }
    sum->count++;
    return add_exactly(aggregator, sum, &number);
}

static bool merge_sums(struct aggregator *aggregator, struct sum_state *sum,
                       const struct sum_state *other)
{
    sum->count += other->count;
    if (!add_integer(aggregator, sum, other->pending)) {
        return false;
    }
    if (other->exact == NULL) {
        return true;
    }
    return ensure_exact(aggregator, sum) && exact_sum_merge(sum->exact, other->exact) &&
           charge_sums(aggregator);
}

static bool sum_result(struct aggregator *aggregator, enum function_kind kind,
                       struct sum_state *sum, char out[AGGREGATE_TEXT_LIMIT],
                       struct bytes *result)
{
    *result = (struct bytes){ .ptr = out };
    if (sum->count == 0) {
        result->len = number_format_double(__builtin_nan(""), out);
        return true;
    }
    if (sum->exact != NULL && !settle_pending(aggregator, sum)) {
        return false;
    }
    if (kind == FUNCTION_AVG) {
        double total = sum->exact != NULL ? exact_sum_to_double(sum->exact)
                                          : (double)sum->pending;
        result->len = number_format_double(total / (double)sum->count, out);
    } else if (sum->exact != NULL) {
        result->len = exact_sum_format(sum->exact, out);
    } else {
        result->len = number_format_int128(sum->pending, out);
    }
    return true;
}

// ---- min and max

static bool keep_best(struct aggregator *aggregator, struct extreme_state *extreme,
                      const struct order_key *key)
{
    char *text = (char *)(uintptr_t)extreme->best.text.ptr;
    struct bytes value = key->text;
    if (value.len > extreme->capacity) {
        size_t capacity = value.len < 32 ? 32 : value.len;
        if (capacity > UINT32_MAX) {
            return false;
        }
        text = memory_grow(aggregator->memory, text, extreme->capacity, capacity);
        if (text == NULL) {
            return false;
        }
        extreme->capacity = (uint32_t)capacity;
    }
    if (value.len > 0) {
        memcpy(text, value.ptr, value.len);
    }
    extreme->best = *key;
    extreme->best.text = (struct bytes){ text, value.len };
    extreme->is_set = true;
    return true;
}

static bool add_to_extreme(struct aggregator *aggregator, enum function_kind kind,
                           struct extreme_state *extreme, const struct order_key *key)
{
    if (extreme->is_set) {
        int order = order_compare_strictly(key, &extreme->best);
        if (kind == FUNCTION_MIN ? order >= 0 : order <= 0) {
            return true;
        }
    }
    return keep_best(aggregator, extreme, key);
}

// ---- count_uniq

static bool add_unique(struct aggregator *aggregator, struct unique_state *unique,
                       struct bytes tuple)
{
    if (unique->values == NULL) {
        unique->values = memory_take(aggregator->memory, sizeof(*unique->values));
        if (unique->values == NULL) {
            return false;
        }
        group_table_init(unique->values, 0, aggregator->seed, aggregator->memory);
    }
    uint32_t hash = group_table_hash(unique->values, tuple);
    return group_table_put(unique->values, tuple, hash) != NULL;
}

static bool add_to_unique(struct aggregator *aggregator, struct unique_state *unique,
                          const struct aggregate_input *input)
{
    if (!has_any_value(input)) {
        return true;
    }
    if (input->count == 1) {
        return add_unique(aggregator, unique, input_value(input, 0));
    }
    aggregator->tuple.length = 0;
    for (unsigned i = 0; i < input->count; i++) {
        if (!tuple_add(&aggregator->tuple, input_value(input, i), aggregator->memory)) {
            return false;
        }
    }
    return add_unique(aggregator, unique, tuple_bytes(&aggregator->tuple));
}

static bool merge_unique(struct aggregator *aggregator, struct unique_state *unique,
                         const struct unique_state *other)
{
    struct group_cursor cursor = { 0 };
    const void *entry;
    while (other->values != NULL && (entry = group_table_next(other->values, &cursor)) != NULL) {
        if (!add_unique(aggregator, unique, group_table_key(other->values, entry))) {
            return false;
        }
    }
    return true;
}

// ---- quantile

static bool ensure_bag(struct aggregator *aggregator, struct quantile_state *quantile)
{
    if (quantile->bag == NULL) {
        quantile->bag = memory_take_zeroed(aggregator->memory, sizeof(*quantile->bag));
    }
    return quantile->bag != NULL;
}

static bool add_to_quantile(struct aggregator *aggregator, struct quantile_state *quantile,
                            struct bytes value)
{
    return value.len == 0 || (ensure_bag(aggregator, quantile) &&
                              value_bag_add(quantile->bag, value, aggregator->memory));
}

// ---- all of them

static bool add_value(struct aggregator *aggregator, enum function_kind kind, void *state,
                      struct bytes value, bool as_time)
{
    struct order_key key;
    switch (kind) {
    case FUNCTION_SUM:
    case FUNCTION_AVG:
        return add_to_sum(aggregator, state, value);
    case FUNCTION_QUANTILE:
        return add_to_quantile(aggregator, state, value);
    case FUNCTION_MIN:
    case FUNCTION_MAX:
        if (value.len == 0) {
            return true;
        }
        order_key_set(&key, value, as_time);
        return add_to_extreme(aggregator, kind, state, &key);
    default:
        return true;
    }
}

bool aggregate_add(struct aggregator *aggregator, enum function_kind kind, void *state,
                   const struct aggregate_input *input)
{
    if (kind == FUNCTION_COUNT) {
        *(uint64_t *)state += input->count == 0 || has_any_value(input);
        return true;
    }
    if (kind == FUNCTION_COUNT_UNIQ) {
        return add_to_unique(aggregator, state, input);
    }
    for (unsigned i = 0; i < input->count; i++) {
        struct bytes value = input_value(input, i);
        if (!add_value(aggregator, kind, state, value, input->as_time[i])) {
            return false;
        }
    }
    return true;
}

bool aggregate_merge(struct aggregator *aggregator, enum function_kind kind, void *state,
                     const void *other)
{
    const struct extreme_state *extreme = other;
    const struct quantile_state *quantile = other;
    switch (kind) {
    case FUNCTION_COUNT:
        *(uint64_t *)state += *(const uint64_t *)other;
        return true;
    case FUNCTION_COUNT_UNIQ:
        return merge_unique(aggregator, state, other);
    case FUNCTION_SUM:
    case FUNCTION_AVG:
        return merge_sums(aggregator, state, other);
    case FUNCTION_MIN:
    case FUNCTION_MAX:
        return !extreme->is_set || add_to_extreme(aggregator, kind, state, &extreme->best);
    case FUNCTION_QUANTILE:
        return quantile->bag == NULL ||
               (ensure_bag(aggregator, state) &&
                value_bag_merge(((struct quantile_state *)state)->bag, quantile->bag,
                                aggregator->memory));
    }
    return true;
}

void aggregate_release(struct aggregator *aggregator, enum function_kind kind, void *state)
{
    struct memory *memory = aggregator->memory;
    struct sum_state *sum = state;
    struct extreme_state *extreme = state;
    struct unique_state *unique = state;
    struct quantile_state *quantile = state;
    switch (kind) {
    case FUNCTION_COUNT:
        break;
    case FUNCTION_COUNT_UNIQ:
        if (unique->values != NULL) {
            group_table_free(unique->values);
            memory_give(memory, unique->values, sizeof(*unique->values));
        }
        break;
    case FUNCTION_SUM:
    case FUNCTION_AVG:
        memory_give(memory, sum->exact, sizeof(*sum->exact));
        break;
    case FUNCTION_MIN:
    case FUNCTION_MAX:
        memory_give(memory, (void *)(uintptr_t)extreme->best.text.ptr, extreme->capacity);
        break;
    case FUNCTION_QUANTILE:
        if (quantile->bag != NULL) {
            value_bag_free(quantile->bag, memory);
            memory_give(memory, quantile->bag, sizeof(*quantile->bag));
        }
        break;
    }
}

bool aggregate_result(struct aggregator *aggregator, const struct stats_function *function,
                      void *state, char out[AGGREGATE_TEXT_LIMIT], struct bytes *result)
{
    const struct unique_state *unique = state;
    const struct extreme_state *extreme = state;
    const struct quantile_state *quantile = state;
    uint64_t count = 0;
    *result = (struct bytes){ 0 };
    switch (function->kind) {
    case FUNCTION_SUM:
    case FUNCTION_AVG:
        return sum_result(aggregator, function->kind, state, out, result);
    case FUNCTION_MIN:
    case FUNCTION_MAX:
        *result = extreme->best.text;
        return true;
    case FUNCTION_QUANTILE:
        if (quantile->bag == NULL) {
            return true;
        }
        if (!value_bag_settle(quantile->bag, aggregator->memory)) {
            return false;
        }
        *result = value_bag_quantile(quantile->bag, function->phi, out);
        return true;
    case FUNCTION_COUNT:
        count = *(const uint64_t *)state;
        break;
    case FUNCTION_COUNT_UNIQ:
        count = unique->values == NULL ? 0 : unique->values->count;
        break;
    }
    *result = (struct bytes){ .ptr = out, .len = number_format_int128(count, out) };
    return true;
}
