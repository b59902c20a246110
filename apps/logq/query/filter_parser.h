// SPDX-License-Identifier: MIT
// filter_parser.h: what the two halves of the filter parser call of each other.

#ifndef LOGQ_QUERY_FILTER_PARSER_H
#define LOGQ_QUERY_FILTER_PARSER_H

#include "query/parser.h"

// NULL with the error set.
struct filter *parser_new_filter(struct parser *parser, enum filter_kind kind, struct bytes field);

// A filter on the value of one field. `named` says that the field stood before it, so that `*` asks
// for a value and a colon is part of a word.
struct filter *parse_leaf(struct parser *parser, struct bytes field, bool named);

#endif
