// SPDX-License-Identifier: MIT
// source.c: the files a query reads, opened, each as long as it was then.
//
// Rotation renames files while they are being opened: a listing names `log` and `log.1`, then `log`
// becomes `log.1`, and whoever opens the names of the listing has the old `log` under none of them.
// So a folder is listed, its files are opened, and it is listed again: only when both listings are
// the same were the names still those of the listed files. What happens later is harmless, because
// an open file stays what it is under any name.

#include "source.h"

#include "compressed.h"
#include "folder.h"
#include "reason.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

// Memory for the names of the files of one query.
#define NAMES_LIMIT ((size_t)256 * 1024 * 1024)

#define FILES_FIRST ((size_t)16)

// Bytes read at once in search of the last line feed of a file.
#define TAIL_BYTES 2048

// Bytes of a path in a message.
#define PATH_SHOWN 200

void source_init(struct source_set *set, const struct source_options *options)
{
    *set = (struct source_set){.options = *options};
    arena_init(&set->names, NAMES_LIMIT);
}

void source_fault(struct source_set *set, const char *format, ...)
{
    if (set->faults++ > 0) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(set->fault, sizeof set->fault, format, arguments);
    va_end(arguments);
}

static void fault_of(struct source_set *set, const char *path, int error)
{
    const char *reason = error == -E2BIG ? "one file more than a query may open (--max-files)"
                                         : reason_text(error);
    source_fault(set, "%.*s: %s", PATH_SHOWN, path, reason);
}

static bool is_stop(int error)
{
    return error == -ECANCELED || error == -ETIME;
}

static void close_files(struct source_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->files[i].is_borrowed) {
            (void)!spg_fd_release(set->files[i].fd);
        } else {
            (void)spg_close(set->files[i].fd);
        }
    }
    set->count = 0;
    set->bytes = 0;
    set->compressed = 0;
}

void source_close(struct source_set *set)
{
    close_files(set);
    free(set->files);
    arena_free(&set->names);
    *set = (struct source_set){.options = set->options};
}

// `{file="NAME"}`
static struct bytes stream_of(struct source_set *set, struct bytes name)
{
    static const char before[] = "{file=\"";
    static const char behind[] = "\"}";
    size_t length = sizeof before - 1 + name.len + sizeof behind - 1;
    char *text = arena_alloc(&set->names, length, 1);
    if (text == NULL) {
        return (struct bytes){0};
    }
    memcpy(text, before, sizeof before - 1);
    memcpy(text + sizeof before - 1, name.ptr, name.len);
    memcpy(text + sizeof before - 1 + name.len, behind, sizeof behind - 1);
    return (struct bytes){.ptr = text, .len = length};
}

// Adds a file; on failure the caller still owns its descriptor.
static int add_file(struct source_set *set, struct source_file file, struct bytes name)
{
    if (set->count == set->options.files_limit) {
        return -E2BIG;
    }
    if (set->count == set->capacity) {
        size_t capacity = set->capacity == 0 ? FILES_FIRST : set->capacity * 2;
        struct source_file *files = realloc(set->files, capacity * sizeof *files);
        if (files == NULL) {
            return -ENOMEM;
        }
        set->files = files;
        set->capacity = capacity;
    }
    file.info.file = arena_copy(&set->names, name);
    file.info.stream = stream_of(set, name);
    if (file.info.file.ptr == NULL || file.info.stream.ptr == NULL) {
        return -ENOMEM;
    }
    set->files[set->count++] = file;
    set->bytes += file.length;
    return 0;
}

static bool is_there(const struct source_set *set, uint64_t device, uint64_t inode)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->files[i].inode == inode && set->files[i].device == device) {
            return true;
        }
    }
    return false;
}

// Whether nobody has written to the file for a while. A time in the future was not set by writing.
static bool is_quiet(const struct statx *about)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    int64_t age = (now.tv_sec - about->stx_mtime.tv_sec) * SPG_S + now.tv_nsec -
                  (int64_t)about->stx_mtime.tv_nsec;
    return age >= SOURCE_QUIET_NS || age <= -SOURCE_QUIET_NS;
}

// Reads at most `bytes` at an offset, less at the end of the file only.
static ssize_t read_block(spg_fd fd, char *block, size_t bytes, uint64_t offset)
{
    size_t have = 0;
    while (have < bytes) {
        ssize_t part = spg_read_at(fd, block + have, bytes - have, offset + have, SPG_NEVER);
        if (part < 0) {
            return part;
        }
        if (part == 0) {
            break;
        }
        have += (size_t)part;
    }
    return (ssize_t)have;
}

