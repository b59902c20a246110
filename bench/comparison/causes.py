# SPDX-License-Identifier: MIT
# causes.py: why a row trails, as far as it has been measured; printed beside it when it does.
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
        "a sleeper has a slot and a stack, where a future is one small block: 20,000 to 40,000 of "
        "them are out of reach of caches and TLB; in the first iteration their pages are faulted "
        "in.",
    "steady_ping_pong_rtt":
        "with free ends a round is two calls at a boundary, which threads may use as well: 0.55 "
        "us, of which the switches are 0.1.",
    "steady_one_way_send_drain":
        "Go hands over 32 slices; a batch here is copied in and out, 16 bytes a message.",
    "boundary_rtt":
        "parked, a call is a wake of a shard and one of a thread; who wakes whom on which CPU "
        "decides (two modes, see Threats).",
    "chan_16x1":
        "a lane into a mailbox is shared by all producers of a shard, and room is given to them "
        "one by one, in turn: a switch for each message.",
    "spawn_join_foreign":
        "each spawn from outside is an errand of its own to a shard; who wakes whom on which CPU "
        "decides.",
}


def cause(row):
    name = stem(row).removesuffix(PER_CPU)
    if name.startswith("task_memory"):
        name = "task_memory"
    if name.startswith("chan_16x1"):
        name = "chan_16x1"
    return CAUSES.get(name, "not yet profiled.")
