// SPDX-License-Identifier: MIT
// uapi.h: kernel constants that are newer than the oldest headers and liburing we build with.
//
// Values are the kernel's ABI; whether the running kernel knows them is found out at run time.
#ifndef SPGI_SYS_UAPI_H
#define SPGI_SYS_UAPI_H

// madvise advice, Linux 6.13: pages that fault like an unmapped hole, without a mapping of their
// own.
#define SPGI_MADV_GUARD_INSTALL 102

// io_uring opcodes.
#define SPGI_UAPI_OP_FTRUNCATE 55 // Linux 6.9

// io_uring_register opcode, Linux 6.13: send a message to a ring without having one.
#define SPGI_REGISTER_SEND_MSG_RING 31

// io_uring_enter flag, Linux 6.15: do not account the wait as iowait; the matching feature bit.
#define SPGI_ENTER_NO_IOWAIT (1u << 7)
#define SPGI_FEAT_NO_IOWAIT (1u << 17)

#endif
