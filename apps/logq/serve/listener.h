// SPDX-License-Identifier: MIT
// listener.h: where the server listens.

#ifndef LOGQ_SERVE_LISTENER_H
#define LOGQ_SERVE_LISTENER_H

#include <spargio.h>

#include <netinet/in.h>

#define LISTENER_TEXT_LIMIT 64

struct listener_address {
    struct sockaddr_storage address;
    socklen_t length;
};

// Reads `HOST:PORT`: an IPv4 address, an IPv6 one in brackets, `localhost`, or nothing for all
// addresses. False when it is something else.
bool listener_address_read(const char *text, struct listener_address *address);

// Listens. Tasks only. 0 and the handle, or a negative errno value.
int listener_open(const struct listener_address *address, spg_fd *out);

// The address that a listener has got, as `HOST:PORT`. False when there is none.
bool listener_name(spg_fd listener, char text[LISTENER_TEXT_LIMIT]);

#endif
