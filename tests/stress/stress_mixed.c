// SPDX-License-Identifier: MIT
// stress_mixed.c: sockets, files, timers, threads and computing in one runtime, by tasks that move.
// All that was written is read again, everywhere.
#include "folder.h"
#include "streams.h"

enum { SHARDS = 3, BLOCK = 1024 };

typedef struct work {
    folder *home;
    uint64_t seed;
    size_t rounds;
    spg_fd file;
    uint64_t number;
} work;

static void fill(char *block, uint64_t seed)
{
    for (size_t i = 0; i < BLOCK; i += sizeof seed) {
        uint64_t value = random_next(&seed);
        memcpy(block + i, &value, sizeof value);
    }
}

static void require_filled(const char *block, uint64_t seed)
{
    for (size_t i = 0; i < BLOCK; i += sizeof seed) {
        uint64_t value = random_next(&seed);
        REQUIRE(memcmp(block + i, &value, sizeof value) == 0);
    }
}

static int echoes(void *arg)
{
    spg_fd fd = *(spg_fd *)arg;
    char block[BLOCK];
    for (;;) {
        ssize_t n = spg_recv(fd, block, sizeof block, 0, patience());
        REQUIRE(n >= 0);
        if (n == 0) {
            return spg_close(fd);
        }
        REQUIRE_CODE(spg_send_all(fd, block, (size_t)n, 0, patience()), n);
    }
}

static int talks_to_an_echo(void *arg)
{
    work *own = arg;
    spg_fd ends[2];
    spg_task other;
    char block[BLOCK];
    open_socket_pair(ends, SOCK_STREAM);
    REQUIRE_OK(spg_spawn(NULL, echoes, &ends[1], &other));
    for (size_t i = 0; i < own->rounds; i++) {
        fill(block, own->seed + i);
        REQUIRE_CODE(spg_send_all(ends[0], block, BLOCK, 0, patience()), BLOCK);
        memset(block, 0, sizeof block);
        REQUIRE_CODE(spg_recv(ends[0], block, BLOCK, MSG_WAITALL, patience()), BLOCK);
        require_filled(block, own->seed + i);
    }
    REQUIRE_OK(spg_close(ends[0]));
    return joined(other);
}

// Blocks of one file, each task its own.
static int keeps_blocks(void *arg)
{
    work *own = arg;
    char block[BLOCK];
    for (size_t i = 0; i < own->rounds; i++) {
        uint64_t at = (own->number * own->rounds + i) * BLOCK;
        fill(block, own->seed + i);
        struct iovec halves[2] = {{block, 100}, {block + 100, BLOCK - 100}};
        REQUIRE_CODE(i % 2 == 0 ? spg_write_at(own->file, block, BLOCK, at, patience())
                                : spg_writev_at(own->file, halves, 2, at, patience()),
                     BLOCK);
        if (i % 16 == 0) {
            REQUIRE_OK(spg_fdatasync(own->file, patience()));
        }
    }
    for (size_t i = 0; i < own->rounds; i++) {
        uint64_t at = (own->number * own->rounds + i) * BLOCK;
        struct iovec halves[2] = {{block, 700}, {block + 700, BLOCK - 700}};
        memset(block, 0, sizeof block);
        REQUIRE_CODE(i % 2 == 0 ? spg_readv_at(own->file, halves, 2, at, patience())
                                : spg_read_at(own->file, block, BLOCK, at, patience()),
                     BLOCK);
        require_filled(block, own->seed + i);
    }
    return 0;
}

static int makes_and_removes_files(void *arg)
{
    work *own = arg;
    char path[PATH_MAX / 4];
    char other[PATH_MAX / 4 + 8];
    REQUIRE((size_t)snprintf(path, sizeof path, "%.900s/n%llu", own->home->path,
                             (unsigned long long)own->number) < sizeof path);
    snprintf(other, sizeof other, "%s-moved", path);
    for (size_t i = 0; i < own->rounds / 4 + 1; i++) {
        spg_fd fd;
        struct statx attributes;
        REQUIRE_OK(spg_open(path, O_RDWR | O_CREAT | O_EXCL, 0600, &fd, patience()));
        REQUIRE_CODE(spg_write_at(fd, "content", 7, 0, patience()), 7);
        REQUIRE_OK(spg_ftruncate(fd, 3 + i, patience()));
        REQUIRE_OK(spg_close(fd));
        REQUIRE_OK(spg_rename(path, other, RENAME_NOREPLACE, patience()));
        REQUIRE_OK(spg_statx_path(other, 0, STATX_SIZE, &attributes, patience()));
        REQUIRE_EQ(attributes.stx_size, 3 + i);
        REQUIRE_OK(spg_unlink(other, 0, patience()));
    }
    return 0;
}

