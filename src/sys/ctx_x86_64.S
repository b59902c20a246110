# SPDX-License-Identifier: MIT
# ctx_x86_64.S: the first frame of a context on x86-64.

    .text
    .globl spgi_ctx_entry
    .hidden spgi_ctx_entry
    .type spgi_ctx_entry, @function
    .p2align 4
# On the stack: entry, value. A jump, not a call: entry never returns, and a call without a return
# would unpair the CPU's prediction of all returns above. The unwinder is told that there is no
# caller.
spgi_ctx_entry:
    .cfi_startproc
    .cfi_undefined rip
    endbr64
    popq %rax
    popq %rdi
    xorl %ebp, %ebp
    pushq $0
    jmp *%rax
    .cfi_endproc
    .size spgi_ctx_entry, . - spgi_ctx_entry

    .section .note.GNU-stack, "", @progbits
