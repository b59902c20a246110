// SPDX-License-Identifier: MIT
// phrase.h: finding words and phrases that stand for themselves in a text.

#ifndef LOGQ_QUERY_PHRASE_H
#define LOGQ_QUERY_PHRASE_H

#include "data/bytes.h"
#include "data/search.h"

// An edge of a phrase that is a word character must have no word character beside it.
struct phrase {
    struct search_needle needle; // not empty
    bool guards_start;
    bool guards_end; // never for a prefix, which may go on
};

// Keeps a reference to the text.
void phrase_init(struct phrase *phrase, struct bytes text, bool is_prefix);

bool phrase_is_in(const struct phrase *phrase, struct bytes value);

// Writes the lower case of a text, at most FOLD_GROWTH times as long; the length.
#define FOLD_GROWTH 2
size_t fold_case(struct bytes text, char *out);

// The longest piece of a text that fold_case() of no other text gives: without letters that have
// another case, and nothing beyond ASCII.
struct bytes fold_invariant(struct bytes text);

#endif
