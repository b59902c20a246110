// SPDX-License-Identifier: MIT
// test_path.c: renaming and removing names of files.
#include "folder.h"

#include <fcntl.h>

static void write_file(const char *path, const char *text)
{
    int number = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    REQUIRE(number >= 0);
    REQUIRE_EQ(write(number, text, strlen(text)), strlen(text));
    close(number);
}

static void require_file(const char *path, const char *text)
{
    char read_back[32] = "";
    int number = open(path, O_RDONLY | O_CLOEXEC);
    if (number < 0) {
        ck_abort_msg("%s is gone: %s", path, strerror(errno));
    }
    REQUIRE_EQ(read(number, read_back, sizeof read_back - 1), strlen(text));
    REQUIRE_EQ(strcmp(read_back, text), 0);
    close(number);
}

static bool exists(const char *path)
{
    struct stat attributes;
    return lstat(path, &attributes) == 0;
}

FOLDER_TEST(rename_replaces_unless_told_otherwise, 2)
{
    const char *one = folder_path(home, "one");
    const char *two = folder_path(home, "two");
    const char *none = folder_path(home, "none");
    write_file(one, "1");
    write_file(two, "22");
    REQUIRE_CODE(spg_rename(one, two, RENAME_NOREPLACE, patience()), -EEXIST);
    require_file(one, "1");
    require_file(two, "22");
    REQUIRE_OK(spg_rename(one, two, RENAME_EXCHANGE, patience()));
    require_file(one, "22");
    require_file(two, "1");
    REQUIRE_OK(spg_rename(one, two, 0, patience()));
    require_file(two, "22");
    REQUIRE(!exists(one));
    REQUIRE_OK(spg_rename(two, one, RENAME_NOREPLACE, patience()));
    require_file(one, "22");
    REQUIRE_CODE(spg_rename(none, two, 0, patience()), -ENOENT);
    REQUIRE_CODE(spg_rename(one, none, RENAME_EXCHANGE, patience()), -ENOENT);
    REQUIRE_CODE(spg_rename(one, two, RENAME_EXCHANGE | RENAME_NOREPLACE, patience()), -EINVAL);
    REQUIRE_CODE(spg_rename(NULL, two, 0, patience()), -EINVAL);
    REQUIRE_CODE(spg_rename(one, NULL, 0, patience()), -EINVAL);
    require_file(one, "22");
    return 0;
}

FOLDER_TEST(unlink_removes_files_and_empty_folders, 2)
{
    const char *file = folder_path(home, "file");
    const char *inner = folder_path(home, "inner");
    const char *deep = folder_path(home, "inner/deep");
    write_file(file, "f");
    REQUIRE_EQ(mkdir(inner, 0700), 0);
    write_file(deep, "d");
    REQUIRE_CODE(spg_unlink(NULL, 0, patience()), -EINVAL);
    REQUIRE_CODE(spg_unlink(inner, 0, patience()), -EISDIR);
    REQUIRE_CODE(spg_unlink(inner, AT_REMOVEDIR, patience()), -ENOTEMPTY);
    REQUIRE_CODE(spg_unlink(file, AT_REMOVEDIR, patience()), -ENOTDIR);
    REQUIRE_OK(spg_unlink(deep, 0, patience()));
    REQUIRE_OK(spg_unlink(inner, AT_REMOVEDIR, patience()));
    REQUIRE_OK(spg_unlink(file, 0, patience()));
    REQUIRE_CODE(spg_unlink(file, 0, patience()), -ENOENT);
    REQUIRE(!exists(file) && !exists(inner));
    return 0;
}

FOLDER_TEST(a_link_is_renamed_and_removed_itself, 2)
{
    const char *file = folder_path(home, "file");
    const char *link = folder_path(home, "link");
    const char *moved = folder_path(home, "moved");
    write_file(file, "f");
    REQUIRE_EQ(symlink("file", link), 0);
    REQUIRE_OK(spg_rename(link, moved, 0, patience()));
    REQUIRE(!exists(link));
    require_file(moved, "f");
    REQUIRE_OK(spg_unlink(moved, 0, patience()));
    require_file(file, "f");
    return 0;
}

// Paths are the caller's: they may be on the stack of a task that moves.
FOLDER_TEST(long_paths_and_names_report_the_kernels_errors, 2)
{
    static char path[PATH_MAX + 10];
    memset(path, 'a', sizeof path - 1);
    spg_fd fd;
    REQUIRE_CODE(spg_open(path, O_RDONLY, 0, &fd, patience()), -ENAMETOOLONG);
    REQUIRE_CODE(spg_unlink(path, 0, patience()), -ENAMETOOLONG);
    REQUIRE_CODE(spg_rename(path, home->path, 0, patience()), -ENAMETOOLONG);
    struct statx attributes;
    REQUIRE_CODE(spg_statx_path(path, 0, STATX_SIZE, &attributes, patience()), -ENAMETOOLONG);
    REQUIRE_CODE(spg_open("", O_RDONLY, 0, &fd, patience()), -ENOENT);
    REQUIRE_CODE(spg_unlink("", 0, patience()), -ENOENT);
    return 0;
}

static int cannot_start(void *arg)
{
    const char *file = arg;
    REQUIRE_OK(spg_cancel(spg_self()));
    REQUIRE_CODE(spg_unlink(file, 0, patience()), -ECANCELED);
    REQUIRE_CODE(spg_rename(file, "/elsewhere", 0, patience()), -ECANCELED);
    spg_fd fd;
    REQUIRE_CODE(spg_open(file, O_RDONLY | O_TRUNC, 0, &fd, patience()), -ECANCELED);
    struct statx attributes;
    REQUIRE_CODE(spg_statx_path(file, 0, STATX_SIZE, &attributes, patience()), -ECANCELED);
    return 0;
}

FOLDER_TEST(a_cancelled_task_changes_nothing, 2)
{
    const char *file = folder_path(home, "file");
    write_file(file, "f");
    spg_task task = spawned(&(spg_attr){0}, cannot_start, (void *)(uintptr_t)file);
    REQUIRE_OK(joined(task));
    require_file(file, "f");
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("path");
    TCase *tests = add_tests(suite, "path", 30);
    tcase_add_test(tests, rename_replaces_unless_told_otherwise);
    tcase_add_test(tests, unlink_removes_files_and_empty_folders);
    tcase_add_test(tests, a_link_is_renamed_and_removed_itself);
    tcase_add_test(tests, long_paths_and_names_report_the_kernels_errors);
    tcase_add_test(tests, a_cancelled_task_changes_nothing);
    return run_suite("test_path", suite);
}
