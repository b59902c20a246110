// SPDX-License-Identifier: MIT
// folder.h: the names below a folder.

#ifndef LOGQ_FOLDER_H
#define LOGQ_FOLDER_H

#include "data/arena.h"

#include <spargio.h>

// Folders inside each other.
#define FOLDER_DEPTH_LIMIT 64

struct folder_entry {
    struct bytes path; // below the root, with a NUL behind it
    uint64_t inode;    // as the folder says, which is enough to see that a name got a new file
    bool is_link;
};

enum folder_fault {
    FOLDER_NO_FAULT,
    FOLDER_UNREADABLE, // a folder
    FOLDER_TOO_DEEP,   // a folder
    FOLDER_TOO_MANY,   // entries
    FOLDER_NO_MEMORY,
};

// Files and symbolic links, in the order of their paths, and the first thing that went wrong.
struct folder_list {
    struct folder_entry *entries;
    size_t count;
    size_t capacity;
    struct arena names;
    enum folder_fault fault;
    char fault_path[256]; // cut to fit
};

void folder_list_init(struct folder_list *list);
void folder_list_free(struct folder_list *list);

// Lists everything below root, links to folders not followed, on a thread of the blocking pool. The
// list must be empty. Suspends.
// Returns 0, also when a folder below root could not be read, which is then a fault of the list;
// -E2BIG when there are more entries than the limit; -EIO when root could not be read, or memory is
// out; an error of spg_blocking.
int folder_list_read(struct folder_list *list, const char *root, size_t limit, spg_time deadline);

// Whether both lists name the same files.
bool folder_list_equal(const struct folder_list *a, const struct folder_list *b);

#endif
