// SPDX-License-Identifier: MIT
// assert.h: checks for bugs: ours and those of programs that break a rule of the headers.
#ifndef SPGI_BASE_ASSERT_H
#define SPGI_BASE_ASSERT_H

// Reports what is wrong on standard error and aborts. Works from any stack; allocates nothing.
_Noreturn void spgi_panic(const char *file, int line, const char *what);

// Always on: state that must hold whatever the build, or memory would be corrupted.
#define SPGI_CHECK(cond)                                                                           \
    do {                                                                                           \
        if (__builtin_expect(!(cond), 0)) {                                                        \
            spgi_panic(__FILE__, __LINE__, #cond);                                                 \
        }                                                                                          \
    } while (0)

// A rule of a public header was broken by the program: text says which.
#define SPGI_MISUSE(text) spgi_panic(__FILE__, __LINE__, (text))

// Debug builds only: invariants on hot paths.
#ifdef NDEBUG
#define SPGI_ASSERT(cond) ((void)0)
#else
#define SPGI_ASSERT(cond) SPGI_CHECK(cond)
#endif

#endif
