// SPDX-License-Identifier: MIT
// ctx_aarch64.S: context switch for the AArch64 procedure call standard; the contract is in ctx.h.
//
// A saved stack, from its stack pointer upwards:
//    0  x19 x20    16  x21 x22    32  x23 x24    48  x25 x26    64  x27 x28
//   80  x29 and the address to resume at    96  d8 d9   112  d10 d11   128  d12 d13   144  d14 d15

    .text
    .globl spgi_ctx_switch
    .hidden spgi_ctx_switch
    .type spgi_ctx_switch, %function
    .p2align 4
// x0: where to save the stack pointer; x1: stack pointer to load; x2: value
spgi_ctx_switch:
    .cfi_startproc
    hint #34 // bti c
    sub sp, sp, #160
    stp x19, x20, [sp, #0]
    stp x21, x22, [sp, #16]
    stp x23, x24, [sp, #32]
    stp x25, x26, [sp, #48]
    stp x27, x28, [sp, #64]
    stp x29, x30, [sp, #80]
    stp d8, d9, [sp, #96]
    stp d10, d11, [sp, #112]
    stp d12, d13, [sp, #128]
    stp d14, d15, [sp, #144]
    mov x9, sp
    str x9, [x0]
    mov sp, x1
    ldp x19, x20, [sp, #0]
    ldp x21, x22, [sp, #16]
    ldp x23, x24, [sp, #32]
    ldp x25, x26, [sp, #48]
    ldp x27, x28, [sp, #64]
    ldp x29, x16, [sp, #80]
    ldp d8, d9, [sp, #96]
    ldp d10, d11, [sp, #112]
    ldp d12, d13, [sp, #128]
    ldp d14, d15, [sp, #144]
    add sp, sp, #160
    mov x30, x16
    mov x0, x2
    br x16 // through x16: lands on "bti c" as well as on "bti j"
    .cfi_endproc
    .size spgi_ctx_switch, . - spgi_ctx_switch

    .globl spgi_ctx_entry
    .hidden spgi_ctx_entry
    .type spgi_ctx_entry, %function
    .p2align 4
// First frame of a context: x19 holds the function to call, x0 the value. The unwinder is told that
// there is no caller.
spgi_ctx_entry:
    .cfi_startproc
    .cfi_undefined x30
    hint #38 // bti jc
    mov x29, xzr
    mov x30, xzr
    blr x19
    brk #1
    .cfi_endproc
    .size spgi_ctx_entry, . - spgi_ctx_entry

    .section .note.GNU-stack, "", %progbits
