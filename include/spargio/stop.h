// SPDX-License-Identifier: MIT
// stop.h: being asked to end, by SIGTERM or SIGINT.
//
// The first signal is told to whoever waits for it here, a task or a thread, and the program then
// ends as it sees fit: by spg_shutdown, or by closing the scopes of its root task. Once
// spg_stop_wait has told the first one, a second one ends the process at once, as if nothing had
// been caught: also when no shard runs tasks any more, since no task is needed for it. Until then
// it waits beside the first one. So a program whose shards may be stuck waits in a thread of its
// own, not in a task: a task that never gets its CPU back is never told, and lets nothing through.
//
//     spg_stop stop;
//     int error = spg_stop_open(&stop);          // first thing in main: no thread exists yet
//     ...
//     int number = spg_stop_wait(&stop, SPG_NEVER);
//     if (number > 0) {
//         error = spg_shutdown(rt, &report, spg_after(10 * SPG_S));
//     }
//
// No handler is installed and no thread is made: the signals are blocked, and wait in a signalfd.
// A thread that was started before, and has them unblocked, gets them still. Programs that are
// started by fork and exec inherit what is blocked: reset it there (posix_spawnattr_setsigmask, or
// pthread_sigmask in the child).
#ifndef SPARGIO_STOP_H
#define SPARGIO_STOP_H

#include <spargio/types.h>

SPG_BEGIN_DECLS

typedef struct spg_stop {
    int fd;             // the signalfd; poll it where waiting here does not fit
    unsigned unblocked; // internal: which of the two the opener had not blocked
} spg_stop;

// Catches SIGTERM and SIGINT from now on: blocks them in the calling thread, and so in all threads
// that it starts from then on.
//   out  filled in on success; to be kept in place until spg_stop_close
// Any thread that is no task; best the only one of the process. Does not suspend.
// Returns 0; -EINVAL out is NULL; -EPERM in a task; -EMFILE or -ENFILE descriptors are used up;
// -ENOMEM.
SPG_API SPG_MUST_CHECK int spg_stop_open(spg_stop *out);

// Waits for a signal, and then lets the next one through, in the calling thread: it does what its
// disposition says, which ends the process unless the program has changed it. SIGTERM ends it with
// a status that shells show as 143, SIGINT 130.
// Any thread: a task suspends, a thread blocks. One caller at a time.
// Returns the signal's number, > 0; -ETIME none came before the deadline; -ECANCELED; -EINVAL stop
// is NULL; -EBADF it is closed; -ENOMEM no memory for another op in flight; -EOWNERDEAD after fork.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_stop_wait(const spg_stop *stop, spg_time deadline);

// Ends the catching: closes the descriptor, and unblocks in the calling thread what was not blocked
// before. A signal that came and was not waited for then does what its disposition says.
// Any thread; meant for the one that opened it. Does not suspend. Returns 0; -EINVAL stop is NULL;
// -EBADF it is closed.
SPG_API int spg_stop_close(spg_stop *stop);

SPG_END_DECLS

#endif
