// SPDX-License-Identifier: MIT
// limits.h: every bound and tunable of the library that is no option, by name.
#ifndef SPGI_BASE_LIMITS_H
#define SPGI_BASE_LIMITS_H

#include <stdint.h>

#define SPGI_CACHE_LINE 64

// Slots for runtimes: SPG_MAX_RUNTIMES; slot 0 is never used, so that no handle is zero.
#define SPGI_RUNTIMES 64u

// Task handles: 6 bits of runtime, 22 of slot, 36 of generation.
#define SPGI_TASK_INDEX_BITS 22
#define SPGI_TASK_GEN_BITS 36
#define SPGI_TASK_GEN_MASK ((UINT64_C(1) << SPGI_TASK_GEN_BITS) - 1)
// Task slots come in chunks that are never unmapped while the runtime lives: a stale handle always
// reads a slot, never freed memory.
#define SPGI_TASK_CHUNK 64u
// Free slots a shard keeps for itself before it hands half of them to the depot.
#define SPGI_SLOT_CACHE 512u
// Rights to spawn that a shard leases at once.
#define SPGI_LEASE 256u

// Ops come in chunks, too; 28 bits of generation travel in the user data of a request.
#define SPGI_OP_CHUNK 64u
#define SPGI_OP_GEN_BITS 28
#define SPGI_MAX_OPS (1u << 24)

// Ids of scopes: 6 bits of runtime and 8 of shard below a count of the shard's.
#define SPGI_SCOPE_RUNTIME_BITS 6
#define SPGI_SCOPE_SHARD_BITS 8

// Mailbox handles: 6 bits of runtime, 16 of slot, 42 of generation.
#define SPGI_MAILBOX_INDEX_BITS 16
#define SPGI_MAILBOX_GEN_BITS 42
#define SPGI_MAILBOX_GEN_MASK ((UINT64_C(1) << SPGI_MAILBOX_GEN_BITS) - 1)
// Room of a lane if nothing else is said.
#define SPGI_MAILBOX_CAPACITY 1024u

// Boundaries, if nothing else is said: calls, and bytes of a request and of a reply.
#define SPGI_BOUNDARY_CALLS 64u
#define SPGI_BOUNDARY_BYTES 64u
// Tickets and requests: 16 bits of slot, 48 of generation.
#define SPGI_CALL_INDEX_BITS 16

// Of a channel's items, what one call copies at most before it lets go of the channel's lock.
#define SPGI_CHAN_COPY_BYTES 65536u

// Descriptors: a table of chunks, indexed by number.
#define SPGI_FD_CHUNK 256u
#define SPGI_FD_CHUNKS 4096u // 1,048,576 descriptors, the kernel's own default limit (nr_open)

// Stacks are mapped in slabs of about this size; a shard keeps this many for itself at most: two
// batches, of which it gives one back as a whole, and one in reserve.
#define SPGI_STACK_SLAB_BYTES (4u << 20)
#define SPGI_STACK_CACHE 256u
#define SPGI_STACK_BATCH ((SPGI_STACK_CACHE - 1) / 2)
// Free stacks that nobody has wanted for so long give their memory back.
#define SPGI_TRIM_NS 500000000
// A task that the system refuses a stack for is given another try this often, and for how long;
// then it is cancelled and runs on its shard's reserve.
#define SPGI_STACK_RETRY_NS 1000000
#define SPGI_STACK_WAIT_NS 100000000
// Without light guards each stack is two mappings: stop well before vm.max_map_count (65530).
#define SPGI_STACKS_WITHOUT_LIGHT_GUARDS 16000u

// Tasks that a shard runs before it looks at ring, errands and timers again, and for how long.
#define SPGI_PASS_TASKS 64u
#define SPGI_PASS_NS 100000
// Short tasks between two looks at the clock, and at the memory flags of ring and errands, within a
// pass; after long ones it is looked each time.
#define SPGI_LOOK_STRIDE 32u
// Peers that a busy shard looks at between two passes, at most.
#define SPGI_BALANCE_LOOKS 4u
// Times in a row that the next-slot may be used before the queues get their turn.
#define SPGI_NEXT_RUNS 8u
// spg_should_yield reads the clock once in so many calls, and says yes after this time.
#define SPGI_YIELD_CLOCK_INTERVAL 64u
#define SPGI_YIELD_NS 200000

// Of the submission queue, what is kept free for cancels: 1/8, at least 1.
#define SPGI_SQ_RESERVE_SHIFT 3
// A cancel that found its op not yet stoppable is repeated after this time.
#define SPGI_CANCEL_RETRY_NS 1000000

// Spinning before sleep, where it has been paying off: at most this long.
#define SPGI_SPIN_DEFAULT_NS 50000
// ... and not while the thread has to wait for its CPU for more than one part in so many of the
// time, which is looked at this often.
#define SPGI_CROWDING_SHARE 32
#define SPGI_CROWDING_SPAN_NS 1000000

// Alternate signal stack: the kernel's minimum for a signal frame plus room for the report.
#define SPGI_ALTSTACK_EXTRA 16384u

// Spins on a lock before the thread gives up its CPU: the holder may have lost its own.
#define SPGI_LOCK_SPINS 64u

// Answers without suspending that a task may get in a row before it yields.
#define SPGI_INLINE_RUN 64u
// Receives on a socket that go to the ring at once after one that found nothing there.
#define SPGI_RECV_WAITS 16u
// How long a request may take that was found ready by a look, when the caller did not want to wait.
#define SPGI_TRY_NS 1000000

#define SPGI_TASK_NAME 24
#define SPGI_NAME_WORDS (SPGI_TASK_NAME / 8)

// In their names, threads of the blocking pool count from here, shards from 0.
#define SPGI_POOL_NUMBERS 1000u

#endif
