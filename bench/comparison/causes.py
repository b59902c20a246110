# SPDX-License-Identifier: MIT
# causes.py: why a row trails, as far as it has been measured, printed beside it when it does; and
# why there are rows that only peers run.
from .variants import PER_CPU, stem

# Row, without the suffixes of its variants -> what a profile or a count says.
CAUSES = {
    "cold_start":
        "spg_create returns when every shard's thread and ring are there, and spg_destroy when "
        "they are gone: about 60 system calls a shard and five wakes of a sleeping CPU, 26 to 50 "
        "us each; two bare threads with a ring each (the floor) are half of it. tokio has one "
        "epoll set in place of rings, and does not wait for its threads.",
    "cold_start_ping_pong":
        "as cold_start: the 64 rounds themselves are ahead.",
    "task_memory":
        "a task has a stack of its own, of which it touches one page: 4,096 bytes, and 450 beside; "
        "a future has what it keeps across its awaits. The price of plain calls in tasks.",
    "timer_churn_fire":
        "100,000 tasks at once touch 100,000 stacks: page faults are two thirds of the CPU time.",
    "steady_one_way_send_drain":
        "Go hands over 32 slices; a batch here is copied in and out, 8 bytes an item.",
    "boundary_rtt":
        "parked, a call is a wake of a shard and one of a thread; who wakes whom on which CPU "
        "decides (two modes, see Threats).",
    "chan_1x1":
        "a mailbox's ends are pinned to two shards: when its lane of 64 is full, or empty, one "
        "waits for the other CPU.",
    "chan_16x16":
        "first come, first served: 32 ends take a turn each for 96 items, 35 ns a wait and its "
        "wake; on two shards they take the lock's cache line from each other beside.",
    "spawn_join_foreign":
        "each spawn from outside is an errand of its own to a shard; there is no batch for "
        "threads.",
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
    "chan_4x4": "a mailbox has one owner, so that it needs no lock: several consumers are several "
                "mailboxes, or tasks that are stolen.",
}
ABSENT["chan_16x16"] = ABSENT["chan_4x4"]


def why_not_ours(row):
    return next((why for name, why in ABSENT.items() if row.startswith(name)),
                "spargio has not run it.")
