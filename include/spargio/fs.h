// SPDX-License-Identifier: MIT
// fs.h: files.
//
// All calls: tasks only; they suspend unless the result is there at once; the common errors of
// fd.h, else those of the system call of the same name. Reads and writes may be short, as in
// read(2). Marked "not stoppable": once the kernel has started such an op on a regular file, a
// deadline or cancel cannot shorten it; the call returns when it ends.
#ifndef SPARGIO_FS_H
#define SPARGIO_FS_H

#include <spargio/types.h>
#include <sys/stat.h>
#include <sys/uio.h>

SPG_BEGIN_DECLS

struct statx;

// "At the descriptor's own position", for the offset of reads and writes: pipes, terminals,
// sockets, or files read in sequence.
#define SPG_CURRENT UINT64_MAX

// Opens a file as openat(2) does, relative to the working directory; O_CLOEXEC is added. Not
// stoppable.
//   mode  permissions of a file that is created
// Suspends. Returns 0 and the handle in out; -EINVAL path or out is NULL; the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
int spg_open(const char *path, int flags, mode_t mode, spg_fd *out, spg_time deadline);

// Reads at most bytes at offset. What is in the page cache is copied at once; else the ring reads
// it. Regular files: not stoppable. Suspends.
// Returns bytes read, 0 at the end of the file; the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
ssize_t spg_read_at(spg_fd fd, void *buffer, size_t bytes, uint64_t offset, spg_time deadline);

// Writes at most bytes at offset. Regular files: not stoppable. Suspends.
// Returns bytes written; the common errors. A write to a pipe or socket whose reader is gone gives
// -EPIPE and SIGPIPE, as write(2) does.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
ssize_t spg_write_at(spg_fd fd, const void *buffer, size_t bytes, uint64_t offset,
                     spg_time deadline);

// As spg_read_at, into count buffers (at most IOV_MAX), in order. Suspends.
// Returns bytes read; -EINVAL bad count.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
ssize_t spg_readv_at(spg_fd fd, const struct iovec *buffers, int count, uint64_t offset,
                     spg_time deadline);

// As spg_write_at, from count buffers (at most IOV_MAX), in order. Suspends.
// Returns bytes written; -EINVAL bad count.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
ssize_t spg_writev_at(spg_fd fd, const struct iovec *buffers, int count, uint64_t offset,
                      spg_time deadline);

// Brings data and metadata to the device. Not stoppable. Suspends.
// Returns 0; the common errors. A failed fsync must not be tried again as if nothing had happened:
// the kernel may have dropped the pages.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_fsync(spg_fd fd, spg_time deadline);

// As spg_fsync, without metadata that is not needed to read the data back. Not stoppable. Suspends.
// Returns 0; the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_fdatasync(spg_fd fd, spg_time deadline);

// Attributes of an open file. mask: STATX_... of statx(2). Not stoppable. Suspends.
// Returns 0; -EINVAL out is NULL; the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK
int spg_statx(spg_fd fd, unsigned mask, struct statx *out, spg_time deadline);

// Attributes of a path, relative to the working directory. flags: AT_SYMLINK_NOFOLLOW, AT_STATX_...
// Not stoppable. Suspends.
// Returns 0; -EINVAL path or out is NULL; the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_statx_path(const char *path, int flags, unsigned mask,
                                                       struct statx *out, spg_time deadline);

// Cuts or extends a file to bytes. Through the ring from kernel 6.9, else on the blocking pool. Not
// stoppable. Suspends.
// Returns 0; -EAGAIN blocking_queue is full; the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_ftruncate(spg_fd fd, uint64_t bytes, spg_time deadline);

// Renames within a file system, as renameat2(2). flags: 0, RENAME_NOREPLACE or RENAME_EXCHANGE. Not
// stoppable. Suspends.
// Returns 0; -EINVAL a path is NULL; the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_rename(const char *from, const char *to, unsigned flags,
                                                   spg_time deadline);

// Removes a name, as unlinkat(2). flags: 0, or AT_REMOVEDIR for an empty folder. Not stoppable.
// Suspends.
// Returns 0; -EINVAL path is NULL; the common errors.
SPG_API SPG_SUSPENDS SPG_MUST_CHECK int spg_unlink(const char *path, int flags, spg_time deadline);

SPG_END_DECLS

#endif
