// SPDX-License-Identifier: MIT
// test_fs.c: reading, writing and attributes of files. Names are in test_path.c.
#include "streams.h"
#include "folder.h"

#include <limits.h>
#include <signal.h>

enum { PAGE = 4096 };

// Byte number i of a pattern without short periods.
static char pattern(uint64_t i)
{
    return (char)((i * 2654435761u) >> 13);
}

static void fill_pattern(char *buffer, size_t bytes, uint64_t offset)
{
    for (size_t i = 0; i < bytes; i++) {
        buffer[i] = pattern(offset + i);
    }
}

static void require_pattern(const char *buffer, size_t bytes, uint64_t offset)
{
    for (size_t i = 0; i < bytes; i++) {
        REQUIRE_EQ(buffer[i], pattern(offset + i));
    }
}

static spg_fd new_file(folder *home, const char *name)
{
    spg_fd fd;
    const char *path = folder_path(home, name);
    REQUIRE_OK(spg_open(path, O_RDWR | O_CREAT | O_TRUNC, 0600, &fd, patience()));
    return fd;
}

FOLDER_TEST(open_makes_and_finds_files, 2)
{
    spg_fd fd = {7};
    const char *path = folder_path(home, "file");
    REQUIRE_CODE(spg_open(path, O_RDONLY, 0, &fd, patience()), -ENOENT);
    REQUIRE_CODE(spg_open(NULL, O_RDONLY, 0, &fd, patience()), -EINVAL);
    REQUIRE_CODE(spg_open(path, O_RDONLY, 0, NULL, patience()), -EINVAL);
    REQUIRE_EQ(fd.v, 7);
    umask(022);
    REQUIRE_OK(spg_open(path, O_WRONLY | O_CREAT | O_EXCL, 0666, &fd, patience()));
    struct stat attributes;
    REQUIRE_EQ(fstat(spg_fd_number(fd), &attributes), 0);
    REQUIRE_EQ(attributes.st_mode & 0777, 0644);
    REQUIRE_EQ(fcntl(spg_fd_number(fd), F_GETFD), FD_CLOEXEC);
    char byte;
    REQUIRE_CODE(spg_read_at(fd, &byte, 1, 0, patience()), -EBADF); // it is open for writing
    REQUIRE_OK(spg_close(fd));
    REQUIRE_CODE(spg_open(path, O_WRONLY | O_CREAT | O_EXCL, 0666, &fd, patience()), -EEXIST);
    REQUIRE_CODE(spg_open(path, O_RDONLY | O_DIRECTORY, 0, &fd, patience()), -ENOTDIR);
    REQUIRE_OK(spg_open(home->path, O_RDONLY | O_DIRECTORY, 0, &fd, patience()));
    REQUIRE_CODE(spg_read_at(fd, &byte, 1, 0, patience()), -EISDIR);
    REQUIRE_OK(spg_close(fd));
    // Relative to the working directory.
    REQUIRE_EQ(chdir(home->path), 0);
    REQUIRE_OK(spg_open("file", O_RDONLY, 0, &fd, patience()));
    REQUIRE_OK(spg_close(fd));
    REQUIRE_EQ(chdir("/"), 0);
    return 0;
}

FOLDER_TEST(reads_are_short_at_the_end_and_then_nothing, 2)
{
    char buffer[256];
    spg_fd fd = new_file(home, "file");
    REQUIRE_CODE(spg_read_at(fd, buffer, sizeof buffer, 0, patience()), 0);
    fill_pattern(buffer, 100, 0);
    REQUIRE_CODE(spg_write_at(fd, buffer, 100, 0, patience()), 100);
    memset(buffer, '#', sizeof buffer);
    REQUIRE_CODE(spg_read_at(fd, buffer, sizeof buffer, 0, patience()), 100);
    require_pattern(buffer, 100, 0);
    REQUIRE(buffer[100] == '#');
    REQUIRE_CODE(spg_read_at(fd, buffer, sizeof buffer, 60, patience()), 40);
    require_pattern(buffer, 40, 60);
    REQUIRE_CODE(spg_read_at(fd, buffer, 7, 60, patience()), 7);
    REQUIRE_CODE(spg_read_at(fd, buffer, sizeof buffer, 100, patience()), 0);
    REQUIRE_CODE(spg_read_at(fd, buffer, sizeof buffer, 1 << 30, patience()), 0);
    REQUIRE_CODE(spg_read_at(fd, buffer, 0, 0, patience()), 0);
    REQUIRE_CODE(spg_write_at(fd, buffer, 0, 0, patience()), 0);
    // A hole reads as zeros.
    REQUIRE_CODE(spg_write_at(fd, "z", 1, 200, patience()), 1);
    REQUIRE_CODE(spg_read_at(fd, buffer, sizeof buffer, 99, patience()), 102);
    REQUIRE(buffer[0] == pattern(99) && buffer[1] == 0 && buffer[100] == 0 && buffer[101] == 'z');
    REQUIRE_OK(spg_close(fd));
    return 0;
}

