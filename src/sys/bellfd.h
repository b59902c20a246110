// SPDX-License-Identifier: MIT
// bellfd.h: the bell for threads without a ring, on kernels where they cannot send to one.
#ifndef SPGI_SYS_BELLFD_H
#define SPGI_SYS_BELLFD_H

// Returns a descriptor, or a negative errno value.
int spgi_bellfd_open(void);
void spgi_bellfd_ring(int fd);
void spgi_bellfd_close(int fd);

#endif
