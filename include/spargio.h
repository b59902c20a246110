// SPDX-License-Identifier: MIT
// spargio.h: everything of spargio: tasks on a few shards, one thread and one ring each.
//
// Include this one, or the headers below one by one: each stands alone, in C and in C++.
#ifndef SPARGIO_H
#define SPARGIO_H

#include <spargio/blocking.h>
#include <spargio/boundary.h>
#include <spargio/chan.h>
#include <spargio/error.h>
#include <spargio/fd.h>
#include <spargio/fs.h>
#include <spargio/mailbox.h>
#include <spargio/net.h>
#include <spargio/runtime.h>
#include <spargio/scope.h>
#include <spargio/stats.h>
#include <spargio/stop.h>
#include <spargio/task.h>
#include <spargio/time.h>
#include <spargio/types.h>

#define SPG_VERSION_MAJOR 0
#define SPG_VERSION_MINOR 1
#define SPG_VERSION_PATCH 0

SPG_BEGIN_DECLS

// The version of the library that is linked, as "MAJOR.MINOR.PATCH". Static text.
// Any thread. Does not suspend. Returns the text; never fails.
SPG_API const char *spg_version(void);

SPG_END_DECLS

#endif