FOLDER_TEST(what_is_cached_is_there_at_once_or_not_yet, 2)
{
    char buffer[64];
    spg_fd fd = new_file(home, "file");
    fill_pattern(buffer, sizeof buffer, 0);
    REQUIRE_CODE(spg_write_at(fd, buffer, sizeof buffer, 0, patience()), sizeof buffer);
    for (int i = 0; i < 100; i++) {
        memset(buffer, 0, sizeof buffer);
        ssize_t n = spg_read_at(fd, buffer, sizeof buffer, 0, SPG_NOW);
        if (n != -ETIME) {
            REQUIRE_CODE(n, sizeof buffer);
            require_pattern(buffer, sizeof buffer, 0);
        }
    }
    REQUIRE_OK(spg_close(fd));
    return 0;
}

FOLDER_TEST(large_files_come_back_whole, 3)
{
    size_t bytes = scaled(16u << 20, 1u << 20) + 12345; // no multiple of a page
    char *buffer = malloc(bytes);
    REQUIRE(buffer != NULL);
    fill_pattern(buffer, bytes, 0);
    spg_fd fd = new_file(home, "large");
    for (size_t done = 0; done < bytes;) {
        ssize_t n = spg_write_at(fd, buffer + done, bytes - done, done, patience());
        REQUIRE(n > 0);
        done += (size_t)n;
    }
    memset(buffer, 0, bytes);
    for (size_t done = 0; done < bytes;) {
        ssize_t n = spg_read_at(fd, buffer + done, bytes - done, done, patience());
        REQUIRE(n > 0);
        done += (size_t)n;
    }
    require_pattern(buffer, bytes, 0);
    free(buffer);
    REQUIRE_OK(spg_close(fd));
    return 0;
}

FOLDER_TEST(vectors_are_used_in_order, 2)
{
    char parts[3][40];
    for (int i = 0; i < 3; i++) {
        fill_pattern(parts[i], sizeof parts[i], (uint64_t)i * sizeof parts[i]);
    }
    struct iovec vectors[4] = {{parts[0], 40}, {NULL, 0}, {parts[1], 40}, {parts[2], 40}};
    spg_fd fd = new_file(home, "file");
    REQUIRE_CODE(spg_writev_at(fd, vectors, 4, 10, patience()), 120);
    memset(parts, 0, sizeof parts);
    REQUIRE_CODE(spg_readv_at(fd, vectors, 4, 10, patience()), 120);
    require_pattern(parts[0], sizeof parts, 0);
    memset(parts, '#', sizeof parts);
    REQUIRE_CODE(spg_readv_at(fd, vectors, 4, 80, patience()), 50); // short: the end
    require_pattern(parts[0], 40, 70);
    require_pattern(parts[1], 10, 110);
    REQUIRE(parts[1][10] == '#');
    REQUIRE_CODE(spg_readv_at(fd, vectors, -1, 0, patience()), -EINVAL);
    REQUIRE_CODE(spg_writev_at(fd, vectors, -1, 0, patience()), -EINVAL);
    struct iovec *many = calloc(IOV_MAX + 1, sizeof *many);
    REQUIRE(many != NULL);
    for (int i = 0; i <= IOV_MAX; i++) {
        many[i] = (struct iovec){parts[0], 1};
    }
    REQUIRE_CODE(spg_readv_at(fd, many, IOV_MAX + 1, 0, patience()), -EINVAL);
    REQUIRE_CODE(spg_writev_at(fd, many, IOV_MAX + 1, 0, patience()), -EINVAL);
    REQUIRE_CODE(spg_writev_at(fd, many, IOV_MAX, 0, patience()), IOV_MAX);
    free(many);
    REQUIRE_OK(spg_close(fd));
    return 0;
}

