// SPDX-License-Identifier: MIT
// options.h: checking options and filling defaults in.
#ifndef SPGI_CORE_OPTIONS_H
#define SPGI_CORE_OPTIONS_H

#include "core/types.h"

// Copies given (of the caller's size; NULL: all defaults) into out, checks it and fills defaults
// in.
// Returns 0, or -EINVAL with a text for people in the caller's error_text.
int spgi_options_resolve(const spg_options *given, size_t size, spg_options *out);

// Writes a text for people, printf-like, to the caller's error_text; nothing if there is none.
__attribute__((format(printf, 2, 3))) void spgi_options_explain(const spg_options *options,
                                                                const char *format, ...);

// Explains that SPG_MAX_RUNTIMES live already.
void spgi_options_explain_full(const spg_options *options);

// Explains why a shard could not be set up.
void spgi_options_explain_start(const spg_options *options, int error);

#endif
