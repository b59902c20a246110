// SPDX-License-Identifier: MIT
// 04_word_count.c: counts the words of a file, a task per chunk: 04_word_count FILE
#define _GNU_SOURCE 1 // struct statx
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <spargio.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define CHUNK_BYTES 65536u

struct chunk {
    spg_fd fd;
    uint64_t offset;
    uint64_t words;
};

// Counts the words that begin in the chunk; the byte before it tells whether one begins at its
// start. The buffer is on the heap, because a task's stack is small.
static int count_chunk(void *arg)
{
    struct chunk *chunk = arg;
    unsigned char *buffer = malloc(1 + CHUNK_BYTES);
    if (!buffer) {
        return -ENOMEM;
    }
    buffer[0] = ' ';
    size_t have = chunk->offset == 0; // the file's first chunk has no byte before it
    uint64_t start = chunk->offset - 1;
    ssize_t n = 1;
    while (n > 0 && have < 1 + CHUNK_BYTES) { // a read may be short
        n = spg_read_at(chunk->fd, buffer + have, 1 + CHUNK_BYTES - have, start + have, SPG_NEVER);
        have += n > 0 ? (size_t)n : 0;
    }
    for (size_t i = 1; i < have; i++) {
        chunk->words += isspace(buffer[i - 1]) && !isspace(buffer[i]);
    }
    free(buffer);
    return n < 0 ? (int)n : 0;
}

static int count_all(spg_fd fd, uint64_t bytes, uint64_t *words)
{
    size_t count = (size_t)((bytes + CHUNK_BYTES - 1) / CHUNK_BYTES);
    struct chunk *chunks = calloc(count + 1, sizeof *chunks);
    if (!chunks) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        chunks[i] = (struct chunk){.fd = fd, .offset = i * CHUNK_BYTES};
    }
    spg_scope scope;
    int error = spg_scope_open(&scope, spg_after(60 * SPG_S));
    if (!error) {
        error = spg_spawn_n(&scope, NULL, count_chunk, chunks, sizeof *chunks, count);
        int failed = spg_scope_close(&scope);
        error = error ? error : failed;
    }
    for (size_t i = 0; i < count; i++) {
        *words += chunks[i].words;
    }
    free(chunks);
    return error;
}

static int root(void *path)
{
    spg_fd fd;
    struct statx about;
    uint64_t words = 0;
    int error = spg_open(path, O_RDONLY, 0, &fd, SPG_NEVER);
    if (error) {
        return error;
    }
    error = spg_statx(fd, STATX_SIZE, &about, SPG_NEVER);
    error = error ? error : count_all(fd, about.stx_size, &words);
    (void)spg_close(fd);
    if (!error) {
        printf("%llu words\n", (unsigned long long)words);
    }
    return error;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: 04_word_count FILE\n");
        return 2;
    }
    char why[256] = "";
    spg_options options = {.error_text = why, .error_bytes = sizeof why};
    int result = 0, error = spg_run(&options, root, argv[1], &result);
    if (error || result) {
        const char *text = spg_strerror(error ? error : result);
        fprintf(stderr, "04_word_count: %s: %s %s\n", argv[1], text, why);
    }
    return error || result;
}
