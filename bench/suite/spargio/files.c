// SPDX-License-Identifier: MIT
// files.c: reads of 4 KiB blocks from a file in the page cache, one by one and 32 at a time.
#include "suite/spargio/rows.h"

#include "suite/blocks.h"
#include "suite/spargio/driver.h"

#include <fcntl.h>
#include <errno.h>
#include <stdlib.h>

struct reader {
    struct driver driver;
    spg_fd file;
};

struct block {
    spg_fd file;
    uint32_t number;
    uint64_t result;
};

static uint64_t read_block(spg_fd file, uint32_t number, unsigned char *buffer)
{
    ssize_t n = spg_read_at(file, buffer, BLOCK, (uint64_t)number * BLOCK, SPG_NEVER);
    row_must(n == BLOCK ? 0 : n < 0 ? (int)n : -EIO, "spg_read_at");
    return block_result(number, buffer[0]);
}

static int read_with_fresh_buffer(void *arg)
{
    struct block *block = arg;
    unsigned char *buffer = malloc(BLOCK);
    row_must(buffer ? 0 : -ENOMEM, "malloc");
    block->result = read_block(block->file, block->number, buffer);
    free(buffer);
    return 0;
}

static uint64_t read_one_by_one(struct driver *driver, bool warm_up)
{
    const struct reader *reader = (const struct reader *)driver;
    unsigned char buffer[BLOCK];
    uint64_t checksum = 0;
    for (uint32_t i = 0; i < (warm_up ? READS_WARM_UP : READS); i++) {
        checksum += read_block(reader->file, i % BLOCKS, buffer);
    }
    return checksum;
}

static uint64_t read_in_batches(struct driver *driver, bool warm_up)
{
    const struct reader *reader = (const struct reader *)driver;
    uint64_t checksum = 0;
    for (uint32_t first = 0; first < (warm_up ? DEEP_READS_WARM_UP : DEEP_READS); first += DEPTH) {
        struct block blocks[DEPTH];
        spg_scope scope;
        for (uint32_t i = 0; i < DEPTH; i++) {
            blocks[i] = (struct block){reader->file, (first + i) % BLOCKS, 0};
        }
        row_must(spg_scope_open(&scope, SPG_NEVER), "spg_scope_open");
        row_must(spg_spawn_n(NULL, NULL, read_with_fresh_buffer, blocks, sizeof blocks[0], DEPTH),
                 "spg_spawn_n");
        row_must(spg_scope_close(&scope), "spg_scope_close");
        for (uint32_t i = 0; i < DEPTH; i++) {
            checksum += blocks[i].result;
        }
    }
    return checksum;
}

static void open_file(struct driver *driver)
{
    struct reader *reader = (struct reader *)driver;
    row_must(spg_open(driver->settings->file, O_RDONLY, 0, &reader->file, SPG_NEVER),
             driver->settings->file);
}

static void close_file(struct driver *driver)
{
    row_must(spg_close(((struct reader *)driver)->file), "spg_close");
}

static void *begin(const struct row_settings *settings, uint32_t workers,
                   uint64_t (*work)(struct driver *, bool))
{
    struct reader *reader = calloc(1, sizeof *reader);
    row_must(reader ? 0 : -ENOMEM, "calloc");
    row_must(settings->file ? 0 : -EINVAL, "--file");
    reader->driver.first = open_file;
    reader->driver.work = work;
    reader->driver.last = close_file;
    driver_start(&reader->driver, settings, workers, false);
    return reader;
}

static void *begin_one_by_one(const struct row_settings *settings, uint32_t workers)
{
    return begin(settings, workers, read_one_by_one);
}

static void *begin_in_batches(const struct row_settings *settings, uint32_t workers)
{
    return begin(settings, workers, read_in_batches);
}

static void end(void *state)
{
    struct reader *reader = state;
    driver_stop(&reader->driver);
    free(reader);
}

const struct row file_rows[FILE_ROWS] = {
    {"fs_read_rtt_4k", 2, begin_one_by_one, driver_iterate, end, false},
    {"fs_read_throughput_4k_qd32", 2, begin_in_batches, driver_iterate, end, false},
};