// Takes a last line without an end off the length: it may still be written. 0, or an error.
static int drop_open_line(spg_fd fd, uint64_t *length)
{
    char block[TAIL_BYTES];
    while (*length > 0) {
        size_t bytes = *length < sizeof block ? (size_t)*length : sizeof block;
        ssize_t have = read_block(fd, block, bytes, *length - bytes);
        if (have < 0) {
            return (int)have;
        }
        if ((size_t)have < bytes) {
            return 0; // truncated a moment ago, which whoever reads the pieces will see
        }
        const char *feed = memrchr(block, '\n', bytes);
        if (feed != NULL) {
            *length -= bytes - (size_t)(feed - block) - 1;
            return 0;
        }
        *length -= bytes;
    }
    return 0;
}

static int begins_compressed(spg_fd fd)
{
    char beginning[COMPRESSED_MAGIC_BYTES];
    ssize_t bytes = spg_read_at(fd, beginning, sizeof beginning, 0, SPG_NEVER);
    if (bytes < 0) {
        return (int)bytes;
    }
    return compressed_begins((struct bytes){beginning, (size_t)bytes});
}

// Takes an open file into the set, unless it is there already, compressed, or no file. 1 when it
// took it; else the descriptor is still the caller's: 0, or an error.
static int take_file(struct source_set *set, spg_fd fd, struct bytes name, bool takes_streams)
{
    struct statx about;
    int result = spg_statx(fd, STATX_TYPE | STATX_INO | STATX_SIZE | STATX_MTIME, &about,
                           SPG_NEVER);
    if (result < 0) {
        return result;
    }
    struct source_file file = {
        .fd = fd,
        .device = (uint64_t)about.stx_dev_major << 32 | about.stx_dev_minor,
        .inode = about.stx_ino,
    };
    if (!S_ISREG(about.stx_mode)) {
        file.is_stream = true;
        result = takes_streams ? add_file(set, file, name) : 0;
        return result == 0 && takes_streams ? 1 : result;
    }
    if (is_there(set, file.device, file.inode)) {
        return 0;
    }
    file.length = about.stx_size;
    if (set->options.waits_for_end && !is_quiet(&about)) {
        result = drop_open_line(fd, &file.length);
        if (result < 0) {
            return result;
        }
    }
    int compressed = begins_compressed(fd);
    if (compressed != 0) {
        set->compressed += compressed > 0;
        return compressed < 0 ? compressed : 0;
    }
    result = add_file(set, file, name);
    return result < 0 ? result : 1;
}

// ---- a folder

// A folder whose files are being opened.
struct opening {
    struct source_set *set;
    const char *root;
    const char *prefix; // of the names of the files; NULL: none
    char *path;         // PATH_MAX bytes, for one path at a time
};

static int open_file(struct opening *opening, const struct folder_entry *entry, struct bytes name)
{
    if (entry->is_link) {
        struct statx about;
        int result = spg_statx_path(opening->path, 0, STATX_TYPE, &about, SPG_NEVER);
        if (result < 0 || !S_ISREG(about.stx_mode)) {
            return is_stop(result) ? result : 0; // to a folder, or to nowhere
        }
    }
    spg_fd fd;
    int result = spg_open(opening->path, O_RDONLY | O_NOCTTY, 0, &fd, SPG_NEVER);
    if (result < 0) {
        return result;
    }
    result = take_file(opening->set, fd, name, false);
    if (result != 1) {
        (void)spg_close(fd);
    }
    return result < 0 ? result : 0;
}

// Opens one name of a listing. 0, or an error that ends the whole.
static int open_entry(struct opening *opening, const struct folder_entry *entry, struct bytes name)
{
    int length = snprintf(opening->path, PATH_MAX, "%s/%.*s", opening->root,
                          (int)entry->path.len, entry->path.ptr);
    int result = length >= PATH_MAX ? -ENAMETOOLONG : open_file(opening, entry, name);
    if (result == 0 || result == -ENOENT) {
        return 0; // what is gone since the listing will not be in the next one
    }
    if (is_stop(result) || result == -EMFILE || result == -ENFILE || result == -ENOMEM ||
        result == -E2BIG) {
        return result;
    }
    fault_of(opening->set, opening->path, result);
    return 0;
}

static void folder_fault(struct source_set *set, const struct folder_list *list)
{
    switch (list->fault) {
    case FOLDER_NO_FAULT:
        break;
    case FOLDER_UNREADABLE:
        source_fault(set, "the folder %s cannot be read", list->fault_path);
        break;
    case FOLDER_TOO_DEEP:
        source_fault(set, "the folder %s lies more than %d folders deep", list->fault_path,
                     FOLDER_DEPTH_LIMIT);
        break;
    case FOLDER_TOO_MANY:
        source_fault(set, "there are more than %zu files below %s (--max-files)",
                     set->options.files_limit, list->fault_path);
        break;
    case FOLDER_NO_MEMORY:
        source_fault(set, "no memory for the names below %s", list->fault_path);
        break;
    }
}

