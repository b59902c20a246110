// SPDX-License-Identifier: MIT
// task.h: spawning, joining and cancelling tasks, and what a task can ask about itself.
//
// A task is a function on a stack of its own. It starts where its placement says; a stealable task
// may resume on another shard after any call marked SPG_SUSPENDS. A spawned function is called
// exactly once: a task that is cancelled before it starts still runs, and its waits are refused.
#ifndef SPARGIO_TASK_H
#define SPARGIO_TASK_H

#include <spargio/types.h>

SPG_BEGIN_DECLS

struct spg_scope;

// Where a task runs.
enum spg_place {
    SPG_STEALABLE = 0,    // the runtime chooses the start (the spawning shard first); may move
    SPG_STEALABLE_ON = 1, // starts on attr.shard unless stolen before; may move
    SPG_PINNED = 2,       // on attr.shard only
    SPG_STICKY = 3,       // on the shard of attr.key only, see spg_sticky_shard
    // On the next shard in turn (one turn counter per runtime), and stays there.
    SPG_ROUND_ROBIN = 4,
};

// "The shard of the calling task", for attr.shard.
#define SPG_HERE UINT32_MAX

// How to start a task. Zero the struct, then set what matters.
typedef struct spg_attr {
    enum spg_place place;
    uint32_t shard;   // for SPG_PINNED and SPG_STEALABLE_ON
    uint64_t key;     // for SPG_STICKY
    const char *name; // shown in reports, cut to 23 bytes; NULL: none. Copied.
    // NULL: the current scope of the calling task. Else one that is open now.
    struct spg_scope *scope;
} spg_attr;

// Starts fn(arg) as a new task. An accepted task is called exactly once. Should the system refuse
// to map its stack, it waits for one that is given back; after 100 ms, or once it is cancelled, it
// runs as a cancelled task on a stack that each shard has in reserve.
//   attr  NULL: stealable, here first
//   out   the handle, to be joined or detached; NULL: the task is detached. The scope joins it in
//         any case.
// Tasks only (other threads: spg_spawn_in). Does not suspend. On failure there is no side effect.
// Returns 0; -EAGAIN max_tasks is reached; -ENOMEM; -ESHUTDOWN the runtime is being shut down
// (spg_shutdown says when); -ECANCELED or -ETIME the scope is cancelled or past its deadline and
// admits nothing; -EINVAL no such shard or place, or fn is NULL; -EPERM outside a task.
SPG_API SPG_MUST_CHECK int spg_spawn_sized(const spg_attr *attr, size_t size, spg_fn *fn, void *arg,
                                           spg_task *out);
static inline int spg_spawn(const spg_attr *attr, spg_fn *fn, void *arg, spg_task *out)
{
    return spg_spawn_sized(attr, sizeof *attr, fn, arg, out);
}

// Starts n tasks, fn((char *)base + i * stride) for i in 0 .. n-1: all or none. They are detached;
// the scope joins them. One publication per target shard. Round robin spreads them over the shards
// in turn.
//   scope  NULL: attr->scope, or the current scope
// Tasks only. Does not suspend. Returns 0, also for n = 0; the errors of spg_spawn.
SPG_API SPG_MUST_CHECK
int spg_spawn_n_sized(struct spg_scope *scope, const spg_attr *attr, size_t size, spg_fn *fn,
                      void *base, size_t stride, size_t n);
static inline int spg_spawn_n(struct spg_scope *scope, const spg_attr *attr, spg_fn *fn, void *base,
                              size_t stride, size_t n)
{
    return spg_spawn_n_sized(scope, attr, sizeof *attr, fn, base, stride, n);
}

// Starts a task of the given runtime, from any thread; it belongs to the runtime's root scope.
// SPG_HERE is -EINVAL unless called from a task of rt. Does not suspend.
// Returns as spg_spawn; -EINVAL also when rt is NULL or attr names a scope; -EOWNERDEAD after fork.
SPG_API SPG_MUST_CHECK
int spg_spawn_in_sized(spg_rt *rt, const spg_attr *attr, size_t size, spg_fn *fn, void *arg,
                       spg_task *out);
static inline int spg_spawn_in(spg_rt *rt, const spg_attr *attr, spg_fn *fn, void *arg,
                               spg_task *out)
{
    return spg_spawn_in_sized(rt, attr, sizeof *attr, fn, arg, out);
}

