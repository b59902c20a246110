// SPDX-License-Identifier: MIT
// forkword.h: a word that reads 1 in the process that made it and 0 in its children.
#ifndef SPGI_SYS_FORKWORD_H
#define SPGI_SYS_FORKWORD_H

#include "base/atomic.h"

// NULL when the system refuses.
spgi_a32 *spgi_forkword_map(void);
void spgi_forkword_unmap(spgi_a32 *word);

#endif