FOLDER_TEST(the_own_position_moves_on, 2)
{
    char buffer[16];
    spg_fd fd = new_file(home, "file");
    for (int i = 0; i < 10; i++) {
        fill_pattern(buffer, 10, (uint64_t)i * 10);
        REQUIRE_CODE(spg_write_at(fd, buffer, 10, SPG_CURRENT, patience()), 10);
    }
    REQUIRE_CODE(spg_read_at(fd, buffer, 10, SPG_CURRENT, patience()), 0);
    REQUIRE_EQ(lseek(spg_fd_number(fd), 0, SEEK_SET), 0);
    for (int i = 0; i < 10; i++) {
        // Reads at an offset leave the position alone.
        REQUIRE_CODE(spg_read_at(fd, buffer, 10, 50, patience()), 10);
        require_pattern(buffer, 10, 50);
        struct iovec halves[2] = {{buffer, 5}, {buffer + 5, 5}};
        REQUIRE_CODE(spg_readv_at(fd, halves, 2, SPG_CURRENT, patience()), 10);
        require_pattern(buffer, 10, (uint64_t)i * 10);
    }
    REQUIRE_CODE(spg_read_at(fd, buffer, 10, SPG_CURRENT, patience()), 0);
    REQUIRE_OK(spg_close(fd));
    return 0;
}

FOLDER_TEST(files_are_synced_cut_and_extended, 2)
{
    struct stat attributes;
    spg_fd fd = new_file(home, "file");
    REQUIRE_CODE(spg_write_at(fd, "0123456789", 10, 0, patience()), 10);
    REQUIRE_OK(spg_fsync(fd, patience()));
    REQUIRE_OK(spg_fdatasync(fd, patience()));
    REQUIRE_OK(spg_ftruncate(fd, 4, patience()));
    REQUIRE_EQ(fstat(spg_fd_number(fd), &attributes), 0);
    REQUIRE_EQ(attributes.st_size, 4);
    REQUIRE_OK(spg_ftruncate(fd, 100000, patience()));
    REQUIRE_EQ(fstat(spg_fd_number(fd), &attributes), 0);
    REQUIRE_EQ(attributes.st_size, 100000);
    char buffer[8] = "";
    REQUIRE_CODE(spg_read_at(fd, buffer, 8, 0, patience()), 8);
    REQUIRE(memcmp(buffer, "0123\0\0\0\0", 8) == 0);
    REQUIRE(spg_ftruncate(fd, UINT64_MAX, patience()) < 0);
    REQUIRE_OK(spg_close(fd));
    REQUIRE_OK(spg_open(folder_path(home, "file"), O_RDONLY, 0, &fd, patience()));
    REQUIRE_CODE(spg_ftruncate(fd, 0, patience()), -EINVAL);
    REQUIRE_OK(spg_close(fd));
    spg_fd ends[2];
    open_pipe(ends);
    REQUIRE_CODE(spg_fsync(ends[1], patience()), -EINVAL);
    REQUIRE_CODE(spg_fdatasync(ends[1], patience()), -EINVAL);
    close_pair(ends);
    return 0;
}

// ---- Pipes ----

static int reads_byte(void *arg)
{
    char byte = 0;
    ssize_t n = spg_read_at(*(spg_fd *)arg, &byte, 1, SPG_CURRENT, patience());
    return n == 1 ? byte : (int)n;
}

