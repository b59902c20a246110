# SPDX-License-Identifier: MIT
# house.py: the numbers and lists of the house rules, each exception with its reason.
import collections
import re

FILE_LINES = 500
FUNCTION_LINES = 70
LINE_COLUMNS = 100

# Calls that no file makes -> what to do instead.
BANNED = {
    "sprintf": "use snprintf and look at its result",
    "vsprintf": "use vsnprintf and look at its result",
    "strcpy": "use memcpy with a length that was checked, or snprintf",
    "strcat": "use snprintf at a position that was checked",
    "strncpy": "it may leave the end open: use snprintf",
    "gets": "use fgets",
    "alloca": "take it from the heap, or use an array of constant size",
    "strtok": "it keeps hidden state: split by hand, or use strtok_r",
    "atoi": "it cannot tell an error: use strtol and look at its end pointer",
    "atol": "it cannot tell an error: use strtol and look at its end pointer",
}

LEFTOVERS = ["TODO", "FIXME", "XXX", "HACK"]
MACHINE_PATH = re.compile(r"(?:^|[\s\"'=(:`])/(?:work|root|home/\w+|Users/\w+)/[\w.-]+")
NO_NOUNS = {"util", "utils", "misc", "helper", "helpers", "common", "stuff", "tools", "lib"}

# The rules and their samples name what they look for.
RULES_THEMSELVES = {"tests/tidy/house.py", "tests/tidy/test_tidy.py"}

# Layers of src/, lowest first. A file includes its own layer or lower ones.
LAYERS = ["base", "sys", "core", "api"]
# Layers that know nothing of the public headers, because these describe what is built above them.
BELOW_PUBLIC = {"base", "sys"}
# base/ knows neither threads nor system calls.
PURE_LAYER = "base"
PURE_SYSTEM_HEADERS = {"assert.h", "limits.h", "math.h", "stdalign.h", "stdarg.h", "stdatomic.h",
                       "stdbool.h", "stddef.h", "stdint.h", "string.h", "inttypes.h"}
# (file, header) -> reason
PURE_EXCEPTIONS = {
    ("src/base/spinlock.h", "sched.h"):
        "a waiter gives up its CPU, since the holder may have lost its own",
    ("src/base/assert.c", "stdio.h"): "the last words before abort",
    ("src/base/assert.c", "stdlib.h"): "abort itself",
}
# Includes that belong to another world than the shipped build.
GATED_INCLUDES = {
    ("src/base/atomic.h", "explore_gate.h"): "the explorer's own gate, under SPGI_EXPLORE",
}
# Folders that may use the public headers only, beside their own files.
PUBLIC_ONLY = ("apps/", "examples/", "bench/")

# Who suspends a task, each for one kind of wait -> the wait.
SUSPENDING = {
    "src/core/chan.c": "room in a channel, or what is in it",
    "src/core/fiber.c": "the function itself",
    "src/core/fdtable.c": "a descriptor's ops",
    "src/core/join.c": "a task",
    "src/core/op.c": "the kernel",
    "src/core/party.c": "somebody at a boundary",
    "src/core/pool.c": "a blocking call",
    "src/core/scope.c": "the tasks of a scope",
    "src/core/waitlist.c": "others, on one shard, for the same thing",
    "src/api/fd.c": "a descriptor's last user",
    "src/api/task.c": "a yield",
    "src/api/time.c": "a time",
}

# Who takes memory from the heap -> what for. None of it happens per task or per op.
ALLOCATING = {
    "src/core/courier.c": "the parcels of a pair of shards, at the first message",
    "src/core/boundary.c": "a boundary, when it is opened",
    "src/core/chan.c": "a channel, when it is opened",
    "src/core/fdtable.c": "the table of descriptors, a chunk at a time",
    "src/core/lane.c": "a lane, at the first message of a shard to a mailbox",
    "src/core/mailbox.c": "a mailbox, and the table of them",
    "src/core/op.c": "the slots of ops, a chunk at a time",
    "src/core/runtime.c": "a runtime, its shards and names",
    "src/core/shard.c": "what a shard has for its life",
    "src/sys/overflow.c": "the stack for signals of a thread",
    "src/core/slots.c": "the slots of tasks, a chunk at a time",
    "src/core/task.c": "ends the task-local values",
    "src/api/task.c": "the task-local values of a task that sets any",
    "src/sys/ring.c": "a ring",
    "src/sys/stack.c": "the books of a slab of stacks",
}

