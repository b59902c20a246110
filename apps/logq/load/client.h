// SPDX-License-Identifier: MIT
// client.h: one connection to a server, one request at a time.

#ifndef LOGQ_LOAD_CLIENT_H
#define LOGQ_LOAD_CLIENT_H

#include "data/bytes.h"

#include <spargio.h>

#include <stdint.h>
#include <sys/socket.h>

// Bytes of the head of an answer, and of what is read of its body at once.
#define CLIENT_BUFFER_BYTES ((size_t)16 * 1024)

struct client {
    const struct sockaddr *address;
    socklen_t address_length;
    spg_fd fd;
    bool is_connected;
    bool is_fresh; // nothing has been answered on this connection
    char *buffer;  // CLIENT_BUFFER_BYTES
    size_t begin;  // what has been received and not read, from here
    size_t end;    // to here
};

struct client_answer {
    int status;
    uint64_t bytes;  // of the body
    bool is_partial; // the server says that the answer is not of everything
};

// False when memory is out. The address must outlive the client.
bool client_init(struct client *client, const struct sockaddr *address, socklen_t length);
void client_free(struct client *client);

// 0 or a negative errno value. Suspends.
int client_connect(struct client *client, spg_time deadline);

// Sends a whole request and reads the whole answer, connecting if need be. A connection that the
// server has closed since the answer before is made anew once. Suspends.
// Returns 0; -ETIME; -EPROTO the answer is no HTTP; another negative errno value. After an error
// the connection is closed.
int client_ask(struct client *client, struct bytes request, struct client_answer *answer,
               spg_time deadline);

#endif
