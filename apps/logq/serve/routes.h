// SPDX-License-Identifier: MIT
// routes.h: which path is answered by what.

#ifndef LOGQ_SERVE_ROUTES_H
#define LOGQ_SERVE_ROUTES_H

#include "serve/connection.h"

// Answers the request that the connection has read. Suspends.
void routes_answer(struct connection *connection);

#endif
