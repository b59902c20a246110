// SPDX-License-Identifier: MIT
// selection.h: a request for records, or for what they add up to.

#ifndef LOGQ_SERVE_SELECTION_H
#define LOGQ_SERVE_SELECTION_H

#include "http/form.h"
#include "query/query.h"
#include "serve/connection.h"

enum selection_kind {
    SELECTION_ROWS,
    SELECTION_HITS,
    SELECTION_FIELD_NAMES,
    SELECTION_FIELD_VALUES,
};

// What the arguments of a request ask for.
struct selection {
    enum selection_kind kind;
    struct query *query;
    int64_t timeout_ns;   // 0: none
    uint64_t fields_limit; // SELECTION_HITS; 0: none
    int refusal;           // status of the answer when it could not be read
};

#define SELECTION_ERROR_LIMIT 512

// Fields that SELECTION_HITS may tell apart at once.
#define SELECTION_FIELDS_LIMIT 16

// Reads the arguments. False with a text that names the argument; the query is then NULL.
bool selection_read(struct selection *selection, const struct server *server,
                    enum selection_kind kind, const struct form *form,
                    char error[SELECTION_ERROR_LIMIT]);

// Answers the request. Suspends.
void selection_answer(struct connection *connection, enum selection_kind kind,
                      const struct form *form);

#endif
