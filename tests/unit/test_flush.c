// SPDX-License-Identifier: MIT
// test_flush.c: waiting until what was sent is received.
#include "mailboxes.h"

#include <spargio/uring.h>

typedef struct slow_reader {
    spg_mailbox box;
    _Atomic bool go;
} slow_reader;

static int reads_when_told(void *arg)
{
    slow_reader *self = arg;
    AWAIT(atomic_load(&self->go));
    REQUIRE_EQ(received(self->box).value, 1);
    return 0;
}

TASK_TEST(a_flush_waits_until_all_is_received, SHARDS)
{
    spg_pin();
    uint32_t other = 1 - (uint32_t)spg_shard();
    slow_reader reader = {.box = opened(other, 0)};
    spg_attr there = pinned_to(other);
    spg_task reading = spawned(&there, reads_when_told, &reader);
    REQUIRE_OK(spg_flush(SPG_NOW)); // nothing was sent
    REQUIRE_OK(spg_send(reader.box, 0, 1, SPG_NOW));
    spg_flush_ticket ticket;
    REQUIRE_OK(spg_flush_begin(&ticket));
    REQUIRE_OK(spg_send(reader.box, 0, 2, SPG_NOW)); // after the ticket: not waited for
    REQUIRE_CODE(spg_flush(SPG_NOW), -ETIME);
    REQUIRE_CODE(spg_flush_wait(ticket, soon()), -ETIME);
    atomic_store(&reader.go, true);
    REQUIRE_OK(spg_flush_wait(ticket, patience()));
    REQUIRE_OK(joined(reading));
    REQUIRE_CODE(spg_flush(SPG_NOW), -ETIME);
    close_at(reader.box, other);
    REQUIRE_OK(spg_flush(patience())); // what was destroyed counts, too
    ticket.shard = other;
    REQUIRE_CODE(spg_flush_wait(ticket, SPG_NOW), -EXDEV);
    ticket.shard = SHARDS;
    REQUIRE_CODE(spg_flush_wait(ticket, SPG_NOW), -EINVAL);
    REQUIRE_CODE(spg_flush_begin(NULL), -EINVAL);
    spg_unpin();
    return 0;
}

// Messages that are on their way through the kernel, or have arrived, and were not received.
TASK_TEST(a_flush_waits_for_the_kernel_lane, SHARDS)
{
    spg_pin();
    uint32_t other = 1 - (uint32_t)spg_shard();
    slow_reader reader = {.box = opened(other, 0)};
    spg_attr there = pinned_to(other);
    spg_task reading = spawned(&there, reads_when_told, &reader);
    REQUIRE_OK(spg_uring_send(reader.box, 0, 1, patience()));
    REQUIRE_CODE(spg_flush(SPG_NOW), -ETIME);
    spg_flush_ticket ticket;
    REQUIRE_OK(spg_flush_begin(&ticket));
    REQUIRE_OK(spg_uring_send(reader.box, 0, 2, patience())); // after the ticket
    REQUIRE_CODE(spg_flush_wait(ticket, soon()), -ETIME);
    atomic_store(&reader.go, true);
    REQUIRE_OK(spg_flush_wait(ticket, patience()));
    REQUIRE_OK(joined(reading));
    REQUIRE_CODE(spg_flush(SPG_NOW), -ETIME);
    close_at(reader.box, other);
    REQUIRE_OK(spg_flush(patience()));
    spg_unpin();
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("flush");
    TCase *tests = add_tests(suite, "flush", 60);
    tcase_add_test(tests, a_flush_waits_until_all_is_received);
    tcase_add_test(tests, a_flush_waits_for_the_kernel_lane);
    return run_suite("test_flush", suite);
}
