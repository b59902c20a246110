// SPDX-License-Identifier: MIT
// forkword.c: a page that the kernel wipes in the child of a fork (MADV_WIPEONFORK, Linux 4.14).
#include "sys/forkword.h"

#include <sys/mman.h>
#include <unistd.h>

spgi_a32 *spgi_forkword_map(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    void *word = mmap(NULL, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (word == MAP_FAILED) {
        return NULL;
    }
    madvise(word, page, MADV_WIPEONFORK);
    store_relaxed((spgi_a32 *)word, 1u);
    return word;
}

void spgi_forkword_unmap(spgi_a32 *word)
{
    if (word) {
        munmap((void *)word, (size_t)sysconf(_SC_PAGESIZE));
    }
}
