// SPDX-License-Identifier: MIT
// ctx_aarch64.h: context switch for the AArch64 procedure call standard; the contract is in ctx.h.
//
// A saved stack, from its stack pointer upwards: x29, x30, the address to resume at, 8 bytes of
// padding. A new one: the same with spgi_ctx_entry, then entry, value.
#ifndef SPGI_SYS_CTX_AARCH64_H
#define SPGI_SYS_CTX_AARCH64_H

// Saves the current context in *save and enters the context load. Returns when it is entered again.
static inline __attribute__((always_inline)) void spgi_ctx_switch(void **save, void *load)
{
    register void **from __asm__("x0") = save;
    register void *to __asm__("x1") = load;
    // The jump goes through x16 and lands on "bti j" (hint 36).
    __asm__ volatile("stp x29, x30, [sp, #-32]!\n\t"
                     "adr x9, 1f\n\t"
                     "str x9, [sp, #16]\n\t"
                     "mov x9, sp\n\t"
                     "str x9, [x0]\n\t"
                     "mov sp, x1\n\t"
                     "ldr x16, [sp, #16]\n\t"
                     "br x16\n\t"
                     "1:\n\t"
                     "hint #36\n\t"
                     "ldp x29, x30, [sp], #32\n\t"
                     : "+r"(from), "+r"(to)
                     :
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
                       "x14", "x15", "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24",
                       "x25", "x26", "x27", "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6",
                       "v7", "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17",
                       "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28",
                       "v29", "v30", "v31", "memory", "cc");
}

#endif
