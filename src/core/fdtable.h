// SPDX-License-Identifier: MIT
// fdtable.h: descriptors by handle: references, generations, closing.
//
// An entry per descriptor number. Its word: references (bits 0-23), OPEN, CLOSING, generation
// (32-63). An op takes a reference for as long as it may use the number. Closing moves the
// generation on, so that no new reference can be had, has the ops of others stopped, and waits for
// their references; only then is the number given back to the system.
#ifndef SPGI_CORE_FDTABLE_H
#define SPGI_CORE_FDTABLE_H

#include "core/types.h"

// All generations used are from first_generation on, and before the one that fini returns.
void spgi_fdtable_init(struct spgi_fdtable *table, uint32_t first_generation);

// Closes what is still open, when no op is in flight any more, and frees the table.
uint32_t spgi_fdtable_fini(struct spgi_fdtable *table);

// Makes a handle for an open descriptor. Returns 0; -EEXIST; -ENOMEM; -EBADF the number is out of
// range.
int spgi_fd_add(struct spg_rt *rt, int fd, spg_fd *out);

// Takes a reference; writes the entry. Returns the descriptor's number, or -EBADF.
int spgi_fd_get(struct spg_rt *rt, spg_fd handle, struct spgi_fd_entry **entry);

// Gives a reference back; wakes the closer if it was the last.
void spgi_fd_put(struct spgi_fd_entry *entry);

// Starts closing. Returns the number; the entry stays until spgi_fd_drop. -EBADF: stale handle.
// unless_used: -EBUSY when there are references.
int spgi_fd_close_begin(struct spg_rt *rt, spg_fd handle, bool unless_used,
                        struct spgi_fd_entry **entry);

// The closer's task: whether others still hold references; suspends until they do not.
bool spgi_fd_is_used(struct spgi_fd_entry *entry);
void spgi_fd_wait_unused(struct spgi_shard *shard, struct spgi_task *task,
                         struct spgi_fd_entry *entry);

// The number is about to be closed or given away: from here on it may be adopted again.
void spgi_fd_drop(struct spgi_fd_entry *entry);

// Whether the descriptor of a held reference is being closed.
bool spgi_fd_is_closing(struct spgi_fd_entry *entry);

#endif
