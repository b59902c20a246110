# SPDX-License-Identifier: MIT
# causes.py: why a row trails, as far as it has been measured, printed beside it when it does; and
# why there are rows that only peers run.
from .variants import PER_CPU, stem

# Row, without the suffixes of its variants -> what a profile or a count says.
CAUSES = {
    "cold_start":
        "about half is spg_create, which returns when every shard's thread and ring are "
        "there (a ring takes 20 us, the two threads 15), a sixth the task with a wake in each "
        "direction, a third the end of threads and rings (closing a ring takes 7 us). tokio has "
        "one epoll set in place of rings.",
    "cold_start_ping_pong":
        "as cold_start: the 64 rounds themselves are ahead.",
    "task_memory":
        "a task has a stack of its own, of which it touches one page: 4,096 bytes, and 450 beside; "
        "a future has what it keeps across its awaits. The price of plain calls in tasks.",
    "spawn_join":
        "a task can be joined and cancelled by any thread: three locked instructions, a third of "
        "its 50 ns. Tasks of glommio and monoio never leave their thread.",
    "timer_churn":
        "11 to 14 ns to set and unset a timer, two locked instructions among them, since any shard "
        "may unset it; libuv's heap belongs to one thread.",
    "timer_churn_fire":
        "a sleeper has a slot and a stack, where a future is one small block: 20,000 to 40,000 of "
        "them are out of reach of caches and TLB; in the first iteration their pages are faulted "
        "in.",
    "steady_one_way_send_drain":
        "Go hands over 32 slices; a batch here is copied in and out, 8 bytes an item.",
    "boundary_rtt":
        "parked, a call is a wake of a shard and one of a thread; who wakes whom on which CPU "
        "decides (two modes, see Threats).",
    "chan_4x4":
        "on one shard it leads; when stealing has taken ends apart, they take the lock's cache "
        "line from each other for every item. Batches (chan_4x4_batched) do not.",
    "chan_1x1_mailbox":
        "a mailbox's ends are pinned to two shards: when its lane of 64 is full, or empty, one "
        "waits for the other CPU.",
    "chan_1x1":
        "a mailbox's ends are pinned to two shards: when its lane of 64 is full, or empty, one "
        "waits for the other CPU.",
    "chan_16x16":
        "first come, first served: 32 ends take a turn each for 96 items, 35 ns a wait and its "
        "wake; on two shards they take the lock's cache line from each other beside.",
    "spawn_join_foreign":
        "each spawn from outside is an errand of its own to a shard; who wakes whom on which CPU "
        "decides.",
    "logq_query_literal":
        "ripgrep maps the file, logq reads it: of 0.11 s of CPU per GiB 0.06 are in the kernel, "
        "of ripgrep's 0.06 0.02 (with --no-mmap it takes 0.08).",
    "logq_query_literal_many":
        "as logq_query_literal; and 0.04 s per GiB more than ripgrep for an eighth of the lines, "
        "which match and are taken as records.",
}


def cause(row):
    name = stem(row).removesuffix(PER_CPU)
    name = name.removesuffix("_cold")
    if name.startswith("task_memory"):
        name = "task_memory"
    name = name.removesuffix("_one")
    return CAUSES.get(name, "not yet profiled.")


# The beginning of a row's name -> why spargio has no such row.
ABSENT = {
    "boundary_rtt_api": "the crate spargio's own boundary, whose server polls; ours is what "
                        "boundary_rtt calls.",
}


def why_not_ours(row):
    return next((why for name, why in ABSENT.items() if row.startswith(name)),
                "spargio has not run it.")