static int squares(void *arg)
{
    uint64_t *value = arg;
    *value *= *value;
    return 1;
}

static int uses_threads(void *arg)
{
    work *own = arg;
    for (size_t i = 0; i < own->rounds / 4 + 1; i++) {
        uint64_t value = i;
        int result = 0;
        int code = spg_blocking(squares, &value, &result, patience());
        REQUIRE_OK(code);
        REQUIRE_EQ(result, 1);
        REQUIRE_EQ(value, i * i);
    }
    return 0;
}

static int computes(void *arg)
{
    work *own = arg;
    uint64_t sum = 0;
    uint64_t state = own->seed;
    for (size_t i = 0; i < own->rounds * 1000; i++) {
        sum ^= random_next(&state);
        if (i % 256 == 0 && spg_should_yield()) {
            REQUIRE_OK(spg_yield());
        }
    }
    state = own->seed;
    for (size_t i = 0; i < own->rounds * 1000; i++) {
        sum ^= random_next(&state);
    }
    REQUIRE_EQ(sum, 0);
    return 0;
}

static int keeps_time(void *arg)
{
    work *own = arg;
    uint64_t state = own->seed;
    for (size_t i = 0; i < own->rounds / 4 + 1; i++) {
        spg_time until = spg_after(random_below(&state, 500) * SPG_US);
        REQUIRE_OK(spg_sleep(until));
        REQUIRE(spg_now() >= until);
    }
    return 0;
}

static spg_fn *const kinds[] = {talks_to_an_echo, keeps_blocks, makes_and_removes_files,
                                uses_threads,     computes,     keeps_time};

enum { KINDS = 6, COPIES = 8 };

static int does_everything(void *arg)
{
    folder *home = arg;
    static work all[KINDS * COPIES];
    spg_fd file;
    REQUIRE_OK(spg_open(folder_path(home, "blocks"), O_RDWR | O_CREAT, 0600, &file, patience()));
    spg_scope scope;
    REQUIRE_OK(spg_scope_open(&scope, SPG_NEVER));
    for (uint64_t i = 0; i < KINDS * COPIES; i++) {
        all[i] = (work){.home = home,
                        .seed = random_stream(700 + i),
                        .rounds = scaled(1000, 10),
                        .file = file,
                        .number = i};
        spg_attr attr = {.place = i % 12 < 6 ? SPG_STEALABLE : SPG_ROUND_ROBIN};
        REQUIRE_OK(spg_spawn(&attr, kinds[i % KINDS], &all[i], NULL));
    }
    REQUIRE_OK(spg_scope_close(&scope));
    REQUIRE_OK(spg_close(file));
    return 0;
}

static void run_mixed(const spg_options *options)
{
    folder *home = make_folder();
    run_root(options, does_everything, home);
    remove_folder(home);
}

START_TEST(all_kinds_of_work_together)
{
    spg_options options = test_options(SHARDS);
    run_mixed(&options);
}
END_TEST

START_TEST(all_kinds_of_work_together_while_tasks_move)
{
    spg_options options = test_options(SHARDS);
    options.shuffle_seed = random_stream(701) | 1;
    run_mixed(&options);
}
END_TEST

START_TEST(all_kinds_of_work_together_with_small_rings)
{
    spg_options options = test_options(SHARDS);
    options.sq_entries = 8;
    options.cq_entries = 16;
    options.queue_entries = 8;
    run_mixed(&options);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("stress: mixed");
    TCase *tests = add_tests(suite, "mixed", 60);
    tcase_add_test(tests, all_kinds_of_work_together);
    tcase_add_test(tests, all_kinds_of_work_together_while_tasks_move);
    tcase_add_test(tests, all_kinds_of_work_together_with_small_rings);
    return run_suite("stress_mixed", suite);
}
