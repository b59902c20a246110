// SPDX-License-Identifier: MIT
// ctx_x86_64.h: context switch for the System V x86-64 ABI; the contract is in ctx.h.
//
// A saved stack, from its stack pointer upwards: the address to resume at, rbp, 128 bytes that may
// be the red zone of the function around the switch. A new one: spgi_ctx_entry, entry, value.
#ifndef SPGI_SYS_CTX_X86_64_H
#define SPGI_SYS_CTX_X86_64_H

// AVX-512 has registers that other code does not know of.
#ifdef __AVX512F__
#define SPGI_CTX_AVX512                                                                            \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",    \
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6",  \
        "k7"
#else
#define SPGI_CTX_AVX512
#endif

// Saves the current context in *save and enters the context load. Returns when it is entered again.
static inline __attribute__((always_inline)) void spgi_ctx_switch(void **save, void *load)
{
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t"
                     "pushq %%rbp\n\t"
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rax\n\t"
                     "movq %%rsp, (%%rdi)\n\t"
                     "movq %%rsi, %%rsp\n\t"
                     "popq %%rax\n\t"
                     "jmp *%%rax\n\t"
                     "1:\n\t"
                     "endbr64\n\t"
                     "popq %%rbp\n\t"
                     "leaq 128(%%rsp), %%rsp\n\t"
                     : "+D"(save), "+S"(load)
                     :
                     : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14",
                       "r15", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                       "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14",
                       "xmm15" SPGI_CTX_AVX512, "memory", "cc");
}

#endif
