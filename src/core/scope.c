// SPDX-License-Identifier: MIT
// scope.c: the tree of scopes; its rules are in scope.h.
#include "core/scope.h"

#include "base/assert.h"
#include "core/fiber.h"
#include "core/life.h"
#include "core/sched.h"
#include "core/timer.h"
#include "core/wait.h"
#include "sys/clock.h"

#include <errno.h>

_Static_assert(sizeof(struct spgi_scope) <= sizeof(spg_scope), "spg_scope has no room for a scope");
_Static_assert(SPG_MAX_SHARDS <= 1u << SPGI_SCOPE_SHARD_BITS, "an id has room for the shard");
_Static_assert(SPGI_RUNTIMES <= 1u << SPGI_SCOPE_RUNTIME_BITS, "and for the runtime");

static struct spgi_task *child_of(struct spgi_node *node)
{
    return SPGI_CONTAINER(node, struct spgi_task, sibling);
}

static struct spgi_scope *inner_of(struct spgi_node *node)
{
    return SPGI_CONTAINER(node, struct spgi_scope, peer);
}

// Marks a child task; reaches it if it waits. Its own scopes are in the inner lists.
static void stop_child(struct spgi_task *task, uint64_t reason, struct spgi_fifo *kicks)
{
    uint64_t gen = spgi_life_gen(load_relaxed(&task->life));
    if (spgi_life_stop(&task->life, gen, reason)) {
        spgi_wait_kick_claim(task, kicks);
    }
}

// Under the scope's lock. Stops what belongs to this scope alone, and sets the walk to what it has
// inside. False: it is stopped already; the first reason stays, and all below was told. Kicks are
// collected and sent once all locks are released: sending one may be a system call.
static bool stop_alone(struct spgi_scope *scope, uint64_t reason, struct spgi_fifo *kicks)
{
    if (scope->stopped) {
        return false;
    }
    scope->stopped = (uint32_t)reason;
    // The owner waits inside the scope as long as it is open: it is told, too, until it closes it.
    store_seqcst(&scope->owner->scoped, (uint32_t)reason);
    spgi_wait_kick_claim(scope->owner, kicks);
    for (struct spgi_node *n = scope->children.next; n != &scope->children; n = n->next) {
        stop_child(child_of(n), reason, kicks);
    }
    scope->walk = scope->inner.next;
    return true;
}

// The next scope directly inside that must be walked into, locked and stopped; NULL: none is left.
static struct spgi_scope *stop_next_inner(struct spgi_scope *scope, uint64_t reason,
                                          struct spgi_fifo *kicks)
{
    while (scope->walk != &scope->inner) {
        struct spgi_scope *inner = inner_of(scope->walk);
        scope->walk = scope->walk->next;
        spgi_spinlock_lock(&inner->lock);
        if (stop_alone(inner, reason, kicks)) {
            return inner;
        }
        spgi_spinlock_unlock(&inner->lock);
    }
    return NULL;
}

// Scopes nest as deep as there are tasks, and the caller's stack is small: so the walk keeps its
// place in the scopes themselves. From the top down to where it is, all are locked: what it passed
// on the way cannot leave, and it goes back by way of the parents.
static void stop(struct spgi_scope *top, uint64_t reason, struct spgi_fifo *kicks)
{
    spgi_spinlock_lock(&top->lock);
    struct spgi_scope *scope = stop_alone(top, reason, kicks) ? top : NULL;
    while (scope) {
        struct spgi_scope *inner = stop_next_inner(scope, reason, kicks);
        if (inner) {
            scope = inner;
        } else if (scope == top) {
            scope = NULL;
        } else {
            struct spgi_scope *parent = scope->parent;
            spgi_spinlock_unlock(&scope->lock); // its owner may close it from here on
            scope = parent;
        }
    }
    spgi_spinlock_unlock(&top->lock);
}

void spgi_scope_stop(struct spgi_scope *scope, uint64_t reason)
{
    struct spgi_fifo kicks = {0};
    stop(scope, reason, &kicks);
    spgi_wait_kick_send(&kicks);
}

bool spgi_task_stop(struct spgi_task *task, uint64_t gen, uint64_t reason)
{
    if (!spgi_life_stop(&task->life, gen, reason)) {
        return spgi_life_gen(load_acquire(&task->life)) == gen;
    }
    struct spgi_fifo kicks = {0};
    spgi_wait_kick_claim(task, &kicks);
    spgi_spinlock_lock(&task->scope_lock);
    // Under this lock the task cannot close its outermost scope; if the slot has a new task, it is
    // not ours.
    bool same = spgi_life_gen(load_acquire(&task->life)) == gen;
    if (same && task->opened) {
        stop(task->opened, reason, &kicks);
    }
    spgi_spinlock_unlock(&task->scope_lock);
    spgi_wait_kick_send(&kicks);
    return true;
}

static void fire_scope(struct spgi_shard *shard, struct spgi_timer *timer)
{
    (void)shard;
    spgi_scope_stop(SPGI_CONTAINER(timer, struct spgi_scope, timer), SPGI_LIFE_TIMED_OUT);
}

// What the scope starts with: one opened in a stopped scope, or by a stopped task, is stopped.
static uint32_t inherited_stop(struct spgi_task *owner, const struct spgi_scope *parent)
{
    uint32_t bits = (uint32_t)(load_seqcst(&owner->life) & SPGI_LIFE_STOPPED);
    return bits || !parent ? bits : parent->stopped;
}

