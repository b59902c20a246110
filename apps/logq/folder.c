// SPDX-License-Identifier: MIT
// folder.c: the names below a folder.

#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

// Bytes of names, with what belongs to them, that one call reads.
#define READ_BYTES ((size_t)32 * 1024)

// Memory for the names of one listing.
#define NAMES_LIMIT ((size_t)256 * 1024 * 1024)

#define ENTRIES_FIRST ((size_t)64)

// A folder that is still to be read.
struct pending {
    struct pending *next;
    struct bytes path; // below the root; empty for the root itself
    unsigned depth;
};

// One listing, on the thread that does it.
struct walk {
    struct folder_list *list;
    const char *root;
    size_t limit;
    int root_fd;
    struct pending *pending;
    char *buffer;
};

void folder_list_init(struct folder_list *list)
{
    *list = (struct folder_list){0};
    arena_init(&list->names, NAMES_LIMIT);
}

void folder_list_free(struct folder_list *list)
{
    free(list->entries);
    arena_free(&list->names);
    folder_list_init(list);
}

static void note(struct walk *walk, enum folder_fault fault, struct bytes path)
{
    struct folder_list *list = walk->list;
    if (list->fault == FOLDER_NO_FAULT) {
        list->fault = fault;
        (void)snprintf(list->fault_path, sizeof list->fault_path, "%s%s%.*s", walk->root,
                       path.len > 0 ? "/" : "", path.len > 200 ? 200 : (int)path.len,
                       path.len > 0 ? path.ptr : "");
    }
}

// Ends the walk; a fault that was noted before it matters less.
static bool fail(struct walk *walk, enum folder_fault fault)
{
    walk->list->fault = FOLDER_NO_FAULT;
    note(walk, fault, (struct bytes){0});
    return false;
}

// parent/name with a NUL behind it; ptr is NULL when memory is out.
static struct bytes join(struct walk *walk, struct bytes parent, const char *name)
{
    size_t length = strlen(name);
    size_t slash = parent.len > 0;
    char *path = arena_alloc(&walk->list->names, parent.len + slash + length + 1, 1);
    if (path == NULL) {
        return (struct bytes){0};
    }
    if (slash) {
        memcpy(path, parent.ptr, parent.len);
        path[parent.len] = '/';
    }
    memcpy(path + parent.len + slash, name, length + 1);
    return (struct bytes){.ptr = path, .len = parent.len + slash + length};
}

static bool add_entry(struct walk *walk, struct folder_entry entry)
{
    struct folder_list *list = walk->list;
    if (list->count == walk->limit) {
        return fail(walk, FOLDER_TOO_MANY);
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? ENTRIES_FIRST : list->capacity * 2;
        struct folder_entry *entries = realloc(list->entries, capacity * sizeof *entries);
        if (entries == NULL) {
            return fail(walk, FOLDER_NO_MEMORY);
        }
        list->entries = entries;
        list->capacity = capacity;
    }
    list->entries[list->count++] = entry;
    return true;
}

static bool add_folder(struct walk *walk, struct bytes path, unsigned depth)
{
    if (depth > FOLDER_DEPTH_LIMIT) {
        note(walk, FOLDER_TOO_DEEP, path);
        return true;
    }
    struct pending *pending =
        arena_alloc(&walk->list->names, sizeof *pending, _Alignof(struct pending));
    if (pending == NULL) {
        return fail(walk, FOLDER_NO_MEMORY);
    }
    *pending = (struct pending){.next = walk->pending, .path = path, .depth = depth};
    walk->pending = pending;
    return true;
}

// Some file systems leave the kind of an entry open.
static unsigned char kind_of(const struct walk *walk, const struct dirent64 *entry,
                             struct bytes path)
{
    struct stat about;
    if (entry->d_type != DT_UNKNOWN ||
        fstatat(walk->root_fd, path.ptr, &about, AT_SYMLINK_NOFOLLOW) != 0) {
        return entry->d_type;
    }
    return (unsigned char)IFTODT(about.st_mode);
}