// Waits until the task has ended. Consumes the handle only when it returns 0.
//   result  what the task's function returned; may be NULL
// Tasks suspend; a thread that is no task of a runtime blocks instead.
// Returns 0; -ESRCH stale handle; -ETIME; -ECANCELED; -EBUSY somebody else is joining it; -EDEADLK
// the task itself.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_join(spg_task task, int *result, spg_time deadline);

// Gives the handle up: the task runs on, nobody will join it (its scope still waits for it).
// Any thread. Does not suspend. Returns 0; -ESRCH stale handle; -EBUSY somebody is joining it.
SPG_API int spg_detach(spg_task task);

// Asks the task to end: its current wait, and all later ones, return -ECANCELED; scopes that it has
// opened are cancelled with all that is in them. The kernel is asked to stop an op in flight. The
// handle stays valid. Idempotent. A detached task can still be cancelled, by a handle from
// spg_self. Any thread. Does not suspend.
// Returns 0, also when the task has ended already; -ESRCH stale handle.
SPG_API int spg_cancel(spg_task task);

// Whether the task has ended.
// Any thread. Does not suspend. Returns 1 or 0; -ESRCH stale handle.
SPG_API int spg_done(spg_task task);

// The calling task; the zero handle outside a task. It can be cancelled through it, not joined.
// Any thread. Does not suspend.
SPG_API spg_task spg_self(void);

// Whether the calling task or its scope has been cancelled.
// Tasks only. Does not suspend.
// Returns 0; -ECANCELED or -ETIME, as the next wait would; -EPERM outside a task.
SPG_API int spg_cancelled(void);

// Lets others run: the task goes to the back of its queue. Not a wait: it works in a cancelled
// task, too.
// Tasks only. Returns 0; -EPERM outside a task.
SPG_API SPG_SUSPENDS int spg_yield(void);

// Whether it is time to yield: completions, messages or woken tasks are waiting, or the task has
// run for long. Costs a few loads; reads the clock each 64th call.
// Tasks only (false elsewhere). Does not suspend.
SPG_API bool spg_should_yield(void);

// Holds the calling task on the shard it is on until spg_unpin; nests. No effect outside a task.
// Any thread. Does not suspend. Returns nothing.
SPG_API void spg_pin(void);

// Ends the innermost spg_pin. Aborts when there is none: that is a bug. No effect outside a task.
// Any thread. Does not suspend. Returns nothing.
SPG_API void spg_unpin(void);

// The shard the calling task is on right now.
// Any thread. Does not suspend. Returns 0 .. shards-1; -EPERM outside a task.
SPG_API int spg_shard(void);

// The shard of a key for SPG_STICKY: the high 32 bits of key * 0x9E3779B97F4A7C15 (mod 2^64) times
// shards, shifted right by 32. Stable: the same for equal key and shard count, in every version.
// Any thread. Does not suspend. Returns the shard; 0 when shards is 0.
SPG_API uint32_t spg_sticky_shard(uint64_t key, uint32_t shards);

// Renames the calling task; cut to 23 bytes; NULL: no name.
// Tasks only. Does not suspend. Returns 0; -EPERM outside a task.
SPG_API int spg_set_name(const char *name);

// Copies the name of a task into out (bytes > 0, cut to fit, always terminated).
// Any thread; a name that is being changed at the same time may come out mixed. Does not suspend.
// Returns 0; -ESRCH stale handle; -EINVAL no room.
SPG_API int spg_name(spg_task task, char *out, size_t bytes);

// Task-local storage: a value per task that moves with it, unlike a thread-local.
#define SPG_LOCAL_KEYS 16

// Makes a key for a runtime. destroy (may be NULL) is called with a value that is not NULL when its
// task ends, on that task's stack; it may suspend.
// Any thread. Does not suspend.
// Returns the key 0 .. SPG_LOCAL_KEYS-1; -EAGAIN all keys are taken; -EINVAL rt is NULL.
SPG_API SPG_MUST_CHECK int spg_local_key(spg_rt *rt, void (*destroy)(void *value));

// Sets the calling task's value.
// Tasks only. Does not suspend. Returns 0; -EINVAL no such key; -ENOMEM; -EPERM outside a task.
SPG_API int spg_local_set(int key, void *value);

// The calling task's value; NULL when it was never set, or outside a task.
// Any thread. Does not suspend. Returns the value.
SPG_API void *spg_local_get(int key);

SPG_END_DECLS

#endif
