// SPDX-License-Identifier: MIT
// model_stealq.c: the queue of ready tasks: nothing is lost, nothing taken twice, nothing out of
// reach.
#include "base/stealq.h"
#include "explorer.h"

enum { ITEMS = 7 };

struct item {
    struct spgi_link link;
    int payload; // written before the push, and by whoever has taken it
};

static struct spgi_stealq queue;
static spgi_aptr slots[4];
static struct item items[ITEMS];
static unsigned pushed;
static unsigned taken[ITEMS];
static spgi_a32 flag;
static bool seen_flag, seen_item;

static void begin(uint64_t entries)
{
    spgi_stealq_init(&queue, slots, entries, true);
    for (unsigned i = 0; i < ITEMS; i++) {
        items[i] = (struct item){.payload = 0};
        taken[i] = 0;
    }
    for (unsigned i = 0; i < 4; i++) {
        atomic_init(&slots[i], NULL);
    }
    pushed = 0;
    atomic_init(&flag, 0);
    seen_flag = seen_item = false;
    explore_label(&queue, sizeof queue, "queue");
    explore_label(slots, sizeof slots, "slots");
}

static void two_entries(void)
{
    begin(2);
}

static void four_entries(void)
{
    begin(4);
}

// ---- Owner and thieves -----------------------------------------------------------------------

static struct spgi_link *make(unsigned i)
{
    explore_data_write(&items[i].payload);
    items[i].payload = (int)i + 1;
    return &items[i].link;
}

static void push(unsigned i)
{
    pushed++;
    spgi_stealq_push(&queue, make(i), false);
}

static void push_chain(unsigned first, unsigned n)
{
    for (unsigned i = first; i < first + n; i++) {
        make(i)->next = i + 1 < first + n ? &items[i + 1].link : NULL;
    }
    pushed += n;
    spgi_stealq_push_chain(&queue, &items[first].link, &items[first + n - 1].link, n);
}

// An item that has been taken is its taker's alone, link included.
static void use(struct spgi_link *link)
{
    struct item *item = SPGI_CONTAINER(link, struct item, link);
    explore_assert(item >= items && item < items + ITEMS, "something that was never pushed");
    explore_data_read(&item->payload);
    explore_assert(item->payload == (int)(item - items) + 1, "an item before its payload");
    explore_data_write(&item->payload);
    explore_assert(++taken[item - items] == 1, "an item taken twice");
    item->link.next = &item->link; // whoever still follows it runs in circles
}

static bool pop(void)
{
    struct spgi_link *link = spgi_stealq_pop(&queue);
    if (link) {
        use(link);
    }
    return link != NULL;
}

// Returns whether there may be more.
static bool steal(unsigned max)
{
    struct spgi_link *out[4];
    bool lost;
    unsigned n = spgi_stealq_steal(&queue, out, max, &lost);
    explore_assert(n <= max, "more taken than asked for");
    for (unsigned i = 0; i < n; i++) {
        use(out[i]);
    }
    return n > 0 || lost;
}

static void steal_once(void)
{
    steal(1);
}

static void steal_twice(void)
{
    steal(1);
    steal(1);
}

static void steal_batch(void)
{
    steal(4);
}

// What is left comes out in the order in which it went in; then nothing is missing.
static void all_taken(void)
{
    struct spgi_link *link;
    struct spgi_link *last = NULL;
    while ((link = spgi_stealq_pop(&queue)) != NULL) {
        explore_assert(link > last, "what is left is out of order");
        last = link;
        use(link);
    }
    explore_assert(spgi_stealq_size(&queue) == 0, "an empty queue has a size");
    for (unsigned i = 0; i < pushed; i++) {
        explore_assert(taken[i] == 1, "an item is lost");
    }
}

// ---- Scenarios -------------------------------------------------------------------------------

static void last_item_owner(void)
{
    push(0);
    pop();
}

static const struct explore_model last_item = {
    .name = "stealq: the last item",
    .setup = two_entries,
    .threads = {last_item_owner, steal_once, steal_once},
    .check = all_taken,
    .full = {6, 1},
};

// The ring goes round twice while a thief holds an old head.
static void wrap_owner(void)
{
    push(0);
    push(1);
    pop();
    push(2);
    pop();
    push(3);
    pop();
    push(4);
}

