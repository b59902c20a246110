// SPDX-License-Identifier: MIT
// page.h: the page on which a person can type a query.

#ifndef LOGQ_SERVE_PAGE_H
#define LOGQ_SERVE_PAGE_H

#include "serve/connection.h"

void page_answer(struct connection *connection);

#endif
