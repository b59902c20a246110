// SPDX-License-Identifier: MIT
// target.h: whom to ask: the address in a URL, and requests for it.

#ifndef LOGQ_LOAD_TARGET_H
#define LOGQ_LOAD_TARGET_H

#include "text.h"

#include <stdbool.h>
#include <sys/socket.h>

#define TARGET_HOST_LIMIT 64
#define TARGET_PATH_DEFAULT "/select/logsql/query"

struct target {
    struct sockaddr_storage address;
    socklen_t length;
    char host[TARGET_HOST_LIMIT]; // as it stands in the Host field
    const char *path;             // of the URL, or the default
    bool is_loopback;
};

// Reads `http://ADDRESS:PORT` or `http://ADDRESS:PORT/PATH`; the address is an IPv4 one, an IPv6
// one in brackets, or `localhost`. False when it is something else. The URL must outlive the
// target.
bool target_read(const char *url, struct target *target);

// Adds a request; query and limit may be NULL.
void target_request(const struct target *target, const char *query, const char *limit,
                    struct text *request);

#endif
