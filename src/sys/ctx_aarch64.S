// SPDX-License-Identifier: MIT
// ctx_aarch64.S: the first frame of a context on AArch64.

    .text
    .globl spgi_ctx_entry
    .hidden spgi_ctx_entry
    .type spgi_ctx_entry, %function
    .p2align 4
// Above the saved frame: entry, value. The unwinder is told that there is no caller.
spgi_ctx_entry:
    .cfi_startproc
    .cfi_undefined x30
    hint #36 // bti j
    add sp, sp, #32
    ldp x16, x0, [sp], #16
    mov x29, xzr
    mov x30, xzr
    br x16
    .cfi_endproc
    .size spgi_ctx_entry, . - spgi_ctx_entry

    .section .note.GNU-stack, "", %progbits
