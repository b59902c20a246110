// SPDX-License-Identifier: MIT
// test_slot.c: slots of mailboxes that are used again, with what was left in them.
#include "mailboxes.h"

// ---- Destroyed by those who come next --------------------------------------------------------

enum { OWNED = 2 };

typedef struct owned {
    spg_mailbox old;
    spg_mailbox again; // in the same slot
    void (*first)(struct owned *self);
    int destroyed;
} owned;

static owned now;

// The first one does something that looks at the slot again.
static void destroys(void *pointer)
{
    free(pointer);
    if (++now.destroyed == 1) {
        now.first(&now);
    }
}

static void send_owned(spg_mailbox to)
{
    void *pointer = malloc(8);
    REQUIRE(pointer != NULL);
    REQUIRE_OK(spg_send_owned(to, 0, pointer, destroys, SPG_NOW));
}

static void closes_again(owned *self)
{
    REQUIRE_OK(spg_mailbox_close(self->again));
}

static void publishes(owned *self)
{
    (void)self;
    spg_flush_ticket unused;
    REQUIRE_OK(spg_flush_begin(&unused));
}

// What is staged when a mailbox is closed is found by the next one in its slot.
static void leave_some_behind(void (*first)(owned *self))
{
    now = (owned){.old = opened(0, 8), .first = first};
    for (int i = 0; i < OWNED; i++) {
        send_owned(now.old);
    }
    REQUIRE_OK(spg_mailbox_close(now.old));
    REQUIRE_EQ(now.destroyed, 0);
    now.again = opened(0, 8);
}

TASK_TEST(a_mailbox_may_be_closed_by_what_it_destroys, 1)
{
    spg_msg message;
    leave_some_behind(closes_again);
    REQUIRE_CODE(spg_receive(now.again, &message, 1, SPG_NOW), -ESRCH);
    REQUIRE_EQ(now.destroyed, OWNED);
    return 0;
}

TASK_TEST(what_is_destroyed_may_publish, 1)
{
    uint64_t sum;
    now = (owned){.old = opened(0, 8), .first = publishes};
    REQUIRE_OK(spg_tally_open(now.old, 0, 1));
    send_owned(now.old);
    REQUIRE_CODE(spg_tally_take(now.old, 0, &sum, soon()), -ETIME); // leaves the alarm armed
    send_owned(now.old);                                             // staged
    REQUIRE_OK(spg_mailbox_close(now.old));
    REQUIRE_EQ(now.destroyed, OWNED);
    return 0;
}

int main(void)
{
    Suite *suite = suite_create("slot");
    TCase *tests = add_tests(suite, "slot", 60);
    tcase_add_test(tests, a_mailbox_may_be_closed_by_what_it_destroys);
    tcase_add_test(tests, what_is_destroyed_may_publish);
    return run_suite("test_slot", suite);
}
