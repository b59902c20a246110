// SPDX-License-Identifier: MIT
// chan.c: channels for users: arguments checked here, the work done in core.
#include <spargio/chan.h>

#include "core/chan.h"
#include "core/shard.h"
#include "sys/thread.h"

#include <errno.h>
#include <string.h>

// ---- Opening and closing ---------------------------------------------------------------------

int spg_chan_open(size_t item_bytes, size_t capacity, spg_chan **out)
{
    if (!out || item_bytes == 0 || item_bytes > SPG_MAX_CHAN_ITEM_BYTES ||
        capacity > SPG_MAX_CHAN_BYTES / item_bytes) {
        return -EINVAL;
    }
    return spgi_chan_open(item_bytes, capacity, out);
}

// For calls that need no task: 0, -EINVAL, or -EOWNERDEAD when the channel is the parent's.
static int enter(const spg_chan *chan)
{
    return !chan ? -EINVAL : chan->process != spgi_thread_process() ? -EOWNERDEAD : 0;
}

int spg_chan_close(spg_chan *chan)
{
    int error = enter(chan);
    if (!error) {
        spgi_chan_close(chan);
    }
    return error;
}

int spg_chan_free(spg_chan *chan)
{
    int error = chan ? enter(chan) : 0;
    return chan && !error ? spgi_chan_free(chan) : error;
}

int spg_chan_stats_get_sized(spg_chan *chan, spg_chan_stats *out, size_t size)
{
    int error = out ? enter(chan) : -EINVAL;
    if (!error) {
        spg_chan_stats now;
        spgi_chan_stats(chan, &now);
        memcpy(out, &now, size < sizeof now ? size : sizeof now);
    }
    return error;
}

// ---- Sending and receiving -------------------------------------------------------------------

// Why there is no shard to send or receive on; a channel that is NULL is told by the caller.
static __attribute__((noinline)) struct spgi_shard *refuse(const spg_chan *chan, int *error)
{
    if (!spgi_task_self(error)) {
        return NULL;
    }
    *error = -EOWNERDEAD; // the channel is another process's
    return chan ? NULL : spgi_shard_self();
}

// The shard of the task that calls; NULL: there is none, or the channel is another process's, and
// the error says why. A call that need not wait is short, and asks only once where it is.
static inline struct spgi_shard *calling(const spg_chan *chan, int *error)
{
    struct spgi_shard *shard = spgi_shard_self();
    bool inside = shard && shard->running && load_relaxed(shard->rt->alive);
    bool ours = inside && chan && chan->process == shard->rt->process;
    return __builtin_expect(ours, 1) ? shard : refuse(chan, error);
}

// Items that one turn under the lock may copy at most.
static size_t most_at_once(const spg_chan *chan)
{
    return SPGI_CHAN_COPY_BYTES / chan->item_bytes;
}

int spg_chan_send(spg_chan *chan, const void *item, spg_time deadline)
{
    int error;
    struct spgi_shard *shard = calling(chan, &error);
    if (!shard) {
        return error;
    }
    if (!chan || !item) {
        return -EINVAL;
    }
    ssize_t sent = spgi_chan_send(shard, chan, item, 1, deadline);
    return sent < 0 ? (int)sent : 0;
}

ssize_t spg_chan_send_n(spg_chan *chan, const void *items, size_t n, spg_time deadline)
{
    int error;
    if (!calling(chan, &error)) {
        return error;
    }
    if (!chan || (!items && n > 0)) {
        return -EINVAL;
    }
    const unsigned char *bytes = items;
    size_t sent = 0;
    while (sent < n) {
        size_t some = n - sent < most_at_once(chan) ? n - sent : most_at_once(chan);
        // It may have moved.
        ssize_t taken = spgi_chan_send(spgi_shard_self(), chan, bytes + sent * chan->item_bytes,
                                       some, deadline);
        if (taken < 0) {
            return sent > 0 ? (ssize_t)sent : taken;
        }
        sent += (size_t)taken;
        if ((size_t)taken < some) {
            break; // it was stopped
        }
    }
    return (ssize_t)sent;
}

int spg_chan_receive(spg_chan *chan, void *item, spg_time deadline)
{
    int error;
    struct spgi_shard *shard = calling(chan, &error);
    if (!shard) {
        return error;
    }
    if (!chan || !item) {
        return -EINVAL;
    }
    ssize_t received = spgi_chan_receive(shard, chan, item, 1, deadline);
    return received < 0 ? (int)received : 0;
}

ssize_t spg_chan_receive_n(spg_chan *chan, void *items, size_t n, spg_time deadline)
{
    int error;
    struct spgi_shard *shard = calling(chan, &error);
    if (!shard) {
        return error;
    }
    if (!chan || !items || n == 0) {
        return -EINVAL;
    }
    n = n < most_at_once(chan) ? n : most_at_once(chan);
    return spgi_chan_receive(shard, chan, items, n, deadline);
}
