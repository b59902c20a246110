// SPDX-License-Identifier: MIT
// source.h: the files a query reads, opened, each as long as it was then.

#ifndef LOGQ_SOURCE_H
#define LOGQ_SOURCE_H

#include "data/arena.h"
#include "data/record.h"

#include <spargio.h>

// Files that one query may have open, when the user sets no limit.
#define SOURCE_FILES_LIMIT_DEFAULT ((size_t)4096)

// A file that was not written for so long has its last line complete, with or without a line feed.
#define SOURCE_QUIET_NS (1 * SPG_S)

// How often the folder is looked at again when its names change while its files are opened.
#define SOURCE_ATTEMPTS 10

#define SOURCE_FAULT_LIMIT 512

struct source_file {
    struct source_info info; // _file and _stream
    spg_fd fd;
    uint64_t device;
    uint64_t inode;
    uint64_t length; // what the query sees of it, whole lines; 0 when it is a stream
    bool is_stream;  // a pipe or a terminal: read once, from its own position
    bool is_borrowed; // standard input: not closed
};

struct source_options {
    size_t files_limit;
    bool waits_for_end; // a last line without its end counts only when the file has been quiet
};

// What could not be read is in fault, and then the answer is not of everything that is there.
struct source_set {
    struct source_file *files; // in the order of their names, or of the command line
    size_t count;
    size_t capacity;
    uint64_t bytes;      // sum of the lengths
    uint64_t compressed; // files left out because of that
    char fault[SOURCE_FAULT_LIMIT]; // the first; "" when there is none
    uint64_t faults;
    struct arena names;
    struct source_options options;
};

void source_init(struct source_set *set, const struct source_options *options);

// Opens all files below a folder, named by their paths below it. Files in which names changed
// places meanwhile are neither missed nor read twice. Suspends.
// Returns 0; -EMFILE or another error when nothing can be read at all, with the fault set;
// -ECANCELED, -ETIME.
int source_open_folder(struct source_set *set, const char *root);

// Opens files, folders, and `-` for standard input, named as they are given. Suspends.
// Returns 0, also when some of them are faults; -ECANCELED, -ETIME.
int source_open_paths(struct source_set *set, char *const *paths, size_t count);

// Closes all of them. Suspends.
void source_close(struct source_set *set);

// Adds a fault: what happened to which file. Not for use by two tasks at once.
__attribute__((format(printf, 2, 3))) void source_fault(struct source_set *set,
                                                        const char *format, ...);

#endif
