// SPDX-License-Identifier: MIT
// trial.h: one run of requests at one rate, in open loop.
//
// When each request is to be sent is decided beforehand, and does not wait for answers. A latency
// counts from that moment, not from the one when the request really went out: a server that stands
// still makes all that should have been asked meanwhile late (no coordinated omission).

#ifndef LOGQ_LOAD_TRIAL_H
#define LOGQ_LOAD_TRIAL_H

#include "load/arrivals.h"
#include "load/histogram.h"
#include "text.h"

#include <spargio.h>

#include <stdatomic.h>
#include <sys/socket.h>

#define TRIAL_REQUESTS_LIMIT 32

// What is asked, of whom and how.
struct trial_plan {
    const struct sockaddr *address;
    socklen_t address_length;
    struct text requests[TRIAL_REQUESTS_LIMIT]; // whole HTTP requests; drawn evenly
    size_t request_count;
    enum arrivals_kind arrivals;
    int64_t duration_ns;
    uint64_t count; // of requests at most
    uint64_t seed;
    uint32_t connections; // more requests than these cannot be on their way
    int64_t timeout_ns;   // of one request
};

// X(name, text): requests that were not answered as they should.
#define TRIAL_ERRORS(X)                                                                            \
    X(refused, "answered with 503")                                                                \
    X(timed_out, "answered with 504, or not within --timeout")                                     \
    X(failed, "answered with another status than 200")                                             \
    X(partial, "answered, but not of everything")                                                  \
    X(broken, "not answered: the connection broke, or what came was no HTTP")

struct trial_errors {
#define TRIAL_FIELD_(name, text) uint64_t name;
    TRIAL_ERRORS(TRIAL_FIELD_)
#undef TRIAL_FIELD_
};

struct trial_result {
    double rate; // that was offered
    struct histogram latency;  // of requests with a good answer, from the intended moment
    struct histogram lateness; // how much later than intended an idle connection sent
    struct trial_errors errors;
    uint64_t asked;
    uint64_t bytes;  // of answers
    int64_t span_ns; // from the first intended moment to the last answer
    int failure;     // the first error of a connection; 0: none
};

// Runs it. Tasks only; suspends. Returns 0, or a negative errno value when it could not begin.
int trial_run(const struct trial_plan *plan, double rate, struct trial_result *result);

uint64_t trial_error_count(const struct trial_errors *errors);

#endif
