# SPDX-License-Identifier: MIT
# ctx_x86_64.S: context switch for the System V x86-64 ABI; the contract is in ctx.h.
#
# A saved stack, from its stack pointer upwards:
#    0  r15    8  r14    16  r13    24  r12    32  rbx    40  rbp    48  address to resume at

    .text
    .globl spgi_ctx_switch
    .hidden spgi_ctx_switch
    .type spgi_ctx_switch, @function
    .p2align 4
# rdi: where to save the stack pointer; rsi: stack pointer to load; rdx: value
spgi_ctx_switch:
    .cfi_startproc
    endbr64
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    movq %rdx, %rax
    popq %rcx
    jmp *%rcx
    .cfi_endproc
    .size spgi_ctx_switch, . - spgi_ctx_switch

    .globl spgi_ctx_entry
    .hidden spgi_ctx_entry
    .type spgi_ctx_entry, @function
    .p2align 4
# First frame of a context: r12 holds the function to call, rax the value. The unwinder is told that
# there is no caller.
spgi_ctx_entry:
    .cfi_startproc
    .cfi_undefined rip
    endbr64
    movq %rax, %rdi
    xorl %ebp, %ebp
    call *%r12
    ud2
    .cfi_endproc
    .size spgi_ctx_entry, . - spgi_ctx_entry

    .section .note.GNU-stack, "", @progbits
