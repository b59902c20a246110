// SPDX-License-Identifier: MIT
// test_hung.c: contract C9: a read that the kernel does not give back is reported by name; nothing
// that it may still write to is freed; once it has ended, the runtime ends as any other.
#include "hung_file.h"

typedef struct reader {
    hung_file file;
    char *buffer;
    ssize_t result;
    atomic_bool ended;
} reader;

// Frees its buffer as soon as its read returns, as a task with a buffer on its stack would.
static int reads(void *arg)
{
    reader *self = arg;
    spg_fd fd;
    self->result = spg_open(self->file.path, O_RDONLY, 0, &fd, patience());
    if (self->result == 0) {
        self->buffer = calloc(1, HUNG_BYTES);
        self->result = spg_read_at(fd, self->buffer, HUNG_BYTES, 0, SPG_NEVER);
        REQUIRE(self->result != HUNG_BYTES || self->buffer[HUNG_BYTES - 1] == HUNG_FILL);
        free(self->buffer);
        (void)spg_close(fd);
    }
    atomic_store(&self->ended, true);
    return 0;
}

static void require_named(const spg_report *report)
{
    REQUIRE_EQ(report->tasks, 1);
    REQUIRE_EQ(report->ops, 1);
    REQUIRE_EQ(report->entries, 1);
    REQUIRE_EQ(strcmp(report->left[0].task, "reader"), 0);
    REQUIRE_EQ(strcmp(report->left[0].wait, "read"), 0);
    REQUIRE(report->left[0].fd >= 0);
    REQUIRE_EQ(report->left[0].shard, 1);
    REQUIRE(report->left[0].age_ns > 0);
}

START_TEST(a_hung_read_keeps_the_runtime)
{
    reader self = {0};
    const char *missing = hung_file_make(&self.file);
    if (missing) {
        SKIP("%s", missing);
    }
    size_t fds = count_fds();
    size_t threads = count_threads();
    spg_options options = test_options(2);
    options.reap_ns = 50 * SPG_MS;
    spg_rt *rt = start_runtime(&options);
    spg_attr attr = {.name = "reader", .place = SPG_PINNED, .shard = 1};
    REQUIRE_OK(spg_spawn_in(rt, &attr, reads, &self, NULL));
    hung_file_await_read(&self.file);
    for (int i = 0; i < 2; i++) {
        spg_report report;
        REQUIRE_CODE(spg_shutdown(rt, &report, SPG_NOW), -EBUSY);
        require_named(&report);
        REQUIRE_CODE(spg_destroy(rt), -EBUSY);
    }
    REQUIRE(!atomic_load(&self.ended));
    hung_file_answer(&self.file);
    AWAIT_OUTSIDE(atomic_load(&self.ended));
    // The kernel had its reasons: the answer, or the cancel that had waited for it.
    REQUIRE(self.result == HUNG_BYTES || self.result == -ECANCELED);
    int code;
    AWAIT_OUTSIDE((code = spg_destroy(rt)) != -EBUSY);
    REQUIRE_CODE(code, 0);
    REQUIRE_THREADS(threads);
    REQUIRE_EQ(count_fds(), fds);
    hung_file_end(&self.file);
}
END_TEST

static int leaves_a_reader(void *arg)
{
    reader *self = arg;
    spg_pin(); // blocks its thread, which must not be the reader's
    spg_attr attr = {.name = "reader", .place = SPG_PINNED, .shard = spg_shard() == 0};
    REQUIRE_OK(spg_spawn(&attr, reads, self, NULL));
    hung_file_await_read(&self->file);
    spg_unpin();
    return 7;
}

START_TEST(a_run_leaves_the_runtime_alive)
{
    reader self = {0};
    const char *missing = hung_file_make(&self.file);
    if (missing) {
        SKIP("%s", missing);
    }
    char text[512] = "";
    spg_options options = test_options(2);
    options.reap_ns = 50 * SPG_MS;
    options.drain_ns = -1;
    options.error_text = text;
    options.error_bytes = sizeof text;
    int result = 0;
    REQUIRE_CODE(spg_run(&options, leaves_a_reader, &self, &result), -EBUSY);
    REQUIRE_EQ(result, 7);
    REQUIRE(strstr(text, "left alive") != NULL);
    REQUIRE(strstr(text, "\"reader\"") != NULL);
    REQUIRE(strstr(text, "read") != NULL);
    REQUIRE(!atomic_load(&self.ended));
    // Alive: its shard still runs the task to its end.
    hung_file_answer(&self.file);
    AWAIT_OUTSIDE(atomic_load(&self.ended));
    hung_file_end(&self.file);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("hung");
    TCase *tests = add_tests(suite, "hung", 60);
    tcase_add_test(tests, a_hung_read_keeps_the_runtime);
    tcase_add_test(tests, a_run_leaves_the_runtime_alive);
    return run_suite("test_hung", suite);
}