# One place only: rule; folders where it holds; words; whether only calls of them count; files and
# folders that may; what to do instead.
Gate = collections.namedtuple("Gate", "rule where words calls allowed instead")

GATES = [
    Gate("gate-atomics", ("src/",),
         re.compile(r"(?:atomic_\w+|__atomic_\w+|__sync_\w+|_Atomic|memory_order_\w+)"), False,
         ("src/base/atomic.h",),
         "use the macros of base/atomic.h, so that the explorer sees the access"),
    Gate("gate-io-uring", ("src/", "apps/", "examples/", "include/"),
         re.compile(r"(?:io_uring_\w+|IORING_\w+)"), False,
         ("src/sys/",),
         "go through sys/ring.h, the only door to the ring"),
    Gate("gate-thread-local", ("src/", "apps/", "examples/", "include/"),
         re.compile(r"(?:_Thread_local|__thread|thread_local)"), False,
         ("src/core/shard.c",),
         "a task may resume on another thread: pass the value, or use spg_local_set"),
    Gate("gate-errno", ("src/", "apps/", "examples/", "include/"), re.compile(r"errno"), False,
         ("src/sys/",),
         "its address belongs to a thread, and a task may change threads: return a negative errno "
         "value, and read errno in src/sys only"),
    Gate("gate-switch", ("src/",), re.compile(r"spgi_ctx_\w+"), True,
         ("src/sys/", "src/core/fiber.c", "src/core/fiber.h"),
         "go through core/fiber.h: one place saves and enters contexts"),
    Gate("gate-suspend", ("src/",), re.compile(r"spgi_fiber_suspend"), True,
         tuple(SUSPENDING),
         "wait through a call of one of these files: %s" % ", ".join(sorted(SUSPENDING))),
    Gate("gate-memory", ("src/",),
         re.compile(r"(?:malloc|calloc|realloc|free|posix_memalign|aligned_alloc|strdup)"), True,
         tuple(ALLOCATING),
         "no allocation on the paths of tasks: take it from a pool, or list the file in house.py "
         "with its reason"),
]

# System headers that belong to a gate as its words do.
GATED_HEADERS = {
    "gate-atomics": "stdatomic.h",
    "gate-io-uring": "liburing.h",
    "gate-thread-local": "threads.h",
}

# Public headers whose functions all have one thing in common say it at their top; a contract below
# may then leave it out. What every contract says: who may call, whether it suspends, what it gives.
THREAD_WORDS = re.compile(
    r"\b(?:[Tt]asks only|[Aa]ny thread|[Ff]oreign threads|[Tt]asks suspend|[Tt]asks of one runtime"
    r"|[Ii]ts own task only|[Tt]he owner, or any task|from any thread)")
SUSPEND_WORDS = re.compile(r"\b(?:[Dd]oes not suspend|[Ss]uspends?|[Bb]locks?)\b")
RETURN_WORDS = re.compile(r"\b[Rr]eturns\b")
# Return types that carry an error: their contract lists the codes.
ERROR_TYPES = {"int", "ssize_t"}

# A call that suspends takes its deadline last; these do not, and their contracts say why.
NO_DEADLINE = {
    "spg_close": "cleaning up must work",
    "spg_scope_close": "cleaning up must work",
    "spg_yield": "it is no wait",
}

# The umbrella header has one function of its own, the version, which lives with others.
# header -> noun of its source, where that is not its own
SOURCE_NOUNS = {"spargio.h": "error"}
# header -> noun of its test, where that is not its own
TEST_NOUNS = {"spargio.h": "runtime"}