static int list_folder(struct opening *opening, struct folder_list *list)
{
    int result =
        folder_list_read(list, opening->root, opening->set->options.files_limit, SPG_NEVER);
    if (result == -EIO || result == -E2BIG) {
        folder_fault(opening->set, list);
    } else if (result < 0 && !is_stop(result)) {
        fault_of(opening->set, opening->root, result);
    }
    return result;
}

// prefix/path, or the path alone when there is no prefix. ptr is NULL when memory is out.
static struct bytes name_below(struct source_set *set, const char *prefix, struct bytes path)
{
    if (prefix == NULL) {
        return path;
    }
    size_t length = strlen(prefix);
    while (length > 1 && prefix[length - 1] == '/') {
        length--;
    }
    char *name = arena_alloc(&set->names, length + 1 + path.len, 1);
    if (name == NULL) {
        return (struct bytes){0};
    }
    memcpy(name, prefix, length);
    name[length] = '/';
    memcpy(name + length + 1, path.ptr, path.len);
    return (struct bytes){.ptr = name, .len = length + 1 + path.len};
}

static int open_entries(struct opening *opening, const struct folder_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct folder_entry *entry = &list->entries[i];
        struct bytes name = name_below(opening->set, opening->prefix, entry->path);
        int result = name.ptr == NULL ? -ENOMEM : open_entry(opening, entry, name);
        if (result < 0) {
            if (!is_stop(result)) {
                fault_of(opening->set, entry->path.ptr, result);
            }
            return result;
        }
    }
    return 0;
}

// Forgets the files from number `from` on.
static void drop_files(struct source_set *set, size_t from)
{
    while (set->count > from) {
        struct source_file *file = &set->files[--set->count];
        set->bytes -= file->length;
        (void)spg_close(file->fd);
    }
}

// Opens what the lists agree on; the first is the current one in the end.
static int open_listed(struct opening *opening, struct folder_list *list, struct folder_list *again)
{
    struct source_set *set = opening->set;
    size_t before = set->count;
    uint64_t compressed = set->compressed;
    int result = list_folder(opening, list);
    for (int attempt = 0; result == 0; attempt++) {
        result = open_entries(opening, list);
        if (result == 0) {
            result = list_folder(opening, again);
        }
        if (result != 0 || folder_list_equal(list, again)) {
            break;
        }
        if (attempt == SOURCE_ATTEMPTS) {
            source_fault(set, "the names below %s kept changing while its files were opened",
                         opening->root);
            break;
        }
        drop_files(set, before);
        set->compressed = compressed;
        folder_list_free(list);
        *list = *again;
        folder_list_init(again);
    }
    if (result == 0) {
        folder_fault(set, list);
    }
    return result;
}

// Opens what a folder holds, behind the files that are in the set. 0, or an error.
static int open_folder(struct source_set *set, const char *root, const char *prefix)
{
    struct opening opening = {.set = set, .root = root, .prefix = prefix};
    opening.path = malloc(PATH_MAX);
    if (opening.path == NULL) {
        fault_of(set, root, -ENOMEM);
        return -ENOMEM;
    }
    struct folder_list list;
    struct folder_list again;
    folder_list_init(&list);
    folder_list_init(&again);
    int result = open_listed(&opening, &list, &again);
    folder_list_free(&list);
    folder_list_free(&again);
    free(opening.path);
    return result;
}

int source_open_folder(struct source_set *set, const char *root)
{
    return open_folder(set, root, NULL);
}

// ---- a command line

static int open_standard_input(struct source_set *set)
{
    spg_fd fd;
    int result = spg_fd_adopt(STDIN_FILENO, &fd);
    if (result < 0) {
        return result;
    }
    struct source_file file = {
        .fd = fd, .is_stream = true, .is_borrowed = true};
    result = add_file(set, file, bytes_of("-"));
    if (result < 0) {
        (void)!spg_fd_release(fd);
    }
    return result;
}

static int open_path(struct source_set *set, const char *path)
{
    struct statx about;
    if (strcmp(path, "-") == 0) {
        return open_standard_input(set);
    }
    int result = spg_statx_path(path, 0, STATX_TYPE, &about, SPG_NEVER);
    if (result == 0 && S_ISDIR(about.stx_mode)) {
        // What is wrong with a folder is a fault already.
        result = open_folder(set, path, path);
        return is_stop(result) ? result : 0;
    }
    spg_fd fd;
    result = result == 0 ? spg_open(path, O_RDONLY | O_NOCTTY, 0, &fd, SPG_NEVER) : result;
    if (result == 0) {
        result = take_file(set, fd, bytes_of(path), true);
        if (result != 1) {
            (void)spg_close(fd);
        }
    }
    return result < 0 ? result : 0;
}

int source_open_paths(struct source_set *set, char *const *paths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int result = open_path(set, paths[i]);
        if (is_stop(result)) {
            return result;
        }
        if (result < 0) {
            fault_of(set, paths[i], result);
        }
    }
    return 0;
}
