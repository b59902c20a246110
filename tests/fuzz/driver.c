// SPDX-License-Identifier: MIT
// driver.c: feeds a fuzzed program inputs that are drawn from a seed, without libFuzzer.
//
// usage: PROGRAM [--count N] [--seed N] [--only N] [FILE...]
//
//   --count N  inputs (default 100000 times SPARGIO_TEST_SCALE)
//   --seed N   of all of them (default SPARGIO_TEST_SEED, else a new one; it is printed)
//   --only N   that input alone, written to standard error as well
//   FILE       inputs from files in place of drawn ones

#include "fuzz.h"

#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define INPUT_LIMIT 4096
#define COUNT_DEFAULT 100000
#define CHANGES_MOST 12

struct random {
    uint64_t state;
};

static uint64_t draw(struct random *random)
{
    uint64_t x = random->state += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static size_t draw_below(struct random *random, size_t below)
{
    return (size_t)(draw(random) % below);
}

struct input {
    uint8_t bytes[INPUT_LIMIT];
    size_t length;
};

// Puts bytes in at a place; what does not fit is left out.
static void insert(struct input *input, size_t at, const void *bytes, size_t length)
{
    length = length > INPUT_LIMIT - input->length ? INPUT_LIMIT - input->length : length;
    memmove(input->bytes + at + length, input->bytes + at, input->length - at);
    memcpy(input->bytes + at, bytes, length);
    input->length += length;
}

static void take_out(struct input *input, size_t at, size_t length)
{
    input->length -= length;
    memmove(input->bytes + at, input->bytes + at + length, input->length - at);
}

static const char *draw_text(struct random *random, const char *const *texts)
{
    size_t count = 0;
    while (texts[count] != NULL) {
        count++;
    }
    return texts[draw_below(random, count)];
}

static void change(struct input *input, struct random *random)
{
    size_t at = draw_below(random, input->length + 1);
    size_t left = input->length - at;
    uint8_t byte = (uint8_t)draw(random);
    uint8_t piece[64];
    const char *text;
    switch (draw_below(random, 8)) {
    case 0: // another byte
        if (left > 0) {
            input->bytes[at] = byte;
        }
        break;
    case 1: // another bit
        if (left > 0) {
            input->bytes[at] ^= (uint8_t)(1u << byte % 8);
        }
        break;
    case 2: // a byte more
        insert(input, at, &byte, 1);
        break;
    case 3: // a piece less
        take_out(input, at, left == 0 ? 0 : 1 + draw_below(random, left > 20 ? 20 : left));
        break;
    case 4: // a piece twice
        left = left > sizeof piece ? sizeof piece : left;
        memcpy(piece, input->bytes + at, left);
        insert(input, draw_below(random, input->length + 1), piece, left);
        break;
    case 5: // the end of another seed in place of its own
        text = draw_text(random, fuzz_seeds);
        input->length = at;
        text += draw_below(random, strlen(text) + 1);
        insert(input, at, text, strlen(text));
        break;
    default: // a word more
        text = draw_text(random, fuzz_words);
        insert(input, at, text, strlen(text));
        break;
    }
}

// The input of a number is the same for the same seed, whatever came before it.
static void make_input(struct input *input, uint64_t seed, uint64_t number)
{
    struct random random = {seed + number * UINT64_C(0xD1B54A32D192ED03)};
    const char *text = draw_text(&random, fuzz_seeds);
    input->length = 0;
    insert(input, 0, text, strlen(text));
    for (size_t changes = draw_below(&random, CHANGES_MOST); changes > 0; changes--) {
        change(input, &random);
    }
}

// A copy of exactly this length, so that reading behind it is noticed.
static void try_bytes(const uint8_t *bytes, size_t length)
{
    uint8_t *copy = malloc(length == 0 ? 1 : length);
    FUZZ_REQUIRE(copy != NULL);
    memcpy(copy, bytes, length);
    (void)LLVMFuzzerTestOneInput(copy, length);
    free(copy);
}

static volatile sig_atomic_t is_running;
static char last_words[128];

static void say_where(int number)
{
    if (is_running) {
        ssize_t written = write(STDERR_FILENO, last_words, strlen(last_words));
        (void)written;
    }
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

static void try_number(uint64_t seed, uint64_t number, bool shows)
{
    static struct input input;
    make_input(&input, seed, number);
    (void)snprintf(last_words, sizeof last_words, "with --seed %llu --only %llu\n",
                   (unsigned long long)seed, (unsigned long long)number);
    is_running = 1;
    if (shows) {
        (void)fwrite(input.bytes, 1, input.length, stderr);
        fprintf(stderr, "\n");
    }
    try_bytes(input.bytes, input.length);
    is_running = 0;
}

static int try_file(const char *path)
{
    static uint8_t bytes[1 << 20];
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        fprintf(stderr, "%s: cannot be opened\n", path);
        return 2;
    }
    size_t length = fread(bytes, 1, sizeof bytes, file);
    (void)fclose(file);
    try_bytes(bytes, length);
    return 0;
}

static uint64_t number_from(const char *text, uint64_t otherwise)
{
    return text == NULL ? otherwise : strtoull(text, NULL, 0);
}

int main(int argc, char **argv)
{
    const char *scale = getenv("SPARGIO_TEST_SCALE");
    uint64_t count = (uint64_t)(COUNT_DEFAULT * (scale == NULL ? 1 : strtod(scale, NULL)));
    uint64_t seed = number_from(getenv("SPARGIO_TEST_SEED"), (uint64_t)time(NULL));
    bool has_only = false;
    uint64_t only = 0;
    int at = 1;
    for (; at + 1 < argc && strncmp(argv[at], "--", 2) == 0; at += 2) {
        if (strcmp(argv[at], "--count") == 0) {
            count = number_from(argv[at + 1], 0);
        } else if (strcmp(argv[at], "--seed") == 0) {
            seed = number_from(argv[at + 1], 0);
        } else if (strcmp(argv[at], "--only") == 0) {
            only = number_from(argv[at + 1], 0);
            has_only = true;
        } else {
            fprintf(stderr, "%s: there is no such flag\n", argv[at]);
            return 2;
        }
    }
    for (; at < argc; at++) {
        int result = try_file(argv[at]);
        if (result != 0 || at + 1 == argc) {
            return result;
        }
    }
    (void)signal(SIGABRT, say_where);
    (void)signal(SIGSEGV, say_where);
    if (has_only) {
        try_number(seed, only, true);
        return 0;
    }
    count = count < 1000 ? 1000 : count;
    printf("seed %llu, %llu inputs\n", (unsigned long long)seed, (unsigned long long)count);
    (void)fflush(stdout);
    for (uint64_t number = 0; number < count; number++) {
        try_number(seed, number, false);
    }
    return 0;
}