// Counted per shard, so that nothing is shared: the low bits tell whose count it is.
static uint64_t new_id(struct spgi_shard *shard)
{
    uint64_t whose = (uint64_t)shard->rt->slot << SPGI_SCOPE_SHARD_BITS | shard->index;
    return ++shard->scope_count << (SPGI_SCOPE_SHARD_BITS + SPGI_SCOPE_RUNTIME_BITS) | whose;
}

void spgi_scope_begin(struct spgi_shard *shard, struct spgi_task *owner, struct spgi_scope *scope,
                      spg_time deadline)
{
    struct spgi_scope *parent = owner->scope;
    spg_time outer = parent ? parent->deadline : SPG_NEVER;
    *scope = (struct spgi_scope){
        .parent = parent,
        .owner = owner,
        .deadline = deadline < outer ? deadline : outer,
        .id = new_id(shard),
        .magic = SPGI_SCOPE_OPEN,
    };
    store_relaxed(&scope->trace, parent ? load_relaxed(&parent->trace) : 0);
    store_relaxed(&scope->tasks, 1u); // the owner's share
    spgi_ring_list_init(&scope->children);
    spgi_ring_list_init(&scope->inner);

    spgi_spinlock_lock(&owner->scope_lock);
    if (parent) {
        spgi_spinlock_lock(&parent->lock);
    }
    uint32_t stopped = inherited_stop(owner, parent);
    if (!stopped && deadline != SPG_NEVER && deadline <= spgi_clock_now()) {
        stopped = SPGI_LIFE_TIMED_OUT;
    }
    scope->stopped = stopped;
    if (stopped) {
        store_seqcst(&owner->scoped, stopped);
    }
    if (parent) {
        spgi_ring_list_append(&parent->inner, &scope->peer);
        spgi_spinlock_unlock(&parent->lock);
    }
    if (owner->scope == owner->born) {
        owner->opened = scope;
    }
    spgi_spinlock_unlock(&owner->scope_lock);
    owner->scope = scope;
    if (!stopped && deadline < outer) {
        spgi_timer_arm(shard, &scope->timer, deadline, fire_scope);
    }
}

// The scheduler does this once the owner's context is saved: the owner gives its own share up, and
// from then on the last child wakes it.
static bool commit_drain(struct spgi_shard *shard, struct spgi_task *owner, void *arg)
{
    (void)shard;
    (void)owner;
    struct spgi_scope *scope = arg;
    return sub_acqrel(&scope->tasks, 1u) > 1;
}

void spgi_scope_drain(struct spgi_shard *shard, struct spgi_task *owner, struct spgi_scope *scope)
{
    if (load_acquire(&scope->tasks) > 1) { // pairs with spgi_scope_leave; 1: the owner's share
        int refused = spgi_wait_begin(shard, owner, SPGI_WAIT_CLOSE, SPG_NEVER, NULL);
        SPGI_CHECK(refused == 0);
        spgi_fiber_suspend(shard, SPGI_AFTER_SUSPEND, commit_drain, scope);
        spgi_wait_end(owner);
    }
}

int spgi_scope_end(struct spgi_scope *scope)
{
    struct spgi_task *owner = scope->owner;
    struct spgi_scope *parent = scope->parent;
    spgi_timer_disarm(&scope->timer); // before the locks: its fire takes them
    spgi_spinlock_lock(&owner->scope_lock);
    if (parent) {
        spgi_spinlock_lock(&parent->lock);
        spgi_ring_list_remove(&scope->peer);
    }
    bool outermost = parent == owner->born;
    if (outermost) {
        owner->opened = NULL;
    }
    // What remains in force: the outer scope's reason if the owner opened that one, too; what its
    // born scope said stands in its life word.
    store_seqcst(&owner->scoped, outermost ? 0 : parent->stopped);
    if (parent) {
        spgi_spinlock_unlock(&parent->lock);
    }
    spgi_spinlock_unlock(&owner->scope_lock);
    owner->scope = parent;
    scope->magic = 0;
    return scope->error;
}

int spgi_scope_enter(struct spgi_scope *scope, struct spgi_task *first, uint64_t n)
{
    spgi_spinlock_lock(&scope->lock);
    uint32_t stopped = scope->stopped;
    if (!stopped) {
        struct spgi_link *link = &first->ready.link;
        for (uint64_t i = 0; i < n; i++, link = link->next) {
            struct spgi_task *task = SPGI_CONTAINER(link, struct spgi_task, ready.link);
            spgi_ring_list_append(&scope->children, &task->sibling);
        }
        add_relaxed(&scope->tasks, n); // the spawner is the owner or a child: it is not 0
    }
    spgi_spinlock_unlock(&scope->lock);
    return !stopped ? 0 : stopped & SPGI_LIFE_CANCELED ? -ECANCELED : -ETIME;
}

void spgi_scope_part(struct spgi_scope *scope, struct spgi_task *task, int result)
{
    spgi_spinlock_lock(&scope->lock);
    spgi_ring_list_remove(&task->sibling);
    if (result < 0 && scope->error == 0) {
        scope->error = result;
    }
    spgi_spinlock_unlock(&scope->lock);
}

void spgi_scope_leave(struct spgi_scope *scope)
{
    // Release: all of the child's life, for the closer. Acquire: the owner's context, from
    // commit_drain.
    if (sub_acqrel(&scope->tasks, 1u) == 1) {
        spgi_ready_next(scope->owner); // it sleeps in spgi_scope_drain, and only we can end that
    }
}