static bool add_name(struct walk *walk, const struct pending *folder, const struct dirent64 *entry)
{
    if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) {
        return true;
    }
    struct bytes path = join(walk, folder->path, entry->d_name);
    if (path.ptr == NULL) {
        return fail(walk, FOLDER_NO_MEMORY);
    }
    switch (kind_of(walk, entry, path)) {
    case DT_DIR:
        return add_folder(walk, path, folder->depth + 1);
    case DT_REG:
    case DT_LNK:
        return add_entry(walk, (struct folder_entry){
                                   .path = path,
                                   .inode = entry->d_ino,
                                   .is_link = kind_of(walk, entry, path) == DT_LNK,
                               });
    default:
        return true; // pipes, sockets and devices hold no records
    }
}

static bool read_folder(struct walk *walk, const struct pending *folder, int fd)
{
    ssize_t bytes;
    while ((bytes = getdents64(fd, walk->buffer, READ_BYTES)) > 0) {
        for (ssize_t at = 0; at < bytes;) {
            const struct dirent64 *entry = (const void *)(walk->buffer + at);
            if (!add_name(walk, folder, entry)) {
                return false;
            }
            at += entry->d_reclen;
        }
    }
    if (bytes < 0) {
        note(walk, FOLDER_UNREADABLE, folder->path);
    }
    return true;
}

static bool read_pending(struct walk *walk, const struct pending *folder)
{
    const char *path = folder->path.len > 0 ? folder->path.ptr : ".";
    int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | (folder->path.len > 0 ? O_NOFOLLOW : 0);
    int fd = openat(walk->root_fd, path, flags);
    if (fd < 0) {
        // A folder that went away meanwhile holds nothing; the next listing will show it.
        if (faccessat(walk->root_fd, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
            note(walk, FOLDER_UNREADABLE, folder->path);
        }
        return true;
    }
    bool is_read = read_folder(walk, folder, fd);
    (void)close(fd);
    return is_read;
}

static int compare_paths(const void *a, const void *b)
{
    return bytes_compare(((const struct folder_entry *)a)->path,
                         ((const struct folder_entry *)b)->path);
}

// On a thread of the blocking pool.
static int walk_all(void *arg)
{
    struct walk *walk = arg;
    walk->root_fd = open(walk->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (walk->root_fd < 0) {
        (void)fail(walk, FOLDER_UNREADABLE);
        return -EIO;
    }
    walk->buffer = aligned_alloc(_Alignof(struct dirent64), READ_BYTES);
    bool is_read = walk->buffer != NULL ? add_folder(walk, (struct bytes){0}, 0)
                                        : fail(walk, FOLDER_NO_MEMORY);
    while (is_read && walk->pending != NULL) {
        struct pending *folder = walk->pending;
        walk->pending = folder->next;
        is_read = read_pending(walk, folder);
    }
    free(walk->buffer);
    (void)close(walk->root_fd);
    if (walk->list->count > 1) {
        qsort(walk->list->entries, walk->list->count, sizeof *walk->list->entries, compare_paths);
    }
    return is_read ? 0 : walk->list->fault == FOLDER_TOO_MANY ? -E2BIG : -EIO;
}

int folder_list_read(struct folder_list *list, const char *root, size_t limit, spg_time deadline)
{
    struct walk walk = {.list = list, .root = root, .limit = limit};
    int result = 0;
    int called = spg_blocking(walk_all, &walk, &result, deadline);
    return called < 0 ? called : result;
}

bool folder_list_equal(const struct folder_list *a, const struct folder_list *b)
{
    if (a->count != b->count) {
        return false;
    }
    for (size_t i = 0; i < a->count; i++) {
        const struct folder_entry *one = &a->entries[i];
        const struct folder_entry *other = &b->entries[i];
        if (one->inode != other->inode || one->is_link != other->is_link ||
            !bytes_equal(one->path, other->path)) {
            return false;
        }
    }
    return true;
}