static const struct explore_model wrap = {
    .name = "stealq: wrap-around",
    .setup = two_entries,
    .threads = {wrap_owner, steal_twice},
    .check = all_taken,
    .full = {4, 2},
};

static const struct explore_model wrap_two_thieves = {
    .name = "stealq: wrap, 2 thieves",
    .setup = two_entries,
    .threads = {wrap_owner, steal_batch, steal_once},
    .check = all_taken,
};

// Items into two slots: the rest overflows, and is moved back, in two turns, as the ring empties.
static void overflow_owner(void)
{
    for (unsigned i = 0; i < 6; i++) {
        push(i);
    }
    pop();
    pop();
    pop();
    push(6);
    pop();
}

static void overflow_owner_short(void)
{
    for (unsigned i = 0; i < 4; i++) {
        push(i);
    }
    pop();
    pop();
    pop();
}

static const struct explore_model overflow = {
    .name = "stealq: overflow",
    .setup = two_entries,
    .threads = {overflow_owner, steal_batch},
    .check = all_taken,
};

static const struct explore_model overflow_two_thieves = {
    .name = "stealq: overflow, 2 thieves",
    .setup = two_entries,
    .threads = {overflow_owner_short, steal_twice, steal_once},
    .check = all_taken,
    .full = {2, 1},
};

static void chain_owner(void)
{
    push_chain(0, 4);
    pop();
    push_chain(4, 2);
    pop();
}

static const struct explore_model chain = {
    .name = "stealq: chains",
    .setup = four_entries,
    .threads = {chain_owner, steal_batch, steal_once},
    .check = all_taken,
};

// The owner is busy for good: thieves must get at everything, the overflow list included.
static void busy_owner(void)
{
    for (unsigned i = 0; i < 4; i++) {
        push(i);
    }
    store_release(&flag, 1u);
}

static void steal_all(void)
{
    while (!load_acquire(&flag)) {
        cpu_relax();
    }
    while (steal(2)) {
    }
}

static void nothing_left(void)
{
    for (unsigned i = 0; i < pushed; i++) {
        explore_assert(taken[i] == 1, "an item out of the thieves' reach");
    }
}

static const struct explore_model reach = {
    .name = "stealq: busy owner",
    .setup = two_entries,
    .threads = {busy_owner, steal_all, steal_all},
    .check = nothing_left,
};

// The handshake with searchers: an announced push, then a look; against a mark, then a look.
static void announcer(void)
{
    spgi_stealq_push(&queue, make(0), true);
    seen_flag = load_seqcst(&flag) != 0;
}

static void chain_announcer(void)
{
    push_chain(0, 1);
    seen_flag = load_seqcst(&flag) != 0;
}

// The ring is full: the push that is announced goes to the overflow list.
static void overflow_announcer(void)
{
    push(0);
    push(1);
    pushed++;
    spgi_stealq_push(&queue, make(2), true);
    seen_flag = load_seqcst(&flag) != 0;
}

static void looker(void)
{
    store_seqcst(&flag, 1u);
    seen_item = spgi_stealq_size(&queue) > 0;
}

// While a thief empties the ring, only the list tells the searcher.
static void looker_with_thief(void)
{
    steal(1);
    steal(1);
    looker();
}

static void one_has_seen(void)
{
    explore_assert(seen_flag || seen_item, "producer and searcher have missed each other");
}

static const struct explore_model announce = {
    .name = "stealq: announcement",
    .setup = two_entries,
    .threads = {announcer, looker},
    .check = one_has_seen,
    .full = {6, 2},
};

static const struct explore_model announce_chain = {
    .name = "stealq: announced chain",
    .setup = two_entries,
    .threads = {chain_announcer, looker},
    .check = one_has_seen,
    .full = {6, 2},
};

static const struct explore_model announce_overflow = {
    .name = "stealq: announced overflow",
    .setup = two_entries,
    .threads = {overflow_announcer, looker_with_thief},
    .check = one_has_seen,
    .full = {4, 1},
};

int main(int argc, char **argv)
{
    static const struct explore_model *const models[] = {
        &last_item, &wrap,  &wrap_two_thieves, &overflow,       &overflow_two_thieves,
        &chain,     &reach, &announce,         &announce_chain, &announce_overflow,
        NULL,
    };
    return explore_main(argc, argv, models);
}
