// SPDX-License-Identifier: MIT
// folder.h: a folder of its own for each test of files, removed when the test has passed.
#ifndef SPARGIO_TESTS_FOLDER_H
#define SPARGIO_TESTS_FOLDER_H

#include "support.h"

#include <ftw.h>
#include <sys/stat.h>

// Paths given out live as long as the folder; there are only so many.
#define FOLDER_PATHS 16

typedef struct folder {
    char *path;
    char *paths[FOLDER_PATHS];
    int used;
} folder;

static inline char *joined_path(const char *one, const char *other)
{
    char *path = NULL;
    REQUIRE(asprintf(&path, "%s/%s", one, other) > 0);
    return path;
}

static inline const char *folder_path(folder *home, const char *name)
{
    REQUIRE(home->used < FOLDER_PATHS);
    char *path = joined_path(home->path, name);
    home->paths[home->used++] = path;
    return path;
}

static inline folder *make_folder(void)
{
    folder *home = calloc(1, sizeof *home);
    REQUIRE(home != NULL);
    const char *base = getenv("TMPDIR");
    home->path = joined_path(base != NULL ? base : "/tmp", "spargio-test-XXXXXX");
    if (mkdtemp(home->path) == NULL) {
        ck_abort_msg("no folder %s: %s", home->path, strerror(errno));
    }
    return home;
}

static inline int remove_entry(const char *path, const struct stat *attributes CK_ATTRIBUTE_UNUSED,
                               int kind CK_ATTRIBUTE_UNUSED, struct FTW *at CK_ATTRIBUTE_UNUSED)
{
    return remove(path);
}

static inline void remove_folder(folder *home)
{
    nftw(home->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    while (home->used > 0) {
        free(home->paths[--home->used]);
    }
    free(home->path);
    free(home);
}

// A test whose body is the root task, with a folder called home. The body returns 0.
#define FOLDER_TEST(name, shard_count)                                                             \
    static int name##_in(folder *home);                                                            \
    static int name##_root(void *arg)                                                              \
    {                                                                                              \
        return name##_in(arg);                                                                     \
    }                                                                                              \
    START_TEST(name)                                                                               \
    {                                                                                              \
        spg_options options = test_options(shard_count);                                           \
        folder *home = make_folder();                                                              \
        run_root(&options, name##_root, home);                                                     \
        remove_folder(home);                                                                       \
    }                                                                                              \
    END_TEST                                                                                       \
    static int name##_in(folder *home)

#endif
