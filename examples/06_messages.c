// SPDX-License-Identifier: MIT
// 06_messages.c: a counting service on each shard; words go to the shard that counts them.
//
// No lock is needed: a shard's counts belong to the one task that reads the shard's mailbox.
#include <spargio.h>
#include <stdio.h>
#include <string.h>

enum { COUNT = 1, REPORT = 2, LETTERS = 26 };

static const char *const text[] = {"the",  "quick", "brown", "fox", "jumps",
                                   "over", "the",   "lazy",  "dog"};

// Pinned: a mailbox is read on its own shard only.
static int count_words(void *arg)
{
    (void)arg;
    unsigned counts[LETTERS] = {0};
    spg_mailbox in = spg_shard_mailbox(spg_runtime(), (unsigned)spg_shard());
    for (;;) {
        spg_msg messages[16];
        ssize_t n = spg_receive(in, messages, 16, SPG_NEVER);
        for (ssize_t i = 0; i < n; i++) {
            if (messages[i].tag == COUNT) {
                counts[messages[i].value]++;
                continue;
            }
            for (int letter = 0; letter < LETTERS; letter++) {
                if (counts[letter] > 0) {
                    printf("%c: %u\n", 'a' + letter, counts[letter]);
                }
            }
            return 0;
        }
        if (n < 0) {
            return (int)n;
        }
    }
}

static int send_words(void *arg)
{
    (void)arg;
    spg_rt *rt = spg_runtime();
    uint32_t shards = spg_shards(rt);
    spg_scope scope;
    int error = spg_scope_open(&scope, spg_after(10 * SPG_S));
    for (uint32_t i = 0; i < shards && !error; i++) {
        spg_attr there = {.place = SPG_PINNED, .shard = i};
        error = spg_spawn(&there, count_words, NULL, NULL);
    }
    for (size_t i = 0; i < sizeof text / sizeof text[0] && !error; i++) {
        uint64_t letter = (uint64_t)(text[i][0] - 'a');
        spg_mailbox to = spg_shard_mailbox(rt, spg_sticky_shard(letter, shards));
        error = spg_send(to, COUNT, letter, SPG_NEVER);
    }
    error = error ? error : spg_flush(SPG_NEVER); // from here on, all words are counted
    for (uint32_t i = 0; i < shards && !error; i++) {
        error = spg_send(spg_shard_mailbox(rt, i), REPORT, 0, SPG_NEVER);
    }
    int failed = spg_scope_close(&scope);
    return error ? error : failed;
}

int main(void)
{
    char why[256] = "";
    spg_options options = {.shards = 2, .error_text = why, .error_bytes = sizeof why};
    int result = 0;
    int error = spg_run(&options, send_words, NULL, &result);
    if (error || result) {
        fprintf(stderr, "06_messages: %s %s\n", spg_strerror(error ? error : result), why);
    }
    return error || result;
}
