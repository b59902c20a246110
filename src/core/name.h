// SPDX-License-Identifier: MIT
// name.h: the name of a task, which it changes while others read.
//
// Two copies; the turn's lowest bit says which of them counts. A change writes the other one and
// then publishes it, so that it never waits, nor does a reader, not even in a signal handler. A
// reader that finds another turn after reading may hold pieces of two names, and reads again.
#ifndef SPGI_CORE_NAME_H
#define SPGI_CORE_NAME_H

#include "core/types.h"

// The name for a new life of a slot; only before its task is published. Readers with a handle of an
// earlier life find out by looking at the life once more. name: NULL is "".
void spgi_name_init(struct spgi_name *at, const char *name);

// The task itself: another name, cut to what there is room for.
void spgi_name_change(struct spgi_name *at, const char *name);

// Any thread. out gets the name, terminated.
void spgi_name_read(struct spgi_name *at, char out[SPGI_TASK_NAME]);

#endif