TASK_TEST(a_read_from_a_pipe_waits_for_data, 2)
{
    spg_fd ends[2];
    char byte;
    open_pipe(ends);
    REQUIRE_CODE(spg_read_at(ends[0], &byte, 1, SPG_CURRENT, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_read_at(ends[0], &byte, 1, SPG_CURRENT, soon()), -ETIME);
    spg_task task = spawned(&(spg_attr){0}, reads_byte, &ends[0]);
    REQUIRE_OK(spg_sleep(spg_after(SPG_MS)));
    REQUIRE_CODE(spg_write_at(ends[1], "p", 1, SPG_CURRENT, patience()), 1);
    REQUIRE_EQ(joined(task), 'p');
    task = spawned(&(spg_attr){0}, reads_byte, &ends[0]);
    REQUIRE_OK(spg_cancel(task));
    REQUIRE_CODE(joined(task), -ECANCELED);
    REQUIRE_CODE(spg_write_at(ends[1], "q", 1, SPG_CURRENT, patience()), 1);
    REQUIRE_CODE(spg_read_at(ends[0], &byte, 1, SPG_CURRENT, SPG_NEVER), 1);
    REQUIRE_EQ(byte, 'q');
    REQUIRE_OK(spg_close(ends[1]));
    REQUIRE_CODE(spg_read_at(ends[0], &byte, 1, SPG_CURRENT, SPG_NEVER), 0);
    REQUIRE_OK(spg_close(ends[0]));
    return 0;
}

static int writes_byte(void *arg)
{
    return (int)spg_write_at(*(spg_fd *)arg, "w", 1, SPG_CURRENT, patience());
}

TASK_TEST(a_write_to_a_full_pipe_waits_for_room, 2)
{
    spg_fd ends[2];
    open_pipe(ends);
    size_t inside = fill_pipe(ends[1]);
    struct iovec vector = {(void *)(uintptr_t)"v", 1};
    REQUIRE_CODE(spg_write_at(ends[1], "n", 1, SPG_CURRENT, SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_write_at(ends[1], "n", 1, SPG_CURRENT, soon()), -ETIME);
    REQUIRE_CODE(spg_writev_at(ends[1], &vector, 1, SPG_CURRENT, soon()), -ETIME);
    spg_task task = spawned(&(spg_attr){0}, writes_byte, &ends[1]);
    REQUIRE_OK(spg_sleep(spg_after(SPG_MS)));
    char *buffer = malloc(inside + 1);
    REQUIRE(buffer != NULL);
    // What was refused is not in the pipe: zeros, and then the byte of the task.
    for (size_t done = 0; done < inside + 1;) {
        ssize_t n = spg_read_at(ends[0], buffer + done, inside + 1 - done, SPG_CURRENT, patience());
        REQUIRE(n > 0);
        done += (size_t)n;
    }
    REQUIRE_CODE(joined(task), 1);
    for (size_t i = 0; i < inside; i++) {
        REQUIRE_EQ(buffer[i], 0);
    }
    REQUIRE_EQ(buffer[inside], 'w');
    free(buffer);
    close_pair(ends);
    return 0;
}

TASK_TEST(writes_that_cannot_work_say_why, 2)
{
    spg_fd ends[2];
    signal(SIGPIPE, SIG_IGN);
    open_pipe(ends);
    REQUIRE_OK(spg_close(ends[0]));
    REQUIRE_CODE(spg_write_at(ends[1], "x", 1, SPG_CURRENT, patience()), -EPIPE);
    REQUIRE_OK(spg_close(ends[1]));
    open_pipe(ends);
    REQUIRE_CODE(spg_write_at(ends[0], "x", 1, SPG_CURRENT, patience()), -EBADF);
    char byte;
    REQUIRE_CODE(spg_read_at(ends[1], &byte, 1, SPG_CURRENT, patience()), -EBADF);
    close_pair(ends);
    int number = open("/dev/full", O_WRONLY | O_CLOEXEC);
    if (number >= 0) {
        spg_fd full = adopted(number);
        REQUIRE_CODE(spg_write_at(full, "x", 1, SPG_CURRENT, patience()), -ENOSPC);
        REQUIRE_OK(spg_close(full));
    }
    return 0;
}

FOLDER_TEST(a_file_cannot_outgrow_its_limit, 2)
{
    struct rlimit limit;
    signal(SIGXFSZ, SIG_IGN);
    spg_fd fd = new_file(home, "file");
    REQUIRE_EQ(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = 100;
    REQUIRE_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    REQUIRE_CODE(spg_write_at(fd, "0123456789", 10, 95, patience()), 5);
    REQUIRE_CODE(spg_write_at(fd, "0123456789", 10, 100, patience()), -EFBIG);
    limit.rlim_cur = limit.rlim_max;
    REQUIRE_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
    REQUIRE_OK(spg_close(fd));
    return 0;
}

FOLDER_TEST(attributes_are_those_of_the_file, 2)
{
    struct statx attributes;
    spg_fd fd = new_file(home, "file");
    REQUIRE_CODE(spg_write_at(fd, "0123456789", 10, 4000, patience()), 10);
    REQUIRE_OK(spg_statx(fd, STATX_BASIC_STATS, &attributes, patience()));
    REQUIRE((attributes.stx_mask & STATX_SIZE) != 0);
    REQUIRE_EQ(attributes.stx_size, 4010);
    REQUIRE_EQ(attributes.stx_mode, S_IFREG | 0600);
    REQUIRE_CODE(spg_statx(fd, STATX_BASIC_STATS, NULL, patience()), -EINVAL);
    REQUIRE_OK(spg_close(fd));
    REQUIRE_CODE(spg_statx(fd, STATX_BASIC_STATS, &attributes, patience()), -EBADF);
    const char *link = folder_path(home, "link");
    REQUIRE_EQ(symlink("file", link), 0);
    REQUIRE_OK(spg_statx_path(link, 0, STATX_BASIC_STATS, &attributes, patience()));
    REQUIRE_EQ(attributes.stx_size, 4010);
    REQUIRE_OK(spg_statx_path(link, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, &attributes,
                              patience()));
    REQUIRE_EQ(attributes.stx_mode & S_IFMT, S_IFLNK);
    REQUIRE_CODE(spg_statx_path(folder_path(home, "none"), 0, STATX_BASIC_STATS, &attributes,
                                patience()),
                 -ENOENT);
    REQUIRE_CODE(spg_statx_path(NULL, 0, STATX_SIZE, &attributes, patience()), -EINVAL);
    REQUIRE_CODE(spg_statx_path(link, 0, STATX_SIZE, NULL, patience()), -EINVAL);
    return 0;
}

typedef struct stripe {
    spg_fd fd;
    uint64_t number;
} stripe;

static int writes_and_reads_stripe(void *arg)
{
    stripe *own = arg;
    char *buffer = malloc(PAGE);
    REQUIRE(buffer != NULL);
    fill_pattern(buffer, PAGE, own->number * PAGE);
    REQUIRE_CODE(spg_write_at(own->fd, buffer, PAGE, own->number * PAGE, patience()), PAGE);
    memset(buffer, 0, PAGE);
    REQUIRE_CODE(spg_read_at(own->fd, buffer, PAGE, own->number * PAGE, patience()), PAGE);
    require_pattern(buffer, PAGE, own->number * PAGE);
    free(buffer);
    return 0;
}

FOLDER_TEST(many_tasks_use_one_file, 3)
{
    size_t count = scaled_tasks(1000, 50);
    stripe *stripes = calloc(count, sizeof *stripes);
    REQUIRE(stripes != NULL);
    spg_fd fd = new_file(home, "file");
    for (size_t i = 0; i < count; i++) {
        stripes[i] = (stripe){.fd = fd, .number = i};
    }
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    REQUIRE_OK(spg_spawn_n(&scope, NULL, writes_and_reads_stripe, stripes, sizeof *stripes, count));
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_OK(spg_close(fd));
    free(stripes);
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("fs");
    TCase *tests = add_tests(suite, "fs", 30);
    tcase_add_test(tests, open_makes_and_finds_files);
    tcase_add_test(tests, reads_are_short_at_the_end_and_then_nothing);
    tcase_add_test(tests, what_is_cached_is_there_at_once_or_not_yet);
    tcase_add_test(tests, large_files_come_back_whole);
    tcase_add_test(tests, vectors_are_used_in_order);
    tcase_add_test(tests, the_own_position_moves_on);
    tcase_add_test(tests, files_are_synced_cut_and_extended);
    tcase_add_test(tests, a_read_from_a_pipe_waits_for_data);
    tcase_add_test(tests, a_write_to_a_full_pipe_waits_for_room);
    tcase_add_test(tests, writes_that_cannot_work_say_why);
    tcase_add_test(tests, a_file_cannot_outgrow_its_limit);
    tcase_add_test(tests, attributes_are_those_of_the_file);
    tcase_add_test(tests, many_tasks_use_one_file);
    return run_suite("test_fs", suite);
}
